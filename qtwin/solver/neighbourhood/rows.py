"""A polynomial of any degree under linear rows, as arrays that follow single flips.

Of every term the number of its variables that are 0 is kept: with none, each member would take the coefficient away; with one,
that member would bring it. A row costs its weight times the amount by which it is broken, so that no slack bit is needed. A flip
touches only terms and rows that it is in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import Term
from qtwin.problem.constraint import Constraint, row_of
from qtwin.solver.chunks import whole_scale
from qtwin.solver.neighbourhood.chance import JIT
from qtwin.solver.neighbourhood.start import places

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


class Ground(NamedTuple):
    """What does not change while one searches (a named tuple, because the compiler reads those).

    Energies are whole numbers of one unit, so that they add up exactly.

    Attributes:
        n: Number of variables.
        bits: n is at most 2^bits.
        term_starts, term_members: Members of term t are term_members[term_starts[t]:term_starts[t + 1]].
        coefficients: Of the terms.
        in_starts, in_terms: Terms of a variable, likewise.
        row_starts, row_members, row_weights: Members of a row and their weights.
        of_starts, of_rows, of_weights: Rows of a variable and its weight in them.
        low, high: Range that a row's sum must be in.
        price: Of leaving it, for each unit of the sum.
    """

    n: int
    bits: int
    term_starts: Whole
    term_members: Whole
    coefficients: Whole
    in_starts: Whole
    in_terms: Whole
    row_starts: Whole
    row_members: Whole
    row_weights: Real
    of_starts: Whole
    of_rows: Whole
    of_weights: Real
    low: Real
    high: Real
    price: Real


class Standing(NamedTuple):
    """Where a search stands: bits, zeros in a term, sums of rows; what flipping each bit would change in objective and fines."""

    x: NDArray[np.uint8]
    zeros: Whole
    sums: Real
    gain: Whole
    fine: Whole


def _lists(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts = np.cumsum([0, *(len(part) for part in lists)], dtype=np.int64)
    return starts, np.array([i for part in lists for i in part], dtype=np.int64)


def ground(n: int, terms: Mapping[Term, float], constraints: Sequence[Constraint]) -> tuple[Ground, float]:
    """Arrays of the terms (the constant left out) and of the constraints as rows; and whole numbers in one unit of energy.

    The price of a row makes its smallest violation dearer than any one flip can gain.

    Raises:
        InputError: for a constraint that is no linear row.
    """
    kept = {t: c for t, c in terms.items() if t}
    of: list[list[int]] = [[] for _ in range(n)]
    reach = np.zeros(n)
    for k, (term, c) in enumerate(kept.items()):
        for i in term:
            of[i].append(k)
            reach[i] += abs(c)
    rows = [row_of(c) for c in constraints]
    members = [[(i, float(w)) for i, w in zip(r[0], r[1], strict=True) if w != 0.0] for r in rows]
    within: list[list[tuple[int, float]]] = [[] for _ in range(n)]
    for k, row in enumerate(members):
        for i, w in row:
            within[i].append((k, w))
    slack = [1e-9 * max(1.0, abs(r[3])) for r in rows]
    dearest = 1.1 * float(reach.max(initial=0.0)) or 1.0
    prices = [dearest / min((abs(w) for _, w in row), default=1.0) for row in members]
    most = sum(map(abs, kept.values())) + sum(
        p * (abs(r[3]) + sum(abs(w) for _, w in row)) for p, r, row in zip(prices, rows, members, strict=True)
    )
    scale = whole_scale(most, 59 - places(n))
    term_starts, term_members = _lists(list(kept))
    in_starts, in_terms = _lists(of)
    row_starts, row_members = _lists([[i for i, _ in row] for row in members])
    of_starts, of_rows = _lists([[k for k, _ in row] for row in within])
    arrays = Ground(
        n=n,
        bits=places(n),
        term_starts=term_starts,
        term_members=term_members,
        coefficients=np.array([round(c * scale) for c in kept.values()], dtype=np.int64),
        in_starts=in_starts,
        in_terms=in_terms,
        row_starts=row_starts,
        row_members=row_members,
        row_weights=np.array([w for row in members for _, w in row], dtype=np.float64),
        of_starts=of_starts,
        of_rows=of_rows,
        of_weights=np.array([w for row in within for _, w in row], dtype=np.float64),
        low=np.array([-np.inf if r[2] == "<=" else r[3] - s for r, s in zip(rows, slack, strict=True)], dtype=np.float64),
        high=np.array([np.inf if r[2] == ">=" else r[3] + s for r, s in zip(rows, slack, strict=True)], dtype=np.float64),
        price=np.array(prices, dtype=np.float64) * scale,
    )
    return arrays, scale


@numba.njit(**JIT)
def fine_of(price, low, high, total):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """What a row costs at this sum."""
    return np.int64(price * max(0.0, total - high, low - total))


@numba.njit(**JIT)
def stand(g, x):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(standing, energy without the constant, fine) at (n,) bits."""
    zeros = np.zeros(g.coefficients.size, np.int64)
    sums = np.zeros(g.price.size)
    gain, fine = np.zeros(g.n, np.int64), np.zeros(g.n, np.int64)
    energy = paid = np.int64(0)
    for t in range(zeros.size):
        c = g.coefficients[t]
        members = g.term_members[g.term_starts[t] : g.term_starts[t + 1]]
        for i in members:
            zeros[t] += x[i] == 0
        if zeros[t] == 0:
            energy += c
            for i in members:
                gain[i] -= c
        elif zeros[t] == 1:
            for i in members:
                if x[i] == 0:
                    gain[i] += c
    for r in range(sums.size):
        for k in range(g.row_starts[r], g.row_starts[r + 1]):
            sums[r] += g.row_weights[k] * x[g.row_members[k]]
        paid += fine_of(g.price[r], g.low[r], g.high[r], sums[r])
        fines_of_row(g, x, sums, fine, r, 1)
    return Standing(x, zeros, sums, gain, fine), energy, paid


@numba.njit(**JIT)
def fines_of_row(g, x, sums, fine, r, sign):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Add, or with `sign` -1 take away, what a row would cost more after each of its members' flips."""
    now = fine_of(g.price[r], g.low[r], g.high[r], sums[r])
    for k in range(g.row_starts[r], g.row_starts[r + 1]):
        i = g.row_members[k]
        w = -g.row_weights[k] if x[i] else g.row_weights[k]
        fine[i] += sign * (fine_of(g.price[r], g.low[r], g.high[r], sums[r] + w) - now)


@numba.njit(**JIT)
def flip(g, at, i):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Flip bit i; every number in the standing follows."""
    x, zeros, gain = at.x, at.zeros, at.gain
    rising = x[i] == 0
    for k in range(g.of_starts[i], g.of_starts[i + 1]):
        fines_of_row(g, x, at.sums, at.fine, g.of_rows[k], -1)
    for k in range(g.in_starts[i], g.in_starts[i + 1]):
        t = g.in_terms[k]
        c = g.coefficients[t]
        a, b = g.term_starts[t], g.term_starts[t + 1]
        whole = zeros[t] == (1 if rising else 0)  # the term is switched by this flip
        if whole:
            change = -c if rising else c
            for m in range(a, b):
                gain[g.term_members[m]] += change
            gain[i] += change
        elif zeros[t] == (2 if rising else 1):  # another member is left as the only 0, or no longer is
            for m in range(a, b):
                j = g.term_members[m]
                if j != i and x[j] == 0:
                    gain[j] += c if rising else -c
        zeros[t] += -1 if rising else 1
    x[i] = 1 if rising else 0
    for k in range(g.of_starts[i], g.of_starts[i + 1]):
        r = g.of_rows[k]
        at.sums[r] += g.of_weights[k] if rising else -g.of_weights[k]
        fines_of_row(g, x, at.sums, at.fine, r, 1)
