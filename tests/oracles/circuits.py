"""Ansaetze for tests: QAOA on a cost, and circuits in which every kind of Pauli string occurs."""

from __future__ import annotations

import numpy as np

from qtwin.backend.base import Ansatz, Layer
from qtwin.encoding.pauli import PauliSum, transverse_field


def qaoa(cost: PauliSum, p: int) -> Ansatz:
    """Parameters gamma_1 .. gamma_p, beta_1 .. beta_p."""
    n, mixer = cost.n_qubits, transverse_field(cost.n_qubits)
    layers = [
        Layer(generator=g, parameter=k + p * m)
        for k in range(p)
        for m, g in enumerate((cost, mixer))
    ]
    return Ansatz(
        n_qubits=n,
        reference=np.full(n, -1, dtype=np.int8),
        layers=tuple(layers),
        n_parameters=2 * p,
    )


def ising(h: np.ndarray, j: np.ndarray) -> PauliSum:
    n = len(h)
    pairs = [(i, k) for i in range(n) for k in range(i + 1, n) if j[i, k]]
    z = np.zeros((n + len(pairs), n), dtype=np.bool_)
    z[np.arange(n), np.arange(n)] = True
    for row, pair in enumerate(pairs):
        z[n + row, list(pair)] = True
    return PauliSum(
        x=np.zeros_like(z), z=z, coefficients=np.concatenate([h, [j[p] for p in pairs]])
    )


def sherrington(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random fields (n,) and couplings (n, n), symmetric with zero diagonal."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.normal(size=(n, n)), 1)
    return rng.normal(size=n), upper + upper.T


def strings(n: int, count: int, seed: int) -> PauliSum:
    """Random strings of any letters, coefficients normal; they need not commute."""
    rng = np.random.default_rng(seed)
    x, z = rng.random((count, n)) < 0.4, rng.random((count, n)) < 0.4
    return PauliSum(x=x, z=z, coefficients=rng.normal(size=count))


def mixed(n: int, cost: PauliSum, seed: int) -> Ansatz:
    """Every reference value, single strings with X, Y and Z, a diagonal layer in the middle, shared
    parameters.
    """
    s = strings(n, 6, seed)
    single = [
        PauliSum(x=s.x[k : k + 1], z=s.z[k : k + 1], coefficients=s.coefficients[k : k + 1])
        for k in range(6)
    ]
    generators = [*single[:3], cost, xy_pair(n, 0, n - 1), *single[3:]]
    layers = tuple(Layer(generator=g, parameter=k % 4) for k, g in enumerate(generators))
    reference = np.array([(-1, 0, 1)[k % 3] for k in range(n)], dtype=np.int8)
    return Ansatz(n_qubits=n, reference=reference, layers=layers, n_parameters=4)


def xy_pair(n: int, i: int, k: int) -> PauliSum:
    """(X_i X_k + Y_i Y_k) / 2."""
    x = np.zeros((2, n), dtype=np.bool_)
    x[:, [i, k]] = True
    z = x.copy()
    z[0] = False
    return PauliSum(x=x, z=z, coefficients=np.array([0.5, 0.5]))
