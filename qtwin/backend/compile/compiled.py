"""An ansatz in a device's own instructions: compiled once with free angles, then run for any number
of angle sets.

Two ways, the one of less two-qubit depth (or of fewer two-qubit gates) wins: the odd-even swap
network on the best line of the device (quadratic costs and single-qubit layers), and Qiskit's
preset pass manager. For dense costs of many qubits the network has won every time and the preset is
not tried (`method = "auto"`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, check
from qtwin.backend.compile.circuit import to_qiskit
from qtwin.backend.compile.device import fold_rzz, validate_isa, validate_rzz
from qtwin.backend.compile.line import Choice, line
from qtwin.backend.compile.swap_network import applies, good_order, is_sparse, network, to_line
from qtwin.errors import InputError

Method = Literal["auto", "swap network", "preset"]
Prefer = Literal["depth", "gates"]
_SMALL = 8


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A measured circuit in the device's instructions.

    Attributes:
        circuit: `qiskit.QuantumCircuit` as wide as the device; classical bit i is qubit i of the
            ansatz.
        order: For each free parameter of the circuit, in its own order, the place in theta.
        layout: (n,) device qubit on which each qubit of the ansatz begins.
        method: What made it.
        n_parameters: Length of theta.
        two_qubit_gates, two_qubit_depth, depth: Of the circuit, measurements left out of none but
            the first two.
        fractional: Whether it holds RZZ gates, whose angles are folded when they get values.
    """

    circuit: Any
    order: tuple[int, ...]
    layout: tuple[int, ...]
    method: Literal["swap network", "preset"]
    n_parameters: int
    two_qubit_gates: int
    two_qubit_depth: int
    depth: int
    fractional: bool = False

    def values(self, thetas: NDArray[np.float64]) -> NDArray[np.float64]:
        """(k, n_parameters) angle sets as the (k, free parameters) array of one broadcast PUB.

        Raises:
            InputError: for another shape or a value that is not finite.
        """
        sets = np.atleast_2d(np.asarray(thetas, dtype=np.float64))
        if sets.ndim != 2 or sets.shape[1] != self.n_parameters or not np.isfinite(sets).all():
            raise InputError(
                f"expected finite angles (any number, {self.n_parameters}), got shape "
                f"{np.shape(thetas)}",
                hint="one row an angle set, in radians",
            )
        return np.ascontiguousarray(sets[:, list(self.order)])

    def bound(self, theta: NDArray[np.float64]) -> Any:
        """The circuit at (n_parameters,) angles, RZZ angles folded into their range."""
        circuit = (
            self.circuit.assign_parameters(self.values(theta)[0].tolist())
            if self.order
            else self.circuit.copy()
        )
        if self.fractional:
            circuit = fold_rzz(circuit)
            validate_rzz(circuit)
        return circuit


def two_qubit(circuit: Any) -> tuple[int, int]:
    """Number and depth of the gates on two or more qubits."""

    def counts(instruction: Any) -> bool:
        return (
            bool(instruction.operation.num_qubits >= 2) and instruction.operation.name != "barrier"
        )

    return sum(counts(i) for i in circuit.data), int(circuit.depth(counts))


def compile_ansatz(
    ansatz: Ansatz,
    device: Any,
    *,
    method: Method = "auto",
    prefer: Prefer = "depth",
    choice: Choice = "best",
    seed: int = 0,
    tries: int = 1,
    level: int = 3,
) -> Compiled:
    """The ansatz with free angles in the instructions of `device`.

    Args:
        ansatz: What to compile; its coefficients are numbers, only theta stays free.
        device: A Qiskit backend or target with a coupling map.
        method: "auto" takes the better of both.
        prefer: What better means: less two-qubit depth (spares waiting) or fewer two-qubit gates
            (spares their errors).
        choice: Where it goes: the best line by calibration (the preset manager looks for itself),
            or a typical one.
        seed: Of the preset pass manager and of the typical line.
        tries: Seeds of the preset pass manager, seed, seed + 1, ...; the shallowest counts.
        level: Optimisation level of the preset pass manager.

    Raises:
        InputError: for a device that is too small, or a method that does not suit the ansatz.
    """
    check(ansatz)
    target = getattr(device, "target", device)
    if ansatz.n_qubits > target.num_qubits:
        raise InputError(
            f"expected at most {target.num_qubits} qubits, the device's, got {ansatz.n_qubits}",
            hint="choose a larger device",
        )
    found = []
    if method == "swap network" and not applies(ansatz):
        raise InputError(
            "expected a quadratic cost, got a layer that couples by X or Y or more than two qubits",
            hint='method = "preset" compiles any ansatz',
        )
    if method != "preset" and applies(ansatz):
        routed = _by_network(ansatz, target, choice, seed)
        if routed is None and method == "swap network":
            raise InputError(
                f"the device holds no line of {ansatz.n_qubits} qubits", hint='method = "preset"'
            )
        found += [routed] if routed else []
    if method == "preset" or not found or (method == "auto" and not _surely_network(ansatz)):
        found += [_by_preset(ansatz, target, choice, seed + k, level) for k in range(max(1, tries))]
    if prefer == "depth":
        best = min(found, key=lambda c: (c.two_qubit_depth, c.two_qubit_gates))
    else:
        best = min(found, key=lambda c: (c.two_qubit_gates, c.two_qubit_depth))
    validate_isa(best.circuit, target)
    return best


def _surely_network(ansatz: Ansatz) -> bool:
    """Many qubits and at least half of all couplings."""
    return ansatz.n_qubits > _SMALL and not is_sparse(ansatz)


def _by_network(ansatz: Ansatz, target: Any, choice: Choice, seed: int) -> Compiled | None:
    from qiskit.transpiler import generate_preset_pass_manager

    plan = network(ansatz, good_order(ansatz))
    meetings = sum(len(met) for layer in plan.layers for met in layer)
    path = line(
        target,
        ansatz.n_qubits,
        gates_per_pair=3.0 * meetings / max(1, ansatz.n_qubits - 1),
        choice=choice,
        seed=seed,
    )
    if path is None:
        return None
    rzz = "rzz" in target.operation_names
    circuit = _measured(
        to_line(ansatz, plan, rzz=rzz), [plan.end.index(i) for i in range(ansatz.n_qubits)]
    )
    manager = generate_preset_pass_manager(
        optimization_level=1,
        target=target,
        initial_layout=list(path),
        routing_method="none",
        seed_transpiler=seed,
    )
    layout = tuple(path[plan.start.index(i)] for i in range(ansatz.n_qubits))
    return _compiled_as(manager.run(circuit), ansatz, layout, "swap network")


def _by_preset(ansatz: Ansatz, target: Any, choice: Choice, seed: int, level: int) -> Compiled:
    """On qubits of the manager's own choice, or beginning on a typical line."""
    from qiskit.transpiler import generate_preset_pass_manager

    circuit = _measured(to_qiskit(ansatz), list(range(ansatz.n_qubits)))
    path = line(target, ansatz.n_qubits, choice=choice, seed=seed) if choice == "typical" else None
    manager = generate_preset_pass_manager(
        optimization_level=level,
        target=target,
        seed_transpiler=seed,
        initial_layout=list(path) if path else None,
    )
    found = manager.run(circuit)
    layout = (
        tuple(found.layout.initial_index_layout(filter_ancillas=True))
        if found.layout
        else tuple(range(ansatz.n_qubits))
    )
    return _compiled_as(found, ansatz, layout, "preset")


def _measured(circuit: Any, wires: list[int]) -> Any:
    from qiskit import ClassicalRegister

    circuit.add_register(ClassicalRegister(len(wires), "c"))
    circuit.measure(wires, range(len(wires)))
    return circuit


def _compiled_as(
    circuit: Any, ansatz: Ansatz, layout: tuple[int, ...], method: Literal["swap network", "preset"]
) -> Compiled:
    circuit.name, circuit.metadata = "c0", {}
    gates, deep = two_qubit(circuit)
    return Compiled(
        circuit=circuit,
        order=tuple(int(p.index) for p in circuit.parameters),
        layout=layout,
        method=method,
        n_parameters=ansatz.n_parameters,
        two_qubit_gates=gates,
        two_qubit_depth=deep,
        depth=int(circuit.depth()),
        fractional="rzz" in circuit.count_ops(),
    )
