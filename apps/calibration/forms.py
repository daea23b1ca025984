"""The form that makes examples gold."""

from __future__ import annotations

import csv
import io

from django import forms
from django.utils.html import format_html

MOST = 1_000


class GoldForm(forms.Form):
    """Lines of `key,label`, as typed or pasted from a CSV file."""

    lines = forms.CharField(
        label="Keys and known labels",
        help_text=format_html(
            "One <code>key,label</code> per line, at most {}. A key with a comma goes in quotes.", f"{MOST:,}"
        ),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "placeholder": "digit-0042,7"}),
    )

    def clean_lines(self) -> dict[str, str]:
        labels: dict[str, str] = {}
        for number, cells in enumerate(csv.reader(io.StringIO(self.cleaned_data["lines"])), start=1):
            if not "".join(cells).strip() or [cell.strip().lower() for cell in cells] == ["key", "label"]:
                continue
            if len(cells) != 2 or not all(cell.strip() for cell in cells):
                raise forms.ValidationError(
                    f"Line {number} is not `key,label`. Give both, with one comma between."
                )
            key, label = (cell.strip() for cell in cells)
            if labels.setdefault(key, label) != label:
                raise forms.ValidationError(
                    f"Line {number}: {key!r} stands twice with different labels. Keep one."
                )
        if not 0 < len(labels) <= MOST:
            raise forms.ValidationError(f"Give 1 to {MOST:,} lines; these are {len(labels):,}.")
        return labels
