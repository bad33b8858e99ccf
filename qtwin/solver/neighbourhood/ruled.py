"""Searches by single flips on a polynomial of any degree under linear rows: tabu search, descent, greedy.

What a row is broken by is paid for, so a search may pass through choices that are not allowed; the best allowed one is kept.
"""

from __future__ import annotations

import numba
import numpy as np

from qtwin.solver.neighbourhood.chance import JIT, advance, below
from qtwin.solver.neighbourhood.rows import flip, stand
from qtwin.solver.neighbourhood.start import HUGE

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
    """Tabu search; arguments and result as in `qtwin.solver.neighbourhood.flips.search`.

    A read's row of `out` is its best allowed bits, or where it began if it met none.
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
    """Best single flips until none helps, then any pair of flips that does, and so on: (reads, changes looked at)."""
    reads, n = out.shape
    looked = np.int64(0)
    for r in range(reads):
        at, _, _ = stand(g, _begin(g, start, given, r, state))
        while True:
            if stop[0]:
                out[r] = at.x
                return r + 1, looked
            low, i = _lowest(g, at, -1)
            looked += n
            if low < 0:
                flip(g, at, i)
                continue
            first, helped = below(state, n), False
            for k in range(n):
                i = (first + k) % n
                here = at.gain[i] + at.fine[i]
                flip(g, at, i)
                low, j = _lowest(g, at, i)
                looked += n
                helped = here + low < 0
                if helped:
                    flip(g, at, j)
                    break
                flip(g, at, i)
            if not helped:
                break
        out[r] = at.x
    return reads, looked


@numba.njit(**JIT)
def greedy(g):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(n,) bits: from nothing, add the best option until none helps, broken rows counted; and the changes looked at."""
    at, _, _ = stand(g, np.zeros(g.n, np.uint8))
    looked = np.int64(0)
    while True:
        low, i = HUGE, 0
        for j in range(g.n):
            if at.x[j] == 0:
                looked += 1
                if at.gain[j] + at.fine[j] < low:
                    low, i = at.gain[j] + at.fine[j], j
        if not low < 0:
            return at.x, looked
        flip(g, at, i)
