"""A compiled circuit and its device cut to the qubits in use, so that a simulator does not carry the idle ones."""

from __future__ import annotations

from typing import Any


def used(circuit: Any) -> tuple[int, ...]:
    """The qubits on which something happens, ascending."""
    return tuple(sorted({circuit.find_bit(q).index for i in circuit.data if i.operation.name != "barrier" for q in i.qubits}))


def compact(circuit: Any, qubits: tuple[int, ...]) -> Any:
    """The same circuit on len(qubits) qubits; qubit k is the device's qubit qubits[k]."""
    from qiskit import QuantumCircuit, QuantumRegister

    place = {q: k for k, q in enumerate(qubits)}
    found = QuantumCircuit(
        QuantumRegister(len(qubits), "q"), *circuit.cregs, name=circuit.name, global_phase=circuit.global_phase
    )
    for i in circuit.data:
        found.append(i.operation, [place[circuit.find_bit(q).index] for q in i.qubits], i.clbits)
    return found


def cut(target: Any, qubits: tuple[int, ...]) -> Any:
    """The device's target on these qubits alone, with their calibration, in their order."""
    from qiskit.transpiler import Target

    place = {q: k for k, q in enumerate(qubits)}
    properties = target.qubit_properties
    found = Target(
        num_qubits=len(qubits),
        dt=target.dt,
        granularity=target.granularity,
        min_length=target.min_length,
        pulse_alignment=target.pulse_alignment,
        acquire_alignment=target.acquire_alignment,
        qubit_properties=[properties[q] for q in qubits] if properties else None,
    )
    for name in target.operation_names:
        operation, kept = target.operation_from_name(name), target[name]
        if kept is None or None in kept:
            if not isinstance(operation, type):
                found.add_instruction(operation, name=name)
            continue
        inside = {tuple(place[q] for q in at): p for at, p in kept.items() if all(q in place for q in at)}
        if inside:
            found.add_instruction(operation, inside, name=name)
    return found
