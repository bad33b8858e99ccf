"""Digitised-counterdiabatic QAOA: a third layer against the losses of a fast schedule (Chandarana et al. 2022, PRR 4:013141).

The first-order nested commutator of the mixer and the cost, i [B, C], gives for every field h_i a string Y_i, for every coupling
J_ij the strings Y_i Z_j and Z_i Y_j, and so on. Each layer of QAOA is followed by rotations about them, all with one angle alpha,
in a fixed order (they do not all commute). With alpha = 0 it is QAOA.
"""

from __future__ import annotations

import time
from typing import Literal, final

import numpy as np

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.base import Card, Instance, Result, Solver
from qtwin.solver.circuit import Trained, check_positive, check_width, measured
from qtwin.solver.descent import Method, descend
from qtwin.solver.objective import Energy, loaded, trainer
from qtwin.solver.training import ansatz, train

MAX_QUBITS = 18


def with_counterdiabatic(polynomial: BinaryPolynomial, layers: int, pool: str) -> Ansatz:
    """QAOA's circuit with the strings of i [B, C] after each layer; parameters (gamma, beta, alpha) for each of the layers."""
    tied = ansatz(polynomial, layers)
    cost = tied.layers[0].generator
    strings: list[PauliSum] = []
    for z, c in zip(cost.z, cost.coefficients, strict=True):
        if pool == "y" and z.sum() > 1:
            continue
        for i in np.flatnonzero(z):
            x = np.zeros_like(z)
            x[i] = True
            strings.append(PauliSum(x=x[None, :], z=z[None, :], coefficients=np.array([c])))
    if pool == "y" and not strings:  # without fields Y alone: the pool's own single-qubit term
        one = np.eye(tied.n_qubits, dtype=np.bool_)
        strings = [PauliSum(x=one[k : k + 1], z=one[k : k + 1], coefficients=np.ones(1)) for k in range(tied.n_qubits)]
    found: list[Layer] = []
    for k in range(layers):
        found.append(Layer(generator=tied.layers[2 * k].generator, parameter=3 * k))
        found.append(Layer(generator=tied.layers[2 * k + 1].generator, parameter=3 * k + 1))
        found += [Layer(generator=s, parameter=3 * k + 2) for s in strings]
    return Ansatz(n_qubits=tied.n_qubits, reference=tied.reference, layers=tuple(found), n_parameters=3 * layers)


@final
class DcQaoa(Solver):
    """Train QAOA, add counterdiabatic angles from zero and train on; never worse in <C> than QAOA of the same depth.

    Args:
        layers: Depth p.
        pool: "yz": the strings of i [B, C]; "y": only those on one qubit.
        backend: Where the trained circuit is measured.
        shots: Measurements.
        iterations: Of the descent with counterdiabatic angles.
        train_on: A backend with exact gradients; any backend with `objective_shots`.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when None.
    """

    def __init__(
        self,
        *,
        layers: int = 1,
        pool: Literal["yz", "y"] = "yz",
        backend: str | Backend = "statevector",
        shots: int = 4096,
        iterations: int = 60,
        train_on: str | Backend = "statevector",
        optimizer: Method = "l-bfgs-b",
        objective_shots: int | None = None,
    ) -> None:
        check_positive(layers=layers, shots=shots, iterations=iterations)
        self.layers, self.pool, self.shots, self.iterations = layers, pool, shots, iterations
        self.optimizer, self.objective_shots = optimizer, objective_shots
        self._backend = loaded(backend)
        self._trainer = trainer(train_on, optimizer=optimizer, objective_shots=objective_shots)

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="dc-qaoa",
            summary="QAOA with first-order counterdiabatic layers, exact gradients",
            kind="quantum",
            guarantee="<C> never above that of QAOA of the same depth",
            citation="Chandarana et al. 2022, PRR 4:013141",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "dc-qaoa")
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
        circuit = with_counterdiabatic(polynomial, self.layers, self.pool)
        cost = circuit.layers[0].generator
        start = np.column_stack([np.array(first.theta).reshape(-1, 2), np.zeros(self.layers)]).reshape(-1)
        found = descend(
            lambda theta: energy(circuit, theta, cost),
            start,
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
        offset = sum(c / 2.0 ** len(t) for t, c in polynomial.terms.items())
        info = {
            "layers": self.layers,
            "pool": self.pool,
            "expectation_exact": None if energy.noisy else found.value * first.cost_scale + offset,
            "expectation_of_qaoa": first.energy,
        }
        return measured("dc-qaoa", instance, self._backend, circuit, trained, shots=self.shots, seed=seed, info=info)
