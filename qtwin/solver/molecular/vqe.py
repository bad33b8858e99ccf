"""The variational quantum eigensolver with ansatzes of coupled cluster type (Peruzzo et al. 2014; McClean et al. 2016).

Energies and gradients are exact, from our own simulator of determinants; circuits run elsewhere through their Pauli form.
"""

from __future__ import annotations

import time
from typing import final

import numpy as np

from qtwin.backend.determinants.simulator import DeterminantSimulator
from qtwin.encoding.coupled_cluster.uccsd import uccsd
from qtwin.encoding.coupled_cluster.upccgsd import upccgsd
from qtwin.encoding.excitation import FermionicAnsatz
from qtwin.errors import InputError
from qtwin.solver.base import Card
from qtwin.solver.descent import descend
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod

_SPIN_ORBITALS = 28


def _minimise(
    name: str,
    ansatz: FermionicAnsatz,
    molecule: Electrons,
    *,
    starts: int,
    iterations: int,
    seed: int,
    limit_s: float | None,
    symmetric: bool,
) -> Energy:
    """Descend from Hartree-Fock, then from random angles, and keep the lowest."""
    began = time.perf_counter()
    integrals = (molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
    simulator = DeterminantSimulator(*integrals, ansatz, symmetric=symmetric)
    compiled = time.perf_counter()
    deadline = None if limit_s is None else compiled + limit_s
    rng = np.random.default_rng(seed)
    best = descend(
        simulator.value_and_gradient, np.zeros(ansatz.n_parameters), iterations=iterations, deadline=deadline, started=compiled
    )
    evaluations, trace, first = best.evaluations, list(best.trace), best.value
    for _ in range(starts - 1):
        if deadline is not None and time.perf_counter() > deadline:
            break
        found = descend(
            simulator.value_and_gradient,
            np.where(simulator.used, rng.normal(size=ansatz.n_parameters), 0.0),
            iterations=iterations,
            deadline=deadline,
            started=compiled,
        )
        trace += [p for p in found.trace if p.best_energy < best.value]
        evaluations += found.evaluations
        best = found if found.value < best.value else best
    return Energy(
        method=name,
        energy_hartree=best.value,
        variational=True,
        converged=best.converged,
        evaluations=evaluations,
        wall_s={"compiling": compiled - began, "training": time.perf_counter() - compiled},
        trace=tuple(trace),
        seed=seed,
        info={
            "ansatz": ansatz.name,
            "parameters": ansatz.n_parameters,
            "rotations": len(ansatz.rotations),
            "rotations_without_effect": simulator.circuit.dropped,
            "determinants": simulator.space.size,
            "energy_from_hartree_fock": first,
            "theta": best.theta.tolist(),
        },
    )


def _check(**options: int) -> None:
    for name, value in options.items():
        if value < 1:
            raise InputError(f"{name} = {value} came, at least 1 was wanted", hint=f"raise {name}")


@final
class VqeUccsd(EnergyMethod):
    """Singles and doubles.

    Args:
        starts: Descents; the first from Hartree-Fock.
        iterations: Of each descent, at most.
    """

    def __init__(self, *, starts: int = 1, iterations: int = 500) -> None:
        _check(starts=starts, iterations=iterations)
        self.starts, self.iterations = starts, iterations

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="vqe-uccsd",
            summary="unitary coupled cluster with singles and doubles, exact gradients",
            kind="quantum",
            guarantee="never below the exact energy of the active space",
            citation="Peruzzo et al. 2014, Nat Commun 5:4213",
            max_variables=_SPIN_ORBITALS,
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        ansatz = uccsd(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta)
        return _minimise(
            "vqe-uccsd",
            ansatz,
            molecule,
            starts=self.starts,
            iterations=self.iterations,
            seed=seed,
            limit_s=time_limit_s,
            symmetric=True,
        )


@final
class VqeUpccgsd(EnergyMethod):
    """Paired generalised doubles and generalised singles, k times.

    Args:
        k: Repetitions.
        starts: Descents; the first from Hartree-Fock, which may be a saddle, so that several are worth their time.
        iterations: Of each descent, at most.
    """

    def __init__(self, *, k: int = 2, starts: int = 4, iterations: int = 500) -> None:
        _check(k=k, starts=starts, iterations=iterations)
        self.k, self.starts, self.iterations = k, starts, iterations

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="vqe-k-upccgsd",
            summary="k-UpCCGSD, exact gradients, several starts",
            kind="quantum",
            guarantee="never below the exact energy of the active space",
            citation="Lee, Huggins, Head-Gordon, Whaley 2019, JCTC 15:311",
            max_variables=_SPIN_ORBITALS,
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        ansatz = upccgsd(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, k=self.k)
        return _minimise(
            "vqe-k-upccgsd",
            ansatz,
            molecule,
            starts=self.starts,
            iterations=self.iterations,
            seed=seed,
            limit_s=time_limit_s,
            symmetric=False,
        )
