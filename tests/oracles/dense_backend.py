"""A backend out of matrices: every generator as a 2^n x 2^n matrix, exponentiated in its
eigenbasis. Slow and obvious.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from qtwin.backend.base import Ansatz, Backend, Capabilities, Estimate, Samples
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import index_to_bits

X, Z, ONE = np.array([[0, 1], [1, 0]]), np.diag([1, -1]), np.eye(2)


def matrix(h: PauliSum) -> np.ndarray:
    """(2^n, 2^n) matrix; bit i of an index is qubit i, so qubit 0 is the last factor."""
    total = np.zeros((2**h.n_qubits,) * 2, dtype=complex)
    for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
        factors = [
            {(0, 0): ONE, (1, 0): X, (0, 1): Z, (1, 1): 1j * X @ Z}[int(a), int(b)]
            for a, b in zip(x, z, strict=True)
        ]
        total += c * reduce(np.kron, factors[::-1], np.eye(1))
    return total


class DenseBackend(Backend):
    def __init__(self) -> None:
        self._known: dict[int, tuple] = {}

    def capabilities(self) -> Capabilities:
        return Capabilities(name="dense", summary="matrices", max_qubits=10, exact=True)

    def _eigen(self, h: PauliSum) -> tuple[np.ndarray, np.ndarray]:
        if id(h) not in self._known:
            self._known[id(h)] = (h, *np.linalg.eigh(matrix(h)))
        return self._known[id(h)][1:]

    def states(self, ansatz: Ansatz, theta: np.ndarray) -> list[np.ndarray]:
        """The state after every layer, the reference first."""
        local = {0: np.array([1, 0]), 1: np.array([0, 1]), -1: np.array([1, 1]) / np.sqrt(2)}
        states = [reduce(np.kron, [local[int(r)] for r in ansatz.reference[::-1]]).astype(complex)]
        for layer in ansatz.layers:
            w, v = self._eigen(layer.generator)
            states.append(
                v @ (np.exp(-1j * theta[layer.parameter] * w) * (v.conj().T @ states[-1]))
            )
        return states

    def sample(self, ansatz: Ansatz, theta: np.ndarray, *, shots: int, seed: int) -> Samples:
        p = np.abs(self.states(ansatz, theta)[-1]) ** 2
        counts = np.random.default_rng(seed).multinomial(shots, p / p.sum())
        seen = np.flatnonzero(counts)
        return Samples(
            bits=index_to_bits(seen, ansatz.n_qubits), counts=counts[seen].astype(np.int64)
        )

    def expectation(
        self,
        ansatz: Ansatz,
        theta: np.ndarray,
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        return Estimate(
            value=self.value_and_gradient(ansatz, theta, observable)[0], standard_error=0.0
        )

    def value_and_gradient(
        self, ansatz: Ansatz, theta: np.ndarray, observable: PauliSum
    ) -> tuple[float, np.ndarray]:
        states, h = self.states(ansatz, theta), matrix(observable)
        back = h @ states[-1]
        gradient = np.zeros(ansatz.n_parameters)
        for layer, after in zip(reversed(ansatz.layers), reversed(states[1:]), strict=True):
            w, v = self._eigen(layer.generator)
            gradient[layer.parameter] += 2 * np.imag(back.conj() @ (v @ (w * (v.conj().T @ after))))
            back = v @ (np.exp(1j * theta[layer.parameter] * w) * (v.conj().T @ back))
        return float(np.real(states[-1].conj() @ h @ states[-1])), gradient
