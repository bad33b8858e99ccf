"""Compiled tabu searches: single flips on a dense quadratic, exchanges in sets of a fixed size, and
their random numbers.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from qtwin.solver.local.problem import HUGE

# Random numbers inside compiled searches: xorshift64 (Marsaglia 2003, Journal of Statistical
# Software 8(14)).

JIT: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
"""Compiler options of the searches."""


@numba.njit(**JIT)
def advance(state):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """The next 64 random bits."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@numba.njit(**JIT)
def below(state, k):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """A whole number from 0 to k - 1."""
    return np.int64(((advance(state) >> np.uint64(32)) * np.uint64(k)) >> np.uint64(32))


# One-flip tabu search_flips on a dense quadratic (Glover 1989, ORSA Journal on Computing 1:190; for
# QUBO: Palubeckis 2004).
#
# With the field f_i = linear_i + sum_j pairs_ij x_j, flipping bit i changes the energy by f_i if
# x_i = 0 and by -f_i if it is 1, and every field by one row of the couplings. Energies are whole
# numbers: sums are then exact, and the compiler finds the lowest change in vectors. The place of a
# move is packed below its change, in `bits` bits under a random mask, so that one minimum gives
# both and of equal moves any one is taken.


@numba.njit(**JIT)
def search_flips(  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    linear, pairs, bits, start, given, moves, tenure, spread, target, state, stop, out
):
    """Independent reads, each from its own start.

    A flipped bit stays for `tenure` + U{0..spread - 1} moves, unless flipping it gives a new best
    (aspiration). A read ends after `moves` moves in a row without a new best.

    Args:
        linear: (n,) int64.
        pairs: (n, n) int64, symmetric with a zero diagonal.
        bits: n is at most 2^bits, and no energy above 2^(61 - bits).
        start: (r, n) uint8; the first `given` rows are where reads begin, the others begin at
            random.
        given: See above.
        moves: See above.
        tenure: See above.
        spread: See above.
        target: Stop at an energy at or below it.
        state: (1,) uint64 of the random numbers, changed.
        stop: (1,) uint8; a search_flips that sees it set ends.
        out: (r, n) uint8, filled with the best of each read.

    Returns:
        (reads that ended or were cut short, moves made).
    """
    reads, n = out.shape
    # sign: 0 for x = 0, -1 for x = 1
    field, sign, until = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    place = np.arange(n, dtype=np.int64)
    inside = (np.int64(1) << bits) - np.int64(1)
    made = np.int64(0)
    for r in range(reads):
        field[:] = linear
        until[:] = 0
        energy = np.int64(0)
        for i in range(n):
            taken = start[r, i] != 0 if r < given else advance(state) >> np.uint64(63) != 0
            sign[i] = 0
            if taken:
                energy += field[i]
                sign[i] = -1
                field += pairs[i]
        best, last, move = energy, np.int64(0), np.int64(0)
        fresh = True  # the standing is the best, and not yet written down
        turn = np.int64(0)
        row = np.zeros_like(linear)
        while move - last < moves and best > target:
            if move & 255 == 255 and stop[0]:
                break
            move += 1
            mask = np.int64(advance(state) & np.uint64(inside))
            low = lowest = HUGE
            for j in range(n):
                f = field[j] + ((row[j] ^ turn) - turn)
                field[j] = f
                key = (((f ^ sign[j]) - sign[j]) << bits) | (place[j] ^ mask)
                free = key if until[j] < move else HUGE
                low = min(low, free)
                lowest = min(lowest, key)
            if low == HUGE or (lowest < low and energy + (lowest >> bits) < best):
                low = lowest
            change, i = low >> bits, (low & inside) ^ mask
            if fresh and change >= 0:
                fresh = False
                for j in range(n):
                    out[r, j] = sign[j] != 0
            energy += change
            turn = sign[i]
            sign[i] = -1 - turn
            row = pairs[i]
            until[i] = move + tenure + below(state, spread)
            if energy < best:
                best, last, fresh = energy, move, True
        if fresh:
            for j in range(n):
                out[r, j] = sign[j] != 0
        made += move
        if best <= target or stop[0]:
            return r + 1, made
    return reads, made


# Tabu search over the sets of exactly k, kept native: a move takes one member out and one other in.
#
# Fields, whole numbers and packed places as in `qtwin.solver.local.moves`. The best member leaves
# and then the best other enters, or the other way round, by a coin: two passes over n numbers
# instead of the k (n - k) exchanges, and the set never has another size when it is evaluated.


@numba.njit(**JIT)
def search_exchanges(  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    linear, pairs, bits, size, start, given, moves, tenure, spread, target, state, stop, out
):
    """Independent reads over sets of `size`; other arguments and result as in
    `qtwin.solver.local.moves.search`.

    A member that leaves is tabu for `tenure` + U{0..spread - 1} moves, one that enters for as many
    of them as the members are among all, at least one. With `size` 0 or n there is one set.
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
            # -1: a member leaves first; 0: another enters first
            leaving = -np.int64(advance(state) & np.uint64(1))
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
