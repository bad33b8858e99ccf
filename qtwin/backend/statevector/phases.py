"""Diagonal phases on a split state, a register at a time, forward and undone; sums over states."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from qtwin.backend.statevector.vector import lanes, turn1, unturn1

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    """No reassociation, which would undo the rounding trick inside the vector kernels."""
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(function)


def _summed(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})(function)


@_compiled
def turn(re: Array, im: Array, diagonal: Array, angle: float, first: int, last: int) -> None:
    """State := exp(-i angle D) state over first .. last - 1."""
    wide, turns = lanes(re), angle / (2.0 * np.pi)
    whole = first + (last - first) // wide * wide
    for b in range(first, whole, wide):
        turn1(re, im, diagonal, b, 0, 0.0, turns, 1.0, 0.0)
    for b in range(whole, last):
        c, s = math.cos(angle * diagonal[b]), math.sin(angle * diagonal[b])
        re[b], im[b] = c * re[b] + s * im[b], c * im[b] - s * re[b]


@_compiled
def unturn(re: Array, im: Array, lre: Array, lim: Array, diagonal: Array, angle: float, first: int, last: int) -> float:
    """The same undone for state and adjoint; Im <l|D|s>."""
    wide, turns = lanes(re), -angle / (2.0 * np.pi)
    whole, total = first + (last - first) // wide * wide, 0.0
    sums = np.zeros(3 * wide)
    for b in range(first, whole, wide):
        unturn1(re, im, lre, lim, diagonal, sums, b, 0, 0.0, turns, 1.0, 0.0)
    for b in range(whole, last):
        c, s = math.cos(angle * diagonal[b]), -math.sin(angle * diagonal[b])
        r, i, p, q = re[b], im[b], lre[b], lim[b]
        total += diagonal[b] * (p * i - q * r)
        re[b], im[b] = c * r + s * i, c * i - s * r
        lre[b], lim[b] = c * p + s * q, c * q - s * p
    for lane in range(wide, 2 * wide):
        total += sums[lane]
    return total


@_summed
def twist(re: Array, im: Array, lre: Array, lim: Array, out: Array, first: int, last: int) -> None:
    """Im (conj(l) s), state by state."""
    r, i, p, q, twisted = re[first:last], im[first:last], lre[first:last], lim[first:last], out[first:last]
    for b in range(r.shape[0]):  # from 0 on: nothing to wrap, so vectors
        twisted[b] = p[b] * i[b] - q[b] * r[b]


@_summed
def energy(re: Array, im: Array, observable: Array, first: int, last: int) -> float:
    """Sum of observable |amplitude|^2."""
    total = 0.0
    r, i, values = re[first:last], im[first:last], observable[first:last]
    for b in range(r.shape[0]):
        total += values[b] * (r[b] * r[b] + i[b] * i[b])
    return total


@_summed
def weigh(re: Array, im: Array, observable: Array, lre: Array, lim: Array, first: int, last: int) -> float:
    """Adjoint := observable times state; the energy."""
    total = 0.0
    r, i, p, q, values = re[first:last], im[first:last], lre[first:last], lim[first:last], observable[first:last]
    for b in range(r.shape[0]):
        p[b], q[b] = values[b] * r[b], values[b] * i[b]
        total += values[b] * (r[b] * r[b] + i[b] * i[b])
    return total
