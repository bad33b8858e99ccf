"""OpenQASM 3: read back by Qiskit, the circuit has the state vector of our simulator."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.backend.exchange import to_openqasm3
from qtwin.backend.statevector.backend import StatevectorBackend
from qtwin.solver.variational.training import ansatz, ramp
from tests.oracles.instances import random_polynomial

pytest.importorskip("qiskit_qasm3_import")


@pytest.mark.parametrize(("degree", "layers"), [(2, 1), (2, 3), (3, 2)])
def test_the_text_is_the_circuit(degree: int, layers: int) -> None:
    from qiskit import qasm3
    from qiskit.quantum_info import Statevector

    circuit = ansatz(random_polynomial(5, degree, 4), layers)
    theta = ramp(layers)
    text = to_openqasm3(circuit, theta)
    assert text.startswith("OPENQASM 3")
    read = qasm3.loads(text).remove_final_measurements(inplace=False)
    probabilities = np.abs(Statevector(read).data) ** 2
    np.testing.assert_allclose(
        probabilities, StatevectorBackend().probabilities(circuit, theta), atol=1e-9
    )


def test_it_names_nothing_but_qubits() -> None:
    text = to_openqasm3(ansatz(random_polynomial(3, 2, 1), 1), ramp(1))
    words = {w.strip(";,[]()") for w in text.split()}
    assert not {w for w in words if "option" in w or "patient" in w}
