"""Mixers in a subspace out of full 2^n matrices."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from qtwin.encoding.mixer import Rounds, xy_layers
from qtwin.encoding.polynomial import BinaryPolynomial
from tests.oracles.dense_backend import matrix


def amplitudes(
    words: np.ndarray,
    polynomial: BinaryPolynomial,
    theta: np.ndarray,
    rounds: Rounds | None,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """(2^n,) state from `start` on the words, under phases and round after round of XY
    pairs; |start><start| when None.
    """
    n = polynomial.n_variables
    values = polynomial.values()
    state = np.zeros(2**n, dtype=complex)
    state[words] = len(words) ** -0.5 if start is None else start
    projector = np.outer(state, state.conj())
    generators = [projector] if rounds is None else [matrix(h) for h in xy_layers(n, rounds)]
    for gamma, beta in np.reshape(theta, (-1, 2)):
        state = np.exp(-1j * gamma * values) * state
        for g in generators:
            state = expm(-1j * beta * g) @ state
    return state
