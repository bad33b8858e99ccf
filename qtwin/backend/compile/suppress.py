"""Circuits changed on purpose: folded for more noise, Pauli twirled, with dynamical decoupling of
waits.
"""

from __future__ import annotations

from copy import deepcopy
from math import pi
from typing import Any, Literal

from qtwin.errors import InputError

_SELF_INVERSE = frozenset({"cz", "cx", "ecr"})


def fold(circuit: Any, factor: int) -> Any:
    """Every two-qubit gate G played as G (G+ G)^((factor - 1) / 2): the same unitary, more of the
    device's noise.

    Raises:
        InputError: for a factor that is not odd and positive, or a gate whose inverse the device
            does not have.
    """
    if factor < 1 or factor % 2 == 0:
        raise InputError(
            f"expected an odd whole number as noise factor, got {factor}", hint="1, 3, 5, ..."
        )
    if factor == 1:
        return circuit
    found = circuit.copy_empty_like()
    for instruction in circuit.data:
        found.append(instruction)
        if instruction.operation.num_qubits != 2 or instruction.operation.name == "barrier":
            continue
        if instruction.operation.name not in _SELF_INVERSE:
            raise InputError(
                f"the gate {instruction.operation.name!r} is not its own inverse and cannot "
                "be folded",
                hint="compile without fractional gates",
            )
        for _ in range(factor - 1):
            found.append(instruction)
    return found


# Error suppression on a compiled circuit: Pauli twirling of two-qubit gates, and dynamical
# decoupling of waits.
#
# Twirling: Wallman, Emerson 2016, PRA 94:052325. Decoupling: Viola, Knill, Lloyd 1999, PRL 82:2417.


def twirled(circuit: Any, target: Any, *, seed: int) -> Any:
    """One random Pauli twirl of every CX, CZ and ECR, single-qubit gates merged into the device's
    own again.
    """
    from qiskit.circuit import pauli_twirl_2q_gates
    from qiskit.circuit.equivalence_library import SessionEquivalenceLibrary
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import BasisTranslator, Optimize1qGatesDecomposition

    found = pauli_twirl_2q_gates(circuit, seed=seed)
    merge = PassManager(
        [
            BasisTranslator(SessionEquivalenceLibrary, None, target),
            Optimize1qGatesDecomposition(target=target),
        ]
    )
    return merge.run(found)


def padded(circuit: Any, target: Any, sequence: Literal["none", "XX", "XY4"]) -> Any:
    """The circuit scheduled as late as possible, waits filled with delays or with pulses.

    Two-qubit neighbours pulse at the same moments, which is enough on a simulator without
    crosstalk.
    """
    from qiskit.circuit.library import XGate, YGate
    from qiskit.transpiler import PassManager
    from qiskit.transpiler.passes import (
        ALAPScheduleAnalysis,
        PadDelay,
        PadDynamicalDecoupling,
        TimeUnitConversion,
    )

    passes: list[Any] = [TimeUnitConversion(target=target), ALAPScheduleAnalysis(target=target)]
    if sequence == "none":
        passes.append(PadDelay(target=target))
        return PassManager(passes).run(circuit)
    pulses = [XGate(), XGate()] if sequence == "XX" else [XGate(), YGate(), XGate(), YGate()]
    timed = target
    # Y is a pulse as X is, at another phase
    if sequence == "XY4" and "y" not in target.operation_names:
        timed = deepcopy(target)
        timed.add_instruction(YGate(), dict(target["x"].items()))
    passes.append(PadDynamicalDecoupling(target=timed, dd_sequence=pulses))
    return _without_y(PassManager(passes).run(circuit))


def _without_y(circuit: Any) -> Any:
    """Y written as Rz(pi), X, which is what a device plays."""
    found = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.operation.name == "y":
            found.rz(pi, instruction.qubits)
            found.x(instruction.qubits)
        else:
            found.append(instruction)
    return found
