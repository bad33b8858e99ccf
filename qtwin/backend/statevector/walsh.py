"""The Walsh-Hadamard transform in two trips to memory: inside rows that fit the cache, then across them, column by column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

Array = Any
ROW = 4096
"""Values in a row."""
_COLUMNS = 64


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})(function)


@_compiled
def rows(values: Array, first: int, last: int) -> None:
    """The transform over the lowest bits, in rows first .. last - 1 of `ROW` values (one shorter row for fewer values)."""
    row = min(values.shape[0], ROW)
    for start in range(first * row, last * row, row):
        step = 1
        if row >= 4:
            step = 4
            for a in range(start, start + row, 4):
                p, q, r, s = values[a], values[a + 1], values[a + 2], values[a + 3]
                values[a], values[a + 1], values[a + 2], values[a + 3] = (
                    p + q + r + s,
                    p - q + r - s,
                    p + q - r - s,
                    p - q - r + s,
                )
        while 4 * step <= row:
            for block in range(start, start + row, 4 * step):
                for a in range(block, block + step):
                    p, q, r, s = values[a], values[a + step], values[a + 2 * step], values[a + 3 * step]
                    values[a], values[a + step] = p + q + r + s, p - q + r - s
                    values[a + 2 * step], values[a + 3 * step] = p + q - r - s, p - q - r + s
            step *= 4
        while step < row:
            for block in range(start, start + row, 2 * step):
                for a in range(block, block + step):
                    p, q = values[a], values[a + step]
                    values[a], values[a + step] = p + q, p - q
            step *= 2


@_compiled
def columns(values: Array, first: int, last: int) -> None:
    """The transform over the bits above a row, for columns 64 first .. 64 last - 1 of every row."""
    for start in range(first * _COLUMNS, last * _COLUMNS, _COLUMNS):
        step = ROW
        while step < values.shape[0]:
            for block in range(start, values.shape[0], 2 * step):
                for row in range(block, block + step, ROW):
                    for a in range(row, row + _COLUMNS):
                        p, q = values[a], values[a + step]
                        values[a], values[a + step] = p + q, p - q
            step *= 2


def transform(values: Array, split: Callable[[Callable[[int, int], Any], int], Any]) -> None:
    """(2^n,) coefficients by Z mask to the diagonal they make, in place: d[b] = sum_m c[m] (-1)^|b & m|.

    `split(work, length)` runs work(first, last) over shares of `length` items.
    """
    split(lambda a, b: rows(values, a, b), max(1, len(values) // ROW))
    if len(values) > ROW:
        split(lambda a, b: columns(values, a, b), ROW // _COLUMNS)
