import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import confusion_matrix

from apps.algorithms.model_quality import (
    confusion,
    expected_calibration_error,
    reliability_curve,
)

from .arrays import labelled_rows


def calibrated(n, seed):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(4, 0.8), n)
    labels = (rng.random((n, 1)) > np.cumsum(probs, axis=1)).sum(axis=1)
    return probs, np.minimum(labels, 3)


@given(labelled_rows())
def test_confusion_equals_that_of_scikit_learn(rows):
    labels, probs = rows
    k, guess = probs.shape[1], probs.argmax(axis=1)
    assert confusion(labels, guess, k).tolist() == confusion_matrix(labels, guess, labels=range(k)).tolist()


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
    sharp = probs**2.5 / (probs**2.5).sum(axis=1, keepdims=True)
    for p, low, high in ((probs, 0.0, 0.02), (sharp, 0.12, 1.0)):
        error = expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == labels)
        assert low <= error <= high


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: reliability_curve([], []), "no rows"),
        (lambda: reliability_curve([1.2], [1]), "confidence row 0"),
        (lambda: reliability_curve([0.2], [1], bins=0), "bins is 0"),
        (lambda: confusion([0, 1], [0, 2], 2), "predicted row 1 is 2"),
    ],
)
def test_malformed_input_is_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
