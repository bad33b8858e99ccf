"""A device's target as a noisy simulator, with further gates, and the circuits that calibrate its readout."""

from __future__ import annotations

from typing import Any

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

    threads = {"max_parallel_threads": 1} if target.num_qubits <= _NARROW else {}  # threads only wait for one another there
    return AerSimulator.from_backend(Carrier(), **threads)


def with_rzz(target: Any) -> Any:
    """The target with the fractional gate RZZ(0 to pi/2) beside CZ, with CZ's errors and durations."""
    from copy import deepcopy

    from qiskit.circuit import Parameter
    from qiskit.circuit.library import RZZGate

    found = deepcopy(target)
    if "rzz" not in found.operation_names and "cz" in found.operation_names:
        found.add_instruction(RZZGate(Parameter("t")), dict(target["cz"].items()))
    return found


def calibration_circuits(circuit: Any) -> tuple[Any, Any]:
    """All measured qubits of a compiled circuit in 0, then in 1, read into the same classical bits."""
    from qiskit import QuantumCircuit

    wires = {c: q for i in circuit.data if i.operation.name == "measure" for q, c in zip(i.qubits, i.clbits, strict=True)}
    found = []
    for value in (0, 1):
        made = QuantumCircuit(*circuit.qregs, *circuit.cregs, name="c0")
        for c, q in wires.items():
            if value:
                made.x(q)
            made.measure(q, c)
        found.append(made)
    return found[0], found[1]
