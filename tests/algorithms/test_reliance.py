import pytest

from apps.algorithms.intervals import two_sided_z, wilson
from apps.algorithms.reliance import NONE, reliance

# ten answers to questions with classes 0, 1, 2; the model always says 1
FIRST = [0, 0, 0, 2, 2, 0, 1, 1, 1, 1]
FINAL = [1, 1, 0, 1, 2, NONE, 1, 1, 0, 1]
TRUTH = [1, 0, 1, 0, 0, 1, 1, 0, 0, NONE]


def worked():
    return reliance(FIRST, [1] * 10, FINAL, TRUTH)


def counts(share):
    return share.k, share.n


def test_of_those_that_differed_the_share_that_took_the_models_word_over():
    """Six differed; the first, second and fourth took it over, one found that it cannot be answered at all."""
    toward = worked().toward
    assert counts(toward) == (3, 6)
    its = wilson(0.5, 6, z=two_sided_z(0.95))
    assert (toward.estimate, toward.low, toward.high) == (its.estimate, its.low, its.high)


def test_of_those_that_agreed_the_share_that_left_it():
    assert counts(worked().away) == (1, 4)


def test_switching_to_a_model_that_is_wrong_is_over_reliance():
    """It was wrong on the second, fourth and fifth of the six; the second and fourth took it over."""
    assert counts(worked().over) == (2, 3)


def test_staying_against_a_model_that_is_right_is_under_reliance():
    """It was right on the first, third and sixth of the six; the third stayed, the sixth gave no label."""
    assert counts(worked().under) == (2, 3)


def test_without_truth_nothing_is_said_of_right_reliance():
    unknown = reliance(FIRST, [1] * 10, FINAL, [NONE] * 10)
    assert (unknown.over.estimate, unknown.under.estimate) == (None, None)
    assert counts(unknown.toward) == (3, 6)


def test_of_no_answers_there_is_no_share():
    nothing = reliance([], [], [], [])
    assert counts(nothing.toward) == (0, 0)
    assert (nothing.toward.estimate, nothing.toward.low, nothing.toward.high) == (None, None, None)


def test_changing_to_a_third_label_is_neither():
    third = reliance([0], [1], [2], [1])
    assert counts(third.toward) == (0, 1)
    assert counts(third.under) == (1, 1)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (([0], [1], [1], []), "truth has 0"),
        (([NONE], [1], [1], [1]), "first row 0"),
        (([0], [NONE], [1], [1]), "advice row 0"),
        (([0.5], [float("nan")], [1], [1]), "NaN"),
    ],
)
def test_what_cannot_be_counted_is_refused(columns, words):
    with pytest.raises(ValueError, match=words):
        reliance(*columns)
