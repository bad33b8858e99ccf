"""Restricted Hartree-Fock, closed or open shell, converged by a ladder of means, or refused; in
vacuum or in a continuum.

The continuum is the conductor-like screening model on van der Waals cavities (ddCOSMO; Cancès,
Maday, Stamm 2013, JCP 139:054111); dielectric constants of 4 stand for the inside of a protein,
78.4 for water.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.pyscf_access import pyscf_molecule, threads
from qtwin.errors import InputError, QtwinError

Floats = NDArray[np.float64]
TOLERANCE_HARTREE = 1e-10
_STABILITY_ORBITALS = 60
_STABILITY_ROUNDS = 4


class ConvergenceError(QtwinError):
    """A self-consistent field that did not converge by any means; nothing is computed from it (exit
    code 1).
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanField:
    """A converged mean field.

    Attributes:
        energy_hartree: Total, nuclei included.
        nuclear_hartree: Repulsion of the nuclei.
        orbitals: (n_basis, n) real coefficients of the canonical orbitals.
        orbital_energies_hartree: (n,).
        occupations: (n,) 2, 1 or 0.
        history: What was tried, in order, and how each ended.
        stable: Whether no rotation among real orbitals of this kind lowers the energy; None when
            not examined.
        wall_s: Seconds of all attempts, without the examination.
    """

    energy_hartree: float
    nuclear_hartree: float
    orbitals: Floats
    orbital_energies_hartree: Floats
    occupations: Floats
    history: tuple[str, ...]
    stable: bool | None
    wall_s: float

    @property
    def n_electrons(self) -> int:
        """Electrons that the basis describes (core potentials stand for the others)."""
        return round(float(self.occupations.sum()))

    @property
    def n_orbitals(self) -> int:
        """Molecular orbitals."""
        return self.orbitals.shape[1]


def mean_field(
    molecule: Molecule,
    *,
    iterations: int = 100,
    stability: bool = True,
    follow: bool = False,
    limit_s: float | None = None,
) -> MeanField:
    """Converge restricted Hartree-Fock (ROHF where spins are unpaired).

    DIIS first; then a level shift of 0.3 hartree with damping; then second-order steps (Sun 2016,
    arXiv:1610.08423). Where the converged field is a saddle (Seeger, Pople 1977, JCP 66:3045), the
    field below it is converged too, and the history says so; if a lower field has the symmetry of
    the molecule, as where two degenerate orbitals hold one pair, that one is taken.

    Args:
        molecule: What.
        iterations: Of each attempt.
        stability: Examine the result, up to 60 orbitals.
        limit_s: Examine it only while a third of this time is used.
        follow: Take the field below a saddle. It often breaks the symmetry of the molecule, so that
            curves jump.

    Raises:
        ConvergenceError: when none of these converged, with the energies that were reached.
    """
    from pyscf import scf

    mole = pyscf_molecule(molecule)
    make = scf.RHF if molecule.multiplicity == 1 else scf.ROHF
    history: list[str] = []
    began = time.perf_counter()
    with threads(mole.nao):
        found = _first_converged(lambda: make(mole), iterations, history)
        wall_s = time.perf_counter() - began
        stable: bool | None = None
        examined = stability and (limit_s is None or wall_s < limit_s / 3.0)
        if (
            found is not None
            and examined
            and mole.nao <= _STABILITY_ORBITALS
            and mole.nelectron > 1
        ):
            lower, stable = _stabilised(found, make, mole, iterations, history)
            if stable is not True:
                found = (
                    lower if follow else _of_the_point_group(found, make, mole, iterations, history)
                )
    if found is None:
        raise ConvergenceError(
            f"Hartree-Fock of {molecule.name or molecule.formula} did not converge in "
            f"{iterations} iterations:"
            f" {'; '.join(history)}",
            hint="check geometry, charge and multiplicity; try a smaller basis, or raise "
            "scf_iterations; nothing was computed",
        )
    return MeanField(
        energy_hartree=float(found.e_tot),
        nuclear_hartree=float(mole.energy_nuc()),
        orbitals=np.array(found.mo_coeff, dtype=np.float64),
        orbital_energies_hartree=np.array(found.mo_energy, dtype=np.float64),
        occupations=np.array(found.mo_occ, dtype=np.float64),
        history=tuple(history),
        stable=stable,
        wall_s=wall_s,
    )


def _first_converged(make: Callable[[], Any], iterations: int, history: list[str]) -> Any | None:
    """DIIS, then a level shift, then second order, each from where the one before ended."""
    density = None
    for name in ("DIIS", "level shift 0.3 hartree", "second order"):
        field = make()
        field.conv_tol, field.max_cycle = TOLERANCE_HARTREE, iterations
        if name.startswith("level"):
            field.level_shift, field.damp = 0.3, 0.3
        if name.startswith("second"):
            field = field.newton()
            field.conv_tol, field.max_cycle = TOLERANCE_HARTREE, iterations
        field.kernel(dm0=density)
        finite = np.isfinite(field.e_tot)
        history.append(
            f"{name} "
            f"{'converged to' if field.converged and finite else 'did not converge, ended at'} "
            f"{field.e_tot:.8f} hartree"
        )
        if field.converged and finite:
            if name != "DIIS":  # orbital energies without shift, in the plain object
                plain = make()
                plain.mo_coeff, plain.mo_occ, plain.mo_energy = (
                    field.mo_coeff,
                    field.mo_occ,
                    field.mo_energy,
                )
                plain.conv_tol, plain.max_cycle = TOLERANCE_HARTREE, iterations
                plain.kernel(dm0=field.make_rdm1())
                if plain.converged:
                    return plain
                plain.e_tot, plain.converged = field.e_tot, True
                plain.mo_coeff, plain.mo_occ = field.mo_coeff, field.mo_occ
                plain.mo_energy, plain.mo_coeff = plain.canonicalize(field.mo_coeff, field.mo_occ)
                return plain
            return field
        density = field.make_rdm1() if finite else None
    return None


def _stabilised(
    found: Any, make: Callable[[Any], Any], mole: Any, iterations: int, history: list[str]
) -> tuple[Any, bool | None]:
    """The lowest field along unstable directions, and whether the first one was stable."""
    first = True
    for _ in range(_STABILITY_ROUNDS):
        try:
            orbitals, _, stable, _ = found.stability(
                internal=True, external=False, return_status=True
            )
        # an examination that fails is reported, and is no reason to stop
        except Exception as error:
            history.append(f"stability could not be examined ({type(error).__name__})")
            return found, None if first else False
        if stable:
            return found, first
        first = False
        other = make(mole).newton()
        other.conv_tol, other.max_cycle = TOLERANCE_HARTREE, iterations
        other.kernel(orbitals, found.mo_occ)
        if not other.converged or other.e_tot > found.e_tot - 1e-7:
            history.append("unstable, and no lower field was found along the unstable direction")
            return found, False
        history.append(f"unstable: a saddle; along it the field falls to {other.e_tot:.8f} hartree")
        plain = make(mole)
        plain.converged, plain.e_tot, plain.mo_occ = True, other.e_tot, other.mo_occ
        plain.mo_energy, plain.mo_coeff = plain.canonicalize(other.mo_coeff, other.mo_occ)
        found = plain
    return found, False


def _of_the_point_group(
    found: Any, make: Callable[[Any], Any], mole: Any, iterations: int, history: list[str]
) -> Any:
    """The field whose orbitals belong to the point group each, if it is lower: it is no broken
    symmetry.
    """
    grouped = mole.copy()
    grouped.symmetry = True
    grouped.build(dump_input=False, parse_arg=False)
    if not np.allclose(grouped.atom_coords(), mole.atom_coords()):
        return found
    start = make(grouped)
    start.conv_tol, start.max_cycle = TOLERANCE_HARTREE, iterations
    start.kernel()
    plain = make(mole)
    plain.conv_tol, plain.max_cycle = TOLERANCE_HARTREE, iterations
    plain.kernel(dm0=start.make_rdm1())
    # degenerate orbitals mixed anew, as of atoms far apart
    if start.converged and plain.e_tot > start.e_tot + 1e-7:
        plain.e_tot, plain.converged, plain.mo_occ = start.e_tot, True, np.array(start.mo_occ)
        plain.mo_coeff, plain.mo_energy = np.array(start.mo_coeff), np.array(start.mo_energy)
    if not (start.converged and plain.converged and plain.e_tot < found.e_tot - 1e-7):
        return found
    history.append(
        f"in the point group {grouped.groupname} converged to {plain.e_tot:.8f} hartree, "
        "which is lower and was taken"
    )
    return plain


def pyscf_mean_field(molecule: Molecule, field: MeanField) -> Any:
    """A converged restricted mean field, put back from its orbitals without iterating."""
    from pyscf import scf

    mole = pyscf_molecule(molecule)
    found = (scf.RHF if molecule.multiplicity == 1 else scf.ROHF)(mole)
    found.mo_coeff = np.array(field.orbitals)
    found.mo_occ = np.array(field.occupations)
    found.mo_energy = np.array(field.orbital_energies_hartree)
    found.e_tot = field.energy_hartree
    found.converged = True
    return found


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
        raise InputError(
            f"got a dielectric constant of {dielectric}", hint="4 for a protein, 78.4 for water"
        )
    if molecule.ghosts:
        raise InputError(
            "expected a molecule without ghosts, got one with them",
            hint="parts in a continuum stand in their own basis",
        )
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
            f"Hartree-Fock of {molecule.name or molecule.formula} in a continuum of "
            f"{dielectric} did not converge",
            hint="raise scf_iterations",
        )
    return Solvation(
        dielectric=dielectric,
        energy_hartree=float(wet.e_tot) - field.energy_hartree,
        wall_s=time.perf_counter() - began,
    )
