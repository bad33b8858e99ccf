"""What runs the steps of a map that are not moved to `qtwin.studies` yet: measured tables and molecules."""

from __future__ import annotations

from pathlib import Path

from qtwin.progress import Progress
from qtwin.spec import StepSection
from qtwin.studies.map.steps import Runner, file_of


def _measured(step: StepSection, base: Path, folder: Path, data: Path | None, progress: Progress) -> None:
    from qtwin.cli.measured import run_combinations

    assert data is not None
    singles = data / step.singles if step.singles else None
    run_combinations(data / step.pairs, singles, folder, size=step.size, objective=step.objective)


def _molecule(step: StepSection, base: Path, folder: Path, data: Path | None, progress: Progress) -> None:
    from qtwin.cli.molecule import run_molecule

    run_molecule(file_of(base / step.spec), folder)


RUNNERS: dict[str, Runner] = {"measured": _measured, "molecule": _molecule}
