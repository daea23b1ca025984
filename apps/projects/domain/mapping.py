"""What becomes of old answers when a protocol changes: each question and option stays, becomes another, or goes.

A mapping is kept with the newer version: `{"from": 3, "questions": {"digit": {"becomes": "number", "values":
{"7": "seven", "5": null}}, "note": {"becomes": null, "values": {}}}}`; null is left behind. It changes no
answer: it says how the answers given before are read from now on.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain.protocol import classes_of, target_of, values_of

Body = dict[str, Any]
Question = dict[str, Any]
Mapping = dict[str, Any]
ALIKE = 0.6  # how much of two titles must be the same for one to be taken for the other


@dataclass(frozen=True)
class Value:
    """One option, point or side of an old question; `becomes` is None where it is left behind."""

    name: str
    title: str
    becomes: str | None


@dataclass(frozen=True)
class Fate:
    """What becomes of one old question; `heirs` are the questions of its kind, `choices` the values of its heir."""

    question: Question
    becomes: str | None
    values: tuple[Value, ...]
    heirs: tuple[Question, ...]
    choices: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.question["name"])

    @property
    def stays(self) -> bool:
        """Whether nothing is asked about it: it and all its values stay as they were."""
        return self.becomes == self.name and all(one.becomes == one.name for one in self.values)


def guess(old: Body, new: Body, said: Mapping | None = None) -> Mapping:
    """What is likely where nothing is `said`: the same names, else the most alike title among what is new."""
    return _mapping(old, new, said or {}, heir=_likely_heir, value=_likely_value)


def check_mapping(given: Any, old: Body, new: Body) -> Mapping:
    """The whole mapping: what it leaves out stays where it has the same name, and is left behind else.

    Raises `BadInput` naming the place and the mend.
    """
    if not isinstance(given, dict) or not isinstance(given.get("questions", {}), dict):
        raise BadInput("`mapping` is an object whose `questions` say what becomes of each.", field="mapping")
    if strange := sorted(map(str, {*given} - {"from", "questions"})):
        raise _refusal(f"mapping.{strange[0]}", "a mapping takes `from` and `questions`.")
    said = given.get("questions", {})
    unknown = sorted(set(said) - {question["name"] for question in old["questions"]})
    if unknown:
        raise _refusal(f"mapping.questions.{unknown[0]}", "the version in force has no such question.")
    whole = _mapping(old, new, said, heir=_certain_heir, value=_same_value)
    heirs = [one["becomes"] for one in whole["questions"].values() if one["becomes"] is not None]
    twice = sorted({name for name in heirs if heirs.count(name) > 1})
    if twice:
        raise _refusal("mapping.questions", f"two questions would become {twice[0]!r}. Leave one behind.")
    return whole


def fates(mapping: Mapping, old: Body, new: Body) -> list[Fate]:
    """The mapping as a lead goes through it, question by question."""
    newer = {question["name"]: question for question in new["questions"]}
    found = []
    for question in old["questions"]:
        said = mapping["questions"][question["name"]]
        heir = newer.get(said["becomes"] or "")
        titles = values_of(question)
        values = tuple(Value(name, titles[name], becomes) for name, becomes in said["values"].items())
        heirs = tuple(one for one in new["questions"] if one["kind"] == question["kind"])
        found.append(Fate(question, said["becomes"], values, heirs, values_of(heir) if heir else {}))
    return found


def labels_carried(mapping: Mapping, old: Body, new: Body) -> dict[str, str | None]:
    """Each label of the old target as the new target has it; None is left behind."""
    said = mapping["questions"][target_of(old)["name"]]
    reached = said["becomes"] == target_of(new)["name"]
    return {label: said["values"].get(label) if reached else None for label in classes_of(old)}


def _mapping(old: Body, new: Body, said: Mapping, *, heir: Any, value: Any) -> Mapping:
    newer = {question["name"]: question for question in new["questions"]}
    taken: set[str] = set()
    questions: Mapping = {}
    for question in old["questions"]:
        name, where = question["name"], f"mapping.questions.{question['name']}"
        entry = _entry(said.get(name, {}), where)
        becomes = entry.get("becomes", heir(question, old, new, taken))
        if becomes is not None and _kind(newer, becomes) != question["kind"]:
            raise _refusal(
                f"{where}.becomes",
                f"{becomes!r} is no {question['kind']} of the new version. Name one, or null to leave it behind.",
            )
        taken |= {becomes} - {None}
        questions[name] = {
            "becomes": becomes,
            "values": _values(question, newer.get(becomes), entry.get("values", {}), where, value),
        }
    return {"questions": questions}


def _values(
    question: Question, heir: Question | None, said: Any, where: str, value: Any
) -> dict[str, str | None]:
    old, new = values_of(question), values_of(heir) if heir else {}
    if not isinstance(said, dict) or not {*said} <= {*old}:
        raise _refusal(f"{where}.values", f"it is an object of {', '.join(old) or 'nothing'}.")
    found = {name: said[name] if name in said else value(name, old, new) for name in old}
    for name, becomes in found.items():
        if heir is None:
            found[name] = None
        elif becomes is not None and (not isinstance(becomes, str) or becomes not in new):
            raise _refusal(
                f"{where}.values.{name}",
                f"{becomes!r} is none of {', '.join(new)}. Name one, or null to leave it behind.",
            )
    return found


def _entry(given: Any, where: str) -> Mapping:
    if given is None:
        return {"becomes": None}
    if not isinstance(given, dict) or not {*given} <= {"becomes", "values"}:
        raise _refusal(where, "it takes `becomes` and `values`, or null to leave it behind.")
    return given


def _kind(questions: dict[str, Question], name: Any) -> str | None:
    return questions[name]["kind"] if isinstance(name, str) and name in questions else None


def _certain_heir(question: Question, old: Body, new: Body, taken: set[str]) -> str | None:
    """Its namesake of the same kind; a target whose name is gone becomes the target of its kind."""
    names = {one["name"] for one in old["questions"]} & {one["name"] for one in new["questions"]}
    for one in new["questions"]:
        same = one["name"] == question["name"]
        instead = one["target"] and question["target"] and not {one["name"], question["name"]} & names
        if one["kind"] == question["kind"] and (same or instead):
            return str(one["name"])
    return None


def _likely_heir(question: Question, old: Body, new: Body, taken: set[str]) -> str | None:
    """The certain one, else what came instead of it: of its kind, of a new name, and alike."""
    if certain := _certain_heir(question, old, new, taken):
        return certain
    names = {one["name"] for one in old["questions"]} | taken
    fresh = [one for one in new["questions"] if one["kind"] == question["kind"] and one["name"] not in names]
    alike = {one["name"]: _alike(one["title"], question["title"]) for one in fresh}
    best = max(alike, key=lambda name: alike[name], default=None)
    return best if best and alike[best] >= ALIKE else None


def _same_value(name: str, old: dict[str, str], new: dict[str, str]) -> str | None:
    return name if name in new else None


def _likely_value(name: str, old: dict[str, str], new: dict[str, str]) -> str | None:
    """Itself, else the most alike of what is new, else what is new in its very place."""
    if name in new:
        return name
    alike = {
        other: max(_alike(title, old[name]), _alike(other, name))
        for other, title in new.items()
        if other not in old
    }
    best = max(alike, key=lambda other: alike[other], default=None)
    if best is not None and alike[best] >= ALIKE:
        return best
    instead = dict(zip(old, new, strict=False)).get(name)
    return instead if instead is not None and instead not in old else None


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def _refusal(where: str, words: str) -> BadInput:
    return BadInput(f"{where}: {words}", field=where)
