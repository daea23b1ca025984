"""predict: probabilities and embeddings for any number of rows, one batch in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from workers.learner import rows
from workers.learner.contract import PredictSpec
from workers.learner.fleet import Fleet, settle_torch
from workers.learner.inference import apply
from workers.learner.lines import Lines
from workers.learner.model import Model, load_model
from workers.learner.outputs import probability_column, write_aside
from workers.learner.watch import Watch

SCHEMA = pa.schema(
    [("key", pa.string()), ("probs", pa.list_(pa.float32())), ("embedding", pa.list_(pa.float32()))]
)
TELL_EVERY = 0.5  # seconds
ROW_GROUP = 8192


def predict(*, spec: PredictSpec, lines: Lines, watch: Watch) -> None:
    """Write key, probs (k,) and embedding (e,) of every row to `spec.out`, in their order; raises `LearnerError`."""
    settle_torch(spec.threads)
    device = Fleet(spec.device).device
    model = load_model(spec.model)
    total = rows.open_parquet(spec.rows).metadata.num_rows
    lines.say(
        "started",
        recipe=model.recipe.name,
        model=model.digest,
        device=str(device),
        threads=spec.threads,
        total=total,
    )
    spec.out.parent.mkdir(parents=True, exist_ok=True)
    session = Session(spec, model, device, total, lines, watch)
    try:
        write_aside(spec.out, session.write)
    except BaseException:
        spec.out.with_name(f".{spec.out.name}.aside").unlink(missing_ok=True)
        raise
    seconds = round(watch.elapsed(), 3)
    lines.say("report", path=str(spec.out), rows=total, model=model.digest, seconds=seconds)


@dataclass(frozen=True)
class Session:
    """One file of predictions on its way."""

    spec: PredictSpec
    model: Model
    device: torch.device
    total: int
    lines: Lines
    watch: Watch

    def write(self, path: Path) -> None:
        """Write all predictions to this path, telling progress, in row groups that readers like."""
        waiting: list[pa.RecordBatch] = []
        done, told = 0, self.watch.elapsed()
        with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
            for batch in self.predicted():
                waiting.append(batch)
                done += batch.num_rows
                # readers are slow on files of many small row groups
                if done == self.total or sum(part.num_rows for part in waiting) >= ROW_GROUP:
                    writer.write_table(pa.Table.from_batches(waiting))
                    waiting.clear()
                if done == self.total or self.watch.elapsed() - told >= TELL_EVERY:
                    told = self.watch.elapsed()
                    self.tell(done, told)
                self.watch.check()

    def predicted(self) -> Iterator[pa.RecordBatch]:
        """The rows' predictions, `spec.batch` at a time, on the CPU."""
        model, net = self.model, self.model.net.to(self.device)
        for chunk in rows.read_chunks(self.spec.rows, rows.PREDICT_COLUMNS, self.spec.batch):
            read = rows.features(chunk, model.recipe, model.settings, rows.payloads(chunk))
            log_probs, embedding = apply(net, read, torch.arange(len(read)), self.device)
            columns = [
                pa.array(chunk.columns["key"], pa.string()),
                probability_column(log_probs.exp().numpy()),
                probability_column(embedding.numpy()),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)

    def tell(self, done: int, elapsed: float) -> None:
        """Say how many rows are done, and the seconds left at this pace."""
        left = round(elapsed / done * (self.total - done), 1)
        self.lines.say("progress", phase="predict", done=done, total=self.total, seconds_left=left)
