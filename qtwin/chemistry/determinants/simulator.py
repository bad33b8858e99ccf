"""Energies and gradients of fermionic circuits, exact, on the determinants that the Hamiltonian
connects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples, check_angles
from qtwin.chemistry.determinants import circuit
from qtwin.chemistry.determinants.hamiltonian import THREADED_FROM, hamiltonian
from qtwin.chemistry.determinants.minimise import (
    DEFAULT,
    Limits,
    Minimum,
    curvature,
    descended,
    minimise,
)
from qtwin.chemistry.determinants.space import drawn, lowest, space_of
from qtwin.chemistry.excitation import FermionicAnsatz, check
from qtwin.errors import InputError

Floats = NDArray[np.float64]


@final
class DeterminantSimulator:
    """One molecule and one circuit, compiled; calls are cheap.

    The gradient is exact, by one sweep back through the circuit (Jones, Gacon 2020,
    arXiv:2009.02823): two vectors, any number of parameters.

    Args:
        h1_hartree: (n, n) one-electron integrals.
        h2_hartree: (n, n, n, n) two-electron integrals (pq|rs), chemists' order.
        core_hartree: Energy of nuclei and frozen electrons.
        ansatz: The circuit; it says how many electrons there are.
        symmetric: Work in the point-group block of the lowest determinant. Rotations that leave it
            are then dropped, as if their angle were zero: right for circuits that never need them
            (UCCSD from Hartree-Fock), wrong for those that leave the
            block and come back (generalised singles). `used` says which parameters are left.

    Raises:
        InputError: for integrals and circuit that do not fit each other, or too many determinants.
    """

    def __init__(
        self,
        h1_hartree: Floats,
        h2_hartree: Floats,
        core_hartree: float,
        ansatz: FermionicAnsatz,
        *,
        symmetric: bool = False,
    ) -> None:
        check(ansatz)
        if len(h1_hartree) != ansatz.n_orbitals:
            raise InputError(
                f"expected integrals of {ansatz.n_orbitals} orbitals, the circuit's, got "
                f"{len(h1_hartree)}",
                hint="use one active space",
            )
        self.space = space_of(
            h1_hartree, h2_hartree, ansatz.n_alpha, ansatz.n_beta, symmetric=symmetric
        )
        self.hamiltonian = hamiltonian(self.space, h1_hartree, h2_hartree, core_hartree)
        self._load(ansatz)

    def with_ansatz(self, ansatz: FermionicAnsatz) -> DeterminantSimulator:
        """The same molecule with another circuit; determinants and Hamiltonian are shared.

        Raises:
            InputError: for a circuit on other orbitals or electrons.
        """
        check(ansatz)
        old = self.ansatz
        if (ansatz.n_orbitals, ansatz.n_alpha, ansatz.n_beta) != (
            old.n_orbitals,
            old.n_alpha,
            old.n_beta,
        ):
            raise InputError(
                "expected a circuit on the same orbitals and electrons, got another",
                hint="make a simulator of its own for it",
            )
        other = object.__new__(DeterminantSimulator)
        other.space, other.hamiltonian = self.space, self.hamiltonian
        other._load(ansatz)
        return other

    def _load(self, ansatz: FermionicAnsatz) -> None:
        self.ansatz = ansatz
        self.circuit = circuit.compile_circuit(self.space, ansatz)
        self._reference = lowest(self.space)
        self._state, self._dual = np.empty(self.space.size), np.empty(self.space.size)

    @property
    def used(self) -> NDArray[np.bool_]:
        """(n_parameters,) whether a parameter does anything."""
        found = np.zeros(self.ansatz.n_parameters, dtype=np.bool_)
        found[self.circuit.parameter] = True
        return found

    def state(self, theta: Floats) -> Floats:
        """(d,) amplitudes, in the order of `space`."""
        self._run(check_angles(self.ansatz.n_parameters, theta))
        return self._state.copy()

    def energy_hartree(self, theta: Floats) -> float:
        """<H> at (n_parameters,) angles."""
        self._run(check_angles(self.ansatz.n_parameters, theta))
        self.hamiltonian.apply(self._state, self._dual)
        return float(self._state @ self._dual) + self.hamiltonian.core_hartree

    def value_and_gradient(
        self, theta: Floats, *, repelled_by: Sequence[Floats] = (), shift_hartree: float = 0.0
    ) -> tuple[float, Floats]:
        """<H> + shift sum_k <psi|psi_k>^2 in hartree and its (n_parameters,) gradient.

        Args:
            theta: Angles.
            repelled_by: (d,) states psi_k to stay away from; none for the plain energy.
            shift_hartree: What an overlap of one costs.
        """
        angles = check_angles(self.ansatz.n_parameters, theta)
        self._run(angles)
        self.hamiltonian.apply(self._state, self._dual)
        energy = float(self._state @ self._dual) + self.hamiltonian.core_hartree
        for other in repelled_by:
            overlap = float(other @ self._state)
            energy += shift_hartree * overlap**2
            self._dual += shift_hartree * overlap * other
        gradient = np.zeros(self.ansatz.n_parameters)
        c = self.circuit
        circuit.sweep(
            c.start, c.low, c.high, c.sign, c.parameter, angles, self._state, self._dual, gradient
        )
        return energy, gradient

    def minimise(self, theta: Floats, limits: Limits = DEFAULT) -> Minimum:
        """Descend from the (n_parameters,) angles to the nearest minimum, all in one compiled
        loop.
        """
        c, h = self.circuit, self.hamiltonian
        circuit_arrays, matrix = (
            (c.start, c.low, c.high, c.sign, c.parameter),
            (h.start, h.column, h.value_hartree),
        )
        return descended(
            minimise,
            circuit_arrays,
            matrix,
            check_angles(self.ansatz.n_parameters, theta).copy(),
            (self._state, self._dual),
            curvature(circuit_arrays, matrix, self._reference, self.ansatz.n_parameters),
            limits,
            reference=self._reference,
            threaded=self.space.size >= THREADED_FROM,
            core_hartree=h.core_hartree,
        )

    def slopes(self, state: Floats) -> Floats:
        """(n_parameters,) slope of the energy if each rotation alone were added to the (d,) state
        at angle zero.
        """
        self.hamiltonian.apply(np.ascontiguousarray(state), self._dual)
        found = np.zeros(self.ansatz.n_parameters)
        c = self.circuit
        circuit.slopes(c.start, c.low, c.high, c.sign, c.parameter, state, self._dual, found)
        return found

    def sample(self, theta: Floats, *, shots: int, seed: int) -> Samples:
        """Occupations of all spin orbitals, alpha first; equal seeds give equal samples."""
        return drawn(self.space, self.state(theta) ** 2, shots=shots, seed=seed)

    def _run(self, angles: Floats) -> None:
        self._state[:] = 0.0
        self._state[self._reference] = 1.0
        c = self.circuit
        circuit.run(c.start, c.low, c.high, c.sign, c.parameter, angles, self._state)
