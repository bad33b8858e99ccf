"""Tabu search over the sets of exactly k, kept native: a move takes one member out and one other in.

Fields, whole numbers and packed places as in `qtwin.solver.neighbourhood.flips`. The best member leaves and then the best other
enters, or the other way round, by a coin: two passes over n numbers instead of the k (n - k) exchanges, and the set never has
another size when it is looked at.
"""

from __future__ import annotations

import numba
import numpy as np

from qtwin.solver.neighbourhood.chance import JIT, advance, below
from qtwin.solver.neighbourhood.start import HUGE


@numba.njit(**JIT)
def search(linear, pairs, bits, size, start, given, moves, tenure, spread, target, state, stop, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Independent reads over sets of `size`; other arguments and result as in `qtwin.solver.neighbourhood.flips.search`.

    Who left is tabu for `tenure` + U{0..spread - 1} moves, who came for as many of them as the members are among all, at least
    one. With `size` 0 or n there is one set.
    """
    reads, n = out.shape
    field, sign, until = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    place, order = np.arange(n, dtype=np.int64), np.arange(n, dtype=np.int64)
    inside = (np.int64(1) << bits) - 1
    made = np.int64(0)
    for r in range(reads):
        field[:] = linear
        until[:] = 0
        sign[:] = 0
        if r < given:
            for i in range(n):
                sign[i] = -1 if start[r, i] else 0
        else:
            for i in range(size):  # the first places of a random order
                j = i + below(state, n - i)
                order[i], order[j] = order[j], order[i]
                sign[order[i]] = -1
        energy = np.int64(0)
        for i in range(n):
            if sign[i]:
                energy += field[i]
                field += pairs[i]
        best, last, move = energy, np.int64(0), np.int64(0)
        fresh = True
        turn = np.int64(0)
        row = np.zeros_like(linear)
        while move - last < moves and best > target and 0 < size < n:
            if move & 127 == 127 and stop[0]:
                break
            move += 1
            before = energy
            first = second = np.int64(0)
            leaving = -np.int64(advance(state) & np.uint64(1))  # -1: a member leaves first; 0: another enters first
            for half in range(2):
                wanted = leaving if half == 0 else -1 - leaving
                mask = np.int64(advance(state) & np.uint64(inside))
                low = lowest = HUGE
                for j in range(n):
                    f = field[j] + ((row[j] ^ turn) - turn)
                    field[j] = f
                    key = (((f ^ sign[j]) - sign[j]) << bits) | (place[j] ^ mask)
                    key = key if sign[j] == wanted else HUGE
                    free = key if until[j] < move else HUGE
                    low = min(low, free)
                    lowest = min(lowest, key)
                if low == HUGE or (half == 1 and lowest < low and energy + (lowest >> bits) < best):
                    low = lowest
                change, i = low >> bits, (low & inside) ^ mask
                energy += change
                if half == 0:
                    first = i
                else:
                    second = i
                turn = sign[i]
                row = pairs[i]
                sign[i] = -1 - turn
                stay = tenure + below(state, spread)
                until[i] = move + (stay if wanted else min(stay, max(1, stay * size // (n - size))))
            if fresh and energy >= before:
                fresh = False
                for j in range(n):
                    out[r, j] = sign[j] != 0
                out[r, first] ^= 1
                out[r, second] ^= 1
            if energy < best:
                best, last, fresh = energy, move, True
        if fresh:
            for j in range(n):
                out[r, j] = sign[j] != 0
        made += move
        if best <= target or stop[0]:
            return r + 1, made
    return reads, made
