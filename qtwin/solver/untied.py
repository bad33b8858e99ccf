"""QAOA whose circuit is given more angles after its training, and whose training goes on from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.circuit import Trained
from qtwin.solver.descent import Method, descend
from qtwin.solver.objective import Differentiable, Energy
from qtwin.solver.training import ansatz, train

Floats = NDArray[np.float64]
Widen = Callable[[Floats], tuple[Ansatz, Floats]]
"""(2 p,) angles of QAOA to a wider circuit and the angles at which it is the same."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """Where the values of a training come from, and who descends on them; all as in `qtwin.solver.training.train`."""

    simulator: Differentiable | Backend
    optimizer: Method
    objective_shots: int | None


def train_untied(
    polynomial: BinaryPolynomial,
    layers: int,
    widen: Widen,
    *,
    values: Values,
    iterations: int,
    seed: int,
    time_limit_s: float | None,
) -> tuple[Ansatz, Trained, dict[str, Any]]:
    """Train QAOA, widen it, and descend over all angles.

    Args:
        polynomial: The energy.
        layers: Depth p of QAOA.
        widen: What is added.
        values: Exact or from shots.
        iterations: Of the descent over all angles.
        seed: For disturbed starts, directions and shots.
        time_limit_s: On both trainings together.

    Returns:
        The wider circuit, its angles with the cost of both trainings, and <C> of both in the polynomial's unit, for the record.
    """
    started = time.perf_counter()
    deadline = None if time_limit_s is None else started + time_limit_s
    first = train(
        polynomial,
        layers,
        seed=seed,
        time_limit_s=time_limit_s,
        simulator=values.simulator,
        optimizer=values.optimizer,
        objective_shots=values.objective_shots,
    )
    energy = Energy(values.simulator, shots=values.objective_shots, seed=seed + 1)
    circuit, start = widen(np.array(first.theta))
    cost = ansatz(polynomial, 1).layers[0].generator
    found = descend(
        lambda theta: energy(circuit, theta, cost),
        start,
        iterations=iterations,
        tolerance=1e-9,
        gradient_tolerance=1e-5,
        deadline=deadline,
        started=started,
        method=values.optimizer,
        noisy=energy.noisy,
        seed=seed,
    )
    trained = Trained(
        theta=found.theta,
        evaluations=first.evaluations + energy.evaluations,
        shots=first.shots + energy.shots_used,
        wall_s=time.perf_counter() - started,
        complete=deadline is None or time.perf_counter() <= deadline,
    )
    mean = sum(c / 2.0 ** len(t) for t, c in polynomial.terms.items())  # over all assignments: what the scaled cost leaves out
    exact = None if energy.noisy else found.value * first.cost_scale + mean
    return circuit, trained, {"layers": layers, "expectation_exact": exact, "expectation_of_qaoa": first.energy}
