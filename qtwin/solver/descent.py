"""Minimising a function of angles under a time limit, with a trace: by gradients, by values, or by noisy values."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name
from qtwin.solver.base import TracePoint
from qtwin.solver.spsa import spsa

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]
Method = Literal["l-bfgs-b", "cobyla", "nelder-mead", "powell", "spsa"]
"""L-BFGS-B (Zhu et al. 1997, ACM TOMS 23:550) takes gradients; COBYLA (Powell 1994), Nelder-Mead (1965) and Powell (1964), all in
SciPy, and SPSA (`qtwin.solver.spsa`) take values only."""
_VALUES_PER_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Descent:
    """Where a minimisation ended: best angles and value, evaluations, whether by its own criterion, and the way there."""

    theta: Floats
    value: float
    evaluations: int
    converged: bool
    trace: tuple[TracePoint, ...]


class _Late(Exception):  # noqa: N818 - not an error: it carries the search out of the optimiser
    """The time limit."""


def check_method(method: str, *, noisy: bool) -> None:
    """Refuse an unknown method, and one that wants gradients where there are only shots (InputError)."""
    if method not in get_args(Method):
        raise unknown_name("optimizer", method, get_args(Method))
    if noisy and method == "l-bfgs-b":
        raise InputError(
            "optimizer 'l-bfgs-b' came with objective_shots, but it wants exact gradients",
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
        tolerance: Relative fall of the value below which it ends; for the others also the size of a step in radians, squared.
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
    found = minimize(objective if gradient else value, theta, jac=gradient or None, method=method, options=options[method])
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
    """Minimise, and remember the best point; from noisy values the point where the method ended, valued once more.

    Args:
        objective: Value and gradient.
        theta: Start.
        iterations: At most.
        tolerance: Relative fall of the value below which it ends.
        gradient_tolerance: Largest component of the gradient at which it ends.
        deadline: `time.perf_counter()` at which it ends.
        started: Zero of the trace's times.
        method: One of `Method`.
        noisy: Whether values have shot noise: the lowest one seen would then be lucky rather than good.
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
            trace.append(TracePoint(time_s=time.perf_counter() - began, evaluations=count, best_energy=value))
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
    return Descent(theta=where, value=float(best), evaluations=count, converged=converged, trace=tuple(trace))
