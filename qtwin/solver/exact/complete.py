"""Minima over all 2^n assignments, compiled: of quadratics and of polynomials of any degree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.interruptible import NOTHING, lowest, whole_scale

Array = NDArray[np.float64]
_COLUMNS, _ROWS, _MIDDLE = 7, 5, 12
_LOW = _COLUMNS + _ROWS
_WIDTH = 1 << _COLUMNS


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """The best assignment seen.

    Attributes:
        bits: (n,) of it.
        evaluations: How many were evaluated.
        complete: Whether that was all of them.
        interrupted: Whether Ctrl-C ended the walk.
        improvements: (seconds, evaluated, energy without the constant) on the way.
    """

    bits: NDArray[np.uint8]
    evaluations: int
    complete: bool
    interrupted: bool = False
    improvements: tuple[tuple[float, int, float], ...] = ()


@numba.njit(nogil=True, cache=True)
def _sums(field, first, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Fill (2^k,) `out` with the sums of field[first], field[first + 1], ... over the bits of the
    index.
    """
    out[0] = 0
    width = 1
    while width < out.size:
        for m in range(width):
            out[width + m] = out[m] + field[first]
        width *= 2
        first += 1


@numba.njit(nogil=True, cache=True)
def _chunk(linear, pairs, table, middle, high, flag):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lowest energy, its index, assignments evaluated) among those whose high bits are `high`;
    int64 (n,), (n, n), (2^12,).
    """
    n = linear.size
    field = linear.copy()
    row, column, low = (
        np.empty(1 << _ROWS, np.int64),
        np.empty(_WIDTH, np.int64),
        np.empty(_WIDTH, np.int64),
    )
    base = np.int64(0)
    for i in range(_LOW + middle, n):
        if (high >> (i - _LOW - middle)) & 1:
            base += field[i]
            field += pairs[i]
    taken = np.int64(0)
    best, where = np.int64(NOTHING), np.int64(0)
    for step in range(np.int64(1) << middle):
        if step:
            if step & 15 == 0 and flag[0]:
                return best, where, np.int64(step) << _LOW
            flip = 0
            while not (step >> flip) & 1:
                flip += 1
            i = _LOW + flip
            sign = -1 if (taken >> flip) & 1 else 1
            # the bit's own coupling is zero, so this holds before and after the flip
            base += sign * field[i]
            for j in range(n):
                field[j] += sign * pairs[i, j]
            taken ^= np.int64(1) << flip
        _sums(field, 0, column)
        _sums(field, _COLUMNS, row)
        for a in range(_WIDTH):
            low[a] = table[a]
        for b in range(1, 1 << _ROWS):
            part, more = table[b * _WIDTH : (b + 1) * _WIDTH], row[b]
            for a in range(_WIDTH):
                low[a] = min(low[a], part[a] + more)
        least = np.int64(NOTHING)
        for a in range(_WIDTH):
            least = min(least, low[a] + column[a])
        if least + base < best:
            best = least + base
            m = 0
            while table[m] + row[m >> _COLUMNS] + column[m & (_WIDTH - 1)] != least:
                m += 1
            where = np.int64(m) | (taken << _LOW) | (np.int64(high) << (_LOW + middle))
    return best, where, np.int64(1) << (_LOW + middle)


def minimise_quadratic(
    linear: Array, pairs: Array, *, time_limit_s: float | None = None
) -> Minimum:
    """Minimise linear.x + x.pairs.x over x in {0, 1}^n.

    Args:
        linear: (n,) coefficients.
        pairs: (n, n) strictly upper triangular couplings.
        time_limit_s: Stop after this long; the first 2^16 assignments are evaluated in any case.

    Returns:
        The minimum; of assignments that are equal to 2^-59 of all coefficients together, the same
        one in every run.
    """
    n = len(linear)
    wide = max(n, _LOW)  # fewer variables are filled up with such that change nothing
    scale = whole_scale(float(np.abs(linear).sum() + np.abs(pairs).sum()), 59)
    whole, couplings = np.zeros(wide, np.int64), np.zeros((wide, wide), np.int64)
    whole[:n], couplings[:n, :n] = np.rint(linear * scale), np.rint((pairs + pairs.T) * scale)
    table = np.zeros(1 << _LOW, np.int64)
    for j in range(_LOW):
        width = 1 << j
        fields = np.zeros(width, np.int64)
        _sums(couplings[j], 0, fields)
        table[width : 2 * width] = table[:width] + fields
    middle = min(_MIDDLE, wide - _LOW)

    def work(high: int, flag: NDArray[np.uint8]) -> tuple[int, int, int]:
        energy, index, evaluated = _chunk(whole, couplings, table, middle, high, flag)
        return int(energy), int(index), int(evaluated)

    found = lowest(work, 1 << (wide - _LOW - middle), time_limit_s=time_limit_s)
    return Minimum(
        bits=np.array([found.where >> i & 1 for i in range(n)], dtype=np.uint8),
        evaluations=found.evaluated >> (wide - n),
        complete=found.complete,
        interrupted=found.interrupted,
        improvements=tuple(
            (s, evaluated >> (wide - n), energy / scale)
            for s, evaluated, energy in found.improvements
        ),
    )


# The minimum of a polynomial of any degree over all 2^n assignments, compiled.
#
# The high bits are walked in Gray order. For each of their assignments the terms collapse to a
# polynomial of the low bits, whose coefficients follow one flip at a time, and whose 2^12 values
# come from the subset-sum (zeta) transform: six additions and one comparison an assignment, in
# cache. Energies are whole numbers, 2^-59 of all coefficients together.

_LOW, _MIDDLE = 12, 9


@numba.njit(nogil=True, cache=True)
def _switch(flip, others, starts, lows, highs, coefficients, table, sign):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Add to the table, or take away, the terms of high bit `flip` whose other high bits are all in
    `others`.
    """
    for t in range(starts[flip], starts[flip + 1]):
        if highs[t] & ~others == 0:
            table[lows[t]] += sign * coefficients[t]


@numba.njit(nogil=True, cache=True)
def _chunk_polynomial(table, starts, lows, highs, coefficients, middle, high, flag):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lowest energy, its index, assignments evaluated) among those whose highest bits are `high`.

    (2^12,) int64 `table` holds the terms of low bits alone, by their set; the others stand once
    under each of their high bits.
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
            _switch(
                flip, taken & ~bit, starts, lows, highs, coefficients, own, -1 if taken & bit else 1
            )
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
            values[a + 4], values[a + 5], values[a + 6], values[a + 7] = (
                v4 + v0,
                v5 + v1,
                v6 + v2,
                v7 + v3,
            )
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


def minimise_polynomial(
    polynomial: BinaryPolynomial, *, time_limit_s: float | None = None
) -> Minimum:
    """Minimise a polynomial over all assignments; the first 2^12 are evaluated in any case."""
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
        energy, index, evaluated = _chunk_polynomial(
            table, starts, lows, highs, coefficients, middle, high, flag
        )
        return int(energy), int(index), int(evaluated)

    found = lowest(work, 1 << (wide - _LOW - middle), time_limit_s=time_limit_s)
    return Minimum(
        bits=np.array([found.where >> i & 1 for i in range(n)], dtype=np.uint8),
        evaluations=found.evaluated >> (wide - n),
        complete=found.complete,
        interrupted=found.interrupted,
        improvements=tuple(
            (s, evaluated >> (wide - n), energy / scale)
            for s, evaluated, energy in found.improvements
        ),
    )
