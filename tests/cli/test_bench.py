"""`qtwin bench` on a small sweep: records, resume, refusals, and a report."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run

SWEEP = """
title = "tiny"
seed = 5
[[family]]
name = "wishart"
sizes = [5, 6, 7, 8]
instances = 2
alpha = 0.8
[[solver]]
name = "enumeration"
[[solver]]
name = "random"
label = "guessing"
shots = 200
runs = 2
largest = 7
"""


def test_a_sweep_is_run_once_and_reported(cli: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(SWEEP)
    done = cli("bench", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "out"), "--workers", "0", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["schema"] == "qtwin.bench/1"
    assert result["ran_now"] == result["tasks"] == 4 * 2 + 3 * 2 * 2
    assert result["proven_instances"] == result["instances"] == 8
    cells = {(c["n"], c["label"]): c for c in result["cells"]}
    assert all(cells[n, "enumeration"]["successes"] == 2 for n in (5, 6, 7, 8))
    assert (8, "guessing") not in cells
    assert "Classical" in result["verdict"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert result["verdict"].split(":")[0] in page
    again = cli("bench", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "out"), "--workers", "0", "--json")
    assert json.loads(again.stdout)["ran_now"] == 0


def test_a_sweep_that_cannot_run_is_refused_before_it_starts(cli: Run, tmp_path: Path) -> None:
    for spoilt, word in (
        (SWEEP.replace("wishart", "wishhart"), "wishart"),
        (SWEEP.replace("alpha", "alfa"), "alpha"),
        (SWEEP.replace('"enumeration"', '"enumerate"'), "enumeration"),
        (SWEEP.replace("shots", "shotz"), "shots"),
        (SWEEP.replace('name = "enumeration"', 'name = "enumeration"\nlabel = "guessing"'), "guessing"),
        (SWEEP.replace("sizes = [5, 6, 7, 8]", "sizes = []"), "sizes"),
    ):
        (tmp_path / "bad.toml").write_text(spoilt)
        done = cli("bench", str(tmp_path / "bad.toml"), "--out", str(tmp_path / "out"))
        assert done.returncode == 2
        assert word in done.stderr
        assert "Traceback" not in done.stderr
