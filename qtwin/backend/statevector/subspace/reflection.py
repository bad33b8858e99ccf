"""The Grover mixer's two sums on split states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

Array = Any


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})(function)


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
