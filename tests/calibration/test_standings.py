"""How true each annotator is: accuracy on gold with its interval, and agreement between people."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Notification
from apps.annotation.services.answers import reopen, submit_annotation
from apps.calibration.queries import agreement, gold_answers, standing_of, standings
from apps.calibration.services import add_gold, open_gold_tasks, tell_of_sessions
from apps.core.jobs import SESSIONS
from apps.projects.services import add_protocol
from tests.conftest import PROTOCOL
from workers.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def gold(house):
    """Forty examples known to be 3, each with an open gold task."""
    keys = [f"g{n:02}" for n in range(40)]
    for key in keys:
        house.example(key)
    made = add_gold(project=house.project, labels=dict.fromkeys(keys, "3"), by=house.lena, at=house.clock)
    said = {"label": "3", "score": 0.8, "top": [["3", 0.8], ["5", 0.2]]}
    open_gold_tasks(
        queue=house.queue, predictions={one.example_id: said for one in made}, model_id=None, run_id=None,
        at=house.clock,
    )  # fmt: skip
    house.project.queues.update(gold_rate=0.5)


def answer_gold(house, person, *labels, confidence=3):
    done = []
    for label in labels:
        lease = next(filter(None, (house.lease(person, after=n) for n in range(99))))
        answer = house.answer(label, confidence=confidence)
        submit_annotation(assignment_id=lease.pk, person=person, answer=answer, at=house.later(seconds=10))
        done.append(lease)
    return done


def standing(house, person):
    (found,) = [s for s in standings(project=house.project) if s.person == person]
    return found


def test_a_newcomer_is_trusted_by_the_prior_alone(house):
    mine = standing(house, house.erin)
    assert (mine.gold, mine.correct, mine.mean) == (0, 0, pytest.approx(0.9))
    assert mine.low < 0.9 < mine.high
    assert not mine.needs_session


def test_the_interval_narrows_around_the_share_that_was_right(house, gold):
    answer_gold(house, house.erin, *["3"] * 18, "5", "8")
    mine = standing(house, house.erin)
    assert (mine.gold, mine.correct, mine.answered) == (20, 18, 20)
    assert mine.mean == pytest.approx((18 + 9) / (20 + 10))
    assert 0.7 < mine.low < mine.mean < mine.high < 0.99
    assert mine.high - mine.low < standing(house, house.emil).high - standing(house, house.emil).low


def test_who_is_surely_below_what_is_wanted_needs_a_session(house, gold):
    answer_gold(house, house.erin, *["5"] * 10)
    answer_gold(house, house.emil, *["3"] * 9, "5")
    assert standing(house, house.erin).needs_session
    assert not standing(house, house.emil).needs_session


def test_the_first_answer_to_gold_counts_not_what_was_made_of_it_later(house, gold):
    (done,) = answer_gold(house, house.erin, "5")
    reopen(assignment_id=done.pk, person=house.erin, at=house.clock)
    submit_annotation(assignment_id=done.pk, person=house.erin, answer=house.answer("3"), at=house.clock)
    (kept,) = gold_answers(project=house.project)
    assert (kept.known, kept.answered, kept.correct) == ("3", "5", False)
    assert standing(house, house.erin).correct == 0


def test_gold_that_was_wrong_is_judged_anew_when_it_is_mended(house, gold):
    answer_gold(house, house.erin, "5")
    key = gold_answers(project=house.project)[0].key
    add_gold(project=house.project, labels={key: "5"}, by=house.lena, at=house.clock)
    assert standing(house, house.erin).correct == 1


def test_ones_own_standing_is_the_one_the_admin_sees(house, gold):
    answer_gold(house, house.erin, "3", "5", "3", confidence=4)
    assert standing_of(project=house.project, person=house.erin) == standing(house, house.erin)
    assert standing(house, house.erin).mean_confidence == 4
    assert standing(house, house.erin).recent == (True, False, True)


def test_leads_are_listed_once_they_have_annotated_and_admins_never(house):
    house.task("a", overlap=3)
    names = {s.person.username for s in standings(project=house.project)}
    assert names == {"erin", "emil", "ella"}
    house.submit(house.lena)
    assert {s.person.username for s in standings(project=house.project)} == {*names, "lena"}


def test_standings_ask_no_more_queries_the_more_was_answered(house, gold, django_assert_num_queries):
    answer_gold(house, house.erin, "3")
    with CaptureQueriesContext(connection) as few:
        standings(project=house.project)
    answer_gold(house, house.emil, *["3"] * 8)
    answer_gold(house, house.ella, *["5"] * 4)
    with django_assert_num_queries(len(few)):
        found = {s.person.username: (s.answered, s.correct) for s in standings(project=house.project)}
    assert found == {"erin": (1, 1), "emil": (8, 8), "ella": (4, 0)}
    assert len(few) <= 5


def test_an_unusable_mark_on_gold_is_not_right(house, gold):
    lease = next(filter(None, (house.lease(house.erin, after=n) for n in range(99))))
    answer = house.answer("", condition="unusable")
    submit_annotation(assignment_id=lease.pk, person=house.erin, answer=answer, at=house.clock)
    assert gold_answers(project=house.project)[0].answered is None
    assert standing(house, house.erin).correct == 0


def rename_target(house):
    """The next protocol asks the same under another name."""
    first, *rest = PROTOCOL["questions"]
    body = {**PROTOCOL, "questions": [{**first, "name": "numeral"}, *rest]}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)


def test_old_answers_are_read_by_the_protocol_they_were_given_under(house, gold):
    answer_gold(house, house.erin, "3", "5")
    house.project.queues.update(gold_rate=0)
    for key in ("a", "b"):
        house.task(key)
    for person in (house.emil, house.ella):
        for label in ("3", "8"):
            house.submit(person, label)

    rename_target(house)

    assert [answer.answered for answer in gold_answers(project=house.project)] == ["3", "5"]
    assert standing(house, house.erin).correct == 1
    assert agree(house).estimate == 1


def agree(house):
    return agreement(project=house.project, rng=np.random.default_rng(0))


def test_agreement_is_unknown_until_two_people_answered_the_same(house):
    assert agree(house) is None
    house.task("a")
    house.submit(house.erin)
    assert agree(house) is None


def test_people_who_always_agree_have_alpha_one_and_chance_has_none(house):
    for n, label in enumerate(["3", "5", "8"] * 4):
        house.task(f"k{n}", priority=-n)
        house.submit(house.erin, label)
    for label in ["3", "5", "8"] * 4:
        house.submit(house.emil, label)
    assert agree(house).estimate == pytest.approx(1)
    for n in range(12):
        house.task(f"m{n}", priority=-20 - n)
        house.submit(house.erin, "358"[n % 3])
    for n in range(12):
        house.submit(house.emil, "583"[n % 3])
    found = agree(house)
    assert found.estimate < 0.5
    assert found.low <= found.estimate <= found.high


def test_gold_and_adjudication_do_not_enter_agreement(house, gold):
    answer_gold(house, house.erin, "3", "3")
    answer_gold(house, house.emil, "3", "3")
    assert agree(house) is None


def test_answers_to_gold_are_compared_under_the_names_of_today(house, gold):
    answer_gold(house, house.erin, "3", "5", "8")
    before = [answer.correct for answer in gold_answers(project=house.project)]
    house.rename("three", "5", "8", **{"3": "three"})
    assert [answer.correct for answer in gold_answers(project=house.project)] == before
    assert gold_answers(project=house.project)[0].answered == "three"


def test_a_record_on_gold_outlives_what_is_left_behind(house, gold):
    answer_gold(house, house.erin, "3", "5", "8")
    before = standing(house, house.erin)
    house.rename("5", "8")
    after = standing(house, house.erin)
    assert (after.gold, after.correct) == (before.gold, before.correct)


def sessions_told(house):
    """Titles of what was told of sessions that are due, by person."""
    rows = Notification.objects.filter(kind="calibration", read_at=None)
    return {row.person.username: row.title for row in rows}


def test_who_is_less_accurate_than_wanted_is_told_once_that_a_session_is_due(house, gold):
    answer_gold(house, house.erin, *["5"] * 12)
    answer_gold(house, house.emil, *["3"] * 12)
    tell_of_sessions(at=house.clock)
    assert sessions_told(house) == {
        "erin": "A calibration session is due for you in Digits: see how you answered gold.",
        "ada": f"A calibration session is due for {house.erin.display_name} in Digits.",
    }
    Notification.objects.update(read_at=house.clock)
    tell_of_sessions(at=house.later(days=1))
    assert sessions_told(house) == {}, "once is enough"
    tell_of_sessions(at=house.later(days=31))
    assert set(sessions_told(house)) == {"erin", "ada"}


def test_a_session_that_is_no_longer_due_is_no_longer_told(house, gold):
    answer_gold(house, house.erin, *["5"] * 4)
    tell_of_sessions(at=house.clock)
    assert "erin" in sessions_told(house)
    answer_gold(house, house.erin, *["3"] * 30)
    tell_of_sessions(at=house.clock)
    assert sessions_told(house) == {}


def test_the_schedule_looks_who_needs_a_session():
    assert SESSIONS.name in {entry["task"] for entry in app.conf.beat_schedule.values()}
    app.tasks[SESSIONS.name]()
