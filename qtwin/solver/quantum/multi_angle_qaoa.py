"""Multi-angle QAOA: an angle for every term and every qubit (Herrman et al. 2022, Sci Rep 12:6781)."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational.circuit import check_positive, check_width, measured
from qtwin.solver.variational.gradient import Method
from qtwin.solver.variational.objective import loaded, trainer
from qtwin.solver.variational.training import Values, ansatz, train_untied

MAX_QUBITS = 18


def split(polynomial: BinaryPolynomial, layers: int) -> tuple[Ansatz, NDArray[np.int64]]:
    """QAOA's circuit with every string in a layer of its own, and (n_parameters,) the QAOA angle that each one replaces."""
    tied = ansatz(polynomial, layers)
    singles: list[Layer] = []
    origin: list[int] = []
    for layer in tied.layers:
        h = layer.generator
        for k in range(len(h.coefficients)):
            one = PauliSum(x=h.x[k : k + 1], z=h.z[k : k + 1], coefficients=h.coefficients[k : k + 1])
            singles.append(Layer(generator=one, parameter=len(singles)))
            origin.append(int(layer.parameter or 0))
    free = Ansatz(n_qubits=tied.n_qubits, reference=tied.reference, layers=tuple(singles), n_parameters=len(singles))
    return free, np.array(origin, dtype=np.int64)


@final
class MultiAngleQAOA(Solver):
    """Train QAOA, untie its angles and train on; never worse in <C> than QAOA of the same depth.

    Args:
        layers: Depth p.
        backend: Where the trained circuit is measured.
        shots: Measurements.
        iterations: Of the descent over all angles.
        train_on: A backend with exact gradients; any backend with `objective_shots`.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when None.
    """

    def __init__(
        self,
        *,
        layers: int = 1,
        backend: str | Backend = "statevector",
        shots: int = 4096,
        iterations: int = 60,
        train_on: str | Backend = "statevector",
        optimizer: Method = "l-bfgs-b",
        objective_shots: int | None = None,
    ) -> None:
        check_positive(layers=layers, shots=shots, iterations=iterations)
        self.layers, self.shots, self.iterations = layers, shots, iterations
        self._backend = loaded(backend)
        simulator = trainer(train_on, optimizer=optimizer, objective_shots=objective_shots)
        self._values = Values(simulator=simulator, optimizer=optimizer, objective_shots=objective_shots)

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="multi-angle-qaoa",
            summary="QAOA with an angle for every term and qubit, exact gradients",
            kind="quantum",
            guarantee="<C> never above that of QAOA of the same depth",
            citation="Herrman et al. 2022, Sci Rep 12:6781",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "multi-angle-qaoa")
        polynomial = instance.encoding.polynomial
        free, origin = split(polynomial, self.layers)
        circuit, trained, info = train_untied(
            polynomial,
            self.layers,
            lambda theta: (free, theta[origin]),
            values=self._values,
            iterations=self.iterations,
            seed=seed,
            time_limit_s=time_limit_s,
        )
        return measured(
            "multi-angle-qaoa",
            instance,
            self._backend,
            circuit,
            trained,
            shots=self.shots,
            seed=seed,
            info=info,
            counted=ansatz(polynomial, self.layers),
        )
