"""Cut-HDMR: the utility's own coefficients around taking nothing, cut after singles, pairs or
triples.

f(x) = f(0) + sum_i (f(i) - f(0)) x_i + ... : the Moebius coefficients of all sets up to the order,
exact on those sets and extrapolated beyond them (Rabitz and Alis 1999, J Math Chem 25:197). It
simulates sets whether they are allowed or not.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.surrogate import Bits, Fitted, Simulate


def cut(simulate: Simulate, n: int, order: int) -> Fitted:
    """Simulate every set of up to `order` options and take the coefficients from the
    differences.
    """
    terms = [t for size in range(order + 1) for t in combinations(range(n), size)]
    bits = np.zeros((len(terms), n), dtype=np.uint8)
    for row, term in enumerate(terms):
        bits[row, list(term)] = 1
    utility = simulate(bits)
    known = dict(zip(terms, utility.tolist(), strict=True))
    coefficient: dict[tuple[int, ...], float] = {}
    for term in terms:  # smaller sets come first
        below = sum(coefficient[s] for size in range(len(term)) for s in combinations(term, size))
        coefficient[term] = known[term] - below
    return Fitted(
        polynomial=BinaryPolynomial.of(n, list(coefficient.items())),
        bits=bits,
        utility=utility,
        words=f"every set of up to {order} options simulated",
    )


def first_order(
    simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator
) -> Fitted:
    """Singles only."""
    return cut(simulate, feasible.shape[1], 1)


def second_order(
    simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator
) -> Fitted:
    """Singles and pairs: the QUBO that pairwise tables give."""
    return cut(simulate, feasible.shape[1], 2)


def third_order(
    simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator
) -> Fitted:
    """Singles, pairs and triples."""
    return cut(simulate, feasible.shape[1], 3)
