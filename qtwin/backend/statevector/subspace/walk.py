"""Pair rotations inside a Hamming-weight subspace, run by run.

In rising order of the words, the states that agree on all bits from i on lie next to each other,
C(i, r) of them when r ones are below i. Exchanging bits i < j moves such a run as a whole: the
place of a word is sum_t C(c_t, t) over its ones c_1 < c_2 < ..., so the partner's distance is the
same for the whole run. States are split into real and imaginary (m,) arrays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qtwin.backend.statevector.subspace.bits import lowest, popcount

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


def binomials(n: int, k: int) -> NDArray[np.int64]:
    """(n + 1, k + 2) table of C(a, b)."""
    return np.array([[math.comb(a, b) for b in range(k + 2)] for a in range(n + 1)], dtype=np.int64)


@_compiled
def gosper(words: Array, weight: int) -> None:
    """Fill with the words of one weight in rising order (Gosper's hack, HAKMEM 175)."""
    word = (np.int64(1) << weight) - 1
    for s in range(words.shape[0]):
        words[s] = word
        if word:
            least = word & -word
            carried = word + least
            word = carried | (((word ^ carried) >> 2) // least)


@_compiled
def runs(words: Array, choose: Array, i: int, j: int) -> tuple[Array, Array, Array]:
    """First places, partners' first places and lengths of all runs that have bits (i, j) = (1, 0),
    i < j.
    """
    source, partner, length = [0 for _ in range(0)], [0 for _ in range(0)], [0 for _ in range(0)]
    s = 0
    while s < words.shape[0]:
        word = words[s]
        r = popcount(word & ((np.int64(1) << i) - 1))
        if (word >> i) & 1 and not (word >> j) & 1:
            t = r + 1
            distance = -choose[i, t]
            between = (word & ((np.int64(1) << j) - 1)) >> (i + 1)
            while between:
                c = lowest(between) + i + 1
                distance += choose[c, t] - choose[c, t + 1]
                t += 1
                between &= between - 1
            source.append(s)
            partner.append(s + distance + choose[j, t])
            length.append(choose[i, r])
        s += choose[i, r]
    return (
        np.array(source, dtype=np.int32),
        np.array(partner, dtype=np.int32),
        np.array(length, dtype=np.int32),
    )


@_compiled
def rotate(
    re: Array,
    im: Array,
    source: Array,
    partner: Array,
    length: Array,
    angle: float,
    first: int,
    last: int,
) -> None:
    """exp(-i angle (X_i X_j + Y_i Y_j) / 2) on runs first .. last - 1."""
    c, n = math.cos(angle), math.sin(angle)
    for run in range(first, last):
        one, other = np.uint64(source[run]), np.uint64(partner[run])
        for k in range(length[run]):
            a, b = one + np.uint64(k), other + np.uint64(k)  # unsigned: nothing to wrap
            ar, ai, br, bi = re[a], im[a], re[b], im[b]
            re[a], im[a] = c * ar + n * bi, c * ai - n * br
            re[b], im[b] = c * br + n * ai, c * bi - n * ar


@_compiled
def unrotate(
    re: Array,
    im: Array,
    lre: Array,
    lim: Array,
    source: Array,
    partner: Array,
    length: Array,
    angle: float,
    first: int,
    last: int,
) -> float:
    """Undo `rotate` on state and adjoint; Im <l|(X_i X_j + Y_i Y_j) / 2|s> over the same runs."""
    c, n = math.cos(angle), -math.sin(angle)
    total = 0.0
    for run in range(first, last):
        one, other = np.uint64(source[run]), np.uint64(partner[run])
        for k in range(length[run]):
            a, b = one + np.uint64(k), other + np.uint64(k)  # unsigned: nothing to wrap
            ar, ai, br, bi = re[a], im[a], re[b], im[b]
            pr, pi, qr, qi = lre[a], lim[a], lre[b], lim[b]
            total += pr * bi - pi * br + qr * ai - qi * ar
            re[a], im[a] = c * ar + n * bi, c * ai - n * br
            re[b], im[b] = c * br + n * ai, c * bi - n * ar
            lre[a], lim[a] = c * pr + n * qi, c * pi - n * qr
            lre[b], lim[b] = c * qr + n * pi, c * qi - n * pr
    return total
