"""The steps of a map that is written down as one file: what has to run before it can be drawn, each kept once it is finished."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.cli.show import note
from qtwin.errors import InputError
from qtwin.report.origin import made_by
from qtwin.spec import MapSpec, StepSection, read_map_spec
from qtwin.version import __version__

_STAMP = ".step"


def run_steps(path: Path, out: Path, *, data: Path | None) -> tuple[MapSpec, list[Path]]:
    """Run what is not finished; the spec and the folders that hold results.

    A step whose file, options and version are those of its last run is not run again. Steps on measured tables are left out, and
    that is said, where no folder of data is given.

    Raises:
        InputError: for a step whose file is missing, or no step that could be run.
    """
    spec = read_map_spec(path)
    folders: list[Path] = []
    for step in spec.step:
        folder = out / "steps" / step.name
        if step.command == "screen" and data is None:
            note(f"{step.name}: left out, its tables are not shipped; name their folder with --data", style="yellow")
            continue
        stamp = _stamp(step, path.parent, data)
        if (folder / "result.json").exists() and _is_stamped(folder / _STAMP, stamp):
            note(f"{step.name}: kept from before")
        else:
            note(f"{step.name}:", style="bold")
            with made_by(_arguments(step, path.parent, folder, data)):
                _run(step, path.parent, folder, data)
            write_atomically(folder / _STAMP, lambda path, stamp=stamp: _text(path, stamp))  # type: ignore[misc]
        folders.append(folder)
    if not folders:
        raise InputError("no step of the map could be run", hint="name the folder of the measured tables with --data")
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
    parts = [step.model_dump(mode="json"), __version__]
    for name, folder in ((step.spec, base), (step.pairs, data), (step.singles, data)):
        if name and folder is not None:
            parts.append(hashlib.sha256(_file(folder / name).read_bytes()).hexdigest())
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _file(path: Path) -> Path:
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
    return ["screen", "combinations", str(data / step.pairs), *singles, *choice, "--out", str(folder)]


def _run(step: StepSection, base: Path, folder: Path, data: Path | None) -> None:
    if step.command == "screen":
        from qtwin.cli.show import terminal
        from qtwin.studies.screen.run import run_screen

        assert data is not None
        singles = data / step.singles if step.singles else None
        run_screen(data / step.pairs, singles, folder, size=step.size, objective=step.objective, progress=terminal)
        return
    path = _file(base / step.spec)
    if step.command == "bench":
        from qtwin.cli.bench import run_bench

        run_bench(path, folder)
    elif step.command == "run":
        from qtwin.cli.show import terminal
        from qtwin.studies.regimen.run import run

        run(path, folder, progress=terminal)
    elif step.command == "scaling":
        from qtwin.cli.scaling import run_scaling

        run_scaling(path, folder)
    else:
        from qtwin.cli.show import terminal
        from qtwin.studies.molecule.run import run as run_molecule

        run_molecule(path, folder, progress=terminal).require_energy()
