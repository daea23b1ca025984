import numpy as np
import pytest
from scipy.special import betainc

from apps.algorithms.competence import beta_posterior


def test_posterior_mean_and_interval_of_counts():
    result = beta_posterior([18, 0], [20, 0])
    assert result.mean == pytest.approx([19 / 22, 0.5])
    assert betainc(19, 3, result.low[0]) == pytest.approx(0.025)
    assert betainc(19, 3, result.high[0]) == pytest.approx(0.975)
    assert (result.low[1], result.high[1]) == pytest.approx((0.025, 0.975))


def test_old_periods_count_less_and_the_prior_stays():
    result = beta_posterior([[10, 0]], [[10, 10]], prior=(2, 1), forgetting=0.5)
    assert result.mean == pytest.approx([(2 + 5) / (2 + 1 + 5 + 10)])
    faded = beta_posterior([[10] + [0] * 200], [[10] + [0] * 200], prior=(2, 1), forgetting=0.5)
    assert faded.mean == pytest.approx([2 / 3])


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(4)
    truth = rng.random(4000)
    result = beta_posterior(rng.binomial(30, truth), np.full(4000, 30))
    assert ((result.low <= truth) & (truth <= result.high)).mean() == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: beta_posterior([3], [2]), "Row 0 has more correct than total"),
        (lambda: beta_posterior([-1], [2]), "correct row 0"),
        (lambda: beta_posterior([1], [2], forgetting=0.9), "Forgetting needs periods"),
        (lambda: beta_posterior([1], [2], prior=(0, 1)), "two positive numbers"),
        (lambda: beta_posterior([1], [2, 3]), "the same shape"),
        (lambda: beta_posterior([[1]], [[1]], forgetting=0), "forgetting is 0"),
    ],
)
def test_malformed_counts_are_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
