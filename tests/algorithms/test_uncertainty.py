import numpy as np
import pytest
from hypothesis import given

from apps.algorithms.uncertainty import entropy, margin

from .arrays import labelled_rows


def test_hand_worked_values():
    probs = [[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]
    assert margin(probs) == pytest.approx([0.2, 1.0, 0.0])
    assert entropy(probs) == pytest.approx([1.0296530 / np.log(3), 0.0, 1.0])


@given(labelled_rows())
def test_values_stay_in_range_and_ignore_the_order_of_classes(rows):
    _, probs = rows
    for measure in (margin, entropy):
        values = measure(probs)
        assert (values >= 0).all()
        assert (values <= 1 + 1e-12).all()
        assert measure(probs[:, ::-1]) == pytest.approx(values, abs=1e-12)


def test_entropy_never_passes_one_when_rows_sum_a_little_above_one():
    assert entropy([[0.10005] * 10])[0] == 1
