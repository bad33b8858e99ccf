"""Two-level bootstrap of the time to solution: instances are drawn again, then the successes of their runs.

What is resampled is the median over instances of the 99 % time to solution. A draw in which an instance is never solved has an
infinite time there, so that the upper end may be infinite: what was never solved is censored, not left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.metrics import Interval
from qtwin.errors import InputError

Array = NDArray[np.float64]
CERTAINTY = 0.99


@dataclass(frozen=True, kw_only=True)
class Runs:
    """One solver on one instance.

    Attributes:
        run_s: Seconds of one run, all costs counted.
        successes, trials: Runs that reached the target, and runs.
    """

    run_s: float
    successes: int
    trials: int


def median_times(runs: Sequence[Runs], rng: np.random.Generator, *, draws: int) -> Array:
    """(draws,) medians over resampled instances of the 99 % time to solution, in seconds.

    Raises:
        InputError: for no instance.
    """
    if not runs:
        raise InputError("no instance came, at least one was wanted", hint="run the solver on an instance")
    run_s, hits, trials = (np.array([getattr(r, name) for r in runs]) for name in ("run_s", "successes", "trials"))
    chosen = rng.integers(len(runs), size=(draws, len(runs)))
    p = rng.binomial(trials[chosen], (hits / trials)[chosen]) / trials[chosen]
    with np.errstate(divide="ignore"):
        repeats = np.where(p >= CERTAINTY, 1.0, math.log1p(-CERTAINTY) / np.log1p(-np.minimum(p, CERTAINTY)))
    return np.asarray(np.median(run_s[chosen] * np.abs(repeats), axis=1))


def interval(runs: Sequence[Runs], *, seed: int, draws: int = 2000, level: float = 0.95) -> Interval:
    """Percentile interval of the median 99 % time to solution, in seconds.

    With a single instance only the second level is drawn, so the interval says nothing about other instances.
    """
    times = np.sort(median_times(runs, np.random.default_rng(seed), draws=draws))
    low, high = (float(np.quantile(times, q, method="inverted_cdf")) for q in ((1 - level) / 2, (1 + level) / 2))
    return Interval(low, high)
