"""Success rates with intervals, time to solution, and how far an answer is from the optimum."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from qtwin.errors import InputError

PRIOR = 0.6
"""Beta(0.6, 0.6) before the first run: Jeffreys' 0.5, widened until no success rate is covered below 88 % by ten runs."""
CERTAINTY = 0.99
"""Of a time, or a number of shots, to solution."""
FEWEST = 10
"""Repetitions below which nothing is called an interval."""


class Interval(NamedTuple):
    """Both ends of a confidence interval."""

    low: float
    high: float


class TimeToSolution(NamedTuple):
    """Seconds until success with the wanted certainty, and its interval; infinite where success was never seen."""

    value_s: float
    low_s: float
    high_s: float


def _check(successes: int, trials: int, level: float) -> None:
    if not 0 <= successes <= trials or trials < 1:
        raise InputError(
            f"{successes} successes in {trials} trials came, 0 <= successes <= trials >= 1 was wanted", hint="recount"
        )
    if not 0.0 < level < 1.0:
        raise InputError(f"level {level} came, one between 0 and 1 was wanted", hint="take 0.95")


def posterior(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Equal-tailed interval of the Beta posterior of a success probability, closed at 0 without a success, at 1 without a miss.

    Covers `level` on average over rates, 88 % at worst for ten runs (after Brown, Cai, DasGupta 2001, Stat. Sci. 16:101). Every
    success rate and time to solution that is shown takes its interval from here; `shown` says when there are too few runs for
    one.
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
    """What |error| stays below with at least `level`, for a normal estimate: a large error bar grants no accuracy."""
    return abs(error) + float(ndtri(0.5 + level / 2.0)) * standard_error


def time_for(probability: float, run_s: float, *, certainty: float = CERTAINTY) -> float:
    """run_s ln(1 - certainty) / ln(1 - p): time of independent runs until one succeeds; one run where p reaches `certainty`."""
    if not 0.0 <= probability <= 1.0:
        raise InputError(f"probability {probability} came, one between 0 and 1 was wanted", hint="divide successes by trials")
    if probability >= certainty:
        return run_s
    if probability == 0.0:
        return math.inf
    return run_s * math.log1p(-certainty) / math.log1p(-probability)


def tts99(run_s: float, successes: int, trials: int, *, level: float = 0.95) -> TimeToSolution:
    """99 % time to solution of runs of `run_s` seconds, its interval from that of the success probability.

    With no success the value and the upper end are infinite, and the lower end is what the trials rule out.
    """
    low, high = posterior(successes, trials, level=level)
    return TimeToSolution(time_for(successes / trials, run_s), time_for(high, run_s), time_for(low, run_s))


def count_successes(
    energies: NDArray[np.float64], counts: NDArray[np.integer], optimum: float, *, tolerance: float = 1e-9
) -> int:
    """How many of the shots reached the optimum: (m,) energies seen (m,) `counts` times, within `tolerance` of it."""
    return int(np.asarray(counts)[np.asarray(energies) <= optimum + tolerance].sum())


def optimality_gap(energy: float, optimum: float) -> float:
    """(energy - optimum) / |optimum|, for a minimum; 0 at an optimum of zero that was reached, infinite at one that was not."""
    distance = energy - optimum
    return distance / abs(optimum) if optimum else (math.inf if distance > 0 else 0.0)


def approximation_ratio(energy: float, *, optimum: float, worst: float) -> float:
    """(worst - energy) / (worst - optimum): 1 at the minimum, 0 at the stated worst value, whatever the energy's origin."""
    if not worst > optimum:
        raise InputError(
            f"worst {worst} and optimum {optimum} came, worst > optimum was wanted", hint="the ratio is for a minimum"
        )
    return (worst - energy) / (worst - optimum)
