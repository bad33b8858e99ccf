"""The statistics of the check against theory, and the check itself on hundreds of simulated
patients.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from qtwin.errors import InputError
from qtwin.report.validation_pictures import coverage_picture, ranks_picture
from qtwin.twin import disease
from qtwin.twin.synthetic import (
    AHEAD,
    LEVELS,
    N_DRAWS,
    Fits,
    Patients,
    fit,
    schedule,
    simulated_patients,
)
from qtwin.twin.validation import (
    calibration_ranks,
    coverage,
    effort,
    exact_interval,
    ranks_among,
    uniformity,
    validate,
)

Array = NDArray[np.float64]


def _normal(n: int, *, shift: float, stretch: float, seed: int) -> tuple[Array, Array]:
    """True means drawn from N(0, 1), measured with error 0.7, and draws from the posterior, moved
    or stretched.
    """
    rng = np.random.default_rng(seed)
    truth = rng.standard_normal(n)
    seen = truth + 0.7 * rng.standard_normal(n)
    variance = 1.0 / (1.0 + 1.0 / 0.7**2)
    mean = variance * seen / 0.7**2 + shift * np.sqrt(variance)
    return truth, mean[:, None] + stretch * np.sqrt(variance) * rng.standard_normal((n, N_DRAWS))


def _fits(truth: Array, draws: Array, *, levels: tuple[float, ...] = LEVELS) -> Fits:
    """One derived quantity; intervals from the draws themselves."""
    n, tails = len(truth), 0.5 * (1.0 - np.array(levels))
    patients = Patients(
        model="other",
        latent_names=(),
        latent=np.empty((n, 0)),
        observations=((),) * n,
        ahead_points=truth,
        n_visits=2,
        n_clipped=0,
        age_years=75.0,
        apoe_e4_copies=None,
    )
    return Fits(
        patients=patients,
        fitted_by="normal",
        quantities=(AHEAD,),
        truth=truth[:, None],
        draws=draws[:, :, None],
        levels=levels,
        ahead_low_points=np.quantile(draws, tails, axis=1).T,
        ahead_high_points=np.quantile(draws, 1.0 - tails, axis=1).T,
        effective_sample_size=np.linspace(200.0, 400.0, n),
        distinct_share=np.ones(n),
        tempered=np.arange(n) < 3,
        seconds=np.full(n, 0.5),
    )


def test_ranks_of_the_right_posterior_are_uniform() -> None:
    (found,) = calibration_ranks(
        [_fits(*_normal(2000, shift=0.0, stretch=1.0, seed=s)) for s in (1, 2)]
    )
    assert found.quantity == AHEAD
    assert found.ranks.shape == (4000,)
    assert (found.ranks.min(), found.ranks.max()) == (0, N_DRAWS)
    assert found.counts.sum() == 4000
    assert min(found.chi_square_p, found.kolmogorov_p) > 0.01


@pytest.mark.parametrize(("shift", "stretch"), [(0.0, 0.7), (0.0, 1.4), (0.3, 1.0)])
def test_ranks_of_a_wrong_posterior_are_not(shift: float, stretch: float) -> None:
    (found,) = calibration_ranks([_fits(*_normal(2000, shift=shift, stretch=stretch, seed=3))])
    assert min(found.chi_square_p, found.kolmogorov_p) < 1e-6
    ends, middle = found.counts[[0, -1]].sum(), found.counts[7:9].sum()
    if shift == 0.0:  # too narrow: the truth lies outside too often
        assert (ends > middle) == (stretch < 1.0)


def test_p_values_are_uniform_when_ranks_are() -> None:
    rng = np.random.default_rng(4)
    found = [
        uniformity("x", rng.integers(0, N_DRAWS + 1, 800), N_DRAWS, seed=k) for k in range(300)
    ]
    for p in ([f.chi_square_p for f in found], [f.kolmogorov_p for f in found]):
        assert stats.kstest(p, "uniform").pvalue > 0.001
    low, high = found[0].band_99
    outside = np.mean([(f.counts < low) | (f.counts > high) for f in found])
    assert 0.001 < outside < 0.015


def test_ties_are_settled_at_random() -> None:
    rng = np.random.default_rng(5)
    truth = np.zeros(4000)
    assert (
        ranks_among(truth, np.array([[-1.0, -2.0, 3.0]]).repeat(4000, axis=0), rng).tolist()
        == [2] * 4000
    )
    ranks = ranks_among(truth, np.zeros((4000, 3)), rng)
    assert stats.chisquare(np.bincount(ranks, minlength=4)).pvalue > 0.001


def test_coverage_counts() -> None:
    truth = np.array([0.0, 0.0, 3.0, -9.0])
    draws = np.linspace(-5.0, 5.0, N_DRAWS)[None].repeat(4, axis=0)
    half, most = coverage(_fits(truth, draws, levels=(0.5, 0.95)))
    assert (half.inside, half.share, most.inside, most.share) == (2, 0.5, 3, 0.75)
    assert (half.n_patients, half.n_visits, half.level) == (4, 2, 0.5)
    assert half.width_points == pytest.approx(5.0)
    assert most.width_points == pytest.approx(9.5)
    assert (half.low, half.high) == pytest.approx((0.067586, 0.932414), abs=1e-6)
    spent = effort(_fits(truth, draws))
    assert (spent.median_ess, spent.smallest_ess) == (300.0, 200.0)
    assert (spent.tempered_share, spent.mean_seconds, spent.median_distinct_share) == (
        0.75,
        0.5,
        1.0,
    )


@pytest.mark.parametrize(("inside", "total"), [(0, 10), (10, 10), (7, 10), (163, 200)])
def test_exact_interval_is_the_benchmarks(inside: int, total: int) -> None:
    assert exact_interval(inside, total) == pytest.approx(
        tuple(stats.binomtest(inside, total).proportion_ci(0.95, "exact")), abs=1e-12
    )


def test_an_exact_interval_covers_at_least_its_level() -> None:
    rng = np.random.default_rng(6)
    intervals = np.array([exact_interval(k, 50) for k in range(51)])
    inside = rng.binomial(50, 0.8, 20_000)
    assert ((intervals[inside, 0] <= 0.8) & (intervals[inside, 1] >= 0.8)).mean() > 0.945


def test_schedule_measures_amyloid_once() -> None:
    plan = schedule(3, ("amyloid_pet_centiloid", "cdr_sb", "mmse", "tau_pet_suvr_excess"))
    assert plan[0] == (0.0, "amyloid_pet_centiloid")
    assert [k for _, k in plan].count("amyloid_pet_centiloid") == 1
    assert sorted(plan[1:]) == sorted((t, k) for t in (0.0, 0.5, 1.0) for k in ("cdr_sb", "mmse"))


def test_simulated_patients_are_the_prior_with_the_declared_errors() -> None:
    model, n = disease.load("alzheimer"), 3000
    exact = simulated_patients(model, n, n_visits=1, clip_mmse=False, seed=7)
    assert exact.n_clipped == 0
    assert stats.kstest(exact.latent.ravel(), "norm").pvalue > 0.001
    _, start = model.from_latent(
        exact.latent, age_years=exact.age_years, apoe_e4_copies=exact.apoe_e4_copies
    )
    for place, first in enumerate(exact.observations[0]):
        spec, truth = model.observables[first.biomarker], model.observe(first.biomarker, start)
        seen = np.array([o[place].value for o in exact.observations])
        gap = np.log(seen / truth) if spec.scale == "log" else seen - truth
        assert stats.kstest(gap / spec.error, "norm").pvalue > 0.001
    ended = simulated_patients(model, n, n_visits=1, seed=7)
    readings = np.array([o.value for p in ended.observations for o in p if o.biomarker == "mmse"])
    assert (readings.min() >= 0.0, readings.max()) == (True, 30.0)
    assert ended.n_clipped == (readings == 30.0).sum() + (readings == 0.0).sum()
    np.testing.assert_array_equal(ended.latent, exact.latent)
    # Decline goes on after the last visit.
    assert (exact.ahead_points > start[:, 5]).all()


def test_the_whole_check_runs_and_repeats() -> None:
    model, other = disease.load("alzheimer"), disease.load("hao-2022")
    once, again = (
        validate(
            model, n_patients=4, n_visits=(1, 2), other=other, n_members=256, n_prior=2000, seed=8
        )
        for _ in range(2)
    )
    assert [r.quantity for r in once.ranks] == [*model.latent, AHEAD]
    assert [(c.n_visits, c.level) for c in once.coverage] == [
        (v, level) for v in (1, 2) for level in LEVELS
    ]
    assert (once.other_model, len(once.misspecified), len(once.effort)) == ("hao-2022", 4, 2)
    assert 0.0 <= once.smallest_p <= 1.0
    assert once.coverage == again.coverage
    assert once.misspecified == again.misspecified
    for a, b in zip(once.ranks, again.ranks, strict=True):
        np.testing.assert_array_equal(a.ranks, b.ranks)
    ranks, coverage = ranks_picture(once), coverage_picture(once)
    assert ranks.svg.startswith("<svg")
    assert coverage.svg.startswith("<svg")
    assert ranks.csv.count("\n") == 1 + 9 * 16
    assert coverage.csv.count("\n") == 1 + 4 + 4
    assert {o.biomarker for o in simulated_patients(other, 1, n_visits=2).observations[0]} == set(
        other.observables
    )


def test_wrong_questions_are_refused() -> None:
    model = disease.load("alzheimer")
    with pytest.raises(InputError, match="1 visit, got 0"):
        schedule(0, ("mmse",))
    with pytest.raises(InputError, match="1 patient, got 0"):
        simulated_patients(model, 0, n_visits=1)
    with pytest.raises(InputError, match="1 to 32 draws, got 64"):
        fit(model, simulated_patients(model, 1, n_visits=1), n_members=32, n_draws=64)
    with pytest.raises(InputError, match="7 bins"):
        uniformity("x", np.arange(64), 63, n_bins=7)
    with pytest.raises(InputError, match="1 kind of fit, got 0"):
        calibration_ranks([])


@cache
def _measured(n_visits: int) -> Fits:
    model = disease.load("alzheimer")
    return fit(model, simulated_patients(model, 300, n_visits=n_visits, seed=9), seed=9)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ranks_of_simulated_patients_are_uniform() -> None:
    """All schedules together: 900 patients see a fault that 300 do not, and fewer tests raise fewer
    false alarms.
    """
    found = calibration_ranks([_measured(n_visits) for n_visits in (1, 3, 7)])
    p = {
        (r.quantity, test): value
        for r in found
        for test, value in (("chi2", r.chi_square_p), ("ks", r.kolmogorov_p))
    }
    # Bonferroni over eight latent variables and the forecast, two tests each.
    assert {k: v for k, v in p.items() if len(p) * v <= 0.01} == {}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("n_visits", [1, 3, 7])
def test_intervals_hold_the_truth_as_often_as_they_say(n_visits: int) -> None:
    for found in coverage(_measured(n_visits)):
        # Outside these counts a right interval falls less than once in a thousand.
        low, high = stats.binom.ppf([0.0005, 0.9995], found.n_patients, found.level)
        assert low <= found.inside <= high, found
