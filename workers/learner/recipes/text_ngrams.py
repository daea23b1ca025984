"""text-ngrams: hashed word and character n-grams, summed embeddings, one linear layer."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workers.learner.recipes.base import (
    Draw,
    Inputs,
    Params,
    Payload,
    PayloadError,
    Recipe,
    Settings,
    training_params,
    whole,
)

WORD = re.compile(r"\w+|[^\w\s]")

PARAMS = {
    **training_params(rate=0.01, weight_decay=0.01, label_smoothing=0.05, batch=32),
    "buckets": whole(32768, 256, 4_194_304, "n-grams are hashed into this many"),
    "embedding": whole(64, 2, 1024, "size of the penultimate layer"),
    "shortest": whole(3, 1, 8, "length of the shortest character n-grams"),
    "longest": whole(5, 1, 8, "length of the longest character n-grams"),
    "max_chars": whole(10_000, 1, 1_000_000, "text beyond is not read"),
}


class Net(nn.Module):
    """A sum of hashed n-grams' vectors, one layer above it: Joulin et al. 2017, with n-grams of characters."""

    def __init__(self, buckets: int, embedding: int, classes: int) -> None:
        super().__init__()
        self.grams = nn.EmbeddingBag(buckets, embedding, mode="sum")
        self.offset = nn.Parameter(torch.zeros(embedding))
        self.head = nn.Linear(embedding, classes)

    def forward(self, grams: Tensor, starts: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Grams (g,), each row's start (n,), weights (g,) → logits (n, k), embedding (n, e)."""
        embedding = F.relu(self.grams(grams, starts, per_sample_weights=weights) + self.offset)
        return self.head(embedding), embedding


@dataclass(frozen=True)
class Texts:
    """Rows of unequal length, end to end: row i is [starts[i], starts[i + 1])."""

    grams: Tensor  # int32
    weights: Tensor  # float32; each row has length 1
    starts: Tensor  # (n + 1,) int64

    def __len__(self) -> int:
        return self.starts.shape[0] - 1

    def take(self, index: Tensor) -> Inputs:
        """Grams (g,), starts (m,) and weights (g,) of these rows, end to end."""
        lengths = self.starts[index + 1] - self.starts[index]
        ends = lengths.cumsum(0)
        starts = ends - lengths
        where = torch.repeat_interleave(self.starts[index] - starts, lengths) + torch.arange(
            int(lengths.sum())
        )
        return self.grams[where].long(), starts, self.weights[where]


def settle(payload: Payload, params: Params) -> Settings:
    """The field and the n-grams' settings, as the first payload and the parameters have them; raises `PayloadError`."""
    name = params["field"] or next((name for name, value in payload.items() if isinstance(value, str)), None)
    if name is None:
        raise PayloadError(0, "has no text field; add one, or choose another recipe")
    lengths = sorted((params["shortest"], params["longest"]))
    return {
        "field": name,
        "buckets": params["buckets"],
        "shortest": lengths[0],
        "longest": lengths[1],
        "max_chars": params["max_chars"],
    }


def featurise(payloads: Sequence[Payload], settings: Settings) -> Texts:
    """n payloads → hashed n-grams, counts damped by 1 + log and scaled to length 1; raises `PayloadError`."""
    grams: list[int] = []
    weights: list[float] = []
    starts = [0]
    for place, payload in enumerate(payloads):
        text = payload.get(settings["field"])
        if not isinstance(text, str):
            raise PayloadError(place, f"field '{settings['field']}' is no text; give a string")
        counts = Counter(hashed(text[: settings["max_chars"]].lower(), settings))
        damped = [1.0 + math.log(count) for count in counts.values()]
        length = math.sqrt(sum(weight * weight for weight in damped))
        grams.extend(counts)
        weights.extend(weight / length for weight in damped)
        starts.append(len(grams))
    return Texts(torch.tensor(grams, dtype=torch.int32), torch.tensor(weights), torch.tensor(starts))


def hashed(text: str, settings: Settings) -> Iterator[int]:
    """Buckets of all words, pairs of words and character n-grams; crc32 is the same on every machine."""
    words = WORD.findall(text)
    for word in words:
        yield from word_buckets(word, settings["shortest"], settings["longest"], settings["buckets"])
    for pair in pairwise(words):
        yield zlib.crc32("\x02".join(pair).encode(errors="replace")) % settings["buckets"]


@lru_cache(maxsize=100_000)
def word_buckets(word: str, shortest: int, longest: int, buckets: int) -> tuple[int, ...]:
    """Buckets in [0, buckets) of the word and of its character n-grams of `shortest` to `longest`, ends marked."""
    fenced = f"<{word}>"
    spans = (
        fenced[at : at + size]
        for size in range(shortest, longest + 1)
        for at in range(len(fenced) - size + 1)
    )
    return tuple(zlib.crc32(gram.encode(errors="replace")) % buckets for gram in ("\x01" + word, *spans))


def join(parts: Sequence[Texts]) -> Texts:
    """The parts' rows, one after the other."""
    sizes = torch.tensor([0, *(part.grams.shape[0] for part in parts)]).cumsum(0)
    starts = [part.starts[1:] + sizes[place] for place, part in enumerate(parts)]
    return Texts(
        torch.cat([part.grams for part in parts]),
        torch.cat([part.weights for part in parts]),
        torch.cat([torch.zeros(1, dtype=torch.int64), *starts]),
    )


def build(settings: Settings, params: Params, classes: int) -> nn.Module:
    """An untaught net for the settled input."""
    return Net(settings["buckets"], params["embedding"], classes)


def augment(inputs: Inputs, params: Params, draw: Draw) -> Inputs:
    """Texts are shown as they are."""
    return inputs


RECIPE: Recipe = Recipe("text-ngrams", PARAMS, settle, featurise, join, build, augment)
