"""Pair rotations on any listed subspace, by a table of partners."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = Any
Places = NDArray[np.int32]


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


def partners(words: NDArray[np.int64], i: int, j: int) -> tuple[Places, Places]:
    """Places of the words with bits (1, 0) at (i, j) and of the same with (0, 1), where both are
    listed.
    """
    low = np.flatnonzero((words >> i & 1) & ~(words >> j) & 1)
    wanted = words[low] ^ (1 << i | 1 << j)
    high = np.minimum(np.searchsorted(words, wanted), len(words) - 1)
    kept = words[high] == wanted
    return low[kept].astype(np.int32), high[kept].astype(np.int32)


@_compiled
def rotate(
    re: Array, im: Array, low: Array, high: Array, angle: float, first: int, last: int
) -> None:
    """exp(-i angle sum_k |low_k><high_k| + h.c.) over pairs first .. last - 1."""
    c, n = math.cos(angle), math.sin(angle)
    for k in range(first, last):
        a, b = np.uint64(low[k]), np.uint64(high[k])  # unsigned: nothing to wrap
        ar, ai, br, bi = re[a], im[a], re[b], im[b]
        re[a], im[a] = c * ar + n * bi, c * ai - n * br
        re[b], im[b] = c * br + n * ai, c * bi - n * ar


@_compiled
def unrotate(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    low: Array,
    high: Array,
    angle: float,
    first: int,
    last: int,
) -> float:
    """Undo `rotate` on state and adjoint; Im <l| sum_k |low_k><high_k| + h.c. |s> over the same
    pairs.
    """
    c, n = math.cos(angle), -math.sin(angle)
    total = 0.0
    for k in range(first, last):
        a, b = np.uint64(low[k]), np.uint64(high[k])  # unsigned: nothing to wrap
        ar, ai, br, bi = re[a], im[a], re[b], im[b]
        pr, pi, qr, qi = lre[a], lim[a], lre[b], lim[b]
        total += pr * bi - pi * br + qr * ai - qi * ar
        re[a], im[a] = c * ar + n * bi, c * ai - n * br
        re[b], im[b] = c * br + n * ai, c * bi - n * ar
        lre[a], lim[a] = c * pr + n * qi, c * pi - n * qr
        lre[b], lim[b] = c * qr + n * pi, c * qi - n * pr
    return total
