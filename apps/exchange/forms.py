"""The forms of uploads, imports and exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat

from apps.exchange.domain.formats import WHAT
from apps.exchange.domain.mapping import OTHERS
from apps.exchange.domain.rows import MAX_LICENCE, SPLITS
from apps.exchange.domain.webhooks import TOPICS
from apps.exchange.models import ImportRun
from apps.exchange.queries.exports import choices, versions
from apps.exchange.services.imports import MOST_BAD, STOP_AFTER
from apps.projects.models import Project

ENDINGS = {
    ".ndjson": ImportRun.Format.NDJSON,
    ".jsonl": ImportRun.Format.NDJSON,
    ".csv": ImportRun.Format.CSV,
    ".tsv": ImportRun.Format.TSV,
    ".txt": ImportRun.Format.TSV,
    ".parquet": ImportRun.Format.PARQUET,
    ".pq": ImportRun.Format.PARQUET,
    ".arrow": ImportRun.Format.ARROW,
    ".arrows": ImportRun.Format.ARROW,
    ".feather": ImportRun.Format.ARROW,
    ".ipc": ImportRun.Format.ARROW,
    ".zip": ImportRun.Format.IMAGES,
}
KEPT_OUT, AS_IT_IS = "-", "="
"""What a value of the label may become beside an option of the target, or no label at all."""


def format_of(name: str) -> str:
    """The format that a file's name tells; empty where it tells none."""
    return next((kind.value for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), "")


class UploadForm(forms.Form):
    """A file of rows; its format is guessed from its name unless it is said."""

    file = forms.FileField(
        label="File",
        widget=forms.ClearableFileInput(attrs={"accept": ",".join([*ENDINGS, ".json"])}),
    )
    format = forms.ChoiceField(
        label="Format",
        required=False,
        choices=[("", "By the file's name"), *ImportRun.Format.choices],
    )

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        limit = filesizeformat(settings.MAX_UPLOAD_BYTES)
        known = ", ".join(str(label) for label in ImportRun.Format.labels)
        self.fields["file"].help_text = f"{known}; one example per row. At most {limit}."

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        upload = values.get("file")
        if upload is not None and not values.get("format"):
            values["format"] = format_of(upload.name)
            if not values["format"]:
                known = ", ".join(ENDINGS)
                message = f"The name {upload.name!r} does not tell the format. Choose it, or end the name in {known}."
                raise forms.ValidationError({"format": message})
        return values


class ImportForm(forms.Form):
    """How an upload comes in, beside what its columns are."""

    split = forms.ChoiceField(
        label="Split where none is given",
        required=False,
        choices=[("", "pool"), *((name, name) for name in SPLITS if name != "pool")],
    )
    licence = forms.CharField(label="Licence where none is given", required=False, max_length=MAX_LICENCE)
    on_conflict = forms.ChoiceField(
        label="When the key is already there", choices=ImportRun.OnConflict.choices
    )
    stop_after = forms.IntegerField(
        label="Stop after so many bad rows", min_value=1, max_value=MOST_BAD, initial=STOP_AFTER
    )


@dataclass(frozen=True)
class Told:
    """What the form says of columns and labels, by the names of its fields: `column-3`, `label:positive`."""

    columns: dict[str, str]
    labels: dict[str, str | None]

    @classmethod
    def by(cls, sent: QueryDict, columns: list[str]) -> Told | None:
        """None where the form was not sent yet."""
        if "column-0" not in sent:
            return None
        labels: dict[str, str | None] = {}
        for name in sent:
            mark, _, value = name.partition(":")
            if mark == "label" and sent[name] != AS_IT_IS:
                labels[value] = None if sent[name] == KEPT_OUT else str(sent[name])
        return cls({name: sent.get(f"column-{place}", "") for place, name in enumerate(columns)}, labels)

    def mapping(self, *, split: str, licence: str) -> dict[str, Any]:
        """As `Mapping.of` reads it."""
        key = [name for name, to in self.columns.items() if to == "key"]
        defaults = {"split": split, "licence": licence}
        named = {"columns": self.columns, "key": key, "labels": self.labels}
        return {**named, "defaults": defaults, "others": OTHERS[1]}


class WebhookForm(forms.Form):
    """Where to post, and of what. Whether the address may be posted to is for the service to say."""

    url = forms.CharField(
        label="Address",
        help_text="Every message is posted here, signed.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "https://example.org/hooks"}
        ),
    )
    events = forms.MultipleChoiceField(
        label="Events",
        choices=[(name, f"{topic.words}: {name}") for name, topic in TOPICS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event to be told of."},
    )


class ExportForm(forms.Form):
    """What is exported is chosen before the form; it offers the formats and versions that fit."""

    what = forms.ChoiceField(choices=list(WHAT.items()), widget=forms.HiddenInput)
    version = forms.ChoiceField(label="Version", required=False)
    format = forms.ChoiceField(label="Format", widget=forms.RadioSelect)
    benchmark = forms.BooleanField(
        label="Benchmark rows, too",
        required=False,
        help_text="Whoever trains on them can no longer be measured by them.",
    )
    names = forms.BooleanField(
        label="People by name",
        required=False,
        help_text="Otherwise each has a pseudonym, the same in every export of this project.",
    )

    def __init__(
        self, *args: Any, project: Project, what: str = "", version: str = "", **kwargs: Any
    ) -> None:
        what = what if what in WHAT else "examples"
        super().__init__(
            *args, **{"initial": {"what": what, "version": version, "format": "parquet"}, **kwargs}
        )
        found = choices(project=project, what=what)
        self.chosen, self.whats = what, list(WHAT.items())  # `form.what` is the field
        self.why_not = [one for one in found if one.why_not]
        self.fields["format"].choices = [  # type: ignore[attr-defined]
            (one.name, f"{one.format.words}: {one.format.about}") for one in found if not one.why_not
        ]
        self._offer_versions(
            [(one.digest, f"{one} · {one.digest[:8]}") for one in versions(project=project, what=what)]
        )
        for name, of in (("benchmark", ("examples", "annotations")), ("names", ("annotations",))):
            if what not in of:
                del self.fields[name]

    def _offer_versions(self, found: list[tuple[str, str]]) -> None:
        self.has_versions = self.chosen in ("dataset", "curriculum")
        self.nothing = self.has_versions and not found
        if self.has_versions:
            self.fields["version"].choices = found  # type: ignore[attr-defined]
            self.fields["version"].required = True
        else:
            del self.fields["version"]
