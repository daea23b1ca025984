import numpy as np
import pytest
from scipy.special import betainc

from apps.algorithms.learning_edge import classify, edge_value


def test_edge_value_peaks_at_a_coins_toss():
    assert edge_value([0.0, 0.25, 0.5, 1.0]).tolist() == [0.0, 0.75, 1.0, 0.0]


def test_chance_and_interval_are_jeffreys():
    edge = classify([[1, 1, 1, 0]])
    assert edge.p == pytest.approx([3.5 / 5])
    assert betainc(3.5, 1.5, edge.low[0]) == pytest.approx(0.025)
    assert betainc(3.5, 1.5, edge.high[0]) == pytest.approx(0.975)


def test_five_straight_successes_are_learned_and_four_are_not():
    attempted = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
    assert classify(np.ones((2, 5)), attempted=attempted).zone.tolist() == ["learned", "edge"]


def test_ten_straight_failures_are_beyond_and_nine_are_not():
    attempted = np.ones((2, 10))
    attempted[1, 0] = 0
    assert classify(np.zeros((2, 10)), attempted=attempted).zone.tolist() == ["beyond", "edge"]


def test_a_row_never_tried_is_at_the_edge_with_a_wide_interval():
    edge = classify(np.zeros((1, 3)), attempted=np.zeros((1, 3)))
    assert (edge.zone[0], edge.p[0], edge.attempts[0]) == ("edge", 0.5, 0)
    assert edge.high[0] - edge.low[0] > 0.99


def test_training_dynamics_count_as_parts_of_successes():
    assert classify([[0.9, 0.8, 1.0]]).p == pytest.approx([(0.5 + 2.7) / 4])


def test_the_value_of_an_attempt_that_was_not_made_is_ignored():
    attempted = [[1, 0, 1]]
    assert classify([[1, 0, 0]], attempted=attempted).p == classify([[1, 1, 0]], attempted=attempted).p


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: classify([0, 1]), "1 axes, not 2"),
        (lambda: classify([[0, 2]]), "correct row 0"),
        (lambda: classify([[0, np.nan]]), "correct row 0 is NaN"),
        (lambda: classify([[0, 1]], attempted=[[1]]), "the same shape"),
        (lambda: edge_value([1.1]), "p row 0"),
    ],
)
def test_malformed_outcomes_are_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
