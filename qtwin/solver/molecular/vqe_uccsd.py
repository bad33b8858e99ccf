"""VQE with unitary coupled cluster singles and doubles (Peruzzo et al. 2014; McClean et al. 2016, New J Phys 18:023023)."""

from __future__ import annotations

from typing import final

from qtwin.backend.base import Backend
from qtwin.encoding.coupled_cluster.uccsd import uccsd
from qtwin.encoding.grouping import Grouping
from qtwin.solver.base import SolverInfo
from qtwin.solver.molecular.base import Electrons, Energy, EnergyMethod
from qtwin.solver.molecular.execution import Allocation, execution
from qtwin.solver.molecular.variational import SPIN_ORBITALS, Training, check_options, solved


@final
class VqeUccsd(EnergyMethod):
    """Singles and doubles, one Trotter step or several.

    Args:
        repetitions: Trotter steps, each with angles of its own.
        starts: Descents; the first from Hartree-Fock.
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
        repetitions: int = 1,
        starts: int = 1,
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
        check_options(training, self._how, repetitions=repetitions, starts=starts, evaluations=evaluations)
        self.repetitions, self.starts, self.evaluations = repetitions, starts, evaluations
        self.training = training

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="vqe-uccsd",
            summary="unitary coupled cluster with singles and doubles, exact gradients",
            citation="Peruzzo et al. 2014, Nat Commun 5:4213",
            kind="quantum",
            guarantee="never below the exact energy of the active space, but for the standard error",
            max_variables=SPIN_ORBITALS,
        )

    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        circuit = uccsd(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, repetitions=self.repetitions)
        return solved(
            "vqe-uccsd",
            circuit,
            molecule,
            self._how,
            self.training,
            starts=self.starts,
            evaluations=self.evaluations,
            seed=seed,
            limit_s=time_limit_s,
            symmetric=True,
        )
