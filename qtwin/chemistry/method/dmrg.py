"""Density matrix renormalisation group by block2: a matrix product state, swept until it stops
falling (White 1992).

The state is one of total spin throughout, by SU(2) symmetry (Sharma, Chan 2012, JCP 136:124121).
"""

from __future__ import annotations

import tempfile
import time
from typing import final

from qtwin.chemistry.method.base import Electrons, Energy, EnergyMethod
from qtwin.errors import InputError
from qtwin.solver.base import SolverInfo


@final
class Dmrg(EnergyMethod):
    """On the orbitals in their given order.

    Args:
        bond_dimension: States kept at each bond in the last sweeps; half of it in the first.
        sweeps: At most.
    """

    def __init__(self, *, bond_dimension: int = 250, sweeps: int = 20) -> None:
        if bond_dimension < 2 or sweeps < 1:
            raise InputError(
                "expected bond_dimension of at least 2 and sweeps of 1, got "
                f"{bond_dimension} and {sweeps}",
                hint="250 and 20 are usual",
            )
        self.bond_dimension, self.sweeps = bond_dimension, sweeps

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="dmrg",
            summary="density matrix renormalisation group in the active space",
            kind="classical",
            guarantee="never below the exact energy of the active space",
            citation="White 1992, PRL 69:2863; Zhai et al. 2023, JCP 159:234801",
            max_variables=120,
            vendor=("pyblock2", "block2"),
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        from pyblock2.driver.core import DMRGDriver, SymmetryTypes

        n, n_electrons = len(molecule.h1_hartree), molecule.n_alpha + molecule.n_beta
        if n < 2:
            raise InputError("expected at least two orbitals, got one", hint="take casci")
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="qtwin-dmrg-") as scratch:
            driver = DMRGDriver(scratch=scratch, symm_type=SymmetryTypes.SU2, n_threads=1)
            driver.bw.b.Random.rand_seed(seed)
            driver.initialize_system(
                n_sites=n, n_elec=n_electrons, spin=molecule.n_alpha - molecule.n_beta
            )
            h1, h2 = molecule.h1_hartree.copy(), molecule.h2_hartree.copy()
            mpo = driver.get_qc_mpo(h1e=h1, g2e=h2, ecore=molecule.core_hartree, iprint=0)
            half = max(2, self.bond_dimension // 2)
            state = driver.get_random_mps(tag="GS", bond_dim=half, nroots=1)
            energy = driver.dmrg(
                mpo,
                state,
                n_sweeps=self.sweeps,
                bond_dims=[half] * 4 + [self.bond_dimension] * max(1, self.sweeps - 4),
                noises=[1e-3] * 4 + [1e-4] * 4 + [0.0],
                thrds=[1e-10] * self.sweeps,
                tol=1e-9,
                iprint=0,
            )
            dimensions, discarded, energies = driver.get_dmrg_results()
            square = float(
                driver.expectation(state, driver.get_spin_square_mpo(iprint=0), state, iprint=0)
            )
        settled = len(energies) > 1 and abs(float(energies[-1][0]) - float(energies[-2][0])) < 1e-6
        return Energy(
            method="dmrg",
            energy_hartree=float(energy),
            variational=True,
            converged=settled,
            evaluations=len(energies),
            wall_s={"sweeping": time.perf_counter() - began},
            seed=seed,
            spin_squared=square,
            info={"bond_dimension": int(dimensions[-1]), "discarded_weight": float(discarded[-1])},
        )
