"""The upload form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.safestring import mark_safe

from apps.exchange.domain.webhooks import TOPICS
from apps.exchange.models import ImportRun

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
