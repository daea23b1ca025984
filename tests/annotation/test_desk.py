"""The desk as a browser meets it."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.annotation.models import Annotation, Assignment, AssignmentState, Task, TaskState
from apps.annotation.services.leases import expire_leases
from apps.annotation.services.tasks import pause_queue
from apps.projects.services import add_protocol, remove_member
from tests.conftest import PROTOCOL

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def house(house):
    """The desk asks the real clock, so the house stands in the present."""
    house.clock = timezone.now()
    return house


class Desk:
    """One person at the desk: presses what the page offers."""

    def __init__(self, client, house, person):
        client.force_login(person)
        self.client, self.slug = client, house.project.slug

    def url(self, name, *args):
        return reverse(f"annotation:{name}", args=[self.slug, *args])

    def open(self):
        return self.client.get(self.url("desk"))

    def lease(self):
        return self.client.post(self.url("lease"), headers=HTMX)

    def press(self, verb, assignment, headers=HTMX, **fields):
        return self.client.post(self.url(verb, assignment), fields, headers=headers)

    def submit(self, assignment, label="3", key="k", headers=HTMX, **fields):
        fields = {"answers.digit": label, "condition": "clear", "request_key": key, **fields}
        return self.press("submit", assignment, headers, **fields)


@pytest.fixture
def erin(client, house):
    return Desk(client, house, house.erin)


def held(response):
    """The assignment on the card of a response."""
    return int(re.search(r'data-assignment="(\d+)"', response.content.decode())[1])


def example_on(response):
    return Assignment.objects.get(pk=held(response)).task.example.key


def done(response):
    return json.loads(response.headers["HX-Trigger"])["desk:done"]


def test_opening_the_desk_leases_nothing(erin, house):
    house.task("a")
    page = erin.open().content.decode()
    assert not Assignment.objects.exists()
    assert f'hx-post="{erin.url("lease")}"' in page
    assert "Take the next task" in page


def test_the_desk_shows_the_card_that_is_held_with_its_draft(erin, house):
    house.task("a")
    card = held(erin.lease())
    erin.press("draft", card, **{"answers.digit": "8", "condition": "ambiguous", "comment": "hm"})
    page = erin.open()
    assert held(page) == card
    assert re.search(r'value="8" data-choice="8" checked', page.content.decode())
    assert re.search(r'value="ambiguous" data-choice="2" checked', page.content.decode())
    assert ">hm</textarea>" in page.content.decode()


def test_a_submit_answers_with_the_next_card(erin, house):
    house.task("a", priority=1)
    house.task("b")
    first = erin.lease()
    second = erin.submit(held(first), "5")
    assert (example_on(first), example_on(second)) == ("a", "b")
    assert done(second)["state"] == "submitted"
    assert "<html" not in second.content.decode()
    assert Annotation.objects.get().answers == {"digit": "5"}


def test_the_same_answer_sent_again_counts_once_and_gets_the_same_next_card(erin, house):
    house.task("a", priority=1)
    house.task("b")
    card = held(erin.lease())
    once, again = erin.submit(card, key="same"), erin.submit(card, key="same")
    assert held(once) == held(again)
    assert Annotation.objects.count() == 1


def test_every_card_has_a_key_of_its_own(erin, house):
    house.task("a")
    keys = [
        re.search(r'name="request_key" value="(\w+)"', erin.lease().content.decode())[1] for _ in range(2)
    ]
    assert keys[0] != keys[1]


def test_an_unfinished_answer_is_refused_in_words_beside_the_form(erin, house):
    house.task("a")
    refused = erin.press("submit", held(erin.lease()), request_key="k")
    assert refused.status_code == 422
    assert refused.headers["X-Error-Code"] == "bad_input"
    assert "Please answer" in refused.content.decode()
    assert not Annotation.objects.exists()


def test_an_unusable_example_needs_no_answers(erin, house):
    house.task("a")
    erin.press("submit", held(erin.lease()), condition="unusable", request_key="k")
    assert Annotation.objects.get().condition == "unusable"


def test_what_the_card_showed_and_how_long_it_took_are_kept(erin, house):
    house.task("a")
    page = erin.lease()
    assert 'name="revealed" value="1"' in page.content.decode()
    erin.submit(held(page), active_ms="4200", revealed="1", comment="a slashed one")
    kept = Annotation.objects.get()
    assert (kept.active_ms, kept.revealed, kept.comment) == (4200, True, "a slashed one")


def test_a_hidden_suggestion_never_reaches_the_browser(erin, house):
    body = {**PROTOCOL, "suggestion": "hidden"}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a")
    page = erin.lease().content.decode()
    assert "What the model said" not in page
    assert "0.60" not in page
    assert 'name="revealed" value=""' in page


def test_gold_looks_like_an_audit_task(erin, house):
    pages = []
    for reason in ("gold", "audit"):
        task = house.task("same", reason=reason)
        assignment = Assignment.objects.create(
            task=task,
            person=house.erin,
            leased_at=house.clock,
            lease_expires_at=house.clock + timedelta(hours=1),
        )
        page = erin.open().content.decode()
        assert held(erin.open()) == assignment.pk
        card = page[page.index('id="card"') : page.index("</article>")]
        pages.append(re.sub(r"[0-9a-f]{32}|[A-Za-z0-9]{64}|/\d+/|\"\d+\"|\d+ min", "", card))
        Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.EXPIRED)
    assert pages[0] == pages[1]
    assert "gold" not in pages[0]
    assert 'name="confidence"' in pages[0]


def test_confidence_is_not_asked_on_other_tasks(erin, house):
    house.task("a", reason="margin")
    assert 'name="confidence"' not in erin.lease().content.decode()


def test_a_heartbeat_lets_the_lease_run_on(erin, house):
    house.task("a")
    card = held(erin.lease())
    Assignment.objects.update(lease_expires_at=timezone.now() + timedelta(seconds=5))
    kept = erin.press("keep", card)
    assert kept.status_code == 204
    assert int(kept.headers["X-Lease-Seconds"]) > 590


def test_a_heartbeat_on_a_lost_lease_says_that_no_time_is_left(erin, house):
    house.task("a")
    card = held(erin.lease())
    expire_leases(at=timezone.now() + timedelta(hours=1))
    assert erin.press("keep", card).headers["X-Lease-Seconds"] == "0"


def test_a_late_answer_counts_while_there_is_room(erin, house):
    house.task("a")
    card = held(erin.lease())
    expire_leases(at=timezone.now() + timedelta(hours=1))
    assert done(erin.submit(card))["state"] == "submitted"


def test_a_late_answer_to_a_full_task_is_kept_and_the_person_told(erin, house):
    task = house.task("a", overlap=1)
    card = held(erin.lease())
    expire_leases(at=timezone.now() + timedelta(hours=1))
    house.submit(house.emil)
    told = done(erin.submit(card, "8"))
    assert told["state"] == "surplus"
    assert "not counted" in told["says"]
    assert task.assignments.get(person=house.erin).current.answers == {"digit": "8"}


def test_a_skip_gives_the_next_card_and_leaves_the_task_to_others(erin, house):
    house.task("a", priority=1)
    house.task("b")
    card = held(erin.lease())
    following = erin.press("skip", card, reason="upsetting")
    assert example_on(following) == "b"
    assert done(following)["state"] == "skipped"
    assert Task.objects.get(example__key="a").open_slots == 2


def test_a_skip_without_a_known_reason_is_refused(erin, house):
    house.task("a")
    refused = erin.press("skip", held(erin.lease()), reason="bored")
    assert refused.status_code == 422
    assert "choose one of" in refused.content.decode()


def test_an_escalation_keeps_its_note_and_gives_the_next_card(erin, house):
    house.task("a", priority=1)
    house.task("b")
    card = held(erin.lease())
    following = erin.press("escalate", card, reason="data_problem", note="upside down")
    assert example_on(following) == "b"
    assert Assignment.objects.get(pk=card).note == "upside down"
    assert Task.objects.get(example__key="a").state == TaskState.ESCALATED


def test_a_given_back_task_frees_its_slot_and_the_desk_rests(erin, house):
    house.task("a")
    rest = erin.press("release", held(erin.lease()))
    assert "You gave the task back" in rest.content.decode()
    assert Task.objects.get().open_slots == 2
    assert "load" not in re.search(r'hx-trigger="([^"]+)"', rest.content.decode())[1]


def test_the_last_decision_can_be_reopened_and_answered_anew(erin, house):
    house.task("a", priority=1)
    house.task("b")
    card = held(erin.lease())
    waiting = held(erin.submit(card, "5"))
    reopened = erin.press("reopen", card)
    assert held(reopened) == card
    assert re.search(r'value="5" data-choice="5" checked', reopened.content.decode())
    assert "Reopened" in reopened.content.decode()
    back = erin.submit(card, "8", key="anew")
    assert held(back) == waiting
    assert [one.answers["digit"] for one in Annotation.objects.order_by("revision")] == ["5", "8"]


def test_a_reopened_answer_can_be_left_as_it_was(erin, house):
    house.task("a", priority=1)
    house.task("b")
    card = held(erin.lease())
    waiting = held(erin.submit(card, "5"))
    erin.press("reopen", card)
    assert held(erin.press("release", card)) == waiting
    stands = Assignment.objects.get(pk=card)
    assert (stands.state, stands.current.answers["digit"]) == (AssignmentState.SUBMITTED, "5")


def test_the_strip_shows_the_last_ten_and_reopens_only_what_counts(erin, house):
    house.later(minutes=-1)
    for number in range(12):
        house.task(f"t{number:02}", priority=-number)
    for _ in range(11):
        house.submit(house.erin, "5")
        house.later(seconds=1)
    last = house.lease(house.erin)
    erin.press("skip", last.pk, reason="unsure")
    strip = erin.open().content.decode().split('id="strip"')[1].split("<template")[0]
    assert strip.count('class="decision"') == 10
    assert strip.index('data-state="skipped"') < strip.index('data-state="submitted"')
    assert strip.count("disabled") == 1


def test_an_empty_queue_says_why_and_looks_again_by_itself(erin, house):
    house.task("a", overlap=1)
    house.lease(house.emil)
    page = erin.lease().content.decode()
    assert "leased to others" in page
    assert "load delay:60s" in page


def test_a_finished_queue_does_not_look_again_by_itself(erin, house):
    page = erin.lease().content.decode()
    assert "All done" in page
    assert "load" not in re.search(r'hx-trigger="([^"]+)"', page)[1]


def test_a_paused_queue_says_so(erin, house):
    house.task("a")
    pause_queue(queue=house.queue, by=house.lena, at=house.clock)
    assert "paused" in erin.lease().content.decode()


def test_a_project_without_a_queue_says_what_must_happen_first(erin, house):
    house.queue.delete()
    assert "Nothing has been mined yet" in erin.lease().content.decode()


def test_without_scripts_the_form_works_by_redirect(erin, house):
    house.task("a", priority=1)
    house.task("b")
    assert erin.client.post(erin.url("lease")).url == erin.url("desk")
    sent = erin.submit(held(erin.open()), headers={})
    assert sent.url == erin.url("desk")
    page = erin.open()
    assert example_on(page) == "b"
    assert "Counted." in page.content.decode()


def test_somebody_elses_assignment_is_not_found(erin, house):
    house.task("a")
    theirs = house.lease(house.emil)
    assert erin.client.get(erin.url("stand", theirs.pk), headers=HTMX).status_code == 404
    verbs = (
        "submit",
        "answer",
        "draft",
        "reveal",
        "keep",
        "skip",
        "escalate",
        "exclude",
        "release",
        "reopen",
    )
    for verb in verbs:
        answer = erin.press(verb, theirs.pk, reason="other", request_key="k", **{"answers.digit": "3"})
        assert answer.status_code == 404, verb


def test_who_has_left_the_project_can_do_nothing_with_a_lease_they_held(erin, house, client):
    house.task("a")
    card = held(erin.lease())
    remove_member(project=house.project, person=house.erin, by=house.ada, at=house.clock)
    assert erin.submit(card).status_code == 404
    assert not Annotation.objects.exists()


def test_an_admin_has_no_desk(client, house):
    ada = Desk(client, house, house.ada)
    assert ada.open().status_code == 403
    assert ada.lease().status_code == 403


def test_nobody_sits_at_the_desk_unnamed(client, house):
    answer = client.post(reverse("annotation:lease", args=["digits"]), headers=HTMX)
    assert answer.status_code == 302
    assert "/accounts/login/" in answer.url


@pytest.mark.parametrize(
    "name", ["lease", "ahead", "submit", "answer", "draft", "reveal", "keep", "release", "reopen"]
)
def test_a_get_never_changes_the_desk(erin, name):
    assert erin.client.get(erin.url(name, *([] if name in {"lease", "ahead"} else [1]))).status_code == 405


def test_submitting_and_getting_the_next_takes_few_statements(erin, house):
    for number in range(4):
        house.task(f"t{number}", priority=-number)
    first = erin.submit(held(erin.lease()))  # warm templates and caches
    with CaptureQueriesContext(connection) as queries:
        erin.submit(held(first))
    asked = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(asked) <= 7, "\n".join(asked)


def test_guidelines_are_shown_as_text_that_cannot_run(erin, house):
    body = {**PROTOCOL, "guidelines": "A **slashed** seven\n\n<script>alert(1)</script>"}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a")
    page = erin.open().content.decode()
    assert "<strong>slashed</strong>" in page
    assert "<script>alert" not in page
