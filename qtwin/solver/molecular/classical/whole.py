"""What methods of the whole molecule share: they need more than integrals, and say so."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtwin.errors import InputError
from qtwin.problem.molecule.mean_field import ConvergenceError, pyscf_mean_field
from qtwin.problem.molecule.problem import MolecularProblem
from qtwin.solver.molecular.base import Electrons

NAMES = frozenset({"hf", "mp2", "ccsd", "ccsd(t)", "fci"})
"""Methods that treat all electrons of a molecule; every other one treats the active space."""


def whole_molecule(name: str, molecule: Electrons) -> MolecularProblem:
    """The molecule behind the electrons.

    Raises:
        InputError: when integrals came alone.
    """
    if not isinstance(molecule, MolecularProblem):
        raise InputError(
            f"{name} needs the whole molecule, integrals of an active space came", hint=f"take active-{name}, or pose a molecule"
        )
    return molecule


def reference(problem: MolecularProblem) -> tuple[Any, str]:
    """The converged field that correlated methods start from: restricted for closed shells, else unrestricted.

    Raises:
        ConvergenceError: when the unrestricted field of an open shell does not converge.
    """
    from pyscf import scf

    field = pyscf_mean_field(problem.molecule, problem.mean_field)
    if problem.molecule.multiplicity == 1:
        return field, "RHF"
    unrestricted = scf.uhf.UHF(field.mol)
    unrestricted.conv_tol, unrestricted.max_cycle = 1e-10, 200
    occupations = problem.mean_field.occupations
    held = [problem.mean_field.orbitals[:, occupations > least] for least in (0.0, 1.0)]
    unrestricted.kernel(dm0=np.array([orbitals @ orbitals.T for orbitals in held]))
    if not unrestricted.converged:
        unrestricted = unrestricted.newton().run()
    if not unrestricted.converged:
        raise ConvergenceError("unrestricted Hartree-Fock of an open shell did not converge", hint="correlated methods need it")
    return unrestricted, "UHF"


def correlates(occupations: Any, frozen: int) -> bool:
    """Whether at least two electrons outside the frozen orbitals have somewhere to go, of (n,) or (2, n) occupations."""
    spins = np.atleast_2d(occupations)
    electrons = float(spins.sum()) - 2 * frozen
    return electrons > 1 and bool((spins == 0).any())


def spin_squared(field: Any) -> float:
    """<S^2> of a field."""
    return float(field.spin_square()[0])
