"""An active space by natural occupation: the orbitals whose occupation in MP2 is farthest from two or none.

The occupied and the empty orbitals are rotated among themselves, so that the determinant of Hartree-Fock stays the reference
(Jensen, Jørgensen, Ågren, Olsen 1988, JCP 88:3834).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qtwin.errors import InputError
from qtwin.problem.molecule.active_space import ActiveSpace, assembled
from qtwin.problem.molecule.mean_field import ConvergenceError, MeanField, pyscf_mean_field
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.pyscf_access import pyscf_molecule, threads


def natural_orbitals(
    molecule: Molecule,
    field: MeanField,
    *,
    electrons: int | None = None,
    orbitals: int | None = None,
    cutoff: float = 0.02,
    frozen: int = 0,
) -> ActiveSpace:
    """By MP2 occupations.

    Args:
        molecule: What.
        field: Its mean field.
        electrons: Active; None for all orbitals with occupations between `cutoff` and 2 - `cutoff`.
        orbitals: The same.
        cutoff: See there.
        frozen: Core orbitals that stay out of MP2 and of the active space.

    Raises:
        InputError: for impossible sizes, or when no orbital lies between the cutoffs.
    """
    with threads(field.n_orbitals):
        density = _density(molecule, field, frozen)
    overlap = pyscf_molecule(molecule).intor_symmetric("int1e_ovlp")

    def rotated(block: Any) -> tuple[Any, Any]:
        occupation, turn = np.linalg.eigh(block.T @ overlap @ density @ overlap @ block)
        return occupation, block @ turn

    doubly = np.flatnonzero(field.occupations == 2.0)
    n_occupied, occupied = rotated(field.orbitals[:, doubly[frozen:]])  # rising: the least occupied first
    n_empty, empty = rotated(field.orbitals[:, field.occupations == 0.0])
    n_empty, empty = n_empty[::-1], empty[:, ::-1]
    unpaired = int((field.occupations == 1.0).sum())
    if electrons is None or orbitals is None:
        pairs, rest = int((n_occupied < 2.0 - cutoff).sum()), int((n_empty > cutoff).sum())
        electrons, orbitals = 2 * pairs + unpaired, pairs + unpaired + rest
        if orbitals == 0 or electrons == 0:
            raise InputError(
                f"no natural orbital has an occupation between {cutoff} and {2 - cutoff}",
                hint="lower occupation_cutoff, or give active_electrons and active_orbitals",
            )
        words = f"MP2 natural orbitals with occupations between {cutoff:g} and {2 - cutoff:g}"
    else:
        words = "MP2 natural orbitals with the most fractional occupations"
    occupied = np.hstack([occupied, field.orbitals[:, doubly[:frozen]]])
    return assembled(field, electrons, orbitals, occupied, empty, words=words)


def _density(molecule: Molecule, field: MeanField, frozen: int) -> Any:
    """(n_basis, n_basis) total one-particle density of MP2, in atomic orbitals."""
    from pyscf import mp

    reference = pyscf_mean_field(molecule, field)
    if molecule.multiplicity == 1:
        found = mp.MP2(reference, frozen=frozen or None).run()
        return found.make_rdm1(ao_repr=True)
    unrestricted = reference.to_uhf()
    unrestricted.kernel(dm0=unrestricted.make_rdm1())
    if not unrestricted.converged:
        raise ConvergenceError(
            "unrestricted Hartree-Fock, from which natural orbitals of an open shell are made, did not converge",
            hint="take another active_space",
        )
    alpha, beta = mp.MP2(unrestricted, frozen=frozen or None).run().make_rdm1(ao_repr=True)
    return alpha + beta
