"""The circuit of QAOA.

    |theta> = prod_l exp(-i beta_l B) exp(-i gamma_l C) |+>,   B = sum_i X_i,   theta = (gamma_1, beta_1, gamma_2, beta_2, ...)

C is the encoded energy without its constant, divided by `cost_scale`, so that good angles are of order one whatever the unit of
the energy. |+> is the top state of B, hence of -B the bottom: the schedule that leads down to the minimum of C has gamma > 0 and
beta < 0 (or both signs turned, which gives the same energy).
"""

from __future__ import annotations

import numpy as np

from qtwin.backend.base import Ansatz, Layer
from qtwin.encoding.pauli import PauliSum, diagonal, transverse_field
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError


def cost_scale(polynomial: BinaryPolynomial) -> float:
    """Root mean square, over the qubits, of the local field that the Ising terms exert on a qubit in a random assignment.

    With C / scale a cost layer of angle gamma turns a typical qubit by about 2 gamma (compare Sureshbabu et al. 2024, Quantum
    8:1231, who scale by the root mean square coupling). 1 for a constant.
    """
    h = diagonal(polynomial)
    squares = float((h.z.sum(axis=1) * h.coefficients**2).sum()) / max(h.n_qubits, 1)
    return float(np.sqrt(squares)) if squares > 0 else 1.0


def scaled_cost(polynomial: BinaryPolynomial) -> PauliSum:
    """The scaled cost Hamiltonian, without the identity."""
    h = diagonal(polynomial)
    kept = h.z.any(axis=1)
    return PauliSum(x=h.x[kept], z=h.z[kept], coefficients=h.coefficients[kept] / cost_scale(polynomial))


def mean_energy(polynomial: BinaryPolynomial) -> float:
    """Mean energy over all assignments: what the scaled cost leaves out."""
    return sum(c / 2.0 ** len(t) for t, c in polynomial.terms.items())


def ansatz(polynomial: BinaryPolynomial, layers: int) -> Ansatz:
    """The circuit: |+>, then `layers` times the scaled cost (gamma_l) and the mixer (beta_l); 2 x layers parameters.

    Raises:
        InputError: for fewer than one layer or no variable.
    """
    n = polynomial.n_variables
    if layers < 1 or n < 1:
        raise InputError(f"{layers} layers on {n} qubits came, at least 1 of each was wanted", hint="raise layers")
    cost, mixer = scaled_cost(polynomial), transverse_field(n)
    pairs = [(Layer(generator=cost, parameter=2 * k), Layer(generator=mixer, parameter=2 * k + 1)) for k in range(layers)]
    return Ansatz(
        n_qubits=n,
        reference=np.full(n, -1, dtype=np.int8),
        layers=tuple(layer for pair in pairs for layer in pair),
        n_parameters=2 * layers,
    )
