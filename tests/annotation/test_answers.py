"""What submitting does."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from apps.annotation.domain import Vote, count_votes
from apps.annotation.errors import AlreadyAnswered, CannotReopen, ChangedElsewhere
from apps.annotation.models import Annotation, Assignment, AssignmentState, Consensus, TaskState
from apps.annotation.services.answers import reopen, save_draft, submit_and_lease_next, submit_annotation
from apps.annotation.services.consensus import adjudicate
from apps.annotation.services.leases import expire_leases
from apps.annotation.services.tasks import withdraw_tasks
from apps.core.errors import BadInput, NotAllowed, NotFound
from apps.core.models import Event
from apps.projects.services import set_member

pytestmark = pytest.mark.django_db


def submit(house, assignment, person, label="3", **values):
    answer = house.answer(label, **values)
    return submit_annotation(assignment_id=assignment.pk, person=person, answer=answer, at=house.clock)


def test_two_equal_answers_agree_and_become_the_consensus(house):
    task = house.task("a", overlap=2)
    house.submit(house.erin, "5")
    house.submit(house.emil, "5")
    task.refresh_from_db()
    assert task.state == TaskState.AGREED
    assert (task.consensus.label, task.consensus.posterior) == ("5", {"5": 1.0})
    assert len(task.consensus.sources) == 2


def test_two_different_answers_conflict_and_nothing_is_believed(house):
    task = house.task("a", overlap=2)
    house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    task.refresh_from_db()
    assert task.state == TaskState.CONFLICT
    assert not Consensus.objects.exists()


def test_an_answer_sent_twice_counts_once(house):
    house.task("a", overlap=2)
    lease = house.lease(house.erin)
    answer = house.answer("5", request_key="once")
    first = submit_annotation(assignment_id=lease.pk, person=house.erin, answer=answer, at=house.clock)
    again = submit_annotation(
        assignment_id=lease.pk, person=house.erin, answer=answer, at=house.later(seconds=3)
    )
    assert first == again
    assert Annotation.objects.count() == 1
    assert Event.objects.filter(kind="assignment.submitted").count() == 1


def test_another_answer_under_a_key_that_was_used_is_refused_and_changes_nothing(house):
    """The back button shows an old page: what is sent from it must not seem saved when it is not."""
    house.task("a", overlap=2)
    lease = house.lease(house.erin)
    submit(house, lease, house.erin, "5", request_key="once")
    for values in (
        {"label": "3"},
        {"label": "5", "comment": "look"},
        {"label": "5", "condition": "ambiguous"},
    ):
        with pytest.raises(AlreadyAnswered, match="Reopen it"):
            submit(house, lease, house.erin, values.pop("label"), request_key="once", **values)
    assert Annotation.objects.get().answers == {"digit": "5"}


def test_who_may_not_annotate_any_more_cannot_answer_what_they_leased(house):
    house.task("a", overlap=2)
    lease = house.lease(house.erin)
    set_member(project=house.project, person=house.erin, role="admin", by=house.ada, at=house.clock)
    with pytest.raises(NotFound):
        submit(house, lease, house.erin)
    with pytest.raises(NotAllowed):
        house.lease(house.erin)


def test_a_second_answer_to_the_same_task_is_refused(house):
    house.task("a", overlap=2)
    done = house.submit(house.erin)
    with pytest.raises(AlreadyAnswered):
        submit(house, done, house.erin, "8")


def test_an_answer_after_the_lease_expired_counts_when_there_is_room(house):
    task = house.task("a", overlap=1)
    lease = house.lease(house.erin)
    expire_leases(at=house.later(hours=1))
    submit(house, lease, house.erin, "8")
    lease.refresh_from_db()
    task.refresh_from_db()
    assert lease.state == AssignmentState.SUBMITTED
    assert (task.state, task.consensus.label) == (TaskState.AGREED, "8")


def test_an_answer_after_others_took_the_task_is_kept_as_surplus(house):
    task = house.task("a", overlap=1)
    lease = house.lease(house.erin)
    expire_leases(at=house.later(hours=1))
    house.submit(house.emil, "3")
    kept = submit(house, lease, house.erin, "8")
    lease.refresh_from_db()
    task.refresh_from_db()
    assert lease.state == AssignmentState.SURPLUS
    assert kept.answers == {"digit": "8"}
    assert (task.consensus.label, task.open_slots) == ("3", 0)


def test_an_answer_to_a_withdrawn_task_is_kept_as_surplus(house):
    task = house.task("a")
    lease = house.lease(house.erin)
    withdraw_tasks(tasks=house.queue.tasks.all(), by=house.lena, at=house.clock, why="test")
    submit(house, lease, house.erin)
    lease.refresh_from_db()
    task.refresh_from_db()
    assert (lease.state, task.state) == (AssignmentState.SURPLUS, TaskState.WITHDRAWN)


def test_bad_answers_say_what_is_wrong_and_change_nothing(house):
    house.task("a")
    lease = house.lease(house.erin)
    for label, words in (("7", "not one of the options"), ("", "Please answer")):
        with pytest.raises(BadInput, match=words):
            submit(house, lease, house.erin, label)
    with pytest.raises(BadInput, match="Confidence"):
        submit(house, lease, house.erin, confidence=9)
    with pytest.raises(BadInput, match="condition"):
        submit(house, lease, house.erin, condition="fine")
    with pytest.raises(BadInput, match="idempotency"):
        submit(house, lease, house.erin, request_key="")
    lease.refresh_from_db()
    assert lease.state == AssignmentState.LEASED
    assert not Annotation.objects.exists()


def test_confidence_is_asked_on_audit_tasks(house):
    house.task("a", reason="audit")
    lease = house.lease(house.erin)
    with pytest.raises(BadInput, match="how sure"):
        submit(house, lease, house.erin, confidence=None)


def test_an_unusable_example_needs_no_label_and_is_not_taught(house):
    task = house.task("a", overlap=2)
    house.submit(house.erin, "", condition="unusable")
    house.submit(house.emil, "", condition="unusable")
    task.refresh_from_db()
    assert (task.consensus.label, task.consensus.condition) == (None, "unusable")


def test_submitting_leases_the_next_in_the_same_step(house):
    house.task("a", priority=2)
    house.task("b", priority=1)
    lease = house.lease(house.erin)
    annotation, following = submit_and_lease_next(
        assignment_id=lease.pk, person=house.erin, answer=house.answer(), at=house.clock
    )
    assert annotation.assignment_id == lease.pk
    assert following.task.example.key == "b"


def test_the_annotation_pins_protocol_model_suggestion_and_time(house):
    house.task("a")
    done = house.submit(house.erin, active_ms=2_400, revealed=True)
    kept = done.current
    assert kept.protocol == house.project.protocol
    assert kept.suggestion["label"] == "3"
    assert (kept.revealed, kept.active_ms, kept.revision) == (True, 2_400, 1)


def test_an_annotation_cannot_be_changed_or_deleted(house):
    house.task("a")
    kept = house.submit(house.erin).current
    for change in (lambda: Annotation.objects.filter(pk=kept.pk).update(comment="!"), kept.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    kept.refresh_from_db()
    assert kept.comment == ""


def test_a_reopened_answer_becomes_a_new_revision_and_is_counted_again(house):
    task = house.task("a", overlap=2)
    done = house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    reopened = reopen(assignment_id=done.pk, person=house.erin, at=house.clock)
    assert reopened.draft["answers"] == {"digit": "5"}
    submit(house, reopened, house.erin, "3")
    task.refresh_from_db()
    assert (task.state, task.consensus.label) == (TaskState.AGREED, "3")
    assert [a.revision for a in reopened.annotations.order_by("pk")] == [1, 2]
    assert task.open_slots == 0


def test_agreement_that_is_undone_leaves_no_consensus(house):
    task = house.task("a", overlap=2)
    done = house.submit(house.erin, "3")
    house.submit(house.emil, "3")
    submit(house, reopen(assignment_id=done.pk, person=house.erin, at=house.clock), house.erin, "8")
    task.refresh_from_db()
    assert task.state == TaskState.CONFLICT
    assert not Consensus.objects.exists()


def test_a_reopened_answer_that_is_left_stands_as_it_was(house):
    house.task("a", overlap=1)
    done = house.submit(house.erin, "5")
    reopen(assignment_id=done.pk, person=house.erin, at=house.clock)
    expire_leases(at=house.later(hours=1))
    done.refresh_from_db()
    assert (done.state, done.current.answers["digit"]) == (AssignmentState.SUBMITTED, "5")


def test_a_settled_answer_cannot_be_reopened_by_its_author(house):
    task = house.task("a", overlap=2)
    done = house.submit(house.erin, "5")
    house.submit(house.emil, "3")
    adjudicate(
        task_id=task.pk,
        by=house.lena,
        answers={"digit": "5"},
        condition="clear",
        cause="slip",
        at=house.clock,
    )
    with pytest.raises(CannotReopen, match="settled"):
        reopen(assignment_id=done.pk, person=house.erin, at=house.clock)


def test_a_draft_is_kept_extends_the_lease_and_is_not_an_event(house):
    house.task("a")
    lease = house.lease(house.erin)
    before = Event.objects.count()
    save_draft(
        assignment_id=lease.pk,
        person=house.erin,
        draft={"answers": {"digit": "8"}},
        at=house.later(minutes=5),
    )
    lease.refresh_from_db()
    assert lease.draft == {"answers": {"digit": "8"}}
    assert lease.lease_expires_at > house.clock
    assert Event.objects.count() == before


def test_a_draft_on_an_expired_lease_is_kept_all_the_same(house):
    house.task("a")
    lease = house.lease(house.erin)
    expire_leases(at=house.later(hours=1))
    save_draft(assignment_id=lease.pk, person=house.erin, draft={"answers": {"digit": "8"}}, at=house.clock)
    lease.refresh_from_db()
    assert (lease.state, lease.draft) == (AssignmentState.EXPIRED, {"answers": {"digit": "8"}})


def test_a_draft_of_somebody_else_cannot_be_written(house):
    house.task("a")
    lease = house.lease(house.erin)
    with pytest.raises(NotFound):
        save_draft(assignment_id=lease.pk, person=house.emil, draft={}, at=house.clock)


def test_a_submitted_draft_is_emptied(house):
    house.task("a")
    lease = house.lease(house.erin)
    save_draft(assignment_id=lease.pk, person=house.erin, draft={"answers": {}}, at=house.clock)
    submit(house, lease, house.erin)
    assert Assignment.objects.get(pk=lease.pk).draft is None


def save(house, lease, text, **values):
    draft = {"comment": text, **values.pop("writer", {})}
    return save_draft(
        assignment_id=lease.pk, person=house.erin, draft=draft, at=house.later(seconds=1), **values
    )


def test_a_draft_based_on_an_older_version_is_not_written_over_the_newer(house):
    house.task("a")
    lease = house.lease(house.erin)
    first = save(house, lease, "at home", based_on="").draft_version
    second = save(house, lease, "at home, later", based_on=first).draft_version
    with pytest.raises(ChangedElsewhere) as refused:
        save(house, lease, "on the train", based_on=first)
    assert refused.value.detail == {"draft": {"comment": "at home, later"}, "version": second}
    lease.refresh_from_db()
    assert lease.draft == {"comment": "at home, later"}
    assert save(house, lease, "on the train", based_on=second).draft == {"comment": "on the train"}


def test_a_page_that_did_not_hear_of_its_own_draft_is_no_stranger_to_it(house):
    house.task("a")
    lease, page = house.lease(house.erin), {"page": "one"}
    save(house, lease, "sent, never confirmed", based_on="", writer=page)
    assert save(house, lease, "sent again", based_on="", writer=page).draft["comment"] == "sent again"
    with pytest.raises(ChangedElsewhere):
        save(house, lease, "from another", based_on="", writer={"page": "other"})


def vote(n, label, condition="clear"):
    return Vote(person_id=n, annotation_id=n, label=label, condition=condition)


@pytest.mark.parametrize(
    ("votes", "agreed", "label", "condition"),
    [
        ([vote(1, "3"), vote(2, "3"), vote(3, "5")], True, "3", "clear"),
        ([vote(1, "3"), vote(2, "5"), vote(3, "8")], False, "3", "clear"),
        ([vote(1, "3", "ambiguous"), vote(2, "3", "ambiguous"), vote(3, "3")], True, "3", "ambiguous"),
        ([vote(1, "3", "ambiguous"), vote(2, "3"), vote(3, "3")], True, "3", "clear"),
        ([vote(1, None, "unusable"), vote(2, None, "unusable"), vote(3, "3")], True, None, "unusable"),
        ([vote(1, None, "unusable"), vote(2, None, "out_of_scope")], False, None, "out_of_scope"),
    ],
)
def test_votes_are_counted_with_a_strict_majority(votes, agreed, label, condition):
    verdict = count_votes(votes)
    assert (verdict.agreed, verdict.label, verdict.condition) == (agreed, label, condition)
    assert sum(verdict.posterior.values()) == pytest.approx(1)
