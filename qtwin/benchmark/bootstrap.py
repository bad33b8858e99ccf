"""Two-level bootstrap of the time to solution: instances are drawn again, then what is not known of each.

That is the success probability, from its Beta posterior (`qtwin.benchmark.metrics.PRIOR`), and the mean time of a run, from its
times drawn again. What is resampled is the median over instances of the 99 % time to solution. An instance that was never solved
may never be: for the upper end its time is infinite, and what its misses rule out is the lower end's. Two of two successes are no
certainty; a solver that ends every run with a proof is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.metrics import PRIOR, Interval
from qtwin.errors import InputError

Array = NDArray[np.float64]
CERTAINTY = 0.99


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


def median_times(runs: Sequence[Runs], rng: np.random.Generator, *, draws: int) -> tuple[Array, Array]:
    """(draws,) medians over resampled instances of the 99 % time to solution, in seconds: for the lower end, and for the upper.

    Raises:
        InputError: for no instance.
    """
    if not runs:
        raise InputError("no instance came, at least one was wanted", hint="run the solver on an instance")
    chosen = rng.integers(len(runs), size=(draws, len(runs)))
    p, run_s = np.empty((len(runs), draws)), np.empty((len(runs), draws))
    for k, r in enumerate(runs):
        p[k] = 1.0 if r.certain else rng.beta(r.successes + PRIOR, r.trials - r.successes + PRIOR, size=draws)
        run_s[k] = _means(r, rng, draws)
    rows = np.arange(draws)[:, None]
    p, run_s = p[chosen, rows], run_s[chosen, rows]
    always = np.array([r.successes == r.trials for r in runs])[chosen]
    never = np.array([r.successes == 0 for r in runs])[chosen]
    lower, upper = (run_s * _repeats(np.where(closed, end, p)) for closed, end in ((always, 1.0), (never, 0.0)))
    return np.median(lower, axis=1), np.median(upper, axis=1)


def interval(runs: Sequence[Runs], *, seed: int, draws: int = 4000, level: float = 0.95) -> Interval:
    """Percentile interval of the median 99 % time to solution, in seconds.

    With a single instance only the second level is drawn, so the interval says nothing about other instances.
    """
    lower, upper = median_times(runs, np.random.default_rng(seed), draws=draws)
    low = float(np.quantile(lower, (1 - level) / 2, method="inverted_cdf"))
    return Interval(low, float(np.quantile(upper, (1 + level) / 2, method="inverted_cdf")))


def _repeats(p: Array) -> Array:
    """Runs until one succeeds with 99 %; at least one."""
    with np.errstate(divide="ignore"):
        return np.where(p >= CERTAINTY, 1.0, np.abs(math.log1p(-CERTAINTY) / np.log1p(-np.minimum(p, CERTAINTY))))


def _means(runs: Runs, rng: np.random.Generator, draws: int) -> Array:
    """(draws,) mean times of a run: times drawn again, spread as wide as that of so few calls for."""
    times = np.array(runs.times_s)
    m = len(times)
    if m < 2:
        return np.full(draws, runs.run_s)
    found = times[rng.integers(m, size=(draws, m))].mean(axis=1)
    spread: Array = np.maximum(runs.run_s + (found - times.mean()) * math.sqrt(m / (m - 1)), 1e-9)
    return spread
