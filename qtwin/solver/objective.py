"""What a training minimises: the expectation of a circuit, exact with its gradient, or from shots that are counted."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Estimate
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError
from qtwin.solver.descent import check_method

Array = NDArray[np.float64]


@runtime_checkable
class Differentiable(Protocol):
    """A simulator that gives exact gradients."""

    def value_and_gradient(self, ansatz: Ansatz, theta: Array, observable: PauliSum) -> tuple[float, Array]:
        """<observable> and its (n_parameters,) derivatives."""


@runtime_checkable
class Measurable(Protocol):
    """A backend that estimates expectations."""

    def expectation(
        self, ansatz: Ansatz, theta: Array, observable: PauliSum, *, shots: int | None = None, seed: int = 0
    ) -> Estimate:
        """<observable>."""


class Energy:
    """<observable> of a circuit as a function of its angles; lives inside a training and counts what it costs.

    Args:
        backend: Exact with gradients (`Differentiable`), or any backend where `shots` is given.
        shots: Measurements a value; exact when None.
        seed: Of the first measurement; each further one takes the next.

    Attributes:
        evaluations: Values so far.
        shots_used: Measurements so far.
    """

    def __init__(self, backend: Differentiable | Measurable, *, shots: int | None, seed: int) -> None:
        self._backend, self._shots, self._seed = backend, shots, seed
        self.evaluations = 0
        self.shots_used = 0

    @property
    def noisy(self) -> bool:
        """Whether values come from shots."""
        return self._shots is not None

    def __call__(self, circuit: Ansatz, theta: Array, observable: PauliSum) -> tuple[float, Array]:
        """Value, and (n_parameters,) gradient; the gradient is empty where values come from shots."""
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


def trainer(backend: str | Backend, *, optimizer: str, objective_shots: int | None) -> Differentiable | Backend:
    """A backend that a training can ask: one with gradients, or any where the objective comes from shots.

    Raises:
        InputError: for an unknown optimiser, for one that needs gradients beside shots, for fewer than two shots, or for a
            backend that gives no gradients where they are needed.
    """
    check_method(optimizer, noisy=objective_shots is not None)
    if objective_shots is not None and objective_shots < 2:
        raise InputError(f"objective_shots = {objective_shots} came, at least 2 was wanted", hint="a thousand is usual")
    found = loaded(backend)
    if objective_shots is None and not isinstance(found, Differentiable):
        name = found.capabilities().name
        raise InputError(
            f"backend {name!r} gives no gradients, so it cannot train exactly",
            hint='train_on = "statevector", or objective_shots = 1000 with optimizer = "spsa"',
        )
    return found
