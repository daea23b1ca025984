"""Dataset versions: what is in, what is not and why, and that the same beliefs are the same version."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from apps.annotation.services.answers import reopen, submit_annotation
from apps.annotation.services.consensus import adjudicate
from apps.calibration.services import add_gold, retire_gold
from apps.core.errors import NotAllowed
from apps.core.models import Event, RunState
from apps.core.store import read_manifest, read_table, verify
from apps.datasets.models import DatasetVersion, SnapshotRun
from apps.datasets.services import start_snapshot
from apps.examples.models import Example
from apps.projects.services import add_protocol

pytestmark = pytest.mark.django_db


@pytest.fixture
def cut(house):
    def cut(**values):
        return house.work(
            start_snapshot(project=house.project, by=house.lena, at=house.clock), **values
        ).dataset

    return cut


def rows(dataset):
    return {row["key"]: row for row in read_table("datasets", dataset.digest).to_pylist()}


def review(house, key, *labels, **values):
    """People answer a task on `key`, one label each."""
    task = house.task(key, overlap=len(labels))
    for person, label in zip((house.erin, house.emil, house.ella), labels, strict=False):
        house.submit(person, label, **values)
    return task


def test_beliefs_and_given_labels_are_in_with_their_source(house, cut):
    house.example("given", label="3", split="train", lang="en")
    house.example("wrong", label="3", split="train")
    review(house, "wrong", "5", "5", "3")
    review(house, "new", "8", "8")
    found = rows(cut())
    assert {key: (row["label"], row["source"], row["given_label"]) for key, row in found.items()} == {
        "given": ("3", "given", "3"),
        "wrong": ("5", "vote", "3"),
        "new": ("8", "vote", None),
    }
    assert found["wrong"]["soft"] == pytest.approx([1 / 3, 2 / 3, 0])
    assert (found["given"]["soft"], found["given"]["attributes"]) == (None, '{"lang": "en"}')
    assert (found["wrong"]["answers"], found["given"]["answers"]) == (3, 0)


def test_a_settled_dispute_is_in_as_the_lead_settled_it(house, cut):
    task = review(house, "a", "3", "5")
    settled = {"answers": {"digit": "8"}, "condition": "clear", "cause": "slip"}
    adjudicate(task_id=task.pk, by=house.lena, at=house.clock, **settled)
    (row,) = rows(cut()).values()
    assert (row["label"], row["source"], row["soft"]) == ("8", "adjudicated", [0, 0, 1])


def test_what_is_left_out_is_counted_with_its_reason(house, cut):
    house.example("good", label="3")
    house.example("untouched")
    house.example("alien", label="seven")
    house.example("sure")
    add_gold(project=house.project, labels={"sure": "3"}, by=house.lena, at=house.clock)
    review(house, "disputed", "3", "5")
    review(house, "blank", "", "", condition="unusable")
    review(house, "unclear", "3", "3", condition="ambiguous")
    dataset = cut()
    assert list(rows(dataset)) == ["good"]
    assert dataset.summary["left_out"] == {
        "gold": 1,
        "no label yet": 2,
        "people say ambiguous: the protocol needs repair first": 1,
        "people say unusable": 1,
        "the label is not one of the protocol's options": 1,
    }
    assert dataset.summary["labels"] == {"3": 1}


def test_an_unusable_mark_overrules_the_given_label(house, cut):
    house.example("good", label="3")
    house.example("blank", label="3", split="train")
    review(house, "blank", "", "", condition="unusable")
    assert list(rows(cut())) == ["good"]


def test_soft_labels_are_shares_of_those_who_named_a_class(house, cut):
    task = house.task("a", overlap=3)
    for person, label, condition in (
        (house.erin, "3", "clear"),
        (house.emil, "3", "clear"),
        (house.ella, "", "unusable"),
    ):
        house.submit(person, label, condition=condition)
    task.refresh_from_db()
    assert task.consensus.posterior["3"] == pytest.approx(2 / 3)
    assert rows(cut())["a"]["soft"] == [1, 0, 0]


def test_gold_may_be_taught_once_it_is_retired(house, cut):
    house.example("good", label="3")
    house.example("sure", label="5")
    (gold,) = add_gold(project=house.project, labels={"sure": "5"}, by=house.lena, at=house.clock)
    assert list(rows(cut())) == ["good"]
    retire_gold(project=house.project, gold_id=gold.pk, by=house.lena, at=house.clock)
    assert list(rows(cut())) == ["good", "sure"]


def test_benchmark_content_never_enters_also_not_under_another_key(house, cut):
    house.example("good", label="3")
    frozen = house.example("frozen", label="3", split="benchmark")
    values = {"project": house.project, "payload": frozen.payload, "split": "train", "label": "3"}
    Example.objects.create(key="twin", created_at=house.clock, updated_at=house.clock, **values)
    review(house, "twin", "3", "3")
    dataset = cut()
    assert list(rows(dataset)) == ["good"]
    assert dataset.summary["left_out"] == {"same content as a benchmark example": 1}


def test_the_same_beliefs_are_the_same_version(house, cut):
    house.example("a", label="3")
    house.example("b", label="5")
    first = cut()
    house.later(days=1)
    house.example("unlabelled")
    second = cut()
    assert second == first
    assert DatasetVersion.objects.count() == 1
    review(house, "c", "8", "8")
    third = cut()
    assert (third.number, third.digest == first.digest) == (2, False)


def test_the_digest_does_not_depend_on_the_order_things_came_in(house, cut):
    house.example("a", label="3")
    house.example("b", label="5")
    first = cut()
    Example.objects.all().delete()
    house.example("b", label="5")
    house.example("a", label="3")
    assert cut() == first


def test_another_protocol_makes_another_version(house, cut):
    house.example("a", label="3")
    first = cut()
    body = house.project.protocol.body
    add_protocol(project=house.project, body={**body, "guidelines": "New."}, by=house.lena, at=house.clock)
    assert cut() != first


def test_what_was_written_matches_its_address(house, cut):
    house.example("a", label="3")
    dataset = cut()
    verify("datasets", dataset.digest)
    assert read_manifest("datasets", dataset.digest)["classes"] == ["3", "5", "8"]
    assert dataset.rows == 1


def test_lineage_names_the_task_and_the_annotations_behind_a_row(house, cut):
    house.example("given", label="3")
    task = review(house, "a", "3", "3")
    done = task.assignments.order_by("pk").first()
    reopen(assignment_id=done.pk, person=house.erin, at=house.clock)
    submit_annotation(assignment_id=done.pk, person=house.erin, answer=house.answer("3"), at=house.clock)
    (line,) = read_table("lineage", cut().lineage_digest).to_pylist()
    current = sorted(task.assignments.values_list("current_id", flat=True))
    assert (line["key"], line["task"], sorted(line["annotations"])) == ("a", task.pk, current)


def test_an_example_asked_again_is_taught_as_it_was_settled_last(house, cut):
    review(house, "a", "3", "3")
    house.later(days=1)
    review(house, "a", "5", "5")
    (row,) = rows(cut()).values()
    assert row["label"] == "5"


def test_nothing_to_teach_fails_with_a_sentence(house):
    house.example("untouched")
    run = start_snapshot(project=house.project, by=house.lena, at=house.clock)
    assert "No example has a label" in house.work(run, ends=RunState.FAILED).error
    assert not DatasetVersion.objects.exists()


def test_the_round_and_the_maker_are_written_down(house, cut):
    type(house.project).objects.update(round_number=3)
    house.project.refresh_from_db()
    house.example("a", label="3")
    dataset = cut()
    assert (dataset.round_number, dataset.created_by) == (3, house.lena)
    assert Event.objects.get(kind="dataset.created").data["digest"] == dataset.digest


def test_a_version_cannot_be_changed_or_deleted(house, cut):
    house.example("a", label="3")
    dataset = cut()
    SnapshotRun.objects.all().delete()  # so that nothing but the trigger is in the way
    for change in (lambda: DatasetVersion.objects.update(rows=9), dataset.delete):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            change()


def test_only_leads_cut_versions(house):
    for person in (house.erin, house.ada):
        with pytest.raises(NotAllowed):
            start_snapshot(project=house.project, by=person, at=house.clock)


def test_old_labels_are_taught_under_their_names_of_today_and_what_was_left_behind_is_counted(house, cut):
    house.example("given 3", label="3")
    house.example("given 8", label="8")
    review(house, "voted 3", "3", "5", "3")
    review(house, "voted 8", "8", "8")
    house.rename("odd", "nine", **{"3": "odd", "5": "odd"})
    house.example("given odd", label="odd")
    dataset = cut()
    found = rows(dataset)
    assert {key: (row["label"], row["given_label"]) for key, row in found.items()} == {
        "given 3": ("odd", "odd"),
        "given odd": ("odd", "odd"),
        "voted 3": ("odd", None),
    }
    assert found["voted 3"]["soft"] == [1, 0]
    assert dataset.summary["left_out"] == {"its label was left behind by protocol version 2": 2}
    assert read_manifest("datasets", dataset.digest)["classes"] == ["odd", "nine"]


def test_a_mapping_that_changes_nothing_changes_no_dataset(house, cut):
    house.example("given", label="3")
    review(house, "voted", "5", "5", "3")
    body = {**house.project.protocol.body, "guidelines": "New."}
    same = {"questions": {"digit": {"becomes": "digit", "values": {"3": "3", "5": "5", "8": "8"}}}}
    before = rows(cut())
    digests = set()
    for mapping in (None, same, {"questions": {}}):
        with transaction.atomic():
            add_protocol(
                project=house.project, body=body, mapping=mapping, by=house.lena, at=house.later(hours=1)
            )
            dataset = cut()
            digests.add(dataset.digest)
            assert rows(dataset) == before
            transaction.set_rollback(True)
        house.project.refresh_from_db()
    assert len(digests) == 1
