"""Any Pauli string on a whole split state: for observables, and for strings that flip more bits than a tile has.

P|b> = i^y (-1)^|b & z| |b ^ x>, y = number of Y in P. Masks are integers, bit i = qubit i; states are pairs of (2^n,) float64
arrays, index bit i = qubit i.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba import njit

from qtwin.backend.statevector.packed import sign

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})(function)


@_compiled
def rotate(re: Array, im: Array, x: int, z: int, unit_re: float, unit_im: float, angle: float) -> None:
    """State := exp(-i angle P) state for a string that flips something; unit = i^y."""
    c, s = math.cos(angle), math.sin(angle)
    low = x & -x  # the lowest flipped qubit tells the two halves of a pair apart
    weight_re, weight_im = s * unit_im, -s * unit_re  # -i s i^y
    for block in range(0, re.shape[0], 2 * low):
        for a in range(block, block + low):
            b = a ^ x
            sa, sb = sign(a & z), sign(b & z)
            ar, ai, br, bi = re[a], im[a], re[b], im[b]
            re[a] = c * ar + sb * (weight_re * br - weight_im * bi)
            im[a] = c * ai + sb * (weight_re * bi + weight_im * br)
            re[b] = c * br + sa * (weight_re * ar - weight_im * ai)
            im[b] = c * bi + sa * (weight_re * ai + weight_im * ar)


@_compiled
def inner(lre: Array, lim: Array, re: Array, im: Array, x: int, z: int, unit_re: float, unit_im: float) -> tuple[float, float]:
    """Real and imaginary part of <l|P|s>."""
    real, imag = 0.0, 0.0
    for b in range(re.shape[0]):
        a = b ^ x
        s = sign(a & z)
        real += s * (lre[b] * re[a] + lim[b] * im[a])
        imag += s * (lre[b] * im[a] - lim[b] * re[a])
    return unit_re * real - unit_im * imag, unit_re * imag + unit_im * real


@_compiled
def add_string(
    lre: Array, lim: Array, re: Array, im: Array, x: int, z: int, unit_re: float, unit_im: float, coefficient: float
) -> None:
    """State l += coefficient P s."""
    for b in range(re.shape[0]):
        a = b ^ x
        t = coefficient * sign(a & z)
        lre[b] += t * (unit_re * re[a] - unit_im * im[a])
        lim[b] += t * (unit_re * im[a] + unit_im * re[a])
