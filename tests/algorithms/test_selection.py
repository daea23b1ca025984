import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.algorithms.selection import audit_sample, select, select_mix

SCORES = np.random.default_rng(0).random(200)


def rng(seed=1):
    return np.random.default_rng(seed)


def test_audit_sample_has_exact_inclusion_probability_and_no_repeats():
    sample = audit_sample(200, n=20, rng=rng())
    assert len(set(sample.indices)) == 20
    assert set(sample.inclusion_probability) == {0.1}
    assert set(sample.stratum) == {"audit"}


def test_every_row_is_audited_as_often_as_its_probability_says():
    hits = np.zeros(10)
    generator = rng()
    for _ in range(4000):
        hits[audit_sample(10, n=3, rng=generator).indices] += 1
    assert hits / 4000 == pytest.approx(np.full(10, 0.3), abs=0.03)


def test_stratified_audit_covers_each_stratum_in_proportion():
    strata = np.repeat([0, 1, 2], [150, 48, 2])
    sample = audit_sample(200, n=20, rng=rng(), strata=strata)
    drawn = np.bincount(strata[sample.indices])
    assert drawn.tolist() == [15, 4, 1]
    assert sample.inclusion_probability == pytest.approx((drawn / [150, 48, 2])[strata[sample.indices]])


@given(st.lists(st.integers(0, 4), min_size=5, max_size=60), st.data())
def test_stratified_audit_draws_what_was_asked(strata, data):
    n = data.draw(st.integers(len(set(strata)), len(strata)))
    sample = audit_sample(len(strata), n=n, rng=rng(), strata=strata)
    assert len(set(sample.indices)) == n
    assert {strata[row] for row in sample.indices} == set(strata)
    assert ((sample.inclusion_probability > 0) & (sample.inclusion_probability <= 1)).all()


def test_certainty_picks_are_the_highest_scores_outside_of_the_audit():
    chosen = select(SCORES, n=15, audit=20, rng=rng())
    rest = [row for row in np.argsort(-SCORES) if row not in chosen.indices[:20]]
    assert chosen.indices[20:].tolist() == rest[:15]
    assert chosen.stratum.tolist() == ["audit"] * 20 + ["certainty"] * 15
    assert np.isnan(chosen.inclusion_probability[20:]).all()


def test_equal_scores_are_picked_in_row_order():
    chosen = select(np.tile([1.0, 2.0], 500), n=100, audit=1, rng=rng())
    assert chosen.indices[1:].tolist() == [row for row in range(1, 999, 2) if row != chosen.indices[0]][:100]


def test_the_same_generator_gives_the_same_selection():
    embeddings = rng(5).normal(size=(200, 4))
    one, two = (select(SCORES, n=15, audit=20, rng=rng(9), embeddings=embeddings) for _ in range(2))
    other = select(SCORES, n=15, audit=20, rng=rng(10), embeddings=embeddings)
    assert one.indices.tolist() == two.indices.tolist()
    assert one.indices.tolist() != other.indices.tolist()


def test_reached_marks_exactly_the_audit_rows_above_the_cutoff():
    chosen = select(SCORES, n=30, audit=60, rng=rng())
    cutoff = SCORES[chosen.indices[60:]].min()
    assert chosen.reached[60:].all()
    assert chosen.reached[:60].tolist() == (SCORES[chosen.indices[:60]] > cutoff).tolist()
    assert 0 < chosen.reached[:60].sum() < 60


def test_spread_picks_visit_every_cluster_where_top_scores_visit_one():
    cluster = np.repeat(np.arange(5), 40)
    scores = 1 - cluster * 0.01 + rng(2).random(200) * 1e-3
    embeddings = 20.0 * np.eye(5)[cluster] + rng(3).normal(size=(200, 5)) * 0.1
    plain = select(scores, n=20, audit=1, rng=rng())
    spread = select(scores, n=20, audit=1, rng=rng(), embeddings=embeddings)
    assert set(cluster[plain.indices[1:]]) == {0}
    assert set(cluster[spread.indices[1:6]]) == {0, 1, 2, 3, 4}


def test_spread_picks_come_from_the_prefilter():
    embeddings = rng(3).normal(size=(200, 2))
    chosen = select(SCORES, n=3, audit=5, rng=rng(), embeddings=embeddings)
    assert set(chosen.indices[5:]) <= set(np.argsort(-SCORES)[:35])


def test_equal_embeddings_still_give_the_picks_asked_for():
    chosen = select(SCORES, n=12, audit=5, rng=rng(), embeddings=np.zeros((200, 3)))
    assert len(set(chosen.indices)) == 17


@given(st.integers(1, 25), st.data())
def test_selection_never_repeats_a_row_and_never_falls_short(n_frame, data):
    audit = data.draw(st.integers(1, n_frame))
    n = data.draw(st.integers(0, n_frame - audit))
    scores = data.draw(st.lists(st.integers(0, 3), min_size=n_frame, max_size=n_frame))
    embeddings = rng(4).normal(size=(n_frame, 2)) if data.draw(st.booleans()) else None
    chosen = select(scores, n=n, audit=audit, rng=rng(), embeddings=embeddings)
    assert len(chosen.indices) == len(set(chosen.indices)) == audit + n
    assert np.isnan(chosen.inclusion_probability).sum() == n


def test_each_reason_picks_its_best_of_what_is_left():
    scores = {"margin": [9, 8, 7, 6, 5, 4, 3, 2], "suspect": [9, 8, 1, 2, 3, 7, 6, 0]}
    chosen = select_mix(scores, {"margin": 2, "suspect": 2}, audit=1, rng=rng())
    audited = chosen.indices[0]
    margin = [row for row in range(8) if row != audited][:2]
    left = [row for row in np.argsort(-np.array(scores["suspect"])) if row not in (audited, *margin)]
    assert chosen.reason.tolist() == ["audit", "margin", "margin", "suspect", "suspect"]
    assert chosen.indices[1:].tolist() == [*margin, *left[:2]]


def test_a_reason_takes_only_eligible_rows_and_stops_when_they_run_out():
    mask = np.zeros(200, bool)
    mask[:6] = True
    chosen = select_mix({"suspect": SCORES}, {"suspect": 50}, audit=10, rng=rng(), eligible={"suspect": mask})
    wanted = chosen.indices[chosen.reason == "suspect"]
    assert set(wanted) == set(range(6)) - set(chosen.indices[:10])


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: select(SCORES, n=190, audit=20, rng=rng()), r"audit \+ n = 210 exceeds the frame of 200"),
        (lambda: select(SCORES, n=5, audit=0, rng=rng()), "at least 1"),
        (lambda: select([0.1, np.nan], n=1, audit=1, rng=rng()), "scores row 1 is NaN"),
        (lambda: select(SCORES, n=1, audit=1, rng=rng(), embeddings=np.zeros((9, 2))), "embeddings has 9"),
        (lambda: audit_sample(9, n=10, rng=rng()), "larger than the frame"),
        (lambda: audit_sample(4, n=2, rng=rng(), strata=[0, 1, 2, 2]), "cannot cover 3 strata"),
        (lambda: select_mix({"a": SCORES}, {"b": 1}, audit=1, rng=rng()), "Reasons differ"),
        (lambda: select_mix({"audit": SCORES}, {"audit": 1}, audit=1, rng=rng()), "'audit' is taken"),
    ],
)
def test_impossible_wishes_are_refused(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
