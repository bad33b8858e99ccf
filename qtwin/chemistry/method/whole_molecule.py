"""Methods on all orbitals: Hartree-Fock, MP2, CCSD and CCSD(T)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final
from weakref import WeakKeyDictionary

import numpy as np

from qtwin.chemistry.mean_field import ConvergenceError, pyscf_mean_field
from qtwin.chemistry.method.base import Electrons, Energy, EnergyMethod
from qtwin.chemistry.method.spin import wanted
from qtwin.chemistry.molecule import require_amplitudes_fit
from qtwin.chemistry.problem import MolecularProblem
from qtwin.chemistry.pyscf_access import threads
from qtwin.errors import InputError
from qtwin.solver.base import SolverInfo

NAMES = frozenset({"hf", "mp2", "ccsd", "ccsd(t)", "fci"})
"""Methods that treat all electrons of a molecule; every other one treats the active space."""


def whole_molecule(name: str, molecule: Electrons) -> MolecularProblem:
    """The molecule behind the electrons.

    Raises:
        InputError: when there are integrals alone.
    """
    if not isinstance(molecule, MolecularProblem):
        raise InputError(
            f"expected the whole molecule for {name}, got integrals of an active space",
            hint=f"take active-{name}, or pose a molecule",
        )
    return molecule


def reference(problem: MolecularProblem) -> tuple[Any, str]:
    """The converged field that correlated methods start from: restricted for closed shells, else
    unrestricted.

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
        raise ConvergenceError(
            "unrestricted Hartree-Fock of an open shell did not converge",
            hint="correlated methods need it",
        )
    return unrestricted, "UHF"


def correlates(occupations: Any, frozen: int) -> bool:
    """Whether at least two electrons outside the frozen orbitals have somewhere to go, of (n,) or
    (2, n) occupations.
    """
    spins = np.atleast_2d(occupations)
    electrons = float(spins.sum()) - 2 * frozen
    return electrons > 1 and bool((spins == 0).any())


def spin_squared(field: Any) -> float:
    """<S^2> of a field."""
    return float(field.spin_square()[0])


# Hartree-Fock, restricted: the energy without correlation, below which every other method begins.


@final
class HartreeFock(EnergyMethod):
    """The mean field of the problem itself; its time is that of converging it."""

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="hf",
            summary="restricted Hartree-Fock (ROHF for open shells): no correlation, the baseline "
            "of all others",
            kind="null",
            guarantee="never below the exact energy in this basis",
            citation="Roothaan 1951, Rev Mod Phys 23:69",
            max_variables=2000,
            vendor=("pyscf", "pyscf"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        problem = whole_molecule("hf", molecule)
        field = problem.mean_field
        return Energy(
            method="hf",
            energy_hartree=field.energy_hartree,
            variational=True,
            converged=True,
            evaluations=len(field.history),
            wall_s={"self-consistent field": field.wall_s},
            seed=seed,
            # restricted orbitals, unpaired spins all up: an eigenstate of S^2
            spin_squared=wanted(problem),
            info={
                "history": list(field.history),
                "stable": field.stable,
                "basis_functions": len(field.orbitals),
            },
        )


# Second-order perturbation theory (Møller, Plesset 1934, Phys Rev 46:618).


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

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
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
            info={
                "reference": kind,
                "correlation_hartree": correlation,
                "frozen_orbitals": problem.n_frozen,
            },
        )


# Coupled cluster with singles and doubles, and with perturbative triples: what most of chemistry is
# settled with.
#
# CCSD: Purvis, Bartlett 1982, JCP 76:1910. (T): Raghavachari et al. 1989, Chem Phys Lett 157:479.
# The T1 diagnostic is the norm of the singles over the root of the number of correlated electrons;
# above 0.02 one determinant is a doubtful start (Lee, Taylor 1989, IJQC 36:199).


@dataclass(frozen=True, kw_only=True)
class Amplitudes:
    """A CCSD calculation that ended: PySCF's object, its reference, whether it converged, energy,
    T1, <S^2> and seconds.
    """

    solver: Any
    kind: str
    converged: bool
    energy_hartree: float
    t1: float
    spin_squared: float
    wall_s: float


_ENDED: WeakKeyDictionary[MolecularProblem, Amplitudes] = WeakKeyDictionary()
"""CCSD is the first step of CCSD(T): asked for both, it runs once, and its time counts in both."""


def amplitudes(problem: MolecularProblem) -> Amplitudes:
    """CCSD of the whole molecule.

    Raises:
        InputError: when its amplitudes do not fit into memory.
    """
    if problem in _ENDED:
        return _ENDED[problem]
    field = problem.mean_field
    occupied = round(float((field.occupations > 0).sum())) - problem.n_frozen
    require_amplitudes_fit(
        occupied, field.n_orbitals - occupied - problem.n_frozen, limit_bytes=problem.memory_bytes
    )
    with threads(field.n_orbitals):
        ended = run_ccsd(lambda: reference(problem), problem.n_frozen)
    _ENDED[problem] = ended
    return ended


def run_ccsd(begin: Callable[[], tuple[Any, str]], frozen: int) -> Amplitudes:
    """CCSD from a converged field, a second time with damped steps when it does not converge; the
    field where nothing correlates.

    Args:
        begin: Gives the field and its kind; its time counts.
        frozen: Core orbitals.
    """
    from pyscf import cc

    began = time.perf_counter()
    start, kind = begin()
    if not correlates(start.mo_occ, frozen):
        return Amplitudes(
            solver=None,
            kind=kind,
            converged=True,
            energy_hartree=float(start.e_tot),
            t1=0.0,
            spin_squared=float(start.spin_square()[0]),
            wall_s=time.perf_counter() - began,
        )
    found = cc.CCSD(start, frozen=frozen or None)
    found.conv_tol, found.conv_tol_normt, found.max_cycle = 1e-9, 1e-7, 100
    converged = _ends_well(found)
    if not converged:
        found.iterative_damping, found.max_cycle, found.diis_space = 0.6, 300, 12
        converged = _ends_well(found)
    norm = 0.0
    if found.t1 is not None:
        singles = found.t1 if isinstance(found.t1, tuple) else (found.t1, found.t1)
        norm = float(
            np.sqrt(sum((t**2).sum() for t in singles) / max(sum(t.shape[0] for t in singles), 1))
        )
    energy = float(found.e_tot) if found.e_corr is not None else np.nan
    return Amplitudes(
        solver=found,
        kind=kind,
        converged=converged,
        energy_hartree=energy,
        t1=norm,
        spin_squared=projected_spin_squared(found) if converged else np.nan,
        wall_s=time.perf_counter() - began,
    )


def projected_spin_squared(solver: Any) -> float:
    """<Phi|S^2 e^T|Phi>, which is s (s + 1) of an eigenstate of S^2 (Schlegel 1986, JCP 84:4530); 0
    of closed shells.

    With the overlaps S of spin-up orbitals i, a and spin-down orbitals j, b it is that of the
    determinant less sum t_ia S_ij S_aj, the same for j, b, and sum (t_ijab + t_ia t_jb) S_ib S_aj.
    """
    if not isinstance(solver.t1, tuple):
        return 0.0
    (up, down), occupations = solver.mo_coeff, solver.mo_occ
    overlap = up.T @ solver._scf.get_ovlp() @ down
    kept = solver.get_frozen_mask()
    held = [occupied > 0 for occupied in occupations]
    occ = [np.flatnonzero(k & h) for k, h in zip(kept, held, strict=True)]
    empty = [np.flatnonzero(k & ~h) for k, h in zip(kept, held, strict=True)]
    between = overlap[np.ix_(held[0], held[1])]
    n_up, n_down = between.shape
    s = 0.5 * (n_up - n_down)
    value = s * (s + 1.0) + n_down - float((between**2).sum())
    (t_up, t_down), (_, t_mixed, _) = solver.t1, solver.t2
    value -= float(
        np.einsum(
            "ia,ij,aj->", t_up, overlap[np.ix_(occ[0], held[1])], overlap[np.ix_(empty[0], held[1])]
        )
    )
    value -= float(
        np.einsum(
            "jb,ij,ib->",
            t_down,
            overlap[np.ix_(held[0], occ[1])],
            overlap[np.ix_(held[0], empty[1])],
        )
    )
    over_ib, over_aj = overlap[np.ix_(occ[0], empty[1])], overlap[np.ix_(empty[0], occ[1])]
    value -= float(np.einsum("ijab,ib,aj->", t_mixed, over_ib, over_aj, optimize=True))
    return float(value) - float(
        np.einsum("ia,jb,ib,aj->", t_up, t_down, over_ib, over_aj, optimize=True)
    )


def _ends_well(solver: Any) -> bool:
    """Iterate; False when the amplitudes diverge, which PySCF tells in several ways."""
    try:
        with np.errstate(all="ignore"):
            solver.kernel()
    except (np.linalg.LinAlgError, ValueError, FloatingPointError):
        return False
    return bool(solver.converged) and bool(np.isfinite(solver.e_tot))


def _info(problem: MolecularProblem, ended: Amplitudes) -> dict[str, Any]:
    return {
        "reference": ended.kind,
        "t1_diagnostic": ended.t1,
        "correlation_hartree": ended.energy_hartree - problem.mean_field.energy_hartree,
        "frozen_orbitals": problem.n_frozen,
    }


@final
class Ccsd(EnergyMethod):
    """All electrons but frozen cores, on RHF, or on UHF for open shells."""

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="ccsd",
            summary="coupled cluster with singles and doubles, of the whole molecule",
            kind="classical",
            guarantee="none; exact for two electrons, size consistent",
            citation="Purvis, Bartlett 1982, JCP 76:1910",
            max_variables=400,
            vendor=("pyscf", "pyscf"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        problem = whole_molecule("ccsd", molecule)
        ended = amplitudes(problem)
        return Energy(
            method="ccsd",
            energy_hartree=ended.energy_hartree,
            variational=False,
            converged=ended.converged,
            wall_s={"singles and doubles": ended.wall_s},
            seed=seed,
            spin_squared=ended.spin_squared,
            info=_info(problem, ended),
        )


@final
class CcsdT(EnergyMethod):
    """CCSD with perturbative triples."""

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="ccsd(t)",
            summary="coupled cluster with perturbative triples, of the whole molecule: the gold "
            "standard for one determinant",
            kind="classical",
            guarantee="none; about 1 kcal/mol in a large basis where one determinant leads",
            citation="Raghavachari et al. 1989, Chem Phys Lett 157:479",
            max_variables=400,
            vendor=("pyscf", "pyscf"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        problem = whole_molecule("ccsd(t)", molecule)
        ended = amplitudes(problem)
        began = time.perf_counter()
        with threads(problem.mean_field.n_orbitals):
            triples = triples_hartree(ended)
        return Energy(
            method="ccsd(t)",
            energy_hartree=ended.energy_hartree + triples,
            variational=False,
            converged=ended.converged,
            wall_s={"singles and doubles": ended.wall_s, "triples": time.perf_counter() - began},
            seed=seed,
            spin_squared=ended.spin_squared,
            info=_info(problem, ended) | {"triples_hartree": triples},
        )


def triples_hartree(ended: Amplitudes) -> float:
    """The (T) correction; 0 where no three electrons have empty orbitals of their spins."""
    if not ended.converged or ended.solver is None:
        return 0.0
    singles = ended.solver.t1
    up, down = (t.shape for t in (singles if isinstance(singles, tuple) else (singles, singles)))
    # three electrons, k of them down, have nowhere to go
    if not any(3 - k <= min(up) and k <= min(down) for k in range(4)):
        return 0.0
    return float(ended.solver.ccsd_t())
