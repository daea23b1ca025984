"""The calibration page, one's own score, and gold kept by leads."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.annotation.models import Queue
from apps.annotation.services.answers import submit_annotation
from apps.calibration.models import Gold
from apps.calibration.services import add_gold
from tests.conftest import House

pytestmark = pytest.mark.django_db


def make_gold(house: House, n: int) -> list[str]:
    keys = [f"g{number:02}" for number in range(n)]
    for key in keys:
        house.example(key)
    add_gold(project=house.project, labels=dict.fromkeys(keys, "8"), by=house.lena, at=house.clock)
    for key in keys:
        house.task(key, reason="gold", overlap=1000)
    return keys


def answer_gold(house: House, name: str, *, n: int, wrong: int) -> None:
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0.5)
    given = 0
    after = 0
    while given < n:
        assignment = house.lease(house.people[name], after=after)
        after += 1
        if assignment is None:
            continue
        label = "3" if given < wrong else "8"
        confidence = 1 if given < wrong else 4
        submit(house, assignment.pk, name, label, confidence)
        given += 1


def submit(house: House, assignment_id: int, name: str, label: str, confidence: int) -> None:
    answer = house.answer(label, confidence=confidence)
    submit_annotation(assignment_id=assignment_id, person=house.people[name], answer=answer, at=house.clock)


def page(client: Client, house: House, name: str, view: str) -> HttpResponse:
    client.force_login(house.people[name])
    answer: HttpResponse = client.get(reverse(f"calibration:{view}", args=["digits"]))
    return answer


def test_who_is_surely_less_true_than_wanted_needs_a_session(client: Client, house: House) -> None:
    make_gold(house, 16)
    answer_gold(house, "erin", n=16, wrong=0)
    answer_gold(house, "emil", n=16, wrong=9)

    html = page(client, house, "ada", "calibration").content.decode()

    emil, erin = html.index('<th scope="row">emil'), html.index('<th scope="row">erin')
    assert "needs a session" in html[emil:erin]
    assert "needs a session" not in html[erin : html.index("Agreement between people")]
    assert "9 of 16 right" not in html
    assert "7 of 16 right" in html
    assert "wrong, wrong, wrong" in html


def test_the_page_says_what_is_missing_before_anybody_has_answered(client: Client, house: House) -> None:
    html = page(client, house, "ada", "calibration").content.decode()

    assert "no gold yet" in html
    assert "No task outside gold has two answers yet" in html


def test_agreement_is_shown_with_its_interval_and_its_caveat(client: Client, house: House) -> None:
    for number in range(6):
        house.task(f"t{number}")
        house.submit(house.erin, "3" if number % 2 else "8")
        house.submit(house.emil, "3" if number % 2 else "8")

    html = page(client, house, "ada", "calibration").content.decode()

    assert "1.000 <small>" in html
    assert "Never read it alone" in html


def test_experts_see_their_own_score_only(client: Client, house: House) -> None:
    make_gold(house, 4)
    answer_gold(house, "erin", n=4, wrong=1)

    mine = page(client, house, "erin", "mine").content.decode()

    assert "3 of 4 answers" in mine
    assert "emil" not in mine
    assert page(client, house, "erin", "calibration").status_code == 403
    assert "None of your answers" in page(client, house, "emil", "mine").content.decode()


def add(client: Client, house: House, lines: str, by: str = "lena") -> HttpResponse:
    client.force_login(house.people[by])
    answer: HttpResponse = client.post(reverse("calibration:add_gold", args=["digits"]), {"lines": lines})
    return answer


def test_gold_is_added_by_lines_all_or_none(client: Client, house: House) -> None:
    house.example("a")
    house.example("with, comma")

    refused = add(client, house, "a,8\nnowhere,3")
    assert refused.status_code == 422
    assert "no example with the key &#x27;nowhere&#x27;" in refused.content.decode()
    assert not Gold.objects.exists()

    assert add(client, house, 'key,label\na,8\n"with, comma",3\n').status_code == 302
    assert dict(Gold.objects.values_list("example__key", "label")) == {"a": "8", "with, comma": "3"}


@pytest.mark.parametrize(
    ("lines", "words"), [("a", "Line 1 is not"), ("a,8\na,3", "stands twice"), ("\n\n", "required")]
)
def test_bad_lines_name_the_place(client: Client, house: House, lines: str, words: str) -> None:
    house.example("a")

    answer = add(client, house, lines)

    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_retired_gold_stays_in_the_list_with_its_answers(client: Client, house: House) -> None:
    make_gold(house, 1)
    answer_gold(house, "erin", n=1, wrong=0)
    client.force_login(house.lena)

    client.post(reverse("calibration:retire_gold", args=["digits", Gold.objects.get().pk]))

    html = page(client, house, "lena", "gold").content.decode()
    assert "retired" in html
    assert 'data-label="Right">1' in html


def test_experts_never_see_the_gold(client: Client, house: House) -> None:
    assert page(client, house, "erin", "gold").status_code == 403
