"""Examples filtered, sorted by an index, and paged by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from apps.annotation.models import CLOSED, DISPUTED, UNFINISHED, Consensus, Task, TaskState
from apps.annotation.queries.beliefs import beliefs_on
from apps.core.errors import BadInput, NotAllowed
from apps.examples.models import Example, Split
from apps.examples.queries import Content, contents, given_read
from apps.projects.models import Project
from apps.projects.permissions import Member
from apps.projects.queries import reading_of

PAGE = 48
COUNTED_FOR = 60  # seconds a count may be old: counting a million rows takes longer than showing a page
SORTS = {"key": "Key", "margin": "Smallest margin", "log_odds": "Most suspect label"}
CONSENSUS = {
    "none": "Nobody asked yet",
    "open": "Being asked",
    "disputed": "In dispute",
    "excluded": "Excluded: not for anyone",
    "believed": "Has a consensus",
}
LAYOUTS = (("grid", "Grid", "grid-2x2"), ("table", "Table", "table-2"))


@dataclass(frozen=True)
class Filters:
    """What the reader wants to see; every field stands in the address."""

    split: str = ""
    label: str = ""
    consensus: str = ""
    disagree: str = ""
    prefix: str = ""
    sort: str = "key"
    layout: str = "grid"
    after: str = ""

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Filters:
        """From the query string; raises `BadInput` naming the parameter and its choices."""
        filters = cls(**{f.name: values.get(f.name, "").strip() or f.default for f in fields(cls)})  # type: ignore[arg-type]
        choices: dict[str, Any] = {
            "split": Split.values,
            "consensus": CONSENSUS,
            "disagree": ["yes"],
            "sort": SORTS,
            "layout": [name for name, _, _ in LAYOUTS],
        }
        for name, allowed in choices.items():
            value = getattr(filters, name)
            if value and value not in allowed:
                raise BadInput(f"{name} is {value!r}; choose one of {', '.join(allowed)}.", field=name)
        return filters

    @property
    def narrowed(self) -> bool:
        return bool(self.split or self.label or self.consensus or self.disagree or self.prefix)

    def url(self, **changes: str) -> str:
        """The query string of this view of the data with `changes`."""
        changed = replace(self, **changes)
        defaults = {f.name: f.default for f in fields(self)}
        return urlencode({n: v for n, v in vars(changed).items() if v and v != defaults[n]})


@dataclass(frozen=True)
class Tile:
    """One example as the page shows it. `label` and `belief` are None where the reader may not see them.

    `asked` is `open` or `disputed` while people are at it; empty for who may not tell gold, which stays open longest.
    """

    example: Example
    content: Content
    label: str | None
    belief: str | None
    asked: str
    score: Any

    @property
    def disagrees(self) -> bool:
        return bool(self.score and self.label and self.score.predicted != self.label)


@dataclass(frozen=True)
class Page:
    tiles: list[Tile]
    next: str  # the query string of the next page; empty on the last


def sees_predictions(member: Member) -> bool:
    """Whether lists may tell this reader what the model says: never an expert who is to answer before they know."""
    protocol = member.project.protocol
    return member.may("adjudicate") or protocol is None or protocol.body["suggestion"] == "shown"


def choices_of(member: Member) -> dict[str, Any]:
    """What this reader may filter and order by: the most suspect labels are those that the model contradicts."""
    sees = sees_predictions(member)
    return {
        "sort": {name: words for name, words in SORTS.items() if sees or name != "log_odds"},
        "consensus": consensus_choices(member),
        "disagree": sees,
    }


def browse(*, member: Member, filters: Filters) -> Page:
    """One page of the project's examples."""
    rows = list(_after(_found(member, filters), filters, member.project)[: PAGE + 1])
    more, rows = len(rows) > PAGE, rows[:PAGE]
    following = filters.url(after=_cursor(rows[-1], filters.sort)) if more else ""
    return Page(_tiles(member, rows), following)


def _found(member: Member, filters: Filters) -> QuerySet[Example]:
    choices = choices_of(member)
    if filters.sort not in choices["sort"] or (filters.disagree and not choices["disagree"]):
        raise NotAllowed("What the model says is kept back here: this protocol asks before it suggests.")
    rows = Example.objects.select_related("score").filter(project=member.project)
    if filters.split:
        rows = rows.filter(split=filters.split)
    renamed = reading_of(project=member.project).renamed
    if filters.label:
        before = [old for old, new in renamed if new == filters.label]
        rows = rows.filter(label__in=[filters.label, *before])
    if filters.prefix:
        rows = rows.filter(key__startswith=filters.prefix)
    if filters.disagree:
        rows = rows.filter(score__isnull=False, label__isnull=False).exclude(score__predicted=F("label"))
        for old, new in renamed:
            rows = rows.exclude(label=old, score__predicted=new)
    if filters.consensus:
        rows = rows.filter(_consensus(member, filters.consensus))
    if not member.may("adjudicate") and (filters.label or filters.disagree):
        # an expert must not learn a benchmark's labels by filtering for them
        rows = rows.exclude(split=Split.BENCHMARK)
    return rows


def consensus_choices(member: Member) -> dict[str, str]:
    """What this reader may filter by: gold stays open when all else is closed, so `open` would list it."""
    return CONSENSUS if member.may("manage_gold") else {"believed": CONSENSUS["believed"]}


def _consensus(member: Member, wanted: str) -> Any:
    if wanted not in consensus_choices(member):
        raise NotAllowed("Which examples are being asked is for leads to see: it would give gold away.")
    tasks = Task.objects.filter(example=OuterRef("pk"))
    asked = Exists(tasks.filter(state=TaskState.OPEN))
    if wanted == "none":
        return ~Exists(tasks.exclude(state=TaskState.WITHDRAWN))
    if wanted == "open":
        return asked
    if wanted == "disputed":
        return Exists(tasks.filter(state__in=DISPUTED))
    if wanted == "excluded":
        return Exists(tasks.filter(state=TaskState.EXCLUDED))
    known = Exists(Consensus.objects.filter(example=OuterRef("pk"), task__state__in=CLOSED))
    return known if member.may("adjudicate") else known & ~asked


def _after(rows: QuerySet[Example], filters: Filters, project: Project) -> QuerySet[Example]:
    if filters.sort == "key":
        rows = rows.order_by("key")
        return rows.filter(key__gt=filters.after) if filters.after else rows
    column = f"score__{filters.sort}"
    rows = rows.filter(**{"score__project": project, f"{column}__isnull": False})
    rows = rows.order_by(column, "score__example_id")
    if not filters.after:
        return rows
    value, pk = _parse_cursor(filters.after)
    # the first condition is the index's range; the second only breaks ties
    ties = Q(**{f"{column}__gt": value}) | Q(score__example_id__gt=pk)
    return rows.filter(ties, **{f"{column}__gte": value})


def _cursor(example: Example, sort: str) -> str:
    if sort == "key":
        return example.key
    return f"{getattr(example.score, sort)!r}:{example.pk}"


def _parse_cursor(text: str) -> tuple[float, int]:
    value, _, pk = text.partition(":")
    try:
        return float(value), int(pk)
    except ValueError as error:
        raise BadInput(
            "This page's address is not right. Start again from the first page.", field="after"
        ) from error


def _tiles(member: Member, rows: list[Example]) -> list[Tile]:
    asked = _asked(rows)
    beliefs = beliefs_on(project=member.project, examples=rows)
    shown = contents(project=member.project, digests=[row.payload_id for row in rows])
    lead, tells_gold = member.may("adjudicate"), member.may("manage_gold")
    sees = sees_predictions(member)
    tiles = []
    for row in rows:
        belief = beliefs.get(row.pk)
        given = given_read(project=member.project, example=row).label or row.label
        tiles.append(
            Tile(
                example=row,
                content=shown[row.payload_id],
                label=given if lead or row.split != Split.BENCHMARK else None,
                belief=belief.words if belief and (lead or row.pk not in asked) else None,
                asked=asked.get(row.pk, "") if tells_gold else "",
                score=getattr(row, "score", None) if sees else None,
            )
        )
    return tiles


def _asked(rows: list[Example]) -> dict[int, str]:
    """By example: `open` where people are being asked, `disputed` where a lead must settle, `excluded`."""
    tasks = Task.objects.filter(example__in=rows, state__in=[*UNFINISHED, TaskState.EXCLUDED])
    return {
        pk: "disputed" if state in DISPUTED else state
        for pk, state in tasks.values_list("example_id", "state")
    }


def split_counts(*, project: Project) -> dict[str, int]:
    """Examples by split, counted at most a minute ago."""
    name = f"split-counts-{project.pk}"
    counts: dict[str, int] | None = cache.get(name)
    if counts is None:
        rows = (
            Example.objects.filter(project=project)
            .values_list("split")
            .annotate(n=Count("pk"))
            .order_by("split")
        )
        counts = dict(rows)
        cache.set(name, counts, COUNTED_FOR)
    return counts
