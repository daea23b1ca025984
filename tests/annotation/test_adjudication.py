"""Adjudication as a lead meets it."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.annotation.errors import BeingSettled
from apps.annotation.models import Annotation, Consensus, TaskState
from apps.annotation.queries.tasks import next_dispute
from apps.annotation.services.answers import submit_annotation
from apps.annotation.services.batches import keep_batch, release_batch
from apps.annotation.services.consensus import adjudicate, reopen_task
from apps.annotation.services.declining import decline
from apps.annotation.services.disputes import leave_dispute, take_dispute
from apps.annotation.services.leases import expire_leases, release
from apps.core.errors import NotFound
from apps.core.models import Event

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def conflict(house):
    """Makes tasks on which erin says 5 and emil says 3."""

    def make(key, **values):
        task = house.task(key, **values)
        house.submit(house.erin, "5", comment="the top is round")
        house.submit(house.emil, "3")
        house.later(seconds=1)
        return task

    return make


@pytest.fixture
def lena(client, house):
    client.force_login(house.lena)
    return client


def url(name, *args):
    return reverse(f"annotation:{name}", args=["digits", *args])


def settle(client, task, headers=None, **fields):
    fields = {"answers.digit": "5", "condition": "clear", "cause": "slip", **fields}
    return client.post(url("settle", task.pk), fields, headers=headers or {})


def test_what_waits_is_listed_oldest_first(lena, conflict):
    conflict("older")
    conflict("newer")
    page = lena.get(url("adjudication")).content.decode()
    assert page.index("older") < page.index("newer")


def test_an_empty_list_says_when_something_comes(lena):
    assert "Nothing to settle" in lena.get(url("adjudication")).content.decode()


def test_the_list_goes_on_after_a_page(lena, conflict, monkeypatch):
    monkeypatch.setattr("apps.annotation.views.paging.PAGE", 2)
    tasks = [conflict(key) for key in ("one", "two", "three")]
    assert f"?after={tasks[1].pk}" in lena.get(url("adjudication")).content.decode()
    rest = lena.get(url("adjudication") + f"?after={tasks[1].pk}").content.decode()
    assert "three" in rest
    assert ">two<" not in rest


def test_answers_stand_side_by_side_without_names(lena, conflict):
    page = lena.get(url("settle", conflict("a").pk)).content.decode()
    sides = page[page.index('class="sides"') :]
    assert sides.index(">3<") < sides.index(">5<")
    assert "the top is round" in sides
    assert not {name for name in ("erin", "emil", "Erin", "Emil") if name in page}


def test_an_open_task_shows_no_answers_since_a_lead_may_still_lease_it(lena, house):
    task = house.task("a")
    house.submit(house.erin, "8", comment="erin was here")
    page = lena.get(url("settle", task.pk)).content.decode()
    assert "erin was here" not in page
    assert "Nothing to settle here" in page


def test_settling_shows_who_said_what_and_goes_on_to_the_next(lena, conflict):
    first, second = conflict("a"), conflict("b")
    answer = settle(lena, first)
    assert answer.url == url("settle", second.pk) + f"?settled={first.pk}"
    page = lena.get(answer.url).content.decode()
    assert "a settled as 5, cause: slip, by lena" in page
    assert "erin said 5" in page
    assert "emil said 3" in page
    assert Consensus.objects.get().cause == "slip"


def test_htmx_gets_only_the_next_dispute_and_the_address_follows(lena, conflict):
    first, second = conflict("a"), conflict("b")
    answer = lena.get(settle(lena, first, HTMX).url, headers=HTMX)
    assert answer.content.decode().strip().startswith("<article")
    assert answer.headers["HX-Push-Url"].startswith(url("settle", second.pk))


def test_the_last_one_leads_back_to_the_list_with_its_outcome(lena, conflict):
    answer = settle(lena, conflict("a"))
    assert answer.url.startswith(url("adjudication"))
    page = lena.get(answer.url).content.decode()
    assert "a settled as 5" in page
    assert "Nothing to settle" in page


def test_a_cause_is_asked_for(lena, conflict):
    task = conflict("a")
    refused = settle(lena, task, HTMX, cause="")
    assert refused.status_code == 422
    assert "choose one of" in refused.content.decode()
    task.refresh_from_db()
    assert task.state == TaskState.CONFLICT


def test_an_escalation_shows_its_reason_and_note_but_not_whose(lena, house):
    task = house.task("a")
    lease = house.lease(house.erin)
    decline(
        verb="escalate",
        assignment_id=lease.pk,
        person=house.erin,
        reason="data_problem",
        note="upside down",
        at=timezone.now(),
    )
    page = lena.get(url("settle", task.pk)).content.decode()
    assert "Something is wrong with the data" in page
    assert "upside down" in page
    assert "erin" not in page


def test_a_lead_who_answered_is_told_and_passed_over(lena, house, conflict):
    own = house.task("own", priority=1)
    house.submit(house.lena, "5")
    house.submit(house.emil, "3")
    other = conflict("other")
    page = lena.get(url("settle", own.pk)).content.decode()
    assert "another lead must settle it" in page
    assert "<form class" not in page
    assert url("settle", other.pk) in page
    assert settle(lena, own, HTMX).status_code == 403
    assert "another lead settles it" in lena.get(url("adjudication")).content.decode()


def test_a_settled_task_shows_how_it_ended_and_takes_no_more(lena, conflict):
    task = conflict("a")
    settle(lena, task)
    page = lena.get(url("settle", task.pk)).content.decode()
    assert "a settled as 5" in page
    assert "Nothing to settle here" in page
    assert settle(lena, task, HTMX).status_code == 409


def test_a_late_answer_is_marked_as_not_counted(lena, house):
    task = house.task("a", overlap=2)
    late = house.lease(house.ella)
    escalated = house.lease(house.erin)
    decline(verb="escalate", assignment_id=escalated.pk, person=house.erin, reason="other", at=house.clock)
    submit_annotation(assignment_id=late.pk, person=house.ella, answer=house.answer("8"), at=house.clock)
    assert "came too late to count" in lena.get(url("settle", task.pk)).content.decode()


def test_gold_is_not_to_be_settled(lena, house):
    gold = house.task("g", reason="gold")
    assert lena.get(url("settle", gold.pk)).status_code == 404


def test_a_made_up_number_in_the_address_is_refused_in_words(lena, conflict):
    assert lena.get(url("settle", conflict("a").pk) + "?settled=x").status_code == 422
    assert lena.get(url("adjudication") + "?after=999999").status_code == 404


def test_an_expert_does_not_adjudicate(client, house, conflict):
    task = conflict("a")
    client.force_login(house.erin)
    assert client.get(url("adjudication")).status_code == 403
    assert settle(client, task).status_code == 403


def reopen(client, task, why="the guidelines have changed"):
    return client.post(url("reopen_task", task.pk), {"why": why})


def test_a_settled_task_can_be_decided_anew_and_keeps_its_history(lena, house, conflict):
    task = conflict("a")
    settle(lena, task)
    assert reopen(lena, task).status_code == 302
    task.refresh_from_db()
    assert task.state == TaskState.ESCALATED
    assert not Consensus.objects.exists()
    event = Event.objects.get(kind="task.escalated")
    assert (event.actor, event.data["why"]) == (house.lena, "the guidelines have changed")

    settle(lena, task, **{"answers.digit": "3"})
    task.refresh_from_db()
    assert (task.state, task.consensus.label) == (TaskState.SETTLED, "3")
    decided = Annotation.objects.filter(assignment__kind="adjudicate").order_by("revision")
    assert [one.answers["digit"] for one in decided] == ["5", "3"]


def test_what_people_agreed_on_can_be_reopened_too(lena, house):
    task = house.task("a")
    house.submit(house.erin, "5")
    house.submit(house.emil, "5")
    reopen(lena, task)
    assert "5" in lena.get(url("settle", task.pk)).content.decode()
    settle(lena, task, **{"answers.digit": "8"})
    assert Consensus.objects.get(task=task).label == "8"


def test_reopening_needs_a_reason_and_something_decided(lena, conflict):
    task = conflict("a")
    assert reopen(lena, task).status_code == 409
    settle(lena, task)
    assert "Say why" in reopen(lena, task, why=" ").content.decode()
    task.refresh_from_db()
    assert task.state == TaskState.SETTLED


def test_what_speaks_against_the_protocol_is_listed_for_its_repair(lena, house, conflict):
    settle(lena, conflict("slipped"))
    settle(lena, conflict("unclear"), cause="guideline_unclear")
    house.task("both")
    for person in (house.erin, house.emil):
        house.submit(person, "8", condition="ambiguous")
    page = lena.get(url("adjudication")).content.decode()
    repair = page[page.index("The protocol to repair") :]
    assert "unclear" in repair
    assert "Guideline unclear" in repair
    assert "both" in repair
    assert "slipped" not in repair


def take(client, task, **fields):
    return client.post(url("take", task.pk), fields, headers=HTMX)


@pytest.fixture
def luis(house):
    from django.test import Client

    client = Client()
    client.force_login(house.luis)
    return client


def test_a_dispute_that_another_lead_has_open_is_passed_over_and_says_who(lena, luis, conflict):
    first, second = conflict("a"), conflict("b")
    assert take(luis, first).status_code == 204
    page = lena.get(url("adjudication")).content.decode()
    assert "luis is at it since a moment ago" in page
    assert f'href="{url("settle", second.pk)}">Settle the next' in page
    shown = lena.get(url("settle", first.pk)).content.decode()
    assert "luis is at it" in shown
    assert 'id="settle"' not in shown
    assert "luis is at it" not in luis.get(url("settle", first.pk)).content.decode()


def test_what_another_lead_has_open_is_not_settled_beside_them(lena, luis, conflict):
    task = conflict("a")
    take(luis, task)
    refused = settle(lena, task, HTMX)
    assert (refused.status_code, refused["X-Error-Code"]) == (409, "being_settled")
    assert "luis is at this dispute since a moment ago" in refused.content.decode()
    assert settle(luis, task).status_code == 302


def test_a_dispute_can_be_taken_over_and_the_history_says_so(lena, luis, house, conflict):
    task = conflict("a")
    take(luis, task)
    assert take(lena, task).status_code == 409
    assert take(lena, task, over="yes").status_code == 204
    event = Event.objects.get(kind="assignment.expired")
    assert (event.actor, event.data["why"]) == (house.lena, "taken over")
    assert settle(luis, task, HTMX).status_code == 409
    assert settle(lena, task).status_code == 302


def test_leaving_the_page_gives_the_dispute_back(lena, luis, conflict):
    task = conflict("a")
    take(luis, task)
    assert luis.post(url("leave", task.pk)).status_code == 204
    assert settle(lena, task).status_code == 302
    assert luis.post(url("leave", task.pk)).status_code == 204


def test_a_lead_who_is_not_heard_of_loses_the_dispute_and_an_open_page_keeps_it(house, conflict):
    task = conflict("a")
    take_dispute(task_id=task.pk, by=house.luis, at=house.clock)
    take_dispute(task_id=task.pk, by=house.luis, at=house.later(minutes=2))
    with pytest.raises(BeingSettled, match="since 4 min"):
        take_dispute(task_id=task.pk, by=house.lena, at=house.later(minutes=2))
    taken = take_dispute(task_id=task.pk, by=house.lena, at=house.later(minutes=2))
    assert taken.person == house.lena
    assert Event.objects.get(kind="assignment.expired").data["why"] == "lease ran out"


def test_leases_of_adjudication_expire_like_others(house, conflict):
    task = conflict("a")
    seat = take_dispute(task_id=task.pk, by=house.luis, at=house.clock)
    assert expire_leases(at=house.later(minutes=5)) == 1
    seat.refresh_from_db()
    assert seat.state == "expired"
    assert next_dispute(person=house.lena, project=house.project, at=house.clock) == task


def test_a_lead_at_a_dispute_takes_no_slot_and_can_do_nothing_with_it_at_the_desk(lena, house, conflict):
    task = conflict("a")
    before = task.open_slots
    seat = take_dispute(task_id=task.pk, by=house.lena, at=timezone.now())
    task.refresh_from_db()
    assert task.open_slots == before - 2
    for act in (release, lambda **given: decline(verb="skip", reason="other", **given)):
        with pytest.raises(NotFound):
            act(assignment_id=seat.pk, person=house.lena, at=house.clock)
    assert lena.get(url("stand", seat.pk), headers=HTMX).status_code == 404


def test_a_lead_at_a_dispute_does_not_keep_it_through_a_batch(house, conflict):
    seat = take_dispute(task_id=conflict("a").pk, by=house.lena, at=house.clock)
    given = {"project": house.project, "person": house.lena, "assignment_ids": [seat.pk], "at": house.clock}
    assert keep_batch(**given) == []
    assert release_batch(**given) == []
    before = seat.lease_expires_at
    seat.refresh_from_db()
    assert seat.lease_expires_at == before


def test_the_database_itself_refuses_a_second_lead(house, conflict):
    from django.db import IntegrityError, transaction

    task = conflict("a")
    seat = take_dispute(task_id=task.pk, by=house.lena, at=house.clock)
    seat.pk, seat.person = None, house.luis
    with pytest.raises(IntegrityError, match="one_lead_at_a_dispute"), transaction.atomic():
        seat.save(force_insert=True)


def test_what_is_decided_anew_is_kept_when_the_lead_leaves_it(house, conflict):
    task = conflict("a")
    given = {"answers": {"digit": "5"}, "condition": "clear", "cause": "slip"}
    adjudicate(task_id=task.pk, by=house.lena, at=house.clock, **given)
    reopen_task(task_id=task.pk, by=house.luis, why="a second look", at=house.clock)
    seat = take_dispute(task_id=task.pk, by=house.lena, at=house.clock)
    assert seat.state == "draft"
    assert leave_dispute(task_id=task.pk, by=house.lena, at=house.clock).state == "submitted"
    adjudicate(task_id=task.pk, by=house.luis, at=house.clock, **given)


def test_a_task_taken_up_again_shows_what_was_decided_before_and_why_it_was_taken_back(lena, house, conflict):
    task = conflict("a")
    settle(lena, task, note="the loop is closed")
    house.later(seconds=1)
    reopen(lena, task)
    page = lena.get(url("settle", task.pk)).content.decode()
    decided = page.partition("Decided so far")[2].partition("</section>")[0]
    assert f"<b>{house.lena.display_name}</b> settled as 5, cause: slip" in decided
    assert "“the loop is closed”" in decided
    assert f"<b>{house.lena.display_name}</b> reopened" in decided
    assert "“the guidelines have changed”" in decided
    assert house.erin.display_name not in page, "people stay unknown while it is open again"


def test_who_said_what_stands_at_the_answers_once_it_is_decided(lena, house, conflict):
    task = conflict("a")
    assert house.erin.display_name not in lena.get(url("settle", task.pk)).content.decode()
    settle(lena, task)
    page = lena.get(url("settle", task.pk)).content.decode()
    assert f"A · {house.emil.display_name}" in page
    assert f"B · {house.erin.display_name}" in page
    assert "data-takes" not in page, "nothing is left to take over"


def test_an_answer_can_be_taken_over_as_it_was_given(lena, house):
    task = house.task("a")
    house.submit(house.erin, "5")
    house.submit(house.emil, "3", condition="ambiguous")
    page = html.unescape(lena.get(url("settle", task.pk)).content.decode())
    taken = [json.loads(one) for one in re.findall(r'data-answers="(\[.*?\])"', page)]
    assert taken[0][:1] == [["answers.digit", "3"]]
    assert taken[0][-1] == ["condition", "ambiguous"]
    assert taken[1] == [["answers.digit", "5"], ["condition", "clear"]]
