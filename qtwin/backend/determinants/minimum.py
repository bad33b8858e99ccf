"""The compiled descent, called in stretches short enough for the clock to be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.determinants.minimise import CONVERGED, FLAT, LIMIT, MEMORY, TARGET

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Minimum:
    """Where a descent ended.

    Attributes:
        theta: (p,) angles.
        energy_hartree: There.
        evaluations: Energies with their gradients.
        converged: Whether it ended by its own criterion.
        energies_hartree, times_s: (evaluations,) of each evaluation; times within a compiled stretch are spread evenly.
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
    """Call `stretch` (of `qtwin.backend.determinants.minimise`) until it ends or a limit is met; `theta` is its own copy."""
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
        energy, count, why = stretch(circuit, matrix, reference, threaded, theta, work, metric, steps, turns, memory, *ends)
        energies.append(trace[:count] + core_hartree)
        times.append(np.linspace(mark, time.perf_counter() - began, count + 1, dtype=np.float64)[1:])
        done += count
    return Minimum(
        theta=theta,
        energy_hartree=float(energy) + core_hartree,
        evaluations=done,
        converged=why in (CONVERGED, FLAT, TARGET),
        energies_hartree=np.concatenate(energies),
        times_s=np.concatenate(times),
    )
