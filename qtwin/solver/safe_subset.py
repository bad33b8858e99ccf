"""A simple baseline for the maximum safe subset: take the drug with the fewest harmful partners, drop these, and go on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def fewest_partners(harmful: NDArray[np.bool_]) -> tuple[int, ...]:
    """A subset without a harmful pair, rising (Halldorsson, Radhakrishnan 1997, Algorithmica 18:145, for its guarantee).

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
