"""Minimising a differentiable function of angles under a time limit, with a trace."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.base import TracePoint

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]


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


def descend(
    objective: Objective,
    theta: Floats,
    *,
    iterations: int,
    tolerance: float = 1e-12,
    gradient_tolerance: float = 1e-6,
    deadline: float | None = None,
    started: float | None = None,
) -> Descent:
    """L-BFGS-B with exact gradients (Zhu et al. 1997, ACM TOMS 23:550).

    Args:
        objective: Value and gradient.
        theta: Start.
        iterations: At most.
        tolerance: Relative fall of the value below which it ends.
        gradient_tolerance: Largest component of the gradient at which it ends.
        deadline: `time.perf_counter()` at which it ends.
        started: Zero of the trace's times.
    """
    from scipy.optimize import minimize

    began = time.perf_counter() if started is None else started
    best, where, count = np.inf, theta.copy(), 0
    trace: list[TracePoint] = []

    def evaluate(x: Floats) -> tuple[float, Floats]:
        nonlocal best, where, count
        if count and deadline is not None and time.perf_counter() > deadline:
            raise _Late
        value, gradient = objective(x)
        count += 1
        if value < best:
            best, where = value, x.copy()
            trace.append(TracePoint(time_s=time.perf_counter() - began, evaluations=count, best_energy=value))
        return value, gradient

    options = {"maxiter": iterations, "maxfun": 20 * iterations, "ftol": tolerance, "gtol": gradient_tolerance, "maxcor": 20}
    try:
        if len(theta):
            converged = bool(minimize(evaluate, theta, jac=True, method="L-BFGS-B", options=options).success)
        else:
            evaluate(theta)
            converged = True
    except _Late:
        converged = False
    return Descent(theta=where, value=float(best), evaluations=count, converged=converged, trace=tuple(trace))
