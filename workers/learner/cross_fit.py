"""Out-of-fold probabilities: every row judged by a net that never saw its payload."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.learner.chance import generator
from workers.learner.model import fresh_net
from workers.learner.outputs import probability_column, write_parquet
from workers.learner.rows import Examples, RowsError
from workers.learner.training import Course, Lesson, Trainer


def deal_folds(contents: list[str], labels: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """(n,) fold of each row: equal payloads share one, and the labels are spread evenly."""
    first_label: dict[str, int] = {}
    for content, label in zip(contents, labels.tolist(), strict=True):
        first_label.setdefault(content, label)
    if len(first_label) < folds:
        raise RowsError(
            f"cross_fit: {folds} folds need as many different payloads, and there are {len(first_label)}; "
            "lower cross_fit."
        )
    # by label first, then by a salted hash: dealing round keeps every fold's labels alike
    dealt = sorted(first_label, key=lambda content: (first_label[content], _salted(content, seed)))
    fold_of = {content: place % folds for place, content in enumerate(dealt)}
    return np.array([fold_of[content] for content in contents], np.int64)


def cross_fit(course: Course, folds: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, k) probabilities. Always from fresh nets: the base may have been taught the very rows held out."""
    probs = np.zeros((len(folds), len(course.spec.classes)), np.float32)
    for fold in range(course.spec.cross_fit):
        held_out = np.flatnonzero(folds == fold)
        probs[held_out] = fit_fold(
            course, Lesson(f"fold-{fold}", "cross_fit", folds != fold, fold), held_out
        ).numpy()
    return probs


def fit_fold(course: Course, lesson: Lesson, held_out: NDArray[np.int64]) -> Tensor:
    """The held-out rows' probabilities (m, k); a fold that was finished by an earlier start is only read."""
    stored = course.checkpoints.load(lesson.name)
    if stored and "held_out" in stored[0]:
        course.pace.done += stored[1]["epoch"]
        return stored[0]["held_out"]
    chance = generator(course.spec.seed, lesson.name, "weights")
    net = fresh_net(course.recipe, course.params, course.examples.settings, len(course.spec.classes), chance)
    trainer = Trainer(course, lesson, net)
    trainer.run()
    probs = course.log_probabilities(net, torch.from_numpy(held_out)).exp()
    trainer.save(held_out=probs)
    return probs


def write_cross_fit(
    out: Path, examples: Examples, folds: NDArray[np.int64], probs: NDArray[np.float32]
) -> None:
    columns = {"key": examples.keys, "fold": pa.array(folds, pa.int32()), "probs": probability_column(probs)}
    write_parquet(out / "cross_fit.parquet", pa.table(columns))


def _salted(content: str, seed: int) -> str:
    return hashlib.blake2b(f"{seed}|{content}".encode(), digest_size=16).hexdigest()
