"""Exact diagonalisation of the active space (CASCI) or the whole molecule (FCI): Knowles, Handy
1984, Chem Phys Lett 111:315.

Only states of the multiplicity that was asked for count. Small spaces are diagonalised within the
eigenvectors of S^2; in large ones Davidson's method runs on H, and where it finds another spin,
again on H with a penalty on S^2.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.mean_field import ConvergenceError
from qtwin.chemistry.method.base import Electrons, Energy, EnergyMethod
from qtwin.chemistry.method.spin import n_states as n_of_this_spin
from qtwin.chemistry.method.spin import wanted
from qtwin.chemistry.method.whole_molecule import whole_molecule
from qtwin.chemistry.molecule import require_fits
from qtwin.chemistry.problem import MolecularProblem
from qtwin.errors import InputError
from qtwin.solver.base import SolverInfo

_ONE_THREAD_BELOW = 50_000
_DENSE = 400
_PENALTIES_HARTREE = (0.0, 0.5, 2.0, 8.0)
_PURE = 1e-4
_NOISE = 1e-2
"""Of the first vectors: they must not be orthogonal to the ground state by symmetry."""
Floats = NDArray[np.float64]


def diagonalised(
    name: str,
    electrons: Electrons,
    n_states: int,
    seed: int,
    began: float,
    memory_bytes: int | None,
) -> Energy:
    """The lowest states of the multiplicity that was asked for, with what the ground state tells of
    its character.

    Raises:
        TooLargeError: when the determinants do not fit into memory.
        InputError: for more states than there are of this multiplicity.
        ConvergenceError: when no state of this multiplicity was found.
    """
    from pyscf import fci, lib

    # of a molecule nothing is transformed before the size is known
    n = (
        electrons.space.n_orbitals
        if isinstance(electrons, MolecularProblem)
        else len(electrons.h1_hartree)
    )
    spins = electrons.n_alpha, electrons.n_beta
    size = require_fits(n, *spins, what=name, limit_bytes=memory_bytes)
    there = n_of_this_spin(n, electrons)
    if n_states > there:
        raise InputError(
            f"expected at most {there:,} states of multiplicity {spins[0] - spins[1] + 1} "
            f"in {size:,} determinants,"
            f" got {n_states}",
            hint="ask for fewer states",
        )
    h1, h2 = electrons.h1_hartree, electrons.h2_hartree  # made when first asked for
    transformed = time.perf_counter()
    with lib.with_omp_threads(1 if size < _ONE_THREAD_BELOW else None):
        solve = _by_projection if size <= _DENSE else _by_davidson
        found, vectors, converged = solve(h1, h2, spins, n_states, electrons, seed)
        shape = fci.cistring.num_strings(n, spins[0]), fci.cistring.num_strings(n, spins[1])
        squares = [float(fci.spin_op.spin_square(v.reshape(shape), n, spins)[0]) for v in vectors]
        character = _character(vectors[0].reshape(shape), n, spins)
    found = found + electrons.core_hartree
    return Energy(
        method=name,
        energy_hartree=float(found[0]),
        variational=True,
        converged=converged,
        spin_squared=max(squares, key=lambda each: abs(each - wanted(electrons))),
        energies_hartree=tuple(float(e) for e in found),
        evaluations=1,
        wall_s={
            "integrals": transformed - began,
            "diagonalising": time.perf_counter() - transformed,
        },
        seed=seed,
        info={"determinants": size} | character,
    )


def _by_projection(
    h1: Floats, h2: Floats, spins: tuple[int, int], n_states: int, electrons: Electrons, seed: int
) -> tuple[Floats, list[Floats], bool]:
    """The lowest eigenvalues and eigenvectors of H among the eigenvectors of S^2, all of them from
    full matrices.
    """
    from pyscf import fci

    n = len(h1)
    diagonal = fci.direct_spin1.make_hdiag(h1, h2, n, spins)
    order, dense = fci.direct_spin1.pspace(h1, h2, n, spins, diagonal, len(diagonal))
    hamiltonian = np.empty_like(dense)
    hamiltonian[np.ix_(order, order)] = dense
    raised = _raising(n, spins)
    values, basis = np.linalg.eigh(raised.T @ raised)  # S- S+ = S^2 - s (s + 1)
    own = basis[:, np.abs(values) < 1e-6]
    energies, turn = np.linalg.eigh(own.T @ hamiltonian @ own)
    return energies[:n_states], list((own @ turn[:, :n_states]).T), True


def _raising(n: int, spins: tuple[int, int]) -> Floats:
    """S+ = sum_p a+_p,up a_p,down from the determinants of these electrons to those with one more
    up; (1, d) zeros if none.

    Its sign is that of electrons of each spin counted by themselves: the same for all determinants,
    it drops out of S- S+.
    """
    from pyscf import fci

    def moves(table: Any, electrons: int, out: int, column: int) -> list[Floats]:
        found = np.zeros((n, out, fci.cistring.num_strings(n, electrons)))
        for source, row in enumerate(table(range(n), electrons)):
            found[row[:, column], row[:, 2], source] = row[:, 3]
        return list(found)

    up, down = spins
    if down == 0 or up == n:
        return np.zeros((1, fci.cistring.num_strings(n, up) * fci.cistring.num_strings(n, down)))
    more, fewer = fci.cistring.num_strings(n, up + 1), fci.cistring.num_strings(n, down - 1)
    created = moves(fci.cistring.gen_cre_str_index, up, more, 0)
    destroyed = moves(fci.cistring.gen_des_str_index, down, fewer, 1)
    return np.asarray(
        sum(np.kron(c, d) for c, d in zip(created, destroyed, strict=True)), dtype=np.float64
    )


def _by_davidson(
    h1: Floats, h2: Floats, spins: tuple[int, int], n_states: int, electrons: Electrons, seed: int
) -> tuple[Floats, list[Floats], bool]:
    """Davidson's method, with a penalty on S^2 that rises until the lowest states have the right
    spin.
    """
    from pyscf import fci

    n = len(h1)
    diagonal = fci.direct_spin1.make_hdiag(h1, h2, n, spins)
    lowest = np.argpartition(diagonal, n_states)[: n_states + 1]
    rng = np.random.default_rng(seed)
    for penalty in _PENALTIES_HARTREE:
        solver = fci.direct_spin1.FCI()
        if penalty:
            fci.addons.fix_spin_(solver, shift=penalty, ss=wanted(electrons))
        solver.conv_tol, solver.max_cycle, solver.pspace_size = 1e-12, 300, 0
        start = [
            _NOISE * rng.normal(size=len(diagonal)) / np.sqrt(len(diagonal))
            for _ in range(n_states)
        ]
        for vector, place in zip(start, lowest[np.argsort(diagonal[lowest])], strict=False):
            vector[place] += 1.0
        energies, vectors = solver.kernel(h1, h2, n, spins, ci0=start, nroots=n_states)
        kept = [vectors] if n_states == 1 else list(vectors)
        squares = [float(fci.spin_op.spin_square(v, n, spins)[0]) for v in kept]
        if all(abs(each - wanted(electrons)) < _PURE for each in squares):
            order = np.argsort(np.atleast_1d(energies))
            return (
                np.atleast_1d(energies)[order],
                [kept[k] for k in order],
                bool(np.all(solver.converged)),
            )
    values = ", ".join(f"{each:.3f}" for each in squares)
    raise ConvergenceError(
        f"expected S^2 = {wanted(electrons):g}, got {values} from the states found",
        hint="take a smaller active space",
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


@dataclass(kw_only=True, eq=False)
class Diagonalisation(EnergyMethod):
    """Exact diagonalisation among determinants.

    Args:
        states: How many of the lowest, of the molecule's multiplicity.
    """

    states: int = 1

    def __post_init__(self) -> None:
        if self.states < 1:
            raise InputError(
                f"expected states of at least 1, got {self.states}", hint="1 is the ground state"
            )


def _card(name: str, summary: str, guarantee: str) -> SolverInfo:
    return SolverInfo(
        name=name,
        summary=summary,
        kind="classical",
        guarantee=guarantee,
        citation="Knowles, Handy 1984, Chem Phys Lett 111:315",
        max_variables=32,
        vendor=("pyscf", "pyscf"),
    )


@final
class Casci(Diagonalisation):
    """All determinants of the active space; options as in `Diagonalisation`."""

    @classmethod
    def card(cls) -> SolverInfo:
        return _card(
            "casci",
            "exact diagonalisation of the active space",
            "the exact energy of the active space",
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        began = time.perf_counter()
        return diagonalised(
            "casci", molecule, self.states, seed, began, getattr(molecule, "memory_bytes", None)
        )


@final
class Fci(Diagonalisation):
    """All determinants of the whole molecule; frozen cores stay frozen.

    Options as in `Diagonalisation`.
    """

    @classmethod
    def card(cls) -> SolverInfo:
        return _card(
            "fci",
            "exact diagonalisation of the whole molecule in its basis",
            "the exact energy in this basis",
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        began = time.perf_counter()
        problem: MolecularProblem = whole_molecule("fci", molecule).whole
        return diagonalised("fci", problem, self.states, seed, began, problem.memory_bytes)
