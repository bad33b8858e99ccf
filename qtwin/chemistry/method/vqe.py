"""Variational quantum eigensolvers with chemical ansatzes: UCCSD, k-UpCCGSD and LUCJ."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, final

from qtwin.chemistry.excitation import FermionicAnsatz, lucj, uccsd, upccgsd
from qtwin.chemistry.method.base import Electrons, Energy
from qtwin.chemistry.method.execution import CircuitMethod, execution
from qtwin.chemistry.method.variational import SPIN_ORBITALS, Training, check_options, solved
from qtwin.solver.base import SolverInfo


@dataclass(kw_only=True, eq=False)
class ChemicalVQE(CircuitMethod):
    """What the ansatzes of this module share: training, and the execution of the trained circuit.

    Args:
        starts: Descents; the first from Hartree-Fock, where it is no saddle.
        evaluations: Energies with gradients of each descent, at most; with SPSA energies in all.
        least_angle_rad: Gates of smaller angles are not sent to a backend.
        training: "exact" on determinants, or "spsa" on the backend from its shots. The other
            options are those of `CircuitMethod`.
    """

    starts: int = 4
    evaluations: int = 2000
    least_angle_rad: float = 1e-4
    training: Training = "exact"

    def __post_init__(self) -> None:
        self._how = execution(
            self.backend,
            self.shots,
            self.mapping,
            self.grouping,
            self.allocation,
            self.least_angle_rad,
        )
        counts = {f.name: getattr(self, f.name) for f in fields(self) if f.type == "int"}
        check_options(self.training, self._how, **counts)

    def _solved(
        self,
        circuit: FermionicAnsatz,
        molecule: Electrons,
        seed: int,
        limit_s: float | None,
        **start: Any,
    ) -> Energy:
        """Train and value `circuit`; `start` says how descents begin (see
        `qtwin.chemistry.method.variational.train`).
        """
        return solved(
            self.card().name,
            circuit,
            molecule,
            self._how,
            self.training,
            starts=self.starts,
            evaluations=self.evaluations,
            seed=seed,
            limit_s=limit_s,
            **start,
        )


def _card(name: str, summary: str, citation: str) -> SolverInfo:
    return SolverInfo(
        name=name,
        summary=summary,
        citation=citation,
        kind="quantum",
        guarantee="never below the exact energy of the active space, but for the standard error",
        max_variables=SPIN_ORBITALS,
    )


@final
@dataclass(kw_only=True, eq=False)
class VqeUccsd(ChemicalVQE):
    """Singles and doubles, one Trotter step or several.

    Args:
        repetitions: Trotter steps, each with angles of its own.
        starts: Descents; the first from Hartree-Fock. The other options are those of `ChemicalVQE`.
    """

    repetitions: int = 1
    starts: int = 1

    @classmethod
    def card(cls) -> SolverInfo:
        return _card(
            "vqe-uccsd",
            "unitary coupled cluster with singles and doubles, exact gradients",
            "Peruzzo et al. 2014, Nat Commun 5:4213",
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        circuit = uccsd(
            len(molecule.h1_hartree),
            molecule.n_alpha,
            molecule.n_beta,
            repetitions=self.repetitions,
        )
        return self._solved(circuit, molecule, seed, time_limit_s, symmetric=True)


@final
@dataclass(kw_only=True, eq=False)
class VqeUpccgsd(ChemicalVQE):
    """Paired generalised doubles and generalised singles, k times (Lee et al. 2019, JCTC 15:311).

    Fewer gates than UCCSD: a number that grows with the square of the orbitals, times k.
    Hartree-Fock may be a saddle, so that several starts are worth their time.

    Args:
        k: Repetitions. The other options are those of `ChemicalVQE`.
    """

    k: int = 2

    @classmethod
    def card(cls) -> SolverInfo:
        return _card(
            "vqe-k-upccgsd",
            "k-UpCCGSD, exact gradients, several starts",
            "Lee, Huggins, Head-Gordon, Whaley 2019, JCTC 15:311",
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        circuit = upccgsd(len(molecule.h1_hartree), molecule.n_alpha, molecule.n_beta, k=self.k)
        return self._solved(circuit, molecule, seed, time_limit_s, symmetric=False)


@final
@dataclass(kw_only=True, eq=False)
class VqeLucj(ChemicalVQE):
    """The local unitary cluster Jastrow ansatz, made for short circuits (Motta et al. 2023, Chem
    Sci 14:11213).

    All starts are random, since angle zero is a saddle.

    Args:
        layers: L.
        every: Opposite spins meet on every so-manieth orbital: 1 on a square lattice, 4 on a
            heavy-hexagonal one. The other options are those of `ChemicalVQE`.
    """

    layers: int = 2
    every: int = 1

    @classmethod
    def card(cls) -> SolverInfo:
        return _card(
            "vqe-lucj",
            "local unitary cluster Jastrow, exact gradients, several starts",
            "Motta et al. 2023, Chem Sci 14:11213",
        )

    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        circuit = lucj(
            len(molecule.h1_hartree),
            molecule.n_alpha,
            molecule.n_beta,
            layers=self.layers,
            every=self.every,
        )
        return self._solved(
            circuit, molecule, seed, time_limit_s, symmetric=False, spread_rad=0.3, from_zero=False
        )
