"""The kinds of question. Each knows what else its question holds, what answers it takes, and how they read.

| kind | its question holds | an answer to it |
|---|---|---|
| choice | `options` | the option's value |
| multi_choice | `options` | values, in the order of the options |
| rating | `criterion`: anchors, weight | the point, a whole number |
| text | | a text |
| spans | `field`, `options` | `[{start, end, label}]`, offsets in characters (Unicode code points), end exclusive |
| ranking | `field` | places of the field's pieces, best first |
| pairwise | `fields`: two | `{preferred, left}`: a field's name or `equal`, and which field stood left |
| correction | `field` | the field's text as it should be |
| steps | `field` | `{verdicts, first_wrong, rewrites}`: a verdict per step, the first wrong one's place or null |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.core.errors import BadInput
from apps.projects.domain import checks
from apps.projects.domain.fields import pieces
from apps.projects.domain.options import option_of, title_of_option
from apps.projects.domain.parts import CRITERION, ONE_TEXT, OPTIONS, PAIR, PIECES, Fields, Part, Question

Content = dict[str, Any]
Values = dict[str, str]
EQUAL = "equal"
VERDICTS = ("right", "wrong", "unclear")
MOST_SPANS = 1_000


def _no_values(question: Question) -> Values:
    return {}


def _names_nothing(answer: Any) -> list[str]:
    return []


@dataclass(frozen=True)
class Kind:
    """`about` says it to people, `parts` are what its question holds, `answer(question, given, content)` checks.

    `content` is the payload's body. Where answers name one or more of a question's values, `values` gives those
    with their words and `named` those that an answer names; of a `votable` kind it is one, its label.
    """

    about: str
    parts: tuple[Part, ...]
    answer: Callable[[Question, Any, Content], Any]
    words: Callable[[Question, Any], str]
    values: Callable[[Question], Values] = _no_values
    named: Callable[[Any], list[str]] = _names_nothing
    votable: bool = False

    def holds(self, question: Question, where: str, fields: Fields) -> Question:
        """Its parts as they will be kept; raises `BadInput` naming the place."""
        return {
            name: held for part in self.parts for name, held in part.check(question, where, fields).items()
        }


def _refuse(question: Question, words: str) -> BadInput:
    return BadInput(f"“{question['title']}” {words}", field=question["name"])


def _options(question: Question) -> Values:
    return {option["value"]: option["title"] for option in question["options"]}


def _choice(question: Question, given: Any, content: Content) -> str:
    return option_of(question, given)


def _multi_choice(question: Question, given: Any, content: Content) -> list[str]:
    if not isinstance(given, list):
        raise _refuse(question, "takes a list of its options.")
    chosen = {option_of(question, value) for value in given}
    return [value for value in _options(question) if value in chosen]


def _points(question: Question) -> Values:
    return dict(question["criterion"]["anchors"])


def _chosen_words(question: Question, answer: Any) -> str:
    return ", ".join(title_of_option(question, one) for one in answer) or "none"


def _rating(question: Question, given: Any, content: Content) -> int:
    if isinstance(given, bool) or str(given) not in question["criterion"]["anchors"]:
        raise _refuse(question, f"takes one of {', '.join(question['criterion']['anchors'])}.")
    return int(given)


def _rating_words(question: Question, answer: Any) -> str:
    return f"{answer} · {question['criterion']['anchors'].get(str(answer), '')}"


def _text(question: Question, given: Any, content: Content) -> str:
    return checks.text(given, question)


def _as_it_is(question: Question, answer: Any) -> str:
    return str(answer)


def _spans(question: Question, given: Any, content: Content) -> list[dict[str, Any]]:
    if not isinstance(given, list) or len(given) > MOST_SPANS:
        raise _refuse(question, f"takes a list of at most {MOST_SPANS} spans.")
    length = len(_content_text(question, content))
    found = {_span(question, one, length) for one in given}
    return [{"start": start, "end": end, "label": label} for start, end, label in sorted(found)]


def _span(question: Question, given: Any, length: int) -> tuple[int, int, str]:
    values = given if isinstance(given, dict) else {}
    start, end = values.get("start"), values.get("end")
    # a bool is an int too, and none of these
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
        raise _refuse(question, f"marks from `start` to `end` within the text's {length} characters.")
    return start, end, option_of(question, values.get("label"))


def _span_words(question: Question, answer: Any) -> str:
    return (
        ", ".join(f"{title_of_option(question, one['label'])} {one['start']}–{one['end']}" for one in answer)
        or "nothing marked"
    )


def _content_text(question: Question, content: Content) -> str:
    value = content.get(question["field"])
    return value if isinstance(value, str) else ""


def _ranking(question: Question, given: Any, content: Content) -> list[int]:
    n = len(pieces(content.get(question["field"])))
    whole = isinstance(given, list) and all(type(place) is int for place in given)
    if not whole or sorted(given) != list(range(n)):
        raise _refuse(question, f"takes all {n} places, best first, each once.")
    return list(given)


def _order_words(question: Question, answer: Any) -> str:
    return " > ".join(str(place + 1) for place in answer)


def _sides(question: Question) -> Values:
    return {name: name.replace("_", " ") for name in (*question["fields"], EQUAL)}


def _pairwise(question: Question, given: Any, content: Content) -> dict[str, str]:
    values = given if isinstance(given, dict) else {}
    preferred, left = values.get("preferred"), values.get("left")
    if preferred not in (*question["fields"], EQUAL) or left not in question["fields"]:
        names = ", ".join(question["fields"])
        raise _refuse(
            question, f"takes `preferred` ({names} or equal) and `left`, the field that stood left."
        )
    return {"preferred": str(preferred), "left": str(left)}


def _preferred_words(question: Question, answer: Any) -> str:
    return str(answer["preferred"]).replace("_", " ")


def _correction(question: Question, given: Any, content: Content) -> str:
    return checks.text(given, question, longest=4 * checks.MAX_TEXT)


def _steps(question: Question, given: Any, content: Content) -> dict[str, Any]:
    n = len(pieces(content.get(question["field"])))
    values = given if isinstance(given, dict) else {}
    verdicts, rewrites = values.get("verdicts"), values.get("rewrites") or {}
    if (
        not isinstance(verdicts, list)
        or len(verdicts) != n
        or not {*map(str, verdicts)} <= {*VERDICTS, "None"}
    ):
        raise _refuse(question, f"takes a verdict ({', '.join(VERDICTS)}) for each of its {n} steps.")
    first = verdicts.index("wrong") if "wrong" in verdicts else None
    if None in verdicts[: n if first is None else first]:
        raise _refuse(question, "needs a verdict on every step up to the first wrong one.")
    if not isinstance(rewrites, dict) or not {*rewrites} <= {str(place) for place in range(n)}:
        raise _refuse(question, "takes rewrites by the place of their step, from 0.")
    kept = {
        place: checks.text(rewrites[place], question)
        for place in sorted(rewrites, key=int)
        if rewrites[place]
    }
    return {"verdicts": verdicts, "first_wrong": first, "rewrites": kept}


def _step_words(question: Question, answer: Any) -> str:
    first = answer["first_wrong"]
    return "every step is right" if first is None else f"step {first + 1} is the first wrong one"


def _one(answer: Any) -> list[str]:
    return [str(answer)]


def _all(answer: Any) -> list[str]:
    return list(answer)


def _marked(answer: Any) -> list[str]:
    return sorted({one["label"] for one in answer})


def _preferred(answer: Any) -> list[str]:
    return [str(answer["preferred"])]


KINDS: dict[str, Kind] = {
    "choice": Kind("One of some options", (OPTIONS,), _choice, title_of_option, _options, _one, votable=True),
    "multi_choice": Kind("Any of some options", (OPTIONS,), _multi_choice, _chosen_words, _options, _all),
    "rating": Kind("A point on a scale", (CRITERION,), _rating, _rating_words, _points, _one, votable=True),
    "text": Kind("A text of one's own", (), _text, _as_it_is),
    "spans": Kind("Marks in a text", (ONE_TEXT, OPTIONS), _spans, _span_words, _options, _marked),
    "ranking": Kind("Pieces put in order", (PIECES,), _ranking, _order_words),
    "pairwise": Kind(
        "The better of two fields", (PAIR,), _pairwise, _preferred_words, _sides, _preferred, votable=True
    ),
    "correction": Kind("A text corrected", (ONE_TEXT,), _correction, _as_it_is),
    "steps": Kind("Steps judged one by one", (PIECES,), _steps, _step_words),
}
VOTABLE = tuple(name for name, kind in KINDS.items() if kind.votable)
"""Kinds that a vote can be held on, and so that can be the target."""
