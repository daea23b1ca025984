"""predict: probabilities and embeddings for any number of rows, one batch in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
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
TELL_EVERY = 0.5


def predict(*, spec: PredictSpec, lines: Lines, watch: Watch) -> None:
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
    try:
        write_aside(spec.out, lambda aside: write_batches(aside, spec, model, device, total, lines, watch))
    except BaseException:
        spec.out.with_name(f".{spec.out.name}.aside").unlink(missing_ok=True)
        raise
    lines.say("report", path=str(spec.out), rows=total, model=model.digest, seconds=round(watch.elapsed(), 3))


def write_batches(
    path: Path, spec: PredictSpec, model: Model, device: torch.device, total: int, lines: Lines, watch: Watch
) -> None:
    done, told = 0, watch.elapsed()
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for batch in predicted(spec, model, device):
            writer.write_batch(batch)
            done += batch.num_rows
            watch.check()
            if done == total or watch.elapsed() - told >= TELL_EVERY:
                told = watch.elapsed()
                lines.say(
                    "progress",
                    phase="predict",
                    done=done,
                    total=total,
                    seconds_left=round(told / done * (total - done), 1),
                )


def predicted(spec: PredictSpec, model: Model, device: torch.device) -> Iterator[pa.RecordBatch]:
    net = model.net.to(device)
    for chunk in rows.read_chunks(spec.rows, rows.PREDICT_COLUMNS, spec.batch):
        read = rows.features(chunk, model.recipe, model.settings, rows.payloads(chunk))
        log_probs, embedding = apply(net, read, torch.arange(len(read)), device)
        columns = [
            pa.array(chunk.columns["key"], pa.string()),
            probability_column(log_probs.exp().numpy()),
            probability_column(embedding.numpy()),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
