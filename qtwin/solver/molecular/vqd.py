"""Variational quantum deflation: excited states, each kept from those below (Higgott, Wang, Brierley 2019, Quantum 3:156)."""

from __future__ import annotations

import time
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.determinants.simulator import DeterminantSimulator
from qtwin.encoding.coupled_cluster.upccgsd import upccgsd
from qtwin.errors import InputError
from qtwin.solver.base import Card
from qtwin.solver.descent import Descent, descend
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod

Floats = NDArray[np.float64]


@final
class Vqd(EnergyMethod):
    """Minimise <H> + shift sum_k |<psi|psi_k>|^2 over the angles, state after state.

    Only states of the symmetry of the Hartree-Fock determinant are reached: of its point group, and unchanged when up and down
    are exchanged, so that triplets of closed shells are not among them.

    Args:
        states: How many.
        k: Repetitions of k-UpCCGSD.
        starts: Random descents for each state.
        shift_hartree: Must exceed the gap between the highest state asked for and the lowest.
    """

    def __init__(self, *, states: int = 2, k: int = 3, starts: int = 6, shift_hartree: float = 3.0) -> None:
        if min(states, k, starts) < 1 or not shift_hartree > 0.0:
            raise InputError("states, k, starts and shift_hartree must be positive", hint="correct them")
        self.states, self.k, self.starts, self.shift_hartree = states, k, starts, shift_hartree

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="vqd",
            summary="excited states by deflation on k-UpCCGSD, exact gradients",
            kind="quantum",
            guarantee="the first energy is never below the exact one; the others only where those below are exact",
            citation="Higgott, Wang, Brierley 2019, Quantum 3:156",
            max_variables=24,
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        began = time.perf_counter()
        deadline = None if time_limit_s is None else began + time_limit_s
        ansatz = upccgsd(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, k=self.k)
        simulator = DeterminantSimulator(molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree, ansatz)
        if self.states > simulator.space.size:
            raise InputError(
                f"{self.states} states of {simulator.space.size} determinants were wanted", hint="ask for fewer states"
            )
        rng = np.random.default_rng(seed)
        below: list[Floats] = []
        energies: list[float] = []
        evaluations, converged = 0, True
        for _ in range(self.states):
            found = self._state(simulator, below, rng, deadline)
            evaluations += sum(d.evaluations for d in found)
            best = min(found, key=lambda d: d.value)
            converged = converged and best.converged
            below.append(simulator.state(best.theta))
            energies.append(simulator.energy_hartree(best.theta))
        return Energy(
            method="vqd",
            energy_hartree=energies[0],
            energies_hartree=tuple(energies),
            variational=True,
            converged=converged,
            evaluations=evaluations,
            wall_s={"training": time.perf_counter() - began},
            seed=seed,
            info={
                "parameters": ansatz.n_parameters,
                "determinants": simulator.space.size,
                "largest_overlap": max((abs(float(a @ b)) for i, a in enumerate(below) for b in below[:i]), default=0.0),
            },
        )

    def _state(
        self, simulator: DeterminantSimulator, below: list[Floats], rng: np.random.Generator, deadline: float | None
    ) -> list[Descent]:
        def objective(theta: Floats) -> tuple[float, Floats]:
            return simulator.value_and_gradient(theta, repelled_by=below, shift_hartree=self.shift_hartree)

        found: list[Descent] = []
        for _ in range(self.starts):
            if found and deadline is not None and time.perf_counter() > deadline:
                break
            start = rng.uniform(-1.0, 1.0, size=simulator.ansatz.n_parameters)
            found.append(descend(objective, start, iterations=400, deadline=deadline))
        return found
