"""Pair rotations on low bits inside a Hamming-weight subspace, block by block.

The states that agree on all bits from `cut` on are one block: C(cut, r) neighbours when r ones are
below the cut. Which places of a block a pair of bits below the cut exchanges depends on r alone, so
small tables serve all blocks, and every low pair of a round is done while the block is in the
cache. A pair across the cut exchanges places of two blocks; a table for each r serves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qtwin.backend.statevector.subspace import table, walk
from qtwin.backend.statevector.subspace.bits import lowest, popcount

Array = Any
_LARGEST = 1000  # states in a block: both vectors and their adjoints in a first-level cache


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Places that pairs of bits exchange in blocks with r ones below the cut.

    Attributes:
        start: (pairs, cut + 2) first entry for each r.
        low: (entries,) place with the lower bit set.
        high: (entries,) place of its partner, in the same block, or in the one with r - 1 ones.
    """

    start: NDArray[np.int64]
    low: NDArray[np.int32]
    high: NDArray[np.int32]


def cut_of(n: int, weight: int) -> int:
    """The largest cut whose blocks stay small."""

    def largest(cut: int) -> int:
        return max(math.comb(cut, r) for r in range(max(0, weight - n + cut), min(weight, cut) + 1))

    return max(cut for cut in range(1, n + 1) if largest(cut) <= _LARGEST)


def local_words(cut: int, ones: int) -> NDArray[np.int64]:
    """The words of `cut` bits with so many ones, rising."""
    words = np.empty(math.comb(cut, ones), dtype=np.int64)
    walk.gosper(words, ones)
    return words


def within(cut: int, possible: range, pairs: Sequence[tuple[int, int]]) -> Exchange:
    """For pairs of bits below the cut."""
    return _exchange(
        cut, possible, len(pairs), lambda k, r: table.partners(local_words(cut, r), *pairs[k])
    )


def across(cut: int, possible: range, i: int) -> Exchange:
    """For bit i below the cut and any bit above it."""

    def entries(_: int, r: int) -> tuple[table.Places, table.Places]:
        if r == 0:
            return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32)
        words = local_words(cut, r)
        low = np.flatnonzero(words >> i & 1)
        high = np.searchsorted(local_words(cut, r - 1), words[low] ^ (1 << i))
        return low.astype(np.int32), high.astype(np.int32)

    return _exchange(cut, possible, 1, entries)


def _exchange(
    cut: int,
    possible: range,
    n_pairs: int,
    entries: Callable[[int, int], tuple[table.Places, table.Places]],
) -> Exchange:
    start = np.zeros((n_pairs, cut + 2), dtype=np.int64)
    parts: list[tuple[table.Places, table.Places]] = []
    count = 0
    for k in range(n_pairs):
        for r in range(cut + 1):
            start[k, r] = count
            if r in possible:
                parts.append(entries(k, r))
                count += len(parts[-1][0])
        start[k, cut + 1] = count
    return Exchange(
        start=start,
        low=np.concatenate([p[0] for p in parts]),
        high=np.concatenate([p[1] for p in parts]),
    )


@_compiled
def block_starts(words: Array, choose: Array, cut: int) -> Any:
    """(blocks,) first place of every block."""
    below, found = (np.int64(1) << cut) - 1, []
    s = 0
    while s < words.shape[0]:
        found.append(s)
        s += choose[cut, popcount(words[s] & below)]
    return np.array(found)


@_compiled
def _partner(word: int, choose: Array, cut: int, r: int, j: int) -> int:
    """First place of the block that has bit j too, and one 1 less below the cut."""
    place, t = 0, r
    rest = ((word >> cut) << cut) | (np.int64(1) << j)
    while rest:
        place += choose[lowest(rest), t]
        t += 1
        rest &= rest - 1
    return place


@_compiled
def rotate(
    re: Array,
    im: Array,
    words: Array,
    choose: Array,
    starts: Array,
    cut: int,
    j: int,
    start: Array,
    low: Array,
    high: Array,
    angle: float,
    first: int,
    last: int,
) -> None:
    """exp(-i angle H) for every pair of the table, in order, on the blocks that begin at first ..
    last - 1.

    j < 0: pairs within a block; else across, from bit i to bit j.
    """
    c, n = math.cos(angle), math.sin(angle)
    below = (np.int64(1) << cut) - 1
    for block in range(np.searchsorted(starts, first), np.searchsorted(starts, last)):
        one = starts[block]
        r, other = popcount(words[one] & below), one
        if j >= 0:
            if r == 0 or (words[one] >> j) & 1:
                continue
            other = _partner(words[one], choose, cut, r, j)
        for k in range(start.shape[0]):
            for e in range(start[k, r], start[k, r + 1]):
                # unsigned: nothing to wrap
                a, b = np.uint64(one + low[np.uint64(e)]), np.uint64(other + high[np.uint64(e)])
                ar, ai, br, bi = re[a], im[a], re[b], im[b]
                re[a], im[a] = c * ar + n * bi, c * ai - n * br
                re[b], im[b] = c * br + n * ai, c * bi - n * ar


@_compiled
def unrotate(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    words: Array,
    choose: Array,
    starts: Array,
    cut: int,
    j: int,
    start: Array,
    low: Array,
    high: Array,
    angle: float,
    first: int,
    last: int,
) -> float:
    """Undo `rotate` on state and adjoint; the sum of Im <l|H|s> over its pairs."""
    c, n, total = math.cos(angle), -math.sin(angle), 0.0
    below = (np.int64(1) << cut) - 1
    for block in range(np.searchsorted(starts, first), np.searchsorted(starts, last)):
        one = starts[block]
        r, other = popcount(words[one] & below), one
        if j >= 0:
            if r == 0 or (words[one] >> j) & 1:
                continue
            other = _partner(words[one], choose, cut, r, j)
        for k in range(start.shape[0] - 1, -1, -1):
            for e in range(start[k, r], start[k, r + 1]):
                # unsigned: nothing to wrap
                a, b = np.uint64(one + low[np.uint64(e)]), np.uint64(other + high[np.uint64(e)])
                ar, ai, br, bi = re[a], im[a], re[b], im[b]
                pr, pi, qr, qi = lre[a], lim[a], lre[b], lim[b]
                total += pr * bi - pi * br + qr * ai - qi * ar
                re[a], im[a] = c * ar + n * bi, c * ai - n * br
                re[b], im[b] = c * br + n * ai, c * bi - n * ar
                lre[a], lim[a] = c * pr + n * qi, c * pi - n * qr
                lre[b], lim[b] = c * qr + n * pi, c * qi - n * pr
    return total
