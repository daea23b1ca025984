"""How far the model's word moves people: in the query, on the pages, in the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.annotation.models import Queue
from apps.annotation.services.answers import submit_annotation
from apps.annotation.services.consensus import adjudicate
from apps.annotation.services.declining import decline
from apps.annotation.services.reveals import reveal_suggestion
from apps.calibration.reliance import leaning_of, leanings
from apps.calibration.services import add_gold
from apps.projects.services import add_protocol
from tests.conftest import PROTOCOL, House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(house: House) -> House:
    """Asks blind-first; the model of the house always says 3."""
    body = {**PROTOCOL, "suggestion": "blind_first"}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0)
    return house


Says = Callable[..., Any]


@pytest.fixture
def says(house: House) -> Says:
    """Somebody answers a new task: `first`, a look at what the model says, `final`."""
    numbers = iter(range(1000))

    def answer(name: str, first: str, final: str | None = None, **task: Any) -> Any:
        made = house.task(f"t{next(numbers)}", priority=next(numbers), **{"overlap": 1, **task})
        person = house.people[name]
        lease = house.lease(person)
        assert lease is not None
        assert lease.task == made
        given = {"assignment_id": lease.pk, "person": person, "at": house.clock}
        if final is not None:
            reveal_suggestion(answer=house.answer(first), **given)
        submit_annotation(answer=house.answer(final or first), **given)
        return made

    return answer


def counts(share: Any) -> tuple[int, int]:
    return share.k, share.n


def test_switches_toward_and_away_are_counted_among_those_that_could(house: House, says: Says) -> None:
    says("erin", "5", "3")
    says("erin", "8", "3")
    says("erin", "8", "8")
    says("erin", "5", "8")
    says("erin", "3", "3")
    says("erin", "3", "5")
    says("erin", "8")

    its = leaning_of(project=house.project, person=house.erin)

    assert (its.answered, its.revealed) == (7, 6)
    assert (counts(its.reliance.toward), counts(its.reliance.away)) == ((2, 4), (1, 2))
    assert its.reliance.over.estimate is None


def test_gold_and_leads_say_whether_the_model_should_have_been_followed(house: House, says: Says) -> None:
    wrong_model, right_model = says("erin", "8", "3"), says("erin", "5", "5")
    add_gold(
        project=house.project,
        labels={wrong_model.example.key: "8", right_model.example.key: "3"},
        by=house.lena,
        at=house.clock,
    )
    settled = says("erin", "5", "3", overlap=2)
    theirs = house.lease(house.emil)
    assert theirs is not None
    decline(verb="escalate", assignment_id=theirs.pk, person=house.emil, reason="other", at=house.clock)
    adjudicate(
        task_id=settled.pk,
        by=house.luis,
        answers={"digit": "8"},
        condition="clear",
        cause="slip",
        at=house.clock,
    )
    says("erin", "5", "3")  # its task is agreed on by this very answer: that tells nothing

    its = leaning_of(project=house.project, person=house.erin).reliance

    assert (counts(its.over), counts(its.under)) == ((2, 2), (1, 1))


def test_after_a_renaming_what_is_known_is_set_beside_answers_under_their_names_of_today(
    house: House, says: Says
) -> None:
    asked = says("erin", "5", "5")
    house.rename("three", "5", "8", **{"3": "three"})
    later = house.later(minutes=1)
    add_gold(project=house.project, labels={asked.example.key: "three"}, by=house.lena, at=later)

    its = leaning_of(project=house.project, person=house.erin).reliance

    assert (counts(its.over), counts(its.under)) == ((0, 0), (1, 1))


def test_everybody_is_the_sum_of_all_and_who_never_answered_blind_is_left_out(
    house: House, says: Says
) -> None:
    says("erin", "5", "3")
    says("emil", "5", "5")
    add_protocol(project=house.project, body=PROTOCOL, by=house.lena, at=house.clock)
    house.task("shown from the start")
    house.submit(house.ella, revealed=True)

    overall, people = leanings(project=house.project)

    assert [one.person for one in people] == [house.emil, house.erin]
    assert counts(overall.reliance.toward) == (1, 2)


def test_the_calibration_page_shows_each_person_and_everybody(
    client: Client, house: House, says: Says
) -> None:
    page = reverse("calibration:calibration", args=["digits"])
    client.force_login(house.ada)
    assert "Nobody has answered blind-first yet" in client.get(page).content.decode()
    says("erin", "5", "3")
    says("erin", "5", "8")
    says("emil", "3", "3")

    html = client.get(page).content.decode()
    table = html[html.index('aria-label="People and the model') : html.index("What is taken for what")]

    assert "0.500" in table
    assert "none differed" in table
    assert "no truth known" in table
    assert "Everybody" in table


def test_one_sees_ones_own_without_what_would_tell_gold(client: Client, house: House, says: Says) -> None:
    says("erin", "5", "3", reason="margin")
    says("emil", "5", "5")
    client.force_login(house.erin)

    html = client.get(reverse("calibration:mine", args=["digits"])).content.decode()

    assert "you revealed it for 1" in html
    assert "1.000" in html
    assert "reliance" not in html.lower()


def test_the_api_gives_the_shares_with_their_n(client: Client, house: House, says: Says) -> None:
    says("erin", "5", "3")
    says("erin", "5", "5")
    client.force_login(house.ada)

    told = client.get("/api/v1/projects/digits/calibration/").json()["reliance"]

    (erin,) = told["people"]
    assert erin["person"] == "erin"
    assert (erin["answered"], erin["revealed"]) == (2, 2)
    assert {name: erin["toward"][name] for name in ("k", "n", "share")} == {"k": 1, "n": 2, "share": 0.5}
    assert erin["over"] == {"k": 0, "n": 0, "share": None, "low": None, "high": None}
    assert told["overall"]["toward"] == erin["toward"]
