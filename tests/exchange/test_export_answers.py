"""What people answered, taken out: as rows, for Label Studio, as CoNLL, as pairs and demonstrations for TRL."""

from __future__ import annotations

import json
import uuid

import pytest

from apps.annotation.models import Queue
from apps.annotation.services.answers import Answer, submit_annotation
from apps.annotation.services.consensus import adjudicate
from apps.examples.models import Payload
from apps.exchange.domain.conll import bio
from apps.exchange.domain.formats import FORMATS, unfit
from apps.exchange.domain.pairs import prompt_field
from apps.exchange.models import ExportRun
from apps.exchange.queries.export_sources import pseudonym
from apps.exchange.queries.exports import choices
from apps.projects.services import add_protocol
from tests.exchange.exported import Exporter, content, objects, table

pytestmark = pytest.mark.django_db

PROTOCOL = {
    "fields": [
        {"name": "prompt", "kind": "text"},
        {"name": "response", "kind": "completion"},
        {"name": "alternative", "kind": "completion"},
    ],
    "questions": [
        {"name": "better", "kind": "pairwise", "target": True, "fields": ["response", "alternative"]},
        {
            "name": "flaws",
            "kind": "spans",
            "field": "response",
            "options": ["wrong", "not kind"],
            "required": False,
        },
        {"name": "mended", "kind": "correction", "field": "response", "required": False},
    ],
    "confidence": "always",
    "suggestion": "hidden",
}
BODY = {"prompt": "Why? 🙂", "response": "Because 🙂 it is.", "alternative": "Dunno."}


@pytest.fixture
def export(house):
    return Exporter(house)


@pytest.fixture
def writing(house):
    """The house asks for comparisons, marks and corrections of one text."""
    add_protocol(project=house.project, body=PROTOCOL, by=house.lena, at=house.clock)
    house.project.refresh_from_db()
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0)
    example = house.example("one", label="response", split="train")
    example.payload = Payload.objects.create(digest="0" * 64, body=BODY)
    example.save()
    house.task("one", overlap=3)
    return house


def another(house, key, body=BODY):
    """One more example with its task."""
    example = house.example(key)
    digest = f"{key:0>64}"
    example.payload, _ = Payload.objects.get_or_create(digest=digest, defaults={"body": body})
    example.save()
    return house.task(key, overlap=1)


def say(house, person, preferred="response", *, condition="clear", **more):
    assignment = house.lease(person)
    answers = {"better": {"preferred": preferred, "left": "alternative"}, **more}
    answer = Answer(answers=answers, confidence=3, condition=condition, request_key=uuid.uuid4().hex)
    submit_annotation(assignment_id=assignment.pk, person=person, answer=answer, at=house.clock)
    return assignment


def test_every_current_answer_is_a_row_with_who_under_what_and_how_sure(writing, export):
    first = say(writing, writing.erin, mended="Because it is so.")
    say(writing, writing.emil, "alternative", condition="ambiguous")
    erin, emil = table(export("annotations")).to_pylist()

    assert (erin["key"], erin["label"], emil["label"]) == ("one", "response", "alternative")
    assert json.loads(erin["payload"]) == BODY
    assert json.loads(erin["answers"])["mended"] == "Because it is so."
    assert (erin["condition"], emil["condition"]) == ("clear", "ambiguous")
    assert (erin["confidence"], erin["protocol"], erin["task"]) == (3, 2, first.task_id)
    assert (erin["counts"], erin["settles"], erin["purged"]) == (True, False, False)
    assert erin["at"].startswith("2026-11-02T09:00")


def test_labels_are_read_by_the_protocol_they_were_given_under(house, export):
    house.task("a", overlap=1)
    house.submit(house.erin, "5")
    house.rename("three", "five", "eight")
    house.task("b", overlap=1)
    house.submit(house.erin, "eight")
    rows = objects(export("annotations", "jsonl"))
    assert [(row["key"], row["label"], row["protocol"]) for row in rows] == [("a", "5", 1), ("b", "eight", 2)]


def test_people_have_pseudonyms_that_stay_the_same_unless_names_are_asked_for(writing, export):
    say(writing, writing.erin)
    say(writing, writing.emil)
    rows, again = objects(export("annotations", "jsonl")), objects(export("annotations", "jsonl"))
    people = [row["person"] for row in rows]
    assert (
        people
        == [row["person"] for row in again]
        == [pseudonym(writing.project.pk, person.pk) for person in (writing.erin, writing.emil)]
    )
    assert pseudonym(writing.project.pk + 1, writing.erin.pk) != people[0]
    named = export("annotations", "jsonl", names=True)
    assert [row["person"] for row in objects(named)] == ["erin", "emil"]
    assert named.manifest["people"] == "usernames"


def test_label_studio_gets_data_results_and_the_configuration_they_fit(writing, export):
    say(writing, writing.erin, flaws=[{"start": 8, "end": 12, "label": "wrong"}], mended="So.")
    another(writing, "two", {name: BODY[name] for name in ("response", "alternative")})
    say(writing, writing.erin)
    run = export("annotations", "label_studio")
    first, second = json.loads(content(run))

    assert first["data"] == {**BODY, "key": "one"}
    (annotation,) = first["annotations"]
    results = {one["from_name"]: one for one in annotation["result"]}
    assert results["better"]["value"] == {"selected": "left"}
    assert (results["flaws"]["to_name"], results["flaws"]["type"]) == ("response", "labels")
    # in units of UTF-16, as browsers count: 🙂 is two
    assert results["flaws"]["value"] == {"start": 8, "end": 13, "text": "🙂 it", "labels": ["wrong"]}
    assert results["mended"]["value"] == {"text": ["So."]}
    assert first["meta"]["answers"][0]["person"].startswith("person-")
    assert second["data"]["prompt"] == "", "this payload lacks the field"
    assert '<Pairwise name="better" toName="response,alternative"/>' in run.manifest["label_config"]
    assert '<Label value="not kind"/>' in run.manifest["label_config"]


def test_label_studio_parts_make_one_array(writing, export, monkeypatch):
    for n in range(5):
        another(writing, f"k{n}")
    for _ in range(6):
        say(writing, writing.erin)
    whole = content(export("annotations", "label_studio"))
    monkeypatch.setattr("apps.exchange.queries.export_sources.TASKS", 2)
    monkeypatch.setattr("apps.exchange.writing.SHARD_ROWS", 2)
    parted = content(export("annotations", "label_studio"))
    assert parted == whole
    assert len(json.loads(parted)) == 6


def test_an_export_of_no_answers_is_an_empty_array(writing, export):
    assert json.loads(content(export("annotations", "label_studio"))) == []


def test_marks_are_tags_over_tokens(writing, export):
    say(writing, writing.erin, flaws=[{"start": 10, "end": 15, "label": "not kind"}])
    say(writing, writing.emil)
    text = content(export("annotations", "conll")).decode()
    head, _, tokens = text.partition("# columns = token\tflaws\n")
    assert (
        head
        == f"# key = one\n# person = {pseudonym(writing.project.pk, writing.erin.pk)}\n# field = response\n"
    )
    assert tokens == "Because\tO\n🙂\tO\nit\tB-not_kind\nis\tI-not_kind\n.\tO\n\n"


def mark(start, end, label="x"):
    return {"start": start, "end": end, "label": label}


@pytest.mark.parametrize(
    ("spans", "tags"),
    [
        ([], ["O", "O", "O", "O"]),
        ([mark(0, 7)], ["B-x", "I-x", "O", "O"]),
        ([mark(1, 2)], ["B-x", "O", "O", "O"]),  # a token that is cut is taken whole
        ([mark(0, 3), mark(4, 7)], ["B-x", "B-x", "O", "O"]),  # two that touch stay two
        ([mark(4, 7, "y"), mark(0, 11)], ["B-x", "I-x", "I-x", "O"]),  # of two that overlap, the longer
        ([mark(3, 4)], ["O", "O", "O", "O"]),  # a blank is no token
    ],
)
def test_bio(spans, tags):
    assert bio("one two six.", spans) == tags


def test_the_side_that_most_prefer_is_chosen(writing, export):
    say(writing, writing.erin)
    say(writing, writing.emil)
    say(writing, writing.ella, "alternative")
    assert objects(export("annotations", "preferences")) == [
        {
            "prompt": BODY["prompt"],
            "chosen": BODY["response"],
            "rejected": BODY["alternative"],
            "key": "one",
            "question": "better",
            "people": 2,
            "licence": "CC0-1.0",
        }
    ]


def test_a_tie_an_equal_and_an_unclear_answer_make_no_pair(writing, export):
    say(writing, writing.erin)
    say(writing, writing.emil, "alternative")
    say(writing, writing.ella, condition="ambiguous")
    assert objects(export("annotations", "preferences")) == []


def test_a_lead_s_decision_stands_alone(writing, export):
    task = say(writing, writing.erin).task
    say(writing, writing.emil, "equal")
    say(writing, writing.ella, "alternative")
    task.refresh_from_db()
    answers = {"better": {"preferred": "alternative", "left": "response"}}
    adjudicate(
        task_id=task.pk, by=writing.lena, answers=answers, condition="clear", cause="slip", at=writing.clock
    )

    (pair,) = objects(export("annotations", "preferences"))
    assert (pair["chosen"], pair["people"]) == (BODY["alternative"], 1)
    assert [row["settles"] for row in objects(export("annotations", "jsonl"))] == [False, False, False, True]


def test_a_correction_is_chosen_over_what_it_corrects_and_is_a_demonstration(writing, export):
    say(writing, writing.erin, "equal", mended="Better.")
    say(writing, writing.emil, "equal", mended=BODY["response"])
    (pair,) = objects(export("annotations", "preferences"))
    assert (pair["chosen"], pair["rejected"], pair["question"]) == ("Better.", BODY["response"], "mended")
    shown = objects(export("annotations", "sft"))
    assert [(row["prompt"], row["completion"]) for row in shown] == [
        (BODY["prompt"], "Better."),
        (BODY["prompt"], BODY["response"]),
    ]


def test_after_a_conversation_pairs_and_demonstrations_are_in_turns(writing, export):
    chat = [{"role": "user", "content": "Why?"}]
    fields = [{"name": "prompt", "kind": "chat"}, *PROTOCOL["fields"][1:]]
    add_protocol(
        project=writing.project,
        body={**PROTOCOL, "fields": fields},
        by=writing.lena,
        at=writing.later(hours=1),
    )
    writing.project.refresh_from_db()
    another(writing, "talk", {**BODY, "prompt": chat})
    say(writing, writing.erin)
    (pair,) = objects(export("annotations", "preferences"))
    assert (pair["prompt"], pair["rejected"]) == (chat, [{"role": "assistant", "content": "Dunno."}])
    (shown,) = objects(export("annotations", "sft"))
    assert shown["messages"] == [*chat, {"role": "assistant", "content": BODY["response"]}]


def test_purged_content_makes_no_pairs_and_no_documents(writing, export):
    say(writing, writing.erin, mended="Better.", flaws=[mark(0, 2, "wrong")])
    Payload.objects.filter(digest="0" * 64).update(body=None, purged_at=writing.clock)
    for format in ("preferences", "sft", "conll"):
        assert content(export("annotations", format)) == b""
    (task,) = json.loads(content(export("annotations", "label_studio")))
    assert (task["data"]["prompt"], task["meta"]["purged"]) == ("", True)
    (row,) = objects(export("annotations", "jsonl"))
    assert (row["payload"], row["purged"]) == (None, True)


def test_what_fits_is_offered_first_and_the_rest_says_why(house, writing):
    assert [one.name for one in choices(project=writing.project, what="annotations")] == list(FORMATS)
    of_examples = choices(project=writing.project, what="examples")
    assert [one.name for one in of_examples if not one.why_not] == ["parquet", "jsonl", "csv", "huggingface"]
    assert all(one.why_not.endswith(".") for one in of_examples if one.name == "conll")


@pytest.mark.parametrize("format", ["label_studio", "conll", "preferences", "sft"])
def test_formats_of_answers_need_a_protocol(format):
    assert "no protocol" in unfit(format, what="annotations", protocol=None)


def test_pairs_need_a_prompt_beside_what_is_compared():
    bare = {**PROTOCOL, "fields": PROTOCOL["fields"][1:]}
    assert prompt_field(bare, PROTOCOL["questions"][0]) == ""
    assert "need a prompt" in unfit("preferences", what="annotations", protocol=bare)
    assert unfit("preferences", what="annotations", protocol=PROTOCOL) == ""
    assert not ExportRun.objects.exists()
