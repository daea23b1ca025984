"""The form that starts a mining run."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.mining.domain import Policy
from apps.projects.models import Project
from apps.projects.queries import audiences

DEFAULT = Policy()


def _number(
    label: str, initial: int, help_text: str, *, low: int = 0, high: int = 100_000
) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        initial=initial,
        min_value=low,
        max_value=high,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"class": "input--number", "inputmode": "numeric"}),
    )


class PolicyForm(forms.Form):
    """How many tasks of each reason, how many people answer each, and who these are."""

    audit = _number(
        "Audit sample", DEFAULT.audit, "Drawn at random from everything. Only these let us say how often the "
        "model is wrong where nobody looked.", low=1,
    )  # fmt: skip
    label_error = _number(
        "Suspected label errors", DEFAULT.label_error, "Labelled examples whose given label the model, not "
        "trained on them, finds least likely.",
    )  # fmt: skip
    margin = _number(
        "Smallest margins", DEFAULT.margin, "Unlabelled examples between whose two likeliest classes the model "
        "can hardly choose: it learns most from these.",
    )  # fmt: skip
    overlap = _number(
        "Answers per task", DEFAULT.overlap, "Two people show where they disagree; one is cheaper and blinder.",
        low=1, high=9,
    )  # fmt: skip
    reserved_for = forms.ChoiceField(
        label="For",
        initial=DEFAULT.reserved_for,
        required=False,
        help_text="Nobody else is served these tasks. They must be as many people as there are answers per task.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reserved_for"].choices = audiences(project=project)  # type: ignore[attr-defined]

    def clean_reserved_for(self) -> str:
        return self.cleaned_data["reserved_for"] or DEFAULT.reserved_for
