"""Anytime quality and performance profiles: the two curves by which optimisers are compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

Array = NDArray[np.float64]


def primal_gap(energy: float | None, optimum: float) -> float:
    """Berthold's gap: 1 without an answer or with one of the other sign, else |E - E*| /
    max(|E|, |E*|); 0 at the optimum.
    """
    if energy is None or not math.isfinite(energy):
        return 1.0
    if energy == optimum:
        return 0.0
    if energy * optimum < 0.0:
        return 1.0
    return abs(energy - optimum) / max(abs(energy), abs(optimum))


def primal_integral(
    trace: Sequence[tuple[float, float]], optimum: float, *, until_s: float
) -> float:
    """Integral of the gap over time, in seconds (Berthold 2013, OR Letters 41:611): small is good
    early.

    Args:
        trace: (seconds, best energy so far), rising in time.
        optimum: Lowest energy.
        until_s: End of the integral.

    Raises:
        InputError: for an end that is not positive, or times that fall.
    """
    times = [t for t, _ in trace]
    if not until_s > 0.0 or times != sorted(times):
        raise InputError(
            f"got an end of {until_s} s or falling times",
            hint="give a positive end and an ordered trace",
        )
    total, now, gap = 0.0, 0.0, 1.0
    for t, energy in trace:
        if t >= until_s:
            break
        total += (t - now) * gap
        now, gap = t, primal_gap(energy, optimum)
    return total + (until_s - now) * gap


def performance_profile(
    times_s: Mapping[str, Sequence[float]], ratios: Sequence[float]
) -> dict[str, Array]:
    """Share of the instances that each solver solves within `ratio` times the best time (Dolan,
    More 2002, Math Program 91:201).

    Args:
        times_s: Solver to (instances,) times, infinite where it did not solve one; the same
            instances in the same order.
        ratios: At least 1, rising.

    Raises:
        InputError: for solvers with different numbers of instances, or none.
    """
    lengths = {len(t) for t in times_s.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise InputError(
            f"expected equal numbers of instances, got {sorted(lengths)}",
            hint="use one set of instances",
        )
    table = np.array([list(t) for t in times_s.values()], dtype=np.float64)
    best = table.min(axis=0)
    with np.errstate(invalid="ignore"):
        relative = np.where(np.isfinite(table), table / best, np.inf)
    return {
        name: np.array([float((row <= r).mean()) for r in ratios])
        for name, row in zip(times_s, relative, strict=True)
    }


def order_changes(times_s: Mapping[str, Sequence[float]], ratio: float) -> list[str]:
    """Solvers whose removal changes the order of the others at `ratio` (Gould, Scott 2016, ACM TOMS
    43:15); a warning if any.
    """

    def order(kept: Mapping[str, Sequence[float]]) -> list[str]:
        shares = performance_profile(kept, [ratio])
        return sorted(kept, key=lambda name: (-float(shares[name][0]), name))

    if len(times_s) < 3:
        return []
    whole = order(times_s)
    return [
        name
        for name in times_s
        if order({k: v for k, v in times_s.items() if k != name}) != [k for k in whole if k != name]
    ]
