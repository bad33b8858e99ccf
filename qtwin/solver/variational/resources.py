"""What a quantum run would take of a machine: qubits, two-qubit gates and depth on three lattices,
shots, circuit evaluations.

Counted at compile time (`qtwin.backend.compile.cost`), whatever simulated the run; later cost
models start from these numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qtwin.backend.base import Ansatz

_COUNTING_S = [0.0]


def counting_s() -> float:
    """Seconds that this process has spent on counting: work for the report, which no answer waits
    for and nobody is charged.
    """
    return _COUNTING_S[0]


def of_circuit(
    circuit: Ansatz, *, shots: int, evaluations: int, training_shots: int = 0, settings: int = 1
) -> dict[str, Any]:
    """JSON-ready counts of one run.

    Args:
        circuit: What is measured in the end.
        shots: Measurements of it.
        evaluations: Circuit evaluations of the training; those from exact values would each need
            many shots on a machine.
        training_shots: Measurements that the training took; 0 where its values were exact.
        settings: Measurement bases.
    """
    started = time.perf_counter()
    from qtwin.backend.compile.cost import LATTICES, circuit_cost

    by_lattice: dict[str, Any] = {}
    for lattice in LATTICES:
        cost = circuit_cost(circuit, lattice)
        by_lattice[lattice] = {
            "gates": cost.two_qubit_gates,
            "depth": cost.two_qubit_depth,
            "method": cost.method,
        }
    _COUNTING_S[0] += time.perf_counter() - started
    return _summary(circuit.n_qubits, by_lattice, shots, evaluations, training_shots) | {
        "settings": settings
    }


def of_depth(
    build: Callable[[int], Ansatz],
    depth: int,
    *,
    shots: int,
    evaluations: int,
    training_shots: int = 0,
) -> dict[str, Any]:
    """The same for a circuit of many equal layers, from its counts at one and at two layers; exact
    for gates.
    """
    if depth <= 2:
        return of_circuit(
            build(depth), shots=shots, evaluations=evaluations, training_shots=training_shots
        )
    one, two = (
        of_circuit(build(k), shots=shots, evaluations=evaluations, training_shots=training_shots)
        for k in (1, 2)
    )
    for lattice, first in one["two_qubit"].items():
        second = two["two_qubit"][lattice]
        for what in ("gates", "depth"):
            second[what] = first[what] + (depth - 1) * (second[what] - first[what])
    return two


def of_counts(
    n_qubits: int,
    gates: int | None,
    *,
    shots: int,
    evaluations: int,
    training_shots: int = 0,
    note: str,
) -> dict[str, Any]:
    """The same where no circuit of commuting strings exists: gates by a formula that `note` states,
    all-to-all alone.
    """
    by_lattice = (
        {}
        if gates is None
        else {"all-to-all": {"gates": gates, "depth": None, "method": "formula"}}
    )
    return _summary(n_qubits, by_lattice, shots, evaluations, training_shots) | {
        "settings": 1,
        "note": note,
    }


def controlled_phase(controls: int) -> int:
    """CX of a phase on `controls` + 1 qubits: 2 for one control; more by a chain of relative-phase
    Toffolis on clean ancillas.

    Each of the 2 (controls - 1) Toffolis takes 3 CX (Maslov 2016, PRA 93:022311), the last
    controlled phase 2.
    """
    return 0 if controls < 1 else 6 * (controls - 1) + 2


def _summary(
    n_qubits: int, two_qubit: dict[str, Any], shots: int, evaluations: int, training_shots: int
) -> dict[str, Any]:
    return {
        "n_qubits": n_qubits,
        "two_qubit": two_qubit,
        "shots": shots,
        "training_shots": training_shots,
        "circuit_evaluations": evaluations,
    }
