"""An ansatz at given angles as OpenQASM 3 (Cross et al. 2022, ACM Trans. Quantum Comput. 3:12)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.backend.compile import to_qiskit
from qtwin.errors import require_vendor


def to_openqasm3(ansatz: Ansatz, theta: NDArray[np.float64]) -> str:
    """The circuit with all qubits measured; qubit i goes to bit i. Names in it say nothing about the instance.

    Raises:
        InputError: for an ansatz or angles that no backend could run.
        MissingVendorError: if Qiskit is not installed.
    """
    require_vendor("qiskit", package="qiskit", needed_by="OpenQASM export")
    from qiskit import qasm3

    circuit = to_qiskit(ansatz, theta)
    circuit.measure_all()
    text: str = qasm3.dumps(circuit)
    return text
