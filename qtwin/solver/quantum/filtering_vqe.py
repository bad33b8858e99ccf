"""Filtering VQE: imaginary-time evolution followed by a circuit (Amaro et al. 2022, Quantum Sci
Technol 7:015021).

Every step turns the angles towards F |psi>, with the filter F = exp(-tau (C - min C)), which is
imaginary time. The gradient of

    || |psi(theta)> - F |psi_t> / sqrt<F^2> ||^2 / 2

at theta_t is -d<F>/d theta / (2 sqrt<F^2>), so a step of size eta is

    theta <- theta + eta d<F>/d theta / (2 sqrt<F^2>).

tau is chosen so that the step has length one half of a radian at most; it ends when the steps stop
lowering <C>.
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
    observable_of,
)
from qtwin.solver.variational.training import exact_simulator, loaded

MAX_QUBITS = 12


@final
class FilteringVQE(Solver):
    """Exact gradients of the filter on a circuit of rotations and neighbouring entanglers.

    Args:
        layers: Entangling layers.
        steps: At most.
        rate: Size eta of a step.
        tau: Strength of the filter for the energy divided by its standard deviation.
        backend: Where the final circuit is measured.
        shots: Measurements.
    """

    def __init__(
        self,
        *,
        layers: int = 2,
        steps: int = 150,
        rate: float = 1.0,
        tau: float = 1.0,
        backend: str | Backend = "statevector",
        shots: int = 4096,
    ) -> None:
        check_positive(layers=layers, steps=steps, rate=rate, tau=tau, shots=shots)
        self.layers, self.steps, self.rate, self.tau, self.shots = layers, steps, rate, tau, shots
        self._backend, self._simulator = loaded(backend), exact_simulator()

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="filtering-vqe",
            summary="imaginary-time filter followed by a hardware-efficient circuit, exact "
            "gradients",
            kind="quantum",
            guarantee="none",
            citation="Amaro et al. 2022, Quantum Sci Technol 7:015021",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "filtering-vqe")
        started = time.perf_counter()
        polynomial = instance.encoding.polynomial
        values = polynomial.values()
        spread = float(values.std()) or 1.0
        damp = np.exp(-self.tau * (values - values.min()) / spread)
        once = observable_of(damp)
        circuit = brickwork(polynomial.n_variables, self.layers)
        theta = np.full(circuit.n_parameters, 0.0)
        theta[: polynomial.n_variables] = np.pi / 4  # |+...+>
        theta += 0.05 * np.random.default_rng(seed).normal(size=theta.size)
        best, best_theta, course, complete = np.inf, theta.copy(), [], True
        for k in range(self.steps):
            if k and time_limit_s is not None and time.perf_counter() - started > time_limit_s:
                complete = False
                break
            probability = self._simulator.probabilities(circuit, theta)
            mean = float(values @ probability)
            course.append(mean)
            if mean < best:
                best, best_theta = mean, theta.copy()
            gradient = self._simulator.value_and_gradient(circuit, theta, once)[1]
            move = self.rate * gradient / (2.0 * np.sqrt(max(float(damp**2 @ probability), 1e-300)))
            length = float(np.linalg.norm(move))
            if length < 1e-5:
                break
            theta = theta + move * min(1.0, 0.5 / length)
        trained = Trained(
            theta=best_theta,
            evaluations=2 * len(course),
            wall_s=time.perf_counter() - started,
            complete=complete,
        )
        info = {
            "layers": self.layers,
            "tau": self.tau,
            "expectation_exact": best,
            "steps": len(course),
        }
        return measured(
            "filtering-vqe",
            instance,
            self._backend,
            circuit,
            trained,
            shots=self.shots,
            seed=seed,
            info=info,
        )
