"""Blind-first: answer, reveal, keep or change; both are kept."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from apps.annotation.errors import AlreadyAnswered, ChangedElsewhere, NothingToReveal
from apps.annotation.models import Annotation, Assignment, AssignmentState, Reveal, Task
from apps.annotation.services.answers import Answer, reopen, save_draft, submit_annotation
from apps.annotation.services.declining import decline
from apps.annotation.services.leases import expire_leases, release
from apps.annotation.services.reveals import reveal_suggestion
from apps.core.errors import BadInput, IllegalMove, NotFound
from apps.core.models import Event
from apps.projects.services import add_protocol
from tests.annotation.test_desk import HTMX, Desk, held
from tests.conftest import PROTOCOL

pytestmark = pytest.mark.django_db
WORDS = ("0.60", "Model says", "said</h2>", "because the test says so")


@pytest.fixture
def house(house):
    """Asks blind-first, in the present: the desk asks the real clock."""
    body = {**PROTOCOL, "suggestion": "blind_first"}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.queue.__class__.objects.update(gold_rate=0)
    house.clock = timezone.now()
    return house


@pytest.fixture
def erin(client, house):
    return Desk(client, house, house.erin)


def reveal(house, assignment, label="5", *, person=None, answer=None, **values):
    answer = answer or house.answer(label)
    return reveal_suggestion(
        assignment_id=assignment.pk, person=person or house.erin, answer=answer, at=house.clock, **values
    )


def submit(house, assignment, label):
    return submit_annotation(
        assignment_id=assignment.pk, person=house.erin, answer=house.answer(label), at=house.clock
    )


def test_both_answers_are_kept_and_what_was_said_between_them(house):
    model = house.model()
    house.task("a", model=model)
    lease = house.lease(house.erin)
    reveal(house, lease, "5", answer=house.answer("5", active_ms=900))
    kept = submit(house, lease, "3")
    assert (kept.answers, kept.reveal.answers) == ({"digit": "3"}, {"digit": "5"})
    assert (kept.revealed, kept.reveal.model, kept.reveal.suggestion["label"]) == (True, model, "3")
    assert (kept.reveal.suggestion["score"], kept.reveal.active_ms) == (0.6, 900)
    assert Event.objects.get(kind="assignment.revealed").actor == house.erin


def test_an_answer_may_be_submitted_without_looking_and_says_so(house):
    house.task("a")
    kept = submit(house, house.lease(house.erin), "5")
    assert (kept.revealed, kept.reveal) == (False, None)


def test_nobody_says_of_themselves_that_they_have_seen_what_was_not_revealed(house):
    house.task("a")
    lease = house.lease(house.erin)
    answer = house.answer("5", revealed=True)
    kept = submit_annotation(assignment_id=lease.pk, person=house.erin, answer=answer, at=house.clock)
    assert not kept.revealed


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(answers={}), "Which|digit"),
        (Answer(answers={"legibility": 2}), "digit"),
        (Answer(answers={"digit": "9"}), "not one of the options"),
        (Answer(answers={}, condition="unusable"), "Answer “digit” first"),
        (Answer(answers={}, condition="out_of_scope"), "Answer “digit” first"),
    ],
)
def test_nothing_is_revealed_before_the_answer_is_whole(house, answer, words):
    house.task("a", reason="margin")
    lease = house.lease(house.erin)
    with pytest.raises(BadInput, match=words):
        reveal(house, lease, answer=answer)
    lease.refresh_from_db()
    assert not Reveal.objects.exists()
    assert lease.draft is None


def test_confidence_is_part_of_the_answer_where_it_is_asked(house):
    house.task("a", reason="audit")
    with pytest.raises(BadInput, match="how sure"):
        reveal(house, house.lease(house.erin), answer=Answer(answers={"digit": "5"}))


def test_asked_again_the_first_answer_stands_and_nothing_is_changed(house):
    house.task("a")
    lease = house.lease(house.erin)
    first = reveal(house, lease, "5")
    again = reveal(house, lease, "8", answer=Answer(answers={}))
    assert first == again
    assert again.answers == {"digit": "5"}
    lease.refresh_from_db()
    assert lease.draft["answers"] == {"digit": "5"}
    assert Event.objects.filter(kind="assignment.revealed").count() == 1


def test_a_reveal_can_be_neither_changed_nor_deleted(house):
    house.task("a")
    kept = reveal(house, house.lease(house.erin))
    for spoil in (
        lambda: Reveal.objects.update(answers={"digit": "3"}),
        lambda: Reveal.objects.filter(pk=kept.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            spoil()


def test_the_revealed_answer_is_the_draft_and_a_newer_one_from_elsewhere_is_not_written_over(house):
    house.task("a")
    lease = house.lease(house.erin)
    other = {"answers": {"digit": "8"}, "page": "other"}
    save_draft(assignment_id=lease.pk, person=house.erin, draft=other, based_on="", at=house.clock)
    with pytest.raises(ChangedElsewhere):
        reveal(house, lease, "5", page="mine", based_on="")
    assert not Reveal.objects.exists()
    reveal(house, lease, "5", page="other", based_on="")
    lease.refresh_from_db()
    assert (lease.draft["answers"], lease.draft["page"]) == ({"digit": "5"}, "other")


def test_it_survives_the_end_of_the_lease_and_giving_back(house):
    house.task("a")
    lease = house.lease(house.erin)
    reveal(house, lease, "5")
    release(assignment_id=lease.pk, person=house.erin, at=house.clock)
    again = house.lease(house.erin)
    assert again == lease
    assert not again.is_blind
    expire_leases(at=house.later(hours=1))
    kept = submit(house, lease, "3")
    assert (kept.reveal.answers, kept.revealed) == ({"digit": "5"}, True)


def test_on_an_expired_lease_it_is_kept_and_revives_nothing(house):
    house.task("a")
    lease = house.lease(house.erin)
    expire_leases(at=house.later(hours=1))
    reveal(house, lease, "5")
    lease.refresh_from_db()
    assert lease.state == AssignmentState.EXPIRED
    assert lease.draft["answers"] == {"digit": "5"}


def test_a_reopened_answer_keeps_its_reveal_or_gets_one_then(house):
    house.task("a", priority=1)
    house.task("b")
    looked = house.lease(house.erin)
    reveal(house, looked, "5")
    submit(house, looked, "5")
    blind = house.lease(house.erin)
    submit(house, blind, "8")
    for one in (looked, blind):
        reopen(assignment_id=one.pk, person=house.erin, at=house.clock)
    reveal(house, blind, "8")
    for one in (looked, blind):
        submit(house, one, "3")
    kept = [
        (one.revision, one.reveal and one.reveal.answers["digit"])
        for one in Annotation.objects.order_by("assignment", "revision")
    ]
    assert kept == [(1, "5"), (2, "5"), (1, None), (2, "8")]


def test_a_submitted_answer_is_reopened_first_and_a_skipped_task_stays_closed(house):
    house.task("a", priority=1)
    house.task("b")
    done = house.lease(house.erin)
    submit(house, done, "5")
    with pytest.raises(AlreadyAnswered):
        reveal(house, done)
    left = house.lease(house.erin)
    decline(verb="skip", assignment_id=left.pk, person=house.erin, reason="unsure", at=house.clock)
    with pytest.raises(IllegalMove):
        reveal(house, left)
    assert not Reveal.objects.exists()


def test_where_there_is_nothing_to_reveal_it_says_why(house):
    house.task("a")
    Task.objects.update(prediction=None)
    with pytest.raises(NothingToReveal, match="no model has said anything"):
        reveal(house, house.lease(house.erin))
    for mode, words in (("shown", "from the start"), ("hidden", "never shows")):
        add_protocol(
            project=house.project, body={**PROTOCOL, "suggestion": mode}, by=house.lena, at=house.clock
        )
        house.task(f"in {mode}")
        with pytest.raises(NothingToReveal, match=words):
            reveal(house, house.lease(house.erin))


def test_nobody_reveals_on_anothers_desk(house):
    house.task("a")
    lease = house.lease(house.erin)
    with pytest.raises(NotFound):
        reveal(house, lease, person=house.emil)


def test_the_model_is_nowhere_on_the_card_before_the_reveal_and_on_it_after(erin, house):
    house.task("a", model=house.model())
    page = erin.lease()
    for words in WORDS:
        assert words not in page.content.decode()
    assert "data-reveals" in page.content.decode()
    shown = erin.press("reveal", held(page), **{"answers.digit": "5", "condition": "clear"}).content.decode()
    assert "Model v1 says 3, score 0.60." in shown
    assert "Your first answer:" in shown
    assert "because the test says so" in shown
    assert "data-reveals" not in shown
    assert re.search(r'value="5" data-choice="5" checked', shown)
    for again in (erin.open(), erin.client.get(erin.url("stand", held(page)), headers=HTMX)):
        assert "Model v1 says 3, score 0.60." in again.content.decode()


def test_where_suggestions_are_hidden_the_reason_names_no_class_either(erin, house):
    add_protocol(
        project=house.project, body={**PROTOCOL, "suggestion": "hidden"}, by=house.lena, at=house.clock
    )
    house.task("a")
    page = erin.lease().content.decode()
    assert "because the test says so" not in page
    assert "data-reveals" not in page


def test_an_incomplete_answer_reveals_nothing_and_is_told_in_words(erin, house):
    house.task("a")
    refused = erin.press("reveal", held(erin.lease()), condition="clear")
    assert refused.status_code == 422
    assert "Please answer" in refused.content.decode()
    assert "0.60" not in refused.content.decode()


def test_without_scripts_the_form_reveals_by_redirect(erin, house):
    house.task("a")
    card = held(erin.lease())
    assert erin.press("reveal", card, {}, **{"answers.digit": "5", "condition": "clear"}).url == erin.url(
        "desk"
    )
    page = erin.open().content.decode()
    assert "score 0.60" in page
    assert re.search(r'value="5" data-choice="5" checked', page)


def test_a_card_without_a_prediction_says_that_there_is_none(erin, house):
    house.task("a")
    Task.objects.update(prediction=None)
    page = erin.lease().content.decode()
    assert "No model has said anything" in page
    assert "data-reveals" not in page


def test_gold_looks_like_an_audit_task_before_and_after(erin, house):
    model, pages = house.model(), []
    for reason in ("gold", "audit"):
        task = house.task("same", reason=reason, model=model)
        lease = Assignment.objects.create(
            task=task, person=house.erin, leased_at=house.clock, lease_expires_at=house.later(hours=1)
        )
        sent = {"answers.digit": "5", "condition": "clear", "confidence": "3"}
        for page in (erin.open(), erin.press("reveal", lease.pk, **sent)):
            text = page.content.decode()
            assert held(page) == lease.pk
            card = text[text.index('id="card"') : text.index("</article>")]
            pages.append(
                re.sub(r"[0-9a-f]{32}|[A-Za-z0-9]{64}|/\d+/|\"\d+\"|\d+ min|20\d\d-[^\"]+", "", card)
            )
        Assignment.objects.filter(pk=lease.pk).update(state=AssignmentState.SKIPPED)
    assert pages[:2] == pages[2:]
    assert "gold" not in "".join(pages)
