"""Devices: their own instructions, their noise, IBM's snapshots of them, and simulators that behave
like them.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Any

import numpy as np

from qtwin.errors import InputError, require_vendor, unknown_name

_PASSIVE = frozenset({"barrier", "delay"})
_SLACK = 1e-9


def validate_isa(circuit: Any, target: Any) -> None:
    """Refuse a circuit that the device cannot run as it is.

    Args:
        circuit: Qubit k is the device's qubit k.
        target: A Qiskit target.

    Raises:
        InputError: for too many qubits, an operation that the device does not know or not on these
            qubits, or an RZZ angle outside [0, pi/2] (parameters left free are checked when they
            get values, by `validate_rzz`).
    """
    if circuit.num_qubits > target.num_qubits:
        raise InputError(
            f"expected at most {target.num_qubits} qubits, the device's, got {circuit.num_qubits}",
            hint="choose a larger device",
        )
    for instruction in circuit.data:
        name = instruction.operation.name
        qubits = tuple(circuit.find_bit(q).index for q in instruction.qubits)
        if name in _PASSIVE:
            continue
        if name not in target.operation_names:
            raise InputError(
                f"the operation {name!r} on qubits {qubits} is none of the device's: "
                f"{', '.join(sorted(target.operation_names))}",
                hint="compile the circuit with compile_ansatz",
            )
        if not target.instruction_supported(name, qubits):
            raise InputError(
                f"{name!r} cannot act on qubits {qubits} of the device",
                hint="compile the circuit for this device",
            )
    validate_rzz(circuit)


def validate_rzz(circuit: Any) -> None:
    """Refuse RZZ gates whose angle is a number outside [0, pi/2], the range of IBM's fractional
    gate (InputError).
    """
    for instruction in circuit.data:
        if instruction.operation.name != "rzz":
            continue
        angle = instruction.operation.params[0]
        if not isinstance(angle, int | float):
            continue
        if not -_SLACK <= angle <= math.pi / 2 + _SLACK:
            qubits = tuple(circuit.find_bit(q).index for q in instruction.qubits)
            raise InputError(
                f"expected an angle of 0 to pi/2, got rzz({angle:.6g}) on qubits {qubits}",
                hint="fold the angle with fold_rzz",
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


# Error rates, given or read from a snapshot of an IBM device, as a Qiskit Aer noise model.


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Error probabilities.

    Attributes:
        one_qubit, two_qubit: Depolarising probability of SX and X, of CX.
        readout: Probability that a measured bit is flipped.
    """

    one_qubit: float = 0.0
    two_qubit: float = 0.0
    readout: float = 0.0

    def __post_init__(self) -> None:
        for name, value, most in (
            ("depolarising_1q", self.one_qubit, 1.0),
            ("depolarising_2q", self.two_qubit, 1.0),
            ("readout_error", self.readout, 0.5),
        ):
            if not (np.isfinite(value) and 0.0 <= value <= most):
                raise InputError(
                    f"expected a probability of at most {most:g} as {name}, got {value}",
                    hint=f"0 to {most:g}",
                )

    @property
    def silent(self) -> bool:
        """No noise at all."""
        return not (self.one_qubit or self.two_qubit or self.readout)

    @staticmethod
    def of_snapshot(name: str) -> Rates:
        """Median rates of an IBM snapshot, gate errors converted to depolarising probabilities.

        A depolarising channel of probability p on d dimensions has the average gate error p (d - 1)
        / d.

        Raises:
            InputError: for an unknown snapshot.
            MissingVendorError: without qiskit-ibm-runtime.
        """
        target = snapshot(name).target

        def middle(operation: str) -> float:
            errors = [
                p.error
                for p in target[operation].values()
                if p is not None and p.error is not None and p.error < 1.0
            ]
            return float(median(errors)) if errors else 0.0

        pair = next(
            n
            for n in target.operation_names
            if getattr(target.operation_from_name(n), "num_qubits", 0) == 2
        )
        return Rates(
            one_qubit=2.0 * middle("sx"),
            two_qubit=middle(pair) * 4.0 / 3.0,
            readout=middle("measure"),
        )


def noise_model(rates: Rates) -> Any:
    """A `qiskit_aer.noise.NoiseModel` of these rates for the gates SX, X, CX and for
    measurements.
    """
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel(basis_gates=["rz", "sx", "x", "cx"])
    if rates.one_qubit:
        model.add_all_qubit_quantum_error(depolarizing_error(rates.one_qubit, 1), ["sx", "x"])
    if rates.two_qubit:
        model.add_all_qubit_quantum_error(depolarizing_error(rates.two_qubit, 2), ["cx"])
    if rates.readout:
        e = rates.readout
        model.add_all_qubit_readout_error(ReadoutError([[1.0 - e, e], [e, 1.0 - e]]))
    return model


# IBM's snapshots of devices by short names: fez, marrakesh, torino, ...

_NO_DEVICE = frozenset({"FakeProviderForBackendV2"})


def snapshots() -> dict[str, str]:
    """Short name to class name in `qiskit_ibm_runtime.fake_provider`.

    Raises:
        MissingVendorError: without qiskit-ibm-runtime.
    """
    require_vendor("qiskit_ibm_runtime", package="qiskit-ibm-runtime", needed_by="backend 'fake'")
    from qiskit_ibm_runtime import fake_provider

    names = (
        name for name in dir(fake_provider) if name.startswith("Fake") and name not in _NO_DEVICE
    )
    return {
        name.removeprefix("Fake").removesuffix("V2").removesuffix("Backend").lower(): name
        for name in names
    }


@lru_cache(maxsize=8)
def snapshot(name: str) -> Any:
    """The `qiskit` backend of a snapshot, with its target and calibration.

    Raises:
        InputError: for an unknown name, with the nearest known one.
        MissingVendorError: without qiskit-ibm-runtime.
    """
    known = snapshots()
    short = name.lower().removeprefix("fake_").removeprefix("fake")
    if short not in known:
        raise unknown_name("snapshot", name, known)
    from qiskit_ibm_runtime import fake_provider

    with warnings.catch_warnings():
        # that a snapshot's errors are not typical is said in the documentation
        warnings.simplefilter("ignore", UserWarning)
        return getattr(fake_provider, known[short])()


# A device's target as a noisy simulator, with further gates, and the circuits that calibrate its
# readout.

_NARROW = 12


def noisy_simulator(target: Any) -> Any:
    """A `qiskit_aer.AerSimulator` with the gate, decay and readout errors of a target."""
    from qiskit.providers import BackendV2, Options
    from qiskit_aer import AerSimulator

    class Carrier(BackendV2):  # type: ignore[misc]
        """Carries a target to `from_backend`."""

        def __init__(self) -> None:
            super().__init__(name="device")

        @property
        def target(self) -> Any:
            return target

        @property
        def max_circuits(self) -> None:
            return None

        @classmethod
        def _default_options(cls) -> Any:
            return Options()

        def run(self, run_input: Any, **options: Any) -> Any:
            return AerSimulator.from_backend(self).run(run_input, **options)

    # threads only wait for one another there
    threads = {"max_parallel_threads": 1} if target.num_qubits <= _NARROW else {}
    return AerSimulator.from_backend(Carrier(), **threads)


def with_rzz(target: Any) -> Any:
    """The target with the fractional gate RZZ(0 to pi/2) beside CZ, with CZ's errors and
    durations.
    """
    from copy import deepcopy

    from qiskit.circuit import Parameter
    from qiskit.circuit.library import RZZGate

    found = deepcopy(target)
    if "rzz" not in found.operation_names and "cz" in found.operation_names:
        found.add_instruction(RZZGate(Parameter("t")), dict(target["cz"].items()))
    return found


def calibration_circuits(circuit: Any) -> tuple[Any, Any]:
    """All measured qubits of a compiled circuit in 0, then in 1, read into the same classical
    bits.
    """
    from qiskit import QuantumCircuit

    wires = {
        c: q
        for i in circuit.data
        if i.operation.name == "measure"
        for q, c in zip(i.qubits, i.clbits, strict=True)
    }
    found = []
    for value in (0, 1):
        made = QuantumCircuit(*circuit.qregs, *circuit.cregs, name="c0")
        for c, q in wires.items():
            if value:
                made.x(q)
            made.measure(q, c)
        found.append(made)
    return found[0], found[1]


# A compiled circuit and its device cut to the qubits in use, so that a simulator does not carry the
# idle ones.


def used(circuit: Any) -> tuple[int, ...]:
    """The qubits on which something happens, ascending."""
    return tuple(
        sorted(
            {
                circuit.find_bit(q).index
                for i in circuit.data
                if i.operation.name != "barrier"
                for q in i.qubits
            }
        )
    )


def compact(circuit: Any, qubits: tuple[int, ...]) -> Any:
    """The same circuit on len(qubits) qubits; qubit k is the device's qubit qubits[k]."""
    from qiskit import QuantumCircuit, QuantumRegister

    place = {q: k for k, q in enumerate(qubits)}
    found = QuantumCircuit(
        QuantumRegister(len(qubits), "q"),
        *circuit.cregs,
        name=circuit.name,
        global_phase=circuit.global_phase,
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
        inside = {
            tuple(place[q] for q in at): p for at, p in kept.items() if all(q in place for q in at)
        }
        if inside:
            found.add_instruction(operation, inside, name=name)
    return found
