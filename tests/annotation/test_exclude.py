"""Exclude: not for anyone. What leaves the queue, what stays, who is told, and how it comes back."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.queries import notifications_of
from apps.annotation.errors import CannotReopen, NotExcluded
from apps.annotation.models import Assignment, AssignmentState, Consensus, Task, TaskState
from apps.annotation.queries.desk import why_empty
from apps.annotation.services.answers import reopen, submit_annotation
from apps.annotation.services.consensus import adjudicate
from apps.annotation.services.declining import decline, put_back
from apps.core.errors import BadInput, NotAllowed
from apps.core.models import Event
from apps.datasets.services import start_snapshot
from apps.mining.queries import _eligible, model_error

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def exclude(house, person, **values):
    """Lease the next task and exclude it."""
    lease = house.lease(person)
    given = {"reason": "broken", "note": "half of it is missing", **values}
    decline(verb="exclude", assignment_id=lease.pk, person=person, at=house.clock, **given)
    return Task.objects.get(pk=lease.task_id)


def told(house, person):
    return [one.title for one in notifications_of(person=person, unread=True).filter(kind="exclusion")]


def test_an_excluded_task_is_nobodys_any_more(house):
    house.task("a")
    task = exclude(house, house.erin)
    mine = Assignment.objects.get()
    assert (task.state, task.closed_at, task.open_slots) == (TaskState.EXCLUDED, house.clock, 2)
    assert (mine.state, mine.reason_words) == ("excluded", "Broken, empty or unreadable")
    assert house.lease(house.emil) is None
    assert why_empty(queue=house.queue, person=house.emil, at=house.clock).code == "all_done"
    assert Event.objects.get(kind="task.excluded").data == {"origin": "open", "reason": "broken"}


def test_answers_already_given_are_kept_and_who_still_holds_it_answers_beside(house):
    house.task("a", overlap=3)
    first = house.submit(house.erin)
    held = house.lease(house.emil)
    task = exclude(house, house.ella)
    submit_annotation(assignment_id=held.pk, person=house.emil, answer=house.answer("5"), at=house.clock)
    first.refresh_from_db()
    held.refresh_from_db()
    task.refresh_from_db()
    assert (first.state, held.state) == (AssignmentState.SUBMITTED, AssignmentState.SURPLUS)
    assert task.state == TaskState.EXCLUDED
    with pytest.raises(CannotReopen, match="its task is excluded"):
        reopen(assignment_id=first.pk, person=house.erin, at=house.clock)


def test_a_reason_must_be_one_of_those_offered(house):
    house.task("a")
    with pytest.raises(BadInput, match="choose one of broken, duplicate"):
        exclude(house, house.erin, reason="bored")
    assert Task.objects.get().state == TaskState.OPEN


def test_gold_that_somebody_excludes_stays_for_others_and_nobody_is_told(house):
    house.task("a", reason="gold", overlap=1000)
    type(house.queue).objects.update(gold_rate=0.5)
    lease = next(lease for after in range(50) if (lease := house.lease(house.erin, after=after)))
    decline(verb="exclude", assignment_id=lease.pk, person=house.erin, reason="other", at=house.clock)
    lease.refresh_from_db()
    assert (lease.state, Task.objects.get().state) == (AssignmentState.EXCLUDED, TaskState.OPEN)
    assert told(house, house.lena) == []


def test_leads_are_told_how_many_are_excluded_until_none_is(house):
    house.task("a", priority=1)
    house.task("b")
    first, second = exclude(house, house.erin), exclude(house, house.erin)
    assert told(house, house.luis) == ["2 tasks in Digits are excluded: nobody is asked about them."]
    assert told(house, house.emil) == []
    put_back(task_id=first.pk, by=house.lena, to="open", at=house.clock)
    assert told(house, house.luis) == ["1 task in Digits is excluded: nobody is asked about it."]
    put_back(task_id=second.pk, by=house.lena, to="open", at=house.clock)
    assert told(house, house.luis) == []


def test_put_back_as_open_it_goes_to_others_and_not_to_who_excluded_it(house):
    house.task("a", overlap=1)
    task = exclude(house, house.erin)
    put_back(task_id=task.pk, by=house.lena, to="open", why="it is whole", at=house.clock)
    task.refresh_from_db()
    assert (task.state, task.closed_at) == (TaskState.OPEN, None)
    assert house.lease(house.erin) is None
    house.submit(house.emil)
    task.refresh_from_db()
    assert task.state == TaskState.AGREED
    event = Event.objects.get(kind="task.open")
    assert (event.actor, event.data) == (house.lena, {"origin": "excluded", "why": "it is whole"})


def test_put_back_as_escalated_a_lead_settles_it(house):
    house.task("a")
    task = exclude(house, house.erin)
    put_back(task_id=task.pk, by=house.lena, to="escalated", at=house.clock)
    given = {"answers": {}, "condition": "unusable", "cause": "data_problem"}
    adjudicate(task_id=task.pk, by=house.luis, at=house.clock, **given)
    assert Consensus.objects.get().condition == "unusable"


def test_only_a_lead_puts_back_and_only_what_is_excluded(house):
    house.task("a")
    task = exclude(house, house.erin)
    with pytest.raises(NotAllowed):
        put_back(task_id=task.pk, by=house.emil, to="open", at=house.clock)
    with pytest.raises(BadInput, match="choose open or escalated"):
        put_back(task_id=task.pk, by=house.lena, to="settled", at=house.clock)
    put_back(task_id=task.pk, by=house.lena, to="open", at=house.clock)
    with pytest.raises(NotExcluded, match="not excluded but open"):
        put_back(task_id=task.pk, by=house.lena, to="open", at=house.clock)


def test_an_excluded_example_is_not_mined_again_and_is_in_no_dataset_until_it_is_put_back(house):
    house.example("a", label="3", split="train")
    house.task("a")
    task = exclude(house, house.erin)
    assert _eligible(house.project, ["a"]) == {}

    def cut():
        return house.work(start_snapshot(project=house.project, by=house.lena, at=house.clock)).dataset

    house.example("b", label="3", split="train")
    first = cut()
    assert (first.rows, first.summary["left_out"]) == (1, {"excluded: not for anyone": 1})
    put_back(task_id=task.pk, by=house.lena, to="open", at=house.clock)
    assert cut().rows == 2


def test_an_excluded_audit_task_has_not_answered(house):
    """Non-response, as a skip: its label is neither right nor wrong in the estimate."""
    from apps.mining.models import MiningRun

    model = house.model()
    predictions = house.predictions(model, {key: [0.8, 0.1, 0.1] for key in "abc"})
    run = MiningRun.objects.create(
        project=house.project, prediction_set=predictions, policy={}, seed=1, created_at=house.clock
    )
    for place, key in enumerate("abc"):
        house.task(key, reason="audit", overlap=1, mining_run_id=run.pk, priority=-place)
    house.submit(house.erin, "5")
    house.submit(house.erin, "3")
    exclude(house, house.erin)
    assert model_error(run=run).estimate == pytest.approx(0.5)


def test_a_lead_sees_who_excluded_what_and_why_and_puts_it_back_in_the_browser(client, house):
    house.clock = timezone.now()
    house.task("a")
    task = exclude(house, house.erin)
    client.force_login(house.lena)
    listed = client.get(reverse("annotation:adjudication", args=["digits"])).content.decode()
    shown = client.get(reverse("annotation:settle", args=["digits", task.pk])).content.decode()
    for page in (listed, shown):
        assert "Broken, empty or unreadable" in page
        assert "half of it is missing" in page
        assert "erin" in page
    answer = client.post(reverse("annotation:put_back", args=["digits", task.pk]), {"to": "escalated"})
    assert answer.url == reverse("annotation:settle", args=["digits", task.pk])
    settled = client.get(answer.url).content.decode()
    assert "Settle and next" in settled
    assert "Excluded by" not in settled, "who said what stays unknown until it is settled"


def test_what_others_answered_is_not_read_by_a_lead_who_could_be_given_the_task(client, house):
    house.clock = timezone.now()
    house.task("a")
    house.submit(house.emil, "5", comment="a slashed seven")
    task = exclude(house, house.erin)
    client.force_login(house.lena)
    for page in (
        reverse("annotation:settle", args=["digits", task.pk]),
        reverse("explore:example", args=["digits", "a"]),
    ):
        assert "a slashed seven" not in client.get(page).content.decode()
    client.post(reverse("annotation:put_back", args=["digits", task.pk]), {"to": "escalated"})
    settled = client.get(reverse("annotation:settle", args=["digits", task.pk])).content.decode()
    assert "a slashed seven" in settled, "it is a dispute now, which nobody is given at the desk"


def test_the_desk_goes_on_with_the_next_and_says_what_became_of_it(client, house):
    house.clock = timezone.now()
    house.task("a", priority=1)
    house.task("b")
    lease = house.lease(house.erin)
    client.force_login(house.erin)
    url = reverse("annotation:exclude", args=["digits", lease.pk])
    answer = client.post(url, {"reason": "private"}, headers=HTMX)
    assert "a lead can put it back" in answer["HX-Trigger"]
    assert 'data-assignment="' in answer.content.decode()
    work = client.get(reverse("annotation:my_work", args=["digits"])).content.decode()
    assert 'data-state="excluded"' in work


@pytest.mark.parametrize("verb", ["skip", "escalate", "exclude"])
def test_without_scripts_each_verb_has_a_page_that_changes_nothing_until_it_is_sent(client, house, verb):
    house.clock = timezone.now()
    house.task("a")
    lease = house.lease(house.erin)
    client.force_login(house.erin)
    url = reverse(f"annotation:{verb}", args=["digits", lease.pk])
    assert f'href="{url}"' in client.get(reverse("annotation:desk", args=["digits"])).content.decode()
    page = client.get(url).content.decode()
    assert "Another reason" in page
    assert Assignment.objects.get().state == AssignmentState.LEASED
    assert client.post(url, {"reason": "other"}).status_code == 302
    assert Assignment.objects.get().state != AssignmentState.LEASED


def test_every_page_that_counts_tasks_counts_the_excluded(client, house):
    house.clock = timezone.now()
    house.task("a")
    exclude(house, house.erin)
    client.force_login(house.lena)
    found = client.get("/p/digits/data/?consensus=excluded").content.decode()
    assert 'href="/p/digits/data/a/"' in found
    assert (
        "erin excluded it: Broken, empty or unreadable." in client.get("/p/digits/data/a/").content.decode()
    )
    assert '<td class="num" data-label="Excluded">1</td>' in client.get("/p/digits/mining/").content.decode()
