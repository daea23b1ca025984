import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.algorithms.curriculum import stage_plan
from apps.algorithms.group_shares import bound_shares

ROWS = [
    # label known, p, suspect, reviewed, corrected → stage, weight, reason
    (0, 0.5, 0, 0, 0, -1, 0.0, "no_label"),
    (1, 0.01, 1, 0, 0, -1, 0.0, "unreviewed_suspect"),
    (1, 0.20, 1, 1, 1, 2, 2.0, "corrected"),
    (1, 0.25, 1, 1, 0, 1, 1.75, "confirmed_hard"),
    (1, 0.01, 0, 0, 0, 1, 0.25, "beyond"),
    (1, 0.50, 0, 0, 0, 1, 2.0, "edge"),
    (1, 0.95, 0, 0, 0, 0, 1.0, "foundation"),
    (1, 0.95, 1, 1, 0, 0, 1.0, "foundation"),
]


def plan(rows, **options):
    names = ("label_known", "p_label", "suspect", "reviewed", "corrected")
    columns = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
    return stage_plan(**columns, **options)


def test_each_row_of_the_law_is_applied():
    result = plan(ROWS)
    assert result.stage.tolist() == [row[5] for row in ROWS]
    assert result.weight == pytest.approx([row[6] for row in ROWS])
    assert result.reason.tolist() == [row[7] for row in ROWS]


@st.composite
def rows_of_signals(draw):
    def row():
        known = draw(st.booleans())
        reviewed = known and draw(st.booleans())
        corrected = reviewed and draw(st.booleans())
        return known, draw(st.floats(0, 1)), draw(st.booleans()), reviewed, corrected

    return [row() for _ in range(draw(st.integers(1, 30)))]


@given(rows_of_signals(), st.randoms(use_true_random=False))
def test_likely_noise_is_never_taught_and_weights_stay_in_bounds(rows, chance):
    group = np.array([chance.randrange(3) for _ in rows])
    result = plan(rows, group=group)
    known, p, suspect, reviewed, _ = (np.array(column) for column in zip(*rows, strict=True))
    noise = ~known | (suspect & ~reviewed)
    assert (result.stage[noise] == -1).all()
    assert (result.weight[noise] == 0).all()
    assert (result.stage[~noise] >= 0).all()
    assert ((result.weight[~noise] >= 0.25) & (result.weight[~noise] <= 4)).all()
    low = ~noise & ~reviewed & (p < 0.05)
    others = ~noise & ~low
    for code in range(3):  # within a group, what is merely beyond the model is never taught more
        if (mine := low & (group == code)).any() and (rest := others & (group == code)).any():
            assert result.weight[mine].max() <= result.weight[rest].min() + 1e-9


def test_a_group_that_would_be_taught_away_keeps_half_its_share():
    rows = [(1, 0.5, 1, 1, 1)] * 60 + [(1, 0.01, 0, 0, 0)] * 40
    group = np.repeat([0, 1], [60, 40])
    result = plan(rows, group=group)
    assert result.population_share == pytest.approx([0.6, 0.4])
    assert result.sampling_share == pytest.approx([0.8, 0.2])
    assert result.within_bounds.all()


def test_a_group_is_measured_against_all_rows_with_a_label_held_out_rows_included():
    rows = [(1, 0.95, 0, 0, 0)] * 50 + [(1, 0.95, 0, 0, 0)] * 10 + [(1, 0.01, 1, 0, 0)] * 40
    result = plan(rows, group=np.repeat([0, 1], [50, 50]))
    assert result.population_share == pytest.approx([0.5, 0.5])
    assert result.sampling_share[1] == pytest.approx(0.25)
    assert (result.weight[60:] == 0).all()


def test_a_bound_that_no_weights_can_keep_is_said():
    rows = [(1, 0.95, 0, 0, 0)] * 50 + [(1, 0.01, 1, 0, 0)] * 50
    result = plan(rows, group=np.repeat([0, 1], [50, 50]))
    assert result.within_bounds.tolist() == [True, False]
    assert result.sampling_share.tolist() == [1.0, 0.0]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.25, 4)), min_size=1, max_size=40))
def test_shares_are_bounded_whenever_the_population_is_what_is_taught(rows):
    groups = np.array([code for code, _ in rows])
    weights = np.array([weight for _, weight in rows])
    population = np.bincount(groups, minlength=4) / len(rows)
    result = bound_shares(weights, groups, population)
    assert result.within_bounds.all()
    assert (result.share >= 0.5 * population - 1e-6).all()
    assert (result.share <= 2 * population + 1e-6).all()
    assert ((result.weights >= 0.25) & (result.weights <= 4)).all()


def test_all_weights_shrink_where_a_group_at_the_top_could_not_grow():
    result = bound_shares([4.0] * 2 + [1.0] * 8, [0] * 2 + [1] * 8, [0.8, 0.2])
    assert result.within_bounds.all()
    assert result.share == pytest.approx([0.6, 0.4])
    assert result.weights == pytest.approx([4.0] * 2 + [2 / 3] * 8)


def test_weights_that_keep_the_bounds_are_left_alone():
    weights = np.array([1.0, 2.0, 1.5, 0.25])
    assert bound_shares(weights, [0, 0, 1, 1], [0.5, 0.5]).weights.tolist() == weights.tolist()


def test_bounding_keeps_the_order_within_a_group():
    weights = np.linspace(0.25, 4, 30)
    result = bound_shares(weights, np.repeat([0, 1, 2], 10), [0.8, 0.1, 0.1])
    for rows in np.split(result.weights, 3):
        assert (np.diff(rows) >= -1e-12).all()


def test_an_empty_plan_is_empty():
    result = plan([])
    assert len(result.stage) == 0
    assert result.within_bounds.all()


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([(1, 0.5, 0, 0, 1)], "Row 0 is corrected, but not both"),
        ([(1, 1.5, 0, 0, 0)], "p_label row 0"),
        ([(1, np.nan, 0, 0, 0)], "p_label row 0 is NaN"),
        ([(2, 0.5, 0, 0, 0)], "label_known row 0"),
    ],
)
def test_malformed_signals_are_refused(rows, complaint):
    with pytest.raises(ValueError, match=complaint):
        plan(rows)
