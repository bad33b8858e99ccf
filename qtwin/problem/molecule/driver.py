"""Where PySCF objects are made; they never leave this room and the classical solvers of molecules."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from qtwin.problem.molecule.basis import core_potentials, functions
from qtwin.problem.molecule.molecule import Molecule

_THREADED_FROM = 60


def threads(n_orbitals: int) -> AbstractContextManager[Any]:
    """One thread for small problems, where PySCF's threads only wait for each other; else all of them."""
    from pyscf import lib

    found: AbstractContextManager[Any] = lib.with_omp_threads(1 if n_orbitals < _THREADED_FROM else None)
    return found


def pyscf_molecule(molecule: Molecule) -> Any:
    """PySCF's `Mole`, without point-group symmetry, silent; basis sets that come with a core potential get it."""
    from pyscf import gto

    atoms = [
        (f"ghost-{s}" if k in molecule.ghosts else s, tuple(x))
        for k, (s, x) in enumerate(zip(molecule.symbols, molecule.coordinates_angstrom, strict=True))
    ]
    real = {s for k, s in enumerate(molecule.symbols) if k not in molecule.ghosts}
    lent = {molecule.symbols[k] for k in molecule.ghosts}
    held = functions(molecule.basis, real | lent)
    kinds = {s: held[s] for s in real} | {f"ghost-{s}": held[s] for s in lent}
    return gto.M(
        atom=atoms,
        unit="Angstrom",
        basis=kinds,
        ecp=core_potentials(molecule.basis, real),
        charge=molecule.charge,
        spin=molecule.multiplicity - 1,
        symmetry=False,
        verbose=0,
    )
