"""VQE with a hardware-efficient ansatz on the diagonal energy (Kandala et al. 2017, Nature
549:242).
"""

from __future__ import annotations

import time
from typing import final

import numpy as np

from qtwin.backend.base import Backend
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational.circuit import (
    Trained,
    brickwork,
    check_positive,
    check_width,
    measured,
)
from qtwin.solver.variational.gradient import Descent, Method, descend
from qtwin.solver.variational.objective import Energy, loaded, trainer
from qtwin.solver.variational.training import ansatz as qaoa_ansatz

MAX_QUBITS = 18


@final
class HardwareEfficientVQE(Solver):
    """Minimise <C> over a circuit of rotations and neighbouring entanglers, with exact gradients.

    Args:
        layers: Entangling layers.
        backend: Where the trained circuit is measured.
        shots: Measurements.
        starts: Random starts.
        iterations: Of each descent.
        train_on: A backend with exact gradients; any backend with `objective_shots`.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.
    """

    def __init__(
        self,
        *,
        layers: int = 2,
        backend: str | Backend = "statevector",
        shots: int = 4096,
        starts: int = 3,
        iterations: int = 80,
        train_on: str | Backend = "statevector",
        optimizer: Method = "l-bfgs-b",
        objective_shots: int | None = None,
    ) -> None:
        check_positive(layers=layers, shots=shots, starts=starts, iterations=iterations)
        self.layers, self.shots, self.starts, self.iterations = layers, shots, starts, iterations
        self.optimizer, self.objective_shots = optimizer, objective_shots
        self._backend = loaded(backend)
        self._trainer = trainer(train_on, optimizer=optimizer, objective_shots=objective_shots)

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="hardware-efficient-vqe",
            summary="rotations and entanglers along a line, all angles free, exact gradients",
            kind="quantum",
            guarantee="none",
            citation="Kandala et al. 2017, Nature 549:242",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "hardware-efficient-vqe")
        started = time.perf_counter()
        deadline = None if time_limit_s is None else started + time_limit_s
        polynomial = instance.encoding.polynomial
        circuit = brickwork(polynomial.n_variables, self.layers)
        cost = qaoa_ansatz(polynomial, 1).layers[0].generator
        energy = Energy(self._trainer, shots=self.objective_shots, seed=seed)
        rng = np.random.default_rng(seed)
        found: list[Descent] = []
        for _ in range(self.starts):
            if found and deadline is not None and time.perf_counter() > deadline:
                break
            start = rng.uniform(-0.8, 0.8, size=circuit.n_parameters)
            found.append(
                descend(
                    lambda theta: energy(circuit, theta, cost),
                    start,
                    iterations=self.iterations,
                    tolerance=1e-9,
                    gradient_tolerance=1e-5,
                    deadline=deadline,
                    started=started,
                    method=self.optimizer,
                    noisy=energy.noisy,
                    seed=seed + len(found),
                )
            )
        best = min(found, key=lambda d: d.value)
        late = deadline is not None and time.perf_counter() > deadline
        trained = Trained(
            theta=best.theta,
            evaluations=energy.evaluations,
            shots=energy.shots_used,
            wall_s=time.perf_counter() - started,
            complete=not late,
        )
        info = {"layers": self.layers, "starts": len(found)}
        return measured(
            "hardware-efficient-vqe",
            instance,
            self._backend,
            circuit,
            trained,
            shots=self.shots,
            seed=seed,
            info=info,
        )
