import numpy as np
import pytest
from hypothesis import given

from apps.algorithms.aggregation import majority_vote

from .arrays import answers


def test_vote_shares_winner_and_competence_of_hand_worked_answers():
    tasks = [10, 10, 10, 20, 20, 30]
    people = ["ann", "bob", "cy", "ann", "bob", "cy"]
    result = majority_vote(tasks, people, [1, 1, 0, 2, 0, 2], n_classes=3)
    assert result.tasks.tolist() == [10, 20, 30]
    assert result.posterior == pytest.approx(np.array([[1 / 3, 2 / 3, 0], [0.5, 0, 0.5], [0, 0, 1]]))
    assert result.winner.tolist() == [1, -1, 2]
    assert result.annotators.tolist() == ["ann", "bob", "cy"]
    # ann: half of the others agree on 10, none on 20; cy's task 30 was answered by cy alone
    assert result.competence == pytest.approx([0.25, 0.25, 0.0])
    assert result.answers.tolist() == [2, 2, 2]


def test_weights_settle_what_heads_alone_leave_tied():
    result = majority_vote([1, 1], [1, 2], [0, 1], n_classes=2, weights=[3.0, 1.0])
    assert result.posterior.tolist() == [[0.75, 0.25]]
    assert result.winner.tolist() == [0]


def test_a_tie_of_rounded_weights_is_still_a_tie():
    result = majority_vote([1, 1, 1], [1, 2, 3], [0, 0, 1], n_classes=2, weights=[0.1, 0.2, 0.3])
    assert result.winner.tolist() == [-1]


def test_nobody_is_competent_or_not_without_a_second_opinion():
    assert np.isnan(majority_vote([1, 2], [1, 1], [0, 1], n_classes=2).competence).all()


@given(answers())
def test_posterior_counts_votes_whatever_the_order_of_rows(rows):
    if rows is None:
        return
    tasks, people, labels = rows
    result = majority_vote(tasks, people, labels, n_classes=4)
    turned = majority_vote(tasks[::-1], people[::-1], labels[::-1], n_classes=4)
    for position, task in enumerate(result.tasks):
        votes = [list(labels[tasks == task]).count(label) for label in range(4)]
        assert result.posterior[position] == pytest.approx(np.array(votes) / sum(votes))
        leaders = [label for label in range(4) if votes[label] == max(votes)]
        assert result.winner[position] == (leaders[0] if len(leaders) == 1 else -1)
    assert turned.posterior == pytest.approx(result.posterior)
    assert turned.competence == pytest.approx(result.competence, nan_ok=True)


def test_no_answers_give_no_beliefs():
    none = np.zeros(0, int)
    assert majority_vote(none, none, none, n_classes=3).posterior.shape == (0, 3)


@pytest.mark.parametrize(
    ("people", "labels", "weights", "complaint"),
    [
        ([1, 2], [0, 3], None, "labels row 1 is 3"),
        ([1, 1], [0, 1], None, "a second time"),
        ([1, 2], [0, 1], [0.0, 0.0], "All answers to task 5 weigh 0"),
        ([1, 2], [0, 1], [1.0, -1.0], "weights row 1"),
        ([1, 2], [0], None, "labels has 1"),
    ],
)
def test_malformed_answers_are_refused(people, labels, weights, complaint):
    with pytest.raises(ValueError, match=complaint):
        majority_vote([5, 5], people, labels, n_classes=2, weights=weights)
