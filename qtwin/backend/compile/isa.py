"""Checks of our own that a circuit is in a device's instruction set; the client-side primitives of IBM accept what is not."""

from __future__ import annotations

import math
from typing import Any

from qtwin.errors import InputError

_PASSIVE = frozenset({"barrier", "delay"})
_SLACK = 1e-9


def validate_isa(circuit: Any, target: Any) -> None:
    """Refuse a circuit that the device cannot run as it is.

    Args:
        circuit: Qubit k is the device's qubit k.
        target: A Qiskit target.

    Raises:
        InputError: for too many qubits, an operation that the device does not know or not on these qubits, or an RZZ angle
            outside [0, pi/2] (parameters left free are checked when they get values, by `validate_rzz`).
    """
    if circuit.num_qubits > target.num_qubits:
        raise InputError(
            f"a circuit of {circuit.num_qubits} qubits came, the device has {target.num_qubits}", hint="choose a larger device"
        )
    for instruction in circuit.data:
        name = instruction.operation.name
        qubits = tuple(circuit.find_bit(q).index for q in instruction.qubits)
        if name in _PASSIVE:
            continue
        if name not in target.operation_names:
            raise InputError(
                f"the operation {name!r} on qubits {qubits} is none of the device's: {', '.join(sorted(target.operation_names))}",
                hint="compile the circuit with compile_ansatz",
            )
        if not target.instruction_supported(name, qubits):
            raise InputError(f"{name!r} cannot act on qubits {qubits} of the device", hint="compile the circuit for this device")
    validate_rzz(circuit)


def validate_rzz(circuit: Any) -> None:
    """Refuse RZZ gates whose angle is a number outside [0, pi/2], the range of IBM's fractional gate (InputError)."""
    for instruction in circuit.data:
        if instruction.operation.name != "rzz":
            continue
        angle = instruction.operation.params[0]
        if not isinstance(angle, int | float):
            continue
        if not -_SLACK <= angle <= math.pi / 2 + _SLACK:
            qubits = tuple(circuit.find_bit(q).index for q in instruction.qubits)
            raise InputError(
                f"rzz({angle:.6g}) on qubits {qubits} came, 0 to pi/2 was wanted", hint="fold the angle with fold_rzz"
            )


def fold_rzz(circuit: Any) -> Any:
    """The same circuit with every RZZ angle in [0, pi/2]; all angles must have values.

    RZZ(t + 2 pi) = -RZZ(t); RZZ(t) = -i RZZ(t - pi) Z Z; RZZ(-t) = X1 RZZ(t) X1.
    """
    found = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name != "rzz":
            found.append(instruction)
            continue
        (a, b), angle = instruction.qubits, float(instruction.operation.params[0])
        turns = round(angle / (2.0 * math.pi))
        angle -= 2.0 * math.pi * turns
        found.global_phase += math.pi * turns
        if abs(angle) > math.pi / 2:
            sign = math.copysign(1.0, angle)
            angle -= sign * math.pi
            found.global_phase -= sign * math.pi / 2
            found.rz(math.pi, a)  # Z up to a phase of -i each: Z Z = i Rz(pi) i Rz(pi)
            found.rz(math.pi, b)
            found.global_phase += math.pi
        if angle < 0:
            found.x(a)
        if angle != 0.0:
            found.rzz(abs(angle), a, b)
        if angle < 0:
            found.x(a)
    return found
