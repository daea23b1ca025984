"""What a recipe is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from torch import Generator, Tensor, nn

Payload: TypeAlias = dict[str, Any]
Params: TypeAlias = dict[str, Any]
Settings: TypeAlias = dict[str, Any]
Inputs: TypeAlias = tuple[Tensor, ...]


class PayloadError(Exception):
    """A payload the recipe cannot read: its place in the batch, and what is wrong with it."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


class Features(Protocol):
    """Payloads as tensors, kept compact; `take` makes a batch of inputs for the net."""

    def __len__(self) -> int: ...
    def take(self, index: Tensor) -> Inputs:
        """The net's inputs for these rows (m,)."""


@dataclass(frozen=True)
class Draw:
    """Chance for augmentation: draw for all `whole` rows of the batch, use the rows in `share`.

    Drawing only for one's share would show many processes other inputs than one.
    """

    generator: Generator
    whole: int
    share: Tensor


@dataclass(frozen=True)
class Param:
    """One parameter: its default, what it means, what it may be, in words and as a test."""

    default: Any
    meaning: str
    allowed: str
    allows: Callable[[Any], bool]


@dataclass(frozen=True)
class Recipe:
    """A training procedure. `build` returns a net whose forward gives (logits (n, k), embedding (n, e))."""

    name: str
    params: Mapping[str, Param]
    settle: Callable[[Payload, Params], Settings]
    featurise: Callable[[Sequence[Payload], Settings], Features]
    join: Callable[[Sequence[Any]], Features]
    build: Callable[[Settings, Params, int], nn.Module]
    augment: Callable[[Inputs, Params, Draw], Inputs]


def whole(default: int, low: int, high: int, meaning: str) -> Param:
    """A parameter that is a whole number in [low, high]."""

    def allows(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Param(default, meaning, f"a whole number from {low} to {high}", allows)


def number(default: float, low: float, high: float, meaning: str) -> Param:
    """A parameter that is a finite number in [low, high]."""

    def allows(value: Any) -> bool:
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        return plain and math.isfinite(value) and low <= value <= high

    return Param(default, meaning, f"a number from {low:g} to {high:g}", allows)


def maybe_name(meaning: str) -> Param:
    """A parameter that is a name, or null for none."""
    return Param(
        None,
        meaning,
        "a name or null",
        lambda value: value is None or (isinstance(value, str) and value != ""),
    )


def training_params(
    *, rate: float, weight_decay: float, label_smoothing: float, batch: int
) -> dict[str, Param]:
    """What every recipe can be told about training, with its own defaults."""
    return {
        "rate": number(rate, 1e-6, 1.0, "peak learning rate"),
        "warmup": number(0.1, 0.0, 0.9, "share of the steps in which the learning rate rises"),
        "weight_decay": number(weight_decay, 0.0, 1.0, "decoupled, on matrices only"),
        "label_smoothing": number(label_smoothing, 0.0, 0.5, "share of a hard label spread over all classes"),
        "kl_beta": number(0.0, 0.0, 100.0, "strength of the pull KL(base || model) towards the base"),
        "shrink": number(0.6, 0.0, 1.0, "shrink_perturb: factor on the base's weights"),
        "perturb": number(0.1, 0.0, 1.0, "shrink_perturb: factor on the fresh weights added"),
        "batch": whole(batch, 1, 65536, "rows a step"),
        "field": maybe_name("payload field to read; null takes the first that fits"),
    }
