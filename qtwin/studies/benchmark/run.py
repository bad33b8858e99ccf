"""A sweep from its file to records, and from records to what may be said."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qtwin.benchmark import analysis
from qtwin.benchmark import export as qoblib
from qtwin.benchmark.checkpoint import write_atomically
from qtwin.benchmark.environment import machine, versions
from qtwin.benchmark.export import bibtex
from qtwin.benchmark.records import Records
from qtwin.benchmark.sweep import Progress as Standing
from qtwin.benchmark.sweep import run
from qtwin.errors import InputError
from qtwin.progress import SILENT, Progress
from qtwin.report.number import seconds
from qtwin.report.origin import command_line
from qtwin.spec import BenchSpec, identity, read_bench_spec
from qtwin.studies.benchmark.page import page_of
from qtwin.studies.benchmark.result import SCHEMA, BenchmarkResult
from qtwin.studies.benchmark.summary import summarise
from qtwin.studies.benchmark.tasks import tasks_of
from qtwin.studies.compiling import compiled, jobs_of
from qtwin.version import __version__


def run_sweep(
    spec: str | Path | BenchSpec,
    out: str | Path | None = None,
    *,
    store: str = "",
    scheduler: str = "",
    workers: int | None = None,
    progress: Progress = SILENT,
) -> BenchmarkResult:
    r"""Run what is left of a sweep and report all of it.

    A task's record is on disk before the sweep goes on; the same call goes on after an
    interruption.

    Args:
        spec: The sweep's file (TOML), or what `qtwin.spec.read_bench_spec` read. Paths in the
            former are relative to it.
        out: Folder for records.sqlite, result.json, report.html and figures; by default out/<name
            of the file>.
        store: Database URL instead of out/records.sqlite.
        scheduler: Address of a Dask scheduler.
        workers: Local processes instead of the file's; 0 runs everything in this process.
        progress: Who hears how far it has come.

    Raises:
        InputError: for a sweep that cannot be run, or a folder or store that cannot be used.

    Example:
        >>> import pathlib, tempfile
        >>> import qtwin as qt
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> family, solver = '{name = "dense", sizes = [6]}', '{name = "enumeration"}'
        >>> spec = f'title = "Six variables"\nseed = 1\nfamily = [{family}]\nsolver = [{solver}]\n'
        >>> _ = (folder / "sweep.toml").write_text(spec)
        >>> result = qt.run_sweep(folder / "sweep.toml", folder / "out", workers=0)
        >>> result.tasks, result.ran_now, (folder / "out" / "report.html").exists()
        (1, 1, True)
        >>> qt.run_sweep(folder / "sweep.toml", folder / "out", workers=0).ran_now
        0
    """
    started = time.perf_counter()
    path = None if isinstance(spec, BenchSpec) else Path(spec)
    read = spec if isinstance(spec, BenchSpec) else read_bench_spec(Path(spec))
    folder = Path(out) if out is not None else Path("out") / (path.stem if path else "sweep")
    tasks = tasks_of(read, base=path.parent if path else Path())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot write to {folder}: {error.strerror}", hint="choose another folder with --out"
        ) from None
    records = Records(store or folder / "records.sqlite")
    wanted = {t.task_id for t in tasks}
    progress.note(read.title, style="bold")
    needed = jobs_of((t.solver for t in tasks), twins=any(f.name == "twin" for f in read.family))
    compiling_s = 0.0 if scheduler else compiled(needed, progress=progress)
    with progress.stage("Tasks") as words:
        left = len(wanted - records.task_ids())
        progress.step(f"{len(wanted) - left} of {len(wanted)} tasks, kept from before")
        processes = read.workers if workers is None else workers
        tell = _teller(progress, left)
        ran = run(
            tasks,
            records,
            workers=processes,
            scheduler=scheduler,
            memory_gib=read.memory_gib,
            tell=tell,
        )
        words.append(f"{ran} run, {len(wanted) - ran} kept from before")
    rows = analysis.believed([r for r in records if r["task_id"] in wanted])
    result = BenchmarkResult.model_validate(
        summarise(read, rows)
        | {
            "schema": SCHEMA,
            "spec": read.model_dump(mode="json"),
            "spec_hash": identity(read, __version__),
            "versions": versions(),
            "machine": machine(),
            "command": command_line() or f"qtwin bench {path or 'sweep.toml'} --out {folder}",
            "seed": read.seed,
            "tasks": len(tasks),
            "ran_now": ran,
            "compiling_s": compiling_s + sum(r.get("compiling_s") or 0.0 for r in rows),
            "wall_s": time.perf_counter() - started,
        }
    )
    with progress.stage("Report") as words:
        page = page_of(result, rows, folder)
        result.write(folder / "result.json")
        _exports(result, rows, folder)
        words.append(f"{page}, {time.perf_counter() - started:.0f} s in all")
    return result


def _teller(progress: Progress, left: int) -> Callable[[Standing], None]:
    """Says after each record how far the sweep has come and, from the pace so far, how long it may
    still take.
    """
    began, here = time.perf_counter(), 0

    def tell(standing: Standing) -> None:
        nonlocal here
        here += 1
        t = standing.record["task"]
        remaining_s = (time.perf_counter() - began) / here * (left - here)
        progress.step(
            f"{standing.done} of {standing.total} tasks, about {seconds(remaining_s)} left"
            f" ({t.get('group') or t['family']} {t['n']}, {t['label']})"
        )

    return tell


def _exports(result: BenchmarkResult, rows: list[dict[str, Any]], folder: Path) -> None:
    """The table of QOBLIB and the references."""
    table = qoblib.table(rows, analysis.best_known(rows), date=datetime.now(UTC).date().isoformat())
    cited = bibtex(sorted({v.citation for v in result.solvers.values() if v.citation}))
    for name, text in (("qoblib.csv", table), ("references.bib", cited)):
        write_atomically(folder / name, lambda p, text=text: _text(p, text))  # type: ignore[misc]


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
