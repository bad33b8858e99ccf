"""An instance that is solved on the terminal: options as they are typed, one answer, and answers
side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.cli.show import note, stage, table
from qtwin.encoding.generate import make
from qtwin.encoding.instance import FORMATS, format_of, write_instance
from qtwin.errors import InputError, unknown_name
from qtwin.patient.record import write_down
from qtwin.report.number import number, percent, seconds, whole
from qtwin.solver.judge import ALARMS
from qtwin.studies.model.result import Ends, ModelComparison, ModelRow, SampleRate, Solution
from qtwin.studies.regimen.prepare import Prepared
from qtwin.studies.regimen.result import Comparison, SolverRow
from qtwin.studies.regimen.run import model_of, problem_of, twin_of
from qtwin.studies.stages import Stages

_SHOWN = 20
_ALLOWED = {
    True: "yes",
    False: "no",
    None: "unknown: the file holds an energy and does not say what is allowed",
}


def show_solution(told: Solution) -> None:
    """Print one solver's answer, the null baselines under it, and what was found untrue."""
    row = told.solvers[0]
    lines = [
        ("energy", "none found" if told.energy is None else number(told.energy, 8)),
        ("allowed", _ALLOWED[told.feasible]),
        ("bound", "none" if row.bound is None else number(row.bound, 8)),
        ("proven", "yes" if row.proven else "no"),
        ("time", seconds(sum(row.wall_s.values()))),
        ("chosen", _first(told.chosen) or "nothing"),
    ]
    if told.whole_numbers:
        lines.append(
            (
                "whole numbers",
                _first([f"{name} = {value}" for name, value in told.whole_numbers.items()]),
            )
        )
    lines += _met(told.success_probability, told.shots_to_solution, "best in a shot")
    if told.qpu is not None:
        lines.append(
            (
                "idealised QPU time",
                f"none: {told.qpu.unknown}" if told.qpu.run_s is None else seconds(told.qpu.run_s),
            )
        )
    for null in told.nulls:
        lines += _met(null.success_probability, null.shots_to_solution, null.label) or [
            (null.label, null.refused or null.status)
        ]
    table(f"{row.name}: {row.status}", ("", ""), lines)
    if row.info.get("reason"):
        note(str(row.info["reason"]))
    if told.printed:
        note(f"{row.name} printed: {told.printed[:200]}")
    _offences(row.name, row.offences)


def show_comparison(told: ModelComparison) -> None:
    """Print the table of solvers, what was found untrue, and the verdict."""
    header = (
        "solver",
        "status",
        "energy",
        "above the best",
        "bound",
        "allowed",
        "P(best) per shot, 95 %",
        "shots for 99 %",
    )
    table("Solvers", (*header, "idealised QPU time", "time"), [_row(r) for r in told.solvers])
    for row in told.solvers:
        if row.status in ("failed", "refused"):
            note(f"{row.label} {row.status}: {row.info.get(row.status, '')}", style="yellow")
        _offences(row.label, row.offences)
    note(told.verdict, style="bold green")


def _row(row: ModelRow) -> tuple[str, ...]:
    p, needed = row.success_probability, row.shots_to_solution
    qpu = (
        ""
        if row.qpu is None
        else f"none: {row.qpu.unknown}"
        if row.qpu.run_s is None
        else seconds(row.qpu.run_s)
    )
    return (
        row.label,
        row.status + (", proven" if row.proven else ""),
        "-" if row.energy is None else number(row.energy, 8),
        "-" if row.gap is None else number(row.gap, 3),
        "-" if row.bound is None else number(row.bound, 8),
        {True: "yes", False: "no", None: "unknown"}[row.feasible],
        "" if p is None else f"{percent(p.value)} ({_ends(p)})",
        "" if needed is None else "never" if needed.value is None else whole(needed.value),
        qpu,
        seconds(row.seconds),
    )


def _ends(rate: SampleRate) -> str:
    return (
        rate.no_interval
        if rate.low is None or rate.high is None
        else f"{percent(rate.low)} to {percent(rate.high)}"
    )


def _met(rate: SampleRate | None, needed: Ends | None, name: str) -> list[tuple[str, str]]:
    """The line of a success rate; none without samples."""
    if rate is None or needed is None:
        return []
    after = "never" if needed.value is None else f"{whole(needed.value)} for 99 %"
    return [(name, f"{percent(rate.value)} ({_ends(rate)}), {after}")]


def _offences(name: str, offences: dict[str, str]) -> None:
    for kind, words in offences.items():
        false = kind in ALARMS
        note(
            f"{'ALARM' if false else 'not so'}: {name} {words}",
            style="bold red" if false else "yellow",
        )


def _first(words: Sequence[str]) -> str:
    return ", ".join(words[:_SHOWN]) + (" ..." if len(words) > _SHOWN else "")


def parsed_options(whose: str, pairs: Sequence[str]) -> dict[str, Any]:
    """``key=value`` as values: numbers, true, false, or text.

    Raises:
        InputError: for anything else.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise InputError(
                f"expected key=value as an option of {whose}, got {pair!r}",
                hint="--option shots=1000",
            )
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


# A comparison on the terminal: who of the solvers found what, then what the twin recommends.


def show(result: Comparison, folder: Path) -> None:
    """Print the solvers' table, the recommendation with its points, and where the page is."""
    header = (
        "solver",
        "status",
        "utility on the twin, QALY",
        "regret, QALY",
        "P(best) per shot, 95 %",
        "QPU time to solution",
        "time, s",
    )
    table("Solver comparison", header, [_comparison_row(r) for r in result.solvers])
    note(result.verdict, style="bold green")
    for line in result.verdict_points:
        note(line)
    note(result.solver_verdict, style="dim")
    note(f"{folder / 'report.html'}  Research software: not a medical device, not for prescribing.")


def _comparison_row(row: SolverRow) -> tuple[str, ...]:
    p, regret = row.success_probability, row.regret_twin
    return (
        row.label,
        row.status + (f", proven on the {row.scope}" if row.proven else ""),
        "-" if row.objective_twin is None else f"{row.objective_twin:.4f}",
        ("-" if row.regimen is None else "infeasible") if regret is None else f"{regret:.4f}",
        ""
        if p is None
        else percent(p.value)
        + (
            f" ({percent(p.low)} to {percent(p.high)})"
            if p.low is not None and p.high is not None
            else ""
        ),
        _qpu(row),
        f"{row.total_wall_s:.2f}",
    )


def _qpu(row: SolverRow) -> str:
    """Idealised seconds of a quantum processor until a shot is the best with 99 %."""
    ends = None if row.qpu is None else row.qpu.to_solution_s
    return "" if ends is None or ends.value is None else seconds(ends.value)


# `qtwin generate`: an instance of a family, as a file.


def generate_file(
    family: str, n: int, path: Path, *, seed: int, options: Sequence[str]
) -> dict[str, Any]:
    """Make an instance, write it, and say what is known of it.

    Raises:
        InputError: for an unknown family, option or suffix, or a size that the family does not
            have.
    """
    format_of(path)
    made = make(family, n, seed=seed, **parsed_options(f"family {family!r}", options))
    write_instance(made.encoding, path)
    told: dict[str, Any] = {
        "file": str(path),
        "family": family,
        "seed": seed,
        "options": dict(made.options),
        "n_variables": made.encoding.polynomial.n_variables,
        "n_terms": made.encoding.polynomial.n_terms,
        "degree": made.encoding.polynomial.degree,
        "optimum": made.optimum,
        "optimal_bits": None if made.optimal_bits is None else made.optimal_bits.tolist(),
        "hardness": made.hardness,
    }
    shown = [
        (k.replace("_", " "), number(v, 8) if isinstance(v, float) else str(v))
        for k, v in told.items()
        if k != "optimal_bits"
    ]
    table("Instance", ("", ""), shown)
    return told


# `qtwin problem`: what the solvers of a spec see, as a file for others.

_CIRCUIT = ".qasm"


def check_output(path: Path) -> None:
    """Refuse a suffix that nothing writes, before anything is computed (InputError)."""
    if path.suffix.lower() not in {*FORMATS, _CIRCUIT}:
        raise unknown_name(
            "suffix of an instance file", path.suffix or path.name, {**FORMATS, _CIRCUIT: ""}
        )


def export_problem(prepared: Prepared, path: Path, *, layers: int) -> dict[str, Any]:
    """Write the encoding of a checked spec, or the QAOA circuit on it.

    Names of drugs go into the file; nothing else of the record does: no identifier, date or
    measurement.

    Args:
        prepared: The spec and its record.
        path: Ends in .json, .qubo, .lp, .qs or .qasm.
        layers: Depth of the circuit for .qasm, at the angles of a linear ramp.

    Raises:
        InputError: for what the format cannot hold.
    """
    spec, patient = prepared.spec, prepared.patient
    with stage("Twin") as found:
        twin = twin_of(prepared)
        found.append(f"{twin.n_members:,} members")
    write_down("export problem", patient, detail=f"{path.suffix} file, seed {spec.seed}")
    with stage("Encoding") as found:
        encoding = model_of(problem_of(prepared, twin), spec, Stages())
        found.append(f"{encoding.n_variables} bits")
    text = (
        encoding.to_openqasm3(layers)
        if path.suffix.lower() == _CIRCUIT
        else format_of(path).write(encoding)
    )

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8")

    write_atomically(path, write)
    warning = "" if encoding.fit is None else encoding.fit.warning
    low, high = encoding.polynomial.coefficient_range
    told = {
        "file": str(path),
        "n_variables": encoding.polynomial.n_variables,
        "n_decision": encoding.n_decision,
        "n_terms": encoding.polynomial.n_terms,
        "degree": encoding.polynomial.degree,
        "coefficient_min": low,
        "coefficient_max": high,
        "surrogate": spec.encoding.surrogate,
        "constraints": len(encoding.constraints),
        "penalty_weight_max": max((p.weight for p in encoding.penalties), default=0.0),
        "warnings": [warning] if warning else [],
    }
    rows = [
        (k.replace("_", " "), number(v) if isinstance(v, float) else str(v))
        for k, v in told.items()
        if k != "warnings"
    ]
    table("What the solvers see", ("", ""), rows)
    if warning:
        note(f"warning: {warning}", style="yellow")
    return told
