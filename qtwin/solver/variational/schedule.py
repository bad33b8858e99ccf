"""Schedules of QAOA's angles under one budget: fixed, Fourier, interpolated, linear ramp, and
transferred.
"""

from __future__ import annotations

import importlib
import time
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import BinaryPolynomial, from_spins
from qtwin.errors import InputError, unknown_name
from qtwin.solver.base import TracePoint
from qtwin.solver.variational.gradient import minimise
from qtwin.solver.variational.objective import CircuitLandscape, Landscape, qaoa_landscape

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
        value: <C> there, in the polynomial's unit, constant included; an estimate where values come
            from shots.
        reached: `value` at the end of each depth that a schedule closed.
        trace: Improvements so far.
    """

    def __init__(
        self,
        landscape: Landscape,
        *,
        max_evaluations: int,
        deadline: float | None,
        optimizer: str,
        seed: int,
    ) -> None:
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
        if self.landscape.evaluations and (
            late or self.landscape.evaluations >= self._max_evaluations
        ):
            raise LimitReached
        value, gradient = self.landscape.ask(theta)
        energy = value * self.landscape.scale + self.landscape.offset
        if keep and energy < self.value:
            self.value, self.theta = energy, theta.copy()
            count = self.landscape.evaluations
            self.trace.append(
                TracePoint(
                    time_s=time.perf_counter() - self._started,
                    evaluations=count,
                    best_energy=energy,
                )
            )
        return value, gradient

    def descend(self, start: Array, *, iterations: int, through: Array | None = None) -> Array:
        """Descend from `start` and return where it ended.

        From shots, only the end is kept, and valued anew: the lowest of many noisy values would be
        lucky rather than good.

        Args:
            start: (m,) coordinates: the angles, or `through` of them.
            iterations: At most.
            through: (2 depth, m) the angles are this matrix times the coordinates.
        """
        span = np.eye(len(start)) if through is None else through
        noisy = self.landscape.noisy
        # At depth one the optimum is cheap and worth having exactly; deeper, further digits would
        # cost half of all evaluations.
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


# How QAOA's angles are chosen. `TABLE` maps a schedule's name to its function; adding one is one
# file and one line.
#
# A schedule is a function (search, layers, *, starts, rng) that leaves its angles in an
# `AngleSearch` of depth `layers`.

Name = Literal["interp", "fourier", "fixed-angles", "linear-ramp", "transferred"]
TABLE: dict[str, str] = {
    "interp": "qtwin.solver.variational.schedule:interp",
    "fourier": "qtwin.solver.variational.schedule:fourier",
    "fixed-angles": "qtwin.solver.variational.schedule:fixed_angles",
    "linear-ramp": "qtwin.solver.variational.schedule:linear_ramp",
    "transferred": "qtwin.solver.variational.schedule:transferred",
}


def find(name: str) -> Callable[..., None]:
    """The schedule of that name.

    Raises:
        InputError: for an unknown name.
    """
    if name not in TABLE:
        raise unknown_name("schedule", name, TABLE)
    module, _, attribute = TABLE[name].partition(":")
    found: Any = getattr(importlib.import_module(module), attribute)
    return found  # type: ignore[no-any-return]


# Fixed angles: those of cubic graphs for MaxCut, untrained (Wurtz, Lykov 2021, PRA 104:052419),
# rescaled to the instance.
#
# On a cubic graph with unit weights the cost C = sum Z Z / 2 has a root mean square field of
# sqrt(3) / 2, so the published gamma becomes gamma sqrt(3) / 2 for the scaled cost; with
# `cost_scale` the same angles serve any other instance as a guess (compare Sureshbabu et al. 2024,
# Quantum 8:1231). The guarantee holds for MaxCut of cubic graphs alone.


@cache
def _table() -> list[dict[str, object]]:
    text = (resources.files("qtwin") / "data" / "angles" / "cubic_graphs.toml").read_text(
        encoding="utf-8"
    )
    found: list[dict[str, object]] = tomllib.loads(text)["depth"]
    return found


def published(layers: int) -> tuple[Array, float]:
    """(2 layers,) angles for the scaled cost, and the share of the best cut that they guarantee on
    cubic graphs.

    Raises:
        InputError: for a depth that was not published.
    """
    table = _table()
    if not 1 <= layers <= len(table):
        raise InputError(
            f"fixed angles of {layers} layers were asked for, 1 to {len(table)} are published",
            hint='schedule = "linear-ramp"',
        )
    row = table[layers - 1]
    gamma, beta = (
        np.asarray(row["gamma"], dtype=np.float64),
        np.asarray(row["beta"], dtype=np.float64),
    )
    return np.column_stack([gamma * np.sqrt(3.0) / 2.0, -beta]).reshape(-1), float(
        str(row["share"])
    )


def fixed_angles(
    search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator
) -> None:
    """The published angles; one evaluation, to know their energy."""
    theta, _ = published(layers)
    search.deepen(layers)
    search.evaluate(theta)
    search.theta = theta
    search.close()


# FOURIER: the angles' sine and cosine amplitudes are trained, depth by depth (Zhou et al. 2020, PRX
# 10:021067, section V B).
#
#     gamma_i =  sum_k u_k sin((k - 1/2) (i - 1/2) pi / p),   beta_i = sum_k v_k cos((k - 1/2) (i -
#     1/2) pi / p),   k = 1..q
#
# with q = p; a depth more starts from the amplitudes of the one before and a new one of zero: the
# schedule keeps its shape.


def waves(layers: int) -> NDArray[np.float64]:
    """(2 p, 2 p) the angles (gamma_1, beta_1, ...) are this matrix times the amplitudes (u_1, v_1,
    ...).
    """
    half = np.arange(layers) + 0.5
    phase = np.outer(half, half) * np.pi / layers  # layer i, wave k
    out = np.zeros((2 * layers, 2 * layers))
    out[0::2, 0::2], out[1::2, 1::2] = np.sin(phase), np.cos(phase)
    return out


def fourier(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Depth by depth; at every depth also from `starts` - 1 disturbed copies of the best
    amplitudes.
    """
    first_layer(search, starts=starts)
    search.close()
    amplitudes = np.linalg.solve(waves(1), search.theta)
    for depth in range(2, layers + 1):
        search.deepen()
        matrix = waves(depth)
        start = np.append(amplitudes, (0.0, 0.0))
        for k in range(starts):
            disturbed = start * (1.0 + (0.6 if k else 0.0) * rng.normal(size=start.size))
            search.descend(disturbed, iterations=60 if depth == layers else 20, through=matrix)
        amplitudes = np.linalg.solve(matrix, search.theta)
        search.close()


# INTERP: each further layer starts from the interpolated angles (Zhou et al. 2020, PRX 10:021067,
# appendix B).


def interpolate(theta: Sequence[float] | Array) -> Array:
    """Angles for one layer more: [theta]_i = (i - 1) / p theta_{i-1} + (p - i + 1) / p theta_i."""
    old = np.asarray(theta, dtype=np.float64).reshape(-1, 2)
    p = len(old)
    padded = np.vstack([np.zeros((1, 2)), old, np.zeros((1, 2))])
    i = np.arange(1, p + 2)[:, None]
    return np.asarray((i - 1) / p * padded[:-1] + (p - i + 1) / p * padded[1:]).reshape(-1)


def first_layer(search: AngleSearch, *, starts: int) -> None:
    """Depth one: a grid of 42 points, and descents from the best of them."""
    grid = [
        np.array([gamma, beta])
        for gamma in np.linspace(0.15, 1.35, 7)
        for beta in -np.pi / 12 * (np.arange(6) + 0.5)
    ]
    values = [search.evaluate(theta)[0] for theta in grid]
    for k in np.argsort(values, kind="stable")[:starts]:
        search.descend(grid[k], iterations=30)


def interp(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Depth by depth; at the last depth also from the linear ramp and from disturbed copies of the
    best, `starts` in all.

    A deeper circuit may always leave its last layer at angle zero, so the energy never rises with
    depth.
    """
    first_layer(search, starts=starts)
    search.close()
    for depth in range(2, layers + 1):
        start = interpolate(search.theta)
        search.deepen()
        search.descend(start, iterations=60 if depth == layers else 20)
        search.close()
    for k in range(1, starts if layers > 1 else 0):
        start = ramp(layers) if k == 1 else search.theta + rng.normal(scale=0.15, size=2 * layers)
        search.descend(start, iterations=60)
        search.reached[-1] = search.value


# The linear ramp: gamma rises and beta falls with the layer, as in an annealing of finite time; two
# numbers for any depth.
#
#     gamma_i = a (i - 1/2) / p,   beta_i = -b (1 - (i - 1/2) / p)
#
# (Montanez-Barrera, Michielsen 2024, arXiv:2405.09169, who keep a and b fixed for all instances of
# a family.) With a = b small and p large it is the adiabatic limit.

_STEPS = (0.3, 0.45, 0.6, 0.75, 0.9)


def slopes(layers: int) -> Array:
    """(2 p, 2) the angles are this matrix times (a, b)."""
    s = (np.arange(layers) + 0.5) / layers
    out = np.zeros((2 * layers, 2))
    out[0::2, 0], out[1::2, 1] = s, s - 1.0
    return out


def ramp(layers: int, *, step: float = 0.7) -> Array:
    """(2 layers,) angles of the linear ramp, `step` its largest angle."""
    return np.asarray(slopes(layers) @ np.array([step, step]))


def linear_ramp(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Five ramps with a = b are compared and the best is refined in its two slopes; nothing else is
    trained.
    """
    search.deepen(layers)
    values = [search.evaluate(ramp(layers, step=step))[0] for step in _STEPS]
    best = _STEPS[int(np.argmin(values))]
    search.descend(np.array([best, best]), iterations=20, through=slopes(layers))
    search.close()


# Transferred angles: trained on a small part of the instance, used on all of it (Brandao et al.
# 2018, arXiv:1812.04170).
#
# The part is the `DONOR` qubits with the strongest couplings among them, chosen greedily; Ising
# terms that reach outside it have mean zero there and fall away. Angles belong to the cost divided
# by `cost_scale`, so those of the part fit the whole. An instance no larger than the part is
# trained as it is. Angles of another instance can be given to the solver itself, as `theta`.

DONOR = 10
"""Qubits of the part: its circuits cost a thousandth of those of twenty qubits."""


def part_of(polynomial: BinaryPolynomial, size: int) -> BinaryPolynomial:
    """The energy of `size` strongly coupled qubits in the mean field, zero, of the others; all of a
    polynomial no larger.
    """
    n = polynomial.n_variables
    if n <= size:
        return polynomial
    h = diagonal(polynomial)
    strength = np.zeros((n, n))
    for row, c in zip(h.z, h.coefficients, strict=True):
        members = np.flatnonzero(row)
        strength[np.ix_(members, members)] += c * c
    np.fill_diagonal(strength, 0.0)
    chosen = [int(np.argmax(strength.sum(axis=1)))]
    while len(chosen) < size:
        pull = strength[chosen].sum(axis=0)
        pull[chosen] = -1.0
        chosen.append(int(np.argmax(pull)))
    place = {i: k for k, i in enumerate(sorted(chosen))}
    inside = [
        (np.flatnonzero(row).tolist(), float(c)) for row, c in zip(h.z, h.coefficients, strict=True)
    ]
    return from_spins(
        size, [([place[i] for i in t], c) for t, c in inside if all(i in place for i in t)]
    )


def transferred(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """Train the part by INTERP and evaluate the whole once.

    Raises:
        InputError: for a circuit other than the plain one, whose part is not known.
    """
    whole = search.landscape
    if not isinstance(whole, CircuitLandscape) or whole.polynomial is None:
        raise InputError(
            "got transferred angles for a circuit whose part is not known",
            hint='schedule = "interp"',
        )
    donor = search.of(qaoa_landscape(part_of(whole.polynomial, DONOR), whole.energy))
    interp(donor, layers, starts=starts, rng=rng)
    search.deepen(layers)
    search.evaluate(donor.theta)
    search.theta = donor.theta.copy()
    search.close()
