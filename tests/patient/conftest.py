"""The shipped record, to be changed at will."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "experiments" / "data"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[[Change], Path]:
    """Write the shipped bundle after `change`."""

    def write(change: Change) -> Path:
        content = json.loads((DATA / "quickstart_bundle.json").read_text(encoding="utf-8"))
        change(content)
        path = tmp_path / "bundle.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def report(tmp_path: Path) -> Callable[[Change], Path]:
    """Write the shipped genotype report after `change`."""

    def write(change: Change) -> Path:
        content = json.loads((DATA / "quickstart_pharmcat.json").read_text(encoding="utf-8"))
        change(content)
        path = tmp_path / "genotypes.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write
