"""Forms of rounds: the reflection, and a new project."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.rounds.history import Hints


def _text(label: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}))


class ReflectionForm(forms.Form):
    """Four answers, with numbers to think with under each."""

    expected = _text("What did we expect?")
    observed = _text("What did we observe?")
    cause = _text("Why?")
    action = _text("What will we do next?")

    def __init__(self, *args: Any, hints: Hints | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, hint in (vars(hints) if hints else {}).items():
            self.fields[name].help_text = hint


class ProjectForm(forms.Form):
    """A new project; its maker becomes its first admin."""

    name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    slug = forms.SlugField(
        label="Slug", max_length=50, help_text="Part of its address: lower-case letters, digits and hyphens.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    description = forms.CharField(
        label="Description", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
