"""An ansatz as a Qiskit circuit, at given angles or with free parameters, and a Pauli sum as a
Qiskit operator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Samples, check, check_angles, tally
from qtwin.encoding.pauli import PauliSum


def parameters(ansatz: Ansatz) -> Any:
    """The free parameters p[0], p[1], ... of the ansatz's circuits, in the order of theta."""
    from qiskit.circuit import ParameterVector

    return ParameterVector("p", ansatz.n_parameters)


def to_qiskit(ansatz: Ansatz, theta: NDArray[np.float64] | None = None) -> Any:
    """The ansatz as a `qiskit.QuantumCircuit` without measurements, exact with its global phase.

    Qubit i of the ansatz is qubit i of the circuit. Strings of one or two equal letters become R or
    RR gates, others a basis change, a ladder of CX and one Rz. Circuit, register and parameter
    names say nothing about the instance.

    Args:
        ansatz: What to write.
        theta: (n_parameters,) angles in radians; None leaves them free.
    """
    from qiskit import QuantumCircuit, QuantumRegister

    check(ansatz)
    angles = (
        parameters(ansatz) if theta is None else check_angles(ansatz.n_parameters, theta).tolist()
    )
    circuit = QuantumCircuit(QuantumRegister(ansatz.n_qubits, "q"), name="c0")
    prepare(circuit, ansatz.reference, range(ansatz.n_qubits))
    for layer in ansatz.layers:
        h = layer.generator
        for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
            rotate(circuit, x, z, float(c) * angles[layer.parameter])
    return circuit


def prepare(circuit: Any, reference: NDArray[np.int8], at: Any) -> None:
    """The reference state on a circuit in |0...0>; qubit i of the ansatz sits on wire at[i]."""
    for i, start in enumerate(reference):
        if start == 1:
            circuit.x(at[i])
        elif start == -1:
            circuit.h(at[i])


def rotate(circuit: Any, x: NDArray[np.bool_], z: NDArray[np.bool_], angle: Any) -> None:
    """Append exp(-i angle P), P given by its X and Z part; `angle` a number or a parameter
    expression.
    """
    support = [int(i) for i in np.flatnonzero(x | z)]
    letters = ["IXZY"[int(x[i]) + 2 * int(z[i])] for i in support]
    if not support:
        circuit.global_phase = circuit.global_phase - angle
        return
    if len(set(letters)) == 1 and len(support) <= 2:
        gates = {
            "X": (circuit.rx, circuit.rxx),
            "Y": (circuit.ry, circuit.ryy),
            "Z": (circuit.rz, circuit.rzz),
        }
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
        (
            "".join("IXZY"[int(x[i]) + 2 * int(z[i])] for i in np.flatnonzero(x | z)),
            np.flatnonzero(x | z).tolist(),
            float(c),
        )
        for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True)
    ]
    return SparsePauliOp.from_sparse_list(terms or [("", [], 0.0)], num_qubits=n)


# Which circuit an ansatz is, as bytes: equal ansatzes need compiling once.


def digest(ansatz: Ansatz, *, coefficients: bool = True) -> bytes:
    """SHA-256 over width, reference, strings and parameters, with the coefficients or without (the
    shape alone).
    """
    found = hashlib.sha256(f"{ansatz.n_qubits} {ansatz.n_parameters}".encode())
    found.update(np.ascontiguousarray(ansatz.reference, dtype=np.int8).tobytes())
    for layer in ansatz.layers:
        h = layer.generator
        found.update(f"|{layer.parameter} {len(h.coefficients)}|".encode())
        found.update(np.packbits(h.x).tobytes() + np.packbits(h.z).tobytes())
        if coefficients:
            found.update(np.ascontiguousarray(h.coefficients, dtype=np.float64).tobytes())
    return found.digest()


# One circuit with free angles, many angle sets, one PUB: the same call on every primitive that
# speaks Qiskit's SamplerV2.


def broadcast(
    sampler: Any, circuit: Any, values: NDArray[np.float64], *, shots: int
) -> list[Samples]:
    """Samples of a measured circuit for each row of (k, free parameters) values, as one broadcast
    PUB.

    Classical bit i of the circuit's only register is column i of the samples.
    """
    return broadcast_all(sampler, [(circuit, values, shots)])[0]


def broadcast_all(
    sampler: Any, wanted: Sequence[tuple[Any, NDArray[np.float64], int]]
) -> list[list[Samples]]:
    """As `broadcast` for several (circuit, values, shots), in one job."""
    pubs: list[tuple[Any, Any, int]] = []
    owners: list[int] = []
    for k, (circuit, values, shots) in enumerate(wanted):
        made = (
            [(circuit, values, shots)]
            if circuit.num_parameters
            else [(circuit, None, shots)] * len(values)
        )
        pubs += made
        owners += [k] * len(made)
    found: list[list[Samples]] = [[] for _ in wanted]
    try:
        results = list(sampler.run(pubs).result())
    # Aer looks angles up by a hash that Qiskit cannot give for some expressions: bind them first
    except OverflowError:
        bound = [
            (k, (circuit.assign_parameters(row), None, shots))
            for k, (circuit, v, shots) in enumerate(wanted)
            for row in v
        ]
        owners, results = (
            [k for k, _ in bound],
            list(sampler.run([pub for _, pub in bound]).result()),
        )
    for k, result in zip(owners, results, strict=True):
        (register,) = wanted[k][0].cregs
        bits = getattr(result.data, register.name).to_bool_array(order="little")
        found[k] += [
            tally(np.asarray(row, dtype=np.uint8))
            for row in bits.reshape(-1, wanted[k][2], register.size)
        ]
    return found
