"""The steps of a map that is written down as one file: what has to run before it can be drawn, each
kept once it is finished.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.errors import InputError
from qtwin.progress import SILENT, Progress
from qtwin.report.origin import made_by
from qtwin.spec import MapSpec, StepSection, read_bench_spec, read_map_spec
from qtwin.version import __version__

_STAMP = ".step"


def run_steps(
    path: Path, out: Path, *, data: Path | None, progress: Progress = SILENT
) -> tuple[MapSpec, list[Path]]:
    """Run what is not finished; the spec and the folders that hold results.

    A step whose file, options and version are those of its last run is not run again. Steps on
    measured tables are left out, and that is said, where no folder of data is given.

    Raises:
        InputError: for a step whose file is missing, or no step that could be run.
    """
    spec = read_map_spec(path)
    folders: list[Path] = []
    for step in spec.step:
        folder = out / "steps" / step.name
        if step.command == "screen" and data is None:
            progress.note(
                f"{step.name}: left out, its tables are not shipped; name their folder with --data",
                style="yellow",
            )
            continue
        stamp = _stamp(step, path.parent, data)
        if (folder / "result.json").exists() and _is_stamped(folder / _STAMP, stamp):
            progress.note(f"{step.name}: kept from before")
        else:
            progress.note(f"{step.name}:", style="bold")
            with made_by(_arguments(step, path.parent, folder, data)):
                _run(step, path.parent, folder, data, progress)
            write_atomically(folder / _STAMP, lambda path, stamp=stamp: _text(path, stamp))  # type: ignore[misc]
        folders.append(folder)
    if not folders:
        raise InputError(
            "no step of the map could be run",
            hint="name the folder of the measured tables with --data",
        )
    return spec, folders


def _is_stamped(path: Path, stamp: str) -> bool:
    """Whether the file says so; one that is missing or damaged does not."""
    try:
        return path.read_bytes() == stamp.encode()
    except OSError:
        return False


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _stamp(step: StepSection, base: Path, data: Path | None) -> str:
    """Digest of all that defines the step."""
    parts: list[Any] = [step.model_dump(mode="json"), __version__]
    for name, folder in ((step.spec, base), (step.pairs, data), (step.singles, data)):
        if name and folder is not None:
            parts.append(hashlib.sha256(file_of(folder / name).read_bytes()).hexdigest())
    # which knows the digests of the files and tables that the sweep names
    if step.command == "bench":
        from qtwin.studies.benchmark.tasks import tasks_of

        spec = read_bench_spec(base / step.spec)
        parts.append(sorted(t.task_id for t in tasks_of(spec, base=(base / step.spec).parent)))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def file_of(path: Path) -> Path:
    """The path, if a file is there (InputError otherwise)."""
    if not path.is_file():
        raise InputError(f"no file at {path}", hint="correct the step, or --data")
    return path


def _arguments(step: StepSection, base: Path, folder: Path, data: Path | None) -> list[str]:
    """What `qtwin` would be called with for this step alone."""
    if step.command != "screen":
        return [step.command, str(base / step.spec), "--out", str(folder)]
    assert data is not None
    singles = ["--singles", str(data / step.singles)] if step.singles else []
    choice = ["--size", str(step.size), "--objective", step.objective]
    return [
        "screen",
        "combinations",
        str(data / step.pairs),
        *singles,
        *choice,
        "--out",
        str(folder),
    ]


def _run(
    step: StepSection, base: Path, folder: Path, data: Path | None, progress: Progress
) -> None:
    if step.command == "screen":
        from qtwin.studies.screen.run import run_screen

        assert data is not None
        singles = data / step.singles if step.singles else None
        run_screen(
            data / step.pairs,
            singles,
            folder,
            size=step.size,
            objective=step.objective,
            progress=progress,
        )
    elif step.command == "bench":
        from qtwin.studies.benchmark.run import run_sweep

        run_sweep(file_of(base / step.spec), folder, progress=progress)
    elif step.command == "run":
        from qtwin.studies.regimen.run import run

        run(file_of(base / step.spec), folder, progress=progress)
    elif step.command == "scaling":
        from qtwin.studies.scaling.run import run_scaling

        run_scaling(file_of(base / step.spec), folder, progress=progress)
    else:
        from qtwin.studies.molecule.run import run as run_molecule

        run_molecule(file_of(base / step.spec), folder, progress=progress).require_energy()
