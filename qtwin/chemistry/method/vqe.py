"""Variational quantum eigensolvers with chemical ansatzes: UCCSD, k-UpCCGSD and LUCJ."""

from __future__ import annotations

from typing import final

from qtwin.backend.base import Backend
from qtwin.chemistry.excitation import lucj, uccsd, upccgsd
from qtwin.chemistry.method.base import Electrons, Energy, EnergyMethod
from qtwin.chemistry.method.execution import Allocation, execution
from qtwin.chemistry.method.variational import SPIN_ORBITALS, Training, check_options, solved
from qtwin.encoding.pauli import Grouping
from qtwin.solver.base import SolverInfo


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


# VQE with k-UpCCGSD: paired generalised doubles and generalised singles, k times (Lee et al. 2019, JCTC 15:311).


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


# VQE with the local unitary cluster Jastrow ansatz, made for short circuits (Motta et al. 2023, Chem Sci 14:11213).


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
