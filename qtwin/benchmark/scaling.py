"""A straight line through log2 of a quantity against size, with Student's interval of its slope."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from qtwin.benchmark.metrics import FEWEST, Interval, Runs, time_for
from qtwin.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Line:
    """log2 y = intercept + slope n.

    Attributes:
        base: 2^slope: the growth for each variable.
        base_interval: 95 %, from the scatter of the points around the line (normal residuals of one
            variance).
        residual_sd: Of log2 y.
    """

    intercept: float
    slope: float
    base: float
    base_interval: Interval
    residual_sd: float
    points: int

    def at(self, n: float) -> float:
        """The fitted quantity at size n."""
        return float(2.0 ** (self.intercept + self.slope * n))


def slope_half_width(
    x: NDArray[np.float64], residuals: NDArray[np.float64], *, level: float = 0.95
) -> float:
    """Half of Student's interval of the slope, from the scatter of at least three points around
    their line.
    """
    freedom, away = len(x) - 2, x - x.mean()
    sd = math.sqrt(float(residuals @ residuals) / freedom)
    return float(student.ppf((1 + level) / 2, freedom)) * sd / math.sqrt(float(away @ away))


def exponential(sizes: Sequence[float], values: Sequence[float], *, level: float = 0.95) -> Line:
    """The line by least squares.

    Raises:
        InputError: for fewer than four different sizes, values that are not positive and finite, or
            a slope whose interval holds 0 or less.
    """
    x, y = np.asarray(sizes, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if len(x) != len(y) or len(set(sizes)) < 4 or not (np.isfinite(y).all() and (y > 0).all()):
        raise InputError(
            f"expected at least 4 sizes with positive values, got {len(set(sizes))} with "
            f"{list(values)}",
            hint="measure more sizes",
        )
    log = np.log2(y)
    slope, intercept = np.polyfit(x, log, 1)
    residuals = log - intercept - slope * x
    sd = math.sqrt(float(residuals @ residuals) / (len(x) - 2))
    half = slope_half_width(x, residuals, level=level)
    if slope - half <= 0.0:
        raise InputError(
            f"no growth is established: the 95 % interval of the slope, {slope - half:.2g} "
            f"to {slope + half:.2g}, is not above 0",
            hint="measure more sizes",
        )
    return Line(
        intercept=float(intercept),
        slope=float(slope),
        base=float(2.0**slope),
        base_interval=Interval(float(2.0 ** (slope - half)), float(2.0 ** (slope + half))),
        residual_sd=sd,
        points=len(x),
    )


# How the time to solution grows with size: exponential and power law with intervals, which fits
# better, where curves cross.
#
#     exponential  log2 T = a + b n,    T grows by 2^b for each variable
#     power law    log2 T = a + b log2 n
#
# Points are medians over instances. The interval is Student's, from the scatter of the points
# around the line: that scatter holds what the runs, the instances and a law that does not fit add
# to it, also where a size has one instance, and it is right from four points on. A bootstrap of
# each point knows neither other instances nor the misfit. On planted growth the interval covers
# 90 to 99 %, 95 % on average (benchmarks/interval_coverage.py). What was never solved is
# censored: a size at which half of the instances were not solved carries no point and is reported.
# Nor does a size of fewer than ten repetitions.

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
        slope_interval: 95 %, Student's.
        base: 2^b, the growth for each variable (exponential), or b, the exponent (power law).
        base_interval: 95 %.
        aic: Akaike's criterion of the least-squares fit; smaller is better, differences under 2 say
            nothing.
        residuals: Of log2 T.
        draws: (2000, 2) intercepts and slopes from their joint distribution, bivariate Student.
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
        size: Of the fitted curves; None where it is not determined.
        interval: 95 %, None likewise; an upper end of infinity says that some of the draws never
            cross.
        words: What can be said, and why not more.
        extrapolated: Beyond twice the largest size measured.
    """

    size: float | None
    interval: Interval | None
    words: str
    extrapolated: bool = False


def fit(
    cells: Mapping[int, Sequence[Runs]], *, form: Form, seed: int, floor_s: float = 1e-7
) -> Fit:
    """Fit one law that grows.

    Args:
        cells: Size to the runs on each instance of that size.
        form: The law.
        seed: Of the draws.
        floor_s: Times below are taken as this.

    Raises:
        InputError: for fewer than four sizes that carry a point and ten repetitions, or an exponent
            whose interval does not lie above 0.
    """
    found = law(cells, form=form, seed=seed, floor_s=floor_s)
    low, high = found.slope_interval
    if low <= 0.0:
        raise InputError(
            f"no growth is established: the 95 % interval of the exponent, {low:.2g} to "
            f"{high:.2g}, does not lie above 0",
            hint="measure larger sizes, or more runs",
        )
    return found


def law(
    cells: Mapping[int, Sequence[Runs]], *, form: Form, seed: int, floor_s: float = 1e-7
) -> Fit:
    """The same whether or not it grows.

    Raises:
        InputError: for fewer than four sizes that carry a point and ten repetitions.
    """
    sizes = sorted(cells)
    points = {n: float(np.median([_tts(r) for r in cells[n]])) for n in sizes}
    kept = [n for n in sizes if math.isfinite(points[n]) and _trials(cells[n]) >= FEWEST]
    if len(kept) < _FEWEST_SIZES:
        few = sum(math.isfinite(points[n]) and _trials(cells[n]) < FEWEST for n in sizes)
        beside = f"; {few} more have a time and fewer than {FEWEST} repetitions" if few else ""
        raise InputError(
            f"expected at least {_FEWEST_SIZES} sizes with a time, got {len(kept)}{beside}",
            hint="measure more sizes, longer, or more often",
        )
    x = np.array(kept, dtype=np.float64) if form == "exponential" else np.log2(kept)
    y = np.log2(np.maximum([points[n] for n in kept], floor_s))
    intercept, slope, residuals = _line(x, y)
    half = slope_half_width(x, residuals, level=_LEVEL)
    low, high = slope - half, slope + half
    power = form == "power law"
    variance = max(float(np.mean(residuals**2)), 1e-12)
    return Fit(
        form=form,
        sizes=tuple(kept),
        tts_s=tuple(points[n] for n in kept),
        censored=tuple(n for n in sizes if not math.isfinite(points[n])),
        intercept=intercept,
        slope=slope,
        slope_interval=Interval(low, high),
        base=slope if power else 2.0**slope,
        base_interval=Interval(low, high) if power else Interval(2.0**low, 2.0**high),
        aic=len(kept) * math.log(variance) + 2 * 3,
        residuals=tuple(residuals.tolist()),
        draws=_drawn(x, (intercept, slope), residuals, np.random.default_rng(seed)),
    )


def better(fits: Sequence[Fit]) -> tuple[Fit, str]:
    """The fit of least AIC, and whether the data tell them apart."""
    ordered = sorted(fits, key=lambda f: f.aic)
    gap = ordered[1].aic - ordered[0].aic if len(ordered) > 1 else math.inf
    if gap < 2.0:
        words = (
            f"AIC differs by {gap:.1f}: these sizes do not tell {ordered[0].form} from "
            f"{ordered[1].form}"
        )
    else:
        words = f"{ordered[0].form} by {gap:.1f} of AIC" if len(ordered) > 1 else ordered[0].form
    return ordered[0], words


def crossover(falling: Fit, rising: Fit) -> Crossover:
    """The size from which `falling` takes less time than `rising`.

    Said only where both fits were measured on common ground and three quarters of the draws cross;
    flagged where it lies beyond twice the largest size measured (Rønnow et al. 2014, Science
    345:420, on how such claims go wrong).

    Raises:
        InputError: for fits of different forms.
    """
    if falling.form != rising.form:
        raise InputError(
            f"expected fits of one form, got {falling.form} and {rising.form}",
            hint="fit both alike",
        )
    largest = min(max(falling.sizes), max(rising.sizes))
    pairs = min(len(falling.draws), len(rising.draws))
    # fits of one seed would otherwise err alike
    again = np.random.default_rng(0).permutation(pairs)
    a, b = (rising.draws[:pairs] - falling.draws[again]).T
    crossing = b > 0.0
    where = np.where(crossing, -a / np.where(crossing, b, 1.0), np.inf)
    if falling.form == "power law":
        where = np.where(np.isfinite(where), 2.0 ** np.minimum(where, 1000.0), np.inf)
    if crossing.mean() < 0.75:
        share = 100.0 * float(crossing.mean())
        return Crossover(
            size=None,
            interval=None,
            words=f"not determined: the slower growth is the required one in only {share:.0f} % "
            "of the draws",
        )
    gap = rising.slope - falling.slope
    at = (falling.intercept - rising.intercept) / gap if gap > 0.0 else math.inf
    size = 2.0**at if falling.form == "power law" and math.isfinite(at) else at
    low, high = (
        float(np.quantile(where, q, method="inverted_cdf"))
        for q in ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
    )
    beyond = size > 2.0 * largest
    words = (
        f"at {size:.0f} variables (95 % interval {low:.0f} to "
        f"{'never' if math.isinf(high) else f'{high:.0f}'})"
    )
    if beyond:
        words += (
            "; extrapolated more than one doubling beyond the largest size measured, "
            f"{largest}: not to be relied on"
        )
    return Crossover(size=size, interval=Interval(low, high), words=words, extrapolated=beyond)


def _trials(runs: Sequence[Runs]) -> int:
    return sum(r.trials for r in runs)


def _tts(runs: Runs) -> float:
    return time_for(runs.successes / runs.trials, runs.run_s)


def _line(x: Array, y: Array) -> tuple[float, float, Array]:
    slope, intercept = np.polyfit(x, y, 1)
    return float(intercept), float(slope), np.asarray(y - intercept - slope * x)


def _drawn(x: Array, at: tuple[float, float], residuals: Array, rng: np.random.Generator) -> Array:
    """(draws, 2) intercepts and slopes of the bivariate Student distribution around the fitted
    line.
    """
    freedom, centre = len(x) - 2, float(x.mean())
    sd = np.sqrt(float(residuals @ residuals) / rng.chisquare(freedom, size=_DRAWS))
    slope = at[1] + sd * rng.normal(size=_DRAWS) / math.sqrt(float((x - centre) @ (x - centre)))
    middle = at[0] + at[1] * centre + sd * rng.normal(size=_DRAWS) / math.sqrt(len(x))
    return np.column_stack([middle - slope * centre, slope])
