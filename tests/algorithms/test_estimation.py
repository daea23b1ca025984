import numpy as np
import pytest

from apps.algorithms.estimation import error_rate
from apps.algorithms.selection import audit_sample, select


def frame(n_rows, rate, seed, *, link=0.0):
    """True errors of a frame and a score that knows something about them (`link`)."""
    rng = np.random.default_rng(seed)
    errors = rng.random(n_rows) < rate
    score = np.clip(rate + link * (errors - rate) + rng.normal(0, 0.08, n_rows), 0.0, 1.0)
    return errors.astype(float), score


def audits(errors, *, n, repeats, seed, estimate):
    """What `estimate(rows)` says for many audit samples of one frame."""
    rng = np.random.default_rng(seed)
    return [estimate(audit_sample(len(errors), n=n, rng=rng)) for _ in range(repeats)]


def coverage(results, truth):
    return np.mean([result.low <= truth <= result.high for result in results])


def mean_width(results):
    return np.mean([result.high - result.low for result in results])


def test_hajek_weighs_rows_by_the_inverse_of_their_probability():
    result = error_rate([1, 0, 1], [0.5, 0.25, 0.1])
    assert result.estimate == pytest.approx((2 + 10) / (2 + 4 + 10))
    assert 0 < result.low < result.estimate < result.high < 1


def test_certainty_rows_do_not_speak_for_the_frame_on_their_own():
    result = error_rate([0, 1, 1, 1], [0.5, 0.5, np.nan, np.nan])
    assert (result.estimate, result.n_sample, result.n_unused) == (0.5, 2, 2)


def test_reached_rows_count_for_themselves_and_the_rest_for_the_rest():
    result = error_rate([1, 0, 1, 1, 0], [0.3, 0.3, 0.3, np.nan, np.nan], reached=[0, 0, 1, 1, 1], n_frame=10)
    # three known rows hold two errors; seven rows are estimated at one half
    assert result.estimate == pytest.approx((2 + 7 * 0.5) / 10)
    assert (result.n_sample, result.n_census) == (2, 3)
    assert result.low >= 0.2
    assert result.high <= 0.9


def test_a_full_census_leaves_no_doubt():
    result = error_rate([1, 0, 1, 0], [np.nan] * 4, reached=[1] * 4, n_frame=4)
    assert (result.estimate, result.low, result.high) == (0.5, 0.5, 0.5)
    everyone = error_rate([1, 0, 0, 0], [1.0] * 4, n_frame=4)
    assert (everyone.low, everyone.high) == (0.25, 0.25)


def test_no_error_seen_is_not_no_error():
    result = error_rate(np.zeros(50), np.full(50, 0.05))
    assert result.estimate == result.low == 0
    assert 0.05 < result.high < 0.1


@pytest.mark.parametrize(("rate", "n"), [(0.1, 120), (0.3, 60), (0.05, 300)])
def test_audit_intervals_cover_as_often_as_they_say(rate, n):
    errors, _ = frame(1000, rate, seed=1)

    def estimate(sample):
        return error_rate(errors[sample.indices], sample.inclusion_probability, n_frame=1000)

    results = audits(errors, n=n, repeats=3000, seed=2, estimate=estimate)
    assert 0.93 <= coverage(results, errors.mean()) <= 0.97
    assert np.mean([result.estimate for result in results]) == pytest.approx(errors.mean(), abs=0.004)


def test_the_finite_population_correction_narrows_the_interval():
    errors, _ = frame(400, 0.2, seed=3)
    sample = audit_sample(400, n=200, rng=np.random.default_rng(1))
    rows = errors[sample.indices], sample.inclusion_probability
    small, large = error_rate(*rows, n_frame=400), error_rate(*rows)
    assert small.high - small.low < 0.75 * (large.high - large.low)


def test_stratified_audits_cover_with_unequal_probabilities():
    errors, _ = frame(900, 0.15, seed=4)
    strata = np.repeat([0, 1], [850, 50])
    errors[850:] = np.arange(50) % 2
    rng = np.random.default_rng(6)
    samples = [audit_sample(900, n=150, rng=rng, strata=strata) for _ in range(2000)]
    results = [error_rate(errors[s.indices], s.inclusion_probability, n_frame=900) for s in samples]
    assert coverage(results, errors.mean()) >= 0.93


@pytest.mark.parametrize("link", [0.0, 0.6])
def test_prediction_powered_intervals_cover_and_a_good_prediction_narrows_them(link):
    errors, score = frame(1500, 0.2, seed=5, link=link)

    def powered(sample):
        rows = sample.indices
        return error_rate(errors[rows], sample.inclusion_probability, score[rows], predicted_frame=score)

    def plain(sample):
        return error_rate(errors[sample.indices], sample.inclusion_probability, n_frame=1500)

    with_model = audits(errors, n=150, repeats=2000, seed=7, estimate=powered)
    without = audits(errors, n=150, repeats=2000, seed=7, estimate=plain)
    assert 0.93 <= coverage(with_model, errors.mean()) <= 0.97
    assert mean_width(with_model) < (0.5 if link else 1.02) * mean_width(without)


def test_a_prediction_that_is_wrong_everywhere_does_no_harm():
    errors, score = frame(1500, 0.2, seed=8, link=0.6)
    liar = np.clip(1 - score, 0, 1)

    def estimate(sample):
        rows = sample.indices
        return error_rate(errors[rows], sample.inclusion_probability, liar[rows], predicted_frame=liar)

    results = audits(errors, n=150, repeats=1000, seed=9, estimate=estimate)
    assert {result.power for result in results} == {0.0}
    assert coverage(results, errors.mean()) >= 0.93


@pytest.mark.parametrize("spread", [False, True])
def test_audit_with_certainty_rows_is_unbiased_and_narrower_where_adding_them_plainly_is_biased(spread):
    errors, score = frame(400, 0.15, seed=10, link=0.5)
    embeddings = np.random.default_rng(1).normal(size=(400, 3)) if spread else None
    rng = np.random.default_rng(11)
    joint, plain, naive = [], [], []
    for _ in range(1200 if not spread else 400):
        chosen = select(score, n=40, audit=80, rng=rng, embeddings=embeddings)
        e, pi = errors[chosen.indices], chosen.inclusion_probability
        joint.append(error_rate(e, pi, reached=chosen.reached, n_frame=400))
        plain.append(error_rate(e, pi, n_frame=400))
        naive.append((e[80:].sum() + 360 * e[:80].mean()) / 400)
    truth = errors.mean()
    assert np.mean([result.estimate for result in joint]) == pytest.approx(truth, abs=0.006)
    assert coverage(joint, truth) >= 0.93
    assert mean_width(joint) < mean_width(plain)
    assert np.mean(naive) > truth + 0.02


def test_reached_rows_left_open_by_chance_widen_the_interval_and_bias_nothing():
    errors, score = frame(400, 0.15, seed=17, link=0.5)
    rng = np.random.default_rng(18)
    half, full, ignored = [], [], []
    for _ in range(1500):
        chosen = select(score, n=40, audit=80, rng=rng)
        answered = (rng.random(120) < 0.5) | ~chosen.reached
        e, pi, reached = errors[chosen.indices], chosen.inclusion_probability, chosen.reached
        options = {"reached": reached[answered], "n_frame": 400}
        half.append(error_rate(e[answered], pi[answered], n_reached=int(reached.sum()), **options))
        ignored.append(error_rate(e[answered], pi[answered], **options))
        full.append(error_rate(e, pi, reached=reached, n_frame=400))
    truth = errors.mean()
    assert np.mean([result.estimate for result in half]) == pytest.approx(truth, abs=0.004)
    assert np.mean([result.estimate for result in ignored]) < truth - 0.015
    assert coverage(half, truth) >= 0.93
    assert mean_width(half) > mean_width(full)


def test_prediction_and_certainty_rows_together_cover_and_are_narrowest():
    errors, score = frame(400, 0.3, seed=15, link=0.3)
    rng = np.random.default_rng(16)
    both, joint = [], []
    for _ in range(1000):
        chosen = select(score, n=20, audit=80, rng=rng)
        rows, pi = chosen.indices, chosen.inclusion_probability
        options = {"reached": chosen.reached, "n_frame": 400}
        both.append(error_rate(errors[rows], pi, score[rows], predicted_frame=score, **options))
        joint.append(error_rate(errors[rows], pi, **options))
    assert np.mean([result.estimate for result in both]) == pytest.approx(errors.mean(), abs=0.004)
    assert coverage(both, errors.mean()) >= 0.93
    assert mean_width(both) < mean_width(joint)


def test_the_prediction_for_the_rest_leaves_out_the_rows_that_are_known():
    f = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    result = error_rate(
        [0, 1, 1], [0.3, 0.3, np.nan], f[[0, 1, 3]], predicted_frame=f, reached=[0, 0, 1], n_frame=6
    )
    # λ is 1; of the five unknown rows the prediction calls three wrong, and no correction is needed
    assert result.power == 1
    assert result.estimate == pytest.approx((1 + 3) / 6)


@pytest.mark.parametrize(
    ("arguments", "options", "complaint"),
    [
        (([0.5, 1.5], [0.5, 0.5]), {}, "errors row 1"),
        (([0, 1], [0.5, 0.0]), {}, "inclusion row 1 is 0.0"),
        (([0, 1], [0.5]), {}, "inclusion has 1"),
        (([1, 1], [np.nan, np.nan]), {}, "0 audit rows are to speak for"),
        (([1, 1], [0.5, np.nan]), {"reached": [0, 1]}, "need n_frame"),
        (
            ([1, 1], [0.5, np.nan]),
            {"reached": [0, 0], "n_frame": 9},
            "Row 1 is a certainty row but not reached",
        ),
        (([1, 1], [0.5, np.nan]), {"reached": [0, 1], "n_frame": 9, "n_reached": 0}, "n_reached is 0"),
        (([1, 1], [0.5, 0.5]), {"reached": [0, 0], "n_frame": 9, "n_reached": 2}, "2 of 2 reached rows"),
        (([1, 1], [0.5, 0.5], [0.1, 0.1]), {}, "together, or neither"),
        (([1, 1], [0.5, 0.5], [0.1, 0.1]), {"predicted_frame": [0.1] * 4, "n_frame": 5}, "the same frame"),
        (([1, 1], [1.0, 1.0]), {"n_frame": 1}, "check n_frame"),
    ],
)
def test_malformed_samples_are_refused(arguments, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        error_rate(*arguments, **options)
