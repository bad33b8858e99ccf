"""State vectors under a diagonal energy and single-qubit rotations, in plain NumPy: for schemes that are no fixed circuit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
State = NDArray[np.complex128]


def uniform(n: int) -> State:
    """(2^n,) |+...+>."""
    return np.full(1 << n, 2.0 ** (-n / 2), dtype=np.complex128)


def turn_x(state: State, angle: float) -> None:
    """exp(-i angle sum_i X_i), in place."""
    c, s = np.cos(angle), -1j * np.sin(angle)
    n = state.size.bit_length() - 1
    for i in range(n):
        halves = state.reshape(-1, 2, 1 << i)
        low = halves[:, 0].copy()
        halves[:, 0] = c * low + s * halves[:, 1]
        halves[:, 1] = s * low + c * halves[:, 1]


def flip_sum(state: State) -> State:
    """(2^n,) sum_i X_i |state>."""
    out = np.zeros_like(state)
    n = state.size.bit_length() - 1
    for i in range(n):
        out += state.reshape(-1, 2, 1 << i)[:, ::-1].reshape(-1)
    return out
