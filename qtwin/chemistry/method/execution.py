"""Where a circuit of fermions is valued: exactly on determinants, or as Pauli layers on any
backend, exactly or from shots.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, sampled_expectation
from qtwin.backend.mitigation import Mitigated
from qtwin.chemistry.excitation import FermionicAnsatz
from qtwin.chemistry.fermionic import to_ansatz
from qtwin.chemistry.mapping import electronic, mapping_of
from qtwin.chemistry.method.base import Electrons, EnergyMethod
from qtwin.chemistry.method.spin import shifted_words
from qtwin.encoding.pauli import Grouping, PauliSum, groups
from qtwin.errors import InputError, TooLargeError, unknown_name
from qtwin.solver.variational.objective import loaded

Floats = NDArray[np.float64]
OWN = "determinants"
Allocation = Literal["weight", "variance"]
MOST_QUBITS = 26


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a circuit is valued.

    Attributes:
        backend: None for the exact energy on determinants.
        shots: For one energy; None for the exact expectation of the backend.
        mapping: Fermions on qubits: a name of `qtwin.chemistry.mapping.TABLE` or "tapered".
        grouping: Which strings share shots.
        allocation: How groups share them.
        least_angle_rad: Gates of smaller angles are left out of the circuit that is sent.
    """

    backend: Backend | None = None
    shots: int | None = None
    mapping: str = "jordan-wigner"
    grouping: Grouping = "qubit-wise"
    allocation: Allocation = "variance"
    least_angle_rad: float = 1e-4

    @property
    def backend_name(self) -> str:
        """As printed."""
        return OWN if self.backend is None else self.backend.capabilities().name


@dataclass(frozen=True, kw_only=True)
class Valued:
    """An energy and what it took; `standard_error_hartree` is 0 when it is exact."""

    energy_hartree: float
    standard_error_hartree: float
    shots: int
    info: dict[str, Any] = field(default_factory=dict)


def execution(
    backend: str | Backend,
    shots: int | None,
    mapping: str,
    grouping: Grouping = "qubit-wise",
    allocation: Allocation = "variance",
    least_angle_rad: float = 1e-4,
) -> Execution:
    """Options of a method, checked; shots without a backend are taken on our state vector.

    Raises:
        InputError: for an unknown backend, grouping or allocation, or numbers out of range.
    """
    if shots is not None and shots < 1:
        raise InputError(
            f"expected at least 1 shot, got {shots}", hint="leave shots out for the exact energy"
        )
    if not 0.0 <= least_angle_rad < 1.0:
        raise InputError(
            f"expected least_angle_rad from 0 to 1, got {least_angle_rad}",
            hint="0 sends every gate",
        )
    for what, value, known in (
        ("grouping", grouping, get_args(Grouping)),
        ("allocation", allocation, get_args(Allocation)),
    ):
        if value not in known:
            raise unknown_name(what, value, known)
    if backend == OWN:
        backend = "statevector" if shots is not None else OWN
    return Execution(
        backend=None if backend == OWN else loaded(backend),
        shots=shots,
        mapping=mapping,
        grouping=grouping,
        allocation=allocation,
        least_angle_rad=least_angle_rad,
    )


@dataclass(kw_only=True, eq=False)
class CircuitMethod(EnergyMethod):
    """A method whose circuit is valued on determinants, or measured on a backend.

    Args:
        backend: Where: "determinants" (ours, exact) or one of `qtwin backends`.
        shots: For that energy; None for the exact expectation.
        mapping: Fermions on qubits.
        grouping: Which strings share shots.
        allocation: How groups share them: by weight, or by the variance seen in a tenth.
    """

    backend: str | Backend = OWN
    shots: int | None = None
    mapping: str = "jordan-wigner"
    grouping: Grouping = "qubit-wise"
    allocation: Allocation = "variance"

    def __post_init__(self) -> None:
        self._how = execution(
            self.backend, self.shots, self.mapping, self.grouping, self.allocation
        )


@dataclass(kw_only=True, eq=False)
class QubitMethod(CircuitMethod):
    """A method whose circuit no determinants hold: "determinants" means our exact state vector;
    options of `CircuitMethod`.
    """

    mapping: str = "tapered"

    def __post_init__(self) -> None:
        backend = "statevector" if self.backend == OWN else self.backend
        self._how = execution(backend, self.shots, self.mapping, self.grouping, self.allocation)


def on_qubits(
    how: Execution, circuit: FermionicAnsatz, molecule: Electrons, *, right_spin: bool = False
) -> tuple[Ansatz, PauliSum]:
    """Circuit and Hamiltonian in the mapping, with the penalty on wrong spin where it is asked for.

    Raises:
        InputError: for more qubits than can be simulated, or an unknown mapping.
    """
    words = electronic(molecule.h1_hartree, molecule.h2_hartree, molecule.core_hartree)
    if right_spin:
        words = shifted_words(words, molecule)
    mapping = mapping_of(how.mapping, words, circuit.n_orbitals, circuit.n_alpha, circuit.n_beta)
    if mapping.n_qubits > MOST_QUBITS:
        raise TooLargeError(
            f"expected at most {MOST_QUBITS} qubits, got {mapping.n_qubits}",
            hint="take a smaller active space",
        )
    return to_ansatz(circuit, mapping), mapping.apply(words)


def pruned(
    circuit: FermionicAnsatz, theta: Floats, least_angle_rad: float, used: NDArray[np.bool_]
) -> FermionicAnsatz:
    """Without gates whose angle is below `least_angle_rad` or does nothing; the parameters stay."""
    turned = np.abs(np.remainder(theta + np.pi, 2.0 * np.pi) - np.pi)
    sent = used & (turned >= least_angle_rad)
    return replace(
        circuit, rotations=tuple(gate for gate in circuit.rotations if sent[gate.parameter])
    )


def valued(
    how: Execution, ansatz: Ansatz, theta: Floats, hamiltonian: PauliSum, *, seed: int
) -> Valued:
    """<H> on the backend, which must be one."""
    assert how.backend is not None
    if how.shots is None:
        estimate = how.backend.expectation(ansatz, theta, hamiltonian)
        return Valued(
            energy_hartree=estimate.value, standard_error_hartree=estimate.standard_error, shots=0
        )
    # groups and shares the shots itself, calibration included
    if isinstance(how.backend, Mitigated):
        before = how.backend.shots_spent
        estimate = how.backend.expectation(ansatz, theta, hamiltonian, shots=how.shots, seed=seed)
        spent = how.backend.shots_spent - before
        return Valued(
            energy_hartree=estimate.value,
            standard_error_hartree=estimate.standard_error,
            shots=spent,
        )
    estimate = sampled_expectation(
        how.backend.sample,
        ansatz,
        theta,
        hamiltonian,
        shots=how.shots,
        seed=seed,
        grouping=how.grouping,
        allocation=how.allocation,
    )
    return Valued(
        energy_hartree=estimate.value,
        standard_error_hartree=estimate.standard_error,
        shots=how.shots,
    )


def described(how: Execution, ansatz: Ansatz, hamiltonian: PauliSum) -> dict[str, Any]:
    """Numbers worth printing about what was sent."""
    weights = [(layer.generator.x | layer.generator.z).sum(axis=1) for layer in ansatz.layers]
    found: dict[str, Any] = {
        "mapping": how.mapping,
        "qubits": ansatz.n_qubits,
        "gates": len(ansatz.layers),
        "two_qubit_gates_of_ladders": int(sum(2 * np.maximum(w - 1, 0).sum() for w in weights)),
        "strings": len(hamiltonian.coefficients),
    }
    if how.shots is not None:
        found |= {
            "grouping": how.grouping,
            "allocation": how.allocation,
            "groups": len(groups(hamiltonian, how.grouping)),
        }
    return found
