"""`qtwin molecule` as a user runs it: exit codes, hints, tables."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyscf")

from tests.cli.conftest import Run
from tests.studies.test_molecule import _spec


def test_a_run_in_which_every_method_failed_exits_with_one(here: Run, tmp_path: Path) -> None:
    _spec(
        tmp_path,
        '[molecule]\ngeometry = "water.xyz"\nmemory_gib = 1e-6\nmethods = ["fci", "casci"]\n',
    )
    done = here("molecule", "molecule.toml", "--out", "out")
    assert done.returncode == 1
    assert "no method that was asked for gave an energy; fci: too large" in done.stderr
    assert (tmp_path / "out" / "report.html").exists()


def test_the_command_line_exits_with_two_and_a_hint(here: Run, tmp_path: Path) -> None:
    _spec(tmp_path, '[molecule]\ngeometry = "water.xyz"\nbasis = "sto-33g"\n')
    done = here("molecule", "molecule.toml", "--out", "out")
    assert done.returncode == 2
    assert "error: unknown basis" in done.stderr
    assert "hint: did you mean" in done.stderr
    assert "Traceback" not in done.stderr
    bare = here("molecule")
    assert bare.returncode == 2
    assert "--receptor" in bare.stderr
