"""What a training minimises: the expectation of a circuit, exact with its gradient, or from shots
that are counted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, final, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Estimate
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.variational.circuit import Circuit, ansatz, cost_scale, mean_energy, scaled_cost
from qtwin.solver.variational.gradient import check_method

if TYPE_CHECKING:
    from qtwin.backend.statevector.subspace import SubspaceQaoa


Array = NDArray[np.float64]


@runtime_checkable
class Differentiable(Protocol):
    """A simulator that gives exact gradients."""

    def value_and_gradient(
        self, ansatz: Ansatz, theta: Array, observable: PauliSum
    ) -> tuple[float, Array]:
        """<observable> and its (n_parameters,) derivatives."""


@runtime_checkable
class Measurable(Protocol):
    """A backend that estimates expectations."""

    def expectation(
        self,
        ansatz: Ansatz,
        theta: Array,
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        """<observable>."""


class Energy:
    """<observable> of a circuit as a function of its angles; lives inside a training and counts
    what it costs.

    Args:
        backend: Exact with gradients (`Differentiable`), or any backend where `shots` is given.
        shots: Measurements a value; exact when None.
        seed: Of the first measurement; each further one takes the next.

    Attributes:
        evaluations: Values so far.
        shots_used: Measurements so far.
    """

    def __init__(
        self, backend: Differentiable | Measurable, *, shots: int | None, seed: int
    ) -> None:
        self._backend, self._shots, self._seed = backend, shots, seed
        self.evaluations = 0
        self.shots_used = 0

    @property
    def noisy(self) -> bool:
        """Whether values come from shots."""
        return self._shots is not None

    def __call__(self, circuit: Ansatz, theta: Array, observable: PauliSum) -> tuple[float, Array]:
        """Value, and (n_parameters,) gradient; the gradient is empty where values come from
        shots.
        """
        self.evaluations += 1
        if self._shots is None:
            assert isinstance(self._backend, Differentiable)
            return self._backend.value_and_gradient(circuit, theta, observable)
        assert isinstance(self._backend, Measurable)
        seed = (self._seed + 7919 * self.evaluations) % 2**32
        found = self._backend.expectation(circuit, theta, observable, shots=self._shots, seed=seed)
        self.shots_used += self._shots
        return found.value, np.zeros(0)


def loaded(backend: str | Backend) -> Backend:
    """A backend by its name in the table, or the one given."""
    if isinstance(backend, Backend):
        return backend
    from qtwin.backend.registry import load

    return load(backend)


def trainer(
    backend: str | Backend, *, optimizer: str, objective_shots: int | None
) -> Differentiable | Backend:
    """A backend that a training can ask: one with gradients, or any where the objective comes from
    shots.

    Raises:
        InputError: for an unknown optimiser, for one that needs gradients beside shots, for fewer
            than two shots, or for a backend that gives no gradients where they are needed.
    """
    check_method(optimizer, noisy=objective_shots is not None)
    if objective_shots is not None and objective_shots < 2:
        raise InputError(
            f"expected objective_shots of at least 2, got {objective_shots}",
            hint="a thousand is usual",
        )
    found = loaded(backend)
    if objective_shots is None and not isinstance(found, Differentiable):
        name = found.capabilities().name
        raise InputError(
            f"backend {name!r} gives no gradients, so it cannot train exactly",
            hint='train_on = "statevector", or objective_shots = 1000 with optimizer = "spsa"',
        )
    return found


# What a schedule of angles descends on: <C> of a circuit of growing depth, by circuits of a backend
# or inside a feasible set.


@dataclass(kw_only=True)
class Landscape(ABC):
    """Scaled <C> of theta = (gamma_1, beta_1, ...); energies are `scale` times it plus `offset`.

    Attributes:
        scale, offset: Unit and origin.
        evaluations, shots: What it cost so far.
    """

    scale: float
    offset: float
    evaluations: int = field(default=0, init=False)
    shots: int = field(default=0, init=False)

    @property
    @abstractmethod
    def noisy(self) -> bool:
        """Whether values come from shots."""

    @abstractmethod
    def deepen(self, depth: int) -> None:
        """Take angles of that many layers from now on."""

    @abstractmethod
    def ask(self, theta: Array) -> tuple[float, Array]:
        """Scaled value and gradient (empty from shots); counted."""


@final
@dataclass(kw_only=True)
class CircuitLandscape(Landscape):
    """Circuits on a backend.

    Attributes:
        energy: How they are valued.
        build: The circuit of a depth; two free parameters a layer.
        cost: The scaled diagonal cost.
        polynomial: Of the plain circuit; None for others.
    """

    energy: Energy
    build: Callable[[int], Circuit]
    cost: PauliSum
    polynomial: BinaryPolynomial | None = None

    @property
    def noisy(self) -> bool:
        return self.energy.noisy

    def deepen(self, depth: int) -> None:
        self._circuit = self.build(depth)

    def ask(self, theta: Array) -> tuple[float, Array]:
        value, gradient = self.energy(self._circuit.ansatz, self._circuit.full(theta), self.cost)
        self.evaluations, self.shots = self.energy.evaluations, self.energy.shots_used
        return value, gradient[: self._circuit.free]


@final
@dataclass(kw_only=True)
class SubspaceLandscape(Landscape):
    """QAOA that stores nothing but a feasible set.

    Attributes:
        simulator: Its cost is the scaled one.
        objective_shots: Measurements a value; exact when None.
        seed: Of the first measurement.
        mixer_factor: What beta is multiplied by: 2 for the Grover mixer, whose period is 2 pi where
            that of X is pi.
    """

    simulator: SubspaceQaoa
    objective_shots: int | None = None
    seed: int = 0
    mixer_factor: float = 1.0

    @property
    def noisy(self) -> bool:
        return self.objective_shots is not None

    def angles(self, theta: Array) -> Array:
        """The simulator's angles."""
        return np.asarray(theta * np.tile([1.0, self.mixer_factor], len(theta) // 2))

    def deepen(self, depth: int) -> None:
        """Any depth runs on the same work space."""

    def ask(self, theta: Array) -> tuple[float, Array]:
        self.evaluations += 1
        if self.objective_shots is None:
            value, gradient = self.simulator.value_and_gradient(self.angles(theta))
            return value, self.angles(gradient)
        self.shots += self.objective_shots
        samples = self.simulator.sample(
            self.angles(theta),
            shots=self.objective_shots,
            seed=(self.seed + 7919 * self.evaluations) % 2**32,
        )
        values = self.simulator.cost[self.simulator.states.places(samples.bits)]
        return float(samples.counts @ values) / samples.shots, np.zeros(0)


def qaoa_landscape(polynomial: BinaryPolynomial, energy: Energy) -> CircuitLandscape:
    """The plain circuit: |+>, scaled cost and transverse field in turns."""
    return CircuitLandscape(
        scale=cost_scale(polynomial),
        offset=mean_energy(polynomial),
        energy=energy,
        build=lambda depth: Circuit(ansatz=ansatz(polynomial, depth), free=2 * depth),
        cost=scaled_cost(polynomial),
        polynomial=polynomial,
    )
