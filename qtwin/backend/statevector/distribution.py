"""What is read off a distribution over states: shots, and the mean of its best share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qtwin.errors import InputError

Floats = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Places = NDArray[np.int64]
Array = Any
_CHUNK = 1024


def _compiled(function: Callable[..., Any]) -> Any:
    return njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)


def draw(
    re: Reals, im: Reals, *, shots: int, seed: int, low: int | None = None, row: int = 0
) -> tuple[Places, Places]:
    """Distinct places of a split state and how often each was drawn, by inverting the running sum;
    no copy of the state.

    The sums need not be 1: an unnormalised state is drawn from in proportion.

    Args:
        re: Real parts; in rows of 2^low places, `row` apart, where `low` is given.
        im: Imaginary parts alike.
        shots: Number of draws.
        seed: Equal seeds give equal draws.
        low: Bits of a place within a row.
        row: Distance of rows.
    """
    shift, apart = (62, 0) if low is None else (low, row)
    size = len(re) if low is None else len(re) // row << low
    chunk = min(_CHUNK, size if low is None else 1 << low)
    sums = np.empty(-(-size // chunk))
    chunk_sums(re, im, size, shift, apart, chunk, sums)
    running = np.cumsum(sums)
    points = np.sort(np.random.default_rng(seed).random(shots)) * running[-1]
    places = np.empty(shots, dtype=np.int64)
    pick(re, im, size, shift, apart, chunk, sums, running, points, places)
    found, counts = np.unique(places, return_counts=True)
    return found, counts.astype(np.int64)


@_compiled
def chunk_sums(
    re: Array, im: Array, size: int, low: int, row: int, chunk: int, sums: Array
) -> None:
    """Probability of every chunk of places."""
    mask = (1 << low) - 1
    for c in range(sums.shape[0]):
        start = c * chunk
        at, length, total = (start >> low) * row + (start & mask), min(chunk, size - start), 0.0
        r, i = re[at : at + length], im[at : at + length]
        for k in range(length):
            total += float(r[k]) * float(r[k]) + float(i[k]) * float(i[k])
        sums[c] = total


@_compiled
def pick(
    re: Array,
    im: Array,
    size: int,
    low: int,
    row: int,
    chunk: int,
    sums: Array,
    running: Array,
    points: Array,
    places: Array,
) -> None:
    """The place where the running sum passes each of the rising points; never one of probability
    zero.
    """
    mask, c, k, inside, last = (1 << low) - 1, 0, 0, 0.0, 0
    while sums[c] == 0.0:
        c += 1
    for shot in range(points.shape[0]):
        moved = c
        while c + 1 < running.shape[0] and running[c] <= points[shot]:
            c += 1
        if c != moved:
            k, inside = 0, 0.0
        while sums[c] == 0.0:  # rounding at the end
            c, k, inside = c - 1, 0, 0.0
        start, before = c * chunk, running[c - 1] if c else 0.0
        at = (start >> low) * row + (start & mask)
        length = min(chunk, size - start)
        while k < length:
            r, i = float(re[at + k]), float(im[at + k])
            if r * r + i * i > 0.0:
                last = start + k
                if before + inside + r * r + i * i > points[shot]:
                    break
            inside += r * r + i * i
            k += 1
        places[shot] = last


def lowest_share(
    energies: Reals, probabilities: Floats, alpha: float, order: Places | None = None
) -> tuple[float, float]:
    """CVaR: (mean energy of the lowest share alpha of the distribution, energy at which that share
    ends).

    Args:
        energies: (m,).
        probabilities: (m,) summing to one.
        alpha: In (0, 1].
        order: (m,) places by rising energy, where known already.

    Raises:
        InputError: for an alpha outside (0, 1].
    """
    if not 0.0 < alpha <= 1.0:
        raise InputError(f"expected alpha in (0, 1], got {alpha}", hint="0.1 to 0.25 are usual")
    places = np.argsort(energies, kind="stable") if order is None else order
    reached = np.cumsum(probabilities[places])
    last = min(int(np.searchsorted(reached, alpha * (1.0 - 1e-12))), len(places) - 1)
    before, edge = float(reached[last - 1]) if last else 0.0, float(energies[places[last]])
    tail = places[:last]
    return (float(energies[tail] @ probabilities[tail]) + (alpha - before) * edge) / alpha, edge
