"""QAOA's angles under one budget: what every schedule asks, and where it leaves the best it found."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.base import TracePoint
from qtwin.solver.descent import minimise
from qtwin.solver.landscape import Landscape

Array = NDArray[np.float64]


class LimitReached(Exception):  # noqa: N818 - not an error: it carries the search out of the optimiser
    """The evaluation or time limit."""


class AngleSearch:
    """Searches over angles (gamma_1, beta_1, ...) of a growing circuit; lives inside a training.

    Args:
        landscape: What is minimised.
        max_evaluations: Limit on circuit evaluations.
        deadline: `time.perf_counter()` at which it ends.
        optimizer: How angles descend.
        seed: For optimisers that draw directions.

    Attributes:
        theta: (2 depth,) best angles at the depth in hand.
        value: <C> there, in the polynomial's unit, constant included; an estimate where values come from shots.
        reached: `value` at the end of each depth that a schedule closed.
        trace: Improvements so far.
    """

    def __init__(self, landscape: Landscape, *, max_evaluations: int, deadline: float | None, optimizer: str, seed: int) -> None:
        self.landscape, self._optimizer, self._seed = landscape, optimizer, seed
        self._max_evaluations, self._deadline = max_evaluations, deadline
        self._started = time.perf_counter()
        self.trace: list[TracePoint] = []
        self.reached: list[float] = []
        self.value = float("inf")
        self.theta: Array = np.zeros(0)
        self.deepen()

    def of(self, landscape: Landscape) -> AngleSearch:
        """A search on another landscape, under what is left of this budget."""
        return AngleSearch(
            landscape,
            max_evaluations=self._max_evaluations,
            deadline=self._deadline,
            optimizer=self._optimizer,
            seed=self._seed,
        )

    @property
    def depth(self) -> int:
        """Layers of the circuit in hand."""
        return len(self.theta) // 2

    def deepen(self, depth: int | None = None) -> None:
        """Layers of angle zero up to `depth`, one more if None; the energy stays."""
        more = 1 if depth is None else depth - self.depth
        self.theta = np.append(self.theta, np.zeros(2 * more))
        self.landscape.deepen(self.depth)

    def close(self) -> None:
        """Note the energy that this depth reached."""
        self.reached.append(self.value)

    def evaluate(self, theta: Array, *, keep: bool = True) -> tuple[float, Array]:
        """Scaled energy without its constant, and gradient; with `keep` the best is kept."""
        late = self._deadline is not None and time.perf_counter() > self._deadline
        if self.landscape.evaluations and (late or self.landscape.evaluations >= self._max_evaluations):
            raise LimitReached
        value, gradient = self.landscape.ask(theta)
        energy = value * self.landscape.scale + self.landscape.offset
        if keep and energy < self.value:
            self.value, self.theta = energy, theta.copy()
            count = self.landscape.evaluations
            self.trace.append(TracePoint(time_s=time.perf_counter() - self._started, evaluations=count, best_energy=energy))
        return value, gradient

    def descend(self, start: Array, *, iterations: int, through: Array | None = None) -> Array:
        """Descend from `start` and return where it ended.

        From shots, only the end is kept, and valued anew: the lowest of many noisy values would be lucky rather than good.

        Args:
            start: (m,) coordinates: the angles, or `through` of them.
            iterations: At most.
            through: (2 depth, m) the angles are this matrix times the coordinates.
        """
        span = np.eye(len(start)) if through is None else through
        noisy = self.landscape.noisy
        # At depth one the optimum is cheap and worth having exactly; deeper, further digits would cost half of all evaluations.
        enough = 1e-12 if self.depth == 1 else 1e-5

        def objective(u: Array) -> tuple[float, Array]:
            value, gradient = self.evaluate(span @ u, keep=not noisy)
            return value, span.T @ gradient if gradient.size else gradient

        end, _ = minimise(
            objective,
            start,
            method=self._optimizer,
            iterations=iterations,
            tolerance=enough,
            gradient_tolerance=1e-5,
            seed=self._seed + self.landscape.evaluations,
        )
        if noisy:
            self.evaluate(span @ end)
        return end
