"""One example: what is shown to whom, odd keys, and its lineage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client
from django.urls import reverse

from apps.annotation.services.answers import reopen, submit_annotation
from apps.annotation.services.declining import decline
from apps.annotation.services.reveals import reveal_suggestion
from apps.calibration.services import add_gold
from apps.core.store import write_table
from apps.datasets.domain import ROWS
from apps.datasets.models import DatasetVersion
from apps.projects.models import Protocol
from apps.projects.services import add_protocol
from apps.registry.models import ModelVersion, PredictionSet
from tests.conftest import PROTOCOL, House

pytestmark = pytest.mark.django_db


def look(client: Client, house: House, name: str, key: str, view: str = "example") -> str:
    client.force_login(house.people[name])
    answer = client.get(reverse(f"explore:{view}", args=["digits", key]))
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


@pytest.mark.parametrize(
    "key", ["a/b", "..", ".", "50%", "%2F", "ä ?#&", "a\\b", "/", "x/lineage", "line\nbreak"]
)
def test_odd_keys_have_a_page(client: Client, house: House, key: str) -> None:
    house.example(key)

    assert "What is known" in look(client, house, "lena", key)


def test_a_key_of_another_project_is_not_found(client: Client, house: House) -> None:
    client.force_login(house.lena)

    answer = client.get(reverse("explore:example", args=["digits", "nowhere"]))

    assert answer.status_code == 404
    assert "There is no example with the key" in answer.content.decode()


def test_experts_see_only_their_own_answer_while_the_task_is_open(client: Client, house: House) -> None:
    house.task("a")
    house.submit(house.erin, "8", comment="erin was here")

    assert "erin was here" in look(client, house, "erin", "a")
    assert "erin was here" not in look(client, house, "emil", "a")
    assert "hidden while the task is open" in look(client, house, "emil", "a")


def test_everybody_sees_who_answered_what_once_the_task_is_closed(client: Client, house: House) -> None:
    house.task("a")
    house.submit(house.erin, "8", comment="erin was here")
    house.submit(house.emil, "8")

    html = look(client, house, "ella", "a")

    assert "erin was here" in html
    assert "Consensus: 8" in html


@pytest.mark.parametrize(
    ("said", "model", "given"), [("3", "model right", True), ("8", "model wrong", False)]
)
def test_what_people_came_to_says_who_was_wrong(
    client: Client, house: House, said: str, model: str, given: bool
) -> None:
    house.example("a", label="8")
    house.task("a")
    house.submit(house.erin, said)
    house.submit(house.emil, said)

    html = look(client, house, "ella", "a")

    assert model in html
    assert ("given label wrong" in html) == given


def test_a_lead_may_lease_an_open_task_and_so_does_not_read_its_answers_first(
    client: Client, house: House
) -> None:
    house.task("a")
    house.submit(house.erin, "8", comment="erin was here")

    assert "erin was here" not in look(client, house, "lena", "a")
    assert "hidden while the task is open" in look(client, house, "lena", "a")
    assert "erin was here" not in look(client, house, "lena", "a", "lineage")
    assert "erin was here" in look(client, house, "ada", "a"), "an admin does not annotate"


def test_leads_see_answers_in_dispute_without_names(client: Client, house: House) -> None:
    house.task("a")
    house.submit(house.erin, "8")
    house.submit(house.emil, "3")

    html = look(client, house, "lena", "a")

    assert "Expert A" in html
    assert "erin" not in html


def test_a_lead_who_takes_an_answer_up_again_does_not_see_what_others_answered(
    client: Client, house: House
) -> None:
    house.task("a")
    mine = house.submit(house.lena, "3")
    house.submit(house.erin, "8", comment="erin was here")
    assert "erin was here" in look(client, house, "lena", "a"), "in dispute, and thus hers to see"
    reopen(assignment_id=mine.pk, person=house.lena, at=house.clock)

    assert "erin was here" not in look(client, house, "lena", "a")
    assert "erin was here" in look(client, house, "luis", "a")


def test_gold_is_never_revealed_to_experts(client: Client, house: House) -> None:
    house.example("a")
    add_gold(project=house.project, labels={"a": "8"}, by=house.lena, at=house.clock)
    house.task("a", reason="gold", overlap=1000)

    assert "gold" not in look(client, house, "erin", "a").lower()
    assert "gold: 8" in look(client, house, "lena", "a")


def test_an_expert_is_not_told_a_tasks_number_nor_that_it_is_still_open(client: Client, house: House) -> None:
    """Gold tasks are opened last and stay open longest."""
    number = house.task("a", reason="gold", overlap=1000).pk
    ordinary = house.task("b").pk
    open_badge = 'data-state="open"'

    for key, pk in (("a", number), ("b", ordinary)):
        html = look(client, house, "erin", key)
        assert f"Task {pk}" not in html
        assert open_badge not in html
        assert open_badge not in look(client, house, "erin", key, "lineage")
        assert f"Task {pk}" in look(client, house, "lena", key)
        assert open_badge in look(client, house, "lena", key)


def test_benchmark_labels_are_kept_from_experts(client: Client, house: House) -> None:
    house.example("a", label="8", split="benchmark")

    assert "kept from experts" in look(client, house, "erin", "a")
    assert "kept from experts" not in look(client, house, "lena", "a")


def predicted(house: House, key: str) -> None:
    model = ModelVersion.objects.create(
        project=house.project,
        number=7,
        digest="m",
        recipe="r",
        classes=["3", "5", "8"],
        created_at=house.clock,
    )
    schema = pa.schema([("key", pa.string()), ("probs", pa.list_(pa.float32()))])
    rows = pa.RecordBatch.from_pylist([{"key": key, "probs": [0.125, 0.75, 0.125]}], schema=schema)
    stored = write_table("predictions", [rows], schema=schema)
    PredictionSet.objects.create(
        project=house.project, model=model, purpose="pool", digest=stored.digest, rows=1,
        classes=["3", "5", "8"], created_at=house.clock,
    )  # fmt: skip


def test_lineage_leads_from_the_answers_to_the_dataset_row_in_order(client: Client, house: House) -> None:
    house.task("a")
    house.submit(house.erin, "8")
    house.submit(house.emil, "8")
    row: dict[str, Any] = dict.fromkeys(ROWS.names) | {
        "key": "a",
        "label": "8",
        "source": "vote",
        "given_label": "3",
    }
    stored = write_table("datasets", [pa.RecordBatch.from_pylist([row], schema=ROWS)], schema=ROWS)
    DatasetVersion.objects.create(
        project=house.project, number=4, digest=stored.digest, lineage_digest="l", rows=1, summary={},
        created_at=house.clock + timedelta(hours=1),
    )  # fmt: skip

    html = look(client, house, "lena", "a", "lineage")

    places = [html.index(words) for words in ("Imported", "erin answered 8", "Consensus: 8", "In dataset v4")]
    assert places == sorted(places)
    assert "It had been given as 3" in html
    assert "In dataset v4" not in look(client, house, "erin", "a", "lineage"), "gold stands in none"


def test_lineage_says_what_each_model_said(client: Client, house: House) -> None:
    house.example("a")
    predicted(house, "a")

    html = look(client, house, "erin", "a", "lineage")

    assert "v7" in html
    assert "0.750" in html


def test_what_somebody_had_said_before_the_models_word_stands_beside_their_answer(
    client: Client, house: House
) -> None:
    body = {**PROTOCOL, "suggestion": "blind_first"}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a", overlap=1)
    lease = house.lease(house.erin)
    assert lease is not None
    given: dict[str, Any] = {"assignment_id": lease.pk, "person": house.erin, "at": house.clock}
    reveal_suggestion(answer=house.answer("8"), **given)
    submit_annotation(answer=house.answer("3"), **given)

    assert "8 before when the model's word was revealed" in look(client, house, "lena", "a")


@pytest.mark.parametrize("mode", ["hidden", "blind_first"])
def test_where_suggestions_are_not_shown_an_expert_answers_before_looking(
    client: Client, house: House, mode: str
) -> None:
    add_protocol(project=house.project, body={**PROTOCOL, "suggestion": mode}, by=house.lena, at=house.clock)
    assert Protocol.objects.filter(project=house.project).count() == 2
    house.task("a")
    predicted(house, "a")

    assert "0.750" not in look(client, house, "erin", "a", "lineage")
    assert "because the test says so" not in look(client, house, "erin", "a")
    house.submit(house.erin, "8")
    assert "because the test says so" in look(client, house, "erin", "a")
    assert "0.750" in look(client, house, "erin", "a", "lineage")


def test_an_excluded_example_may_be_asked_about_again_and_keeps_the_models_word_back(
    client: Client, house: House
) -> None:
    body = {**PROTOCOL, "suggestion": "blind_first"}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a")
    predicted(house, "a")
    lease = house.lease(house.emil)
    assert lease is not None
    decline(verb="exclude", assignment_id=lease.pk, person=house.emil, reason="other", at=house.clock)

    assert "0.750" not in look(client, house, "erin", "a", "lineage")
    assert "because the test says so" not in look(client, house, "erin", "a")
