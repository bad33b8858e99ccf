"""`qtwin bench`: a sweep from its file to records, and from records to what may be said."""

from __future__ import annotations

import dataclasses
import math
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from qtwin import __version__
from qtwin.benchmark import analysis
from qtwin.benchmark.analysis import Cell
from qtwin.benchmark.checkpoint import write_json
from qtwin.benchmark.profile import order_changes
from qtwin.benchmark.records import Records
from qtwin.benchmark.scaling import Fit
from qtwin.benchmark.sweep import Progress as Standing
from qtwin.benchmark.sweep import run
from qtwin.benchmark.task import Entrant, Group, Task, expand
from qtwin.cli.show import console, note, stage, table
from qtwin.encoding import generate
from qtwin.errors import InputError, unknown_name
from qtwin.report.bench_pictures import growth_picture, profile_picture
from qtwin.report.number import seconds
from qtwin.report.sheet import Section, Sheet, Table, write_sheet
from qtwin.solver import registry
from qtwin.spec import BenchSpec, identity, read_bench_spec

SCHEMA = "qtwin.bench/1"


def tasks_of(spec: BenchSpec) -> list[Task]:
    """Every task of the sweep, its names and options checked before anything runs.

    Raises:
        InputError: for an unknown family, solver or option, or a label given twice.
    """
    groups = []
    for section in spec.family:
        known = generate.options_of(section.name)
        for name in section.options:
            if name not in known:
                raise unknown_name(f"option of family {section.name!r}:", name, known)
        groups.append(Group(family=section.name, sizes=section.sizes, instances=section.instances, options=section.options))
    entrants: list[Entrant] = []
    for s in spec.solver:
        registry.load(s.name, s.options)
        label = s.label or s.name
        if label in {e.label for e in entrants}:
            raise InputError(f"two solvers are called {label!r}", hint="give each a label of its own")
        entrants.append(
            Entrant(solver=s.name, label=label, options=s.options, time_limit_s=s.time_limit_s, runs=s.runs, largest=s.largest)
        )
    return list(expand(groups, entrants, seed=spec.seed))


def run_bench(path: Path, out: Path, *, store: str = "", scheduler: str = "", workers: int | None = None) -> dict[str, Any]:
    """Run what is left of a sweep and report all of it.

    Args:
        path: The sweep's TOML.
        out: Folder for records.sqlite, result.json, report.html and figures.
        store: Database URL instead of out/records.sqlite.
        scheduler: Address of a Dask scheduler.
        workers: Local processes instead of the file's.
    """
    started = time.perf_counter()
    spec = read_bench_spec(path)
    tasks = tasks_of(spec)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}", hint="choose another folder with --out") from None
    records = Records(store or out / "records.sqlite")
    note(spec.title, style="bold")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        shown = bar.add_task("tasks", total=len(tasks))

        def tell(standing: Standing) -> None:
            t = standing.record["task"]
            bar.update(shown, completed=standing.done, description=f"{t['family']} {t['n']}, {t['label']}")

        ran = run(tasks, records, workers=spec.workers if workers is None else workers, scheduler=scheduler, tell=tell)
        bar.update(shown, completed=len(tasks))
    wanted = {t.task_id for t in tasks}
    rows = [r for r in records if r["task_id"] in wanted]
    result = summarise(spec, rows) | {
        "schema": SCHEMA,
        "spec": spec.model_dump(mode="json"),
        "spec_hash": identity(spec, __version__),
        "versions": {"qtwin": __version__, "python": platform.python_version()},
        "machine": {"cpu_count": os.cpu_count(), "platform": platform.platform()},
        "seed": spec.seed,
        "tasks": len(tasks),
        "ran_now": ran,
        "wall_s": time.perf_counter() - started,
    }
    with stage("Report"):
        page = _page(spec, rows, result, out)
    write_json(out / "result.json", result)
    _print(result)
    note(str(result["verdict"]), style="bold green")
    note(f"{page}  ({time.perf_counter() - started:.0f} s)")
    return result


def summarise(spec: BenchSpec, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Cells, fits, crossovers and the verdict, JSON values only."""
    best = analysis.best_known(rows)
    found = analysis.cells(rows, best)
    kinds = {c.label: c.kind for c in found}
    fits = analysis.growth(rows, best, seed=spec.seed)
    crossings = analysis.crossings(rows, best, kinds, seed=spec.seed)
    return {
        "cells": [_plain(dataclasses.asdict(c)) for c in found],
        "growth": [
            {"family": family, "solver": label} | (_told(*value) if isinstance(value, tuple) else {"refused": value})
            for (family, label), value in fits.items()
        ],
        "crossovers": [
            {"family": f, "quantum": q, "classical": c, "words": x.words, "size": x.size, "interval": x.interval}
            for f, q, c, x in crossings
        ],
        "proven_instances": sum(b.proven for b in best.values()),
        "instances": len({r["instance_id"] for r in rows}),
        "verdict": _verdict(found),
    }


def _told(fit: Fit, words: str) -> dict[str, Any]:
    plain = {k: v for k, v in dataclasses.asdict(fit).items() if k != "draws"}
    return plain | {"choice": words}


def _verdict(cells: Sequence[Cell]) -> str:
    """One sentence: at the largest size of each family, who is quickest, and how the best quantum solver compares."""
    quantum = [c for c in cells if c.kind == "quantum"]
    wins: list[tuple[str, int]] = []
    open_: list[tuple[str, int]] = []
    total = 0
    for family in sorted({c.family for c in cells}):
        mine = [c for c in cells if c.family == family]
        for n in sorted({c.n for c in mine}):
            at = [c for c in mine if c.n == n and c.kind != "null"]
            q = min((c.tts_s for c in at if c.kind == "quantum"), default=math.nan)
            c = min((c.tts_s for c in at if c.kind == "classical"), default=math.nan)
            if math.isnan(q) or math.isnan(c):
                continue
            total += 1
            (wins if c <= q else open_).append((family, n))
    if not quantum or not total:
        quickest = min(cells, key=lambda c: c.tts_s)
        return f"Classical solvers only: {quickest.label} was the quickest, {seconds(quickest.tts_s)} at {quickest.n} variables."
    if not open_:
        return f"Classical wins at all {total} sizes where both took part; no simulated quantum solver reached an answer sooner."
    where = ", ".join(f"{family} at {n}" for family, n in open_[:4])
    return f"Classical wins at {len(wins)} of {total} sizes; a simulated quantum solver was quicker on {where}."


def _page(spec: BenchSpec, rows: Sequence[dict[str, Any]], result: dict[str, Any], out: Path) -> Path:
    best = analysis.best_known(rows)
    found = analysis.cells(rows, best)
    fits = analysis.growth(rows, best, seed=spec.seed)
    pictures = [
        growth_picture(
            family,
            [c for c in found if c.family == family],
            {label: value[0] for (f, label), value in fits.items() if f == family and isinstance(value, tuple)},
        )
        for family in sorted({c.family for c in found})
    ]
    times = _times(rows, best)
    changed = order_changes(times, 10.0)
    warning = f"Without {' or '.join(changed)} the others would stand in another order." if changed else ""
    return write_sheet(
        Sheet(
            kind="sweep",
            title=spec.title,
            verdict=str(result["verdict"]),
            points=[
                spec.question,
                spec.decision_rule,
                *(f"{x['quantum']} against {x['classical']} on {x['family']}: {x['words']}." for x in result["crossovers"]),
            ],
            cards=[
                ("Instances", str(result["instances"]), f"{result['proven_instances']} with a proven optimum"),
                (
                    "Runs",
                    f"{len(rows):,}",
                    f"{sum(c.failed for c in found)} failed, {sum(c.out_of_time for c in found)} out of time",
                ),
            ],
            sections=[
                Section(anchor="growth", title="How time grows", pictures=pictures, tables=[_growth_table(result)]),
                Section(
                    anchor="profile", title="Who is quick how often", pictures=[profile_picture(times, warning)] if times else []
                ),
                Section(anchor="cells", title="Every cell", tables=[_cell_table(found)]),
            ],
            warnings=[
                "Quantum solvers ran on simulators: their time is that of the simulation and says nothing about a device.",
                "Success is the best energy known, which is the optimum only where it is proven.",
            ],
            facts={
                "Sweep": str(result["spec_hash"]),
                "Seed": str(spec.seed),
                "Machine": f"{result['machine']['cpu_count']} cores, {result['machine']['platform']}",
                "Versions": f"qtwin {__version__}, Python {platform.python_version()}",
            },
        ),
        out,
    )


def _times(rows: Sequence[dict[str, Any]], best: dict[str, analysis.Best]) -> dict[str, list[float]]:
    """Solver to its time on every instance; infinite where it did not take part or never succeeded."""
    labels, instances = sorted({r["task"]["label"] for r in rows}), sorted({r["instance_id"] for r in rows})
    by: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for r in rows:
        by.setdefault((r["task"]["label"], r["instance_id"]), []).append(r)
    return {label: [analysis.tts_of(by[label, i], best) if (label, i) in by else math.inf for i in instances] for label in labels}


def _growth_table(result: dict[str, Any]) -> Table:
    rows = []
    for g in result["growth"]:
        if "refused" in g:
            rows.append((g["family"], g["solver"], "none", g["refused"], ""))
            continue
        low, high = g["base_interval"]
        name = "factor a variable" if g["form"] == "exponential" else "exponent"
        rows.append((g["family"], g["solver"], g["form"], f"{name} {g['base']:.3g} ({low:.3g} to {high:.3g})", g["choice"]))
    return Table(title="Growth", header=("Family", "Solver", "Law", "Growth, 95 % interval", "Choice"), rows=rows)


def _cell_table(cells: Sequence[Cell]) -> Table:
    return Table(
        title="Success and time",
        header=("Family", "n", "Solver", "Instances", "Success", "95 % interval", "Run", "TTS 99 %", "Gap", "Proven"),
        rows=[
            (
                c.family,
                str(c.n),
                c.label,
                str(c.instances),
                f"{c.successes} / {c.runs}",
                f"{100 * c.interval.low:.0f} to {100 * c.interval.high:.0f} %",
                seconds(c.run_s) if math.isfinite(c.run_s) else "-",
                seconds(c.tts_s) if math.isfinite(c.tts_s) else "never",
                f"{100 * c.gap:.2g} %" if math.isfinite(c.gap) else "-",
                str(c.proven),
            )
            for c in cells
        ],
        numeric=frozenset({1, 3, 4, 6, 7, 8, 9}),
    )


def _print(result: dict[str, Any]) -> None:
    def shown(g: dict[str, Any]) -> tuple[str, str, str]:
        if "refused" in g:
            return g["family"], g["solver"], g["refused"]
        low, high = g["base_interval"]
        return g["family"], g["solver"], f"{g['form']}: {g['base']:.3g} ({low:.3g} to {high:.3g})"

    table("Growth of the 99 % time to solution", ("family", "solver", "law"), [shown(g) for g in result["growth"]])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
