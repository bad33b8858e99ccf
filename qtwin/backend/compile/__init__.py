"""FROM AN ANSATZ TO GATES: circuits, a device's own instructions, and what they cost.

Backends share this package; it knows none.

>>> compile_ansatz(ansatz, device)  # measured, with free angles, in the device's instructions
>>> circuit_cost(ansatz, "heavy-hex")         # two-qubit gates and depth, cheap
>>> validate_isa(circuit, device.target)      # refuse what the device cannot run
"""

from qtwin.backend.compile.circuit import broadcast, broadcast_all, digest, to_operator, to_qiskit
from qtwin.backend.compile.compiled import Compiled, compile_ansatz, two_qubit
from qtwin.backend.compile.cost import LATTICES, CircuitCost, circuit_cost, lattice_map
from qtwin.backend.compile.device import (
    Rates,
    calibration_circuits,
    compact,
    cut,
    fold_rzz,
    noise_model,
    noisy_simulator,
    snapshot,
    snapshots,
    used,
    validate_isa,
    validate_rzz,
    with_rzz,
)
from qtwin.backend.compile.suppress import fold, padded, twirled

__all__ = [
    "Compiled",
    "compile_ansatz",
    "circuit_cost",
    "CircuitCost",
    "LATTICES",
    "lattice_map",
    "to_qiskit",
    "to_operator",
    "validate_isa",
    "validate_rzz",
    "fold_rzz",
    "two_qubit",
    "used",
    "compact",
    "cut",
    "broadcast",
    "broadcast_all",
    "digest",
    "fold",
    "twirled",
    "padded",
    "snapshot",
    "snapshots",
    "noisy_simulator",
    "calibration_circuits",
    "with_rzz",
    "Rates",
    "noise_model",
]
