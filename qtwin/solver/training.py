"""The circuit of QAOA and the training of its angles.

    |theta> = prod_l exp(-i beta_l B) exp(-i gamma_l C) |+>,   B = sum_i X_i,   theta = (gamma_1, beta_1, gamma_2, beta_2, ...)

C is the encoded energy without its constant, divided by `cost_scale`, so that good angles are of order one whatever the unit of
the energy. |+> is the top state of B, hence of -B the bottom: the schedule that leads down to the minimum of C has gamma > 0 and
beta < 0 (or both signs turned, which gives the same energy).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.encoding.pauli import PauliSum, diagonal, transverse_field
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import TracePoint

if TYPE_CHECKING:
    from qtwin.backend.statevector.backend import StatevectorBackend

Array = NDArray[np.float64]


@runtime_checkable
class Differentiable(Protocol):
    """A simulator that gives exact gradients."""

    def value_and_gradient(self, ansatz: Ansatz, theta: Array, observable: PauliSum) -> tuple[float, Array]:
        """<observable> and its (n_parameters,) derivatives."""


def cost_scale(polynomial: BinaryPolynomial) -> float:
    """Root mean square, over the qubits, of the local field that the Ising terms exert on a qubit in a random assignment.

    With C / scale a cost layer of angle gamma turns a typical qubit by about 2 gamma (compare Sureshbabu et al. 2024, Quantum
    8:1231, who scale by the root mean square coupling). 1 for a constant.
    """
    h = diagonal(polynomial)
    squares = float((h.z.sum(axis=1) * h.coefficients**2).sum()) / max(h.n_qubits, 1)
    return float(np.sqrt(squares)) if squares > 0 else 1.0


def _cost(polynomial: BinaryPolynomial) -> PauliSum:
    """The scaled cost Hamiltonian, without the identity."""
    h = diagonal(polynomial)
    kept = h.z.any(axis=1)
    return PauliSum(x=h.x[kept], z=h.z[kept], coefficients=h.coefficients[kept] / cost_scale(polynomial))


def ansatz(polynomial: BinaryPolynomial, layers: int) -> Ansatz:
    """The circuit: |+>, then `layers` times the scaled cost (gamma_l) and the mixer (beta_l); 2 x layers parameters.

    Raises:
        InputError: for fewer than one layer or no variable.
    """
    n = polynomial.n_variables
    if layers < 1 or n < 1:
        raise InputError(f"{layers} layers on {n} qubits came, at least 1 of each was wanted", hint="raise layers")
    cost, mixer = _cost(polynomial), transverse_field(n)
    pairs = [(Layer(generator=cost, parameter=2 * k), Layer(generator=mixer, parameter=2 * k + 1)) for k in range(layers)]
    return Ansatz(
        n_qubits=n,
        reference=np.full(n, -1, dtype=np.int8),
        layers=tuple(layer for pair in pairs for layer in pair),
        n_parameters=2 * layers,
    )


def ramp(layers: int, *, step: float = 0.7) -> Array:
    """(2 layers,) angles of the linear ramp (Montanez-Barrera, Michielsen 2024, arXiv:2405.09169), `step` its largest angle."""
    s = (np.arange(layers) + 0.5) / layers
    return np.column_stack([step * s, -step * (1.0 - s)]).reshape(-1)


def interpolate(theta: Sequence[float] | Array) -> Array:
    """Angles for one layer more: INTERP (Zhou et al. 2020, PRX 10:021067, appendix B)."""
    old = np.asarray(theta, dtype=np.float64).reshape(-1, 2)
    p = len(old)
    padded = np.vstack([np.zeros((1, 2)), old, np.zeros((1, 2))])
    i = np.arange(1, p + 2)[:, None]
    return np.asarray((i - 1) / p * padded[:-1] + (p - i + 1) / p * padded[1:]).reshape(-1)


@dataclass(frozen=True, kw_only=True)
class Training:
    """Trained angles and what they cost.

    Attributes:
        theta: (gamma_1, beta_1, ...) in radians, for the scaled cost.
        energy: Exact <C> at theta on the training simulator, in the polynomial's own unit, constant included.
        energy_by_layers: The same at the end of each depth 1, 2, ...; never increasing.
        evaluations: Circuit evaluations, each with its gradient.
        wall_s: Time.
        cost_scale: What the cost was divided by.
        complete: Whether the optimiser finished; otherwise a limit cut it short and layers not reached have angle zero.
        trace: Best <C> so far; time and evaluations from the start of the training.
    """

    theta: tuple[float, ...]
    energy: float
    energy_by_layers: tuple[float, ...]
    evaluations: int
    wall_s: float
    cost_scale: float
    complete: bool
    trace: tuple[TracePoint, ...]


class _LimitReached(Exception):  # noqa: N818 - not an error: it carries the search out of the optimiser
    """The evaluation or time limit."""


class _Search:
    """Local searches over angles under one budget; remembers the best at the depth in hand."""

    def __init__(
        self, simulator: Differentiable, polynomial: BinaryPolynomial, max_evaluations: int, deadline: float | None
    ) -> None:
        self._simulator, self._polynomial = simulator, polynomial
        self._max_evaluations, self._deadline = max_evaluations, deadline
        h = diagonal(polynomial)
        self._scale, self._offset = cost_scale(polynomial), float(h.coefficients[~h.z.any(axis=1)].sum())
        self._started = time.perf_counter()
        self.evaluations = 0
        self.trace: list[TracePoint] = []
        self.energy = float("inf")
        self.theta: NDArray[np.float64] = np.zeros(0)
        self.deepen()

    def deepen(self) -> None:
        """One layer more, of angle zero: the energy stays."""
        self.theta = np.append(self.theta, (0.0, 0.0))
        self._circuit = ansatz(self._polynomial, len(self.theta) // 2)

    def evaluate(self, theta: Array) -> tuple[float, Array]:
        """Scaled energy and gradient; the best is kept."""
        late = self._deadline is not None and time.perf_counter() > self._deadline
        if self.evaluations and (late or self.evaluations >= self._max_evaluations):
            raise _LimitReached
        self.evaluations += 1
        value, gradient = self._simulator.value_and_gradient(self._circuit, theta, self._circuit.layers[0].generator)
        energy = value * self._scale + self._offset
        if energy < self.energy:
            self.energy, self.theta = energy, theta.copy()
            point = TracePoint(time_s=time.perf_counter() - self._started, evaluations=self.evaluations, best_energy=energy)
            self.trace.append(point)
        return value, gradient

    def descend(self, theta: Array, *, iterations: int) -> None:
        """L-BFGS-B from `theta`."""
        from scipy.optimize import minimize

        # At depth one the optimum is cheap and worth having exactly; deeper, further digits would cost half of all evaluations.
        enough = 1e-12 if len(theta) == 2 else 1e-5
        minimize(self.evaluate, theta, jac=True, method="L-BFGS-B", options={"maxiter": iterations, "ftol": enough, "gtol": 1e-5})


def train(
    polynomial: BinaryPolynomial,
    layers: int,
    *,
    seed: int,
    starts: int = 1,
    max_evaluations: int = 400,
    time_limit_s: float | None = None,
    simulator: Differentiable | None = None,
) -> Training:
    """Angles that make <C> small: a grid and descents at one layer, then depth by depth with INTERP as the start.

    A deeper circuit may always leave its last layer at angle zero, so the energy never rises with depth.

    Args:
        polynomial: The energy.
        layers: Depth p.
        seed: For the third and later starts.
        starts: Descents at the first and at the last depth: INTERP, then the linear ramp, then disturbed copies of the best.
        max_evaluations: Limit on circuit evaluations.
        time_limit_s: Limit on time.
        simulator: An exact simulator with gradients; the project's own by default.
    """
    simulator = differentiable("statevector") if simulator is None else simulator
    started = time.perf_counter()
    deadline = None if time_limit_s is None else started + time_limit_s
    search = _Search(simulator, polynomial, max_evaluations, deadline)
    rng = np.random.default_rng(seed)
    reached: list[float] = []
    complete = True
    try:
        grid = [np.array([gamma, beta]) for gamma in np.linspace(0.15, 1.35, 7) for beta in -np.pi / 12 * (np.arange(6) + 0.5)]
        values = [search.evaluate(theta)[0] for theta in grid]
        for k in np.argsort(values, kind="stable")[:starts]:
            search.descend(grid[k], iterations=30)
        reached.append(search.energy)
        for depth in range(2, layers + 1):
            start = interpolate(search.theta)
            search.deepen()
            search.descend(start, iterations=60 if depth == layers else 20)
            reached.append(search.energy)
        for k in range(1, starts if layers > 1 else 0):
            start = ramp(layers) if k == 1 else search.theta + rng.normal(scale=0.15, size=2 * layers)
            search.descend(start, iterations=60)
            reached[-1] = search.energy
    except _LimitReached:
        complete = False
        reached[len(search.theta) // 2 - 1 :] = [search.energy]
    while len(search.theta) < 2 * layers:
        search.deepen()
    return Training(
        theta=tuple(search.theta.tolist()),
        energy=search.energy,
        energy_by_layers=tuple(reached),
        evaluations=search.evaluations,
        wall_s=time.perf_counter() - started,
        cost_scale=cost_scale(polynomial),
        complete=complete,
        trace=tuple(search.trace),
    )


def loaded(backend: str | Backend) -> Backend:
    """A backend by its name in the table, or the one given."""
    if isinstance(backend, Backend):
        return backend
    from qtwin.backend.registry import load

    return load(backend)


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
        raise InputError(f"backend {name!r} gives no gradients, so it cannot train", hint='train_on = "statevector"')
    return found
