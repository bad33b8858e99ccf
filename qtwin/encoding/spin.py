"""Polynomials in spins s_i = 1 - 2 x_i, as physics writes its instances."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from qtwin.encoding.polynomial import BinaryPolynomial


def from_spins(n: int, terms: Iterable[tuple[Iterable[int], float]]) -> BinaryPolynomial:
    """The spin polynomial sum_S J_S prod_{i in S} s_i, given as (S, J_S), as a polynomial in bits of the same degree.

    prod_{i in S} (1 - 2 x_i) = sum_{T subset of S} (-2)^|T| prod_{i in T} x_i; a spin that occurs twice in a term is 1.

    Raises:
        InputError: for a variable outside 0..n-1 or a coefficient that is not finite.
    """
    collected: list[tuple[tuple[int, ...], float]] = []
    for spins, coefficient in terms:
        chosen = list(spins)
        odd = sorted({i for i in chosen if chosen.count(i) % 2})
        collected += [
            (subset, coefficient * (-2.0) ** size) for size in range(len(odd) + 1) for subset in combinations(odd, size)
        ]
    return BinaryPolynomial.of(n, collected)
