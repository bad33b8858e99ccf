"""`qtwin map`: results in, one page with the map, its evidence and its exports out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.advantage.document import document
from qtwin.benchmark.advantage.grid import Cell, cells
from qtwin.benchmark.advantage.molecules import published
from qtwin.benchmark.checkpoint import write_atomically, write_json
from qtwin.benchmark.export.bibtex import bibtex
from qtwin.benchmark.surroundings import machine, versions
from qtwin.cli.map_read import read_all
from qtwin.cli.map_steps import run_steps
from qtwin.cli.show import note, stage, table
from qtwin.report.map_page import sheet_of
from qtwin.report.map_picture import WORDS, map_picture
from qtwin.report.origin import command_line
from qtwin.report.sheet import write_sheet
from qtwin.studies.result import make_folder
from qtwin.studies.result import plain as finite


def run_map(paths: Sequence[Path], out: Path, *, data: Path | None = None) -> dict[str, Any]:
    """Read results and write map.json, report.html, figures/map.svg, references.bib and environment.json into `out`.

    Args:
        paths: Result files or folders, or the file of a map (TOML) whose steps are run first.
        out: Where the map goes.
        data: Folder of the measured tables that a step names.

    Raises:
        InputError: for results that cannot be read, or an unusable folder.
    """
    named, spec = list(paths), None
    for place, path in enumerate(paths):
        if path.suffix == ".toml":
            spec, folders = run_steps(path, out, data=data)
            named[place : place + 1] = folders
    with stage("Results") as found:
        read = read_all(named)
        found.append(f"{len(read)} results, {sum(len(places) for _, _, places in read)} places")
    every = [place for _, _, places in read for place in places]
    if any(place.axes == "molecule" for place in every):
        every += published()
    made = cells(every)
    make_folder(out)
    written = document(made) | {
        "title": "The map" if spec is None else spec.title,
        "question": "" if spec is None else spec.question,
        "decision_rule": "" if spec is None else spec.decision_rule,
        "sources": [
            {"file": os.path.relpath(file, out), "schema": r["schema"], "title": _title(r, file), "command": r.get("command", "")}
            for file, r, _ in read
        ],
        "machine": machine(),
        "versions": versions(),
        "command": command_line() or "qtwin map " + " ".join(str(p) for p in paths) + f" --out {out}",
    }
    write_json(out / "map.json", finite(written))
    references = bibtex(sorted({c for _, r, _ in read for c in _citations(r)}))
    write_atomically(out / "references.bib", lambda p: _text(p, references))
    write_json(out / "environment.json", {"machine": machine(), "versions": versions()})
    with stage("Page"):
        page = write_sheet(sheet_of(made, written, map_picture(made), out), out)
    _print(made)
    note(str(written["verdict"]), style="bold green")
    note(str(page))
    return dict(finite(written))


def _title(result: dict[str, Any], file: Path) -> str:
    return str((result.get("spec") or {}).get("title") or result.get("title") or file.parent.name)


def _citations(result: dict[str, Any]) -> list[str]:
    """Of every method of a result, wherever its schema keeps them."""
    solvers = result.get("solvers") or result.get("methods") or []
    rows = list(solvers.values()) if isinstance(solvers, dict) else solvers
    return [str(r["citation"]) for r in rows if r.get("citation")]


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _print(made: Sequence[Cell]) -> None:
    table(
        "The map",
        ("cell", "verdict", "places"),
        [(c.title, WORDS[c.verdict.kind], ", ".join(f"{p.name} ({p.size})" for p, _ in c.places)) for c in made],
    )
