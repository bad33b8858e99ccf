"""Circuits that several quantum solvers share."""

from __future__ import annotations

import numpy as np

from qtwin.backend.base import Ansatz, Layer
from qtwin.encoding.pauli import PauliSum


def brickwork(n: int, layers: int) -> Ansatz:
    """From |0...0>: Y rotations, then `layers` times ZX entanglers along a line and Y rotations; all angles free."""
    found: list[Layer] = []

    def add(x: list[int], z: list[int]) -> None:
        flips, signs = np.zeros((1, n), dtype=np.bool_), np.zeros((1, n), dtype=np.bool_)
        flips[0, x], signs[0, z] = True, True
        found.append(Layer(generator=PauliSum(x=flips, z=signs, coefficients=np.ones(1)), parameter=len(found)))

    for i in range(n):
        add([i], [i])
    for _ in range(layers):
        for first in (0, 1):
            for i in range(first, n - 1, 2):
                add([i + 1], [i])
        for i in range(n):
            add([i], [i])
    return Ansatz(n_qubits=n, reference=np.zeros(n, dtype=np.int8), layers=tuple(found), n_parameters=len(found))
