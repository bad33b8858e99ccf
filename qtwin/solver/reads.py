"""Independent reads of a sampler, batch by batch: a trace, a time limit, a target and Ctrl-C between the batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.base import Instance, Result, Status, TracePoint
from qtwin.solver.interruptible import run_interruptibly
from qtwin.solver.sampled import best_feasible, collect, summary

Draw = Callable[[int, int, Callable[[], bool], float | None], NDArray[np.uint8]]
"""(reads, seed, whether to stop, seconds left) to (m, n) bits; equal reads and seeds give equal bits while time is left."""


def sizes_of(reads: int, batches: int) -> list[int]:
    """`reads` split as evenly as whole numbers allow into at most so many batches."""
    batches = min(batches, reads)
    return [reads // batches + (k < reads % batches) for k in range(batches)]


def draw_in_batches(
    solver: str,
    instance: Instance,
    draw: Draw,
    *,
    sizes: Sequence[int],
    evaluations: Callable[[int], int],
    flag: NDArray[np.uint8] | None = None,
    seed: int,
    time_limit_s: float | None,
    wall_s: Mapping[str, float],
    info: Mapping[str, Any],
) -> Result:
    """Run a sampler's batches and judge what came.

    Args:
        solver: Its name in the table.
        instance: What is asked.
        draw: One batch.
        sizes: Reads in each batch.
        evaluations: Number of reads that were drawn to the number of variable updates that they took.
        flag: (1,) set when a batch under way should end: at the time limit and on Ctrl-C.
        seed: Every batch gets its own, derived from this one.
        time_limit_s: No batch begins after this long, and one under way ends where there is a `flag`.
        wall_s: Seconds spent before, by stage.
        info: Further numbers.
    """
    encoding = instance.encoding
    started = time.perf_counter()
    earlier = sum(wall_s.values())
    seeds = [int(s) & 0x7FFFFFFF for s in np.random.SeedSequence(seed).generate_state(len(sizes))]
    parts: list[NDArray[np.uint8]] = []
    trace: list[TracePoint] = []
    stop = threading.Event()

    def elapsed() -> float:
        return earlier + time.perf_counter() - started

    def reached() -> bool:
        return bool(trace) and instance.target_energy is not None and trace[-1].best_energy <= instance.target_energy

    def work() -> None:
        for size, batch_seed in zip(sizes, seeds, strict=True):
            left = None if time_limit_s is None else time_limit_s - elapsed()
            if stop.is_set() or reached() or (parts and left is not None and left < 0):
                break
            bits = draw(size, batch_seed, stop.is_set, left)
            if not len(bits):
                continue
            parts.append(bits)
            energy = best_feasible(encoding, bits)[1]
            if energy < (trace[-1].best_energy if trace else np.inf):
                taken = evaluations(sum(len(p) for p in parts))
                trace.append(TracePoint(time_s=elapsed(), evaluations=taken, best_energy=energy))

    def halt() -> None:
        stop.set()
        late()

    def late() -> None:
        if flag is not None:
            flag[0] = 1

    clock = None if flag is None or time_limit_s is None else threading.Timer(max(time_limit_s - elapsed(), 0.0), late)
    if clock is not None:
        clock.daemon = True
        clock.start()
    try:
        _, interrupted = run_interruptibly(work, halt)
    finally:
        if clock is not None:
            clock.cancel()
    drawn = sum(len(p) for p in parts)
    cut = drawn < sum(sizes) or (flag is not None and bool(flag[0]))
    samples = collect(np.concatenate(parts)) if parts else None
    winner, best = best_feasible(encoding, samples.bits) if samples is not None else (None, float("nan"))
    status: Status = "interrupted" if interrupted else "time limit" if cut and not reached() else "feasible"
    if status == "feasible" and winner is None:
        status = "infeasible"
    told = summary(encoding, samples) if samples is not None else {}
    return Result(
        solver=solver,
        status=status,
        bits=winner,
        energy=best,
        samples=samples,
        trace=tuple(trace),
        evaluations=evaluations(drawn),
        wall_s={**wall_s, "sampling": time.perf_counter() - started},
        seed=seed,
        info={**told, "reads": drawn, "target_reached": reached(), **info},
    )
