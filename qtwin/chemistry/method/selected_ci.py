"""Selected configuration interaction: only determinants that matter (PySCF's variant of Huron et
al. 1973, JCP 58:5745).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import final

from qtwin.chemistry.method.base import Electrons, Energy, EnergyMethod
from qtwin.chemistry.method.exact import diagonalised
from qtwin.chemistry.method.spin import surcharge_hartree, wanted
from qtwin.errors import InputError, TooLargeError
from qtwin.solver.base import SolverInfo

_MOST_ORBITALS = 63
_PENALTIES_HARTREE = (0.0, 0.5, 2.0)
_PURE = 0.01


@final
class SelectedCi(EnergyMethod):
    """Strings are added while their coefficient and coupling exceed the cutoffs.

    Args:
        select_cutoff: Coupling below which a string is not added.
        coefficient_cutoff: Amplitude below which a string adds no others.
    """

    def __init__(self, *, select_cutoff: float = 5e-4, coefficient_cutoff: float = 5e-4) -> None:
        if not 0.0 < select_cutoff < 1.0 or not 0.0 < coefficient_cutoff < 1.0:
            raise InputError(
                f"expected cut-offs between 0 and 1, got select {select_cutoff} and "
                f"coefficient {coefficient_cutoff}",
                hint="0.0005 is usual",
            )
        self.select_cutoff, self.coefficient_cutoff = select_cutoff, coefficient_cutoff

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="selected-ci",
            summary="configuration interaction over selected determinants of the active space",
            kind="classical",
            guarantee="never below the exact energy of the active space",
            citation="Huron, Malrieu, Rancurel 1973, JCP 58:5745",
            max_variables=48,
            vendor=("pyscf", "pyscf"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        from pyscf import fci, lib

        began = time.perf_counter()
        h1, h2, spins = (
            molecule.h1_hartree,
            molecule.h2_hartree,
            (molecule.n_alpha, molecule.n_beta),
        )
        n, square = len(h1), wanted(molecule)
        if n > _MOST_ORBITALS:
            raise TooLargeError(
                f"expected at most {_MOST_ORBITALS} orbitals, got {n}",
                hint="take fewer active orbitals",
            )
        # strings of one spin alone: there is nothing to select from pairs of them
        if not all(spins):
            return replace(
                diagonalised("selected-ci", molecule, 1, seed, began, None), energies_hartree=()
            )
        for penalty in _PENALTIES_HARTREE:
            solver = fci.selected_ci.SCI()
            if penalty:
                fci.addons.fix_spin_(solver, shift=penalty, ss=square)
            solver.select_cutoff, solver.ci_coeff_cutoff = (
                self.select_cutoff,
                self.coefficient_cutoff,
            )
            solver.conv_tol, solver.max_cycle = 1e-10, 200
            with lib.with_omp_threads(1):
                energy, vector = solver.kernel(h1, h2, n, spins)
                found = float(solver.spin_square(vector, n, spins)[0])
            energy = float(energy) - penalty * (found - square)
            if abs(found - square) < _PURE:
                break
        return Energy(
            method="selected-ci",
            energy_hartree=energy + surcharge_hartree(found, molecule) + molecule.core_hartree,
            variational=True,
            converged=bool(solver.converged),
            evaluations=1,
            wall_s={"selecting and diagonalising": time.perf_counter() - began},
            seed=seed,
            spin_squared=found,
            info={
                "determinants": int(vector.size),
                "alpha_strings": int(vector.shape[0]),
                "beta_strings": int(vector.shape[1]),
            },
        )
