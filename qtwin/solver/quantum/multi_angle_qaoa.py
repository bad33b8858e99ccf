"""Multi-angle QAOA: an angle for every term and every qubit (Herrman et al. 2022, Sci Rep 12:6781)."""

from __future__ import annotations

import time
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.base import Card, Instance, Result, Solver
from qtwin.solver.circuit import Trained, check_positive, check_width, measured
from qtwin.solver.descent import Method, descend
from qtwin.solver.objective import Energy, loaded, trainer
from qtwin.solver.training import ansatz, train

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
class MultiAngleQaoa(Solver):
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
        self.optimizer, self.objective_shots = optimizer, objective_shots
        self._backend = loaded(backend)
        self._trainer = trainer(train_on, optimizer=optimizer, objective_shots=objective_shots)

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="multi-angle-qaoa",
            summary="QAOA with an angle for every term and qubit, exact gradients",
            kind="quantum",
            guarantee="<C> never above that of QAOA of the same depth",
            citation="Herrman et al. 2022, Sci Rep 12:6781",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "multi-angle-qaoa")
        started = time.perf_counter()
        deadline = None if time_limit_s is None else started + time_limit_s
        polynomial = instance.encoding.polynomial
        first = train(
            polynomial,
            self.layers,
            seed=seed,
            time_limit_s=time_limit_s,
            simulator=self._trainer,
            optimizer=self.optimizer,
            objective_shots=self.objective_shots,
        )
        energy = Energy(self._trainer, shots=self.objective_shots, seed=seed + 1)
        circuit, origin = split(polynomial, self.layers)
        cost = ansatz(polynomial, 1).layers[0].generator
        found = descend(
            lambda theta: energy(circuit, theta, cost),
            np.array(first.theta)[origin],
            iterations=self.iterations,
            tolerance=1e-9,
            gradient_tolerance=1e-5,
            deadline=deadline,
            started=started,
            method=self.optimizer,
            noisy=energy.noisy,
            seed=seed,
        )
        late = deadline is not None and time.perf_counter() > deadline
        trained = Trained(
            theta=found.theta,
            evaluations=first.evaluations + energy.evaluations,
            shots=first.shots + energy.shots_used,
            wall_s=time.perf_counter() - started,
            complete=not late,
        )
        unscaled = found.value * first.cost_scale + _offset(polynomial)
        info = {
            "layers": self.layers,
            "expectation_exact": None if energy.noisy else unscaled,
            "expectation_of_qaoa": first.energy,
        }
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


def _offset(polynomial: BinaryPolynomial) -> float:
    """Mean energy over all assignments: what the scaled cost leaves out."""
    return sum(c / 2.0 ** len(t) for t, c in polynomial.terms.items())
