"""How the time to solution grows with size: exponential and power law with intervals, which fits better, where curves cross.

    exponential  log2 T = a + b n,    T grows by 2^b for each variable
    power law    log2 T = a + b log2 n

Points are medians over instances; intervals are two-level bootstraps, over instances and then over runs. What was never solved is
censored: a size at which half of the instances were not solved carries no point and is reported. Nor does a size of fewer than
ten repetitions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.bootstrap import Runs, median_times
from qtwin.benchmark.metrics import FEWEST, Interval, time_for
from qtwin.errors import InputError

Array = NDArray[np.float64]
Form = Literal["exponential", "power law"]
FORMS: tuple[Form, ...] = ("exponential", "power law")
_FEWEST_SIZES = 4
_DRAWS = 2000
_LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One law through the medians.

    Attributes:
        form: Which.
        sizes: Those that carry a point.
        tts_s: Median 99 % time to solution at each.
        censored: Sizes at which half of the instances were not solved.
        intercept, slope: a and b above.
        slope_interval: 95 %, by bootstrap.
        base: 2^b, the growth for each variable (exponential), or b, the exponent (power law).
        base_interval: 95 %.
        aic: Akaike's criterion of the least-squares fit; smaller is better, differences under 2 say nothing.
        residuals: Of log2 T.
    """

    form: Form
    sizes: tuple[int, ...]
    tts_s: tuple[float, ...]
    censored: tuple[int, ...]
    intercept: float
    slope: float
    slope_interval: Interval
    base: float
    base_interval: Interval
    aic: float
    residuals: tuple[float, ...]
    draws: Array

    def at(self, n: float) -> tuple[float, Interval]:
        """Time in seconds at size n, with its 95 % interval."""
        x = n if self.form == "exponential" else math.log2(n)
        values = self.draws[:, 0] + self.draws[:, 1] * x
        low, high = np.quantile(values, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
        return 2.0 ** (self.intercept + self.slope * x), Interval(float(2.0**low), float(2.0**high))


@dataclass(frozen=True, kw_only=True)
class Crossover:
    """Where one curve comes below another.

    Attributes:
        size: Of the fitted curves; None where it cannot be told.
        interval: 95 %, None likewise; an upper end of infinity says that some of the draws never cross.
        words: What can be said, and why not more.
        extrapolated: Beyond twice the largest size measured.
    """

    size: float | None
    interval: Interval | None
    words: str
    extrapolated: bool = False


def fit(cells: Mapping[int, Sequence[Runs]], *, form: Form, seed: int, floor_s: float = 1e-7) -> Fit:
    """Fit one law.

    Args:
        cells: Size to the runs on each instance of that size.
        form: The law.
        seed: Of the bootstrap.
        floor_s: Times below are taken as this.

    Raises:
        InputError: for fewer than four sizes that carry a point and ten repetitions, or an exponent whose interval does not lie
            above 0.
    """
    sizes = sorted(cells)
    points = {n: float(np.median([_tts(r) for r in cells[n]])) for n in sizes}
    kept = [n for n in sizes if math.isfinite(points[n]) and _trials(cells[n]) >= FEWEST]
    if len(kept) < _FEWEST_SIZES:
        few = sum(math.isfinite(points[n]) and _trials(cells[n]) < FEWEST for n in sizes)
        beside = f"; {few} more have a time and fewer than {FEWEST} repetitions" if few else ""
        raise InputError(
            f"{len(kept)} sizes with a time came, at least {_FEWEST_SIZES} were wanted{beside}",
            hint="measure more sizes, longer, or more often",
        )
    x = np.array(kept, dtype=np.float64) if form == "exponential" else np.log2(kept)
    y = np.log2(np.maximum([points[n] for n in kept], floor_s))
    intercept, slope, residuals = _line(x, y)
    draws = _resampled([cells[n] for n in kept], x, np.random.default_rng(seed), floor_s)
    draws = draws[np.isfinite(draws).all(axis=1)]
    if len(draws) < _DRAWS // 2:
        raise InputError("most resamples hold a size that was never solved", hint="measure more runs at the largest sizes")
    low, high = np.quantile(draws[:, 1], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    if low <= 0.0:
        raise InputError(
            f"no growth can be told: the 95 % interval of the exponent, {low:.2g} to {high:.2g}, does not lie above 0",
            hint="measure larger sizes, or more runs",
        )
    power = form == "power law"
    variance = max(float(np.mean(residuals**2)), 1e-12)
    return Fit(
        form=form,
        sizes=tuple(kept),
        tts_s=tuple(points[n] for n in kept),
        censored=tuple(n for n in sizes if not math.isfinite(points[n])),
        intercept=intercept,
        slope=slope,
        slope_interval=Interval(float(low), float(high)),
        base=slope if power else 2.0**slope,
        base_interval=Interval(float(low), float(high)) if power else Interval(float(2.0**low), float(2.0**high)),
        aic=len(kept) * math.log(variance) + 2 * 3,
        residuals=tuple(residuals.tolist()),
        draws=draws,
    )


def better(fits: Sequence[Fit]) -> tuple[Fit, str]:
    """The fit of least AIC, and whether the data tell them apart."""
    ordered = sorted(fits, key=lambda f: f.aic)
    gap = ordered[1].aic - ordered[0].aic if len(ordered) > 1 else math.inf
    if gap < 2.0:
        words = f"AIC differs by {gap:.1f}: these sizes do not tell {ordered[0].form} from {ordered[1].form}"
    else:
        words = f"{ordered[0].form} by {gap:.1f} of AIC" if len(ordered) > 1 else ordered[0].form
    return ordered[0], words


def crossover(falling: Fit, rising: Fit) -> Crossover:
    """The size from which `falling` takes less time than `rising`.

    Said only where both fits were measured on common ground and three quarters of the bootstrap draws cross; flagged where it
    lies beyond twice the largest size measured (Rønnow et al. 2014, Science 345:420, on how such claims go wrong).

    Raises:
        InputError: for fits of different forms.
    """
    if falling.form != rising.form:
        raise InputError(f"a fit of {falling.form} and one of {rising.form} came, one form was wanted", hint="fit both alike")
    largest = min(max(falling.sizes), max(rising.sizes))
    pairs = min(len(falling.draws), len(rising.draws))
    a = rising.draws[:pairs, 0] - falling.draws[:pairs, 0]
    b = rising.draws[:pairs, 1] - falling.draws[:pairs, 1]
    crossing = b > 0.0
    where = np.where(crossing, -a / np.where(crossing, b, 1.0), np.inf)
    if falling.form == "power law":
        where = np.where(np.isfinite(where), 2.0 ** np.minimum(where, 1000.0), np.inf)
    if crossing.mean() < 0.75:
        share = 100.0 * float(crossing.mean())
        return Crossover(
            size=None,
            interval=None,
            words=f"not determined: the slower growth is the wanted one in only {share:.0f} % of the resamples",
        )
    gap = rising.slope - falling.slope
    at = (falling.intercept - rising.intercept) / gap if gap > 0.0 else math.inf
    size = 2.0**at if falling.form == "power law" and math.isfinite(at) else at
    low, high = (float(np.quantile(where, q, method="inverted_cdf")) for q in ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    beyond = size > 2.0 * largest
    words = f"at {size:.0f} variables (95 % interval {low:.0f} to {'never' if math.isinf(high) else f'{high:.0f}'})"
    if beyond:
        words += f"; extrapolated more than one doubling beyond the largest size measured, {largest}: not to be relied on"
    return Crossover(size=size, interval=Interval(low, high), words=words, extrapolated=beyond)


def _trials(runs: Sequence[Runs]) -> int:
    return sum(r.trials for r in runs)


def _tts(runs: Runs) -> float:
    return time_for(runs.successes / runs.trials, runs.run_s)


def _line(x: Array, y: Array) -> tuple[float, float, Array]:
    slope, intercept = np.polyfit(x, y, 1)
    return float(intercept), float(slope), np.asarray(y - intercept - slope * x)


def _resampled(cells: Sequence[Sequence[Runs]], x: Array, rng: np.random.Generator, floor_s: float) -> Array:
    """(draws, 2) intercepts and slopes: instances drawn again, then rates and times; NaN if unsolved."""
    logs = np.empty((_DRAWS, len(x)))
    optimistic = rng.random(_DRAWS) < 0.5  # what always succeeded may be certain, at all sizes alike
    for k, runs in enumerate(cells):
        lower, upper = median_times(runs, rng, draws=_DRAWS)
        logs[:, k] = np.log2(np.maximum(np.where(optimistic, lower, upper), floor_s))
    logs[~np.isfinite(logs).all(axis=1)] = np.nan
    centered = x - x.mean()
    slope = logs @ centered / float(centered @ centered)
    return np.column_stack([logs.mean(axis=1) - slope * x.mean(), slope])
