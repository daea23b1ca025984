"""Checkpoints: one safetensors file per lesson, tensors and position together, renamed into place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from workers.learner.contract import SpecError
from workers.learner.outputs import write_aside


class Checkpoints:
    """The lessons' states under `out/checkpoint/`; the position stands as JSON in each file's header."""

    def __init__(self, out: Path, spec_digest: str) -> None:
        self.folder = out / "checkpoint"
        self._spec_digest = spec_digest

    def save(self, lesson: str, tensors: dict[str, Tensor], position: dict[str, Any]) -> Path:
        """Write a lesson's state over its last one; gives the path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{lesson}.safetensors"
        header = {"position": json.dumps({"spec_digest": self._spec_digest, **position})}
        plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        write_aside(path, lambda aside: save_file(plain, aside, metadata=header))
        return path

    def load(self, lesson: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """The lesson's tensors and position, None where it has not begun; raises `SpecError` on another spec's."""
        path = self.folder / f"{lesson}.safetensors"
        return self._read(path, with_tensors=True) if path.exists() else None

    def seconds_used(self) -> float:
        """What earlier starts of this run had spent when they last wrote."""
        paths = sorted(self.folder.glob("[!.]*.safetensors"))
        return max((self._read(path, with_tensors=False)[1]["seconds"] for path in paths), default=0.0)

    def clear(self) -> None:
        """Take all of them away: the run is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, path: Path, *, with_tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
        try:
            with safe_open(path, framework="pt") as file:
                position = self._position(path, file.metadata())
                names = list(file.keys()) if with_tensors else []
                return {name: file.get_tensor(name) for name in names}, position
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise SpecError(
                f"{path} cannot be read ({error}); delete it to begin this lesson again."
            ) from error

    def _position(self, path: Path, header: dict[str, str]) -> dict[str, Any]:
        position: dict[str, Any] = json.loads(header["position"])
        if position["spec_digest"] != self._spec_digest:
            raise SpecError(
                f"out: {path} is of another spec; choose an empty folder, or delete {self.folder}."
            )
        return position
