"""Whether the posterior of a twin is right: rank statistics and coverage of the forecast, on
patients whose truth is known.

Patients are drawn from the model's own prior, measured with the model's own errors, and given to
`assimilate`. If the posterior is right, the rank of the true value among posterior draws is uniform
(simulation-based calibration, Talts and others 2018, arXiv:1804.06788) and an interval holds the
truth as often as it says. This tests the computation, not the model: patients of one disease model
(`simulated_patients`) fitted with another (`fit`) show what happens when the equations are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from qtwin.errors import InputError
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.synthetic import Fits, fit, simulated_patients

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
N_VISITS = (1, 2, 3, 5, 7)
N_BINS = 16


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Ranks of the true value of one quantity among posterior draws, and whether they are uniform.

    Attributes:
        quantity: Its name.
        ranks: (n,) whole numbers from 0 to `n_draws`.
        n_draws: Posterior draws of each patient.
        counts: (bins,) patients in each bin of equal width.
        band_99: Counts between which 99 % of a uniform's bins lie, bin by bin.
        chi_square, chi_square_p: Of the counts against equal ones.
        kolmogorov, kolmogorov_p: Largest distance from the uniform distribution, and how often
            chance exceeds it.
    """

    quantity: str
    ranks: Whole
    n_draws: int
    counts: Whole
    band_99: tuple[int, int]
    chi_square: float
    chi_square_p: float
    kolmogorov: float
    kolmogorov_p: float


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often an interval for CDR-SB `HORIZON_YEARS` after the last visit holds the truth.

    Attributes:
        n_visits, n_patients: Of these patients.
        level: What the interval claims.
        inside: Patients whose truth lies in it.
        share: Inside over patients.
        low, high: Exact 95 % confidence interval of the share (Clopper, Pearson 1934, Biometrika
            26:404).
        width_points: Median width of the interval.
    """

    n_visits: int
    n_patients: int
    level: float
    inside: int
    share: float
    low: float
    high: float
    width_points: float


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Work and its yield, by number of visits.

    Attributes:
        n_visits, n_patients: Of these patients.
        median_ess, smallest_ess: Of `Fits.effective_sample_size`.
        median_distinct_share: Of `Fits.distinct_share`.
        tempered_share: Share of patients for whom importance sampling was too poor.
        mean_seconds: Of one patient.
    """

    n_visits: int
    n_patients: int
    median_ess: float
    smallest_ess: float
    median_distinct_share: float
    tempered_share: float
    mean_seconds: float


@dataclass(frozen=True, kw_only=True)
class Validation:
    """The whole check of one disease model.

    Attributes:
        model: The model that was fitted.
        ranks: One a quantity, over all schedules.
        coverage: One a number of visits and level.
        effort: One a number of visits.
        other_model: The model that made the patients of `misspecified`; None if that was not run.
        misspecified: Coverage when another model made the patients; nothing promises that it is
            right.
    """

    model: str
    ranks: tuple[Ranks, ...]
    coverage: tuple[Coverage, ...]
    effort: tuple[Effort, ...]
    other_model: str | None
    misspecified: tuple[Coverage, ...]

    @property
    def smallest_p(self) -> float:
        """Smallest p-value of all rank tests, times their number (Bonferroni), at most 1."""
        p = [value for r in self.ranks for value in (r.chi_square_p, r.kolmogorov_p)]
        return min(1.0, min(p) * len(p))


def ranks_among(truth: Array, draws: Array, rng: np.random.Generator) -> Whole:
    """(n,) how many of the (n, d) draws lie below each of the (n,) true values; a tie counts as
    below or not at random.
    """
    below, ties = (draws < truth[:, None]).sum(axis=1), (draws == truth[:, None]).sum(axis=1)
    return np.asarray(below + rng.integers(0, ties + 1), dtype=np.int64)


def uniformity(
    quantity: str, ranks: Whole, n_draws: int, *, n_bins: int = N_BINS, seed: int = 0
) -> Ranks:
    """Test ranks from 0 to `n_draws` for uniformity, by chi-square on bins and by Kolmogorov's
    distance.

    Each rank is spread at random over its own unit of width: a uniform rank becomes a continuous
    uniform, as Kolmogorov's test wants it.

    Raises:
        InputError: unless `n_bins` divides `n_draws` + 1.
    """
    if (n_draws + 1) % n_bins:
        raise InputError(
            f"expected a divisor of {n_draws + 1} ranks, got {n_bins} bins",
            hint="take 63 draws and 16 bins",
        )
    counts = np.bincount(ranks // ((n_draws + 1) // n_bins), minlength=n_bins)
    chi = stats.chisquare(counts)
    spread = (ranks + np.random.default_rng([seed, 14]).random(len(ranks))) / (n_draws + 1)
    distance = stats.kstest(spread, "uniform")
    low, high = stats.binom.ppf([0.005, 0.995], len(ranks), 1.0 / n_bins)
    return Ranks(
        quantity=quantity,
        ranks=ranks,
        n_draws=n_draws,
        counts=np.asarray(counts, dtype=np.int64),
        band_99=(int(low), int(high)),
        chi_square=float(chi.statistic),
        chi_square_p=float(chi.pvalue),
        kolmogorov=float(distance.statistic),
        kolmogorov_p=float(distance.pvalue),
    )


def calibration_ranks(
    fits: Sequence[Fits], *, n_bins: int = N_BINS, seed: int = 0
) -> tuple[Ranks, ...]:
    """Simulation-based calibration of every quantity, patients of all schedules together.

    Args:
        fits: From `fit`, all by one model and with equally many draws.
        n_bins: Bins of the histogram.
        seed: Seed for ties.

    Raises:
        InputError: for no fits, or fits that do not belong together.
    """
    kinds = {(f.quantities, f.draws.shape[1]) for f in fits}
    if len(kinds) != 1:
        raise InputError(
            f"expected 1 kind of fit, got {len(kinds)}",
            hint="one model and one number of draws",
        )
    names, n_draws = kinds.pop()
    truth, draws = np.concatenate([f.truth for f in fits]), np.concatenate([f.draws for f in fits])
    rng = np.random.default_rng([seed, 15])
    return tuple(
        uniformity(
            name,
            ranks_among(truth[:, q], draws[:, :, q], rng),
            n_draws,
            n_bins=n_bins,
            seed=seed + q,
        )
        for q, name in enumerate(names)
    )


def exact_interval(inside: int, total: int, *, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a share."""
    tail = 0.5 * (1.0 - level)
    low = float(stats.beta.ppf(tail, inside, total - inside + 1)) if inside else 0.0
    high = float(stats.beta.ppf(1.0 - tail, inside + 1, total - inside)) if inside < total else 1.0
    return low, high


def coverage(fits: Fits) -> tuple[Coverage, ...]:
    """How often each interval for CDR-SB ahead holds the truth, one a level."""
    truth = fits.patients.ahead_points
    found = []
    for k, level in enumerate(fits.levels):
        bottom, top = fits.ahead_low_points[:, k], fits.ahead_high_points[:, k]
        inside = int(((bottom <= truth) & (truth <= top)).sum())
        low, high = exact_interval(inside, len(truth))
        found.append(
            Coverage(
                n_visits=fits.patients.n_visits,
                n_patients=len(truth),
                level=level,
                inside=inside,
                share=inside / len(truth),
                low=low,
                high=high,
                width_points=float(np.median(top - bottom)),
            )
        )
    return tuple(found)


def effort(fits: Fits) -> Effort:
    """Effective sample size, copies and time of one schedule."""
    return Effort(
        n_visits=fits.patients.n_visits,
        n_patients=len(fits.seconds),
        median_ess=float(np.median(fits.effective_sample_size)),
        smallest_ess=float(fits.effective_sample_size.min()),
        median_distinct_share=float(np.median(fits.distinct_share)),
        tempered_share=float(fits.tempered.mean()),
        mean_seconds=float(fits.seconds.mean()),
    )


def validate(
    model: DiseaseModel,
    *,
    n_patients: int = 200,
    n_visits: Sequence[int] = N_VISITS,
    other: DiseaseModel | None = None,
    n_members: int = 2048,
    n_prior: int = 20_000,
    seed: int = 0,
    fitted: Callable[[str, Callable[[], Fits]], Fits] = lambda _, compute: compute(),
) -> Validation:
    """The whole check: ranks and coverage on the model's own patients, coverage on those of another
    model.

    Args:
        model: The model to check.
        n_patients: Patients of each schedule; 200 tell coverage to about 6 points at 80 %.
        n_visits: Schedules.
        other: Another disease model whose patients are fitted as well, on the biomarkers that both
            have.
        n_members: As for `assimilate`.
        n_prior: As for `assimilate`.
        seed: Seed of everything random.
        fitted: Is given a name and what computes the fits of one schedule; whoever keeps finished
            schedules calls it or not.
    """

    def fits_of(made_by: DiseaseModel, visits: int) -> Fits:
        biomarkers = None if made_by is model else tuple(model.observables)
        patients = simulated_patients(
            made_by, n_patients, n_visits=visits, biomarkers=biomarkers, seed=seed + visits
        )
        return fit(model, patients, n_members=n_members, n_prior=n_prior, seed=seed)

    own, foreign = [], []
    for visits in n_visits:
        own.append(fitted(f"own_{visits}", partial(fits_of, model, visits)))
        if other is not None:
            foreign.append(fitted(f"other_{visits}", partial(fits_of, other, visits)))
    return Validation(
        model=model.name,
        ranks=calibration_ranks(own, seed=seed),
        coverage=tuple(c for fits in own for c in coverage(fits)),
        effort=tuple(effort(fits) for fits in own),
        other_model=None if other is None else other.name,
        misspecified=tuple(c for fits in foreign for c in coverage(fits)),
    )
