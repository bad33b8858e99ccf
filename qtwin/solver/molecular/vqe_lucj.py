"""VQE with the local unitary cluster Jastrow ansatz, made for short circuits (Motta et al. 2023, Chem Sci 14:11213)."""

from __future__ import annotations

from typing import final

from qtwin.backend.base import Backend
from qtwin.encoding.grouping import Grouping
from qtwin.encoding.lucj import lucj
from qtwin.solver.base import SolverInfo
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod
from qtwin.solver.molecular.execution import Allocation, execution
from qtwin.solver.molecular.variational import SPIN_ORBITALS, Training, check_options, solved


@final
class VqeLucj(EnergyMethod):
    """Orbital rotations and phases of neighbours.

    Args:
        layers: L.
        every: Opposite spins meet on every so-manieth orbital: 1 on a square lattice, 4 on a heavy-hexagonal one.
        starts: Descents; all random, since angle zero is a saddle.
        evaluations: Energies with gradients of each descent, at most; with SPSA energies in all.
        backend: Where the trained circuit is valued: "determinants" (ours, exact) or one of `qtwin backends`.
        shots: For that energy; None for the exact expectation.
        mapping: Fermions on qubits.
        grouping: Which strings share shots.
        allocation: How groups share them: by weight, or by the variance seen in a tenth.
        least_angle_rad: Gates of smaller angles are not sent to a backend.
        training: "exact" on determinants, or "spsa" on the backend from its shots.
    """

    def __init__(
        self,
        *,
        layers: int = 2,
        every: int = 1,
        starts: int = 4,
        evaluations: int = 2000,
        backend: str | Backend = "determinants",
        shots: int | None = None,
        mapping: str = "jordan-wigner",
        grouping: Grouping = "qubit-wise",
        allocation: Allocation = "variance",
        least_angle_rad: float = 1e-4,
        training: Training = "exact",
    ) -> None:
        self._how = execution(backend, shots, mapping, grouping, allocation, least_angle_rad)
        check_options(training, self._how, layers=layers, every=every, starts=starts, evaluations=evaluations)
        self.layers, self.every, self.starts, self.evaluations = layers, every, starts, evaluations
        self.training = training

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="vqe-lucj",
            summary="local unitary cluster Jastrow, exact gradients, several starts",
            citation="Motta et al. 2023, Chem Sci 14:11213",
            kind="quantum",
            guarantee="never below the exact energy of the active space, but for the standard error",
            max_variables=SPIN_ORBITALS,
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        circuit = lucj(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, layers=self.layers, every=self.every)
        return solved(
            "vqe-lucj",
            circuit,
            molecule,
            self._how,
            self.training,
            starts=self.starts,
            evaluations=self.evaluations,
            seed=seed,
            limit_s=time_limit_s,
            symmetric=False,
            spread_rad=0.3,
            from_zero=False,
        )
