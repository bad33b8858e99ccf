"""The training of QAOA's angles by one of several schedules (`qtwin.solver.variational.schedule`),
exact or from shots.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend
from qtwin.backend.exchange import to_openqasm3
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Solver, TracePoint
from qtwin.solver.variational import schedule as schedules
from qtwin.solver.variational.circuit import Trained, ansatz, check_positive, cost_scale
from qtwin.solver.variational.gradient import Method, descend
from qtwin.solver.variational.objective import (
    Differentiable,
    Energy,
    Landscape,
    loaded,
    qaoa_landscape,
)
from qtwin.solver.variational.schedule import AngleSearch, LimitReached, interpolate, ramp

if TYPE_CHECKING:
    from qtwin.backend.statevector.backend import StatevectorBackend


__all__ = [
    "Differentiable",
    "Training",
    "ansatz",
    "cost_scale",
    "differentiable",
    "exact_simulator",
    "interpolate",
    "loaded",
    "openqasm3",
    "ramp",
]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Trained angles and what they cost.

    Attributes:
        theta: (gamma_1, beta_1, ...) in radians, for the scaled cost.
        energy: <C> at theta, in the polynomial's own unit, constant included: exact where the
            trainer is an exact simulator, otherwise its last estimate.
        energy_by_layers: The same at the end of each depth that was trained; never increasing for
            INTERP and FOURIER with exact values.
        evaluations: Circuit evaluations, each with its gradient where values are exact.
        shots: Measurements that the values took.
        wall_s: Time.
        cost_scale: What the cost was divided by.
        complete: Whether the optimiser finished; otherwise a limit cut it short and layers not
            reached have angle zero.
        trace: Best <C> so far; time and evaluations from the start of the training.
        schedule: How the angles were chosen.
    """

    theta: tuple[float, ...]
    energy: float
    energy_by_layers: tuple[float, ...]
    evaluations: int
    shots: int = 0
    wall_s: float
    cost_scale: float
    complete: bool
    trace: tuple[TracePoint, ...]
    schedule: str = "interp"


def train(
    polynomial: BinaryPolynomial,
    layers: int,
    *,
    seed: int,
    starts: int = 1,
    max_evaluations: int = 400,
    time_limit_s: float | None = None,
    simulator: Differentiable | Backend | None = None,
    schedule: str = "interp",
    optimizer: str = "l-bfgs-b",
    objective_shots: int | None = None,
) -> Training:
    """Angles that make <C> small.

    Args:
        polynomial: The energy.
        layers: Depth p.
        seed: For disturbed starts, directions and shots.
        starts: Descents, where the schedule takes several.
        max_evaluations: Limit on circuit evaluations.
        time_limit_s: Limit on time.
        simulator: An exact simulator with gradients, or any backend with `objective_shots`; the
            project's own by default.
        schedule: How the angles are chosen, a name in `qtwin.solver.variational.schedule.TABLE`.
        optimizer: One of `qtwin.solver.variational.gradient.Method`.
        objective_shots: Measurements a value; exact values when None.

    Raises:
        InputError: for an unknown schedule, or a depth that it has no angles for.
    """
    simulator = differentiable("statevector") if simulator is None else simulator
    ansatz(polynomial, layers)  # refuses what no schedule could train
    landscape = qaoa_landscape(polynomial, Energy(simulator, shots=objective_shots, seed=seed))
    found = train_on(
        landscape,
        layers,
        seed=seed,
        starts=starts,
        max_evaluations=max_evaluations,
        time_limit_s=time_limit_s,
        schedule=schedule,
        optimizer=optimizer,
    )
    if objective_shots is None or not isinstance(simulator, Differentiable):
        return found
    circuit = ansatz(polynomial, layers)  # a check of the answer, not a cost of finding it
    exact = simulator.value_and_gradient(
        circuit, np.array(found.theta), circuit.layers[0].generator
    )[0]
    return replace(found, energy=exact * landscape.scale + landscape.offset)


def train_on(
    landscape: Landscape,
    layers: int,
    *,
    seed: int,
    starts: int = 1,
    max_evaluations: int = 400,
    time_limit_s: float | None = None,
    schedule: str = "interp",
    optimizer: str = "l-bfgs-b",
) -> Training:
    """The same on any landscape: other mixers, other starts, feasible sets."""
    started = time.perf_counter()
    search = AngleSearch(
        landscape,
        max_evaluations=max_evaluations,
        deadline=None if time_limit_s is None else started + time_limit_s,
        optimizer=optimizer,
        seed=seed,
    )
    complete = True
    try:
        schedules.find(schedule)(search, layers, starts=starts, rng=np.random.default_rng(seed))
    except LimitReached:
        complete = False
        search.reached[search.depth - 1 :] = [search.value]
    search.deepen(layers)
    return Training(
        theta=tuple(search.theta.tolist()),
        energy=search.value,
        energy_by_layers=tuple(search.reached),
        evaluations=landscape.evaluations,
        shots=landscape.shots,
        wall_s=time.perf_counter() - started,
        cost_scale=landscape.scale,
        complete=complete,
        trace=tuple(search.trace),
        schedule=schedule,
    )


def exact_simulator() -> StatevectorBackend:
    """Our own state vector, imported only now: a listing of the solvers compiles nothing."""
    from qtwin.backend.statevector.backend import StatevectorBackend

    return StatevectorBackend()


def differentiable(backend: str | Backend) -> Differentiable:
    """A backend that can train.

    Raises:
        InputError: if it gives no gradients.
    """
    found = loaded(backend)
    if not isinstance(found, Differentiable):
        name = found.capabilities().name
        raise InputError(
            f"backend {name!r} gives no gradients, so it cannot train",
            hint='train_on = "statevector"',
        )
    return found


def openqasm3(
    polynomial: BinaryPolynomial, layers: int, theta: NDArray[np.float64] | None = None
) -> str:
    """The circuit in OpenQASM 3 with all qubits measured, by default at the angles of a linear
    ramp.

    Args:
        polynomial: The energy.
        layers: Depth.
        theta: (2 layers,) angles in radians, for the scaled cost.

    Raises:
        InputError: for fewer than one layer, or another number of angles.
    """
    circuit = ansatz(polynomial, layers)
    angles = ramp(layers) if theta is None else np.asarray(theta, dtype=np.float64)
    if angles.shape != (circuit.n_parameters,):
        raise InputError(
            f"expected {circuit.n_parameters} angles, got shape {angles.shape}",
            hint="gamma_1, beta_1, gamma_2, ...",
        )
    return to_openqasm3(circuit, angles)


@dataclass(kw_only=True, eq=False)
class ScheduledQAOA(Solver):
    """What QAOA with other mixers and starts shares: options, and the training by a schedule.

    Args:
        layers: Depth p.
        shots: Measurements.
        starts: Descents, where the schedule takes several.
        max_evaluations: Limit on circuit evaluations in the training.
        schedule: How angles are chosen.
        optimizer: "l-bfgs-b" takes exact gradients, the others values.
        objective_shots: Measurements that every value of the training takes; exact values when
            None.
    """

    layers: int = 4
    shots: int = 4096
    starts: int = 1
    max_evaluations: int = 400
    schedule: Literal["interp", "fourier", "linear-ramp"] = "interp"
    optimizer: Method = "l-bfgs-b"
    objective_shots: int | None = None

    def __post_init__(self) -> None:
        check_positive(
            layers=self.layers,
            shots=self.shots,
            starts=self.starts,
            max_evaluations=self.max_evaluations,
        )

    def _trained(self, landscape: Landscape, seed: int, time_limit_s: float | None) -> Training:
        """The angles on this landscape; a training that used up its evaluations is complete."""
        found = train_on(
            landscape,
            self.layers,
            seed=seed,
            starts=self.starts,
            max_evaluations=self.max_evaluations,
            time_limit_s=time_limit_s,
            schedule=self.schedule,
            optimizer=self.optimizer,
        )
        return replace(found, complete=found.complete or found.evaluations >= self.max_evaluations)

    def _info(self, trained: Training) -> dict[str, Any]:
        """What a record says of the training."""
        return {
            "layers": self.layers,
            "expectation_exact": trained.energy if self.objective_shots is None else None,
            "energy_by_layers": list(trained.energy_by_layers),
        }


def spent(trained: Training, theta: Array) -> Trained:
    """The cost of a training, with the (n_parameters,) angles of the whole circuit."""
    return Trained(
        theta=theta,
        evaluations=trained.evaluations,
        shots=trained.shots,
        wall_s=trained.wall_s,
        complete=trained.complete,
        trace=trained.trace,
    )


# QAOA whose circuit is given more angles after its training, and whose training continues from
# there.

Floats = NDArray[np.float64]
Widen = Callable[[Floats], tuple[Ansatz, Floats]]
"""(2 p,) angles of QAOA to a wider circuit and the angles at which it is the same."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """Where the values of a training come from, and who descends on them; all as in
    `qtwin.solver.variational.training.train`.
    """

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
        The wider circuit, its angles with the cost of both trainings, and <C> of both in the
        polynomial's unit, for the record.
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
    # over all assignments: what the scaled cost leaves out
    mean = sum(c / 2.0 ** len(t) for t, c in polynomial.terms.items())
    exact = None if energy.noisy else found.value * first.cost_scale + mean
    return (
        circuit,
        trained,
        {"layers": layers, "expectation_exact": exact, "expectation_of_qaoa": first.energy},
    )
