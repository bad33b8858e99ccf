"""The minimum of a quadratic over all 2^n assignments, compiled.

An assignment is low bits (a block of 2^10 energies in cache), middle bits walked in Gray order, and high bits that split the work
into independent chunks. Inside a block the energies follow by doubling, v[2^j + m] = v[m] + g_j + D[2^j + m], where g_j is the
field that the bits outside the block put on bit j and D holds the couplings inside: two additions an assignment.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LOW, _MIDDLE = 10, 10


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """The best assignment seen: its (n,) bits, how many were looked at, and whether that was all of them."""

    bits: NDArray[np.uint8]
    evaluations: int
    complete: bool


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz"})
def _chunk(linear, pairs, inner, n, low, middle, high):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lowest energy, its index) among the assignments whose high bits are `high`; float64 (n,), symmetric (n, n), (2^low,)."""
    size = 1 << low
    block = np.empty(size)
    field = linear.copy()
    base = 0.0
    for i in range(low + middle, n):
        if (high >> (i - low - middle)) & 1:
            base += field[i]
            for j in range(n):
                field[j] += pairs[i, j]
    taken = np.int64(0)
    best, where = np.inf, np.int64(0)
    for step in range(1 << middle):
        if step:
            flip = 0
            while not (step >> flip) & 1:
                flip += 1
            i = low + flip
            sign = -1.0 if (taken >> flip) & 1 else 1.0
            base += sign * field[i]  # the bit's own coupling is zero, so this holds before and after the flip
            for j in range(n):
                field[j] += sign * pairs[i, j]
            taken ^= np.int64(1) << flip
        block[0] = base
        width = 1
        for j in range(low):
            g = field[j]
            for m in range(width):
                block[width + m] = block[m] + (g + inner[width + m])
            width *= 2
        lowest = np.inf
        for m in range(size):
            lowest = min(lowest, block[m])
        if lowest < best:
            m = 0
            while block[m] != lowest:
                m += 1
            best = lowest
            where = np.int64(m) | (taken << low) | (np.int64(high) << (low + middle))
    return best, where


def minimise(linear: Array, pairs: Array, *, time_limit_s: float | None = None) -> Minimum:
    """Minimise linear.x + x.pairs.x over x in {0, 1}^n.

    Args:
        linear: (n,) coefficients.
        pairs: (n, n) strictly upper triangular couplings.
        time_limit_s: Stop after this long, between chunks of 2^20 assignments.

    Returns:
        The minimum; of assignments that are equal to rounding, the same one in every run.
    """
    deadline = None if time_limit_s is None else time.perf_counter() + time_limit_s
    n = len(linear)
    low = min(_LOW, n)
    middle = min(_MIDDLE, n - low)
    symmetric = np.ascontiguousarray(pairs + pairs.T)
    inner = np.zeros(1 << low)
    for j in range(low):
        width = 1 << j
        fields = np.zeros(width)
        for i in range(j):
            fields[1 << i : 2 << i] = fields[: 1 << i] + symmetric[i, j]
        inner[width : 2 * width] = fields
    chunks = 1 << (n - low - middle)
    start = np.ascontiguousarray(linear, dtype=np.float64)

    def run(high: int) -> tuple[float, int] | None:
        if high and deadline is not None and time.perf_counter() > deadline:
            return None
        energy, index = _chunk(start, symmetric, inner, n, low, middle, high)
        return float(energy), int(index)

    best, done = (float("inf"), 0), 0
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for first in range(0, chunks, 4096):  # so that pending work stays small
            found = [r for r in pool.map(run, range(first, min(first + 4096, chunks))) if r is not None]
            best = min([best, *found])
            done += len(found)
            if deadline is not None and time.perf_counter() > deadline:
                break
    bits = np.array([best[1] >> i & 1 for i in range(n)], dtype=np.uint8)
    return Minimum(bits=bits, evaluations=done << (low + middle), complete=done == chunks)
