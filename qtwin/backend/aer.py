"""Qiskit Aer: exact by state vector, or sampled; `to_qiskit` turns any ansatz into a circuit without names of its own."""

from __future__ import annotations

from importlib.metadata import version
from itertools import pairwise
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Samples,
    check,
    check_angles,
    check_observable,
    check_shots,
    sampled_expectation,
    tally,
)
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import require_vendor


def to_qiskit(ansatz: Ansatz, theta: NDArray[np.float64]) -> Any:
    """The ansatz at the (n_parameters,) angles as a `qiskit.QuantumCircuit` without measurements, exact with its global phase.

    Qubit i of the ansatz is qubit i of the circuit. Strings of one or two equal letters become R or RR gates, others a basis
    change, a ladder of CX and one Rz. Circuit and register names say nothing about the instance.
    """
    from qiskit import QuantumCircuit, QuantumRegister

    check(ansatz)
    angles = check_angles(ansatz, theta)
    circuit = QuantumCircuit(QuantumRegister(ansatz.n_qubits, "q"), name="c0")
    for i, start in enumerate(ansatz.reference):
        if start == 1:
            circuit.x(i)
        elif start == -1:
            circuit.h(i)
    for layer in ansatz.layers:
        h = layer.generator
        for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
            _rotate(circuit, x, z, float(angles[layer.parameter] * c))
    return circuit


def _rotate(circuit: Any, x: NDArray[np.bool_], z: NDArray[np.bool_], angle: float) -> None:
    """Append exp(-i angle P)."""
    support = [int(i) for i in np.flatnonzero(x | z)]
    letters = ["IXZY"[int(x[i]) + 2 * int(z[i])] for i in support]
    if not support:
        circuit.global_phase -= angle
        return
    if len(set(letters)) == 1 and len(support) <= 2:
        gates = {"X": (circuit.rx, circuit.rxx), "Y": (circuit.ry, circuit.ryy), "Z": (circuit.rz, circuit.rzz)}
        gates[letters[0]][len(support) - 1](2.0 * angle, *support)
        return
    for i, letter in zip(support, letters, strict=True):
        if letter == "Y":
            circuit.sdg(i)
        if letter != "Z":
            circuit.h(i)
    for a, b in pairwise(support):
        circuit.cx(a, b)
    circuit.rz(2.0 * angle, support[-1])
    for a, b in reversed(list(pairwise(support))):
        circuit.cx(a, b)
    for i, letter in zip(support, letters, strict=True):
        if letter != "Z":
            circuit.h(i)
        if letter == "Y":
            circuit.s(i)


def to_operator(observable: PauliSum) -> Any:
    """The sum as a `qiskit.quantum_info.SparsePauliOp`."""
    from qiskit.quantum_info import SparsePauliOp

    n = observable.n_qubits
    terms = [
        ("".join("IXZY"[int(x[i]) + 2 * int(z[i])] for i in np.flatnonzero(x | z)), np.flatnonzero(x | z).tolist(), float(c))
        for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True)
    ]
    return SparsePauliOp.from_sparse_list(terms or [("", [], 0.0)], num_qubits=n)


@final
class AerBackend(Backend):
    """Qiskit Aer's state vector simulator.

    Args:
        threads: OpenMP threads; 0 takes all.
    """

    def __init__(self, *, threads: int = 0) -> None:
        require_vendor("qiskit_aer", package="qiskit-aer", needed_by="backend 'aer'")
        require_vendor("qiskit", package="qiskit", needed_by="backend 'aer'")
        self._threads = threads

    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="aer",
            summary="Qiskit Aer state vector, exact or sampled",
            max_qubits=28,
            exact=True,
            vendor="qiskit-aer",
            versions={package: version(package) for package in ("qiskit", "qiskit-aer")},
        )

    def sample(self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int) -> Samples:
        check_shots(shots)
        circuit = to_qiskit(ansatz, theta)
        circuit.measure_all()
        memory = self._run(circuit, shots=shots, seed_simulator=seed % 2**63, memory=True).get_memory()
        letters = np.array([list(row) for row in memory])
        return tally((letters[:, ::-1] == "1").astype(np.uint8))  # qiskit prints qubit 0 last

    def expectation(
        self, ansatz: Ansatz, theta: NDArray[np.float64], observable: PauliSum, *, shots: int | None = None, seed: int = 0
    ) -> Estimate:
        check_observable(ansatz, observable)
        if shots is not None:
            return sampled_expectation(self.sample, ansatz, theta, observable, shots=shots, seed=seed)
        import qiskit_aer  # noqa: F401 - teaches circuits to save

        circuit = to_qiskit(ansatz, theta)
        circuit.save_expectation_value(to_operator(observable), list(range(ansatz.n_qubits)))
        value = self._run(circuit, shots=None).data()["expectation_value"]
        return Estimate(value=float(np.real(value)), standard_error=0.0)

    def _run(self, circuit: Any, **options: Any) -> Any:
        from qiskit_aer import AerSimulator

        simulator = AerSimulator(method="statevector", max_parallel_threads=self._threads)
        return simulator.run(circuit, **options).result()
