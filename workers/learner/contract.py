"""Version 1 of the contract with the outside: what a spec may say, checked field by field.

Nothing here imports torch, so a bad spec and a finished run are answered at once.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

CONTRACT = 1
WARM_STARTS = ("fresh", "shrink_perturb", "continue")
DEVICES = ("auto", "cpu", "cuda")

Json: TypeAlias = dict[str, Any]
Kinds: TypeAlias = tuple[type, ...]
MODEL_MEND = "name a folder that holds a model.json"
_MISSING = object()


class LearnerError(Exception):
    """A plain end of the run: a code for programs, a sentence for people, an exit status for the parent."""

    code = "crash"
    exit_status = 1


class SpecError(LearnerError):
    """The spec, or something it points to, cannot be used as it stands."""

    code = "bad_spec"
    exit_status = 2


class Fields:
    """Takes the fields of one JSON object; names the field and the mend when one does not fit."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise SpecError(f"{where} is not a JSON object; write it as {{…}}.")
        self._left: Json = dict(data)
        self._where = where

    def take(
        self,
        name: str,
        kinds: Kinds,
        mend: str,
        *,
        ok: Callable[[Any], bool] = lambda _: True,
        default: object = _MISSING,
    ) -> Any:
        """The field's value, of one of the kinds and `ok`; raises `SpecError` with the mend."""
        value = self._left.pop(name, default)
        if value is _MISSING:
            raise SpecError(f"{self._where}: field '{name}' is missing; {mend}.")
        # True is an int to Python, but nobody means it as a number
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if isinstance(value, float) and not math.isfinite(value):
            fits = False
        if not fits or not ok(value):
            raise SpecError(f"{self._where}: field '{name}' is {_short(value)}; {mend}.")
        return value

    def absent(self, name: str) -> bool:
        """True where the field is missing or null, which then mean the same."""
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return True
        return False

    def finish(self) -> None:
        """Raises `SpecError` where a field is left that nobody took."""
        if self._left:
            names = ", ".join(f"'{name}'" for name in sorted(self._left))
            raise SpecError(f"{self._where}: unknown field {names}; remove it or correct its spelling.")


@dataclass(frozen=True)
class Stage:
    """A stage of the curriculum; `replay` is the share of each epoch drawn from earlier stages."""

    name: str
    epochs: int
    replay: float


@dataclass(frozen=True)
class FitSpec:
    """What `fit` is told, checked; paths are whole. `budget_seconds` is seconds of the clock, all starts together."""

    rows: Path
    evaluate: Mapping[str, Path]
    classes: tuple[str, ...]
    recipe: str
    overrides: Mapping[str, Any]
    stages: tuple[Stage, ...]
    base: Path | None
    warm_start: str
    cross_fit: int
    budget_seconds: float
    threads: int
    seed: int
    checkpoint_every: int
    out: Path
    device: str = "auto"
    digest: str = field(default="", compare=False)


@dataclass(frozen=True)
class PredictSpec:
    """What `predict` is told, checked; `batch` is rows at a time."""

    model: Path
    rows: Path
    out: Path
    threads: int
    batch: int
    device: str


def read_fit_spec(path: Path) -> FitSpec:
    """The spec, whole and checked; its digest covers all that decides the result, and no more."""
    data = _read_json(path)
    fields, folder = Fields(data, path.name), path.parent
    _take_contract(fields)
    recipe, overrides = _take_recipe(fields, path.name)
    spec = FitSpec(
        rows=_take_file(fields, "rows", folder),
        evaluate=_take_evaluate(fields, folder),
        classes=_take_classes(fields),
        recipe=recipe,
        overrides=overrides,
        stages=_take_stages(fields, path.name),
        base=_take_base(fields, folder),
        warm_start=_take_choice(fields, "warm_start", WARM_STARTS),
        cross_fit=_take_folds(fields),
        budget_seconds=_take_budget(fields, path.name),
        threads=_take_threads(fields),
        seed=fields.take("seed", (int,), "give a whole number from 0", ok=lambda n: 0 <= n < 2**63),
        checkpoint_every=_take_rhythm(fields),
        out=folder / fields.take("out", (str,), "name the folder to write to", ok=bool),
        device=_take_choice(fields, "device", DEVICES),
    )
    fields.finish()
    if spec.warm_start != "fresh" and spec.base is None:
        raise SpecError(
            f"{path.name}: warm_start '{spec.warm_start}' needs a base; name one, or say 'fresh'."
        )
    return _with_digest(spec, data)


def read_predict_spec(path: Path) -> PredictSpec:
    """The spec, whole and checked; raises `SpecError` naming the field and the mend."""
    fields = Fields(_read_json(path), path.name)
    _take_contract(fields)
    folder = path.parent
    spec = PredictSpec(
        model=_take_folder(fields, "model", folder),
        rows=_take_file(fields, "rows", folder),
        out=folder / fields.take("out", (str,), "name the Parquet file to write", ok=bool),
        threads=_take_threads(fields),
        batch=fields.take("batch", (int,), "give 1 to 65536 rows", ok=lambda n: 1 <= n <= 65536, default=512),
        device=_take_choice(fields, "device", DEVICES),
    )
    fields.finish()
    return spec


def canonical(data: object) -> bytes:
    """One spelling for one meaning: sorted keys, no spaces, no NaN."""
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256_of_file(path: Path) -> str:
    """64 hexadecimal digits over the file's bytes, read in parts."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _with_digest(spec: FitSpec, data: Json) -> FitSpec:
    # budget, checkpoint rhythm and place do not change the result: a run may go on with a larger budget
    said = {name: value for name, value in data.items() if name not in ("budget", "checkpoint_every", "out")}
    said["rows"] = sha256_of_file(spec.rows)
    said["evaluate"] = {name: sha256_of_file(path) for name, path in spec.evaluate.items()}
    said["base"] = sha256_of_file(spec.base / "model.json") if spec.base else None
    digest = hashlib.sha256(canonical(said)).hexdigest()
    return FitSpec(**{**spec.__dict__, "digest": digest})


def _read_json(path: Path) -> Json:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error.strerror}); check the path.") from error
    except ValueError as error:
        raise SpecError(f"{path.name}: is not JSON ({error}); correct it.") from error
    if not isinstance(data, dict):
        raise SpecError(f"{path.name}: is not a JSON object; write it as {{…}}.")
    return data


def _take_contract(fields: Fields) -> None:
    fields.take("contract", (int,), f"this learner speaks contract {CONTRACT}", ok=lambda n: n == CONTRACT)


def _take_file(fields: Fields, name: str, folder: Path) -> Path:
    named: str = fields.take(
        name,
        (str,),
        "name an existing Parquet file",
        ok=lambda value: bool(value) and (folder / value).is_file(),
    )
    return folder / named


def _take_folder(fields: Fields, name: str, folder: Path) -> Path:
    named: str = fields.take(
        name, (str,), MODEL_MEND, ok=lambda value: bool(value) and (folder / value / "model.json").is_file()
    )
    return folder / named


def _take_evaluate(fields: Fields, folder: Path) -> dict[str, Path]:
    sets = fields.take("evaluate", (dict,), 'give {"name": "file.parquet"}, or {} for none', default={})
    inner = Fields(sets, "evaluate")
    return {name: _take_file(inner, name, folder) for name in sorted(sets)}


def _take_classes(fields: Fields) -> tuple[str, ...]:
    def good(classes: list[Any]) -> bool:
        named = all(isinstance(name, str) and name for name in classes)
        return len(classes) >= 2 and named and len(set(classes)) == len(classes)

    return tuple(fields.take("classes", (list,), "list at least two different names as strings", ok=good))


def _take_stages(fields: Fields, where: str) -> tuple[Stage, ...]:
    given = fields.take("stages", (list,), "list at least one stage", ok=bool)
    stages = tuple(_stage(data, f"{where}: stages[{place}]", place) for place, data in enumerate(given))
    if len({stage.name for stage in stages}) != len(stages):
        raise SpecError(f"{where}: two stages have one name; give each its own.")
    return stages


def _stage(data: object, where: str, place: int) -> Stage:
    fields = Fields(data, where)
    stage = Stage(
        name=fields.take("name", (str,), "name the stage", ok=bool),
        epochs=fields.take("epochs", (int,), "give 1 to 10000 epochs", ok=lambda n: 1 <= n <= 10_000),
        replay=float(
            fields.take(
                "replay",
                (int, float),
                "give a share from 0 to below 1, and 0 in the first stage",
                ok=lambda share: 0 <= share < 1 and (place > 0 or share == 0),
                default=0.0,
            )
        ),
    )
    fields.finish()
    return stage


def _take_base(fields: Fields, folder: Path) -> Path | None:
    if fields.absent("base"):
        return None
    return _take_folder(fields, "base", folder)


def _take_recipe(fields: Fields, where: str) -> tuple[str, Json]:
    given = fields.take("recipe", (dict,), 'give {"name": …, "params": {…}}')
    recipe = Fields(given, f"{where}: recipe")
    name: str = recipe.take("name", (str,), "name a recipe")
    overrides: Json = recipe.take("params", (dict,), "give an object of parameters", default={})
    recipe.finish()
    return name, overrides


def _take_choice(fields: Fields, name: str, choices: tuple[str, ...]) -> str:
    """One of the choices; the first where nothing is said."""
    mend = f"choose one of {', '.join(choices)}"
    chosen: str = fields.take(name, (str,), mend, ok=choices.__contains__, default=choices[0])
    return chosen


def _take_folds(fields: Fields) -> int:
    mend = "give 0 for none, or 2 to 100 folds"
    folds: int = fields.take("cross_fit", (int,), mend, ok=lambda k: k == 0 or 2 <= k <= 100, default=0)
    return folds


def _take_rhythm(fields: Fields) -> int:
    mend = "give a number of epochs from 1"
    rhythm: int = fields.take("checkpoint_every", (int,), mend, ok=lambda n: n >= 1, default=1)
    return rhythm


def _take_budget(fields: Fields, where: str) -> float:
    budget = Fields(fields.take("budget", (dict,), 'give {"seconds": …}'), f"{where}: budget")
    seconds = budget.take("seconds", (int, float), "give a number above 0", ok=lambda n: n > 0)
    budget.finish()
    return float(seconds)


def _take_threads(fields: Fields) -> int:
    threads: int = fields.take("threads", (int,), "give 1 to 256", ok=lambda n: 1 <= n <= 256, default=1)
    return threads


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"
