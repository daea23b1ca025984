"""The one training loop: stages, epochs, steps, checkpoints. Full fits and folds run through it alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from workers.learner.chance import generator
from workers.learner.checkpoint import Checkpoints
from workers.learner.contract import FitSpec, LearnerError
from workers.learner.fleet import Fleet
from workers.learner.inference import log_probabilities
from workers.learner.lines import Lines
from workers.learner.optimiser import AdamW, rate_at
from workers.learner.recipes.base import Draw, Params, Recipe
from workers.learner.rows import Examples, RowsError
from workers.learner.sampler import draw_epoch, epoch_size, mix
from workers.learner.watch import Watch


class Diverged(LearnerError):
    """The loss is no number any more."""

    code = "diverged"


@dataclass
class Pace:
    """How far the run is, in epochs over all lessons; those of earlier starts do not count as speed."""

    total: int
    done: int = 0
    timed: int = 0

    def seconds_left(self, elapsed: float) -> float | None:
        """At this start's speed, in seconds; None before its first epoch is over."""
        return round(elapsed / self.timed * (self.total - self.done), 1) if self.timed else None


@dataclass(frozen=True)
class Course:
    """What all lessons of a run share."""

    spec: FitSpec
    recipe: Recipe
    params: Params
    examples: Examples
    fleet: Fleet
    lines: Lines
    watch: Watch
    checkpoints: Checkpoints
    pace: Pace

    def log_probabilities(self, net: nn.Module, rows: Tensor) -> Tensor:
        """The net's log-probabilities (n, k) on these rows (n,) of the training file."""
        return log_probabilities(
            net,
            self.examples.features,
            rows,
            classes=len(self.spec.classes),
            fleet=self.fleet,
            pause=self.watch.check,
        )


@dataclass(frozen=True)
class Lesson:
    """One net learning from the member rows; the name is also its checkpoint's."""

    name: str
    phase: str
    members: NDArray[np.bool_]
    fold: int | None = None


class Trainer:
    """One lesson: its net, its optimiser, where it stands, and what it has seen so far."""

    def __init__(self, course: Course, lesson: Lesson, net: nn.Module, base: Tensor | None = None) -> None:
        """`base` holds the base model's log-probabilities on all rows, for the pull towards it."""
        self.course, self.lesson = course, lesson
        self.net = net.to(course.fleet.device)
        self._wrapped = course.fleet.wrap(self.net)
        self._optimiser = AdamW(self.net, course.params["weight_decay"])
        self._base = base
        self._plan = [stage for stage, said in enumerate(course.spec.stages) for _ in range(said.epochs)]
        self._targets = smoothed(course.examples, course.params["label_smoothing"])
        self._weights = torch.from_numpy(course.examples.weights)
        self._mean_weight = float(course.examples.weights[lesson.members].mean()) or 1.0
        self._total_steps = sum(self._steps(stage) for stage in self._plan)
        self.epoch = self.step = 0
        self._loss_sum = 0.0
        self.history: list[dict[str, Any]] = []
        self.dynamics: list[Tensor] = []

    def run(self) -> None:
        """Trains to the end of the last stage, from the checkpoint if there is one."""
        self._resume()
        while self.epoch < len(self._plan):
            order = self._order()
            self._run_epoch(order)
            self._close_epoch(order)
            if self.epoch % self.course.spec.checkpoint_every == 0 or self.epoch == len(self._plan):
                self.save()

    def _run_epoch(self, order: Tensor) -> None:
        self._wrapped.train()
        steps = self._steps(self._plan[self.epoch])
        batches = torch.tensor_split(order, steps) if steps else ()
        while self.step < steps:
            self._pause()
            self._loss_sum += self._learn(batches[self.step])
            self.step += 1

    def _learn(self, batch: Tensor) -> float:
        """One step on one batch of row numbers; its summed loss over all processes."""
        fleet = self.course.fleet
        inputs, share = self._inputs(batch)
        logits, _ = self._wrapped(*inputs)
        losses = self._losses(logits, share)
        # divided by the whole batch and multiplied by the processes, since gradients are averaged over these
        loss = losses.sum() / len(batch) * fleet.world
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step(self._rate(self._optimiser.steps))
        total = float(fleet.total(losses.detach().sum()))
        if not math.isfinite(total):
            raise Diverged(
                f"The loss became {total} in stage '{self._stage_name()}'; lower the parameter 'rate'."
            )
        return total

    def _inputs(self, batch: Tensor) -> tuple[list[Tensor], Tensor]:
        """Our share of the batch: its augmented inputs on the device, its row numbers."""
        course = self.course
        share = course.fleet.share(torch.arange(len(batch)))
        chance = generator(course.spec.seed, self.lesson.name, "augment", self.epoch, self.step)
        inputs = course.examples.features.take(batch[share])
        inputs = course.recipe.augment(inputs, course.params, Draw(chance, len(batch), share))
        return [part.to(course.fleet.device) for part in inputs], batch[share]

    def _losses(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Σ w·CE(soft label) + β·KL(base‖model), per row: (n,)."""
        device, beta = self.course.fleet.device, self.course.params["kl_beta"]
        found = F.log_softmax(logits, dim=1)
        weights = self._weights[rows].to(device) / self._mean_weight
        losses = -(self._targets[rows].to(device) * found).sum(1) * weights
        if self._base is not None and beta > 0:
            base = self._base[rows].to(device)
            losses = losses + beta * (base.exp() * (base - found)).sum(1)
        return losses

    def _rate(self, step: int) -> float:
        params = self.course.params
        return rate_at(step, self._total_steps, peak=params["rate"], warmup=params["warmup"])

    def _close_epoch(self, order: Tensor) -> None:
        course, stage = self.course, self._plan[self.epoch]
        accuracy = self._look_back()
        place = self.epoch - self._plan.index(stage) + 1
        rate = self._rate(max(0, self._optimiser.steps - 1))
        drawn = mix(
            order, course.examples.stages, course.examples.labels, course.spec.stages, course.spec.classes
        )
        entry = {
            "stage": self._stage_name(),
            "epoch": place,
            "loss": self._loss_sum / max(1, len(order)),
            "accuracy": accuracy,
            "rate": rate,
            "mix": drawn,
        }
        self.history.append(entry)
        self.epoch, self.step, self._loss_sum = self.epoch + 1, 0, 0.0
        self._tell(entry)

    def _look_back(self) -> float:
        """Accuracy on the members' labels; a full fit also notes every row's probability of its label."""
        full = self.lesson.fold is None
        rows = torch.from_numpy(np.flatnonzero(self.lesson.members))
        try:
            found = self.course.log_probabilities(self.net, rows)
        except LearnerError:
            self.save()
            raise
        labels = torch.from_numpy(self.course.examples.labels)[rows]
        if full:
            self.dynamics.append(found.gather(1, labels[:, None])[:, 0].exp())
        return float((found.argmax(1) == labels).double().mean())

    def _tell(self, entry: dict[str, Any]) -> None:
        pace, lesson = self.course.pace, self.lesson
        pace.done += 1
        pace.timed += 1
        fold = {} if lesson.fold is None else {"fold": lesson.fold}
        told = {name: value for name, value in entry.items() if name != "rate"}
        self.course.lines.say(
            "progress",
            phase=lesson.phase,
            **fold,
            **told,
            done=pace.done,
            total=pace.total,
            seconds_left=pace.seconds_left(self.course.watch.elapsed()),
        )

    def _pause(self) -> None:
        try:
            self.course.watch.check()
        except LearnerError:
            self.save()
            raise

    def save(self, **extra: Tensor) -> None:
        """Everything the next start needs; `extra` tensors are a finished lesson's results."""
        course = self.course
        if not course.fleet.writes:
            return
        tensors = {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in self._optimiser.tensors().items()}
        tensors |= {"dynamics": torch.stack(self.dynamics)} if self.dynamics else {}
        position = {
            "epoch": self.epoch,
            "step": self.step,
            "optimiser_steps": self._optimiser.steps,
            "loss_sum": self._loss_sum,
            "history": self.history,
            "seconds": course.watch.seconds(),
        }
        path = course.checkpoints.save(self.lesson.name, {**tensors, **extra}, position)
        course.lines.say(
            "checkpoint", phase=self.lesson.phase, epoch=self.epoch, step=self.step, path=str(path)
        )

    def _resume(self) -> None:
        course = self.course
        stored = course.checkpoints.load(self.lesson.name)
        if stored is None:
            return
        tensors, position = stored
        self.net.load_state_dict(_under("net.", tensors))
        self._optimiser.load(_under("optimiser.", tensors), position["optimiser_steps"])
        self.dynamics = list(tensors["dynamics"]) if "dynamics" in tensors else []
        self.epoch, self.step = position["epoch"], position["step"]
        self._loss_sum, self.history = position["loss_sum"], position["history"]
        course.pace.done += self.epoch
        course.lines.say("resumed", phase=self.lesson.phase, epoch=self.epoch, step=self.step)

    def _order(self) -> Tensor:
        stage = self._plan[self.epoch]
        course, replay = self.course, self.course.spec.stages[stage].replay
        chance = generator(course.spec.seed, self.lesson.name, "order", self.epoch)
        return draw_epoch(course.examples.stages, self.lesson.members, stage, replay, chance)

    def _steps(self, stage: int) -> int:
        """Steps in an epoch of the stage; 0 where a fold holds out all of a small stage."""
        course = self.course
        said = course.spec.stages[stage]
        size = epoch_size(course.examples.stages, self.lesson.members, stage, said.replay)
        if 0 < size < course.fleet.world:
            raise RowsError(
                f"Stage '{said.name}' has {size} rows for {course.fleet.world} processes; start fewer."
            )
        # no batch may be smaller than the number of processes, for each must have a row
        return math.ceil(size / max(int(course.params["batch"]), 2 * course.fleet.world - 1))

    def _stage_name(self) -> str:
        return self.course.spec.stages[self._plan[self.epoch]].name


def smoothed(examples: Examples, share: float) -> Tensor:
    """Targets with hard labels smoothed; soft labels say already how sure they are."""
    targets = torch.from_numpy(examples.targets)
    hard = torch.from_numpy(examples.hard)[:, None]
    return torch.where(hard, targets * (1 - share) + share / targets.shape[1], targets)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
