"""An instance that is solved on the terminal: options as they are typed, one answer, and answers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtwin.cli.show import note, table
from qtwin.errors import InputError
from qtwin.report.number import number, percent, seconds, whole
from qtwin.solver.judge import ALARMS
from qtwin.studies.model.result import Ends, ModelComparison, ModelRow, SampleRate, Solution

_SHOWN = 20
_ALLOWED = {True: "yes", False: "no", None: "unknown: the file holds an energy and does not say what is allowed"}


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
        lines.append(("whole numbers", _first([f"{name} = {value}" for name, value in told.whole_numbers.items()])))
    lines += _met(told.success_probability, told.shots_to_solution, "best in a shot")
    if told.qpu is not None:
        lines.append(("idealised QPU time", f"none: {told.qpu.unknown}" if told.qpu.run_s is None else seconds(told.qpu.run_s)))
    for null in told.nulls:
        lines += _met(null.success_probability, null.shots_to_solution, null.label) or [(null.label, null.refused or null.status)]
    table(f"{row.name}: {row.status}", ("", ""), lines)
    if row.info.get("reason"):
        note(str(row.info["reason"]))
    if told.printed:
        note(f"{row.name} printed: {told.printed[:200]}")
    _offences(row.name, row.offences)


def show_comparison(told: ModelComparison) -> None:
    """Print the table of solvers, what was found untrue, and the verdict."""
    header = ("solver", "status", "energy", "above the best", "bound", "allowed", "P(best) per shot, 95 %", "shots for 99 %")
    table("Solvers", (*header, "idealised QPU time", "time"), [_row(r) for r in told.solvers])
    for row in told.solvers:
        if row.status in ("failed", "refused"):
            note(f"{row.label} {row.status}: {row.info.get(row.status, '')}", style="yellow")
        _offences(row.label, row.offences)
    note(told.verdict, style="bold green")


def _row(row: ModelRow) -> tuple[str, ...]:
    p, needed = row.success_probability, row.shots_to_solution
    qpu = "" if row.qpu is None else f"none: {row.qpu.unknown}" if row.qpu.run_s is None else seconds(row.qpu.run_s)
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
    return rate.no_interval if rate.low is None or rate.high is None else f"{percent(rate.low)} to {percent(rate.high)}"


def _met(rate: SampleRate | None, needed: Ends | None, name: str) -> list[tuple[str, str]]:
    """The line of a success rate; none without samples."""
    if rate is None or needed is None:
        return []
    after = "never" if needed.value is None else f"{whole(needed.value)} for 99 %"
    return [(name, f"{percent(rate.value)} ({_ends(rate)}), {after}")]


def _offences(name: str, offences: dict[str, str]) -> None:
    for kind, words in offences.items():
        false = kind in ALARMS
        note(f"{'ALARM' if false else 'not so'}: {name} {words}", style="bold red" if false else "yellow")


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
