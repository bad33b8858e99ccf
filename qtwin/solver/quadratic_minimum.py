"""The minimum of a quadratic over all 2^n assignments, compiled: one addition and one comparison an assignment.

An assignment is low bits (a block of 2^12 whose own couplings are tabulated once, in cache), middle bits walked in Gray order,
and high bits that split the work into chunks. Split the low bits into rows b and columns a; with what the bits outside put on
them,

    energy(a, b) = base + T(a, b) + row(b) + column(a),    min = base + min_a (column(a) + min_b (T(a, b) + row(b))),

so that inside a block only T + row is formed, for all columns at once. Energies are whole numbers, 2^-59 of all coefficients
together, which is finer than doubles: sums are exact, and the compiler takes their minimum in vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.solver.chunks import NOTHING, lowest, whole_scale

Array = NDArray[np.float64]
_COLUMNS, _ROWS, _MIDDLE = 7, 5, 12
_LOW = _COLUMNS + _ROWS
_WIDTH = 1 << _COLUMNS


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """The best assignment seen.

    Attributes:
        bits: (n,) of it.
        evaluations: How many were looked at.
        complete: Whether that was all of them.
        interrupted: Whether Ctrl-C ended the walk.
        improvements: (seconds, looked at, energy without the constant) on the way.
    """

    bits: NDArray[np.uint8]
    evaluations: int
    complete: bool
    interrupted: bool = False
    improvements: tuple[tuple[float, int, float], ...] = ()


@numba.njit(nogil=True, cache=True)
def _sums(field, first, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Fill (2^k,) `out` with the sums of field[first], field[first + 1], ... over the bits of the index."""
    out[0] = 0
    width = 1
    while width < out.size:
        for m in range(width):
            out[width + m] = out[m] + field[first]
        width *= 2
        first += 1


@numba.njit(nogil=True, cache=True)
def _chunk(linear, pairs, table, middle, high, flag):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(lowest energy, its index, assignments looked at) among those whose high bits are `high`; int64 (n,), (n, n), (2^12,)."""
    n = linear.size
    field = linear.copy()
    row, column, low = np.empty(1 << _ROWS, np.int64), np.empty(_WIDTH, np.int64), np.empty(_WIDTH, np.int64)
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
            base += sign * field[i]  # the bit's own coupling is zero, so this holds before and after the flip
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


def minimise(linear: Array, pairs: Array, *, time_limit_s: float | None = None) -> Minimum:
    """Minimise linear.x + x.pairs.x over x in {0, 1}^n.

    Args:
        linear: (n,) coefficients.
        pairs: (n, n) strictly upper triangular couplings.
        time_limit_s: Stop after this long; the first 2^16 assignments are looked at in any case.

    Returns:
        The minimum; of assignments that are equal to 2^-59 of all coefficients together, the same one in every run.
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
        energy, index, looked = _chunk(whole, couplings, table, middle, high, flag)
        return int(energy), int(index), int(looked)

    found = lowest(work, 1 << (wide - _LOW - middle), time_limit_s=time_limit_s)
    return Minimum(
        bits=np.array([found.where >> i & 1 for i in range(n)], dtype=np.uint8),
        evaluations=found.looked >> (wide - n),
        complete=found.complete,
        interrupted=found.interrupted,
        improvements=tuple((s, looked >> (wide - n), energy / scale) for s, looked, energy in found.improvements),
    )
