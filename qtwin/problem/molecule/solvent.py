"""What a polarisable surrounding changes: the conductor-like screening model on van der Waals cavities (ddCOSMO).

Cancès, Maday, Stamm 2013, JCP 139:054111; dielectric constants of 4 stand for the inside of a protein, 78.4 for water.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from qtwin.errors import InputError
from qtwin.problem.molecule.driver import threads
from qtwin.problem.molecule.mean_field import ConvergenceError, mean_field, pyscf_mean_field
from qtwin.problem.molecule.molecule import Molecule

PROTEIN = 4.0


@dataclass(frozen=True, kw_only=True)
class Solvation:
    """Energy in the continuum less that in vacuum, at Hartree-Fock, in hartree; and its seconds."""

    dielectric: float
    energy_hartree: float
    wall_s: float


def solvation(molecule: Molecule, dielectric: float, *, iterations: int = 100) -> Solvation:
    """Converge Hartree-Fock in vacuum and in the continuum.

    Args:
        molecule: Without ghosts: a cavity needs nuclei.
        dielectric: Relative, above 1.
        iterations: Of each field.

    Raises:
        InputError: for a dielectric constant below 1, or ghosts.
        ConvergenceError: when either field does not converge.
    """
    if not 1.0 < dielectric < 1e6:
        raise InputError(f"a dielectric constant of {dielectric} came", hint="4 for a protein, 78.4 for water")
    if molecule.ghosts:
        raise InputError("a molecule with ghosts came", hint="parts in a continuum stand in their own basis")
    began = time.perf_counter()
    field = mean_field(molecule, iterations=iterations, stability=False)
    with threads(field.n_orbitals):
        vacuum = pyscf_mean_field(molecule, field)
        wet = vacuum.ddCOSMO()
        wet.with_solvent.eps = dielectric
        wet.with_solvent.verbose = 0
        wet.conv_tol, wet.max_cycle = 1e-9, iterations
        wet.kernel(dm0=vacuum.make_rdm1())
    if not wet.converged:
        raise ConvergenceError(
            f"Hartree-Fock of {molecule.name or molecule.formula} in a continuum of {dielectric} did not converge",
            hint="raise scf_iterations",
        )
    return Solvation(
        dielectric=dielectric, energy_hartree=float(wet.e_tot) - field.energy_hartree, wall_s=time.perf_counter() - began
    )
