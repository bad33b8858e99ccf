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
    s, r, i = start[first:last], re[first:last], im[first:last]
    for k in range(s.shape[0]):  # from 0 on: nothing to wrap, so vectors
        real += s[k] * r[k]
        imag += s[k] * i[k]
    return real, imag


@_compiled
def add(start: Array, re: Array, im: Array, by_re: float, by_im: float, first: int, last: int) -> None:
    """State += (by_re + i by_im) start."""
    s, r, i = start[first:last], re[first:last], im[first:last]
    for k in range(s.shape[0]):
        r[k] += by_re * s[k]
        i[k] += by_im * s[k]
