"""One-flip tabu search on a dense quadratic (Glover 1989, ORSA Journal on Computing 1:190; for QUBO: Palubeckis 2004).

With the field f_i = linear_i + sum_j pairs_ij x_j, flipping bit i changes the energy by f_i if x_i = 0 and by -f_i if it is 1,
and every field by one row of the couplings. Energies are whole numbers: sums are then exact, and the compiler finds the lowest
change in vectors. The place of a move is packed below its change, in `bits` bits under a random mask, so that one minimum gives
both and of equal moves any one is taken.
"""

from __future__ import annotations

import numba
import numpy as np

from qtwin.solver.neighbourhood.chance import JIT, advance, below
from qtwin.solver.neighbourhood.start import HUGE


@numba.njit(**JIT)
def search(linear, pairs, bits, start, given, moves, tenure, spread, target, state, stop, out):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Independent reads, each from its own start.

    A flipped bit stays for `tenure` + U{0..spread - 1} moves, unless flipping it gives a new best (aspiration). A read ends after
    `moves` moves in a row without a new best.

    Args:
        linear: (n,) int64.
        pairs: (n, n) int64, symmetric with a zero diagonal.
        bits: n is at most 2^bits, and no energy above 2^(61 - bits).
        start: (r, n) uint8; the first `given` rows are where reads begin, the others begin at random.
        given: See above.
        moves: See above.
        tenure: See above.
        spread: See above.
        target: Stop at an energy at or below it.
        state: (1,) uint64 of the random numbers, changed.
        stop: (1,) uint8; a search that sees it set ends.
        out: (r, n) uint8, filled with the best of each read.

    Returns:
        (reads that ended or were cut short, moves made).
    """
    reads, n = out.shape
    field, sign, until = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)  # sign: 0 for x = 0, -1 for x = 1
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
