"""The form of a new token."""

from __future__ import annotations

from django import forms


class TokenForm(forms.Form):
    """What it is for, and for how long it signs in."""

    name = forms.CharField(
        label="What is it for?",
        max_length=80,
        help_text="A name to tell it apart by, such as “labelling script”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(
        label="Good for", choices=[(30, "30 days"), (90, "90 days"), (365, "a year")], initial=90, coerce=int
    )
