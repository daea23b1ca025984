"""Paired comparison of losses: verdicts at the margin, and coverage of its interval."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

from apps.algorithms.paired_losses import paired_difference


def test_the_interval_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(3)
    before, after = rng.random(40), rng.random(40)
    reference = ttest_rel(after, before).confidence_interval(0.90)
    result = paired_difference(before, after, margin=0.1, alpha=0.05)
    assert (result.low, result.high) == pytest.approx((reference.low, reference.high))


def test_a_smaller_loss_passes_and_a_much_larger_one_fails():
    noise = np.random.default_rng(5).normal(0, 0.01, 200)
    before = np.full(200, 0.3)
    assert paired_difference(before, before - 0.05 + noise, margin=0.02).verdict == "pass"
    assert paired_difference(before, before + 0.05 + noise, margin=0.02).verdict == "fail"


def test_wide_scatter_around_the_margin_is_not_enough_evidence():
    noise = np.random.default_rng(5).normal(0, 0.5, 50)
    noise -= noise.mean()
    result = paired_difference(np.full(50, 0.5), 0.52 + noise, margin=0.02)
    assert result.verdict == "not_enough_evidence"


def test_one_row_is_not_enough_evidence():
    assert paired_difference([0.1], [0.1], margin=0.5).verdict == "not_enough_evidence"


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="differ in rows"):
        paired_difference([0.1, 0.2], [0.1], margin=0.5)
