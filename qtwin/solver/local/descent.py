"""One-flip descent: the plainest improvement of an answer, to be used beside its twin on random
answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial


def one_flip_descent(polynomial: BinaryPolynomial, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(r, n) assignments, each improved by its best single flip until none helps."""
    out = np.array(rows, dtype=np.uint8)
    n = polynomial.n_variables
    flips = np.eye(n, dtype=np.uint8)
    open_rows = np.arange(len(out))
    rounding = 1e-12 * sum(abs(c) for c in polynomial.terms.values())
    while len(open_rows):
        here = polynomial.evaluate(out[open_rows])
        around = polynomial.evaluate(
            (out[open_rows][:, None, :] ^ flips[None, :, :]).reshape(-1, n)
        ).reshape(-1, n)
        best = around.argmin(axis=1)
        helps = around[np.arange(len(best)), best] < here - rounding
        open_rows, best = open_rows[helps], best[helps]
        out[open_rows, best] ^= 1
    return out


# A simple baseline for the maximum safe subset: take the drug with the fewest harmful partners,
# drop these, and go on.


def fewest_partners(harmful: NDArray[np.bool_]) -> tuple[int, ...]:
    """A subset without a harmful pair, rising (Halldorsson, Radhakrishnan 1997, Algorithmica
    18:145, for its guarantee).

    Args:
        harmful: (n, n) symmetric, whether two drugs harm each other.
    """
    left = np.ones(len(harmful), dtype=np.bool_)
    chosen: list[int] = []
    while left.any():
        partners = np.where(left, (harmful & left).sum(axis=1), len(harmful) + 1)
        i = int(np.argmin(partners))
        chosen.append(i)
        left &= ~harmful[i]
        left[i] = False
    return tuple(sorted(chosen))
