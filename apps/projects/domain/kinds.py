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
from apps.projects.domain.fields import list_field, pieces, text_field
from apps.projects.domain.options import check_options, option_of, title_of_option

Fields = dict[str, dict[str, Any]]
Question = dict[str, Any]
Content = dict[str, Any]
EQUAL = "equal"
VERDICTS = ("right", "wrong", "unclear")
MOST_SPANS = 1_000


@dataclass(frozen=True)
class Kind:
    """`holds(question, where, fields)` is checked once, `answer(question, given, content)` each time.

    `content` is the payload's body. `classes` and `label` exist for kinds that a vote can be held on, and so
    that can be the target.
    """

    holds: Callable[[Question, str, Fields], Question]
    answer: Callable[[Question, Any, Content], Any]
    words: Callable[[Question, Any], str]
    classes: Callable[[Question], list[str]] | None = None
    label: Callable[[Any], str] = str


def _refuse(question: Question, words: str) -> BadInput:
    return BadInput(f"“{question['title']}” {words}", field=question["name"])


def _options(question: Question, where: str, fields: Fields) -> Question:
    return {"options": check_options(question.get("options"), where)}


def _option_values(question: Question) -> list[str]:
    return [option["value"] for option in question["options"]]


def _choice(question: Question, given: Any, content: Content) -> str:
    return option_of(question, given)


def _multi_choice(question: Question, given: Any, content: Content) -> list[str]:
    if not isinstance(given, list):
        raise _refuse(question, "takes a list of its options.")
    chosen = {option_of(question, value) for value in given}
    return [value for value in _option_values(question) if value in chosen]


def _criterion(question: Question, where: str, fields: Fields) -> Question:
    criterion = question.get("criterion")
    anchors = criterion.get("anchors") if isinstance(criterion, dict) else None
    where = f"{where}.criterion"
    if not isinstance(criterion, dict) or not isinstance(anchors, dict) or len(anchors) < 2:
        raise BadInput(f"{where}.anchors must give a text to each point.", field=where)
    points = sorted(anchors, key=int) if all(str(point).isdecimal() for point in anchors) else None
    if points is None or [int(point) for point in points] != list(range(int(points[0]), int(points[-1]) + 1)):
        raise BadInput(f"{where}: the anchors' points must be whole numbers without gaps.", field=where)
    weight = criterion.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1_000:
        raise BadInput(f"{where}.weight must be a number from 0 to 1,000.", field=f"{where}.weight")
    texts = {str(point): str(anchors[point]) for point in points}
    return {"criterion": {"anchors": texts, "weight": float(weight)}}


def _rating(question: Question, given: Any, content: Content) -> int:
    if isinstance(given, bool) or str(given) not in question["criterion"]["anchors"]:
        raise _refuse(question, f"takes one of {', '.join(question['criterion']['anchors'])}.")
    return int(given)


def _rating_words(question: Question, answer: Any) -> str:
    return f"{answer} · {question['criterion']['anchors'].get(str(answer), '')}"


def _nothing(question: Question, where: str, fields: Fields) -> Question:
    return {}


def _text(question: Question, given: Any, content: Content) -> str:
    return checks.text(given, question)


def _as_it_is(question: Question, answer: Any) -> str:
    return str(answer)


def _spans_hold(question: Question, where: str, fields: Fields) -> Question:
    field = text_field(question.get("field"), fields, f"{where}.field")
    return {"field": field, "options": check_options(question.get("options"), where)}


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


def _one_text(question: Question, where: str, fields: Fields) -> Question:
    return {"field": text_field(question.get("field"), fields, f"{where}.field")}


def _pieces(question: Question, where: str, fields: Fields) -> Question:
    return {"field": list_field(question.get("field"), fields, f"{where}.field")}


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


def _pair(question: Question, where: str, fields: Fields) -> Question:
    names = question.get("fields")
    if not isinstance(names, list) or len(names) != 2 or names[0] == names[1]:
        raise BadInput(f"{where}.fields must name the two fields to compare.", field=f"{where}.fields")
    return {"fields": [text_field(name, fields, f"{where}.fields") for name in names]}


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


KINDS: dict[str, Kind] = {
    "choice": Kind(_options, _choice, title_of_option, _option_values),
    "multi_choice": Kind(
        _options, _multi_choice, lambda q, a: ", ".join(title_of_option(q, one) for one in a) or "none"
    ),
    "rating": Kind(_criterion, _rating, _rating_words, lambda q: list(q["criterion"]["anchors"])),
    "text": Kind(_nothing, _text, _as_it_is),
    "spans": Kind(_spans_hold, _spans, _span_words),
    "ranking": Kind(
        _pieces, _ranking, _order_words
    ),
    "pairwise": Kind(
        _pair, _pairwise, _preferred_words,
        lambda q: [*q["fields"], EQUAL], lambda a: str(a["preferred"]),
    ),
    "correction": Kind(_one_text, _correction, _as_it_is),
    "steps": Kind(_pieces, _steps, _step_words),
}  # fmt: skip
