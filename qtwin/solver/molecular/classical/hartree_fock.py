"""Hartree-Fock, restricted: the energy without correlation, below which every other method begins."""

from __future__ import annotations

from typing import final

from qtwin.solver.base import SolverInfo
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod
from qtwin.solver.molecular.classical.whole import whole_molecule
from qtwin.solver.molecular.spin import wanted


@final
class HartreeFock(EnergyMethod):
    """The mean field of the problem itself; its time is that of converging it."""

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="hf",
            summary="restricted Hartree-Fock (ROHF for open shells): no correlation, the baseline of all others",
            kind="null",
            guarantee="never below the exact energy in this basis",
            citation="Roothaan 1951, Rev Mod Phys 23:69",
            max_variables=2000,
            vendor=("pyscf", "pyscf"),
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        problem = whole_molecule("hf", molecule)
        field = problem.mean_field
        return Energy(
            method="hf",
            energy_hartree=field.energy_hartree,
            variational=True,
            converged=True,
            evaluations=len(field.history),
            wall_s={"self-consistent field": field.wall_s},
            seed=seed,
            spin_squared=wanted(problem),  # restricted orbitals, unpaired spins all up: an eigenstate of S^2
            info={"history": list(field.history), "stable": field.stable, "basis_functions": len(field.orbitals)},
        )
