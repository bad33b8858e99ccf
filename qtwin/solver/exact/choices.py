"""Minima over feasible choices, compiled: under linear rows, and over all sets of exactly k."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.problem.constraint import Constraint, row_of
from qtwin.solver.interruptible import NOTHING, lowest, whole_scale

Array = NDArray[np.float64]
LIMIT = 500_000_000
"""Choices that are evaluated without a time limit: about half a minute."""


@numba.njit(nogil=True, cache=True)
def _possible(total, least, most, low, high):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Whether rows at `total` can still hold when later options add from `least` to `most`."""
    possible = True
    for r in range(low.size):
        possible = possible and total[r] + least[r] <= high[r] and total[r] + most[r] >= low[r]
    return possible


@numba.njit(nogil=True, cache=True)
def _chunk(linear, pairs, weights, least, most, low, high, first, flag, found):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lowest energy, choices evaluated) among those whose lowest option is `first`; (n,) uint8
    `found` gets its bits.
    """
    n, rows = weights.shape
    gain = np.empty((n + 1, n), np.int64)
    total = np.zeros((n + 2, rows))
    energy = np.zeros(n + 2, np.int64)
    cursor, members = np.zeros(n + 2, np.int64), np.zeros(n + 2, np.int64)
    best, evaluated = np.int64(NOTHING), np.int64(0)
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
        evaluated += 1
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
    return best, evaluated


def minimise_choice(
    linear: Array,
    pairs: Array,
    constraints: Sequence[Constraint],
    *,
    time_limit_s: float | None = None,
) -> Best:
    """The feasible choice of lowest value sum_i linear_i + sum_{i<j} pairs_ij.

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
    low = np.array(
        [
            -np.inf if s == "<=" else limit - e
            for (_, _, s, limit), e in zip(rows, slack, strict=True)
        ]
    )
    high = np.array(
        [
            np.inf if s == ">=" else limit + e
            for (_, _, s, limit), e in zip(rows, slack, strict=True)
        ]
    )
    least, most = (
        np.vstack([np.cumsum(part[::-1], axis=0)[::-1], np.zeros((1, len(rows)))])
        for part in (np.minimum(weights, 0.0), np.maximum(weights, 0.0))
    )
    scale = whole_scale(float(np.abs(linear).sum() + np.abs(pairs).sum()), 59)
    whole, couplings = (
        np.rint(linear * scale).astype(np.int64),
        np.rint((pairs + pairs.T) * scale).astype(np.int64),
    )
    bits = [np.zeros(n, np.uint8) for _ in range(n + 1)]

    def work(number: int, flag: NDArray[np.uint8]) -> tuple[int, int, int]:
        if not number:  # nothing chosen
            return (0 if bool(np.all((low <= 0.0) & (high >= 0.0))) else NOTHING), 0, 1
        energy, evaluated = _chunk(
            whole, couplings, weights, least, most, low, high, number - 1, flag, bits[number]
        )
        return int(energy), 0, int(evaluated)

    found = lowest(work, n + 1, time_limit_s=time_limit_s)
    return Best(
        members=None
        if found.energy >= NOTHING
        else tuple(int(i) for i in np.flatnonzero(bits[found.chunk])),
        evaluations=found.evaluated,
        complete=found.complete,
        interrupted=found.interrupted,
        improvements=tuple(
            (s, evaluated, energy / scale) for s, evaluated, energy in found.improvements
        ),
    )


# The best of all sets of exactly k, compiled: members in rising order, the gains of later ones
# carried along.
#
# The value of a set is sum_i linear_i + sum_{i<j} pairs_ij. With the gains g_j of the members so
# far, the last two members cost
#
#     min_{i<j} g_i + g_j + pairs_ij,
#
# one pass over a row for each i, in vectors and without storing anything: C(100, 5) = 75 million
# sets take tens of milliseconds.

SUBSET_LIMIT = 20_000_000_000
"""Sets that are evaluated without a time limit: some ten seconds on two cores."""
MOST_APART = 45
_FREE = 50
"""Bits of all coefficients together; a pair kept apart costs four times that, and those of 45
members still fit into 63.
"""


@dataclass(frozen=True, kw_only=True)
class Best:
    """The best set: its members, None if none is feasible or was seen; then as in
    `qtwin.solver.exact.complete.Minimum`.
    """

    members: tuple[int, ...] | None
    evaluations: int
    complete: bool
    interrupted: bool
    improvements: tuple[tuple[float, int, float], ...]


@numba.njit(nogil=True, cache=True)
def _last_two(gain, pairs, first, energy, best, members, depth):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """The better of `best` and the best pair i < j from `first` on; members[depth:depth + 2] follow
    when it is a pair.
    """
    n = gain.size
    for i in range(first, n - 1):
        row = pairs[i]
        low = np.int64(NOTHING)
        for j in range(i + 1, n):
            low = min(low, gain[j] + row[j])
        if energy + gain[i] + low < best:
            best = energy + gain[i] + low
            j = i + 1
            while gain[j] + row[j] != low:
                j += 1
            members[depth], members[depth + 1] = i, j
    return best


@numba.njit(nogil=True, cache=True)
def _chunk_subsets(linear, pairs, k, first, flag, found):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Lowest energy among the sets of k >= 3 whose lowest member is `first`; (k,) `found` gets its
    members.
    """
    n = linear.size
    gain = np.empty((k - 1, n), np.int64)
    cursor, members = np.zeros(k, np.int64), np.zeros(k, np.int64)
    total = np.zeros(k, np.int64)
    best = np.int64(NOTHING)
    members[0] = first
    total[1] = linear[first]
    gain[1] = linear + pairs[first]
    depth = 1
    cursor[1] = first + 1
    while depth:
        if depth == k - 2:
            lower = _last_two(gain[depth], pairs, cursor[depth], total[depth], best, members, depth)
            if lower < best:
                best = lower
                found[:] = members
            depth -= 1
            if flag[0]:
                break
            continue
        i = cursor[depth]
        if i > n - k + depth:  # too few are left to complete the set
            depth -= 1
            continue
        cursor[depth] = i + 1
        members[depth] = i
        total[depth + 1] = total[depth] + gain[depth, i]
        for j in range(i + 1, n):
            gain[depth + 1, j] = gain[depth, j] + pairs[i, j]
        cursor[depth + 1] = i + 1
        depth += 1
    return best


def minimise_subset(
    linear: Array,
    pairs: Array,
    k: int,
    *,
    apart: Sequence[tuple[int, int]] = (),
    time_limit_s: float | None = None,
) -> Best:
    """The set of exactly k, 0 <= k <= n, of lowest value.

    Args:
        linear: (n,) coefficients.
        pairs: (n, n) strictly upper triangular couplings.
        k: Members; at most `MOST_APART` where pairs are kept apart.
        apart: Pairs that must not both be in it.
        time_limit_s: Stop after this long.
    """
    n = len(linear)
    scale = whole_scale(float(np.abs(linear).sum() + np.abs(pairs).sum()), _FREE)
    whole, couplings = (
        np.rint(linear * scale).astype(np.int64),
        np.rint((pairs + pairs.T) * scale).astype(np.int64),
    )
    barred = np.int64(1) << (_FREE + 2)
    for i, j in apart:
        couplings[i, j] = couplings[j, i] = barred
    if k < 3 or n - k < 1:
        return _few(whole, couplings, k, int(barred), scale)
    sets = [np.zeros(k, np.int64) for _ in range(n - k + 1)]
    limit = int(barred) // 2 if apart else NOTHING

    def work(first: int, flag: NDArray[np.uint8]) -> tuple[int, int, int]:
        energy = int(_chunk_subsets(whole, couplings, k, first, flag, sets[first]))
        evaluated = 1 if flag[0] else math.comb(n - first - 1, k - 1)
        return (energy if energy < limit else NOTHING), 0, evaluated

    found = lowest(work, n - k + 1, time_limit_s=time_limit_s)
    return Best(
        members=None if found.energy >= NOTHING else tuple(int(i) for i in sets[found.chunk]),
        evaluations=found.evaluated,
        complete=found.complete,
        interrupted=found.interrupted,
        improvements=tuple(
            (s, evaluated, energy / scale) for s, evaluated, energy in found.improvements
        ),
    )


def _few(
    whole: NDArray[np.int64], couplings: NDArray[np.int64], k: int, barred: int, scale: float
) -> Best:
    """Sets of at most two, and the set of all, which need no walk."""
    n = len(whole)
    members: tuple[int, ...]
    if k == 1 and n > 1:
        members, energy, count = (int(np.argmin(whole)),), int(whole.min()), n
    elif k == 2 and n > 2:
        table = np.where(
            np.triu(np.ones((n, n), dtype=np.bool_), 1),
            whole[:, None] + whole[None, :] + couplings,
            NOTHING,
        )
        i, j = np.unravel_index(int(np.argmin(table)), table.shape)
        members, energy, count = (int(i), int(j)), int(table.min()), n * (n - 1) // 2
    else:  # nobody, or everybody
        members, count = tuple(range(n)) if k else (), 1
        energy = sum(int(w) for w in whole[: n if k else 0]) + (
            sum(map(int, couplings.ravel())) // 2 if k else 0
        )
    feasible = energy < barred // 2
    return Best(
        members=members if feasible else None,
        evaluations=count,
        complete=True,
        interrupted=False,
        improvements=((0.0, count, energy / scale),) if feasible else (),
    )
