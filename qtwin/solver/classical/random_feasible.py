"""Uniform feasible assignments: the null baseline of methods that never leave the feasible ones."""

from __future__ import annotations

import math
import time
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.problem.feasible import uniform
from qtwin.solver.base import Instance, Result, Solver, SolverInfo, TracePoint
from qtwin.solver.variational.sampled import (
    batch_sizes,
    best_feasible,
    collect,
    fill_slack,
    summary,
)

_CLOSING = 2.5
"""Sorting, weighing and judging all samples at the end, as a multiple of judging them batch by
batch.
"""
_PREPARING = 0.3
"""Share of a time limit after which choices that cannot be counted are met by chance instead."""


@final
class RandomFeasible(Solver):
    """Draw feasible choices, each as likely as every other, with their best slack.

    Args:
        shots: Number of assignments.
    """

    def __init__(self, *, shots: int = 4096) -> None:
        if shots < 1:
            raise InputError(f"expected shots of at least 1, got {shots}", hint="raise shots")
        self.shots = shots

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="random-feasible",
            summary="uniform feasible assignments, drawn exactly or by rejection",
            kind="null",
            guarantee="every sample is feasible",
            citation="Knuth 2011, The Art of Computer Programming 4A, 7.1.4",
            max_variables=10_000,
            limits="any degree; constraints under which feasible choices can be counted, or are "
            "met by chance",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Draw.

        Raises:
            InputError: where nobody knows what is feasible, or where feasible choices are too many
                to count and too rare to meet.
        """
        started = time.perf_counter()
        encoding = instance.encoding
        if not encoding.constraints_known:
            raise InputError(
                "the instance does not say which assignments are feasible, so they cannot be drawn",
                hint="state its constraints, or take uniform bits as the baseline",
            )
        deadline = math.inf if time_limit_s is None else started + time_limit_s
        source = uniform(
            encoding.n_decision,
            encoding.constraints,
            deadline=started + _PREPARING * (deadline - started),
        )
        if source.source.count == 0:
            took = {"model": time.perf_counter() - started}
            return Result(
                solver="random-feasible",
                status="infeasible",
                bits=None,
                energy=math.nan,
                wall_s=took,
                seed=seed,
            )
        counted_s = time.perf_counter() - started
        rng = np.random.default_rng(seed)
        most = max(1, 2_000_000 // max(encoding.polynomial.n_variables, 1))
        sizes = batch_sizes(most, limited=time_limit_s is not None)
        parts: list[NDArray[np.uint8]] = []
        trace: list[TracePoint] = []
        drawn, best = 0, math.inf
        closing_s = 0.0  # at the end all samples are sorted and weighed once more

        def in_time() -> bool:
            return time_limit_s is None or time.perf_counter() - started + closing_s < time_limit_s

        while drawn < self.shots and (not drawn or in_time()):
            try:
                drawn_now = source.draw(
                    min(next(sizes), self.shots - drawn), rng, deadline=deadline
                )
            except InputError:
                if not parts:
                    raise
                break  # what was met before the time was up counts
            chosen, place = np.unique(drawn_now, axis=0, return_inverse=True)
            bits = fill_slack(encoding, chosen)[place.reshape(-1)]
            drawn += len(bits)
            parts.append(bits)
            mark = time.perf_counter()
            energy = best_feasible(encoding, bits)[1]
            closing_s += _CLOSING * (time.perf_counter() - mark)
            if energy < best:
                best = energy
                trace.append(
                    TracePoint(
                        time_s=time.perf_counter() - started, evaluations=drawn, best_energy=best
                    )
                )
        samples = collect(np.concatenate(parts))
        winner, energy = best_feasible(encoding, samples.bits)
        return Result(
            solver="random-feasible",
            status="time limit"
            if drawn < self.shots
            else "infeasible"
            if winner is None
            else "feasible",
            bits=winner,
            energy=energy,
            samples=samples,
            trace=tuple(trace),
            evaluations=drawn,
            wall_s={"model": counted_s, "sampling": time.perf_counter() - started - counted_s},
            seed=seed,
            info=summary(encoding, samples)
            | {
                "method": source.method,
                "log2_feasible": None if source.count is None else math.log2(source.count),
            },
        )
