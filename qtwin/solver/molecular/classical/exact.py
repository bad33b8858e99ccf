"""Exact diagonalisation of the active space (CASCI) or the whole molecule (FCI): Knowles, Handy 1984, Chem Phys Lett 111:315."""

from __future__ import annotations

import time
from typing import Any, final

import numpy as np

from qtwin.errors import InputError
from qtwin.problem.molecule.memory import require_fits
from qtwin.problem.molecule.problem import MolecularProblem
from qtwin.solver.base import Card
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod
from qtwin.solver.molecular.classical.whole import whole_molecule

_ONE_THREAD_BELOW = 50_000


def diagonalised(name: str, electrons: Electrons, n_states: int, seed: int, began: float, memory_bytes: int | None) -> Energy:
    """The lowest states of the electrons' spin projection, with what the ground state tells of its character."""
    from pyscf import fci, lib

    n, spins = len(electrons.h1_hartree), (electrons.n_alpha, electrons.n_beta)
    size = require_fits(n, *spins, what=name, limit_bytes=memory_bytes)
    if n_states > size:
        raise InputError(f"{n_states} states came, the active space has {size:,} determinants", hint="ask for fewer states")
    transformed = time.perf_counter()
    solver = fci.direct_spin1.FCI()
    solver.conv_tol, solver.max_cycle, solver.pspace_size = 1e-12, 300, 400
    with lib.with_omp_threads(1 if size < _ONE_THREAD_BELOW else None):
        energies, vectors = solver.kernel(electrons.h1_hartree, electrons.h2_hartree, n, spins, nroots=n_states)
        ground = vectors[0] if n_states > 1 else vectors
        character = _character(ground, n, spins)
    found = np.sort(np.atleast_1d(energies)) + electrons.core_hartree
    return Energy(
        method=name,
        energy_hartree=float(found[0]),
        variational=True,
        converged=bool(np.all(solver.converged)),
        energies_hartree=tuple(float(e) for e in found),
        evaluations=1,
        wall_s={"integrals": transformed - began, "diagonalising": time.perf_counter() - transformed},
        seed=seed,
        info={"determinants": size} | character,
    )


def _character(ground: Any, n: int, spins: tuple[int, int]) -> dict[str, Any]:
    """Leading weight, natural occupations and spin of a state."""
    from pyscf import fci

    occupations = np.sort(np.linalg.eigvalsh(fci.direct_spin1.make_rdm1(ground, n, spins)))[::-1]
    return {
        "leading_weight": float(np.abs(ground).max() ** 2),
        "natural_occupations": occupations.tolist(),
        "largest_occupation_deviation": float(np.minimum(occupations, 2.0 - occupations).max()),
        "spin_squared": float(fci.spin_op.spin_square(ground, n, spins)[0]),
    }


def _check(states: int) -> None:
    if states < 1:
        raise InputError(f"states = {states} came, at least 1 was wanted", hint="1 is the ground state")


@final
class Casci(EnergyMethod):
    """All determinants of the active space.

    Args:
        states: How many of the lowest.
    """

    def __init__(self, *, states: int = 1) -> None:
        _check(states)
        self.states = states

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="casci",
            summary="exact diagonalisation of the active space",
            kind="classical",
            guarantee="the exact energy of the active space",
            citation="Knowles, Handy 1984, Chem Phys Lett 111:315",
            max_variables=32,
            vendor=("pyscf", "pyscf"),
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        began = time.perf_counter()
        return diagonalised("casci", molecule, self.states, seed, began, getattr(molecule, "memory_bytes", None))


@final
class Fci(EnergyMethod):
    """All determinants of the whole molecule; frozen cores stay frozen.

    Args:
        states: How many of the lowest.
    """

    def __init__(self, *, states: int = 1) -> None:
        _check(states)
        self.states = states

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="fci",
            summary="exact diagonalisation of the whole molecule in its basis",
            kind="classical",
            guarantee="the exact energy in this basis",
            citation="Knowles, Handy 1984, Chem Phys Lett 111:315",
            max_variables=32,
            vendor=("pyscf", "pyscf"),
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        began = time.perf_counter()
        problem: MolecularProblem = whole_molecule("fci", molecule).whole
        return diagonalised("fci", problem, self.states, seed, began, problem.memory_bytes)
