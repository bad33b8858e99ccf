"""`qtwin solve`: any instance file, any solver."""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import write_json
from qtwin.benchmark.metrics import clopper_pearson, count_successes
from qtwin.cli.show import note, stage, table
from qtwin.encoding.encoding import Encoding
from qtwin.encoding.instance import read_instance
from qtwin.encoding.instance.size import MOST_VARIABLES
from qtwin.errors import InputError
from qtwin.report.number import number, percent, seconds
from qtwin.solver import TABLE, registry
from qtwin.solver.ask import ask, challenged, is_own, warm
from qtwin.solver.base import Instance, Result, SolverFailureError
from qtwin.solver.judge import ALARMS, alarms
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
        "success_probability": _rate(result, encoding),
    }
    plain: dict[str, Any] = _plain(told)
    if out is not None:
        write_json(out, plain)
    _print(plain)
    return plain


def _feasible(result: Result, encoding: Encoding) -> bool | None:
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


def _told(result: Result, encoding: Encoding) -> dict[str, Any]:
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


def _rate(result: Result, encoding: Encoding) -> dict[str, Any] | None:
    """How often a shot was as good as the best one; of the optimum only where that is proven."""
    if result.samples is None or result.bits is None:
        return None
    feasible = encoding.is_feasible(result.samples.bits)
    energies = encoding.polynomial.evaluate(result.samples.bits)
    hits = count_successes(energies[feasible], result.samples.counts[feasible], result.energy)
    low, high = clopper_pearson(hits, result.samples.shots)
    return {
        "value": hits / result.samples.shots,
        "low": low,
        "high": high,
        "successes": hits,
        "trials": result.samples.shots,
        "target": "the best energy of this run",
    }


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
    rate = told["success_probability"]
    if rate is not None:
        lines.append(("best in a shot", f"{percent(rate['value'])} ({percent(rate['low'])} to {percent(rate['high'])})"))
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
