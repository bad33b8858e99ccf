"""INTERP: each further layer starts from the interpolated angles (Zhou et al. 2020, PRX 10:021067, appendix B)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.angle_search import AngleSearch
from qtwin.solver.schedule.linear_ramp import ramp

Array = NDArray[np.float64]


def interpolate(theta: Sequence[float] | Array) -> Array:
    """Angles for one layer more: [theta]_i = (i - 1) / p theta_{i-1} + (p - i + 1) / p theta_i."""
    old = np.asarray(theta, dtype=np.float64).reshape(-1, 2)
    p = len(old)
    padded = np.vstack([np.zeros((1, 2)), old, np.zeros((1, 2))])
    i = np.arange(1, p + 2)[:, None]
    return np.asarray((i - 1) / p * padded[:-1] + (p - i + 1) / p * padded[1:]).reshape(-1)


def first_layer(search: AngleSearch, *, starts: int) -> None:
    """Depth one: a grid of 42 points, and descents from the best of them."""
    grid = [np.array([gamma, beta]) for gamma in np.linspace(0.15, 1.35, 7) for beta in -np.pi / 12 * (np.arange(6) + 0.5)]
    values = [search.evaluate(theta)[0] for theta in grid]
    for k in np.argsort(values, kind="stable")[:starts]:
        search.descend(grid[k], iterations=30)


def interp(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Depth by depth; at the last depth also from the linear ramp and from disturbed copies of the best, `starts` in all.

    A deeper circuit may always leave its last layer at angle zero, so the energy never rises with depth.
    """
    first_layer(search, starts=starts)
    search.close()
    for depth in range(2, layers + 1):
        start = interpolate(search.theta)
        search.deepen()
        search.descend(start, iterations=60 if depth == layers else 20)
        search.close()
    for k in range(1, starts if layers > 1 else 0):
        start = ramp(layers) if k == 1 else search.theta + rng.normal(scale=0.15, size=2 * layers)
        search.descend(start, iterations=60)
        search.reached[-1] = search.value
