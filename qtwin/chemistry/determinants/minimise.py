"""The compiled descent, called in stretches short enough for the clock to be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.determinants.circuit import run, run_phased, sweep, sweep_phased
from qtwin.chemistry.determinants.hamiltonian import product, product_threaded

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """Where a descent ended.

    Attributes:
        theta: (p,) angles.
        energy_hartree: There.
        evaluations: Energies with their gradients.
        converged: Whether it ended by its own criterion.
        energies_hartree, times_s: (evaluations,) of each evaluation; times within a compiled
            stretch are spread evenly.
    """

    theta: Floats
    energy_hartree: float
    evaluations: int
    converged: bool
    energies_hartree: Floats
    times_s: Floats


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a descent ends.

    Attributes:
        evaluations: At most.
        slope_hartree: When no component of the gradient exceeds this.
        fall: When the energy falls by less than this, relative to itself, twice in a row.
        target_hartree: At this energy.
        limit_s: After this time, and the evaluations that were under way.
    """

    evaluations: int = 5000
    slope_hartree: float = 1e-6
    fall: float = 1e-12
    target_hartree: float | None = None
    limit_s: float | None = None


DEFAULT = Limits()


def descended(
    stretch: Callable[..., tuple[float, int, int]],
    circuit: tuple[Any, ...],
    matrix: tuple[Any, ...],
    theta: Floats,
    work: tuple[Floats, ...],
    metric: Floats,
    limits: Limits,
    *,
    reference: int,
    threaded: bool,
    core_hartree: float,
) -> Minimum:
    """Call `stretch` (of `qtwin.chemistry.determinants.minimise`) until it ends or a limit is met;
    `theta` is its own copy.
    """
    began = time.perf_counter()
    steps, turns = np.zeros((MEMORY, len(theta))), np.zeros((MEMORY, len(theta)))
    memory = np.zeros(2, dtype=np.int64)
    target = -np.inf if limits.target_hartree is None else limits.target_hartree - core_hartree
    # an evaluation costs some nanoseconds an element: stretches of about 0.1 s
    work_s = 1e-9 * len(work) / 2 * (len(matrix[1]) + 6 * len(circuit[1]) + 1000)
    most = limits.evaluations if limits.limit_s is None else max(4, int(0.1 / work_s))
    energies: list[Floats] = []
    times: list[Floats] = []
    done, why, energy = 0, LIMIT, np.inf
    while why == LIMIT and done < limits.evaluations:
        mark = time.perf_counter() - began
        if done and limits.limit_s is not None and mark > limits.limit_s:
            break
        trace = np.empty(min(most, limits.evaluations - done))
        ends = (len(trace), limits.slope_hartree, limits.fall, target, trace)
        energy, count, why = stretch(
            circuit, matrix, reference, threaded, theta, work, metric, steps, turns, memory, *ends
        )
        energies.append(trace[:count] + core_hartree)
        times.append(
            np.linspace(mark, time.perf_counter() - began, count + 1, dtype=np.float64)[1:]
        )
        done += count
    return Minimum(
        theta=theta,
        energy_hartree=float(energy) + core_hartree,
        evaluations=done,
        converged=why in (CONVERGED, FLAT, TARGET),
        energies_hartree=np.concatenate(energies),
        times_s=np.concatenate(times),
    )


# Minimising the energy of a circuit in one compiled loop: no interpreter between evaluations.
#
# Limited-memory BFGS (Nocedal, Wright 2006, algorithm 7.5) with a line search for the strong Wolfe
# conditions (3.5, 3.6). Its first metric is the curvature of each angle at Hartree-Fock, 2 sum
# (H_TD,TD - H_DD) |D|^2: a diagonal that costs nothing.

_JIT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
MEMORY = 12
CONVERGED, FLAT, TARGET, LIMIT, STUCK = 0, 1, 2, 3, 4


@numba.njit(**_JIT)
def evaluate(circuit, matrix, reference, threaded, theta, work, gradient):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Energy without the core at `theta`; its gradient is written to `gradient`.

    `work` is two vectors.
    """
    start, low, high, sign, parameter = circuit
    rows, column, value = matrix
    state, dual = work
    state[:] = 0.0
    state[reference] = 1.0
    run(start, low, high, sign, parameter, theta, state)
    if threaded:
        product_threaded(rows, column, value, state, dual)
    else:
        product(rows, column, value, state, dual)
    energy = 0.0
    for d in range(len(state)):
        energy += state[d] * dual[d]
    gradient[:] = 0.0
    sweep(start, low, high, sign, parameter, theta, state, dual, gradient)
    return energy


@numba.njit(**_JIT)
def evaluate_phased(circuit, matrix, reference, threaded, theta, work, gradient):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The same for complex amplitudes; `work` is four vectors."""
    start, low, high, sign, parameter, is_phase = circuit
    rows, column, value = matrix
    re, im, dre, dim = work
    re[:] = 0.0
    im[:] = 0.0
    re[reference] = 1.0
    run_phased(start, low, high, sign, parameter, is_phase, theta, re, im)
    for vector, image in ((re, dre), (im, dim)):
        if threaded:
            product_threaded(rows, column, value, vector, image)
        else:
            product(rows, column, value, vector, image)
    energy = 0.0
    for d in range(len(re)):
        energy += re[d] * dre[d] + im[d] * dim[d]
    gradient[:] = 0.0
    sweep_phased(start, low, high, sign, parameter, is_phase, theta, re, im, dre, dim, gradient)
    return energy


@numba.njit(**_JIT)
def curvature(circuit, matrix, reference, n_parameters):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """(n_parameters,) positive estimates of the second derivative at angle zero; those of angles
    that do nothing there are 1.
    """
    start, low, high, _, parameter = circuit
    rows, column, value = matrix
    diagonal = np.zeros(len(rows) - 1)
    for d in range(len(diagonal)):
        for k in range(rows[d], rows[d + 1]):
            if column[k] == d:
                diagonal[d] = value[k]
    found = np.zeros(n_parameters)
    for r in range(len(parameter)):
        for k in range(start[r], start[r + 1]):
            if low[k] == reference:
                found[parameter[r]] += 2.0 * (diagonal[high[k]] - diagonal[reference])
            elif high[k] == reference:
                found[parameter[r]] += 2.0 * (diagonal[low[k]] - diagonal[reference])
    for j in range(n_parameters):
        found[j] = max(found[j], 0.1) if found[j] != 0.0 else 1.0
    return found


@numba.njit(**_JIT)
def _between(a, fa, da, b, fb, db):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Minimum of the cubic through two points and their slopes, kept inside."""
    d1 = da + db - 3.0 * (fa - fb) / (a - b)
    square = d1 * d1 - da * db
    low, high = min(a, b), max(a, b)
    if square >= 0.0:
        d2 = np.sqrt(square) * (1.0 if b > a else -1.0)
        if db - da + 2.0 * d2 != 0.0:
            t = b - (b - a) * (db + d2 - d1) / (db - da + 2.0 * d2)
            margin = 0.1 * (high - low)
            if low + margin <= t <= high - margin:
                return t
    return 0.5 * (low + high)


def _descent(evaluate: Any) -> Any:
    """The loop around one way to evaluate, compiled when first called."""

    @numba.njit(**_JIT)
    def minimise(  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
        circuit,
        matrix,
        reference,
        threaded,
        theta,
        work,
        metric,
        steps,
        turns,
        memory,
        most,
        slope,
        fall,
        target,
        trace,
    ):
        """Descend from `theta`, in place, for at most `most` evaluations.

        `steps` and `turns` (MEMORY, p) and `memory` (2,), count and next place, carry the
        quasi-Newton memory from call to call. `trace` (most,) takes the energy of every evaluation.
        Ends when no component of the gradient exceeds `slope`, the energy falls by less than `fall`
        relative to itself, or it is at most `target`.

        Returns:
            Energy without the core, evaluations, and why it ended.
        """
        p = len(theta)
        gradient, new_gradient, there, direction = (
            np.empty(p),
            np.empty(p),
            np.empty(p),
            np.empty(p),
        )
        weights = np.empty(MEMORY)
        energy = evaluate(circuit, matrix, reference, threaded, theta, work, gradient)
        trace[0] = energy
        count, calm = 1, 0
        while True:
            if energy <= target:
                return energy, count, TARGET
            if p == 0 or np.abs(gradient).max() <= slope:
                return energy, count, CONVERGED
            if count >= most:
                return energy, count, LIMIT
            direction[:] = -gradient
            stored, place = memory[0], memory[1]
            for back in range(stored):
                k = (place - 1 - back) % MEMORY
                weights[k] = (steps[k] @ direction) / (steps[k] @ turns[k])
                direction -= weights[k] * turns[k]
            scale = 1.0
            if stored:
                k = (place - 1) % MEMORY
                scale = (steps[k] @ turns[k]) / (turns[k] * turns[k] / metric).sum()
            direction[:] = direction * scale / metric
            for forward in range(stored - 1, -1, -1):
                k = (place - 1 - forward) % MEMORY
                direction += (weights[k] - (turns[k] @ direction) / (steps[k] @ turns[k])) * steps[
                    k
                ]
            slope0 = float(gradient @ direction)
            if slope0 >= 0.0:  # a spoilt memory: steepest descent in the metric
                memory[0] = 0
                direction[:] = -gradient / metric
                slope0 = float(gradient @ direction)
            longest = np.abs(direction).max()
            step = 1.0 if longest <= 1.0 else 1.0 / longest
            a, fa, da = 0.0, energy, slope0
            b, fb, db, bracketed = 0.0, 0.0, 0.0, False
            found, accepted = energy, False
            for attempt in range(20):
                if count >= most:
                    break
                there[:] = theta + step * direction
                found = evaluate(circuit, matrix, reference, threaded, there, work, new_gradient)
                trace[count] = found
                count += 1
                slope1 = float(new_gradient @ direction)
                if found > energy + 1e-4 * step * slope0 + 1e-15 * abs(energy) or (
                    attempt and not bracketed and found >= fa
                ):
                    b, fb, db, bracketed = step, found, slope1, True
                elif abs(slope1) <= -0.9 * slope0:
                    accepted = True
                    break
                elif slope1 >= 0.0:
                    b, fb, db, bracketed = a, fa, da, True
                    a, fa, da = step, found, slope1
                else:
                    a, fa, da = step, found, slope1
                step = _between(a, fa, da, b, fb, db) if bracketed else 2.5 * step
            if not accepted and found >= energy:
                if memory[0]:
                    memory[0] = 0
                    continue
                return energy, count, LIMIT if count >= most else STUCK
            move, turn = there - theta, new_gradient - gradient
            if move @ turn > 1e-12 * (turn @ turn):
                steps[place], turns[place] = move, turn
                memory[0], memory[1] = min(memory[0] + 1, MEMORY), (place + 1) % MEMORY
            calm = calm + 1 if energy - found <= fall * max(abs(energy), 1.0) else 0
            energy = found
            theta[:] = there
            gradient[:] = new_gradient
            if calm >= 2:
                return energy, count, FLAT

    return minimise


minimise = _descent(evaluate)
minimise_phased = _descent(evaluate_phased)
