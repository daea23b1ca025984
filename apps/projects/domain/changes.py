"""What changed between two protocols, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apps.projects.domain.mapping import guess
from apps.projects.domain.protocol import CONFIDENCE, SUGGESTION
from apps.projects.domain.words import WORDS

Body = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One difference: `kind` is added, removed or changed; `where` is empty for what concerns the whole."""

    kind: str
    words: str
    where: str = ""


def changes(old: Body, new: Body) -> list[Change]:
    """In the order of the newer protocol; without an older one everything is new."""
    old = old or {"fields": [], "questions": []}
    return [*_fields(old, new), *_questions(old, new), *_around(old, new)]


def _fields(old: Body, new: Body) -> Iterator[Change]:
    before, after = _named(old["fields"]), _named(new["fields"])
    for name, field in after.items():
        if name not in before:
            yield Change(
                "added", f"Field {field['title']} ({name}, {WORDS['fields'][field['kind']].lower()})"
            )
            continue
        yield from _plain(before[name], field, ("title", "kind"), f"Field {field['title']}")
    yield from (
        Change("removed", f"Field {field['title']} ({name})")
        for name, field in before.items()
        if name not in after
    )
    yield from _order(before, after, "The fields")


def _questions(old: Body, new: Body) -> Iterator[Change]:
    before, after = _named(old["questions"]), _named(new["questions"])
    heirs = guess(old, new)["questions"] if before else {}
    origin = {said["becomes"]: name for name, said in heirs.items() if said["becomes"]}
    for name, question in after.items():
        if name not in origin and name not in before:
            about = WORDS["questions"][question["kind"]].lower()
            yield Change("added", f"Question {question['title']} ({about})")
            continue
        was = origin.get(name, name)
        yield from _question(before[was], question, heirs[was]["values"])
    kept = {*origin.values(), *after}
    yield from (
        Change("removed", f"Question {question['title']} ({name})")
        for name, question in before.items()
        if name not in kept
    )
    yield from _order(before, after, "The questions")


def _question(old: Body, new: Body, values: dict[str, str | None]) -> Iterator[Change]:
    where = new["title"]
    yield from _plain(old, new, ("name", "title", "kind", "field"), where)
    for word, yes, no in (
        ("target", "Is the target now", "Is the target no more"),
        ("required", "Must be answered now", "May be left out now"),
    ):
        if old[word] != new[word]:
            yield Change("changed", yes if new[word] else no, where)
    if old.get("fields") != new.get("fields") and old["kind"] == new["kind"]:
        yield Change("changed", f"Compares {' with '.join(new['fields'])} now", where)
    if old.get("options") or new.get("options"):
        yield from _options(old, new, values)
    if "criterion" in new and "criterion" in old:
        yield from _criterion(old["criterion"], new["criterion"], where)


def _options(old: Body, new: Body, values: dict[str, str | None]) -> Iterator[Change]:
    where = new["title"]
    before = {one["value"]: one for one in old.get("options", [])}
    after = {one["value"]: one for one in new.get("options", [])}
    origin = {becomes: name for name, becomes in values.items() if becomes is not None}
    for value, option in after.items():
        was = before.get(origin.get(value, value))
        if was is None:
            yield Change("added", f"Option {_called(option)}", where)
            continue
        plain = was["title"] == was["value"] and option["title"] == value
        if plain and was["value"] != value:
            yield Change("changed", f"Option “{was['value']}” is “{value}” now", where)
        names = ("key",) if plain else ("value", "title", "key")
        yield from _plain(was, option, names, f"{where} · {option['title']}")
    yield from (
        Change("removed", f"Option {_called(option)}", where)
        for value, option in before.items()
        if value not in origin.values() and value not in after
    )
    yield from _order(before, after, "The options", where)


def _criterion(old: Body, new: Body, where: str) -> Iterator[Change]:
    before, after = old["anchors"], new["anchors"]
    for point, text in after.items():
        if point not in before:
            yield Change("added", f"Point {point}: “{text}”", where)
        elif before[point] != text:
            yield Change("changed", f"Point {point}: “{before[point]}” is “{text}” now", where)
    yield from (
        Change("removed", f"Point {point}: “{text}”", where)
        for point, text in before.items()
        if point not in after
    )
    if old["weight"] != new["weight"]:
        yield Change("changed", f"Weight: {old['weight']:g} is {new['weight']:g} now", where)


def _around(old: Body, new: Body) -> Iterator[Change]:
    if old.get("guidelines", "") != new["guidelines"]:
        yield Change("changed" if old.get("guidelines") else "added", "Guidelines")
    for word, words in (("confidence", CONFIDENCE), ("suggestion", SUGGESTION)):
        if old.get(word) != new[word]:
            yield Change("changed" if word in old else "added", f"{word.title()}: {words[new[word]]}")


def _plain(old: Body, new: Body, names: tuple[str, ...], where: str) -> Iterator[Change]:
    for name in names:
        if old.get(name) != new.get(name):
            was, now = old.get(name) or "nothing", new.get(name) or "nothing"
            yield Change("changed", f"{name.title()}: “{was}” is “{now}” now", where)


def _order(before: Body, after: Body, what: str, where: str = "") -> Iterator[Change]:
    both = [name for name in before if name in after]
    if both != [name for name in after if name in before]:
        yield Change("changed", f"{what} stand in another order", where)


def _called(option: Body) -> str:
    return option["title"] if option["title"] == option["value"] else f"{option['title']} ({option['value']})"


def _named(entries: list[Body]) -> dict[str, Body]:
    return {one["name"]: one for one in entries}
