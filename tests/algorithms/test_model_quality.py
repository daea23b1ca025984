import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import confusion_matrix, log_loss

from apps.algorithms.model_quality import (
    brier,
    confusion,
    expected_calibration_error,
    fit_temperature,
    nll,
    reliability_curve,
    temper,
)

from .arrays import labelled_rows


def calibrated(n, seed):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(4, 0.8), n)
    labels = (rng.random((n, 1)) > np.cumsum(probs, axis=1)).sum(axis=1)
    return probs, np.minimum(labels, 3)


def test_hand_worked_losses():
    probs, labels = [[0.8, 0.2], [0.4, 0.6]], [0, 0]
    assert brier(probs, labels) == pytest.approx((0.04 + 0.04 + 0.36 + 0.36) / 2)
    assert nll(probs, labels) == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2)


@given(labelled_rows())
def test_log_loss_and_confusion_equal_those_of_scikit_learn(rows):
    labels, probs = rows
    k, guess = probs.shape[1], probs.argmax(axis=1)
    assert confusion(labels, guess, k).tolist() == confusion_matrix(labels, guess, labels=range(k)).tolist()
    if (probs[np.arange(len(labels)), labels] > 0).all():
        assert nll(probs, labels) == pytest.approx(log_loss(labels, probs, labels=range(k)))


def test_a_probability_of_zero_for_the_truth_costs_much_but_not_everything():
    assert nll([[1.0, 0.0]], [1]) == pytest.approx(87.3365)


def test_bins_hold_their_upper_end_and_zero_belongs_to_the_first():
    curve = reliability_curve([0.0, 0.5, 0.51, 1.0], [0, 1, 0, 1], bins=2)
    assert curve.count.tolist() == [2, 2]
    assert curve.confidence == pytest.approx([0.25, 0.755])
    assert curve.accuracy.tolist() == [0.5, 0.5]
    assert expected_calibration_error([0.0, 0.5, 0.51, 1.0], [0, 1, 0, 1], bins=2) == pytest.approx(0.2525)


def test_empty_bins_are_left_out_and_bounds_hold_the_accuracy():
    curve = reliability_curve([0.95] * 20, [1] * 18 + [0] * 2)
    assert curve.count.tolist() == [20]
    assert curve.low[0] < 0.9 < curve.high[0]


def test_equal_mass_bins_hold_equally_many_rows():
    stated = np.random.default_rng(1).random(300) ** 4
    assert reliability_curve(stated, stated > 0.5, bins=10, equal_mass=True).count.tolist() == [30] * 10


def test_a_calibrated_model_has_little_error_and_an_overconfident_one_much():
    probs, labels = calibrated(20_000, seed=2)
    sharp = temper(probs, 0.4)
    for p, low, high in ((probs, 0.0, 0.02), (sharp, 0.12, 1.0)):
        error = expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == labels)
        assert low <= error <= high


def test_temperature_undoes_overconfidence():
    probs, labels = calibrated(20_000, seed=3)
    assert fit_temperature(probs, labels) == pytest.approx(1.0, abs=0.05)
    assert fit_temperature(temper(probs, 0.4), labels) == pytest.approx(2.5, abs=0.12)


def test_tempering_keeps_the_order_and_the_sum():
    probs, _ = calibrated(50, seed=4)
    soft = temper(probs, 3.0)
    assert np.array_equal(soft.argsort(axis=1), probs.argsort(axis=1))
    assert soft.sum(axis=1) == pytest.approx(np.ones(50))
    assert (soft.max(axis=1) < probs.max(axis=1)).all()


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: brier(np.zeros((0, 2)), np.zeros(0, int)), "no rows"),
        (lambda: reliability_curve([], []), "no rows"),
        (lambda: reliability_curve([1.2], [1]), "confidence row 0"),
        (lambda: reliability_curve([0.2], [1], bins=0), "bins is 0"),
        (lambda: confusion([0, 1], [0, 2], 2), "predicted row 1 is 2"),
        (lambda: temper([[0.5, 0.5]], 0), "temperature is 0"),
    ],
)
def test_malformed_input_is_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
