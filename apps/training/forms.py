"""Forms of benchmarks and recipes."""

from __future__ import annotations

from typing import Any

from django import forms

from apps.core.errors import BadInput
from apps.core.input import read_json
from apps.training.domain import FOLDS, LEARNERS, MOST_SECONDS, GatePlan

PLAN = GatePlan()
CHOICES = [(name, f"{name}: {what}") for name, what in LEARNERS.items()]


def _share(label: str, initial: float, help_text: str) -> forms.FloatField:
    return forms.FloatField(
        label=label, initial=initial, min_value=0, max_value=0.999, help_text=help_text,
        widget=forms.NumberInput(attrs={"class": "input--number", "step": "any", "inputmode": "decimal"}),
    )  # fmt: skip


class BenchmarkForm(forms.Form):
    """A name and the plan by which candidates will be judged, fixed before any is measured."""

    name = forms.CharField(label="Name", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    margin = _share("Margin", PLAN.margin, "How much accuracy overall a candidate may lose at most.")
    slice_margin = _share("Margin per subgroup", PLAN.slice_margin, "The same, for each subgroup.")
    brier_margin = _share(
        "Margin of the Brier score", PLAN.brier_margin, "How much less true probabilities may be."
    )
    floor = _share("Floor", PLAN.floor, "Accuracy below which nothing is promoted.")
    slice_floor = _share("Floor per subgroup", PLAN.slice_floor, "The same, for each subgroup.")
    alpha = _share("α", PLAN.alpha, "Chance of a wrong pass that each check may take.")
    protected = forms.CharField(
        label="Attribute of the subgroups", required=False, max_length=80,
        help_text="Its values are judged one by one, such as “stroke”. Empty: no subgroups.",
    )  # fmt: skip
    superiority = forms.BooleanField(
        label="Has to be better overall", required=False, initial=True,
        help_text="Without this, small losses within the margin can add up over the rounds.",
    )  # fmt: skip

    @property
    def plan(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "name"}


class RecipeForm(forms.Form):
    """The next recipe version."""

    learner = forms.ChoiceField(label="Learner", choices=CHOICES)
    budget_seconds = forms.IntegerField(
        label="Budget in seconds", min_value=1, max_value=MOST_SECONDS, initial=300
    )
    cross_fit = forms.IntegerField(
        label="Folds", min_value=FOLDS[0], max_value=FOLDS[1], initial=5,
        help_text="More fits that give probabilities on rows the model has not seen. Mining needs them.",
    )  # fmt: skip
    params = forms.CharField(
        label="Parameters as JSON",
        initial="{}",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def clean_params(self) -> dict[str, Any]:
        try:
            value = read_json(self.cleaned_data["params"])
        except BadInput as error:
            raise forms.ValidationError(error.message) from error
        if not isinstance(value, dict):
            raise forms.ValidationError("The parameters are an object, such as {}.")
        return value
