"""How the success of QAOA with fixed angles falls with size: trained on small instances, used
unchanged on large ones.

As in Shaydulin et al. 2024 (Science Advances 10:eadm6761): angles are trained for the overlap with
the ground states on several small instances, averaged, and every larger instance is run with the
average, its cost divided by `cost_scale` in place of their rescaling by the length. The probability
of a ground state is computed exactly, so 1 / p is the expected number of samples and carries no
shot noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.statevector.backend import StatevectorBackend
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.variational.training import ansatz, train

Array = NDArray[np.float64]
LARGEST_TRAINING = 14
LARGEST = 26


@dataclass(frozen=True, kw_only=True)
class Success:
    """One instance.

    Attributes:
        n: Variables.
        instance: Its seed.
        probability: That a sample is a ground state.
        ground_states: How many there are.
    """

    n: int
    instance: int
    probability: float
    ground_states: int

    @property
    def chance(self) -> float:
        """The same of a uniform guess."""
        return float(self.ground_states * 2.0**-self.n)


def trained(
    polynomials: Sequence[BinaryPolynomial], layers: int, *, seed: int, max_evaluations: int = 1500
) -> Array:
    """(2 layers,) angles: for each polynomial first by energy, depth by depth, then by overlap; the
    mean of them all.

    Raises:
        InputError: for no polynomial, or one of more than 14 variables.
    """
    if not polynomials or max(p.n_variables for p in polynomials) > LARGEST_TRAINING:
        raise InputError(
            f"expected an instance of at most {LARGEST_TRAINING} variables to train on, got "
            f"none of {len(polynomials)}",
            hint="train on small ones; that is the point of fixed angles",
        )
    simulator = StatevectorBackend()
    found = []
    for polynomial in polynomials:
        start = train(polynomial, layers, seed=seed, max_evaluations=max_evaluations).theta
        found.append(_by_overlap(simulator, polynomial, layers, np.array(start)))
        simulator.release()
    return np.asarray(np.mean(found, axis=0))


def success(polynomial: BinaryPolynomial, theta: Array, *, instance: int = 0) -> Success:
    """The exact probability of a ground state at fixed angles.

    Raises:
        InputError: for more than 26 variables.
    """
    n = polynomial.n_variables
    if n > LARGEST:
        raise InputError(f"expected at most {LARGEST} variables, got {n}", hint="take fewer")
    lowest = ground_states(polynomial.values())
    probabilities = StatevectorBackend().probabilities(
        ansatz(polynomial, len(theta) // 2), np.asarray(theta)
    )
    return Success(
        n=n,
        instance=instance,
        probability=float(probabilities[lowest].sum()),
        ground_states=len(lowest),
    )


def ground_states(values: Array) -> NDArray[np.int64]:
    """Indices of the least of (2^n,) values, within rounding."""
    least = float(values.min())
    return np.flatnonzero(values <= least + 1e-9 * max(1.0, abs(least)))


def projector(values: Array) -> PauliSum:
    """The projector on the ground states of (2^n,) values as Z strings, by one Walsh-Hadamard
    transform.
    """
    n = int(values.size).bit_length() - 1
    spectrum = np.zeros(values.size)
    spectrum[ground_states(values)] = 1.0
    for i in range(n):
        halves = spectrum.reshape(-1, 2, 1 << i)
        first, second = halves[:, 0].copy(), halves[:, 1].copy()
        halves[:, 0], halves[:, 1] = first + second, first - second
    spectrum /= values.size
    kept = np.flatnonzero(np.abs(spectrum) > 1e-14)
    z = ((kept[:, None] >> np.arange(n)) & 1).astype(np.bool_)
    return PauliSum(x=np.zeros_like(z), z=z, coefficients=spectrum[kept])


def _by_overlap(
    simulator: StatevectorBackend, polynomial: BinaryPolynomial, layers: int, start: Array
) -> Array:
    """Angles that raise the logarithm of the overlap, from `start`."""
    from scipy.optimize import minimize

    circuit, overlap = ansatz(polynomial, layers), projector(polynomial.values())

    def falling(theta: Array) -> tuple[float, Array]:
        value, gradient = simulator.value_and_gradient(circuit, theta, overlap)
        value = max(value, 1e-12)
        return -float(np.log(value)), -gradient / value

    return np.asarray(
        minimize(falling, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    )
