"""3-regular 3-XORSAT with a planted solution: cubic, and a golf course for every local search (Hen
2019, PR Applied 12:011003).

Every variable is in three equations x_i + x_j + x_k = b (mod 2) of three variables each. The energy
counts broken equations: (1 - s_i s_j s_k (-1)^b) / 2 each.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import from_spins
from qtwin.errors import InputError


def generate(n: int, seed: int) -> Generated:
    """As many equations as variables, drawn until no equation holds a variable twice and no two are
    of the same variables.

    Raises:
        InputError: for fewer than 5 variables.
    """
    if n < 5:
        raise InputError(f"expected at least 5 variables, got {n}", hint="raise n")
    rng = np.random.default_rng([seed, n])
    planted = rng.integers(0, 2, size=n)
    terms: list[tuple[tuple[int, ...], float]] = [((), 0.5 * n)]
    for i, j, k in _equations(n, rng):
        odd = int(planted[i] + planted[j] + planted[k]) % 2
        terms.append(((i, j, k), -0.5 * (1 - 2 * odd)))
    return Generated(
        family="xorsat",
        seed=seed,
        encoding=plain(from_spins(n, terms)),
        optimum=0.0,
        optimal_bits=planted.astype(np.uint8),
        hardness="planted, cubic; exponential for annealing, tabu and QAOA alike (Hen 2019), "
        "though "
        "Gaussian elimination over"
        " GF(2) solves it in n^3 steps: a test of search, not of computing",
    )


def _equations(n: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """A random 3-regular hypergraph by the configuration model, its clashes mended by random
    swaps.
    """
    places = np.repeat(np.arange(n), 3)
    rng.shuffle(places)
    rows = places.reshape(n, 3)
    while True:
        ordered = np.sort(rows, axis=1)
        _, inverse, counts = np.unique(ordered, axis=0, return_inverse=True, return_counts=True)
        bad = (
            (ordered[:, 0] == ordered[:, 1])
            | (ordered[:, 1] == ordered[:, 2])
            | (counts[inverse.reshape(-1)] > 1)
        )
        if not bad.any():
            return [(int(a), int(b), int(c)) for a, b, c in ordered]
        for row in np.flatnonzero(bad):
            other, here, there = int(rng.integers(n)), int(rng.integers(3)), int(rng.integers(3))
            rows[row, here], rows[other, there] = rows[other, there], rows[row, here]
