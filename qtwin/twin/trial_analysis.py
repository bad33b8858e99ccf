"""What a virtual trial shows: effect with interval, who responds, dose response, and power against
sample size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from qtwin.twin.trial import Outcome

Array = NDArray[np.float64]
_RESAMPLES = 1000
_LEVEL = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, kw_only=True)
class ArmResult:
    """Mean measured change from baseline of those still in the trial, by assessment, with its 95 %
    confidence interval (t,).
    """

    name: str
    n_randomised: int
    n_observed: tuple[int, ...]
    change: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    stopped_early: float
    aria_by_e4: tuple[float | None, float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An arm against the comparator at the last assessment.

    Attributes:
        difference, low, high: ANCOVA difference in change, adjusted for baseline, and 95 %
            confidence interval.
        p_value: Two-sided.
        slowing, slowing_low, slowing_high: Difference over the comparator's change, bootstrap 95 %
            confidence interval; negative: faster.
        true_difference: Mean over all patients of the effect that the simulation knows.
    """

    arm: str
    difference: float
    low: float
    high: float
    p_value: float
    slowing: float
    slowing_low: float
    slowing_high: float
    true_difference: float


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """Effect within a part of the patients, split by a measured baseline value."""

    biomarker: str
    label: str
    n: int
    difference: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """How well a measured baseline value tells who benefits: Spearman correlation with the true
    effect in each patient.
    """

    biomarker: str
    correlation: float
    low: float
    high: float
    interaction_p: float


@dataclass(frozen=True, kw_only=True)
class Power:
    """Chance that a trial of `n_per_arm` finds the effect at p < 0.05; `expected` from theory, the
    rest by resampling.
    """

    n_per_arm: int
    expected: float
    found: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class DosePoint:
    """Effect at one dose level of a drug; `relative` is the dose rate over that of the highest
    arm.
    """

    arm: str
    relative: float
    difference: float
    low: float
    high: float


def _final(outcome: Outcome) -> tuple[Array, Array]:
    """(n,) measured change at the last assessment (NaN if lost) and baseline."""
    return outcome.measured[:, -1] - outcome.measured[:, 0], outcome.measured[:, 0]


def _ancova(change: Array, baseline: Array, treated: NDArray[np.bool_]) -> tuple[float, float, int]:
    """Adjusted difference, its standard error and the degrees of freedom."""
    design = np.column_stack([np.ones(len(change)), treated, baseline - baseline.mean()])
    solution, *_ = np.linalg.lstsq(design, change, rcond=None)
    residual = change - design @ solution
    freedom = len(change) - 3
    covariance = np.linalg.inv(design.T @ design) * (residual @ residual) / freedom
    return float(solution[1]), float(np.sqrt(covariance[1, 1])), freedom


def arm_results(outcome: Outcome) -> tuple[ArmResult, ...]:
    """One result for each arm."""
    results = []
    for a, arm in enumerate(outcome.trial.arms):
        rows = outcome.patients.arm == a
        change = outcome.measured[rows] - outcome.measured[rows][:, :1]
        seen = np.sum(~np.isnan(change), axis=0)
        mean = np.nanmean(change, axis=0)
        error = _LEVEL * np.nanstd(change, axis=0, ddof=1) / np.sqrt(seen)
        copies = outcome.patients.e4_copies[rows]
        results.append(
            ArmResult(
                name=arm.name,
                n_randomised=int(rows.sum()),
                n_observed=tuple(seen.tolist()),
                change=tuple(mean.tolist()),
                low=tuple((mean - error).tolist()),
                high=tuple((mean + error).tolist()),
                stopped_early=float(np.mean(outcome.stop_years[a, rows] < outcome.times_years[-1])),
                aria_by_e4=tuple(  # type: ignore[arg-type]
                    float(outcome.aria[a, rows][copies == k].mean())
                    if (copies == k).any()
                    else None
                    for k in range(3)
                ),
            )
        )
    return tuple(results)


def _pair(
    outcome: Outcome, arm: int, keep: NDArray[np.bool_] | None = None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    change, baseline = _final(outcome)
    rows = np.isin(outcome.patients.arm, (0, arm)) & ~np.isnan(change)
    if keep is not None:
        rows &= keep
    return change[rows], baseline[rows], outcome.patients.arm[rows] == arm


def effect(outcome: Outcome, arm: int) -> Effect:
    """An arm against the first one."""
    change, baseline, treated = _pair(outcome, arm)
    difference, error, freedom = _ancova(change, baseline, treated)
    quantile = float(stats.t.ppf(0.975, freedom))
    rng = np.random.default_rng([outcome.trial.seed, 4, arm])
    one, other = change[treated], change[~treated]
    draws = np.empty(_RESAMPLES)
    for k in range(_RESAMPLES):
        placebo = rng.choice(other, len(other)).mean()
        draws[k] = 1.0 - rng.choice(one, len(one)).mean() / placebo
    low, high = np.quantile(draws, [0.025, 0.975])
    true = outcome.true[arm] - outcome.true[0]
    return Effect(
        arm=outcome.trial.arms[arm].name,
        difference=difference,
        low=difference - quantile * error,
        high=difference + quantile * error,
        p_value=float(2.0 * stats.t.sf(abs(difference / error), freedom)),
        slowing=float(1.0 - one.mean() / other.mean()),
        slowing_low=float(low),
        slowing_high=float(high),
        true_difference=float((true[:, -1] - true[:, 0]).mean()),
    )


def subgroups(outcome: Outcome, arm: int, *, parts: int = 3) -> tuple[Subgroup, ...]:
    """Effects in thirds (or `parts`) of each measured baseline biomarker, and by APOE e4 copies."""
    found = []
    groups: list[tuple[str, str, NDArray[np.bool_]]] = []
    for key, values in outcome.patients.measured.items():
        edges = np.quantile(values, np.linspace(0.0, 1.0, parts + 1))
        for k in range(parts):
            inside = (values >= edges[k]) & ((values < edges[k + 1]) | (k == parts - 1))
            groups.append((key, f"{edges[k]:.3g} to {edges[k + 1]:.3g}", inside))
    groups += [("APOE e4 copies", str(k), outcome.patients.e4_copies == k) for k in range(3)]
    for key, label, inside in groups:
        change, baseline, treated = _pair(outcome, arm, inside)
        if min(treated.sum(), (~treated).sum()) < 10:
            continue
        difference, error, freedom = _ancova(change, baseline, treated)
        wide = float(stats.t.ppf(0.975, freedom)) * error
        found.append(
            Subgroup(
                biomarker=key,
                label=label,
                n=len(change),
                difference=difference,
                low=difference - wide,
                high=difference + wide,
            )
        )
    return tuple(found)


def predictors(outcome: Outcome, arm: int) -> tuple[Predictor, ...]:
    """Which measured baseline value tells who benefits, strongest first.

    The correlation is with the true effect, which only a simulation knows; the interaction p is
    what the trial itself would find.
    """
    benefit = -((outcome.true[arm] - outcome.true[0])[:, -1])
    rng = np.random.default_rng([outcome.trial.seed, 5, arm])
    change, baseline, treated = _pair(outcome, arm)
    rows = np.isin(outcome.patients.arm, (0, arm)) & ~np.isnan(_final(outcome)[0])
    found = []
    for key, values in outcome.patients.measured.items():
        ranks, other = stats.rankdata(values), stats.rankdata(benefit)
        draws = []
        for _ in range(200):
            pick = rng.integers(0, len(values), len(values))
            draws.append(np.corrcoef(ranks[pick], other[pick])[0, 1])
        low, high = np.quantile(draws, [0.025, 0.975])
        x = values[rows] - values[rows].mean()
        design = np.column_stack(
            [np.ones(len(x)), treated, baseline - baseline.mean(), x, x * treated]
        )
        if key == outcome.trial.endpoint:  # the baseline is in already
            design = design[:, [0, 1, 2, 4]]
        solution, *_ = np.linalg.lstsq(design, change, rcond=None)
        residual = change - design @ solution
        freedom = len(change) - design.shape[1]
        covariance = np.linalg.inv(design.T @ design) * (residual @ residual) / freedom
        t = solution[-1] / np.sqrt(covariance[-1, -1])
        found.append(
            Predictor(
                biomarker=key,
                correlation=float(np.corrcoef(ranks, other)[0, 1]),
                low=float(low),
                high=float(high),
                interaction_p=float(2.0 * stats.t.sf(abs(t), freedom)),
            )
        )
    return tuple(sorted(found, key=lambda p: -abs(p.correlation)))


_NO_OTHER_TAIL = 6.0
"""In standard errors: beyond it the other tail is below 1e-14, and SciPy's non-central t is at
times NaN there.
"""


def two_sided_power(shift: float, freedom: float) -> float:
    """Chance that a two-sided t-test finds p < 0.05 where the true difference is `shift` standard
    errors.
    """
    critical, away = stats.t.ppf(0.975, freedom), abs(shift)
    other = stats.nct.cdf(-critical, freedom, away) if away < _NO_OTHER_TAIL else 0.0
    return float(stats.nct.sf(critical, freedom, away) + other)


def power(
    outcome: Outcome, arm: int, sizes: Sequence[int], *, trials: int = 400
) -> tuple[Power, ...]:
    """Power at each number of randomised patients per arm, by resampling smaller trials out of this
    one and from theory.
    """
    rng = np.random.default_rng([outcome.trial.seed, 6, arm])
    change, baseline = _final(outcome)
    rows = [np.flatnonzero(outcome.patients.arm == k) for k in (0, arm)]
    difference, error, _ = _ancova(*_pair(outcome, arm))
    observed = len(_pair(outcome, arm)[0]) / sum(len(r) for r in rows)
    n_full = sum(len(r) for r in rows) / 2.0
    found = []
    for n in sizes:
        hits = 0
        for _ in range(trials):
            pick = np.concatenate([rng.choice(r, n) for r in rows])
            pick = pick[~np.isnan(change[pick])]
            treated = outcome.patients.arm[pick] == arm
            if min(treated.sum(), (~treated).sum()) < 3:
                continue
            d, e, freedom = _ancova(change[pick], baseline[pick], treated)
            hits += int(2.0 * stats.t.sf(abs(d / e), freedom) < 0.05)
        planned = max(2.0 * n * observed - 3.0, 1.0)
        shift = abs(difference) / (error * np.sqrt(n_full / n))
        low, high = stats.binomtest(hits, trials).proportion_ci(0.95, "exact")
        found.append(
            Power(
                n_per_arm=n,
                expected=two_sided_power(shift, planned),
                found=hits / trials,
                low=float(low),
                high=float(high),
            )
        )
    return tuple(found)


def dose_response(outcome: Outcome) -> tuple[DosePoint, ...]:
    """Effect of every arm by its dose rate, for trials with several levels of one drug."""
    points = []
    for a, arm in enumerate(outcome.trial.arms):
        if a == 0 or not arm.courses:
            continue
        last = arm.courses[-1]
        found = effect(outcome, a)
        rate = last.amount_mg / last.interval_days
        points.append(
            DosePoint(
                arm=arm.name,
                relative=rate,
                difference=found.difference,
                low=found.low,
                high=found.high,
            )
        )
    top = max((p.relative for p in points), default=1.0)
    return tuple(
        DosePoint(
            arm=p.arm, relative=p.relative / top, difference=p.difference, low=p.low, high=p.high
        )
        for p in points
    )
