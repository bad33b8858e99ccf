"""Random numbers inside compiled searches: xorshift64 (Marsaglia 2003, Journal of Statistical Software 8(14))."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

JIT: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
"""Compiler options of the searches."""

HUGE = np.int64(1) << np.int64(62)
"""Above every energy; those stay below 2^61, the places of moves included."""


def seeded(seed: int) -> NDArray[np.uint64]:
    """(1,) state; neighbouring seeds give unrelated ones."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


def places(n: int) -> int:
    """Bits that hold the number of a variable."""
    return max(n - 1, 1).bit_length()


@numba.njit(**JIT)
def advance(state):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """The next 64 random bits."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@numba.njit(**JIT)
def below(state, k):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """A whole number from 0 to k - 1."""
    return np.int64(((advance(state) >> np.uint64(32)) * np.uint64(k)) >> np.uint64(32))
