"""Random numbers inside compiled searches: xorshift64 (Marsaglia 2003, Journal of Statistical Software 8(14))."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

JIT: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
"""Compiler options of the searches."""


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
