"""A polynomial's values on listed words: pairs by a table, higher terms by the two lowest variables
they hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from qtwin.backend.statevector.subspace.bits import lowest
from qtwin.encoding.polynomial import BinaryPolynomial


def over(words: NDArray[np.int64], n: int, polynomial: BinaryPolynomial) -> NDArray[np.float64]:
    """(m,) values at the (m,) words of n bits."""
    linear, pairs = np.zeros(n), np.zeros((n, n))
    buckets: dict[int, list[tuple[int, float]]] = {}
    for term, c in polynomial.terms.items():
        if len(term) == 1:
            linear[term[0]] = c
        elif len(term) == 2:
            pairs[term] = c
        elif term:
            buckets.setdefault(term[0] * n + term[1], []).append((sum(1 << i for i in term[2:]), c))
    starts = np.zeros(n * n + 1, dtype=np.int64)
    for place, bucket in buckets.items():
        starts[place + 1] = len(bucket)
    np.cumsum(starts, out=starts)
    higher = [entry for place in sorted(buckets) for entry in buckets[place]]
    masks, weights = (
        np.array([m for m, _ in higher], dtype=np.int64),
        np.array([c for _, c in higher], dtype=np.float64),
    )
    out = np.empty(len(words))
    _values(words, polynomial.constant, linear, pairs, starts, masks, weights, out)
    return out


@njit(cache=True, nogil=True)
def _values(
    words: Any,
    constant: float,
    linear: Any,
    pairs: Any,
    starts: Any,
    masks: Any,
    weights: Any,
    out: Any,
) -> None:
    n = linear.shape[0]
    ones = np.empty(64, dtype=np.int64)
    for s in range(words.shape[0]):
        word, count, total = words[s], 0, constant
        rest = word
        while rest:
            i = lowest(rest)
            total += linear[i]
            for t in range(count):
                total += pairs[ones[t], i]
            ones[count] = i
            count += 1
            rest &= rest - 1
        if masks.shape[0]:
            for t in range(count):
                for u in range(t + 1, count):
                    place = ones[t] * n + ones[u]
                    for e in range(starts[place], starts[place + 1]):
                        if word & masks[e] == masks[e]:
                            total += weights[e]
        out[s] = total
