"""Where a search starts: its random state, and the bounds of its whole numbers; nothing is compiled for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HUGE = np.int64(1) << np.int64(62)
"""Above every energy; those stay below 2^61, the places of moves included."""


def seeded(seed: int) -> NDArray[np.uint64]:
    """(1,) state; neighbouring seeds give unrelated ones."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


def places(n: int) -> int:
    """Bits that hold the number of a variable."""
    return max(n - 1, 1).bit_length()
