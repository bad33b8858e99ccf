"""An instance file is given to a solver, or to several that are then compared."""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.encoding.instance import read_instance
from qtwin.encoding.instance.entries import MOST_VARIABLES
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError, QtwinError
from qtwin.progress import SILENT, Progress
from qtwin.solver import TABLE, registry
from qtwin.solver.ask import ask, challenged, is_own, warm
from qtwin.solver.base import Instance, Result, SolverFailureError
from qtwin.solver.judge import alarms
from qtwin.solver.nulls import missing
from qtwin.solver.run import Run, label_of, solve
from qtwin.studies.model.compare import compare_runs, on_processor, sample_scores
from qtwin.studies.model.result import SOLUTION, InstanceFile, ModelComparison, Solution
from qtwin.studies.result import plain
from qtwin.version import __version__

_EASY = 30


def solve_file(
    path: str | Path,
    solver: str = "",
    *,
    backend: str = "",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    problem: str = "",
    progress: Progress = SILENT,
) -> Solution:
    """Read an instance and ask a solver; the null baselines take part beside a quantum one.

    Args:
        path: A file of any of `qtwin.encoding.instance.FORMATS`, also packed as .gz or .xz.
        solver: Name in the table; "" chooses one.
        backend: For solvers that run circuits; "" for their own choice.
        options: Of the solver's constructor.
        seed: Of the solver.
        time_limit_s: None for the solver's own.
        problem: Which of several problems in the file.
        progress: Who hears of the stages.

    Raises:
        InputError: for a file, a solver or an option that cannot be used.
        SolverFailureError: when the solver crashed or answered with what is no answer.
    """
    source = Path(path)
    encoding = _read(source, problem)
    name = solver or (
        "auto"
        if "auto" in TABLE
        else "enumeration"
        if encoding.polynomial.n_variables <= _EASY
        else "cp-sat"
    )
    chosen = dict(options or {}) | ({"backend": backend} if backend else {})
    method = registry.load(name, chosen)
    instance = Instance(encoding=encoding)
    with progress.stage("Compiling"):
        compiling_s = warm(method, instance) if is_own(method) else 0.0
    with progress.stage(f"{name} on {source.name}") as found:
        try:
            asked = ask(method, instance, name=name, seed=seed, time_limit_s=time_limit_s)
        except SolverFailureError as error:
            raise SolverFailureError(
                f"solver {name!r} failed: {error.message}", hint=error.hint
            ) from None
        asked = challenged(asked, method, instance, seed=seed)
        result = asked.result
        found.append(result.status)
    nulls = _baselines(
        name, chosen, instance, seed=seed, time_limit_s=time_limit_s, progress=progress
    )
    target = min(
        (e for e in (result.energy, *(r.energy for _, r in nulls)) if not math.isnan(e)),
        default=math.nan,
    )
    goal = "the best energy of this run"
    return Solution.model_validate(
        plain(
            _told(result, encoding)
            | {
                "schema": SOLUTION,
                "instance": _described(source, problem, encoding),
                "clock_s": asked.clock_s,
                "compiling_s": compiling_s + asked.compiling_s,
                "alarms": alarms(result.offences),
                "printed": asked.printed,
                "options": chosen,
                "seed": seed,
                "versions": {
                    "qtwin": __version__,
                    "python": platform.python_version(),
                    "numpy": np.__version__,
                },
                "feasible": _feasible(result, encoding),
                **sample_scores(result, encoding, target, goal),
                "qpu": on_processor(result) if registry.card(name).kind == "quantum" else None,
                "nulls": [
                    {"name": r.solver, "label": label, "status": r.status, "energy": r.energy}
                    | {
                        "total_wall_s": sum(r.wall_s.values()),
                        "refused": str(r.info.get("refused", "")),
                    }
                    | sample_scores(r, encoding, target, goal)
                    for label, r in nulls
                ],
            }
        )
    )


def compare_file(
    path: str | Path,
    solvers: Sequence[str],
    *,
    backends: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    problem: str = "",
    progress: Progress = SILENT,
) -> ModelComparison:
    """Read an instance, ask several solvers, and hold their answers against each other.

    A solver that fails, or that refuses the instance, is a row that says so.

    Args:
        path: A file of any of `qtwin.encoding.instance.FORMATS`, also packed as .gz or .xz.
        solvers: Names in the table.
        backends: Every solver that runs circuits runs on each of them; none for its own choice.
        options: Of the solvers' constructors; each goes to every solver that has it.
        seed: Of every solver.
        time_limit_s: Of each solver; None for its own.
        problem: Which of several problems in the file.
        progress: Who hears of the stages.

    Raises:
        InputError: for a file, a solver or an option that cannot be used, or an option that none of
            the solvers has.
    """
    if not solvers:
        raise InputError("expected a solver for several backends, got none", hint="--solver qaoa")
    source = Path(path)
    entrants = _entrants(solvers, backends, dict(options or {}))
    for name, chosen in entrants:
        registry.load(name, chosen)
    encoding = _read(source, problem)
    runs = []
    for name, chosen in entrants:
        with progress.stage(f"{label_of(name, chosen)} on {source.name}") as found:
            runs.append(_run(encoding, name, chosen, seed=seed, time_limit_s=time_limit_s))
            found.append(runs[-1].status)
    with progress.stage("Comparison"):
        told = InstanceFile.model_validate(_described(source, problem, encoding))
        return compare_runs(encoding, runs, seed=seed, time_limit_s=time_limit_s, instance=told)


def _entrants(
    solvers: Sequence[str], backends: Sequence[str], options: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Every solver with the options that it has, on every backend where it runs circuits."""
    takers: dict[str, set[str]] = {
        name: set(registry.options_of(registry.find(name))) for name in dict.fromkeys(solvers)
    }
    for key in options:
        if not any(key in known for known in takers.values()):
            raise InputError(
                f"none of the solvers {', '.join(takers)} has an option {key!r}",
                hint="qtwin solvers NAME lists the options of one",
            )
    if backends and not any("backend" in known for known in takers.values()):
        raise InputError(
            f"none of the solvers {', '.join(takers)} runs on a backend", hint="leave --backend out"
        )
    return [
        (
            name,
            {k: v for k, v in options.items() if k in known}
            | ({"backend": backend} if backend else {}),
        )
        for name, known in takers.items()
        for backend in (dict.fromkeys(backends) if "backend" in known and backends else ("",))
    ]


def _run(
    encoding: BinaryModel,
    name: str,
    options: dict[str, Any],
    *,
    seed: int,
    time_limit_s: float | None,
) -> Run:
    """The answer; that of a solver that fails or refuses is none, and says why."""
    try:
        return solve(encoding, name, seed=seed, time_limit_s=time_limit_s, **options)
    except QtwinError as error:
        status: Any = "failed" if isinstance(error, SolverFailureError) else "refused"
        told = {status: error.message, "hint": error.hint}
        result = Result(
            solver=name, status=status, bits=None, energy=math.nan, seed=seed, info=told
        )
        return Run(
            model=encoding,
            info=registry.card(name),
            label=label_of(name, options),
            options=options,
            result=result,
        )


def _read(path: Path, problem: str) -> BinaryModel:
    encoding = read_instance(path, problem)
    if encoding.polynomial.n_variables > MOST_VARIABLES and not encoding.constraints:
        raise InputError(
            f"{path.name} has {encoding.polynomial.n_variables:,} variables, at most "
            f"{MOST_VARIABLES:,} can be solved",
            hint="split the instance, or fix some of its variables",
        )
    return encoding


def _described(path: Path, problem: str, encoding: BinaryModel) -> dict[str, Any]:
    return {
        "file": path.name,
        "problem": problem or None,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "n_variables": encoding.polynomial.n_variables,
        "n_decision": encoding.n_decision,
        "n_terms": encoding.polynomial.n_terms,
        "degree": encoding.polynomial.degree,
        "constraints": len(encoding.constraints) if encoding.constraints_known else None,
    }


def _baselines(
    name: str,
    options: Mapping[str, Any],
    instance: Instance,
    *,
    seed: int,
    time_limit_s: float | None,
    progress: Progress,
) -> list[tuple[str, Result]]:
    """What the null baselines find of the same question, each with its label; none beside a solver
    that is not quantum.
    """
    found = []
    for null in missing([(name, options)]):
        with progress.stage(null.label) as words:
            try:
                method = registry.load(null.name, null.options)
                result = ask(
                    method, instance, name=null.name, seed=seed, time_limit_s=time_limit_s
                ).result
            except QtwinError as error:
                told = {"refused": error.message}
                result = Result(
                    solver=null.name,
                    status="refused",
                    bits=None,
                    energy=math.nan,
                    seed=seed,
                    info=told,
                )
            words.append(result.status)
        found.append((null.label, result))
    return found


def _feasible(result: Result, encoding: BinaryModel) -> bool | None:
    """Whether the answer is allowed; None where the file does not say what is."""
    if result.bits is None:
        return False
    return (
        bool(encoding.is_feasible(result.bits[None, :])[0]) if encoding.constraints_known else None
    )


def _told(result: Result, encoding: BinaryModel) -> dict[str, Any]:
    bits = None if result.bits is None else result.bits.tolist()
    if encoding.recoded is None:  # options alone: slack bits keep the books of a constraint
        named = list(zip(encoding.variables, bits or (), strict=False))[: encoding.n_decision]
    else:
        named = list(zip(encoding.variables, bits or (), strict=False))
    parts = {i for z in encoding.whole_numbers for i in z.bits}
    options = None if bits is None or not parts else encoding.decode(np.array([bits]))[0]
    return {
        "whole_numbers": {}
        if options is None
        else {z.name: z.value(options) for z in encoding.whole_numbers},
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
