"""A small experiment on disk, and the command line as a user runs it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]

SMALL = """
title = "A small choice"
seed = 7
[patient]
bundle = "bundle.json"
genotypes = "genotypes.json"
[twin]
n_members = 200
[problem]
candidates = [
  "donepezil", "galantamine", "rivastigmine", "metoprolol", "bisoprolol", "digoxin",
  "amlodipine", "lisinopril", "apixaban",
  "sertraline", "citalopram", "mirtazapine", "paroxetine",
]
max_drugs = 6
[encoding]
n_train = 40
[[solver]]
name = "enumeration"
[[solver]]
name = "cp-sat"
[[solver]]
name = "random"
shots = 512
[[solver]]
name = "qaoa"
backend = "statevector"
layers = 2
shots = 512
"""


@pytest.fixture
def cli(tmp_path: Path) -> Run:
    """Run `qtwin` in a process of its own."""

    def call(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            **options.pop("env", {}),
        }
        return subprocess.run(
            [sys.executable, "-m", "qtwin", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            **options,
        )

    return call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """`qtwin` in this process: for what a command says and writes, where a process of its own is
    not the point.
    """
    from qtwin.cli import main, show

    monkeypatch.chdir(tmp_path)
    # as main sets it for good
    monkeypatch.setenv(
        "OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", str(os.cpu_count() or 1))
    )
    monkeypatch.setattr(show.console, "width", 200)
    log = logging.getLogger("qtwin")
    handlers, propagate = list(log.handlers), log.propagate

    def call(
        *arguments: str, env: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        out, errors, code = io.StringIO(), io.StringIO(), None
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(errors),
            pytest.MonkeyPatch.context() as patch,
        ):
            for name, value in env.items():
                patch.setenv(name, value)
            try:
                main(list(arguments))
            except SystemExit as ended:
                code = ended.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), errors.getvalue())

    yield call
    log.handlers[:], log.propagate = handlers, propagate


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """A spec with its record beside it, small enough to run in seconds."""
    data = ROOT / "experiments" / "data"
    shutil.copy(data / "quickstart_bundle.json", tmp_path / "bundle.json")
    shutil.copy(data / "quickstart_pharmcat.json", tmp_path / "genotypes.json")
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture
def edit_bundle(experiment: Path) -> Callable[[Callable[[dict[str, Any]], None]], Path]:
    """Change the record in place."""

    def edit(change: Callable[[dict[str, Any]], None]) -> Path:
        path = experiment.parent / "bundle.json"
        bundle = json.loads(path.read_text(encoding="utf-8"))
        change(bundle)
        path.write_text(json.dumps(bundle), encoding="utf-8")
        return experiment

    return edit
