"""Bad arrays are refused here, once, with what is wrong, in which row, and the mend.

Every function returns its argument as an array of the promised type, or raises ValueError.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.str_]

ROW_SUM_TOLERANCE = 1e-3


def _first(bad: npt.NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))[0])


def finite(name: str, values: npt.ArrayLike, *, ndim: int = 1) -> Floats:
    """Numbers without NaN or infinity, as float64 with `ndim` axes."""
    array = np.asarray(values)
    if array.ndim != ndim:
        raise ValueError(f"{name} has {array.ndim} axes, not {ndim}: give an array with {ndim} axes.")
    if array.size and array.dtype.kind not in "buif":
        raise ValueError(f"{name} holds {array.dtype} values: give numbers.")
    array = array.astype(np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(
            f"{name} row {_first(bad)} is NaN or infinite: leave the row out or mend its source."
        )
    return array


def within(name: str, values: npt.ArrayLike, low: float, high: float, *, ndim: int = 1) -> Floats:
    """Finite numbers in [low, high]."""
    array = finite(name, values, ndim=ndim)
    bad = (array < low) | (array > high)
    if bad.any():
        row = _first(bad)
        raise ValueError(f"{name} row {row} is {array[row]}: give values from {low:g} to {high:g}.")
    return array


def probabilities(name: str, probs: npt.ArrayLike) -> Floats:
    """(n, k) with k ≥ 2, entries ≥ 0, every row summing to 1 within 1e-3. Rows are not rescaled."""
    array = finite(name, probs, ndim=2)
    if array.shape[1] < 2:
        raise ValueError(
            f"{name} has {array.shape[1]} class columns: give one for each of two or more classes."
        )
    negative = array < 0
    if negative.any():
        raise ValueError(
            f"{name} row {_first(negative)} has a negative entry: give probabilities, not logits."
        )
    sums = array.sum(axis=1)
    off = np.abs(sums - 1) > ROW_SUM_TOLERANCE
    if off.any():
        row = _first(off)
        raise ValueError(
            f"{name} row {row} sums to {sums[row]:.6g}, not 1: apply a softmax or divide by the sum."
        )
    return array


def codes(name: str, values: npt.ArrayLike, *, below: int | None = None) -> Ints:
    """(n,) integers from 0, and below `below` when it is given."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} axes, not 1: give one integer for each row.")
    if array.size and array.dtype.kind not in "ui":
        raise ValueError(f"{name} holds {array.dtype} values: give integers that count from 0.")
    array = array.astype(np.int64)
    bad = (array < 0) if below is None else (array < 0) | (array >= below)
    if bad.any():
        row = _first(bad)
        limit = "0 or more" if below is None else f"0 to {below - 1}"
        raise ValueError(f"{name} row {row} is {array[row]}: give integers {limit}.")
    return array


def flags(name: str, values: npt.ArrayLike) -> Bools:
    """(n,) true or false, also given as 0 and 1."""
    array = np.asarray(values)
    if array.dtype.kind != "b":
        array = within(name, array, 0, 1)
        bad = (array != 0) & (array != 1)
        if bad.any():
            raise ValueError(f"{name} row {_first(bad)} is {array[_first(bad)]}: give true or false.")
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} axes, not 1: give one true or false for each row.")
    return array.astype(np.bool_)


def same_length(**arrays: npt.NDArray[np.generic]) -> int:
    """The one length the named arrays share."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(
            f"The arrays differ in rows: {listing}. Give one row for each example in all of them."
        )
    return next(iter(lengths.values()))


def labelled(labels: npt.ArrayLike, probs: npt.ArrayLike) -> tuple[Ints, Floats]:
    """Labels (n,) and probabilities (n, k) that belong together."""
    p = probabilities("probs", probs)
    y = codes("labels", labels, below=p.shape[1])
    same_length(labels=y, probs=p)
    return y, p


def one_answer_each(tasks: npt.NDArray[np.generic], annotators: npt.NDArray[np.generic]) -> None:
    """Nobody answers a task twice: a second answer would be counted as a second person."""
    if tasks.ndim != 1 or annotators.ndim != 1:
        raise ValueError("tasks and annotators need one axis: give one id for each answer.")
    same_length(tasks=tasks, annotators=annotators)
    order = np.lexsort((annotators, tasks))
    repeated = (tasks[order][1:] == tasks[order][:-1]) & (annotators[order][1:] == annotators[order][:-1])
    if repeated.any():
        row = int(order[1:][repeated].min())
        raise ValueError(
            f"Row {row}: annotator {annotators[row]} answers task {tasks[row]} a second time: "
            "keep the current answer only."
        )


def share(name: str, value: float) -> float:
    """One number strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}: give a number between 0 and 1.")
    return float(value)


def whole(name: str, value: int, *, at_least: int = 0) -> int:
    """One integer that is not too small."""
    if isinstance(value, bool) or int(value) != value or value < at_least:
        raise ValueError(f"{name} is {value}: give a whole number of at least {at_least}.")
    return int(value)
