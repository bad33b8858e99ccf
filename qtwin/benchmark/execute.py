"""Running one task: make the instance, ask the solver, and write down all that it cost, failures
included.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from qtwin.benchmark.environment import machine
from qtwin.benchmark.features import features
from qtwin.benchmark.metrics import count_successes
from qtwin.benchmark.records import split
from qtwin.benchmark.task import Task
from qtwin.encoding.generate import Generated, make
from qtwin.errors import QtwinError
from qtwin.solver import registry
from qtwin.solver.ask import Asked, ask
from qtwin.solver.base import Instance
from qtwin.solver.judge import claim_of

_TRACE = 60


@lru_cache(maxsize=8)
def _made(
    family: str, n: int, seed: int, options: tuple[tuple[str, Any], ...]
) -> tuple[Generated, float, dict[str, Any]]:
    """The instance, the seconds that making it took, and its features."""
    started = time.perf_counter()
    made = make(family, n, seed=seed, **dict(options))
    return made, time.perf_counter() - started, features(made)


def execute(
    task: Task, *, memory_gib: float | None = None, begin: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """The record of one task, JSON values only; an error is a record as well, with `status`
    "failed" and its own words.

    Args:
        task: What is run.
        memory_gib: Beyond which a solver of another package is ended; None for most of the
            machine's.
        begin: Called when the clock of one of our own solvers starts.

    Returns:
        task_id, instance_id, task, what is known of the instance (`qtwin.benchmark.features`), the
        solver's answer as far as it is true (status, energy, bound, proven, feasible), its
        `offences`, its samples' energies with counts where it drew some, seconds by stage,
        `total_s` by our clock, `compiling_s` that nobody is charged, shots, evaluations, anytime
        trace, regret on the twin where there is one, and the machine.
    """
    started = time.perf_counter()
    record: dict[str, Any] = {
        "task_id": task.task_id,
        "instance_id": task.instance_id,
        "task": dataclasses.asdict(task),
        "machine": machine(),
    }
    try:
        options = tuple(sorted(task.family_options.items()))
        made, made_s, known = _made(task.family, task.n, task.instance, options)
        record["instance"] = known | {"made_s": made.wall_s or {"encode": made_s}}
        solver = registry.load(task.solver, task.solver_options)
        card = registry.card(task.solver)
        record["kind"], record["citation"] = card.kind, card.citation
        instance = Instance(encoding=made.encoding, problem=made.problem)
        limits: dict[str, Any] = {"time_limit_s": task.time_limit_s, "memory_gib": memory_gib}
        found = ask(
            solver, instance, name=task.solver, seed=task.solver_seed, begin=begin, **limits
        )
        # Ctrl-C was heard by the solver and is meant for the sweep; no record is kept
        if found.result.status == "interrupted":
            raise KeyboardInterrupt  # noqa: TRY301
        record |= _answer(made, found)
    except QtwinError as error:
        record |= {
            "status": "failed",
            "error": str(error),
            "total_s": time.perf_counter() - started,
        }
    except (
        Exception,
        SystemExit,
        # a vendor's own failure is a record as well: one task must not end a sweep of thousands
    ) as error:
        said = f"{type(error).__name__}: {error}"
        record |= {"status": "failed", "error": said, "total_s": time.perf_counter() - started}
    plain: dict[str, Any] = _plain(record)
    return plain


def _answer(made: Generated, asked: Asked) -> dict[str, Any]:
    encoding, result = made.encoding, asked.result
    claim = claim_of(result, encoding, label=result.solver)
    found: dict[str, Any] = {
        "status": result.status,
        "energy": result.energy,
        "value": claim.value,
        "bound": result.bound,
        "proven": result.proven,
        "scope": result.scope,
        "feasible": claim.feasible,
        "wall_s": dict(result.wall_s),
        "stage_s": split(result.wall_s),
        "total_s": asked.charged_s,
        "clock_s": asked.clock_s,
        "compiling_s": asked.compiling_s,
        "offences": dict(result.offences),
        "printed": asked.printed,
        "backend": result.backend,
        "shots": result.shots,
        "evaluations": result.evaluations,
        "trace": [[p.time_s, p.evaluations, p.best_energy] for p in result.trace[-_TRACE:]],
        "resources": result.info.get("resources"),
        "samples": None,
        "utility": None,
    }
    if result.samples is not None:
        bits = result.samples.bits
        energies = encoding.polynomial.evaluate(bits)
        feasible = encoding.is_feasible(bits)
        lowest = float(energies[feasible].min()) if feasible.any() else math.nan
        found["samples"] = {
            "shots": result.samples.shots,
            "feasible": int(result.samples.counts[feasible].sum()),
            "lowest": lowest,
            "lowest_count": count_successes(
                energies[feasible], result.samples.counts[feasible], lowest
            )
            if feasible.any()
            else 0,
            "mean": float(np.average(energies, weights=result.samples.counts)),
        }
    if made.problem is not None and result.bits is not None:
        found["utility"] = float(made.problem.objective(encoding.decode(result.bits[None, :]))[0])
    return found


def _plain(value: Any) -> Any:
    """JSON values: numbers that are not finite become None."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
