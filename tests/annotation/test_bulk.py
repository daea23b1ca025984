"""The bulk page as a browser meets it."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.annotation.models import Annotation, Assignment, AssignmentState, Queue, Task
from apps.annotation.services.answers import save_draft, submit_annotation
from apps.annotation.services.reveals import reveal_suggestion
from apps.annotation.subjects import fields_of
from apps.annotation.tiles import excerpt_of
from apps.projects.domain import check_protocol
from apps.projects.services import add_protocol, create_project, set_member
from tests.conftest import PROTOCOL

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def house(house):
    """The page asks the real clock, so the house stands in the present."""
    house.clock = timezone.now()
    return house


class Bulk:
    """One person at the bulk page: sends what its scripts send."""

    def __init__(self, client, house, person):
        client.force_login(person)
        self.client, self.slug = client, house.project.slug

    def url(self, name):
        return reverse(f"annotation:{name}", args=[self.slug])

    def open(self):
        return self.client.get(self.url("bulk"))

    def take(self, n=25):
        return self.client.post(self.url("take_all"), {"n": n}, headers=HTMX)

    def tiles(self, n=25):
        """What stands on each tile, by assignment."""
        page = self.take(n).content.decode()
        return {
            int(found[1]): found[0]
            for found in re.finditer(r'<li class="tile" data-assignment="(\d+)".*?</li>', page, re.S)
        }

    def send(self, *rows):
        fields = [urlencode({"condition": "clear", **row}) for row in rows]
        return self.client.post(self.url("submit_all"), {"row": fields}, headers=HTMX)

    def press(self, name, ids, **fields):
        return self.client.post(self.url(name), {"assignment": ids, **fields}, headers=HTMX)


@pytest.fixture
def erin(client, house):
    return Bulk(client, house, house.erin)


def asks_more(house):
    second = {**PROTOCOL["questions"][1], "required": True, "title": "Legible?"}
    body = {**PROTOCOL, "questions": [PROTOCOL["questions"][0], second]}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    return house.queue


def test_opening_the_page_takes_nothing(house, erin):
    house.task("a")
    page = erin.open().content.decode()
    assert "Many at once" in page
    assert 'data-question="answers.digit"' in page
    assert not Assignment.objects.exists()


def test_the_desk_leads_to_it_only_where_it_is_offered(house, erin):
    link = f'href="{erin.url("bulk")}"'
    house.task("a")
    assert link in erin.client.get(erin.url("desk")).content.decode()
    asks_more(house)
    assert link not in erin.client.get(erin.url("desk")).content.decode()


def test_where_more_is_required_the_page_says_what_and_where_to_go(house, erin):
    asks_more(house)
    page = erin.open().content.decode()
    assert "It requires “Legible?” as well" in page
    assert "Go to the desk" in page
    assert "Edit the protocol" not in page
    erin.client.force_login(house.lena)
    assert "Edit the protocol" in erin.open().content.decode()


def test_where_more_is_required_nothing_is_handed_out(house, erin):
    asks_more(house)
    house.task("a")
    refused = erin.take()
    assert refused.status_code == 409
    assert refused["X-Error-Code"] == "not_in_bulk"


def test_a_project_without_a_queue_says_so(client, house, erin):
    empty = create_project(slug="empty", name="Empty", by=house.ada, at=house.clock)
    set_member(project=empty, person=house.erin, role="expert", by=house.ada, at=house.clock)
    erin.slug = "empty"
    assert "Nothing has been mined yet" in erin.open().content.decode()
    assert "Nothing has been mined yet" in erin.take().content.decode()


def test_tiles_show_the_example_why_it_is_asked_and_what_the_model_said(house, erin):
    house.task("a", priority=1)
    ((_, tile),) = erin.tiles().items()
    assert "the text of a" in tile
    assert "because the test says so" in tile
    assert 'data-said="3"' in tile
    assert "0.60" in tile


@pytest.mark.parametrize("suggestion", ["hidden", "blind_first"])
def test_a_protocol_that_hides_the_models_word_gives_none_of_it_away(house, erin, suggestion):
    body = {**PROTOCOL, "suggestion": suggestion}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a")
    page = erin.take().content.decode()
    assert "data-said" not in page
    assert "0.60" not in page


def test_what_was_revealed_at_the_desk_stands_on_the_tile_too(house, erin):
    body = {**PROTOCOL, "suggestion": "blind_first"}
    add_protocol(project=house.project, body=body, by=house.lena, at=house.clock)
    house.task("a")
    lease = house.lease(house.erin)
    given = {"assignment_id": lease.pk, "person": house.erin, "answer": house.answer("5")}
    reveal_suggestion(**given, at=house.clock)
    assert 'data-said="3"' in erin.tiles()[lease.pk]


def test_nothing_on_a_tile_tells_gold_from_audit(house, erin):
    Queue.objects.filter(pk=house.queue.pk).update(gold_rate=0.5)
    for n in range(30):
        house.task(f"gold-{n}", reason="gold", overlap=1000)
        house.task(f"task-{n}", reason="audit")
    tiles = erin.tiles(25)
    reasons = dict(Assignment.objects.values_list("pk", "task__reason"))
    assert {reasons[pk] for pk in tiles} == {"gold", "audit"}
    bare = [re.sub(r'\d+|(gold|task)-|data-key="\w+"', "", tile) for tile in tiles.values()]
    assert len(set(bare)) == 1


def test_a_draft_from_the_desk_stands_on_its_tile_with_all_that_was_begun(house, erin):
    house.task("a")
    lease = house.lease(house.erin)
    draft = {"answers": {"digit": "5", "legibility": 2}, "condition": "ambiguous", "comment": "smudge"}
    save_draft(assignment_id=lease.pk, person=house.erin, draft=draft, at=house.clock)
    tile = erin.tiles()[lease.pk]
    assert 'data-label="5" data-condition="ambiguous"' in tile
    assert "[&quot;answers.legibility&quot;, &quot;2&quot;]" in tile
    assert "[&quot;comment&quot;, &quot;smudge&quot;]" in tile


def test_each_row_is_an_answer_as_the_desk_would_send_it(house, erin):
    for n in range(4):
        house.task(f"k{n}")
    ids = list(erin.tiles())
    rows = [
        {"assignment": pk, "answers.digit": "358"[place % 3], "request_key": f"k{pk}", "confidence": 3}
        for place, pk in enumerate(ids)
    ]
    rows[0] |= {"answers.legibility": 2, "comment": "torn", "active_ms": 1200, "revealed": "1"}
    told = erin.send(*rows).json()["rows"]
    assert [row["state"] for row in told] == ["submitted"] * 4
    kept = Annotation.objects.get(assignment=ids[0])
    assert kept.answers == {"digit": "3", "legibility": 2}
    assert (kept.comment, kept.active_ms, kept.revealed, kept.confidence) == ("torn", 1200, True, 3)
    assert Counter(Annotation.objects.values_list("answers__digit", flat=True)) == {"3": 2, "5": 1, "8": 1}


def test_what_is_wrong_with_one_row_stands_in_it_and_stops_no_other(house, erin):
    for n in range(5):
        house.task(f"k{n}")
    ids = list(erin.tiles())
    submit_annotation(assignment_id=ids[0], person=house.erin, answer=house.answer("8"), at=house.clock)
    rows = [{"assignment": pk, "answers.digit": "3", "request_key": f"k{pk}"} for pk in ids]
    rows[1]["confidence"] = "very"
    rows[2]["answers.digit"] = "7"
    told = erin.send(*rows).json()["rows"]
    assert [row["code"] for row in told] == ["already_answered", "bad_input", "bad_input", "", ""]
    assert "whole number" in told[1]["says"]
    assert "not one of the options" in told[2]["says"]


@pytest.mark.parametrize("assignment", ["", "x", "-1", "9" * 5_000])
def test_a_row_that_names_no_assignment_is_refused_whole(erin, assignment):
    answer = erin.send({"assignment": assignment, "answers.digit": "3"})
    assert answer.status_code == 422


@pytest.mark.parametrize("n", ["", "x", "0", "101", "9" * 5_000])
def test_a_number_of_tasks_that_is_none_is_refused(house, erin, n):
    house.task("a")
    assert erin.take(n).status_code == 422
    assert not Assignment.objects.exists()


def test_a_heartbeat_names_what_is_still_held(house, erin):
    for n in range(4):
        house.task(f"k{n}")
    ids = list(erin.tiles())
    erin.press("skip_all", ids[:1], reason="unsure")
    assert erin.press("keep_all", ids).json() == {"held": ids[1:]}


def test_what_is_skipped_together_has_its_reason_each(house, erin):
    for n in range(4):
        house.task(f"k{n}")
    ids = list(erin.tiles())
    told = erin.press("skip_all", ids[:2], reason="upsetting").json()["rows"]
    assert [row["state"] for row in told] == ["skipped"] * 2
    skipped = Assignment.objects.filter(state=AssignmentState.SKIPPED, reason="upsetting")
    assert sorted(skipped.values_list("pk", flat=True)) == sorted(ids[:2])
    assert Task.objects.filter(open_slots=2).count() == 2


def test_what_is_given_back_is_named(house, erin):
    for n in range(4):
        house.task(f"k{n}")
    ids = list(erin.tiles())
    assert sorted(erin.press("release_all", ids).json()["released"]) == sorted(ids)
    assert set(Task.objects.values_list("open_slots", flat=True)) == {2}


def test_an_empty_queue_says_why(house, erin):
    assert "All done" in erin.take().content.decode()


FIELDS = ("text", "markdown", "completion", "chat", "table", "json")
SHOWN = {
    "text": "plain   words",
    "markdown": "**bold**",
    "completion": "said",
    "chat": [{"role": "user", "content": "hello"}],
    "table": [{"a": 1, "b": 2}],
    "json": ["one", "two"],
}


def test_a_text_tile_has_the_beginning_of_every_kind_of_field_in_one_run():
    fields = [{"name": kind, "kind": kind} for kind in FIELDS]
    protocol = check_protocol({**PROTOCOL, "fields": fields})
    words = excerpt_of(fields_of(protocol, SHOWN, mirrored=False))
    assert words == "plain words · **bold** · said · user: hello · 1 2 · one · two"
    long = excerpt_of(fields_of(protocol, {"text": "word " * 500}, mirrored=False))
    assert len(long) <= 281
    assert long.endswith("…")
    assert excerpt_of(fields_of(protocol, {}, mirrored=False)) == "Its content was purged."
