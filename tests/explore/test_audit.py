"""Events in plain words, filtered, paged; and the chain verified."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from apps.core.events import record_event, seal_events
from apps.core.models import Event, EventSeal
from apps.explore.queries.audit import PAGE
from apps.projects.services import set_member
from tests.conftest import House, behind_the_triggers

pytestmark = pytest.mark.django_db


def look(client: Client, house: House, query: str = "") -> str:
    client.force_login(house.ada)
    answer = client.get(reverse("explore:audit", args=["digits"]) + query)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def verify(client: Client, house: House) -> str:
    client.force_login(house.ada)
    return client.post(reverse("explore:verify_chain", args=["digits"])).content.decode()


def test_events_are_told_as_sentences_newest_first(client: Client, house: House) -> None:
    set_member(project=house.project, person=house.erin, role="lead", by=house.ada, at=house.later(hours=1))

    text = look(client, house)

    assert "ada made erin lead here" in text
    assert text.index("made erin lead here") < text.index("made erin expert here")


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("queue.tasks_reserved", {"tasks": 5, "reserved_for": "person:erin"}, "for person:erin: 5"),
        ("queue.tasks_prioritised", {"tasks": 2, "priority": "high"}, "high priority: 2"),
        ("group.made", {"name": "Night shift"}, "lena made the group Night shift"),
        ("group.changed", {"name": "Night shift"}, "lena changed the group Night shift"),
        ("group.dissolved", {"name": "Night shift"}, "lena dissolved the group Night shift"),
    ],
)
def test_who_is_asked_what_is_told_as_a_sentence(client: Client, house: House, kind, data, words) -> None:
    record_event(
        kind=kind, row=house.project, at=house.clock, actor=house.lena, project_id=house.project.pk, **data
    )

    assert words in look(client, house)


def test_an_event_nobody_foresaw_is_still_told(client: Client, house: House) -> None:
    record_event(kind="project.renamed", row=house.project, at=house.clock, project_id=house.project.pk)

    assert f"project {house.project.pk}: renamed" in look(client, house)


def test_filters_by_person_kind_and_object(client: Client, house: House) -> None:
    protocol = house.project.protocol
    assert protocol is not None

    assert "put protocol version 1 in force" in look(client, house, "?person=lena")
    assert "made erin" not in look(client, house, "?person=lena")
    assert "put protocol" not in look(client, house, "?kind=membership")
    assert "put protocol version 1" in look(client, house, f"?object=protocol:{protocol.pk}")


def test_older_events_follow_on_the_next_page(client: Client, house: House) -> None:
    for number in range(PAGE):
        record_event(
            kind=f"project.n{number}", row=house.project, at=house.clock, project_id=house.project.pk
        )
    client.force_login(house.ada)
    html = client.get(reverse("explore:audit", args=["digits"])).content.decode()
    following = re.search(r'href="(\?before=\d+)" rel="next"', html)
    assert following

    assert "created the project digits" not in html
    assert "created the project digits" in look(client, house, following[1])


def test_events_of_other_projects_stay_there(client: Client, house: House) -> None:
    record_event(kind="project.elsewhere", row=house.project, at=house.clock, project_id=house.project.pk + 1)

    assert "elsewhere" not in look(client, house)


def test_verifying_tells_how_many_events_are_sealed_and_how_many_wait(client: Client, house: House) -> None:
    sealed = seal_events(everything=True)
    record_event(kind="project.late", row=house.project, at=house.clock, project_id=house.project.pk)

    assert f"{sealed} events sealed, 1 waiting for the sealer" in verify(client, house)


def test_verifying_names_the_place_where_the_chain_is_broken(client: Client, house: House) -> None:
    seal_events(everything=True)
    third = EventSeal.objects.get(number=3).event_id
    with behind_the_triggers():
        Event.objects.filter(pk=third).update(kind="forged")

    assert "broken at number 3" in verify(client, house)


def test_objects_and_facts_are_told_in_words(client: Client, house: House) -> None:
    house.predictions(house.model(), {"a": [1.0, 0.0, 0.0]}, purpose="cross_fit")

    html = look(client, house)

    assert "kept a model&#x27;s predictions on rows its folds had not seen" in html
    assert "prediction set " in html
    assert "cross_fit" not in html
