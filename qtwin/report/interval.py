"""Posterior summaries: mean and central interval of weighted members."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def weighted_quantile(values: Array, weights: Array, levels: tuple[float, ...]) -> Array:
    """Quantiles of (m, ...) values under (m,) weights along axis 0; (len(levels), ...)."""
    flat = values.reshape(len(values), -1)
    order = np.argsort(flat, axis=0)
    ordered = np.take_along_axis(flat, order, axis=0)
    mass = np.cumsum(weights[order], axis=0)
    mass /= mass[-1]
    picked = [np.take_along_axis(ordered, np.minimum((mass < q).sum(axis=0), len(flat) - 1)[None, :], axis=0)[0] for q in levels]
    return np.array(picked).reshape(len(levels), *values.shape[1:])


def summary(values: Array, weights: Array) -> dict[str, float]:
    """Mean and central 95 % interval of (m,) values."""
    low, high = weighted_quantile(values, weights, (0.025, 0.975))
    return {"mean": float(np.average(values, weights=weights)), "low": float(low), "high": float(high)}


def band(values: Array, weights: Array) -> dict[str, list[float]]:
    """Median and central 95 % band of (m, t) values over time."""
    low, median, high = weighted_quantile(values, weights, (0.025, 0.5, 0.975))
    return {"low": low.tolist(), "median": median.tolist(), "high": high.tolist()}
