import numpy as np
import pytest
from hypothesis import given

from apps.algorithms.agreement import krippendorff_alpha

from .arrays import answers

# Krippendorff's own example: four coders, twelve units, gaps
CODERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
KRIPPENDORFF = [
    (unit, coder, value)
    for coder, row in enumerate(CODERS)
    for unit, value in enumerate(row)
    if value is not None
]


def alpha(rows, level, **options):
    tasks, people, values = (np.array(column) for column in zip(*rows, strict=True))
    return krippendorff_alpha(tasks, people, values, level=level, rng=np.random.default_rng(1), **options)


def slow_alpha(tasks, values, level):
    """Pair by pair from the definition, without matrices."""
    units = [list(values[tasks == task]) for task in set(tasks)]
    units = [unit for unit in units if len(unit) > 1]
    pool = [value for unit in units for value in unit]
    if len(set(pool)) < 2:
        return np.nan

    def distance(one, two):
        low, high = sorted((one, two))
        between = sum(low <= value <= high for value in pool)
        ends = (pool.count(low) + pool.count(high)) / 2
        return {"nominal": one != two, "ordinal": (between - ends) ** 2, "interval": (one - two) ** 2}[level]

    def mean_distance(group):
        pairs = [
            distance(a, b) if low != high else 0
            for i, a in enumerate(group)
            for j, b in enumerate(group)
            if i != j
            for low, high in [sorted((a, b))]
        ]
        return sum(pairs) / len(pairs)

    observed = sum(len(unit) * mean_distance(unit) for unit in units) / len(pool)
    return 1 - observed / mean_distance(pool)


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_published_example(level, published):
    result = alpha(KRIPPENDORFF, level)
    assert result.estimate == pytest.approx(published, abs=0.0006)
    assert result.low < published < result.high <= 1


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@given(rows=answers())
def test_alpha_equals_a_slow_count_over_pairs(level, rows):
    if rows is None:
        return
    tasks, people, values = rows
    result = krippendorff_alpha(tasks, people, values, level=level, rng=np.random.default_rng(0), n_boot=0)
    assert result.estimate == pytest.approx(slow_alpha(tasks, values, level), nan_ok=True)


def test_full_agreement_is_one_and_turned_round_answers_are_below_zero():
    assert alpha([(t, p, t % 2) for t in range(6) for p in range(2)], "nominal").estimate == 1
    assert alpha([(t, p, (t + p) % 2) for t in range(6) for p in range(2)], "nominal").estimate < 0


def test_interval_alpha_ignores_where_the_scale_starts():
    moved = [(task, person, value + 1e6) for task, person, value in KRIPPENDORFF]
    assert alpha(moved, "interval").estimate == pytest.approx(alpha(KRIPPENDORFF, "interval").estimate)


def test_more_tasks_narrow_the_interval():
    few = alpha(KRIPPENDORFF, "nominal")
    many = alpha([(t + 12 * r, p, v) for r in range(20) for t, p, v in KRIPPENDORFF], "nominal")
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_the_same_generator_gives_the_same_interval():
    assert alpha(KRIPPENDORFF, "ordinal") == alpha(KRIPPENDORFF, "ordinal")


@pytest.mark.parametrize(
    "rows",
    [[(0, 0, 1), (1, 1, 2)], [(0, 0, 3), (0, 1, 3), (1, 0, 3), (1, 1, 3)]],
    ids=["unpaired", "constant"],
)
def test_alpha_is_nan_where_it_is_not_defined(rows):
    result = alpha(rows, "nominal")
    assert np.isnan([result.estimate, result.low, result.high]).all()


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="'nominal', 'ordinal' or 'interval'"):
        alpha(KRIPPENDORFF, "ratio")
