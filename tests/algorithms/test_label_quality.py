import numpy as np
import pytest
from hypothesis import given

from apps.algorithms.label_quality import (
    confident_joint,
    log_odds,
    normalised_margin,
    self_confidence,
    suspects,
)

from .arrays import labelled_rows

LABELS = np.array([0, 0, 1, 1, 2])
PROBS = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.6, 0.2], [0.1, 0.5, 0.4], [0.2, 0.2, 0.6]])


def slow_joint(labels, probs):
    """Row by row, straight from the definition; a tie goes to the given label."""
    k = probs.shape[1]
    joint, flagged = np.zeros((k, k), int), []
    for given_label, row in zip(labels, probs, strict=True):
        reached = []
        for j in range(k):
            own = [p[j] for y, p in zip(labels, probs, strict=True) if y == j]
            if own and row[j] >= sum(own) / len(own) - 1e-6:
                reached.append(j)
        flagged.append(False)
        if reached:
            best = max(reached, key=lambda j: (row[j], j == given_label, -j))
            joint[given_label, best] += 1
            flagged[-1] = best != given_label
    return joint, flagged


def test_scores_of_hand_worked_rows():
    assert self_confidence(LABELS, PROBS) == pytest.approx([0.7, 0.1, 0.6, 0.5, 0.6])
    assert normalised_margin(LABELS, PROBS) == pytest.approx([0.5, -0.7, 0.4, 0.1, 0.4])
    assert log_odds(LABELS, PROBS) == pytest.approx(np.log([3.5, 0.125, 3, 1.25, 3]))


def test_confident_joint_of_hand_worked_rows():
    # thresholds: .4 for class 0, .55 for class 1, .6 for class 2; row 3 reaches none of them
    assert confident_joint(LABELS, PROBS).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert suspects(LABELS, PROBS).tolist() == [False, True, False, False, False]


@given(labelled_rows())
def test_joint_and_suspects_equal_a_slow_independent_count(rows):
    labels, probs = rows
    joint, flagged = slow_joint(labels, probs)
    assert confident_joint(labels, probs).tolist() == joint.tolist()
    assert suspects(labels, probs).tolist() == flagged


@given(labelled_rows())
def test_all_scores_agree_on_which_side_of_the_rival_a_label_stands(rows):
    labels, probs = rows
    assert np.array_equal(np.sign(log_odds(labels, probs)), np.sign(normalised_margin(labels, probs)))


def test_a_certain_model_gives_finite_odds():
    assert log_odds([0, 1], [[1.0, 0.0], [1.0, 0.0]]) == pytest.approx([87.3365, -87.3365])


def test_planted_errors_rank_first_by_log_odds():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 5, 500)
    probs = rng.dirichlet(np.full(5, 0.4), 500) * 0.5
    probs[np.arange(500), truth] += 0.5
    labels = truth.copy()
    labels[:50] = (labels[:50] + 1 + rng.integers(0, 4, 50)) % 5
    assert set(np.argsort(log_odds(labels, probs))[:50]) == set(range(50))
    # a threshold is a class mean, so about half of the confident rows pass it
    assert suspects(labels, probs)[:50].mean() > 0.4
    assert suspects(labels, probs)[50:].mean() < 0.02


def test_a_class_nobody_was_given_is_never_confident():
    assert confident_joint([0, 0], [[0.1, 0.9], [0.2, 0.8]]).tolist() == [[1, 0], [0, 0]]


def test_equal_rows_reach_their_own_mean_in_spite_of_rounding():
    assert confident_joint([0, 0, 0], [[0.1, 0.9]] * 3).tolist() == [[3, 0], [0, 0]]


def test_no_rows_give_no_scores():
    none = np.zeros((0, 3))
    assert log_odds(np.zeros(0, int), none).shape == (0,)
    assert confident_joint(np.zeros(0, int), none).tolist() == np.zeros((3, 3)).tolist()
