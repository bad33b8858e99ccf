"""Warm-start QAOA: begin near the optimum of a continuous relaxation (Egger, Marecek, Woerner 2021,
Quantum 5:479).

A relaxed solution c in [0, 1]^n, held away from 0 and 1 by epsilon, gives the start prod_i
R_Y(theta_i) |0>, theta_i = 2 asin sqrt(c_i), and the mixer whose top state that is: R_Y(theta_i) Z
R_Y(-theta_i). At epsilon = 1/2 it is plain QAOA; at epsilon = 0 a relaxed solution that is whole
stays as it is.

The relaxation is the convex one with x_i^2 = x_i (Hammer, Rubin 1970, RIRO 4:67): x'(Q + d)x + (b -
d)'x with d just large enough that Q + d has no negative eigenvalue; it agrees with the energy on
all bits. A known choice (`Instance.warm_start`) takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Backend
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, SolverInfo
from qtwin.solver.exact.search import warm_start_of
from qtwin.solver.variational.circuit import (
    Circuit,
    Turn,
    check_width,
    circuit,
    cost_scale,
    mean_energy,
    measured,
    scaled,
    scaled_cost,
    strings,
)
from qtwin.solver.variational.objective import CircuitLandscape, Energy, loaded, trainer
from qtwin.solver.variational.training import ScheduledQAOA, spent

MAX_QUBITS = 18
Floats = NDArray[np.float64]


def relaxed(polynomial: BinaryPolynomial) -> Floats:
    """(n,) minimiser over [0, 1]^n of the convex relaxation.

    Raises:
        InputError: for a degree above 2.
    """
    from scipy.optimize import minimize

    if polynomial.degree > 2:
        raise InputError(
            f"expected a quadratic polynomial, got degree {polynomial.degree}",
            hint='quadratise it ([encoding] quadratise = "cover"), or give a warm start',
        )
    _, linear, pairs = polynomial.quadratic_form
    q = (pairs + pairs.T) / 2.0
    lift = max(0.0, -float(np.linalg.eigvalsh(q)[0]))
    q, b = q + lift * np.eye(len(linear)), linear - lift
    size = float(np.abs(q).max() + np.abs(b).max()) or 1.0
    found = minimize(
        lambda x: ((x @ q @ x + b @ x) / size, (2.0 * q @ x + b) / size),
        np.full(len(b), 0.5),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * len(b),
        options={"ftol": 1e-14, "gtol": 1e-10},
    )
    return np.clip(np.asarray(found.x, dtype=np.float64), 0.0, 1.0)


def warm_circuit(polynomial: BinaryPolynomial, start: Floats, layers: int) -> Circuit:
    """The circuit from the (n,) probabilities `start` of a one; theta = (gamma_1, beta_1, ...)."""
    n = polynomial.n_variables
    half = np.arcsin(np.sqrt(start))
    turn = strings(n, [([i], [i], float(half[i])) for i in range(n)])
    mixer = strings(n, [([], [i], 1.0) for i in range(n)])
    cost = scaled_cost(polynomial)
    turns: list[Turn] = [(turn, None)]
    for k in range(layers):
        turns += [(cost, 2 * k), (scaled(turn, -1.0), None), (mixer, 2 * k + 1), (turn, None)]
    return circuit(n, turns, free=2 * layers)


@final
@dataclass(kw_only=True, eq=False)
class WarmStartQAOA(ScheduledQAOA):
    """Relax, train, measure.

    Args:
        layers: Depth p.
        epsilon: How far the start is held from 0 and 1, in [0, 1/2].
        backend: Where the trained circuit is measured.
        shots: Measurements.
        starts: Descents, where the schedule takes several.
        max_evaluations: Limit on circuit evaluations in the training.
        schedule: How angles are chosen.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.
        train_on: A backend with exact gradients; any backend with `objective_shots`.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> qt.solve(model, qt.WarmStartQAOA(layers=1), seed=1).energy
        -1.5
    """

    layers: int = 3
    epsilon: float = 0.25
    backend: str | Backend = "statevector"
    train_on: str | Backend = "statevector"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.epsilon <= 0.5:
            raise InputError(
                f"expected epsilon from 0 to 0.5, got {self.epsilon}", hint="0.25 is the paper's"
            )
        self._backend = loaded(self.backend)
        self._trainer = trainer(
            self.train_on, optimizer=self.optimizer, objective_shots=self.objective_shots
        )

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="warm-start-qaoa",
            summary="QAOA that begins at a convex relaxation, or at a known choice, and mixes "
            "about it",
            kind="quantum",
            guarantee="none",
            citation="Egger, Marecek, Woerner 2021, Quantum 5:479",
            max_variables=MAX_QUBITS,
            limits="degree 2, or a warm start",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Relax, train and measure.

        Raises:
            InputError: for too many variables, or a degree above 2 without a warm start.
        """
        check_width(instance, MAX_QUBITS, "warm-start-qaoa")
        polynomial = instance.encoding.polynomial
        known = warm_start_of(instance)
        values = relaxed(polynomial) if known is None else known.astype(np.float64)
        start = np.clip(values, self.epsilon, 1.0 - self.epsilon)
        landscape = CircuitLandscape(
            scale=cost_scale(polynomial),
            offset=mean_energy(polynomial),
            energy=Energy(self._trainer, shots=self.objective_shots, seed=seed),
            build=lambda depth: warm_circuit(polynomial, start, depth),
            cost=scaled_cost(polynomial),
        )
        trained = self._trained(landscape, seed, time_limit_s)
        whole = warm_circuit(polynomial, start, self.layers)
        info: dict[str, Any] = {
            **self._info(trained),
            "epsilon": self.epsilon,
            "started_from": "relaxation" if known is None else "warm start",
            "relaxed": values.tolist(),
        }
        cost = spent(trained, whole.full(np.array(trained.theta)))
        return measured(
            "warm-start-qaoa",
            instance,
            self._backend,
            whole.ansatz,
            cost,
            shots=self.shots,
            seed=seed,
            info=info,
        )
