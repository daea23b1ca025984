"""The built-in recipes: a table. A new recipe is one file here and one line below."""

from __future__ import annotations

from typing import Any

from workers.learner.contract import SpecError
from workers.learner.recipes import image_cnn, text_ngrams
from workers.learner.recipes.base import Recipe

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (image_cnn.RECIPE, text_ngrams.RECIPE)}


def find_recipe(name: str) -> Recipe:
    """The recipe of this name; raises `SpecError` listing those there are."""
    if name not in RECIPES:
        raise SpecError(f"recipe: '{name}' is unknown; choose one of {', '.join(sorted(RECIPES))}.")
    return RECIPES[name]


def full_params(recipe: Recipe, overrides: dict[str, Any]) -> dict[str, Any]:
    """The recipe's defaults with the overrides laid over them, each checked."""
    unknown = sorted(set(overrides) - set(recipe.params))
    if unknown:
        known = ", ".join(sorted(recipe.params))
        raise SpecError(f"recipe.params: {recipe.name} has no '{unknown[0]}'; choose among {known}.")
    for name, value in overrides.items():
        param = recipe.params[name]
        if not param.allows(value):
            raise SpecError(f"recipe.params: '{name}' is {value!r}; give {param.allowed} ({param.meaning}).")
    return {name: overrides.get(name, param.default) for name, param in recipe.params.items()}
