"""How an upload will come in: what each of its columns is, as told, as the last time or as guessed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import QueryDict

from apps.core.errors import BadInput
from apps.exchange.domain.guessing import guess, guess_labels, values_of
from apps.exchange.domain.mapping import PARTS, Mapping
from apps.exchange.forms import AS_IT_IS, KEPT_OUT, ImportForm, Told
from apps.exchange.models import ImportRun, Upload
from apps.exchange.previews import Preview, Sample, preview_of, sample_of
from apps.exchange.queries.uploads import fitting_run
from apps.projects.domain import classes_of

Choices = list[tuple[str, str]]
LEAVE_OUT: Choices = [("", "Leave out")]
PLAIN: Choices = [("key", "Key"), ("label", "Label"), ("split", "Split"), ("licence", "Licence")]


@dataclass(frozen=True)
class Select:
    """One thing to choose: of a column, or of a value of the label; groups have a name, or none."""

    name: str  # in the form
    title: str
    words: list[str]
    chosen: str
    groups: list[tuple[str, Choices]]


@dataclass
class Plan:
    """What the page shows and sends. `mapping` is None where there are no columns, or `problem` says what is wrong."""

    upload: Upload
    sample: Sample
    told: Told
    form: ImportForm
    again: ImportRun | None
    mapping: Mapping | None = None
    problem: str = ""

    @property
    def how(self) -> dict[str, Any]:
        """For `import_upload`; raises `BadInput` for a mapping that cannot be meant."""
        values = self.form.cleaned_data
        mapping = None if self.mapping is None or self.mapping.is_plain else self.mapping.given()
        return {"mapping": mapping, **{name: values[name] for name in ("on_conflict", "stop_after")}}

    @property
    def protocol(self) -> dict[str, Any] | None:
        protocol = self.upload.project.protocol
        return protocol.body if protocol else None

    @cached_property
    def preview(self) -> Preview | None:
        if self.problem:
            return None
        return preview_of(self.sample, mapping=self.mapping, name=self.upload.name, protocol=self.protocol)

    @property
    def key(self) -> list[str]:
        return [name for name, to in self.told.columns.items() if to == "key"]

    @cached_property
    def columns(self) -> list[Select]:
        fields = self.protocol["fields"] if self.protocol else []
        known = [(f"payload.{one['name']}", one["title"] or one["name"]) for one in fields]
        return [self._column(place, name, known) for place, name in enumerate(self.sample.columns)]

    def _column(self, place: int, name: str, known: Choices) -> Select:
        chosen, part = self.told.columns.get(name, ""), name.partition(".")
        own = part[2] if part[0] in PARTS and part[2] else name
        others = [(f"attributes.{own}", f"Attribute “{own}”")]
        if f"payload.{own}" not in dict(known):
            others.append((f"payload.{own}", f"Another field, “{own}”"))
        if self.sample.nests(name) or name in PARTS:
            others += [("payload", "The whole payload"), ("attributes", "All attributes")]
        groups = [("", LEAVE_OUT + PLAIN), ("Shown to experts", known), ("Beside it", others)]
        if chosen not in {value for _, choices in groups for value, _ in choices}:
            groups.append(("As the last time", [(chosen, chosen)]))
        words = self.sample.examples(name)
        return Select(f"column-{place}", name, words, chosen, [group for group in groups if group[1]])

    @cached_property
    def labels(self) -> list[Select]:
        """Values of the label that are no option, or are mapped."""
        options = classes_of(self.protocol) if self.protocol else []
        found = values_of(self.told.columns, self.sample.records)
        groups = [("", [(AS_IT_IS, "As it is"), (KEPT_OUT, "A bad row"), ("", "No label")])]
        if options:
            groups = [("Option", [(one, one) for one in options]), ("No option", groups[0][1][1:])]
        return [
            self._label(value, f"{n:,} of the first {len(self.sample.records):,} rows", groups)
            for value, n in found.items()
            if options and (value not in options or value in self.told.labels)
        ]

    def _label(self, value: str, words: str, groups: list[tuple[str, Choices]]) -> Select:
        chosen = self.told.labels.get(value, KEPT_OUT)
        return Select(f"label:{value}", value, [words], KEPT_OUT if chosen is None else chosen, groups)


def plan_of(upload: Upload, sent: QueryDict, *, again: bool = False) -> Plan:
    """As `sent` tells; before anything was told as the last run with such columns did, if `again`, else guessed."""
    sample = sample_of(upload)
    last = fitting_run(project=upload.project, columns=sample.columns) if sample.columns else None
    first: dict[str, Any] = {}
    told = Told.by(sent, sample.columns)
    if told is None:
        told, first = _first(upload, sample, last if again else None)
    form = ImportForm(sent or None, initial=first)
    plan = Plan(upload, sample, told, form, last, problem=sample.problem)
    if sample.columns and not sample.problem:
        _map(plan)
    return plan


def _first(upload: Upload, sample: Sample, last: ImportRun | None) -> tuple[Told, dict[str, Any]]:
    protocol = upload.project.protocol.body if upload.project.protocol else None
    if last and last.mapping:
        given = last.mapping
        how = {"on_conflict": last.on_conflict, "stop_after": last.stop_after}
        return Told({**given["columns"]}, given["labels"]), {**given["defaults"], **how}
    mapping = guess(sample.columns, sample.records, protocol)
    return Told(mapping.columns, mapping.labels), {}


def _map(plan: Plan) -> None:
    """Labels of a column that was chosen just now are guessed, too; what was told of them goes before."""
    values = values_of(plan.told.columns, plan.sample.records)
    options = classes_of(plan.protocol) if plan.protocol else []
    strange: dict[str, str | None] = dict.fromkeys(
        value for value in values if options and value not in options
    )
    strange.update(guess_labels(values, plan.protocol))
    plan.told.labels.update({value: to for value, to in strange.items() if value not in plan.told.labels})
    defaults = {name: plan.form[name].value() or "" for name in ("split", "licence")}
    try:
        plan.mapping = Mapping.of(plan.told.mapping(**defaults))
    except BadInput as error:
        plan.problem = error.message
