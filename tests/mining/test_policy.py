"""What a mining policy may say, and how examples are chosen under it."""

from __future__ import annotations

import numpy as np
import pytest

from apps.core.errors import BadInput
from apps.mining.domain import Frame, Policy, choose, signals_of, top_classes, why


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (["audit"], "policy"),
        ({"audits": 3}, "audits"),
        ({"audit": 0}, "audit"),
        ({"audit": True}, "audit"),
        ({"audit": "40"}, "audit"),
        ({"margin": -1}, "margin"),
        ({"margin": 1.5}, "margin"),
        ({"label_error": 100_001}, "label_error"),
        ({"overlap": 0}, "overlap"),
        ({"overlap": 10}, "overlap"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_its_field(values, field):
    with pytest.raises(BadInput) as refused:
        Policy.parse(values)
    assert refused.value.detail["field"] == field


def test_what_a_policy_leaves_out_is_the_default():
    assert Policy.parse(None) == Policy.parse({}) == Policy()
    assert Policy.parse({"audit": 5}).audit == 5


def frame(n=60):
    """Sixty examples; the first twenty labelled, number 7 wrongly and surely so."""
    rng = np.random.default_rng(1)
    probs = rng.dirichlet([5, 1, 1], n)
    probs[:20] = [0.96, 0.02, 0.02]
    labels = np.full(n, -1)
    labels[:20] = 0
    labels[7] = 2
    return Frame(np.arange(n) + 100, labels, probs, ["3", "5", "8"])


def chosen(policy, seed=0):
    here = frame()
    return here, choose(here, signals_of(here), policy, np.random.default_rng(seed))


def test_the_audit_sample_has_its_inclusion_probability_and_the_rest_is_certain():
    _, picks = chosen(Policy(audit=6, margin=8, label_error=4))
    audit = picks.stratum == "audit"
    assert audit.sum() == 6
    assert np.allclose(picks.inclusion_probability[audit], 6 / 60)
    assert np.isnan(picks.inclusion_probability[~audit]).all()
    assert set(picks.stratum[~audit]) == {"certainty"}
    assert len(set(picks.indices)) == len(picks.indices)


def test_label_errors_come_from_labelled_rows_and_margins_from_the_others():
    here, picks = chosen(Policy(audit=1, margin=8, label_error=4))
    by_reason = {reason: picks.indices[picks.reason == reason] for reason in ("label_error", "margin")}
    assert (here.labels[by_reason["label_error"]] >= 0).all()
    assert (here.labels[by_reason["margin"]] < 0).all()
    assert (len(by_reason["label_error"]), len(by_reason["margin"])) == (4, 8)
    assert 7 in picks.indices


def test_the_smallest_margins_are_chosen():
    here, picks = chosen(Policy(audit=1, margin=8, label_error=0))
    margins = signals_of(here).margin
    taken = picks.indices[picks.reason == "margin"]
    audited = set(picks.indices[picks.reason == "audit"])
    left = [i for i in range(20, 60) if i not in audited and i not in set(taken)]
    assert margins[taken].max() <= margins[left].min()


def test_the_same_seed_chooses_the_same_and_another_seed_audits_others():
    policy = Policy(audit=6, margin=8, label_error=4)
    first, again, other = (chosen(policy, seed)[1].indices for seed in (3, 3, 4))
    assert first.tolist() == again.tolist()
    assert sorted(first[:6]) != sorted(other[:6])


def test_a_policy_larger_than_the_frame_asks_about_everything_once():
    _, picks = chosen(Policy(audit=1_000, margin=1_000, label_error=1_000))
    assert sorted(picks.indices) == list(range(60))
    assert np.allclose(picks.inclusion_probability, 1)


def test_only_a_given_label_the_model_contradicts_is_suspect():
    signals = signals_of(frame())
    assert np.flatnonzero(signals.suspect).tolist() == [7]
    assert np.isnan(signals.log_odds[20:]).all()
    assert signals.log_odds[7] == np.nanmin(signals.log_odds)


def test_the_reason_is_told_in_plain_words():
    top = top_classes(np.array([0.2, 0.7, 0.1]), ["3", "5", "8"])
    assert top == [["5", 0.7], ["3", 0.2], ["8", 0.1]]
    assert "Given 8" in why("label_error", top=top, given="8")
    assert "between 5 (0.70) and 3 (0.20)" in why("margin", top=top, given=None)
    assert "at random" in why("audit", top=top, given=None)
