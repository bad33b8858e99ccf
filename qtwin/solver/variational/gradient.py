"""Minimising a function of angles under a time limit, with a trace: by gradients, by values, or by
noisy values.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name
from qtwin.solver.base import TracePoint

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]
Method = Literal["l-bfgs-b", "cobyla", "nelder-mead", "powell", "spsa"]
"""L-BFGS-B (Zhu et al. 1997, ACM TOMS 23:550) takes gradients; COBYLA (Powell 1994), Nelder-Mead
(1965) and Powell (1964), all in SciPy, and SPSA (`qtwin.solver.variational.gradient`) take values
only.
"""
_VALUES_PER_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Descent:
    """Where a minimisation ended: best angles and value, evaluations, whether by its own criterion,
    and the way there.
    """

    theta: Floats
    value: float
    evaluations: int
    converged: bool
    trace: tuple[TracePoint, ...]


class _Late(Exception):  # noqa: N818 - not an error: it carries the search out of the optimiser
    """The time limit."""


def check_method(method: str, *, noisy: bool) -> None:
    """Refuse an unknown method, and one that wants gradients where there are only shots
    (InputError).
    """
    if method not in get_args(Method):
        raise unknown_name("optimizer", method, get_args(Method))
    if noisy and method == "l-bfgs-b":
        raise InputError(
            "expected exact gradients for optimizer 'l-bfgs-b', got objective_shots",
            hint="optimizer = 'spsa' or 'cobyla', or leave objective_shots out",
        )


def minimise(
    objective: Objective,
    theta: Floats,
    *,
    method: str,
    iterations: int,
    tolerance: float,
    gradient_tolerance: float,
    seed: int = 0,
) -> tuple[Floats, bool]:
    """Where `method` ends from `theta`, and whether by its own criterion.

    Args:
        objective: Value and gradient; methods that take values only ignore the gradient.
        theta: Start, in radians.
        method: One of `Method`.
        iterations: Steps of L-BFGS-B; the others may ask for ten values a step.
        tolerance: Relative fall of the value below which it ends; for the others also the size of a
            step in radians, squared.
        gradient_tolerance: Largest component of the gradient at which L-BFGS-B ends.
        seed: For SPSA.
    """
    from scipy.optimize import minimize

    if not len(theta):
        objective(theta)
        return theta, True
    values = _VALUES_PER_STEP * iterations

    def value(x: Floats) -> float:
        return objective(np.asarray(x, dtype=np.float64))[0]

    if method == "spsa":
        return spsa(value, theta, evaluations=values, seed=seed), True
    size = max(float(np.sqrt(tolerance)), 1e-6)
    options: dict[str, Any] = {
        "l-bfgs-b": {
            "maxiter": iterations,
            "maxfun": 20 * iterations,
            "ftol": tolerance,
            "gtol": gradient_tolerance,
            "maxcor": 20,
        },
        "cobyla": {"maxiter": values, "rhobeg": 0.15, "tol": size},
        "nelder-mead": {
            "maxfev": values,
            "xatol": size,
            "fatol": tolerance,
            "adaptive": True,
            "initial_simplex": _simplex(theta),
        },
        "powell": {"maxfev": values, "xtol": size, "ftol": tolerance},
    }
    gradient = method == "l-bfgs-b"
    found = minimize(
        objective if gradient else value,
        theta,
        jac=gradient or None,
        method=method,
        options=options[method],
    )
    return np.asarray(found.x, dtype=np.float64), bool(found.success)


def _simplex(theta: Floats) -> Floats:
    """(m + 1, m) corners 0.15 radians apart: SciPy's own steps vanish where an angle is zero."""
    return np.vstack([theta, theta + 0.15 * np.eye(len(theta))])


def descend(
    objective: Objective,
    theta: Floats,
    *,
    iterations: int,
    tolerance: float = 1e-12,
    gradient_tolerance: float = 1e-6,
    deadline: float | None = None,
    started: float | None = None,
    method: str = "l-bfgs-b",
    noisy: bool = False,
    seed: int = 0,
) -> Descent:
    """Minimise, and remember the best point; from noisy values the point where the method ended,
    valued once more.

    Args:
        objective: Value and gradient.
        theta: Start.
        iterations: At most.
        tolerance: Relative fall of the value below which it ends.
        gradient_tolerance: Largest component of the gradient at which it ends.
        deadline: `time.perf_counter()` at which it ends.
        started: Zero of the trace's times.
        method: One of `Method`.
        noisy: Whether values have shot noise: the lowest one seen would then be lucky rather than
            good.
        seed: For SPSA.
    """
    began = time.perf_counter() if started is None else started
    best, where, last, count = np.inf, theta.copy(), theta.copy(), 0
    trace: list[TracePoint] = []

    def evaluate(x: Floats) -> tuple[float, Floats]:
        nonlocal best, where, last, count
        if count and deadline is not None and time.perf_counter() > deadline:
            raise _Late
        value, gradient = objective(x)
        count, last = count + 1, x.copy()
        if value < best:
            best, where = value, x.copy()
            trace.append(
                TracePoint(time_s=time.perf_counter() - began, evaluations=count, best_energy=value)
            )
        return value, gradient

    try:
        last, converged = minimise(
            evaluate,
            theta,
            method=method,
            iterations=iterations,
            tolerance=tolerance,
            gradient_tolerance=gradient_tolerance,
            seed=seed,
        )
    except _Late:
        converged = False
    if noisy:
        where, best, count = last, objective(last)[0], count + 1
    return Descent(
        theta=where, value=float(best), evaluations=count, converged=converged, trace=tuple(trace)
    )


# Simultaneous perturbation: a descent that asks for two noisy values a step, whatever the number of
# angles.
#
#     theta <- theta - a_k (f(theta + c_k d) - f(theta - c_k d)) / (2 c_k) d,   d random signs,
#     a_k = a / (k + 1 + A)^0.602,  c_k = c / (k + 1)^0.101
#
# (Spall 1998, IEEE Trans. Aerosp. Electron. Syst. 34:817). a is set from a few differences at the
# start, so that the first steps have a wanted length (Kandala et al. 2017, Nature 549:242,
# supplement).

_CALIBRATION = 5
_STEP, _SPREAD = 0.15, 0.15


def spsa(
    objective: Callable[[Floats], float], theta: Floats, *, evaluations: int, seed: int
) -> Floats:
    """Where the descent ends: the mean of its last tenth of steps, which averages the noise.

    Args:
        objective: A value, noisy or not.
        theta: Start, in radians.
        evaluations: Of the objective, calibration included; at least 2.
        seed: For the directions.
    """
    rng = np.random.default_rng(seed)

    def slope(x: Floats, spread: float) -> tuple[float, Floats]:
        direction = rng.choice(np.array([-1.0, 1.0]), size=x.size)
        return (objective(x + spread * direction) - objective(x - spread * direction)) / (
            2.0 * spread
        ), direction

    calibration = min(_CALIBRATION, max(1, evaluations // 10))
    typical = float(np.mean([abs(slope(theta, _SPREAD)[0]) for _ in range(calibration)]))
    steps = max(0, evaluations // 2 - calibration)
    stability = 0.1 * steps
    size = _STEP * (1.0 + stability) ** 0.602 / max(typical, 1e-12)
    x, tail = theta.copy(), [theta.copy()]
    for k in range(steps):
        found, direction = slope(x, _SPREAD / (k + 1) ** 0.101)
        x = (
            x
            - np.clip(size / (k + 1 + stability) ** 0.602 * found, -4.0 * _STEP, 4.0 * _STEP)
            * direction
        )
        tail = [*tail[-max(1, steps // 10) + 1 :], x.copy()] if steps >= 20 else [x.copy()]
    return np.asarray(np.mean(tail, axis=0))
