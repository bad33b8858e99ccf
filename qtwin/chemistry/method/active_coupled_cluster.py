"""Coupled cluster of the active space alone: the classical competitor on exactly the electrons that
a quantum method treats.
"""

from __future__ import annotations

import time
from typing import Any, final

import numpy as np

from qtwin.chemistry.mean_field import ConvergenceError
from qtwin.chemistry.method.base import Electrons, Energy, EnergyMethod
from qtwin.chemistry.method.whole_molecule import Amplitudes, run_ccsd, triples_hartree
from qtwin.chemistry.pyscf_access import threads
from qtwin.solver.base import SolverInfo


def _field(electrons: Electrons) -> tuple[Any, str]:
    """Hartree-Fock inside the active space, from the determinant of its lowest orbitals."""
    from pyscf import ao2mo, gto, scf

    n, up, down = len(electrons.h1_hartree), electrons.n_alpha, electrons.n_beta
    mole = gto.M(verbose=0)
    mole.nelectron, mole.spin, mole.incore_anyway, mole.nao = up + down, up - down, True, n
    field = (scf.hf.RHF if up == down else scf.uhf.UHF)(mole)
    field.get_hcore = lambda *_: np.array(electrons.h1_hartree)
    field.get_ovlp = lambda *_: np.eye(n)
    field.energy_nuc = lambda *_: electrons.core_hartree
    field._eri = ao2mo.restore(8, np.array(electrons.h2_hartree), n)
    field.conv_tol, field.max_cycle = 1e-10, 200
    half = [np.diag((np.arange(n) < k).astype(float)) for k in (up, down)]
    density: Any = half[0] + half[1] if up == down else np.array(half)
    field.kernel(dm0=density)
    if not field.converged:
        field = field.newton().run(dm0=density)
    if not field.converged:
        raise ConvergenceError(
            "Hartree-Fock inside the active space did not converge",
            hint="take another active space",
        )
    return field, "RHF" if up == down else "UHF"


def _amplitudes(electrons: Electrons) -> Amplitudes:
    with threads(len(electrons.h1_hartree)):
        return run_ccsd(lambda: _field(electrons), 0)


def _energy(
    name: str, ended: Amplitudes, triples: float, wall_s: dict[str, float], seed: int
) -> Energy:
    return Energy(
        method=name,
        energy_hartree=ended.energy_hartree + triples,
        variational=False,
        converged=ended.converged,
        wall_s=wall_s,
        seed=seed,
        spin_squared=ended.spin_squared,
        info={"reference": ended.kind, "t1_diagnostic": ended.t1},
    )


@final
class ActiveCcsd(EnergyMethod):
    """CCSD on the integrals of the active space."""

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="active-ccsd",
            summary="coupled cluster with singles and doubles, in the active space",
            kind="classical",
            guarantee="none; exact for two electrons, size consistent",
            citation="Purvis, Bartlett 1982, JCP 76:1910",
            max_variables=200,
            vendor=("pyscf", "pyscf"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        ended = _amplitudes(molecule)
        return _energy("active-ccsd", ended, 0.0, {"singles and doubles": ended.wall_s}, seed)


@final
class ActiveCcsdT(EnergyMethod):
    """CCSD(T) on the integrals of the active space."""

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="active-ccsd(t)",
            summary="coupled cluster with perturbative triples, in the active space",
            kind="classical",
            guarantee="none; fails where several determinants lead",
            citation="Raghavachari et al. 1989, Chem Phys Lett 157:479",
            max_variables=200,
            vendor=("pyscf", "pyscf"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        ended = _amplitudes(molecule)
        began = time.perf_counter()
        with threads(len(molecule.h1_hartree)):
            triples = triples_hartree(ended)
        return _energy(
            "active-ccsd(t)",
            ended,
            triples,
            {"singles and doubles": ended.wall_s, "triples": time.perf_counter() - began},
            seed,
        )
