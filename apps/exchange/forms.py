"""The forms of imports and exports."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.safestring import mark_safe

from apps.exchange.domain.formats import WHAT
from apps.exchange.domain.webhooks import TOPICS
from apps.exchange.models import ImportRun
from apps.exchange.queries.exports import choices, versions
from apps.projects.models import Project

ENDINGS = {
    ".ndjson": ImportRun.Format.NDJSON,
    ".jsonl": ImportRun.Format.NDJSON,
    ".csv": ImportRun.Format.CSV,
    ".parquet": ImportRun.Format.PARQUET,
    ".pq": ImportRun.Format.PARQUET,
    ".zip": ImportRun.Format.IMAGES,
}


class UploadForm(forms.Form):
    """A file of rows; its format is guessed from its name unless it is said."""

    file = forms.FileField(
        label="File",
        help_text=mark_safe(
            "NDJSON, CSV or Parquet; one example per row, with at least <code>key</code> and a payload."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(ENDINGS)}),
    )
    format = forms.ChoiceField(
        label="Format",
        required=False,
        choices=[("", "By the file's name"), *ImportRun.Format.choices],
    )
    on_conflict = forms.ChoiceField(
        label="When the key is already there", choices=ImportRun.OnConflict.choices
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        upload = values.get("file")
        if upload is not None and not values.get("format"):
            name = upload.name.lower()
            guess = next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)
            if guess is None:
                known = ", ".join(ENDINGS)
                message = f"The name {upload.name!r} does not tell the format. Choose it, or end the name in {known}."
                raise forms.ValidationError({"format": message})
            values["format"] = guess.value
        return values


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
