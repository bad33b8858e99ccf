"""Any Pauli string on a split state: P|b> = i^y (-1)^|b & z| |b ^ x>, y = number of Y in P, one pass a string.

Masks are integers, bit i = qubit i; states are pairs of (2^n,) float64 arrays, index bit i = qubit i.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba import njit

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})(function)


@_compiled
def walsh(values: Array) -> None:
    """(2^n,) coefficients by Z mask to the diagonal they make, in place: d[b] = sum_m c[m] (-1)^|b & m|."""
    size = values.shape[0]
    tile = min(size, 4096)
    for start in range(0, size, tile):
        step = 1
        while step < tile:
            for block in range(start, start + tile, 2 * step):
                for j in range(block, block + step):
                    a, b = values[j], values[j + step]
                    values[j], values[j + step] = a + b, a - b
            step *= 2
    step = tile
    while step < size:
        for block in range(0, size, 2 * step):
            for j in range(block, block + step):
                a, b = values[j], values[j + step]
                values[j], values[j + step] = a + b, a - b
        step *= 2


@_compiled
def _sign(bits: int) -> float:
    """(-1)^popcount."""
    bits ^= bits >> 32
    bits ^= bits >> 16
    bits ^= bits >> 8
    bits ^= bits >> 4
    bits ^= bits >> 2
    bits ^= bits >> 1
    return 1.0 - 2.0 * (bits & 1)


@_compiled
def rotate(re: Array, im: Array, x: int, z: int, unit_re: float, unit_im: float, angle: float) -> None:
    """State := exp(-i angle P) state; unit = i^y."""
    c, s = math.cos(angle), math.sin(angle)
    if x == 0:
        for b in range(re.shape[0]):
            t = s * _sign(b & z)
            re[b], im[b] = c * re[b] + t * im[b], c * im[b] - t * re[b]
        return
    low = x & -x  # the lowest flipped qubit tells the two halves of a pair apart
    weight_re, weight_im = s * unit_im, -s * unit_re  # -i s i^y
    for block in range(0, re.shape[0], 2 * low):
        for a in range(block, block + low):
            b = a ^ x
            sa, sb = _sign(a & z), _sign(b & z)
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
        sign = _sign(a & z)
        real += sign * (lre[b] * re[a] + lim[b] * im[a])
        imag += sign * (lre[b] * im[a] - lim[b] * re[a])
    return unit_re * real - unit_im * imag, unit_re * imag + unit_im * real


@_compiled
def add_string(
    lre: Array, lim: Array, re: Array, im: Array, x: int, z: int, unit_re: float, unit_im: float, coefficient: float
) -> None:
    """State l += coefficient P s."""
    for b in range(re.shape[0]):
        a = b ^ x
        t = coefficient * _sign(a & z)
        lre[b] += t * (unit_re * re[a] - unit_im * im[a])
        lim[b] += t * (unit_re * im[a] + unit_im * re[a])


@_compiled
def spin(re: Array, im: Array, diagonal: Array, angle: float) -> None:
    """State := exp(-i angle D) state for a (2^n,) diagonal."""
    for b in range(re.shape[0]):
        c, s = math.cos(angle * diagonal[b]), math.sin(angle * diagonal[b])
        re[b], im[b] = c * re[b] + s * im[b], c * im[b] - s * re[b]
