"""The minimum of a polynomial of any degree over all 2^n assignments, compiled.

The high bits are walked in Gray order. For each of their assignments the terms collapse to a polynomial of the low bits, whose
coefficients follow one flip at a time, and whose 2^12 values come from the subset-sum (zeta) transform: six additions and one
comparison an assignment, in cache. Energies are whole numbers, 2^-59 of all coefficients together.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.chunks import NOTHING, lowest, whole_scale
from qtwin.solver.quadratic_minimum import Minimum

_LOW, _MIDDLE = 12, 9


@numba.njit(nogil=True, cache=True)
def _switch(flip, others, starts, lows, highs, coefficients, table, sign):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Add to the table, or take away, the terms of high bit `flip` whose other high bits are all in `others`."""
    for t in range(starts[flip], starts[flip + 1]):
        if highs[t] & ~others == 0:
            table[lows[t]] += sign * coefficients[t]


@numba.njit(nogil=True, cache=True)
def _chunk(table, starts, lows, highs, coefficients, middle, high, flag):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lowest energy, its index, assignments looked at) among those whose highest bits are `high`.

    (2^12,) int64 `table` holds the terms of low bits alone, by their set; the others stand once under each of their high bits.
    """
    own, values = table.copy(), np.empty_like(table)
    size = np.int64(table.size)
    taken = np.int64(0)
    for i in range(middle, starts.size - 1):
        if (high >> (i - middle)) & 1:
            _switch(i, taken, starts, lows, highs, coefficients, own, 1)
            taken |= np.int64(1) << i
    best, where = np.int64(NOTHING), np.int64(0)
    for step in range(np.int64(1) << middle):
        if step:
            if flag[0]:
                return best, where, step * size
            flip = 0
            while not (step >> flip) & 1:
                flip += 1
            bit = np.int64(1) << flip
            _switch(flip, taken & ~bit, starts, lows, highs, coefficients, own, -1 if taken & bit else 1)
            taken ^= bit
        for a in range(0, size, 8):  # bits 0 to 2 in registers
            v0, v1, v2, v3 = own[a], own[a + 1], own[a + 2], own[a + 3]
            v4, v5, v6, v7 = own[a + 4], own[a + 5], own[a + 6], own[a + 7]
            v1 += v0
            v3 += v2
            v5 += v4
            v7 += v6
            v2, v3, v6, v7 = v2 + v0, v3 + v1, v6 + v4, v7 + v5
            values[a], values[a + 1], values[a + 2], values[a + 3] = v0, v1, v2, v3
            values[a + 4], values[a + 5], values[a + 6], values[a + 7] = v4 + v0, v5 + v1, v6 + v2, v7 + v3
        width = np.int64(8)
        while width < size:
            for a in range(0, size, 2 * width):
                lower, upper = values[a : a + width], values[a + width : a + 2 * width]
                for m in range(width):
                    upper[m] += lower[m]
            width *= 2
        least = np.int64(NOTHING)
        for m in range(size):
            least = min(least, values[m])
        if least < best:
            best = least
            m = 0
            while values[m] != least:
                m += 1
            where = np.int64(m) | (taken << _LOW)
    return best, where, (np.int64(1) << middle) * size


def minimise(polynomial: BinaryPolynomial, *, time_limit_s: float | None = None) -> Minimum:
    """Minimise a polynomial over all assignments; the first 2^12 are looked at in any case."""
    n = polynomial.n_variables
    wide = max(n, _LOW)
    terms = {t: c for t, c in polynomial.terms.items() if t}
    scale = whole_scale(math.fsum(abs(c) for c in terms.values()), 59)
    table = np.zeros(1 << _LOW, np.int64)
    by_bit: list[list[tuple[int, int, int]]] = [[] for _ in range(wide - _LOW)]
    for term, c in terms.items():
        low = sum(1 << i for i in term if i < _LOW)
        above = [i - _LOW for i in term if i >= _LOW]
        if not above:
            table[low] = round(c * scale)
        for i in above:
            by_bit[i].append((low, sum(1 << j for j in above if j != i), round(c * scale)))
    starts = np.cumsum([0, *map(len, by_bit)], dtype=np.int64)
    flat = np.array([row for rows in by_bit for row in rows], dtype=np.int64).reshape(-1, 3)
    lows, highs, coefficients = (np.ascontiguousarray(flat[:, k]) for k in range(3))
    middle = min(_MIDDLE, wide - _LOW)

    def work(high: int, flag: NDArray[np.uint8]) -> tuple[int, int, int]:
        energy, index, looked = _chunk(table, starts, lows, highs, coefficients, middle, high, flag)
        return int(energy), int(index), int(looked)

    found = lowest(work, 1 << (wide - _LOW - middle), time_limit_s=time_limit_s)
    return Minimum(
        bits=np.array([found.where >> i & 1 for i in range(n)], dtype=np.uint8),
        evaluations=found.looked >> (wide - n),
        complete=found.complete,
        interrupted=found.interrupted,
        improvements=tuple((s, looked >> (wide - n), energy / scale) for s, looked, energy in found.improvements),
    )
