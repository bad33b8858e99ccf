"""Results in, one map with its evidence and its exports out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.advantage import molecules, regimens
from qtwin.benchmark.advantage.point import BenchmarkPoint
from qtwin.benchmark.advantage.verdict import cells, document
from qtwin.benchmark.checkpoint import write_atomically, write_json
from qtwin.benchmark.environment import machine, versions
from qtwin.benchmark.export import bibtex
from qtwin.errors import InputError
from qtwin.progress import SILENT, Progress
from qtwin.report.map_page import sheet_of
from qtwin.report.map_picture import map_picture
from qtwin.report.origin import command_line
from qtwin.report.sheet import write_sheet
from qtwin.studies.map.result import MapResult
from qtwin.studies.map.steps import run_steps
from qtwin.studies.result import plain


def run_map(
    results: str | Path | Sequence[str | Path],
    out: str | Path = "out/map",
    *,
    data: str | Path | None = None,
    progress: Progress = SILENT,
) -> MapResult:
    r"""Read results and write map.json, report.html, figures/map.svg, references.bib and
    environment.json into `out`.

    Args:
        results: Result files or folders, or the file of a map (TOML) whose steps are run first.
        out: Where the map goes.
        data: Folder of the measured tables that a step names.
        progress: Who hears of the stages.

    Raises:
        InputError: for results that cannot be read, or an unusable folder.

    Example:
        >>> import pathlib, tempfile
        >>> import qtwin as qt
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> family, solver = '{name = "dense", sizes = [6]}', '{name = "enumeration"}'
        >>> spec = f'title = "Six variables"\nseed = 1\nfamily = [{family}]\nsolver = [{solver}]\n'
        >>> _ = (folder / "sweep.toml").write_text(spec)
        >>> result = qt.run_sweep(folder / "sweep.toml", folder / "out", workers=0)
        >>> drawn = qt.run_map(folder / "out", folder / "map")
        >>> [cell.verdict.kind for cell in drawn.cells]
        ['classical proven']
    """
    paths = [Path(results)] if isinstance(results, str | Path) else [Path(p) for p in results]
    folder = Path(out)
    named, spec = list(paths), None
    for place, path in enumerate(paths):
        if path.suffix == ".toml":
            tables = None if data is None else Path(data)
            spec, folders = run_steps(path, folder, data=tables, progress=progress)
            named[place : place + 1] = folders
    with progress.stage("Results") as found:
        read = read_all(named, progress=progress)
        found.append(f"{len(read)} results, {sum(len(places) for _, _, places in read)} places")
    every = [place for _, _, places in read for place in places]
    if any(place.axes == "molecule" for place in every):
        every += molecules.published()
    made = cells(every)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make {folder}: {error.strerror}", hint="choose another folder with --out"
        ) from None
    result = MapResult.model_validate(
        plain(
            document(made)
            | {
                "title": "The map" if spec is None else spec.title,
                "question": "" if spec is None else spec.question,
                "decision_rule": "" if spec is None else spec.decision_rule,
                "sources": [
                    {
                        "file": os.path.relpath(file, folder),
                        "schema": r["schema"],
                        "title": _title(r, file),
                        "command": r.get("command", ""),
                    }
                    for file, r, _ in read
                ],
                "machine": machine(),
                "versions": versions(),
                "command": command_line()
                or "qtwin map " + " ".join(str(p) for p in paths) + f" --out {folder}",
            }
        )
    )
    result.write(folder / "map.json")
    references = bibtex(sorted({c for _, r, _ in read for c in _citations(r)}))
    write_atomically(folder / "references.bib", lambda p: _text(p, references))
    write_json(folder / "environment.json", {"machine": machine(), "versions": versions()})
    with progress.stage("Page") as words:
        words.append(
            str(write_sheet(sheet_of(made, result.to_json(), map_picture(made), folder), folder))
        )
    return result


READERS: dict[str, Callable[[Mapping[str, Any], str], list[BenchmarkPoint]]] = {
    "qtwin.bench/1": regimens.from_bench,
    "qtwin.result/1": regimens.from_experiment,
    "qtwin.screen/1": regimens.from_screen,
    "qtwin.molecule/1": molecules.from_molecule,
    "qtwin.contact/1": molecules.from_contact,
}


def read_all(
    paths: Sequence[Path], *, progress: Progress = SILENT
) -> list[tuple[Path, dict[str, Any], list[BenchmarkPoint]]]:
    """(file, result, places) of every result; a folder is searched for ``result.json``, and what
    the map cannot use is told.

    Raises:
        InputError: for a path that is not there, a file that is no result of a known schema, or
            nothing to draw at all.
    """
    found: list[tuple[Path, dict[str, Any], list[BenchmarkPoint]]] = []
    for path in paths:
        if path.is_dir():
            files = sorted(path.rglob("result.json"))
            if not files:
                raise InputError(
                    f"no result.json in {path}",
                    hint="name a folder that a run, a sweep or a molecule wrote",
                )
        elif path.exists():
            files = [path]
        else:
            raise InputError(f"no result at {path}", hint="name a result.json or its folder")
        for file in files:
            result = _load(file)
            reader = READERS.get(str(result.get("schema")))
            if reader is None:
                if not path.is_dir():
                    raise InputError(
                        f"{file} has schema {result.get('schema')!r}, one of "
                        f"{', '.join(sorted(READERS))} was wanted",
                        hint="name results of qtwin run, bench, screen combinations or molecule",
                    )
                progress.note(
                    f"{file}: schema {result.get('schema')!r} is not for the map, left out",
                    style="yellow",
                )
                continue
            found.append((file, result, _places(reader, result, file)))
    if not any(places for _, _, places in found):
        raise InputError(
            "no result holds anything for the map",
            hint="run a sweep first: qtwin bench experiments/map_smoke.toml",
        )
    return found


def _places(
    reader: Callable[[Mapping[str, Any], str], list[BenchmarkPoint]],
    result: dict[str, Any],
    file: Path,
) -> list[BenchmarkPoint]:
    try:
        return reader(result, str(file))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"{file} lacks what the map reads: {type(error).__name__} {error}",
            hint="run it again with this version of qtwin",
        ) from None


def _load(file: Path) -> dict[str, Any]:
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"cannot read {file}: {error}", hint="name a result.json that qtwin wrote"
        ) from None
    if not isinstance(result, dict):
        raise InputError(f"{file} holds no result", hint="name a result.json that qtwin wrote")
    return result


def _title(result: dict[str, Any], file: Path) -> str:
    return str((result.get("spec") or {}).get("title") or result.get("title") or file.parent.name)


def _citations(result: dict[str, Any]) -> list[str]:
    """Of every method of a result, wherever its schema keeps them."""
    solvers = result.get("solvers") or result.get("methods") or []
    rows = list(solvers.values()) if isinstance(solvers, dict) else solvers
    return [str(r["citation"]) for r in rows if r.get("citation")]


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
