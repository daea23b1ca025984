import numpy as np
import pytest

from apps.algorithms import checks

GOOD = [[0.2, 0.8], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("probs", "complaint"),
    [
        ([0.2, 0.8], "1 axes, not 2"),
        ([[1.0], [1.0]], "1 class columns"),
        ([[0.2, 0.8], [np.nan, 1.0]], "row 1 is NaN"),
        ([[0.2, 0.8], [np.inf, 0.0]], "row 1 is NaN or infinite"),
        ([[0.2, 0.8], [-0.1, 1.1]], "row 1 has a negative entry"),
        ([[0.2, 0.8], [0.5, 0.502]], "row 1 sums to 1.002"),
        ([["a", "b"]], "give numbers"),
    ],
)
def test_malformed_probabilities_are_refused_with_their_row(probs, complaint):
    with pytest.raises(ValueError, match=complaint):
        checks.probabilities("probs", probs)


def test_rows_that_sum_to_one_within_a_thousandth_are_accepted_as_they_are():
    assert checks.probabilities("probs", [[0.5, 0.5009]])[0].tolist() == [0.5, 0.5009]


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ([0, 2], "labels row 1 is 2: give integers 0 to 1"),
        ([-1, 0], "labels row 0 is -1"),
        ([0.0, 1.0], "float64 values: give integers"),
        ([0], "labels has 1, probs has 2"),
        ([[0], [1]], "2 axes, not 1"),
    ],
)
def test_labels_that_do_not_fit_the_probabilities_are_refused(labels, complaint):
    with pytest.raises(ValueError, match=complaint):
        checks.labelled(labels, GOOD)


def test_flags_accept_zero_and_one_but_not_a_half():
    assert checks.flags("correct", [0, 1]).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"correct row 1 is 0\.5"):
        checks.flags("correct", [0, 0.5])


def test_a_second_answer_by_the_same_person_names_its_row():
    with pytest.raises(ValueError, match="Row 2: annotator 7 answers task 1 a second time"):
        checks.one_answer_each(np.array([1, 1, 1]), np.array([7, 8, 7]))


def test_the_callers_array_is_never_changed():
    from apps.algorithms import label_quality, uncertainty

    probs = np.array(GOOD)
    label_quality.log_odds([0, 1], probs)
    uncertainty.margin(probs)
    assert probs.tolist() == GOOD
