"""More noise on purpose: unitary folding of two-qubit gates (Giurgica-Tiron et al. 2020, arXiv:2005.10921, section III)."""

from __future__ import annotations

from typing import Any

from qtwin.errors import InputError

_SELF_INVERSE = frozenset({"cz", "cx", "ecr"})


def fold(circuit: Any, factor: int) -> Any:
    """Every two-qubit gate G played as G (G+ G)^((factor - 1) / 2): the same unitary, more of the device's noise.

    Raises:
        InputError: for a factor that is not odd and positive, or a gate whose inverse the device does not have.
    """
    if factor < 1 or factor % 2 == 0:
        raise InputError(f"the noise factor {factor} came, an odd whole number was wanted", hint="1, 3, 5, ...")
    if factor == 1:
        return circuit
    found = circuit.copy_empty_like()
    for instruction in circuit.data:
        found.append(instruction)
        if instruction.operation.num_qubits != 2 or instruction.operation.name == "barrier":
            continue
        if instruction.operation.name not in _SELF_INVERSE:
            raise InputError(
                f"the gate {instruction.operation.name!r} is not its own inverse and cannot be folded",
                hint="compile without fractional gates",
            )
        for _ in range(factor - 1):
            found.append(instruction)
    return found
