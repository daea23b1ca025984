"""Forms of proposals."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.datasets.models import DatasetVersion
from apps.projects.models import Project


class ProposeForm(forms.Form):
    """Which dataset version is staged and weighed, and what its readers should know."""

    dataset: forms.ModelChoiceField[DatasetVersion] = forms.ModelChoiceField(
        queryset=DatasetVersion.objects.none(), label="Dataset version", empty_label=None
    )
    note = forms.CharField(
        label="Note for the approver",
        required=False,
        max_length=4_000,
        help_text="What is new, and why it should be taught.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = project.dataset_versions.order_by("-number")
        self.fields["dataset"].queryset = versions  # type: ignore[attr-defined]
        self.fields["dataset"].label_from_instance = lambda d: f"v{d.number}, {d.rows} rows"  # type: ignore[attr-defined]
