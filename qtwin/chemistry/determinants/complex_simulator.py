"""Energies and gradients of fermionic circuits with phases, exact, on all determinants of the
electrons.
"""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples, check_angles
from qtwin.chemistry.determinants.circuit import compile_phased, run_phased, sweep_phased
from qtwin.chemistry.determinants.hamiltonian import THREADED_FROM, hamiltonian
from qtwin.chemistry.determinants.minimise import (
    DEFAULT,
    Limits,
    Minimum,
    descended,
    minimise_phased,
)
from qtwin.chemistry.determinants.space import drawn, lowest, space_of
from qtwin.chemistry.excitation import FermionicAnsatz, check
from qtwin.errors import InputError

Floats = NDArray[np.float64]


@final
class ComplexDeterminantSimulator:
    """One molecule and one circuit, compiled; phases and qubit excitations allowed.

    Args:
        h1_hartree: (n, n) one-electron integrals.
        h2_hartree: (n, n, n, n) two-electron integrals (pq|rs), chemists' order.
        core_hartree: Energy of nuclei and frozen electrons.
        ansatz: The circuit.

    Raises:
        InputError: for integrals and circuit that do not fit each other, or too many determinants.
    """

    def __init__(
        self, h1_hartree: Floats, h2_hartree: Floats, core_hartree: float, ansatz: FermionicAnsatz
    ) -> None:
        check(ansatz)
        if len(h1_hartree) != ansatz.n_orbitals:
            raise InputError(
                f"expected integrals of {ansatz.n_orbitals} orbitals, the circuit's, got "
                f"{len(h1_hartree)}",
                hint="use one active space",
            )
        self.ansatz = ansatz
        self.space = space_of(h1_hartree, h2_hartree, ansatz.n_alpha, ansatz.n_beta)
        self.hamiltonian = hamiltonian(self.space, h1_hartree, h2_hartree, core_hartree)
        self.circuit = compile_phased(self.space, ansatz)
        self._reference = lowest(self.space)
        self._re, self._im, self._dre, self._dim = (np.empty(self.space.size) for _ in range(4))

    def state(self, theta: Floats) -> NDArray[np.complex128]:
        """(d,) amplitudes, in the order of `space`."""
        self._run(theta)
        return self._re + 1j * self._im

    def energy_hartree(self, theta: Floats) -> float:
        """<H> at (n_parameters,) angles."""
        self._run(theta)
        return self._energy()

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """<H> in hartree and its (n_parameters,) gradient, by one sweep back."""
        angles = self._run(theta)
        energy, gradient, c = self._energy(), np.zeros(self.ansatz.n_parameters), self.circuit
        states = (self._re, self._im, self._dre, self._dim)
        sweep_phased(
            c.start, c.low, c.high, c.sign, c.parameter, c.is_phase, angles, *states, gradient
        )
        return energy, gradient

    def minimise(self, theta: Floats, limits: Limits = DEFAULT) -> Minimum:
        """Descend from the (n_parameters,) angles to the nearest minimum, all in one compiled
        loop.
        """
        c, h = self.circuit, self.hamiltonian
        return descended(
            minimise_phased,
            (c.start, c.low, c.high, c.sign, c.parameter, c.is_phase),
            (h.start, h.column, h.value_hartree),
            check_angles(self.ansatz.n_parameters, theta).copy(),
            (self._re, self._im, self._dre, self._dim),
            np.ones(self.ansatz.n_parameters),
            limits,
            reference=self._reference,
            threaded=self.space.size >= THREADED_FROM,
            core_hartree=h.core_hartree,
        )

    def sample(self, theta: Floats, *, shots: int, seed: int) -> Samples:
        """Occupations of all spin orbitals, alpha first; equal seeds give equal samples."""
        self._run(theta)
        return drawn(self.space, self._re**2 + self._im**2, shots=shots, seed=seed)

    def _energy(self) -> float:
        self.hamiltonian.apply(self._re, self._dre)
        self.hamiltonian.apply(self._im, self._dim)
        return float(self._re @ self._dre + self._im @ self._dim) + self.hamiltonian.core_hartree

    def _run(self, theta: Floats) -> Floats:
        angles = check_angles(self.ansatz.n_parameters, theta)
        self._re[:], self._im[:] = 0.0, 0.0
        self._re[self._reference] = 1.0
        c = self.circuit
        run_phased(
            c.start, c.low, c.high, c.sign, c.parameter, c.is_phase, angles, self._re, self._im
        )
        return angles
