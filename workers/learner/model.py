"""A model on disk: `weights.safetensors` beside `model.json`, never a pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Generator, nn

from workers.learner.contract import CONTRACT, SpecError, canonical, sha256_of_file
from workers.learner.outputs import write_aside, write_json
from workers.learner.recipes import find_recipe, full_params
from workers.learner.recipes.base import Params, Recipe, Settings

WEIGHTS, MANIFEST = "weights.safetensors", "model.json"


@dataclass(frozen=True)
class Model:
    """A net with all that is needed to apply it; `classes` name the columns of what it gives."""

    recipe: Recipe
    params: Params
    settings: Settings
    classes: tuple[str, ...]
    net: nn.Module
    digest: str


def fresh_net(
    recipe: Recipe, params: Params, settings: Settings, classes: int, generator: Generator
) -> nn.Module:
    """A net whose every number comes from the generator: He et al. 2015 for matrices, 0 for biases."""
    net = recipe.build(settings, params, classes)
    with torch.no_grad():
        for param in net.parameters():
            if param.dim() > 1:
                nn.init.kaiming_normal_(param, nonlinearity="relu", generator=generator)
            else:
                nn.init.zeros_(param)
    return net


def save_model(folder: Path, model: Model) -> dict[str, Any]:
    """Writes weights, then the manifest; gives the manifest. The code's version stands outside the digest."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.net.state_dict().items()}
    write_aside(folder / WEIGHTS, lambda aside: save_file(weights, aside))
    content = {
        "contract": CONTRACT,
        "recipe": {"name": model.recipe.name, "params": model.params},
        "classes": list(model.classes),
        "input": model.settings,
        "weights_sha256": sha256_of_file(folder / WEIGHTS),
    }
    manifest = {
        **content,
        "digest": hashlib.sha256(canonical(content)).hexdigest(),
        "torch": torch.__version__,
    }
    write_json(folder / MANIFEST, manifest)
    return manifest


def load_model(folder: Path) -> Model:
    """The model, if its weights are the ones the manifest was written for."""
    manifest = _read_manifest(folder / MANIFEST)
    path = folder / WEIGHTS
    if not path.is_file():
        raise SpecError(f"{path} is missing; a model is {WEIGHTS} beside {MANIFEST}.")
    if sha256_of_file(path) != manifest["weights_sha256"]:
        raise SpecError(
            f"{path} is not the file that {MANIFEST} was written for (SHA-256 differs); fetch it again."
        )
    recipe = find_recipe(manifest["recipe"]["name"])
    params = full_params(recipe, manifest["recipe"]["params"])
    classes = tuple(manifest["classes"])
    net = recipe.build(manifest["input"], params, len(classes))
    net.load_state_dict(load_file(path))
    return Model(recipe, params, manifest["input"], classes, net.eval(), manifest["digest"])


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        content = {
            name: manifest[name] for name in ("contract", "recipe", "classes", "input", "weights_sha256")
        }
        if hashlib.sha256(canonical(content)).hexdigest() != manifest["digest"]:
            raise ValueError("its content does not match its digest")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(f"{path} cannot be used ({error}); fetch the model again.") from error
    if manifest["contract"] != CONTRACT:
        raise SpecError(f"{path} speaks contract {manifest['contract']}; this learner speaks {CONTRACT}.")
    return manifest
