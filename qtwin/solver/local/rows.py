"""A polynomial of any degree under linear rows, as arrays that follow single flips.

Of every term the number of its variables that are 0 is kept: with none, each member would take the
coefficient away; with one, that member would bring it. A row costs its weight times the amount by
which it is broken, so that no slack bit is needed. A flip touches only terms and rows that it is
in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import Term
from qtwin.problem.constraint import Constraint, row_of
from qtwin.solver.interruptible import whole_scale
from qtwin.solver.local.moves import JIT, advance, below
from qtwin.solver.local.problem import HUGE, places

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


class Arrays(NamedTuple):
    """What does not change while one searches (a named tuple, because the compiler reads those).

    Energies are whole numbers of one unit, so that they add up exactly.

    Attributes:
        n: Number of variables.
        bits: n is at most 2^bits.
        term_starts, term_members: Members of term t are term_members[term_starts[t]:term_starts[t +
            1]].
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


class State(NamedTuple):
    """State of a search: bits, zeros in a term, sums of rows; what flipping each bit would change
    in objective and fines.
    """

    x: NDArray[np.uint8]
    zeros: Whole
    sums: Real
    gain: Whole
    fine: Whole


def _lists(lists: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts = np.cumsum([0, *(len(part) for part in lists)], dtype=np.int64)
    return starts, np.array([i for part in lists for i in part], dtype=np.int64)


def arrays_of(
    n: int, terms: Mapping[Term, float], constraints: Sequence[Constraint]
) -> tuple[Arrays, float]:
    """Arrays of the terms (the constant left out) and of the constraints as rows; and whole numbers
    in one unit of energy.

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
        p * (abs(r[3]) + sum(abs(w) for _, w in row))
        for p, r, row in zip(prices, rows, members, strict=True)
    )
    scale = whole_scale(most, 59 - places(n))
    term_starts, term_members = _lists(list(kept))
    in_starts, in_terms = _lists(of)
    row_starts, row_members = _lists([[i for i, _ in row] for row in members])
    of_starts, of_rows = _lists([[k for k, _ in row] for row in within])
    arrays = Arrays(
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
        low=np.array(
            [-np.inf if r[2] == "<=" else r[3] - s for r, s in zip(rows, slack, strict=True)],
            dtype=np.float64,
        ),
        high=np.array(
            [np.inf if r[2] == ">=" else r[3] + s for r, s in zip(rows, slack, strict=True)],
            dtype=np.float64,
        ),
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
    return State(x, zeros, sums, gain, fine), energy, paid


@numba.njit(**JIT)
def fines_of_row(g, x, sums, fine, r, sign):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Add, or with `sign` -1 take away, what a row would cost more after each of its members'
    flips.
    """
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
        # another member is left as the only 0, or no longer is
        elif zeros[t] == (2 if rising else 1):
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


# Searches by single flips on a polynomial of any degree under linear rows: tabu search, descent,
# greedy.
#
# What a row is broken by is paid for, so a search may pass through choices that are infeasible; the
# best feasible one is kept.

_NOTHING = 1e-9
"""Fines up to this share of the dearest row are rounding."""


@numba.njit(**JIT)
def _begin(g, start, given, r, state):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    x = np.zeros(g.n, np.uint8)
    for i in range(g.n):
        x[i] = start[r, i] if r < given else np.uint8(advance(state) >> np.uint64(63))
    return x


@numba.njit(**JIT)
def tabu(g, start, given, moves, tenure, spread, target, state, stop, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Tabu search; arguments and result as in `qtwin.solver.local.moves.search`.

    A read's row of `out` is its best feasible bits, or where it began if it met none.
    """
    reads, n = out.shape
    until = np.zeros(n, np.int64)
    place = np.arange(n, dtype=np.int64)
    inside = (np.int64(1) << g.bits) - 1
    free_of_fines = _NOTHING * (g.price.max() if g.price.size else 0.0)
    made = np.int64(0)
    for r in range(reads):
        at, energy, paid = stand(g, _begin(g, start, given, r, state))
        until[:] = 0
        out[r] = at.x
        best = energy if paid <= free_of_fines else HUGE
        last, move = np.int64(0), np.int64(0)
        fresh = False
        while move - last < moves and best > target:
            if move & 63 == 63 and stop[0]:
                break
            move += 1
            mask = np.int64(advance(state) & np.uint64(inside))
            low = lowest = HUGE
            for j in range(n):
                key = ((at.gain[j] + at.fine[j]) << g.bits) | (place[j] ^ mask)
                free = key if until[j] < move else HUGE
                low = min(low, free)
                lowest = min(lowest, key)
            if low == HUGE or (lowest < low and energy + paid + (lowest >> g.bits) < best):
                low = lowest
            i = (low & inside) ^ mask
            if fresh and (at.gain[i] >= 0 or at.fine[i] > free_of_fines):
                fresh = False
                out[r] = at.x
            energy += at.gain[i]
            paid += at.fine[i]
            flip(g, at, i)
            until[i] = move + tenure + below(state, spread)
            if paid <= free_of_fines and energy < best:
                best, last, fresh = energy, move, True
        if fresh:
            out[r] = at.x
        made += move
        if best <= target or stop[0]:
            return r + 1, made
    return reads, made


@numba.njit(**JIT)
def _lowest(g, at, other):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(change, place) of the best flip but `other`'s."""
    low, i = HUGE, 0
    for j in range(g.n):
        if j != other and at.gain[j] + at.fine[j] < low:
            low, i = at.gain[j] + at.fine[j], j
    return low, i


@numba.njit(**JIT)
def descent(g, start, given, state, stop, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Best single flips until none helps, then any pair of flips that does, and so on: (reads,
    changes evaluated).
    """
    reads, n = out.shape
    evaluated = np.int64(0)
    for r in range(reads):
        at, _, _ = stand(g, _begin(g, start, given, r, state))
        while True:
            if stop[0]:
                out[r] = at.x
                return r + 1, evaluated
            low, i = _lowest(g, at, -1)
            evaluated += n
            if low < 0:
                flip(g, at, i)
                continue
            first, helped = below(state, n), False
            for k in range(n):
                i = (first + k) % n
                here = at.gain[i] + at.fine[i]
                flip(g, at, i)
                low, j = _lowest(g, at, i)
                evaluated += n
                helped = here + low < 0
                if helped:
                    flip(g, at, j)
                    break
                flip(g, at, i)
            if not helped:
                break
        out[r] = at.x
    return reads, evaluated


@numba.njit(**JIT)
def greedy(g):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(n,) bits: from nothing, add the best option until none helps, broken rows counted; and the
    changes evaluated.
    """
    at, _, _ = stand(g, np.zeros(g.n, np.uint8))
    evaluated = np.int64(0)
    while True:
        low, i = HUGE, 0
        for j in range(g.n):
            if at.x[j] == 0:
                evaluated += 1
                if at.gain[j] + at.fine[j] < low:
                    low, i = at.gain[j] + at.fine[j], j
        if not low < 0:
            return at.x, evaluated
        flip(g, at, i)
