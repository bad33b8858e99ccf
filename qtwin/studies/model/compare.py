"""Answers of several solvers to one model, held against each other."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qtwin.benchmark.environment import machine, versions
from qtwin.benchmark.metrics import FEWEST, count_successes, no_interval, shown
from qtwin.benchmark.processor import device_time, processor, shots_to_solution
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError
from qtwin.report.number import number
from qtwin.report.origin import command_line
from qtwin.solver.base import Result
from qtwin.solver.judge import ALARMS, claim_of, contradictions
from qtwin.solver.run import Run, with_nulls
from qtwin.studies.model.result import InstanceFile, ModelComparison
from qtwin.studies.result import plain

_TARGET = "the best energy of all that took part"
_RELATIVE = 1e-9


def compare_runs(
    model: BinaryModel,
    runs: Sequence[Run],
    *,
    nulls: bool = True,
    seed: int = 0,
    time_limit_s: float | None = None,
    instance: InstanceFile | None = None,
) -> ModelComparison:
    """Hold the answers of solvers to one model against each other.

    Energies were evaluated anew when each solver was asked; here a proof or a bound that another
    answer beats becomes an alarm.

    Args:
        model: What was to be minimised.
        runs: Answers of `qtwin.solve` to it, at least one.
        nulls: Have the null baselines take part beside quantum solvers: uniform bits, uniform
            allowed choices, and random starts with one-flip descent.
        seed: Of the null baselines.
        time_limit_s: Of each of them; None for their own.
        instance: The file of the model, where there is one.

    Raises:
        InputError: without a run, or for a run on another model.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> study = qt.compare(model, [qt.solve(model, s) for s in ("enumeration", "tabu")])
        >>> study.best_energy, [r.gap for r in study.solvers]
        (-1.5, [0.0, 0.0])
    """
    if not runs:
        raise InputError(
            "expected at least one run, got none", hint='qt.solve(model, "cp-sat") makes one'
        )
    for run in runs:
        if run.model is not model and run.model.polynomial.terms != model.polynomial.terms:
            raise InputError(
                f"the run of {run.label} is on another model",
                hint="solve this model: qt.solve(model, ...)",
            )
    every = _believed(
        model, with_nulls(runs, seed=seed, time_limit_s=time_limit_s) if nulls else list(runs)
    )
    found = [r.energy for r in every if r.feasible is not False and not math.isnan(r.energy)]
    best = min(found, default=math.nan)
    proven = any(
        r.proven and r.result.scope == "encoding" and r.feasible is not False for r in every
    )
    alarms = [
        f"{r.label} {words}"
        for r in every
        for kind, words in r.result.offences.items()
        if kind in ALARMS
    ]
    return ModelComparison.model_validate(
        plain(
            {
                "verdict": _verdict(every, best, alarms),
                "alarms": alarms,
                "solvers": [_row(r, best) for r in every],
                "best_energy": best,
                "proven": proven,
                "n_variables": model.n_variables,
                "n_decision": model.n_decision,
                "n_terms": model.polynomial.n_terms,
                "degree": model.polynomial.degree,
                "constraints": len(model.constraints) if model.constraints_known else None,
                "instance": instance,
                "seed": seed,
                "versions": versions(),
                "machine": machine(),
                "command": command_line(),
            }
        )
    )


def _believed(model: BinaryModel, runs: Sequence[Run]) -> list[Run]:
    """The runs without the proofs and bounds that others beat; what is taken away is named in the
    result's offences.
    """
    claims = [claim_of(r.result, model, label=r.label) for r in runs]
    said = contradictions(claims, scale=model.polynomial.coefficient_range[1])
    return [
        replace(r, result=_without(r.result, said[k], claims[k].feasible)) if k in said else r
        for k, r in enumerate(runs)
    ]


def _without(result: Result, said: dict[str, str], feasible: bool) -> Result:
    proof = "proof" in said
    status: Any = ("feasible" if feasible else "infeasible") if proof else result.status
    return replace(
        result,
        bound=None if "bound" in said else result.bound,
        proven=result.proven and not proof,
        status=status,
        offences={**result.offences, **said},
    )


def _row(run: Run, best: float) -> dict[str, Any]:
    result = run.result
    allowed = run.feasible is not False and not math.isnan(run.energy)
    return {
        "solver": run.info.name,
        "label": run.label,
        "kind": run.info.kind,
        "backend": result.backend,
        "status": result.status,
        "energy": run.energy,
        "gap": max(0.0, run.energy - best) if allowed else None,
        "bound": result.bound,
        "proven": result.proven,
        "feasible": run.feasible,
        "chosen": run.chosen,
        **sample_scores(result, run.model, best),
        "qpu": on_processor(result) if run.info.kind == "quantum" else None,
        "shots": result.shots,
        "evaluations": result.evaluations,
        "seconds": run.seconds,
        "compiling_s": run.compiling_s,
        "options": {
            k: v if isinstance(v, str | int | float | bool | None) else str(v)
            for k, v in run.options.items()
        },
        "info": dict(result.info),
        "offences": dict(result.offences),
    }


def sample_scores(
    result: Result, model: BinaryModel, target: float, name: str = _TARGET
) -> dict[str, Any]:
    """How often a sample is allowed and as low as the target, with its interval, and how many
    samples that calls for.
    """
    if result.samples is None or math.isnan(target):
        return {"success_probability": None, "shots_to_solution": None}
    feasible = model.is_feasible(result.samples.bits)
    energies = model.polynomial.evaluate(result.samples.bits)
    tolerance = _RELATIVE * max(1.0, abs(target))
    hits = count_successes(
        energies[feasible], result.samples.counts[feasible], target, tolerance=tolerance
    )
    trials = result.samples.shots
    low, high = shown(hits, trials) or (None, None)
    rate = {
        "value": hits / trials,
        "low": low,
        "high": high,
        "no_interval": no_interval(trials) if trials < FEWEST else "",
        "successes": hits,
        "trials": trials,
        "target": name,
    }
    needed = {
        end: None if p is None else shots_to_solution(p)
        for end, p in (("value", hits / trials), ("low", high), ("high", low))
    }
    return {"success_probability": rate, "shots_to_solution": needed}


def on_processor(result: Result) -> dict[str, Any]:
    """The run on the idealised processor (`qtwin.benchmark.processor`)."""
    found = device_time(result.info.get("resources"), evaluations=result.evaluations)
    return dataclasses.asdict(found) | {"assumptions": processor().words}


def _verdict(runs: Sequence[Run], best: float, alarms: Sequence[str]) -> str:
    """Who found the best energy and who proves it; what the null baselines say of the quantum
    solvers.
    """
    said = "ALARM: a proof or a bound is false. " if alarms else ""
    if math.isnan(best):
        return said + "Nobody found an allowed answer."
    tolerance = _RELATIVE * max(1.0, abs(best))
    first = [r for r in runs if r.feasible is not False and r.energy <= best + tolerance]
    provers = [r.label for r in first if r.proven]
    said += f"{_listed([r.label for r in first])} found the best energy, {number(best, 8)}"
    said += (
        f", and {_listed(provers)} prove{'s' if len(provers) == 1 else ''} that none is lower."
        if provers
        else ", unproven."
    )
    rates = {
        kind: [p for r in runs if r.info.kind == kind and (p := _rate(r, best)) is not None]
        for kind in ("quantum", "null")
    }
    if not rates["quantum"] or not rates["null"]:
        return said
    quantum, null = max(rates["quantum"]), max(rates["null"])
    if quantum[1] > null[2] or quantum[2] < null[1]:
        word = "more" if quantum[1] > null[2] else "less"
        return (
            said + f" A sample of the best quantum solver is that {word} often than one of the "
            "best null baseline."
        )
    return (
        said
        + " By samples, the best quantum solver and the best null baseline cannot be told apart."
    )


def _rate(run: Run, best: float) -> tuple[float, float, float] | None:
    """Success of a sample with its interval; (0, 1) where there are too few."""
    found = sample_scores(run.result, run.model, best)["success_probability"]
    if found is None:
        return None
    return (
        found["value"],
        0.0 if found["low"] is None else found["low"],
        1.0 if found["high"] is None else found["high"],
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
