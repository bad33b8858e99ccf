"""`qtwin solve`: any instance file, any solver."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import write_json
from qtwin.benchmark.metrics import FEWEST, count_successes, no_interval, shown
from qtwin.benchmark.processor import device_time, processor, shots_to_solution
from qtwin.cli.show import note, stage, table
from qtwin.encoding.instance import read_instance
from qtwin.encoding.instance.size import MOST_VARIABLES
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError, QtwinError
from qtwin.report.number import number, percent, seconds, whole
from qtwin.solver import TABLE, registry
from qtwin.solver.ask import ask, challenged, is_own, warm
from qtwin.solver.base import Instance, Result, SolverFailureError
from qtwin.solver.judge import ALARMS, alarms
from qtwin.solver.nulls import missing
from qtwin.version import __version__

SCHEMA = "qtwin.solution/1"
_EASY = 30


def solve_file(
    path: Path,
    *,
    solver: str,
    backend: str,
    options: Sequence[str],
    seed: int,
    time_limit_s: float | None,
    out: Path | None,
    problem: str = "",
) -> dict[str, Any]:
    """Read an instance, ask a solver, print and write the answer.

    Args:
        path: A file of any of `qtwin.encoding.instance.FORMATS`, also packed as .gz or .xz.
        solver: Name in the table; "" chooses one.
        backend: For solvers that run circuits; "" for their own choice.
        options: ``key=value`` for the solver's constructor.
        seed: Of the solver.
        time_limit_s: None for the solver's own.
        out: Where result.json goes; None writes none.
        problem: Which of several problems in the file.

    Raises:
        InputError: for a file, a solver or an option that cannot be used.
    """
    encoding = read_instance(path, problem)
    if encoding.polynomial.n_variables > MOST_VARIABLES and not encoding.constraints:
        raise InputError(
            f"{path.name} has {encoding.polynomial.n_variables:,} variables, at most {MOST_VARIABLES:,} can be solved",
            hint="split the instance, or fix some of its variables",
        )
    name = solver or ("auto" if "auto" in TABLE else "enumeration" if encoding.polynomial.n_variables <= _EASY else "cp-sat")
    chosen = parsed_options(f"solver {name!r}", options) | ({"backend": backend} if backend else {})
    method = registry.load(name, chosen)
    instance = Instance(encoding=encoding)
    with stage("Compiling"):
        compiling_s = warm(method, instance) if is_own(method) else 0.0
    with stage(f"{name} on {path.name}") as found:
        try:
            asked = ask(method, instance, name=name, seed=seed, time_limit_s=time_limit_s)
        except SolverFailureError as error:
            raise SolverFailureError(f"solver {name!r} failed: {error.message}", hint=error.hint) from None
        asked = challenged(asked, method, instance, seed=seed)
        result = asked.result
        found.append(result.status)
    nulls = _baselines(name, chosen, instance, seed=seed, time_limit_s=time_limit_s)
    target = min((e for e in (result.energy, *(r.energy for _, r in nulls)) if not math.isnan(e)), default=math.nan)
    told = _told(result, encoding)
    told |= {
        "schema": SCHEMA,
        "instance": {
            "file": path.name,
            "problem": problem or None,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "n_variables": encoding.polynomial.n_variables,
            "n_decision": encoding.n_decision,
            "n_terms": encoding.polynomial.n_terms,
            "degree": encoding.polynomial.degree,
            "constraints": len(encoding.constraints) if encoding.constraints_known else None,
        },
        "clock_s": asked.clock_s,
        "compiling_s": compiling_s + asked.compiling_s,
        "alarms": alarms(result.offences),
        "printed": asked.printed,
        "options": chosen,
        "seed": seed,
        "versions": {"qtwin": __version__, "python": platform.python_version(), "numpy": np.__version__},
        "feasible": _feasible(result, encoding),
        **_scores(result, encoding, target),
        "qpu": _qpu(result) if registry.card(name).kind == "quantum" else None,
        "nulls": [
            {"name": r.solver, "label": label, "status": r.status, "energy": r.energy, "total_wall_s": sum(r.wall_s.values())}
            | ({"refused": r.info["refused"]} if "refused" in r.info else {})
            | _scores(r, encoding, target)
            for label, r in nulls
        ],
    }
    plain: dict[str, Any] = _plain(told)
    if out is not None:
        write_json(out, plain)
    _print(plain)
    return plain


def _baselines(
    name: str, options: Mapping[str, Any], instance: Instance, *, seed: int, time_limit_s: float | None
) -> list[tuple[str, Result]]:
    """What the null baselines find of the same question, each with its label; none beside a solver that is not quantum."""
    found = []
    for null in missing([(name, options)]):
        with stage(null.label) as words:
            try:
                method = registry.load(null.name, null.options)
                result = ask(method, instance, name=null.name, seed=seed, time_limit_s=time_limit_s).result
            except QtwinError as error:
                told = {"refused": error.message}
                result = Result(solver=null.name, status="refused", bits=None, energy=math.nan, seed=seed, info=told)
            words.append(result.status)
        found.append((null.label, result))
    return found


def _qpu(result: Result) -> dict[str, Any]:
    """The run on the idealised processor (`qtwin.benchmark.processor`)."""
    found = device_time(result.info.get("resources"), evaluations=result.evaluations)
    return dataclasses.asdict(found) | {"assumptions": processor().words}


def _feasible(result: Result, encoding: BinaryModel) -> bool | None:
    """Whether the answer is allowed; None where the file does not say what is."""
    if result.bits is None:
        return False
    return bool(encoding.is_feasible(result.bits[None, :])[0]) if encoding.constraints_known else None


def parsed_options(whose: str, pairs: Sequence[str]) -> dict[str, Any]:
    """``key=value`` as values: numbers, true, false, or text.

    Raises:
        InputError: for anything else.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise InputError(f"option {pair!r} of {whose} came, key=value was wanted", hint="--option shots=1000")
        found[key] = _value(text)
    return found


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _told(result: Result, encoding: BinaryModel) -> dict[str, Any]:
    bits = None if result.bits is None else result.bits.tolist()
    if encoding.recoded is None:  # options alone: slack bits keep the books of a constraint
        named = list(zip(encoding.variables, bits or (), strict=False))[: encoding.n_decision]
    else:
        named = list(zip(encoding.variables, bits or (), strict=False))
    parts = {i for z in encoding.whole_numbers for i in z.bits}
    options = None if bits is None or not parts else encoding.decode(np.array([bits]))[0]
    return {
        "whole_numbers": {} if options is None else {z.name: z.value(options) for z in encoding.whole_numbers},
        "solvers": [
            {
                "name": result.solver,
                "backend": result.backend,
                "status": result.status,
                "objective_encoded": result.energy,
                "bound": result.bound,
                "proven": result.proven,
                "wall_s": dict(result.wall_s),
                "shots": result.shots,
                "evaluations": result.evaluations,
                "info": dict(result.info),
                "offences": dict(result.offences),
            }
        ],
        "bits": bits,
        "chosen": [v for i, (v, b) in enumerate(named) if b and i not in parts],
        "energy": result.energy,
        "trace": [[p.time_s, p.evaluations, p.best_energy] for p in result.trace[-200:]],
    }


def _scores(result: Result, encoding: BinaryModel, target: float) -> dict[str, Any]:
    """How often a sample is as good as the best answer of this run, baselines included, and how many samples that calls for."""
    if result.samples is None or math.isnan(target):
        return {"success_probability": None, "shots_to_solution": None}
    feasible = encoding.is_feasible(result.samples.bits)
    energies = encoding.polynomial.evaluate(result.samples.bits)
    hits = count_successes(energies[feasible], result.samples.counts[feasible], target)
    trials = result.samples.shots
    low, high = shown(hits, trials) or (None, None)
    rate = {
        "value": hits / trials,
        "low": low,
        "high": high,
        "no_interval": no_interval(trials) if trials < FEWEST else "",
        "successes": hits,
        "trials": trials,
        "target": "the best energy of this run",
    }
    needed = {
        end: None if p is None else shots_to_solution(p) for end, p in (("value", hits / trials), ("low", high), ("high", low))
    }
    return {"success_probability": rate, "shots_to_solution": needed}


def _print(told: dict[str, Any]) -> None:
    row = told["solvers"][0]
    chosen = ", ".join(told["chosen"][:20]) + (" ..." if len(told["chosen"]) > 20 else "")
    lines = [
        ("energy", "none found" if told["energy"] is None else number(told["energy"], 8)),
        (
            "allowed",
            {True: "yes", False: "no", None: "unknown: the file holds an energy and does not say what is allowed"}[
                told["feasible"]
            ],
        ),
        ("bound", "none" if row["bound"] is None else number(row["bound"], 8)),
        ("proven", "yes" if row["proven"] else "no"),
        ("time", seconds(sum(row["wall_s"].values()))),
        ("chosen", chosen or "nothing"),
    ]
    if told["whole_numbers"]:
        values = [f"{name} = {value}" for name, value in told["whole_numbers"].items()]
        lines.append(("whole numbers", ", ".join(values[:20]) + (" ..." if len(values) > 20 else "")))
    lines += _met(told, "best in a shot")
    qpu = told["qpu"]
    if qpu is not None:
        lines.append(("idealised QPU time", seconds(qpu["run_s"]) if qpu["run_s"] is not None else f"none: {qpu['unknown']}"))
    for null in told["nulls"]:
        lines += _met(null, null["label"]) or [(null["label"], null.get("refused") or null["status"])]
    table(f"{row['name']}: {row['status']}", ("", ""), lines)
    reason = row["info"].get("reason")
    if reason:
        note(str(reason))
    if told["printed"]:
        note(f"{row['name']} printed: {told['printed'][:200]}")
    for kind, words in row["offences"].items():
        note(
            f"{'ALARM' if kind in ALARMS else 'not so'}: {row['name']} {words}", style="bold red" if kind in ALARMS else "yellow"
        )


def _met(row: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """The line of a success rate; none without samples."""
    rate, needed = row["success_probability"], row["shots_to_solution"]
    if rate is None:
        return []
    ends = rate["no_interval"] or f"{percent(rate['low'])} to {percent(rate['high'])}"
    after = "never" if needed["value"] is None else f"{whole(needed['value'])} for 99 %"
    return [(name, f"{percent(rate['value'])} ({ends}), {after}")]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
