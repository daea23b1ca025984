"""fit: read, train, cross-fit, evaluate, report."""

from __future__ import annotations

import hashlib
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from workers.learner.base import Base, first_net, kept_settings, load_base
from workers.learner.checkpoint import Checkpoints
from workers.learner.contract import CONTRACT, FitSpec, canonical
from workers.learner.cross_fit import cross_fit, deal_folds, write_cross_fit
from workers.learner.evaluation import correct_rows, evaluation_table, mean_kl, slices, write_evaluation
from workers.learner.examples import Reader
from workers.learner.fleet import Fleet, settle_torch
from workers.learner.inference import log_probabilities
from workers.learner.lines import Lines
from workers.learner.model import Model, save_model
from workers.learner.outputs import finished_report, sole_writer, write_json, write_parquet
from workers.learner.recipes import find_recipe, full_params
from workers.learner.rows import Examples
from workers.learner.training import Course, Lesson, Pace, Trainer
from workers.learner.watch import Watch


@dataclass(frozen=True)
class Sitting:
    """A fit with everything read and checked; nothing is written before it stands."""

    course: Course
    evaluate: Mapping[str, Examples]
    base: Base | None
    folds: Any


def fit(*, spec: FitSpec, lines: Lines, watch: Watch) -> None:
    """Run the spec to its report, and say where that lies; a finished one is only named. Raises `LearnerError`."""
    settle_torch(spec.threads)
    fleet = Fleet(spec.device)
    lines.say(
        "started",
        recipe=spec.recipe,
        spec_digest=spec.digest,
        device=str(fleet.device),
        threads=spec.threads,
        processes=fleet.world,
        seed=spec.seed,
    )
    sitting = prepare(spec, fleet, lines, watch)
    if fleet.writes:
        with sole_writer(spec.out):
            report = finished_report(spec.out, spec.digest) or teach(sitting)
        lines.say("report", path=str(report))
    else:
        teach(sitting)
    fleet.leave()


def prepare(spec: FitSpec, fleet: Fleet, lines: Lines, watch: Watch) -> Sitting:
    """Read and check everything the spec names; raises `LearnerError` with the mend, and writes nothing."""
    recipe = find_recipe(spec.recipe)
    params = full_params(recipe, dict(spec.overrides))
    base = load_base(spec)
    reader = Reader(recipe, params, spec.classes, watch.check)
    examples = reader.training(spec.rows, len(spec.stages), kept_settings(spec, recipe, base))
    evaluate = {name: reader.evaluation(path, examples.settings) for name, path in spec.evaluate.items()}
    folds = (
        deal_folds(examples.contents, examples.labels, spec.cross_fit, spec.seed) if spec.cross_fit else None
    )
    pace = Pace(total=sum(stage.epochs for stage in spec.stages) * (1 + spec.cross_fit))
    checkpoints = Checkpoints(spec.out, spec.digest)
    watch.used, watch.budget = checkpoints.seconds_used(), spec.budget_seconds
    course = Course(spec, recipe, params, examples, fleet, lines, watch, checkpoints, pace)
    return Sitting(course, evaluate, Base(base, course) if base else None, folds)


def teach(sitting: Sitting) -> Path:
    """Everything between the checks and the report."""
    course, base = sitting.course, sitting.base
    before = None
    if base is not None and base.can_compare:
        before = base.log_probabilities(course.examples, course.spec.rows, training=True)
    trainer = fit_all(sitting, before)
    out_of_fold = cross_fit(course, sitting.folds) if course.spec.cross_fit else None
    found = evaluate_all(sitting, trainer, before)
    report = course.spec.out / "report.json"
    if course.fleet.writes:
        manifest = write_model(course, trainer)
        write_dynamics(course, trainer)
        if out_of_fold is not None:
            write_cross_fit(course.spec.out, course.examples, sitting.folds, out_of_fold)
        write_evaluation(course.spec.out, found.tables)
        content = {
            "model": {name: manifest[name] for name in ("digest", "weights_sha256")},
            "epochs": trainer.history,
            "slices": found.slices,
            "drift": found.drift,
            "drift_classes": list(base.shared) if base else None,
            "cross_fit": _folds_said(sitting, out_of_fold),
        }
        write_json(report, complete(course, content))
        course.checkpoints.clear()
    return report


def fit_all(sitting: Sitting, before: Tensor | None) -> Trainer:
    """The net taught on every row; `before` (n, s) are the base's log-probabilities, which may hold it close."""
    course, base = sitting.course, sitting.base
    everyone = np.ones(len(course.examples.keys), bool)
    net = first_net(
        course.spec,
        course.recipe,
        course.params,
        course.examples.settings,
        base.model if base else None,
    )
    pull = before if base and base.may_pull else None
    trainer = Trainer(course, Lesson("fit", "fit", everyone), net, pull)
    trainer.run()
    return trainer


@dataclass
class Findings:
    """What the evaluate sets and the base say about the model."""

    tables: list[pa.Table]
    slices: dict[str, Any]
    drift: dict[str, float] | None


def evaluate_all(sitting: Sitting, trainer: Trainer, before: Tensor | None) -> Findings:
    """Every evaluate set in turn; drift in nats over the classes shared with the base, None where there is none."""
    course = sitting.course
    found = Findings([], {}, None)
    if before is not None and sitting.base is not None:
        after = course.log_probabilities(trainer.net, torch.arange(len(before)))
        found.drift = {"training": mean_kl(before, sitting.base.narrowed(after))}
    for done, name in enumerate(sitting.evaluate, start=1):
        evaluate_set(sitting, trainer, name, found)
        accuracy = found.slices[name]["overall"]["accuracy"]
        total = len(sitting.evaluate)
        course.lines.say("progress", phase="evaluate", set=name, done=done, total=total, accuracy=accuracy)
    return found


def evaluate_set(sitting: Sitting, trainer: Trainer, name: str, found: Findings) -> None:
    """Add one set's slices, table and drift to what was found."""
    course, examples, classes = sitting.course, sitting.evaluate[name], sitting.course.spec.classes
    everyone = torch.arange(len(examples.keys))
    log_probs = log_probabilities(
        trainer.net,
        examples.features,
        everyone,
        classes=len(classes),
        fleet=course.fleet,
        pause=course.watch.check,
    )
    found.slices[name] = slices(examples, correct_rows(examples, log_probs), classes)
    found.tables.append(evaluation_table(name, examples, log_probs, classes))
    if sitting.base and found.drift is not None:
        base = sitting.base.log_probabilities(examples, course.spec.evaluate[name], training=False)
        found.drift[name] = mean_kl(base, sitting.base.narrowed(log_probs))


def write_model(course: Course, trainer: Trainer) -> dict[str, Any]:
    """Weights and manifest into `out`; gives the manifest."""
    model = Model(
        course.recipe, course.params, course.examples.settings, course.spec.classes, trainer.net, ""
    )
    return save_model(course.spec.out, model)


def write_dynamics(course: Course, trainer: Trainer) -> None:
    """One line per row and epoch (counted from 1): the probability in [0, 1] of the row's label.

    Training dynamics: Swayamdipta et al. 2020.
    """
    epochs, keys = len(trainer.dynamics), course.examples.keys
    write_parquet(
        course.spec.out / "dynamics.parquet",
        pa.table(
            {
                "key": pa.array(keys * epochs, pa.string()),
                "epoch": pa.array(np.repeat(np.arange(1, epochs + 1), len(keys)), pa.int32()),
                "probability": pa.array(torch.cat(trainer.dynamics).numpy(), pa.float32()),
            }
        ),
    )


def complete(course: Course, content: dict[str, Any]) -> dict[str, Any]:
    """The report: what was found, its digest, and outside that what it cost and what it ran on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = course.watch.seconds()
    return {
        "contract": CONTRACT,
        "spec_digest": course.spec.digest,
        "digest": hashlib.sha256(canonical(content)).hexdigest(),
        **content,
        "resources": {
            "wall_seconds": round(seconds, 3),
            "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
            # macOS counts bytes where Linux counts kilobytes
            "peak_rss_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "device": str(course.fleet.device),
            "threads": course.spec.threads,
            "processes": course.fleet.world,
        },
        "budget": {
            "seconds": course.spec.budget_seconds,
            "used": round(seconds / course.spec.budget_seconds, 4),
        },
        "torch": torch.__version__,
    }


def _folds_said(sitting: Sitting, probs: Any) -> dict[str, Any] | None:
    if probs is None:
        return None
    accuracy = float((probs.argmax(1) == sitting.course.examples.labels).mean())
    return {"folds": sitting.course.spec.cross_fit, "accuracy": accuracy}
