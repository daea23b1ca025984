"""Many people's answers to one belief per task."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.algorithms import checks
from apps.algorithms.checks import Floats, Ints

# shares closer than this are a tie: sums of weights carry rounding
TIE = 1e-9


@dataclass(frozen=True)
class Aggregate:
    """What the answers say, by task and by annotator; ids in ascending order."""

    tasks: npt.NDArray[np.generic]  # (t,) task ids
    posterior: Floats  # (t, k), rows sum to 1
    winner: Ints  # (t,) class, −1 on a tie
    annotators: npt.NDArray[np.generic]  # (w,) annotator ids
    competence: Floats  # (w,) in [0, 1], NaN where nobody else answered the same tasks
    answers: Ints  # (w,) number of answers given


def majority_vote(
    tasks: npt.ArrayLike,
    annotators: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    n_classes: int,
    weights: npt.ArrayLike | None = None,
) -> Aggregate:
    """Vote shares as posterior; all arrays (m,), one row per answer, ids of any sortable kind.

    A tie shows as equal shares and winner −1: somebody has to settle it. `weights` (m,) ≥ 0. Competence:
    see `_agreement_with_others`. ValueError on bad labels, a second answer, or a task of no weight.
    """
    task_ids, people = np.asarray(tasks), np.asarray(annotators)
    label = checks.codes("labels", labels, below=checks.whole("n_classes", n_classes, at_least=2))
    checks.one_answer_each(task_ids, people)
    weight = np.ones(len(label)) if weights is None else checks.within("weights", weights, 0, np.inf)
    checks.same_length(tasks=task_ids, labels=label, weights=weight)
    names, task = np.unique(task_ids, return_inverse=True)
    votes = np.zeros((len(names), n_classes))
    np.add.at(votes, (task, label), weight)
    total = votes.sum(axis=1, keepdims=True)
    if (total == 0).any():
        silent = names[(total == 0).ravel()][0]
        raise ValueError(f"All answers to task {silent} weigh 0: give one of them weight or leave it out.")
    posterior = votes / total
    persons, person = np.unique(people, return_inverse=True)
    competence = _agreement_with_others(votes, task, person, label, weight)
    answers = np.bincount(person).astype(np.int64)
    return Aggregate(names, posterior, _winner(posterior), persons, competence, answers)


def _winner(posterior: Floats) -> Ints:
    ordered = np.sort(posterior, axis=1)
    tied = ordered[:, -1] - ordered[:, -2] <= TIE
    return np.where(tied, -1, posterior.argmax(axis=1)).astype(np.int64)


def _agreement_with_others(votes: Floats, task: Ints, person: Ints, label: Ints, weight: Floats) -> Floats:
    """(w,) mean over a person's tasks of the others' weight on the same label / the others' weight.

    A person's own vote does not vouch for itself. Tasks nobody else answered are left out.
    """
    others = votes.sum(axis=1)[task] - weight
    same = votes[task, label] - weight
    shared = others > TIE
    agreement = np.clip(np.divide(same, others, out=np.zeros(len(others)), where=shared), 0.0, 1.0)
    n_people = int(person.max()) + 1 if len(person) else 0
    total = np.bincount(person[shared], weights=agreement[shared], minlength=n_people)
    count = np.bincount(person[shared], minlength=n_people)
    mean: Floats = np.divide(total, count, out=np.full(n_people, np.nan), where=count > 0)
    return mean
