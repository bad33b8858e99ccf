"""The cost phase and the Grover mixer on split states, forward and undone; sums for values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba import njit

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})(function)


@_compiled
def turn(re: Array, im: Array, cost: Array, angle: float, first: int, last: int) -> None:
    """State := exp(-i angle cost) state."""
    for k in range(first, last):
        c, n = math.cos(angle * cost[k]), math.sin(angle * cost[k])
        r, i = re[k], im[k]
        re[k], im[k] = c * r + n * i, c * i - n * r


@_compiled
def unturn(re: Array, im: Array, lre: Array, lim: Array, cost: Array, angle: float, first: int, last: int) -> float:
    """Undo `turn` on state and adjoint; Im <l|cost|s>."""
    total = 0.0
    for k in range(first, last):
        c, n = math.cos(angle * cost[k]), -math.sin(angle * cost[k])
        r, i, p, q = re[k], im[k], lre[k], lim[k]
        total += cost[k] * (p * i - q * r)
        re[k], im[k] = c * r + n * i, c * i - n * r
        lre[k], lim[k] = c * p + n * q, c * q - n * p
    return total


@_compiled
def overlap(start: Array, re: Array, im: Array, first: int, last: int) -> tuple[float, float]:
    """<start|s> for a real start."""
    real, imag = 0.0, 0.0
    for k in range(first, last):
        real += start[k] * re[k]
        imag += start[k] * im[k]
    return real, imag


@_compiled
def add(start: Array, re: Array, im: Array, by_re: float, by_im: float, first: int, last: int) -> None:
    """State += (by_re + i by_im) start."""
    for k in range(first, last):
        re[k] += by_re * start[k]
        im[k] += by_im * start[k]


@_compiled
def energy(re: Array, im: Array, observable: Array, first: int, last: int) -> float:
    """Sum of observable |amplitude|^2."""
    total = 0.0
    for k in range(first, last):
        total += observable[k] * (re[k] * re[k] + im[k] * im[k])
    return total
