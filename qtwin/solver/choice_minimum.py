"""The best of all choices that linear rows allow, compiled: in lexicographic order, with what no addition can mend cut off.

A choice is extended by later options only. With w_r the weights of a row, the later options can add between the sums of their
negative and of their positive weights, so a branch ends as soon as a row can no longer hold. Whatever is left is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.problem.constraint import Constraint, row_of
from qtwin.solver.chunks import NOTHING, lowest, whole_scale
from qtwin.solver.subset_minimum import Best

Array = NDArray[np.float64]
LIMIT = 500_000_000
"""Choices that are looked at without a time limit: about half a minute."""


@numba.njit(nogil=True, cache=True)
def _possible(total, least, most, low, high):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Whether rows at `total` can still hold when later options add from `least` to `most`."""
    possible = True
    for r in range(low.size):
        possible = possible and total[r] + least[r] <= high[r] and total[r] + most[r] >= low[r]
    return possible


@numba.njit(nogil=True, cache=True)
def _chunk(linear, pairs, weights, least, most, low, high, first, flag, found):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lowest energy, choices looked at) among those whose lowest option is `first`; (n,) uint8 `found` gets its bits."""
    n, rows = weights.shape
    gain = np.empty((n + 1, n), np.int64)
    total = np.zeros((n + 2, rows))
    energy = np.zeros(n + 2, np.int64)
    cursor, members = np.zeros(n + 2, np.int64), np.zeros(n + 2, np.int64)
    best, looked = np.int64(NOTHING), np.int64(0)
    gain[0] = linear
    cursor[0] = first
    depth = 0  # members so far
    while depth >= 0:
        i = cursor[depth]
        if i >= n or (depth == 0 and i > first) or flag[0]:
            depth -= 1
            continue
        cursor[depth] = i + 1
        for r in range(rows):
            total[depth + 1, r] = total[depth, r] + weights[i, r]
        if not _possible(total[depth + 1], least[i + 1], most[i + 1], low, high):
            continue
        members[depth] = i
        energy[depth + 1] = energy[depth] + gain[depth, i]
        looked += 1
        holds = True
        for r in range(rows):
            holds = holds and low[r] <= total[depth + 1, r] <= high[r]
        if holds and energy[depth + 1] < best:
            best = energy[depth + 1]
            found[:] = 0
            for d in range(depth + 1):
                found[members[d]] = 1
        for j in range(i + 1, n):
            gain[depth + 1, j] = gain[depth, j] + pairs[i, j]
        cursor[depth + 1] = i + 1
        depth += 1
    return best, looked


def minimise(linear: Array, pairs: Array, constraints: Sequence[Constraint], *, time_limit_s: float | None = None) -> Best:
    """The allowed choice of lowest value sum_i linear_i + sum_{i<j} pairs_ij.

    Args:
        linear: (n,) coefficients.
        pairs: (n, n) strictly upper triangular couplings.
        constraints: What allows it.
        time_limit_s: Stop after this long.

    Raises:
        InputError: for a constraint that is no linear row.
    """
    n = len(linear)
    rows = [row_of(c) for c in constraints]
    weights = np.zeros((n, len(rows)))
    for r, (members, values, _, _) in enumerate(rows):
        for i, w in zip(members, values, strict=True):
            weights[i, r] += w
    slack = [1e-9 * max(1.0, abs(limit)) for *_, limit in rows]
    low = np.array([-np.inf if s == "<=" else limit - e for (_, _, s, limit), e in zip(rows, slack, strict=True)])
    high = np.array([np.inf if s == ">=" else limit + e for (_, _, s, limit), e in zip(rows, slack, strict=True)])
    least, most = (
        np.vstack([np.cumsum(part[::-1], axis=0)[::-1], np.zeros((1, len(rows)))])
        for part in (np.minimum(weights, 0.0), np.maximum(weights, 0.0))
    )
    scale = whole_scale(float(np.abs(linear).sum() + np.abs(pairs).sum()), 59)
    whole, couplings = np.rint(linear * scale).astype(np.int64), np.rint((pairs + pairs.T) * scale).astype(np.int64)
    bits = [np.zeros(n, np.uint8) for _ in range(n + 1)]

    def work(number: int, flag: NDArray[np.uint8]) -> tuple[int, int, int]:
        if not number:  # nothing chosen
            return (0 if bool(np.all((low <= 0.0) & (high >= 0.0))) else NOTHING), 0, 1
        energy, looked = _chunk(whole, couplings, weights, least, most, low, high, number - 1, flag, bits[number])
        return int(energy), 0, int(looked)

    found = lowest(work, n + 1, time_limit_s=time_limit_s)
    return Best(
        members=None if found.energy >= NOTHING else tuple(int(i) for i in np.flatnonzero(bits[found.chunk])),
        evaluations=found.looked,
        complete=found.complete,
        interrupted=found.interrupted,
        improvements=tuple((s, looked, energy / scale) for s, looked, energy in found.improvements),
    )
