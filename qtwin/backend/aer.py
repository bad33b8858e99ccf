"""Qiskit Aer: exact by state vector, or sampled."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Samples,
    check_observable,
    check_shots,
    sampled_expectation,
    tally,
)
from qtwin.backend.compile import to_operator, to_qiskit
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import require_vendor


@final
class AerBackend(Backend):
    """Qiskit Aer's state vector simulator.

    Args:
        threads: OpenMP threads; 0 takes all.
    """

    def __init__(self, *, threads: int = 0) -> None:
        require_vendor("qiskit_aer", package="qiskit-aer", needed_by="backend 'aer'")
        require_vendor("qiskit", package="qiskit", needed_by="backend 'aer'")
        self._threads = threads

    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="aer",
            summary="Qiskit Aer state vector, exact or sampled",
            max_qubits=28,
            exact=True,
            vendor="qiskit-aer",
            versions={package: version(package) for package in ("qiskit", "qiskit-aer")},
        )

    def sample(self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int) -> Samples:
        check_shots(shots)
        circuit = to_qiskit(ansatz, theta)
        circuit.measure_all()
        memory = self._run(circuit, shots=shots, seed_simulator=seed % 2**63, memory=True).get_memory()
        letters = np.array([list(row) for row in memory])
        return tally((letters[:, ::-1] == "1").astype(np.uint8))  # qiskit prints qubit 0 last

    def expectation(
        self, ansatz: Ansatz, theta: NDArray[np.float64], observable: PauliSum, *, shots: int | None = None, seed: int = 0
    ) -> Estimate:
        check_observable(ansatz, observable)
        if shots is not None:
            return sampled_expectation(self.sample, ansatz, theta, observable, shots=shots, seed=seed)
        import qiskit_aer  # noqa: F401 - teaches circuits to save

        circuit = to_qiskit(ansatz, theta)
        circuit.save_expectation_value(to_operator(observable), list(range(ansatz.n_qubits)))
        value = self._run(circuit, shots=None).data()["expectation_value"]
        return Estimate(value=float(np.real(value)), standard_error=0.0)

    def _run(self, circuit: Any, **options: Any) -> Any:
        from qiskit_aer import AerSimulator

        simulator = AerSimulator(method="statevector", max_parallel_threads=self._threads)
        return simulator.run(circuit, **options).result()
