"""A straight line through log2 of a quantity against size, with Student's interval of its slope."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from qtwin.benchmark.metrics import Interval
from qtwin.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Line:
    """log2 y = intercept + slope n.

    Attributes:
        base: 2^slope: the growth for each variable.
        base_interval: 95 %, from the scatter of the points around the line (normal residuals of one variance).
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


def slope_half_width(x: NDArray[np.float64], residuals: NDArray[np.float64], *, level: float = 0.95) -> float:
    """Half of Student's interval of the slope, from the scatter of at least three points around their line."""
    freedom, away = len(x) - 2, x - x.mean()
    sd = math.sqrt(float(residuals @ residuals) / freedom)
    return float(student.ppf((1 + level) / 2, freedom)) * sd / math.sqrt(float(away @ away))


def exponential(sizes: Sequence[float], values: Sequence[float], *, level: float = 0.95) -> Line:
    """The line by least squares.

    Raises:
        InputError: for fewer than four different sizes, values that are not positive and finite, or a slope whose interval
            holds 0 or less.
    """
    x, y = np.asarray(sizes, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if len(x) != len(y) or len(set(sizes)) < 4 or not (np.isfinite(y).all() and (y > 0).all()):
        raise InputError(
            f"{len(set(sizes))} sizes with values {list(values)} came, at least 4 with positive values were wanted",
            hint="measure more sizes",
        )
    log = np.log2(y)
    slope, intercept = np.polyfit(x, log, 1)
    residuals = log - intercept - slope * x
    sd = math.sqrt(float(residuals @ residuals) / (len(x) - 2))
    half = slope_half_width(x, residuals, level=level)
    if slope - half <= 0.0:
        raise InputError(
            f"no growth can be told: the 95 % interval of the slope, {slope - half:.2g} to {slope + half:.2g}, holds 0 or less",
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
