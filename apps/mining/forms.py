"""The form that starts a mining run, and the filters of a queue's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from apps.annotation.domain import PRIORITIES
from apps.annotation.models import Task
from apps.annotation.queries.open import Selection
from apps.core.errors import BadInput
from apps.mining.domain import Policy
from apps.projects.models import Project
from apps.projects.queries import audiences
from apps.registry.queries import production

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
        help_text="Nobody else is served these tasks. A group needs as many people as there are answers per task.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reserved_for"].choices = audiences(project=project)  # type: ignore[attr-defined]
        self.by_chance = production(project=project) is None
        for name in ("label_error", "margin") if self.by_chance else ():
            field = self.fields[name]
            field.initial, field.disabled, field.help_text = 0, True, "Once a model is in production."

    def clean_reserved_for(self) -> str:
        return self.cleaned_data["reserved_for"] or DEFAULT.reserved_for

    def refuse(self, error: BadInput) -> None:
        """Say what the service found wrong, beside its field."""
        field = str(error.detail.get("field", ""))
        self.add_error(field if field in self.fields else None, error.message)


REASONS = [reason for reason in Task.Reason if reason != Task.Reason.GOLD]
FILTERS: dict[str, Sequence[str]] = {"reason": REASONS, "priority": list(PRIORITIES)}
"""What the filters of a choice can be."""
MOST = 1_000_000


def selection_from(data: QueryDict) -> Selection:
    """The open tasks that a request means; raises `BadInput` naming the field and the mend."""
    for name, allowed in FILTERS.items():
        if data.get(name) and data[name] not in allowed:
            raise BadInput(f"{name} is {data[name][:40]!r}; choose one of {', '.join(allowed)}.", field=name)
    return Selection(
        keys=tuple(data.getlist("keys")),
        reason=data.get("reason", ""),
        attributes=_attributes(data.get("attributes", "")),
        reserved_for=data.get("reserved_for", ""),
        priority=data.get("priority", ""),
        n=_number_of_tasks(data.get("n", "").strip()),
    )


def _attributes(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not (name.strip() and sign) for name, sign, _ in pairs):
        raise BadInput(
            f"An attribute is written as name=value, such as lang=de, not {text[:40]!r}.", field="attributes"
        )
    return {name.strip(): value.strip() for name, _, value in pairs}


def _number_of_tasks(text: str) -> int | None:
    if text and not (text.isdecimal() and len(text) <= 7 and 1 <= int(text) <= MOST):
        raise BadInput(f"How many is a whole number from 1 to {MOST:,}, not {text[:20]!r}.", field="n")
    return int(text) if text else None


def address_of(selection: Selection) -> str:
    """The filters as they stand in the address of the page."""
    attributes = ",".join(f"{name}={value}" for name, value in selection.attributes.items())
    given = {
        "reason": selection.reason,
        "attributes": attributes,
        "reserved_for": selection.reserved_for,
        "priority": selection.priority,
    }
    return urlencode({name: value for name, value in given.items() if value})
