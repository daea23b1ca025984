"""The model a fit begins from, or is compared with. Its classes may differ where the protocol's options changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from workers.learner.chance import generator
from workers.learner.contract import FitSpec, SpecError
from workers.learner.examples import Reader
from workers.learner.inference import log_probabilities
from workers.learner.model import Model, fresh_net, load_model
from workers.learner.recipes.base import Features, Params, Recipe, Settings
from workers.learner.rows import Examples
from workers.learner.training import Course

NET_PARAMS_MEND = "choose warm_start 'fresh', or the base's recipe with its shape parameters"


@dataclass(frozen=True)
class Base:
    """The base beside the course it is compared with, over the s classes that both know, in the spec's order."""

    model: Model
    course: Course

    @property
    def shared(self) -> tuple[str, ...]:
        """The spec's classes that the base knows too."""
        return tuple(name for name in self.course.spec.classes if name in self.model.classes)

    @property
    def may_pull(self) -> bool:
        """Whether the fit can be held close to the base: both have to know the same classes."""
        return set(self.model.classes) == set(self.course.spec.classes)

    @property
    def can_compare(self) -> bool:
        """Whether drift means anything: one shared class alone always has probability 1."""
        return len(self.shared) > 1

    def narrowed(self, log_probs: Tensor) -> Tensor:
        """The new model's log-probabilities (n, k) over the shared classes alone: (n, s), each row sums to 1."""
        return _over(log_probs, self.course.spec.classes, self.shared)

    def log_probabilities(self, examples: Examples, path: Path, *, training: bool) -> Tensor:
        """The base's, (n, s), on the rows of a file that was read into `examples`; each row sums to 1."""
        features = self._features(examples, path, training=training)
        net = self.model.net.to(self.course.fleet.device)
        found = log_probabilities(
            net,
            features,
            torch.arange(len(features)),
            classes=len(self.model.classes),
            fleet=self.course.fleet,
            pause=self.course.watch.check,
        )
        return _over(found, self.model.classes, self.shared)

    def _features(self, examples: Examples, path: Path, *, training: bool) -> Features:
        model = self.model
        if (model.recipe.name, model.settings) == (self.course.recipe.name, examples.settings):
            return examples.features
        # the base sees its own features of the same rows, whose labels it may not know
        reader = Reader(model.recipe, model.params, self.course.spec.classes, self.course.watch.check)
        if training:
            return reader.training(path, len(self.course.spec.stages), model.settings).features
        return reader.evaluation(path, model.settings).features


def _over(log_probs: Tensor, classes: tuple[str, ...], shared: tuple[str, ...]) -> Tensor:
    """(n, k) log-probabilities of `classes` → (n, s) of `shared`, renormalised where classes are left out."""
    if shared == classes:
        return log_probs
    chosen = log_probs[:, [classes.index(name) for name in shared]]
    return chosen if len(shared) == len(classes) else chosen.log_softmax(1)


def load_base(spec: FitSpec) -> Model | None:
    """The base, if the spec names one; raises `SpecError` when a warm start needs other classes than it has."""
    if spec.base is None:
        return None
    model = load_model(spec.base)
    if spec.warm_start != "fresh" and model.classes != spec.classes:
        raise SpecError(
            f"warm_start: the base's classes are {', '.join(model.classes)} and the spec's are "
            f"{', '.join(spec.classes)}; choose warm_start 'fresh', or the same classes in the same order."
        )
    return model


def kept_settings(spec: FitSpec, recipe: Recipe, base: Model | None) -> Settings | None:
    """A warm start reads its input as the base does; a fresh one lets the first row decide."""
    if base is None or spec.warm_start == "fresh":
        return None
    if base.recipe.name != recipe.name:
        raise SpecError(
            f"warm_start: the base was made by {base.recipe.name}, not {recipe.name}; {NET_PARAMS_MEND}."
        )
    return base.settings


def first_net(
    spec: FitSpec, recipe: Recipe, params: Params, settings: Settings, base: Model | None
) -> nn.Module:
    """Where the full fit begins; raises `SpecError` where the base's net has another shape.

    Shrink and perturb: Ash & Adams 2020.
    """
    fresh = fresh_net(recipe, params, settings, len(spec.classes), generator(spec.seed, "fit", "weights"))
    if base is None or spec.warm_start == "fresh":
        return fresh
    taught = base.net.state_dict()
    if {name: part.shape for name, part in taught.items()} != {
        n: p.shape for n, p in fresh.state_dict().items()
    }:
        raise SpecError(
            f"warm_start: the base's net has another shape than these params make; {NET_PARAMS_MEND}."
        )
    shrink, perturb = (1.0, 0.0) if spec.warm_start == "continue" else (params["shrink"], params["perturb"])
    mixed = {name: shrink * taught[name] + perturb * part for name, part in fresh.state_dict().items()}
    fresh.load_state_dict(mixed)
    return fresh
