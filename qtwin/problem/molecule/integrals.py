"""Integrals of an active space: the frozen core becomes an energy and a field.

E_core = E_nuclei + sum_i (h_ii + F_ii),   h_eff = h + sum_i (2 J_i - K_i),   (pq|rs) of the active orbitals
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.problem.molecule.active_space import ActiveSpace
from qtwin.problem.molecule.driver import pyscf_molecule
from qtwin.problem.molecule.molecule import Molecule

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Integrals:
    """What a method needs of an active space.

    Attributes:
        core_hartree: Energy of nuclei and frozen electrons.
        h1_hartree: (n, n).
        h2_hartree: (n, n, n, n) chemists' order (pq|rs).
    """

    core_hartree: float
    h1_hartree: Floats
    h2_hartree: Floats


def integrals(molecule: Molecule, space: ActiveSpace) -> Integrals:
    """Transform them out of the basis."""
    from pyscf import ao2mo, scf

    mole = pyscf_molecule(molecule)
    hcore = scf.hf.get_hcore(mole)
    core, inactive = float(mole.energy_nuc()), hcore
    if space.core.shape[1]:
        density = 2.0 * space.core @ space.core.T
        coulomb, exchange = scf.hf.get_jk(mole, density)
        mean = coulomb - 0.5 * exchange
        inactive = hcore + mean
        core += float(np.einsum("pq,pq->", density, hcore + 0.5 * mean))
    h1 = space.orbitals.T @ inactive @ space.orbitals
    h2 = np.asarray(ao2mo.restore(1, ao2mo.kernel(mole, space.orbitals), space.n_orbitals), dtype=np.float64)
    h1 = np.ascontiguousarray(0.5 * (h1 + h1.T))
    h1.flags.writeable = h2.flags.writeable = False
    return Integrals(core_hartree=core, h1_hartree=h1, h2_hartree=h2)
