"""Which sets may truly be the best, given what is known of their values: probabilities, the
near-optimal set, the winner's curse.

The nominal optimum is the best set when every coefficient is taken at its measured value. Chosen
for its measured value, it is worth less than it seems (the winner's curse; Smith and Winkler 2006,
Management Science 52:311), and others may be better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.problem.fixed_size import Array, FixedSize

TOLERANCE = 0.1


@dataclass(frozen=True, kw_only=True)
class NearOptimal:
    """Every permitted set of a choice, and how likely it is to be best.

    Attributes:
        sets: (m, k) in lexicographic order.
        value: (m,) at the measured coefficients.
        mean, sd: (m,) over the draws.
        optimal: (m,) share of draws in which the set is best (the first of equal ones).
        near: (m,) share of draws in which it lies within `tolerance` of the best.
        tolerance: Relative distance from the best that counts as near.
        nominal: Index of the nominal optimum.
        shortfall: Nominal value of the nominal optimum less the mean of its value over the draws.
        ratio: The mean of its value over the draws, over its nominal value: the winner's curse, 1
            if there is none.
        regret: Mean over the draws of how much the best set beats the nominal optimum by.
        n_draws: Number of draws.
    """

    sets: NDArray[np.int16]
    value: Array
    mean: Array
    sd: Array
    optimal: Array
    near: Array
    tolerance: float
    nominal: int
    shortfall: float
    ratio: float
    regret: float
    n_draws: int

    @property
    def within(self) -> NDArray[np.int64]:
        """Indices of the sets whose measured value lies within the tolerance of the nominal
        optimum, the best first.
        """
        found = np.flatnonzero(
            self.value >= _threshold(float(self.value[self.nominal]), self.tolerance)
        )
        return np.asarray(found[np.argsort(-self.value[found], kind="stable")])

    def credible(self, level: float = 0.9) -> NDArray[np.int64]:
        """Indices of the fewest sets that hold the best one with probability `level`, the likeliest
        first.
        """
        order = np.argsort(-self.optimal, kind="stable")
        held = np.cumsum(self.optimal[order])
        return np.asarray(order[: int(np.searchsorted(held, level - 1e-12)) + 1])


def near_optimal(
    instance: FixedSize, linear: Array, pairs: Array, *, tolerance: float = TOLERANCE
) -> NearOptimal:
    """Value every permitted set under every draw of the coefficients.

    Args:
        instance: The choice at its measured coefficients.
        linear: (d, n) draws of a_i.
        pairs: (d, n, n) draws of b_ij.
        tolerance: Relative distance from the best that counts as near.

    Raises:
        InputError: for draws of the wrong shape, or a tolerance outside [0, 1).
        InfeasibleError: if no set is permitted.
    """
    d, n = linear.shape[0], instance.n
    if not d or linear.shape != (d, n) or pairs.shape != (d, n, n):
        raise InputError(
            f"draws of shapes {linear.shape}, {pairs.shape} came",
            hint=f"give (d, {n}) and (d, {n}, {n})",
        )
    if not 0.0 <= tolerance < 1.0:
        raise InputError(f"expected a tolerance from 0 to 1, got {tolerance}", hint="take 0.1")
    value = instance.values()
    nominal = int(np.argmax(value))
    best, near = np.zeros(len(value), dtype=np.int64), np.zeros(len(value), dtype=np.int64)
    total, squares, drawn = np.zeros(len(value)), np.zeros(len(value)), np.empty(len(value))
    regret = 0.0
    for a, b in zip(linear, pairs, strict=True):
        instance.values(np.ascontiguousarray(a), np.ascontiguousarray(b), out=drawn)
        regret += _tally(drawn, value, nominal, tolerance, best, near, total, squares)
    mean = total / d
    own, expected = float(value[nominal]), float(value[nominal] + mean[nominal])
    return NearOptimal(
        sets=instance.sets(),
        value=value,
        mean=value + mean,
        sd=np.sqrt(np.maximum(squares / d - mean**2, 0.0)),
        optimal=best / d,
        near=near / d,
        tolerance=tolerance,
        nominal=nominal,
        shortfall=own - expected,
        ratio=expected / own if own else float("nan"),
        regret=regret / d,
        n_draws=d,
    )


def _threshold(best: float, tolerance: float) -> float:
    return best - tolerance * abs(best)


@numba.njit(nogil=True, cache=True)
def _tally(drawn, value, nominal, tolerance, best, near, total, squares):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Add one draw of (m,) values to the counts and sums; returns what the best set beats the
    nominal one by.
    """
    winner = np.argmax(drawn)
    best[winner] += 1
    least = drawn[winner] - tolerance * abs(drawn[winner])
    for s in range(drawn.size):
        if drawn[s] >= least:
            near[s] += 1
        # sums of differences, so that the squares keep their digits
        difference = drawn[s] - value[s]
        total[s] += difference
        squares[s] += difference * difference
    return drawn[winner] - drawn[nominal]
