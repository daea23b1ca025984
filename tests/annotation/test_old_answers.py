"""A new protocol version says what becomes of old answers: asked with counts, kept with the version, and used."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from apps.annotation.models import Annotation, Consensus
from apps.annotation.queries.beliefs import beliefs_on
from apps.annotation.services.consensus import adjudicate
from apps.calibration.services import add_gold
from apps.core.models import Event
from apps.examples.models import Example
from apps.projects.domain.mapping import check_mapping
from apps.projects.services import ProtocolMoved, add_protocol
from tests.conftest import PROTOCOL, House

pytestmark = pytest.mark.django_db


def body_with(*options: Any, **question: Any) -> dict[str, Any]:
    target = {**PROTOCOL["questions"][0], "options": list(options), **question}
    return {**PROTOCOL, "questions": [target, *PROTOCOL["questions"][1:]]}


def save(client: Client, house: House, body: dict[str, Any], by: str = "lena", **values: str) -> HttpResponse:
    client.force_login(house.people[by])
    sent = {"body": json.dumps(body), "against": "1", **values}
    answer: HttpResponse = client.post(reverse("annotation:save_protocol", args=["digits"]), sent)
    return answer


def page(answer: HttpResponse) -> str:
    return html.unescape(answer.content.decode())


def believe(house: House, key: str, label: str) -> None:
    house.task(key, overlap=2)
    for person in (house.erin, house.emil):
        house.submit(person, label)


def reads(house: House) -> dict[str, tuple[str | None, int | None]]:
    """What is believed of each example now: its label, and the version that left it behind."""
    examples = Example.objects.filter(project=house.project)
    found = beliefs_on(project=house.project, examples=examples)
    return {one.key: (found[one.pk].label, found[one.pk].lost) for one in examples if one.pk in found}


def new_version(house: House, body: dict[str, Any], mapping: dict[str, Any] | None = None) -> None:
    at = house.later(hours=1)
    add_protocol(project=house.project, body=body, mapping=mapping, by=house.lena, at=at)


def test_a_lead_is_asked_with_counts_before_anything_is_saved(client: Client, house: House) -> None:
    believe(house, "a", "3")
    believe(house, "b", "5")
    house.task("open", overlap=2)
    house.submit(house.erin, "5")
    house.example("given", label="5")

    shown = page(save(client, house, body_with("3", "8")))

    assert "What becomes of old answers?" in shown
    assert "choice, the target: 5 answers, 5 counted; 2 beliefs, 1 given label" in shown
    five = shown.partition('aria-label="What becomes of 5"')[0].rpartition("<tr")[2]
    counts = {
        name: five.partition(f'data-label="{name}">')[2][:1]
        for name in ("Answers", "Beliefs", "Given labels")
    }
    assert counts == {"Answers": "3", "Beliefs": "1", "Given labels": "1"}
    assert "1 open task stays in the queue of version 1" in shown
    assert "Stays as it is: “legibility”" in shown
    assert house.project.protocols.count() == 1


def test_what_nobody_has_answered_is_not_asked_about(client: Client, house: House) -> None:
    assert save(client, house, body_with("3", "8")).status_code == 302
    assert house.project.protocols.count() == 2


def test_what_stays_as_it_is_is_not_asked_about(client: Client, house: House) -> None:
    believe(house, "a", "3")
    assert save(client, house, {**body_with("3", "5", "8", "9"), "guidelines": "New."}).status_code == 302


def test_what_was_said_is_kept_with_the_version_and_the_answers_are_not_touched(
    client: Client, house: House
) -> None:
    believe(house, "a", "3")
    believe(house, "b", "5")
    before = list(Annotation.objects.order_by("pk").values())
    said = {"becomes.digit": "digit", "was.digit": "digit", "value.digit.3": "three", "value.digit.5": ""}
    house.later(hours=1)

    answer = save(client, house, body_with("three", "8"), mapped="1", **said)

    assert answer.status_code == 302
    house.project.refresh_from_db()
    protocol = house.project.protocol
    assert protocol is not None
    assert protocol.mapping is not None
    assert protocol.mapping["from"] == 1
    assert protocol.mapping["questions"]["digit"]["values"] == {"3": "three", "5": None, "8": "8"}
    assert Event.objects.get(kind="protocol.added", data__version=2).data["mapping"] == protocol.mapping
    assert reads(house) == {"a": ("three", None), "b": (None, 2)}
    assert list(Annotation.objects.order_by("pk").values()) == before
    assert sorted(Consensus.objects.values_list("label", flat=True)) == ["3", "5"]


def test_another_heir_asks_anew_about_its_options(client: Client, house: House) -> None:
    believe(house, "a", "3")
    body = body_with("yes", "no", name="fine")
    other = {**PROTOCOL["questions"][0], "name": "number", "target": False, "options": ["3", "5", "8"]}
    body = {**body, "questions": [*body["questions"], other]}
    said = {"becomes.digit": "number", "was.digit": "fine", "value.digit.3": "yes"}

    shown = page(save(client, house, body, **said))

    assert 'name="value.digit.3"' in shown
    assert (
        '<option value="3" selected>' in shown.partition('name="value.digit.3"')[2].partition("</select>")[0]
    )


def test_a_version_that_came_between_is_told_and_nothing_is_saved(client: Client, house: House) -> None:
    believe(house, "a", "3")
    new_version(house, {**PROTOCOL, "guidelines": "Luis was first."})

    answer = save(client, house, body_with("3", "8"), mapped="1", **{"becomes.digit": "digit"})

    assert answer.status_code == 409
    assert "Version 2 was put in force meanwhile" in page(answer)
    assert 'name="against" value="2"' in page(answer)
    assert house.project.protocols.count() == 2
    with pytest.raises(ProtocolMoved):
        new_version(house, body_with("3", "8"), {"from": 1})


def test_a_mapping_that_does_not_fit_is_refused_in_words(client: Client, house: House) -> None:
    believe(house, "a", "3")
    said = {"becomes.digit": "mood", "was.digit": "digit"}
    answer = save(client, house, body_with("3", "8"), mapped="1", **said)
    assert answer.status_code == 422
    assert "'mood' is no choice of the new version" in page(answer)


def test_experts_may_not(client: Client, house: House) -> None:
    assert save(client, house, body_with("3", "8"), by="erin").status_code == 403


def test_beliefs_follow_every_version_since_they_were_asked(house: House) -> None:
    believe(house, "old", "3")
    new_version(house, body_with("three", "5", "8"), {"questions": {"digit": {"values": {"3": "three"}}}})
    believe(house, "newer", "three")
    believe(house, "gone", "8")
    new_version(house, body_with("odd", "5"), {"questions": {"digit": {"values": {"three": "odd"}}}})

    assert reads(house) == {"old": ("odd", None), "newer": ("odd", None), "gone": (None, 3)}

    new_version(house, body_with("three", "5", "8"))
    # the content of version 2 again: what was answered under it is what it was
    assert reads(house) == {"old": ("three", None), "newer": ("three", None), "gone": ("8", None)}


def test_labels_that_became_one_add_their_shares_up(house: House) -> None:
    task = house.task("a", overlap=2)
    for person, label in ((house.erin, "3"), (house.emil, "5")):
        house.submit(person, label)
    settled = {"answers": {"digit": "3"}, "condition": "clear", "cause": "slip"}
    adjudicate(task_id=task.pk, by=house.lena, at=house.clock, **settled)
    Consensus.objects.filter(task=task).update(posterior={"3": 0.5, "5": 0.3, "8": 0.2})

    new_version(house, body_with("odd", "8"), {"questions": {"digit": {"values": {"3": "odd", "5": "odd"}}}})

    (belief,) = beliefs_on(project=house.project, examples=[task.example]).values()
    assert belief.posterior == {"odd": pytest.approx(0.8), "8": 0.2}


def test_where_the_lead_says_nothing_names_decide(house: House) -> None:
    believe(house, "a", "3")
    believe(house, "b", "5")
    new_version(house, body_with("3", "8"))
    protocol = house.project.protocol
    assert protocol is not None
    assert protocol.mapping is not None
    assert (
        protocol.mapping["questions"]
        == check_mapping({}, house.project.protocols.get(version=1).body, protocol.body)["questions"]
    )
    assert reads(house) == {"a": ("3", None), "b": (None, 2)}


def test_the_page_of_the_version_says_what_became_of_old_answers(client: Client, house: House) -> None:
    new_version(house, body_with("three", "8"), {"questions": {"digit": {"values": {"3": "three"}}}})
    client.force_login(house.erin)
    shown = page(client.get(reverse("projects:protocol_version", args=["digits", 2])))
    assert "What became of old answers" in shown
    assert "stays; 3 becomes three; 5 is left behind" in " ".join(shown.split())


def test_the_browse_page_shows_beliefs_as_they_are_read_now(client: Client, house: House) -> None:
    believe(house, "a", "3")
    believe(house, "b", "5")
    new_version(house, body_with("three", "8"), {"questions": {"digit": {"values": {"3": "three"}}}})
    client.force_login(house.lena)
    shown = page(client.get(reverse("explore:data", args=["digits"]) + "?layout=table"))
    assert ">three</span>" in shown
    assert "5 (left behind)" in shown


def test_the_browse_page_finds_given_labels_by_their_name_of_today(client: Client, house: House) -> None:
    house.example("older", label="3")
    new_version(house, body_with("three", "8"), {"questions": {"digit": {"values": {"3": "three"}}}})
    house.example("newer", label="three")
    client.force_login(house.lena)
    shown = page(client.get(reverse("explore:data", args=["digits"]) + "?label=three"))
    assert "older" in shown
    assert "newer" in shown


def test_gold_is_compared_as_it_is_read_now_and_served_no_more_once_left_behind(
    client: Client, house: House
) -> None:
    for key in ("g3", "g5"):
        house.example(key)
    add_gold(project=house.project, labels={"g3": "3", "g5": "5"}, by=house.lena, at=house.clock)
    new_version(house, body_with("three", "8"), {"questions": {"digit": {"values": {"3": "three"}}}})
    client.force_login(house.lena)

    shown = page(client.get(reverse("calibration:gold", args=["digits"])))

    assert "was 3" in shown
    assert "left behind by protocol version 2" in shown
