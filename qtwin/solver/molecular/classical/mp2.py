"""Second-order perturbation theory (Møller, Plesset 1934, Phys Rev 46:618)."""

from __future__ import annotations

import time
from typing import final

from qtwin.problem.molecule.pyscf_access import threads
from qtwin.solver.base import SolverInfo
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod
from qtwin.solver.molecular.classical.whole import correlates, reference, spin_squared, whole_molecule


@final
class Mp2(EnergyMethod):
    """All electrons but frozen cores, on RHF, or on UHF for open shells."""

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="mp2",
            summary="second-order perturbation theory of the whole molecule",
            kind="classical",
            guarantee="none; fails where orbitals are nearly degenerate",
            citation="Moller, Plesset 1934, Phys Rev 46:618",
            max_variables=1000,
            vendor=("pyscf", "pyscf"),
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        from pyscf import mp

        problem = whole_molecule("mp2", molecule)
        began = time.perf_counter()
        with threads(problem.mean_field.n_orbitals):
            field, kind = reference(problem)
            correlation = 0.0
            if correlates(field.mo_occ, problem.n_frozen):
                found = mp.MP2(field, frozen=problem.n_frozen or None)
                found.kernel(with_t2=False)
                correlation = float(found.e_corr)
        return Energy(
            method="mp2",
            energy_hartree=float(field.e_tot) + correlation,
            variational=False,
            converged=True,
            wall_s={"perturbation theory": time.perf_counter() - began},
            seed=seed,
            spin_squared=spin_squared(field),
            info={"reference": kind, "correlation_hartree": correlation, "frozen_orbitals": problem.n_frozen},
        )
