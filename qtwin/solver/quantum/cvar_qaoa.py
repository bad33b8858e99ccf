"""CVaR-QAOA: train for the mean of the best share alpha of the shots (Barkoutsos et al. 2020,
Quantum 4:256).

    CVaR_alpha = min over shares w <= p / alpha, sum w = 1, of sum_x w(x) E(x) = v - E[max(v - E,
    0)] / alpha,

v the alpha-quantile, so that at fixed v it is the expectation of a diagonal operator, and by the
envelope theorem its gradient is that expectation's.
"""

from __future__ import annotations

import time
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Backend
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational.circuit import (
    Trained,
    check_positive,
    check_width,
    cost_scale,
    mean_energy,
    measured,
)
from qtwin.solver.variational.gradient import Method, descend
from qtwin.solver.variational.objective import loaded, trainer
from qtwin.solver.variational.training import ansatz, exact_simulator, train

MAX_QUBITS = 22
Floats = NDArray[np.float64]


@final
class CVaRQAOA(Solver):
    """Train QAOA, then train on for the best share of the shots, with exact gradients.

    Args:
        layers: Depth p.
        alpha: The share, in (0, 1]; 1 is plain QAOA.
        backend: Where the trained circuit is measured.
        shots: Measurements.
        iterations: Of the descent on CVaR.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> qt.solve(model, qt.CVaRQAOA(layers=1, alpha=0.2), seed=1).energy
        -1.5
    """

    def __init__(
        self,
        *,
        layers: int = 3,
        alpha: float = 0.1,
        backend: str | Backend = "statevector",
        shots: int = 4096,
        iterations: int = 60,
        optimizer: Method = "l-bfgs-b",
        objective_shots: int | None = None,
    ) -> None:
        # compiled: a listing of the solvers does without
        from qtwin.backend.statevector.distribution import lowest_share

        check_positive(layers=layers, shots=shots, iterations=iterations)
        lowest_share(np.zeros(1), np.ones(1), alpha)
        self._lowest_share = lowest_share
        self.layers, self.alpha, self.shots, self.iterations = layers, alpha, shots, iterations
        self.optimizer, self.objective_shots = optimizer, objective_shots
        self._backend, self._simulator = loaded(backend), exact_simulator()
        trainer(self._simulator, optimizer=optimizer, objective_shots=objective_shots)

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="cvar-qaoa",
            summary="QAOA trained for the mean of its best shots, exact gradients",
            kind="quantum",
            guarantee="none",
            citation="Barkoutsos et al. 2020, Quantum 4:256",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "cvar-qaoa")
        started = time.perf_counter()
        deadline = None if time_limit_s is None else started + time_limit_s
        polynomial = instance.encoding.polynomial
        circuit, scale = ansatz(polynomial, self.layers), cost_scale(polynomial)
        cost = circuit.layers[0].generator
        shots_used = 0

        def objective(theta: Floats) -> tuple[float, Floats]:
            nonlocal shots_used
            if self.objective_shots is not None:
                shots_used += self.objective_shots
                drawn = (seed + 7919 * shots_used) % 2**32
                samples = self._simulator.sample(
                    circuit, theta, shots=self.objective_shots, seed=drawn
                )
                seen = polynomial.evaluate(samples.bits)
                return self._lowest_share(seen, samples.counts / samples.shots, self.alpha)[
                    0
                ] / scale, np.zeros(0)
            return self._simulator.cvar_and_gradient(circuit, theta, cost, self.alpha)

        first = train(
            polynomial,
            self.layers,
            seed=seed,
            time_limit_s=time_limit_s,
            simulator=self._simulator,
            optimizer=self.optimizer,
            objective_shots=self.objective_shots,
        )
        found = descend(
            objective,
            np.array(first.theta),
            iterations=self.iterations,
            tolerance=1e-9,
            gradient_tolerance=1e-5,
            deadline=deadline,
            started=started,
            method=self.optimizer,
            noisy=self.objective_shots is not None,
            seed=seed,
        )
        late = deadline is not None and time.perf_counter() > deadline
        trained = Trained(
            theta=found.theta,
            evaluations=first.evaluations + found.evaluations,
            shots=first.shots + shots_used,
            wall_s=time.perf_counter() - started,
            complete=not late,
        )
        info = {
            "layers": self.layers,
            "alpha": self.alpha,
            "cvar_exact": self._simulator.cvar_and_gradient(circuit, found.theta, cost, self.alpha)[
                0
            ]
            * scale
            + mean_energy(polynomial),
            "mean_of_qaoa": first.energy,
        }
        return measured(
            "cvar-qaoa",
            instance,
            self._backend,
            circuit,
            trained,
            shots=self.shots,
            seed=seed,
            info=info,
        )
