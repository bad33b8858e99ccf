"""Circuits with turns that nobody trains: preparations, changes of basis, angles computed beforehand.

An ansatz knows only parameters. Here every fixed turn exp(-i a H) is the layer of a H that belongs to one parameter more, the
last, which is held at 1. So every backend runs such circuits as it runs all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Layer
from qtwin.encoding.pauli import PauliSum

Array = NDArray[np.float64]
Turn = tuple[PauliSum, int | None]
"""A generator, and its free parameter; None for a fixed turn by its own coefficients."""


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """An ansatz and how many of its parameters are free; the rest is the one held at 1.

    Attributes:
        ansatz: What backends run.
        free: Number of free parameters, the first ones.
    """

    ansatz: Ansatz
    free: int

    def full(self, theta: Array) -> Array:
        """(n_parameters,) angles of the ansatz from the (free,) free ones."""
        return np.append(theta, np.ones(self.ansatz.n_parameters - self.free))


def circuit(n_qubits: int, turns: Sequence[Turn], *, free: int, reference: NDArray[np.int8] | None = None) -> Circuit:
    """The circuit of these turns in order, from |0...0> or another reference."""
    start = np.zeros(n_qubits, dtype=np.int8) if reference is None else np.asarray(reference, dtype=np.int8)
    held = any(place is None for _, place in turns)
    layers = tuple(Layer(generator=h, parameter=free if place is None else place) for h, place in turns)
    return Circuit(ansatz=Ansatz(n_qubits=n_qubits, reference=start, layers=layers, n_parameters=free + held), free=free)


def scaled(h: PauliSum, factor: float) -> PauliSum:
    """The sum times a number."""
    return PauliSum(x=h.x, z=h.z, coefficients=h.coefficients * factor)


def strings(n_qubits: int, words: Sequence[tuple[Sequence[int], Sequence[int], float]]) -> PauliSum:
    """A sum from (qubits with an X part, qubits with a Z part, coefficient); both parts make a Y."""
    x, z = np.zeros((len(words), n_qubits), dtype=np.bool_), np.zeros((len(words), n_qubits), dtype=np.bool_)
    for row, (flips, signs, _) in enumerate(words):
        x[row, list(flips)], z[row, list(signs)] = True, True
    return PauliSum(x=x, z=z, coefficients=np.array([c for *_, c in words], dtype=np.float64))
