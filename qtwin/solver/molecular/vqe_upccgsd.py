"""VQE with k-UpCCGSD: paired generalised doubles and generalised singles, k times (Lee et al. 2019, JCTC 15:311)."""

from __future__ import annotations

from typing import final

from qtwin.backend.base import Backend
from qtwin.encoding.coupled_cluster.upccgsd import upccgsd
from qtwin.encoding.grouping import Grouping
from qtwin.solver.base import SolverInfo
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod
from qtwin.solver.molecular.execution import Allocation, execution
from qtwin.solver.molecular.variational import SPIN_ORBITALS, Training, check_options, solved


@final
class VqeUpccgsd(EnergyMethod):
    """Fewer gates than UCCSD: a number that grows with the square of the orbitals, times k.

    Args:
        k: Repetitions.
        starts: Descents; the first from Hartree-Fock, which may be a saddle, so that several are worth their time.
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
        k: int = 2,
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
        check_options(training, self._how, k=k, starts=starts, evaluations=evaluations)
        self.k, self.starts, self.evaluations = k, starts, evaluations
        self.training = training

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="vqe-k-upccgsd",
            summary="k-UpCCGSD, exact gradients, several starts",
            citation="Lee, Huggins, Head-Gordon, Whaley 2019, JCTC 15:311",
            kind="quantum",
            guarantee="never below the exact energy of the active space, but for the standard error",
            max_variables=SPIN_ORBITALS,
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        circuit = upccgsd(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, k=self.k)
        return solved(
            "vqe-k-upccgsd",
            circuit,
            molecule,
            self._how,
            self.training,
            starts=self.starts,
            evaluations=self.evaluations,
            seed=seed,
            limit_s=time_limit_s,
            symmetric=False,
        )
