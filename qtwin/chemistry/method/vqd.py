"""Variational quantum deflation: excited states, each kept from those below (Higgott, Wang,
Brierley 2019, Quantum 3:156).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.determinants.simulator import DeterminantSimulator
from qtwin.chemistry.excitation import upccgsd
from qtwin.chemistry.method.base import Electrons, Energy, load_compiled_code
from qtwin.chemistry.method.execution import CircuitMethod, on_qubits, valued
from qtwin.chemistry.method.spin import shifted, spin_squared, surcharge_hartree, wanted
from qtwin.errors import InputError
from qtwin.solver.base import SolverInfo
from qtwin.solver.variational.gradient import Descent, descend

Floats = NDArray[np.float64]


@final
@dataclass(kw_only=True, eq=False)
class Vqd(CircuitMethod):
    """Minimise <H> + shift sum_k |<psi|psi_k>|^2 over the angles, state after state.

    Only states of the symmetry of the Hartree-Fock determinant are reached: of its point group, and
    unchanged when up and down are exchanged, so that triplets of closed shells are not among them.

    Args:
        states: How many.
        k: Repetitions of k-UpCCGSD.
        starts: Random descents for each state.
        shift_hartree: Must exceed the gap between the highest state asked for and the lowest. The
            other options are those of `CircuitMethod`.
    """

    states: int = 2
    k: int = 3
    starts: int = 6
    shift_hartree: float = 3.0

    def __post_init__(self) -> None:
        if min(self.states, self.k, self.starts) < 1 or not self.shift_hartree > 0.0:
            raise InputError(
                "states, k, starts and shift_hartree must be positive", hint="correct them"
            )
        super().__post_init__()

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="vqd",
            summary="excited states by deflation on k-UpCCGSD, exact gradients",
            kind="quantum",
            guarantee="the first energy is never below the exact one; the others only where those "
            "below are exact",
            citation="Higgott, Wang, Brierley 2019, Quantum 3:156",
            max_variables=24,
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        load_compiled_code()
        began = time.perf_counter()
        deadline = None if time_limit_s is None else began + time_limit_s
        ansatz = upccgsd(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, k=self.k)
        target = shifted(molecule)
        simulator = DeterminantSimulator(
            target.h1_hartree, target.h2_hartree, target.core_hartree, ansatz
        )
        if self.states > simulator.space.size:
            raise InputError(
                f"expected at most {simulator.space.size} states, one a determinant, got "
                f"{self.states}",
                hint="ask for fewer states",
            )
        rng = np.random.default_rng(seed)
        below: list[Floats] = []
        angles: list[Floats] = []
        evaluations, converged = 0, True
        for _ in range(self.states):
            found = self._state(simulator, below, rng, deadline)
            evaluations += sum(d.evaluations for d in found)
            best = min(found, key=lambda d: d.value)
            converged = converged and best.converged
            below.append(simulator.state(best.theta))
            angles.append(best.theta)
        trained = time.perf_counter()
        found_energies, errors, shots = self._valued(simulator, molecule, angles, seed)
        spins = [spin_squared(simulator.space, state) for state in below]
        return Energy(
            method="vqd",
            energy_hartree=found_energies[0],
            standard_error_hartree=errors[0],
            energies_hartree=tuple(found_energies),
            shots=shots,
            backend=self._how.backend_name,
            variational=self._how.backend is None or self._how.backend.capabilities().exact,
            converged=converged,
            evaluations=evaluations,
            wall_s={"training": trained - began, "execution": time.perf_counter() - trained},
            seed=seed,
            spin_squared=max(spins, key=lambda each: abs(each - wanted(molecule))),
            info={
                "spins_squared": spins,
                "parameters": ansatz.n_parameters,
                "determinants": simulator.space.size,
                "standard_errors_hartree": errors,
                "largest_overlap": max(
                    (abs(float(a @ b)) for i, a in enumerate(below) for b in below[:i]), default=0.0
                ),
            },
        )

    def _valued(
        self, simulator: DeterminantSimulator, molecule: Electrons, angles: list[Floats], seed: int
    ) -> tuple[list[float], list[float], int]:
        """Energy and standard error of each state, and the shots they took."""
        if self._how.backend is None:
            return [simulator.energy_hartree(theta) for theta in angles], [0.0] * len(angles), 0
        circuit, hamiltonian = on_qubits(self._how, simulator.ansatz, molecule)
        values = [
            valued(self._how, circuit, theta, hamiltonian, seed=seed + k)
            for k, theta in enumerate(angles)
        ]
        charged = [
            surcharge_hartree(spin_squared(simulator.space, simulator.state(theta)), molecule)
            for theta in angles
        ]
        energies = [v.energy_hartree + more for v, more in zip(values, charged, strict=True)]
        return energies, [v.standard_error_hartree for v in values], sum(v.shots for v in values)

    def _state(
        self,
        simulator: DeterminantSimulator,
        below: list[Floats],
        rng: np.random.Generator,
        deadline: float | None,
    ) -> list[Descent]:
        def objective(theta: Floats) -> tuple[float, Floats]:
            return simulator.value_and_gradient(
                theta, repelled_by=below, shift_hartree=self.shift_hartree
            )

        found: list[Descent] = []
        for _ in range(self.starts):
            if found and deadline is not None and time.perf_counter() > deadline:
                break
            start = rng.uniform(-1.0, 1.0, size=simulator.ansatz.n_parameters)
            found.append(descend(objective, start, iterations=400, deadline=deadline))
        return found
