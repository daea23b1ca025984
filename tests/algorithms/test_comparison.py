import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

from apps.algorithms.comparison import (
    difference_interval,
    minimum_detectable_effect,
    noninferiority,
    proportion_interval,
    superiority,
    tango_score,
)

Z95 = 1.6448536269514722


def paired(b, c, n):
    """Outcomes with b candidate-only and c baseline-only right; the others half right, half wrong."""
    baseline = np.array([False] * b + [True] * c + [row % 2 == 0 for row in range(n - b - c)])
    candidate = baseline.copy()
    candidate[: b + c] = ~candidate[: b + c]
    return baseline, candidate


def score_by_search(b, c, n, difference):
    """The score with the constrained likelihood maximised numerically instead of by formula."""
    low, high = max(0.0, -difference), (1 - difference) / 2

    def loss(q):
        return -(xlogy(b, q + difference) + xlogy(c, q) + xlogy(n - b - c, 1 - 2 * q - difference))

    q = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
    return (b - c - n * difference) / np.sqrt(n * (2 * q + difference - difference**2))


@given(st.integers(5, 300), st.data())
def test_score_equals_a_numeric_constrained_maximum_of_likelihood(n, data):
    b = data.draw(st.integers(1, n // 2 - 1))
    c = data.draw(st.integers(1, n // 2))
    difference = data.draw(st.floats(-0.6, 0.6))
    # the bounded search stops a little inside of the border, so compare to six digits
    expected = score_by_search(b, c, n, difference)
    assert tango_score(b, c, n, difference) == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_score_without_a_difference_is_mcnemars():
    assert tango_score(15, 5, 100, 0.0) == pytest.approx(10 / np.sqrt(20))


@given(st.integers(1, 200), st.data())
def test_interval_holds_the_estimate_and_ends_where_the_score_does(n, data):
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    band = difference_interval(b, c, n, z=Z95)
    assert -1 <= band.low <= band.estimate <= band.high <= 1
    if band.low > -1:
        assert tango_score(b, c, n, band.low) == pytest.approx(Z95, abs=1e-5)
    if band.high < 1:
        assert tango_score(b, c, n, band.high) == pytest.approx(-Z95, abs=1e-5)
    mirrored = difference_interval(c, b, n, z=Z95)
    assert (mirrored.low, mirrored.high) == pytest.approx((-band.high, -band.low), abs=1e-8)


def test_identical_models_pass_once_there_are_enough_rows():
    assert noninferiority(*paired(0, 0, 30), margin=0.05).verdict == "not_enough_evidence"
    assert noninferiority(*paired(0, 0, 200), margin=0.05).verdict == "pass"


def test_a_much_worse_candidate_fails():
    result = noninferiority(*paired(10, 60, 500), margin=0.02)
    assert result.verdict == "fail"
    assert result.high < -0.02
    assert result.p > 0.99
    assert (result.n, result.b, result.c) == (500, 10, 60)


def test_a_loss_that_may_lie_within_the_margin_is_no_failure_yet():
    result = noninferiority(*paired(5, 25, 500), margin=0.05)
    assert result.high < 0
    assert result.low < -0.05 < result.high
    assert result.verdict == "not_enough_evidence"


@given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.2]), st.data())
def test_passing_and_the_lower_bound_always_say_the_same(n, margin, data):
    b = data.draw(st.integers(0, n))
    c = data.draw(st.integers(0, n - b))
    result = noninferiority(*paired(b, c, n), margin=margin)
    assert (result.verdict == "pass") == (result.low > -margin) == (result.p < 0.05)


def test_no_rows_are_not_enough_evidence():
    for result in (noninferiority([], [], margin=0.05), superiority([], [])):
        assert result.verdict == "not_enough_evidence"
        assert np.isnan(result.estimate)
        assert (result.low, result.high, result.minimum_detectable_effect) == (-1, 1, 1)
    assert noninferiority([], [], margin=0.05).p == 1
    assert superiority([], []).p == 0.5


def test_all_rows_discordant_are_judged_at_both_ends():
    won = noninferiority([False] * 40, [True] * 40, margin=0.05)
    lost = noninferiority([True] * 40, [False] * 40, margin=0.05)
    assert (won.verdict, won.estimate, won.high) == ("pass", 1, 1)
    assert (lost.verdict, lost.estimate, lost.low) == ("fail", -1, -1)


@pytest.mark.parametrize(("n", "discordant"), [(50, 0.1), (200, 0.1), (1000, 0.2)])
def test_a_candidate_worse_by_the_margin_passes_at_most_about_alpha_of_the_time(n, discordant):
    rng = np.random.default_rng(12)
    margin = 0.05
    both = [(discordant - margin) / 2, (discordant + margin) / 2, 1 - discordant]
    draws = rng.multinomial(n, both, size=8000)
    passed = np.mean([tango_score(b, c, n, -margin) > Z95 for b, c, _ in draws])
    assert passed <= 0.058
    if n == 1000:
        assert passed >= 0.04


def test_power_at_the_minimum_detectable_effect_is_about_eighty_percent():
    n, discordant = 2000, 0.1
    margin = minimum_detectable_effect(100, 100, n, alpha=0.05)
    assert margin == pytest.approx((Z95 + 0.8416212) * np.sqrt(discordant / n), rel=1e-6)
    draws = np.random.default_rng(13).multinomial(n, [0.05, 0.05, 0.9], size=2000)
    assert np.mean([tango_score(b, c, n, -margin) > Z95 for b, c, _ in draws]) == pytest.approx(0.8, abs=0.04)


def test_no_disagreement_seen_does_not_mean_that_any_difference_would_show():
    assert minimum_detectable_effect(0, 0, 100, alpha=0.05) == pytest.approx(2.4864749 / 100)


def test_rows_needed_match_the_planning_table():
    assert minimum_detectable_effect(13, 12, 250, alpha=0.05) == pytest.approx(0.05, abs=0.001)
    assert minimum_detectable_effect(77, 78, 1546, alpha=0.05) == pytest.approx(0.02, abs=0.0005)


def test_superiority_is_mcnemars_mid_p():
    result = superiority(*paired(8, 2, 40))
    # of 2^10 ways: 1 + 10 beyond eight, half of the 45 at eight
    assert result.p == pytest.approx((11 + 22.5) / 1024)
    assert result.verdict == "pass"
    assert superiority(*paired(2, 8, 40)).verdict == "fail"
    assert superiority(*paired(5, 5, 40)).verdict == "not_enough_evidence"
    assert superiority(*paired(0, 0, 40)).p == 0.5


def test_superiority_of_equals_is_claimed_at_most_about_alpha_of_the_time():
    draws = np.random.default_rng(14).multinomial(150, [0.1, 0.1, 0.8], size=2500)
    claimed = np.mean([superiority(*paired(b, c, 150)).verdict == "pass" for b, c, _ in draws])
    assert claimed <= 0.06


def test_proportion_interval_is_wilsons():
    band = proportion_interval(8, 10)
    assert (band.estimate, band.low, band.high) == pytest.approx((0.8, 0.4901625, 0.9433178))
    assert proportion_interval(0, 10).low == 0
    assert proportion_interval(10, 10).high == 1
    nothing = proportion_interval(0, 0)
    assert np.isnan(nothing.estimate)
    assert (nothing.low, nothing.high) == (0, 1)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: noninferiority([True], [True, False], margin=0.05), "differ in rows"),
        (lambda: noninferiority([True], [True], margin=0), "margin is 0"),
        (lambda: noninferiority([True], [True], margin=0.05, alpha=0.5), "below 0.5"),
        (lambda: noninferiority([0.5], [1], margin=0.05), "baseline_correct row 0"),
        (lambda: noninferiority([np.nan], [1], margin=0.05), "baseline_correct row 0 is NaN"),
        (lambda: proportion_interval(3, 2), "k = 3 exceeds n = 2"),
        (lambda: proportion_interval(-1, 2), "k is -1"),
    ],
)
def test_malformed_comparisons_are_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
