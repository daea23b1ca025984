"""image-cnn: two convolutions and two linear layers, for small pictures."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, UnidentifiedImageError
from torch import Tensor, nn

from workers.learner.recipes.base import (
    Draw,
    Inputs,
    Param,
    Params,
    Payload,
    PayloadError,
    Recipe,
    Settings,
    training_params,
    whole,
)

DATA_URI = re.compile(r"data:image/(?:png|jpeg);base64,", re.IGNORECASE)
LONGEST_SIDE = 64


def allows_size(value: Any) -> bool:
    """Null, or [height, width] of 4 to 512 pixels each."""
    pair = isinstance(value, list) and len(value) == 2
    return value is None or (pair and all(type(side) is int and 4 <= side <= 512 for side in value))


PARAMS = {
    **training_params(rate=0.01, weight_decay=0.05, label_smoothing=0.05, batch=32),
    "width": whole(16, 1, 512, "channels of the first convolution; the second has twice as many"),
    "embedding": whole(64, 2, 1024, "size of the penultimate layer"),
    "shift": whole(1, 0, 16, "training pictures move by up to this many pixels"),
    "size": Param(
        None, f"null: the first picture's, at most {LONGEST_SIDE}", "[height, width], 4 to 512", allows_size
    ),
    "max_pixels": whole(4_000_000, 16, 100_000_000, "larger pictures are refused unread"),
}


class Net(nn.Module):
    """Two convolutions, a pool to at most 8 by 8, one hidden layer."""

    def __init__(self, shape: tuple[int, int, int], filters: int, embedding: int, classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        self.near = nn.Conv2d(channels, filters, 3, padding=1)
        self.far = nn.Conv2d(filters, 2 * filters, 3, padding=1)
        # big pictures are pooled to a grid of at most 8 by 8, so the net does not grow with them
        self.grid = (max(1, min(8, height // 2)), max(1, min(8, width // 2)))
        self.fixed = self.grid == (height // 2, width // 2)
        self.embed = nn.Linear(2 * filters * self.grid[0] * self.grid[1], embedding)
        self.head = nn.Linear(embedding, classes)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (n, channels, height, width) in [0, 1] → logits (n, k), embedding (n, e)."""
        seen = F.relu(self.near(pixels))
        seen = F.max_pool2d(F.relu(self.far(seen)), 2)
        if not self.fixed:
            seen = F.adaptive_avg_pool2d(seen, self.grid)
        embedding = F.relu(self.embed(seen.flatten(1)))
        return self.head(embedding), embedding


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size, a byte a pixel."""

    pixels: Tensor  # (n, channels, height, width) uint8

    def __len__(self) -> int:
        return self.pixels.shape[0]

    def take(self, index: Tensor) -> Inputs:
        """(m, channels, height, width) in [0, 1]."""
        return (self.pixels[index].float() / 255.0,)


def settle(payload: Payload, params: Params) -> Settings:
    """Field, channels and size as the first picture has them, at most 64 pixels a side; raises `PayloadError`."""
    name = params["field"] or next((name for name, value in payload.items() if is_data_uri(value)), None)
    if name is None:
        raise PayloadError(0, "has no field with a PNG or JPEG data URI; add one, or choose another recipe")
    picture = decode(payload, name, params["max_pixels"], 0)
    shrink = min(1.0, LONGEST_SIDE / max(picture.size))
    width, height = (max(4, round(side * shrink)) for side in picture.size)
    height, width = params["size"] or (height, width)
    grey = picture.mode in ("1", "L", "I", "I;16", "F")
    return {
        "field": name,
        "channels": 1 if grey else 3,
        "height": height,
        "width": width,
        "max_pixels": params["max_pixels"],
    }


def is_data_uri(value: Any) -> bool:
    """Whether the value is a PNG or JPEG data URI."""
    return isinstance(value, str) and DATA_URI.match(value) is not None


def featurise(payloads: Sequence[Payload], settings: Settings) -> Pictures:
    """n payloads → pictures of the settled size; raises `PayloadError` with the place of one that cannot be read."""
    size = (settings["width"], settings["height"])
    pixels = np.empty((len(payloads), settings["height"], settings["width"], settings["channels"]), np.uint8)
    for place, payload in enumerate(payloads):
        picture = decode(payload, settings["field"], settings["max_pixels"], place)
        picture = picture.convert("L" if settings["channels"] == 1 else "RGB")
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.BILINEAR)
        pixels[place] = np.asarray(picture).reshape(pixels.shape[1:])
    return Pictures(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous())


def decode(payload: Payload, name: str, max_pixels: int, place: int) -> Image.Image:
    """The field's picture; raises `PayloadError` when it is none, broken, or over `max_pixels`."""
    value = payload.get(name)
    start = DATA_URI.match(value) if isinstance(value, str) else None
    if start is None or not isinstance(value, str):
        raise PayloadError(place, f"field '{name}' is no PNG or JPEG data URI; write data:image/png;base64,…")
    try:
        picture = Image.open(
            io.BytesIO(base64.b64decode(value[start.end() :], validate=True)), formats=("PNG", "JPEG")
        )
        if picture.width * picture.height > max_pixels:
            size = f"{picture.width} by {picture.height}"
            raise PayloadError(
                place, f"field '{name}' is {size} pixels, over max_pixels {max_pixels}; shrink it"
            )
        picture.load()
    except (
        binascii.Error,
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise PayloadError(place, f"field '{name}' is a broken image ({error}); encode it again") from error
    return picture


def join(parts: Sequence[Pictures]) -> Pictures:
    """The parts' pictures, one after the other."""
    return Pictures(torch.cat([part.pixels for part in parts]))


def build(settings: Settings, params: Params, classes: int) -> nn.Module:
    """An untaught net for the settled input."""
    shape = (settings["channels"], settings["height"], settings["width"])
    return Net(shape, params["width"], params["embedding"], classes)


def augment(inputs: Inputs, params: Params, draw: Draw) -> Inputs:
    """Moves every picture by its own whole number of pixels; what comes in is black."""
    (pixels,), reach = inputs, params["shift"]
    if reach == 0:
        return inputs
    n, _, height, width = pixels.shape
    moves = torch.randint(0, 2 * reach + 1, (2, draw.whole, 1), generator=draw.generator)
    down, right = moves[:, draw.share]
    padded = F.pad(pixels, (reach,) * 4)
    rows = (down + torch.arange(height))[:, :, None]
    columns = (right + torch.arange(width))[:, None, :]
    return (padded[torch.arange(n)[:, None, None], :, rows, columns].permute(0, 3, 1, 2),)


RECIPE = Recipe("image-cnn", PARAMS, settle, featurise, join, build, augment)
