"""Success rates with intervals, time to solution, and how far an answer is from the optimum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from qtwin.errors import InputError

PRIOR = 0.6
"""Beta(0.6, 0.6) before the first run: Jeffreys' 0.5, widened until no success rate is covered
below 88 % by ten runs.
"""
CERTAINTY = 0.99
"""Of a time, or a number of shots, to solution."""
FEWEST = 10
"""Repetitions below which nothing is called an interval."""


class Interval(NamedTuple):
    """Both ends of a confidence interval."""

    low: float
    high: float


class TimeToSolution(NamedTuple):
    """Seconds until success with the wanted certainty, and its interval; infinite where success was
    never seen.
    """

    value_s: float
    low_s: float
    high_s: float


def _check(successes: int, trials: int, level: float) -> None:
    if not 0 <= successes <= trials or trials < 1:
        raise InputError(
            f"expected 0 <= successes <= trials >= 1, got {successes} successes in {trials} trials",
            hint="recount",
        )
    if not 0.0 < level < 1.0:
        raise InputError(f"expected a level between 0 and 1, got {level}", hint="take 0.95")


def posterior(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Equal-tailed interval of the Beta posterior of a success probability, closed at 0 without a
    success, at 1 without a miss.

    Covers `level` on average over rates, 88 % at worst for ten runs (after Brown, Cai, DasGupta
    2001, Stat. Sci. 16:101). Every success rate and time to solution that is shown takes its
    interval from here; `shown` says when there are too few runs for one.
    """
    _check(successes, trials, level)
    a, b, tail = successes + PRIOR, trials - successes + PRIOR, (1.0 - level) / 2.0
    low = float(betaincinv(a, b, tail)) if successes else 0.0
    return Interval(low, float(betaincinv(a, b, 1.0 - tail)) if successes < trials else 1.0)


def shown(successes: int, trials: int, *, level: float = 0.95) -> Interval | None:
    """The interval above as tables and figures show it: None for fewer than `FEWEST` trials."""
    found = posterior(successes, trials, level=level)
    return found if trials >= FEWEST else None


def no_interval(trials: int) -> str:
    """What stands in place of an interval that so few repetitions do not give."""
    return f"{trials} repetition{'' if trials == 1 else 's'}: no interval"


def upper_limit(error: float, standard_error: float, *, level: float = 0.95) -> float:
    """What |error| stays below with at least `level`, for a normal estimate: a large error bar
    grants no accuracy.
    """
    return abs(error) + float(ndtri(0.5 + level / 2.0)) * standard_error


def time_for(probability: float, run_s: float, *, certainty: float = CERTAINTY) -> float:
    """run_s ln(1 - certainty) / ln(1 - p): time of independent runs until one succeeds; one run
    where p reaches `certainty`.
    """
    if not 0.0 <= probability <= 1.0:
        raise InputError(
            f"expected a probability between 0 and 1, got {probability}",
            hint="divide successes by trials",
        )
    if probability >= certainty:
        return run_s
    if probability == 0.0:
        return math.inf
    return run_s * math.log1p(-certainty) / math.log1p(-probability)


def tts99(run_s: float, successes: int, trials: int, *, level: float = 0.95) -> TimeToSolution:
    """99 % time to solution of runs of `run_s` seconds, its interval from that of the success
    probability.

    With no success the value and the upper end are infinite, and the lower end is what the trials
    rule out.
    """
    low, high = posterior(successes, trials, level=level)
    return TimeToSolution(
        time_for(successes / trials, run_s), time_for(high, run_s), time_for(low, run_s)
    )


def count_successes(
    energies: NDArray[np.float64],
    counts: NDArray[np.integer],
    optimum: float,
    *,
    tolerance: float = 1e-9,
) -> int:
    """How many of the shots reached the optimum: (m,) energies seen (m,) `counts` times, within
    `tolerance` of it.
    """
    return int(np.asarray(counts)[np.asarray(energies) <= optimum + tolerance].sum())


def optimality_gap(energy: float, optimum: float) -> float:
    """(energy - optimum) / |optimum|, for a minimum; 0 at an optimum of zero that was reached,
    infinite at one that was not.
    """
    distance = energy - optimum
    return distance / abs(optimum) if optimum else (math.inf if distance > 0 else 0.0)


def approximation_ratio(energy: float, *, optimum: float, worst: float) -> float:
    """(worst - energy) / (worst - optimum): 1 at the minimum, 0 at the stated worst value, whatever
    the energy's origin.
    """
    if not worst > optimum:
        raise InputError(
            f"expected worst > optimum, got worst {worst} and optimum {optimum}",
            hint="the ratio is for a minimum",
        )
    return (worst - energy) / (worst - optimum)


# Two-level bootstrap of the time to solution: instances are drawn again, then what is not known of
# each.
#
# That is the success probability, from its Beta posterior (`qtwin.benchmark.metrics.PRIOR`), and
# the mean time of a run, from its times drawn again. What is resampled is the median over instances
# of the 99 % time to solution.
#
# Instances that are drawn again already scatter by what is not known of each, so the second level
# of I instances is drawn with 1 / sqrt(I) of its spread: in full for one instance, and both levels
# are counted once (Davison, Hinkley 1997, Bootstrap Methods and their Application, 3.8). Fewer than
# five instances scatter less than those not seen; theirs is widened by sqrt(I / (I - 1)). The
# script benchmarks/interval_coverage.py measures how often the truth is covered.
#
# An instance that was never solved may never be: for the upper end its time is infinite, and what
# its misses rule out is the lower end's. Two of two successes are no certainty; a solver that ends
# every run with a proof is.

Array = NDArray[np.float64]
_LEAST_S = 1e-9
_FEW_INSTANCES = 5


@dataclass(frozen=True, kw_only=True)
class Runs:
    """One solver on one instance.

    Attributes:
        run_s: Mean seconds of a run, all costs counted.
        successes, trials: Runs that reached the target, and runs.
        times_s: Seconds of each run, to be drawn again; () takes `run_s` as certain.
        certain: Whether every run ended with a proof: the next one will, too.
    """

    run_s: float
    successes: int
    trials: int
    times_s: tuple[float, ...] = ()
    certain: bool = False


def median_times(
    runs: Sequence[Runs], rng: np.random.Generator, *, draws: int
) -> tuple[Array, Array]:
    """(draws,) medians over resampled instances of the 99 % time to solution, in seconds: for the
    lower end, and for the upper.

    Raises:
        InputError: for no instance.
    """
    if not runs:
        raise InputError(
            "expected at least one instance, got none", hint="run the solver on an instance"
        )
    count = len(runs)
    chosen = rng.integers(count, size=(draws, count))
    share = count**-0.5
    lower, upper = np.empty((count, draws)), np.empty((count, draws))
    for k, r in enumerate(runs):
        run_s = r.run_s + share * (_means(r, rng, draws) - r.run_s)
        one_run = np.log(np.maximum(run_s, _LEAST_S))
        found: Array = np.zeros(draws)
        if not r.certain:
            found = _log_repeats(
                rng.beta(r.successes + PRIOR, r.trials - r.successes + PRIOR, size=draws)
            )
        centre = float(np.median(found))
        log_s = one_run + np.maximum(centre + share * (found - centre), 0.0)
        lower[k] = one_run if r.successes == r.trials else log_s
        upper[k] = np.inf if r.successes == 0 else log_s
    rows = np.arange(draws)[:, None]
    low, high = np.median(lower[chosen, rows], axis=1), np.median(upper[chosen, rows], axis=1)
    if 1 < count < _FEW_INSTANCES:
        centre, widened = float(np.median(lower)), math.sqrt(count / (count - 1.0))
        # one run is the least there is
        least = np.minimum(low, min(math.log(max(r.run_s, _LEAST_S)) for r in runs))
        low = np.maximum(centre + widened * (low - centre), least)
        high = np.where(high < np.inf, centre + widened * (high - centre), high)
    return np.exp(low), np.exp(np.maximum(high, low))


def interval(
    runs: Sequence[Runs], *, seed: int, draws: int = 4000, level: float = 0.95
) -> Interval:
    """Percentile interval of the median 99 % time to solution, in seconds.

    With a single instance only the second level is drawn, so the interval says nothing about other
    instances.
    """
    lower, upper = median_times(runs, np.random.default_rng(seed), draws=draws)
    low = float(np.quantile(lower, (1 - level) / 2, method="inverted_cdf"))
    return Interval(low, float(np.quantile(upper, (1 + level) / 2, method="inverted_cdf")))


def reads_interval(
    counts: Sequence[Sequence[tuple[int, int]]],
    *,
    seed: int,
    draws: int = 4000,
    level: float = 0.95,
) -> Interval:
    """Percentile interval of the median over instances of the reads until one hits with 99 %.

    Instances are drawn again, and within each its runs, since the reads of one run share its
    training; then the rate from its posterior, with the spread that `median_times` gives the second
    level.

    Args:
        counts: (hits, reads) of each run, by instance.
        seed: Of the bootstrap.
        draws: Of the bootstrap.
        level: Covered.
    """
    rng = np.random.default_rng(seed)
    share = len(counts) ** -0.5
    lower, upper = np.empty((len(counts), draws)), np.empty((len(counts), draws))
    for k, pairs in enumerate(counts):
        hits, reads = np.array(pairs, dtype=np.float64).T
        again = rng.integers(len(pairs), size=(draws, len(pairs)))
        hit, read = hits[again].sum(axis=1), reads[again].sum(axis=1)
        found = _log_repeats(rng.beta(hit + PRIOR, read - hit + PRIOR))
        centre = float(np.median(found))
        log_reads = np.maximum(centre + share * (found - centre), 0.0)
        lower[k] = 0.0 if (hits == reads).all() else log_reads
        upper[k] = np.inf if not hits.any() else log_reads
    chosen, rows = rng.integers(len(counts), size=(draws, len(counts))), np.arange(draws)[:, None]
    low, high = np.median(lower[chosen, rows], axis=1), np.median(upper[chosen, rows], axis=1)
    tail = (1 - level) / 2
    return Interval(
        float(np.exp(np.quantile(low, tail, method="inverted_cdf"))),
        float(np.exp(np.quantile(high, 1 - tail, method="inverted_cdf"))),
    )


def _log_repeats(p: Array) -> Array:
    """Logarithm of the runs until one succeeds with 99 %; at least one."""
    few = np.log(np.maximum(-np.log1p(-np.minimum(p, CERTAINTY)), 1e-300))
    needed: Array = np.maximum(math.log(-math.log1p(-CERTAINTY)) - few, 0.0)
    return needed


def _means(runs: Runs, rng: np.random.Generator, draws: int) -> Array:
    """(draws,) mean times of a run: times drawn again, spread as wide as that of so few calls
    for.
    """
    times = np.array(runs.times_s)
    m = len(times)
    if m < 2:
        return np.full(draws, runs.run_s)
    found = times[rng.integers(m, size=(draws, m))].mean(axis=1)
    spread: Array = np.maximum(
        runs.run_s + (found - times.mean()) * math.sqrt(m / (m - 1)), _LEAST_S
    )
    return spread
