"""A twin for every subject of a cohort: the population learnt from the cohort itself, each person's
course from their visits.

The population (mean and covariance of the first stage and of the speed, and the error of the MMSE)
is found by expectation-maximisation over one shared ensemble of courses, importance-weighted for
every subject (Monte-Carlo EM, Wei and Tanner 1990, J Am Stat Assoc 85:699); the held-out last visit
of a subject is never looked at. The error of a bounded score is taken as e sqrt((m + 1/2)(30.5 -
m)) / 15.5 at m points, so that it shrinks towards the ceiling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.patient.cohort import Cohort, Subject
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate

Array = NDArray[np.float64]
_DRAWS = 12_000
_ITERATIONS = 60
_STEP_YEARS = 0.25
_LARGEST_MATRIX = 10_000_000
_RESAMPLES = 1000
_PROPOSAL_SD = {"stage": 1.8, "speed": 1.3}


@dataclass(frozen=True, kw_only=True)
class Population:
    """What the cohort says of people in it.

    Attributes:
        mean, covariance: Of (ln first stage, ln speed).
        error: e of the measurement error, points.
        slope_per_year: Mean MMSE slope by least squares within subjects, for the baseline forecast.
    """

    mean: Array
    covariance: Array
    error: float
    slope_per_year: float


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Forecast of one held-out visit.

    Attributes:
        horizon_years: From the last visit that was used.
        measured: The held-out MMSE.
        median, low_80, high_80, low_95, high_95: Of the predictive distribution, measurement error
            included.
        carried, sloped: The baselines: last value carried forward, and with the population's slope.
        effective: Effective sample size.
    """

    subject: int
    n_visits: int
    horizon_years: float
    measured: float
    median: float
    mean: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float
    carried: float
    sloped: float
    effective: float


@dataclass(frozen=True, kw_only=True)
class Score:
    """Error of one way to forecast, with bootstrap 95 % confidence intervals over subjects
    (points).
    """

    name: str
    mae: float
    mae_low: float
    mae_high: float
    rmse: float
    rmse_low: float
    rmse_high: float


@dataclass(frozen=True, kw_only=True)
class CohortForecasts:
    """Forecasts of all subjects with at least two visits, and how good they are."""

    population: Population
    forecasts: tuple[Forecast, ...]
    scores: tuple[Score, ...]
    coverage_80: float
    coverage_95: float
    n_subjects: int


@dataclass(frozen=True, kw_only=True)
class _Ensemble:
    """Shared courses: (n, 2) ln stage and ln speed, their log density under the proposal, and (n,
    t) MMSE on a grid of years.
    """

    latent: Array
    log_density: Array
    grid_years: Array
    mmse: Array


def _ensemble(model: DiseaseModel, span_years: float, *, draws: int, seed: int) -> _Ensemble:
    stage, speed = model.latent.index(model.stage), model.latent.index(model.speed)
    prior = model.log_prior(age_years=72.0, apoe_e4_copies=None)
    rng = np.random.default_rng([seed, 11])
    z = rng.standard_normal((draws, len(model.latent)))
    # the MMSE alone cannot tell the other quantities from the speed: they stay at the median
    width = np.zeros(len(model.latent))
    width[stage] = _PROPOSAL_SD["stage"] / prior[stage, 1]
    width[speed] = _PROPOSAL_SD["speed"] / prior[speed, 1]
    moved = z * width
    moved[:, stage] -= 1.2 / prior[stage, 1]  # people in a cohort are earlier than in trials
    parameters, states = model.from_latent(moved, age_years=72.0, apoe_e4_copies=None)
    grid = np.arange(0.0, span_years + 2 * _STEP_YEARS, _STEP_YEARS, dtype=np.float64)
    courses = integrate(model, parameters, states, np.zeros((1, draws)), grid)[0]
    latent = prior[[stage, speed], 0] + prior[[stage, speed], 1] * moved[:, [stage, speed]]
    log_density = -0.5 * (z[:, stage] ** 2 + z[:, speed] ** 2) - np.log(
        _PROPOSAL_SD["stage"] * _PROPOSAL_SD["speed"]
    )
    return _Ensemble(
        latent=latent, log_density=log_density, grid_years=grid, mmse=model.observe("mmse", courses)
    )


def _at(ensemble: _Ensemble, times_years: Array) -> Array:
    """(n, v) MMSE at these times, linear between grid points."""
    place = np.clip(times_years / _STEP_YEARS, 0.0, len(ensemble.grid_years) - 1.001)
    low = place.astype(np.int64)
    share = place - low
    return np.asarray(ensemble.mmse[:, low] * (1.0 - share) + ensemble.mmse[:, low + 1] * share)


def error_sd(mmse: Array, error: float) -> Array:
    """Standard deviation of a measured MMSE at this true value, points."""
    m = np.clip(mmse, 0.0, 30.0)
    return np.asarray(error * np.sqrt((m + 0.5) * (30.5 - m)) / 15.5)


def _log_prior_weight(ensemble: _Ensemble, mean: Array, covariance: Array) -> Array:
    gap = ensemble.latent - mean
    inside = np.einsum("ij,jk,ik->i", gap, np.linalg.inv(covariance), gap)
    return np.asarray(
        -0.5 * inside - 0.5 * np.log(np.linalg.det(covariance)) - ensemble.log_density
    )


@dataclass(frozen=True, kw_only=True)
class _Evidence:
    """The visits of each subject against every course: (s, n) sums of squared standardised gaps and
    of ln sd at error 1.
    """

    squares: Array
    log_sd: Array
    visits: Array

    def log_likelihood(self, error: float) -> Array:
        """(s, n)."""
        return np.asarray(
            -0.5 * self.squares / error**2 - self.log_sd - self.visits[:, None] * np.log(error)
        )


def _evidence(ensemble: _Ensemble, subjects: Sequence[Subject]) -> _Evidence:
    squares, log_sd = (
        np.empty((len(subjects), len(ensemble.latent))),
        np.empty((len(subjects), len(ensemble.latent))),
    )
    for k, s in enumerate(subjects):
        times, measured = _seen(s)
        values = _at(ensemble, times)
        sd = error_sd(values, 1.0)
        squares[k] = (((measured - values) / sd) ** 2).sum(axis=1)
        log_sd[k] = np.log(sd).sum(axis=1)
    return _Evidence(
        squares=squares, log_sd=log_sd, visits=np.array([float(len(_seen(s)[0])) for s in subjects])
    )


def _weights(log_weight: Array) -> Array:
    """Rows that add to 1."""
    weights = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def _seen(subject: Subject) -> tuple[Array, Array]:
    """Visits that may be looked at: all but the last, or the only one."""
    last = max(len(subject.mmse) - 1, 1)
    return subject.times_years[:last], subject.mmse[:last]


def _slope_per_year(subjects: Sequence[Subject]) -> float:
    """Least squares within subjects over the visits that may be looked at; 0 where nobody has
    two.
    """
    top = bottom = 0.0
    for s in subjects:
        times, values = _seen(s)
        centred = times - times.mean()
        top += float(centred @ values)
        bottom += float(centred @ centred)
    return top / bottom if bottom > 0.0 else 0.0


def _fit(ensemble: _Ensemble, evidence: _Evidence, slope_per_year: float) -> Population:
    mean, covariance, error = np.array([0.5, -1.3]), np.diag([1.0, 0.5]), 2.5
    n, visits = len(evidence.visits), evidence.visits.sum()
    for _ in range(_ITERATIONS):
        weights = _weights(
            _log_prior_weight(ensemble, mean, covariance) + evidence.log_likelihood(error)
        )
        total = weights.sum(axis=0)
        before = np.array([*mean, *covariance.ravel(), error])
        mean = total @ ensemble.latent / n
        second = (ensemble.latent * total[:, None]).T @ ensemble.latent / n
        covariance = second - np.outer(mean, mean) + 1e-3 * np.eye(2)
        error = float(np.clip(np.sqrt((weights * evidence.squares).sum() / visits), 0.3, 8.0))
        if np.abs(np.array([*mean, *covariance.ravel(), error]) - before).max() < 1e-3:
            break
    return Population(mean=mean, covariance=covariance, error=error, slope_per_year=slope_per_year)


def _quantiles(values: Array, weights: Array, levels: Sequence[float]) -> Array:
    order = np.argsort(values)
    place = np.searchsorted(np.cumsum(weights[order]), np.asarray(levels) * (1.0 - 1e-12))
    return np.asarray(values[order][np.minimum(place, len(values) - 1)])


def _forecast(
    ensemble: _Ensemble,
    population: Population,
    subject: Subject,
    weights: Array,
    whole: bool,
    rng: np.random.Generator,
) -> Forecast:
    times, measured = _seen(subject)
    at = subject.times_years[-1]
    true = _at(ensemble, np.array([at]))[:, 0]
    noisy = np.clip(
        true + error_sd(true, population.error) * rng.standard_normal(len(true)), 0.0, 30.0
    )
    if whole:  # a cohort that is scored in whole points is forecast in whole points
        noisy = np.round(noisy)
    low_95, low_80, median, high_80, high_95 = _quantiles(
        noisy, weights, (0.025, 0.1, 0.5, 0.9, 0.975)
    )
    ahead = float(at - times[-1])
    return Forecast(
        subject=subject.subject,
        n_visits=len(times),
        horizon_years=ahead,
        measured=float(subject.mmse[-1]),
        median=float(median),
        mean=float(weights @ noisy),
        low_80=float(low_80),
        high_80=float(high_80),
        low_95=float(low_95),
        high_95=float(high_95),
        carried=float(measured[-1]),
        sloped=float(np.clip(measured[-1] + population.slope_per_year * ahead, 0.0, 30.0)),
        effective=float(1.0 / np.sum(weights**2)),
    )


def _score(name: str, gaps: Array, rng: np.random.Generator) -> Score:
    picks = rng.integers(0, len(gaps), (_RESAMPLES, len(gaps)))
    mae, rmse = np.abs(gaps[picks]).mean(axis=1), np.sqrt((gaps[picks] ** 2).mean(axis=1))
    return Score(
        name=name,
        mae=float(np.abs(gaps).mean()),
        mae_low=float(np.quantile(mae, 0.025)),
        mae_high=float(np.quantile(mae, 0.975)),
        rmse=float(np.sqrt((gaps**2).mean())),
        rmse_low=float(np.quantile(rmse, 0.025)),
        rmse_high=float(np.quantile(rmse, 0.975)),
    )


def evaluate(model: DiseaseModel, cohort: Cohort, *, seed: int = 0) -> CohortForecasts:
    """Give every subject a twin from all visits but the last, and hold its forecast of the last
    against two baselines.

    Args:
        model: A disease model that observes MMSE.
        cohort: Subjects; those with one visit inform the population alone.
        seed: Seed of the ensemble and of the bootstrap.

    Raises:
        InputError: if fewer than ten subjects have two visits, or the model predicts no MMSE.
    """
    if "mmse" not in model.observables:
        raise InputError(
            f"the {model.name} model predicts no MMSE", hint="choose another with --disease"
        )
    held_out = sum(len(s.mmse) >= 2 for s in cohort.subjects)
    if held_out < 10:
        raise InputError(
            f"expected at least 10 subjects of two visits or more, got {held_out}",
            hint="check the columns",
        )
    span = max(float(s.times_years[-1]) for s in cohort.subjects)
    draws = int(np.clip(_LARGEST_MATRIX // len(cohort.subjects), 2000, _DRAWS))
    ensemble = _ensemble(model, span, draws=draws, seed=seed)
    evidence = _evidence(ensemble, cohort.subjects)
    population = _fit(ensemble, evidence, _slope_per_year(cohort.subjects))
    rng = np.random.default_rng([seed, 12])
    posterior = _weights(
        _log_prior_weight(ensemble, population.mean, population.covariance)
        + evidence.log_likelihood(population.error)
    )
    whole = all((s.mmse == np.round(s.mmse)).all() for s in cohort.subjects)
    forecasts = tuple(
        _forecast(ensemble, population, s, w, whole, rng)
        for s, w in zip(cohort.subjects, posterior, strict=True)
        if len(s.mmse) >= 2
    )
    measured = np.array([f.measured for f in forecasts])
    ways = {
        "twin": np.array([f.median for f in forecasts]),
        "last value carried forward": np.array([f.carried for f in forecasts]),
        "population slope": np.array([f.sloped for f in forecasts]),
    }
    return CohortForecasts(
        population=population,
        forecasts=forecasts,
        scores=tuple(
            _score(name, values - measured, np.random.default_rng([seed, 13]))
            for name, values in ways.items()
        ),
        coverage_80=float(np.mean([f.low_80 <= f.measured <= f.high_80 for f in forecasts])),
        coverage_95=float(np.mean([f.low_95 <= f.measured <= f.high_95 for f in forecasts])),
        n_subjects=len(cohort.subjects),
    )
