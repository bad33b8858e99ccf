"""The Pareto front of benefit against harm: regimens that no other beats in both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def front(benefit: NDArray[np.float64], harm: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the choices that none other has at least as much benefit and at most as much harm, by rising harm.

    Of equal ones the first is kept.
    """
    order = np.lexsort((np.arange(len(benefit)), -benefit, harm))
    kept: list[int] = []
    best = -np.inf
    for k in order:
        if benefit[k] > best:
            kept.append(int(k))
            best = float(benefit[k])
    return np.array(kept, dtype=np.int64)
