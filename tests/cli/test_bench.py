"""`qtwin bench` on a small sweep: records, resume, refusals, and a report."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qtwin.benchmark.metrics import Interval
from qtwin.studies.benchmark.summary import _verdict
from tests.cli.conftest import ROOT, Run

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
    done = cli(
        "bench",
        str(tmp_path / "tiny.toml"),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "0",
        "--json",
    )
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
    again = cli(
        "bench",
        str(tmp_path / "tiny.toml"),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "0",
        "--json",
    )
    assert json.loads(again.stdout)["ran_now"] == 0


def test_a_sweep_that_cannot_run_is_refused_before_it_starts(here: Run, tmp_path: Path) -> None:
    for spoilt, word in (
        (SWEEP.replace("wishart", "wishhart"), "wishart"),
        (SWEEP.replace("alpha", "alfa"), "alpha"),
        (SWEEP.replace('"enumeration"', '"enumerate"'), "enumeration"),
        (SWEEP.replace("shots", "shotz"), "shots"),
        (
            SWEEP.replace('name = "enumeration"', 'name = "enumeration"\nlabel = "guessing"'),
            "guessing",
        ),
        (SWEEP.replace("sizes = [5, 6, 7, 8]", "sizes = []"), "sizes"),
    ):
        (tmp_path / "bad.toml").write_text(spoilt)
        done = here("bench", str(tmp_path / "bad.toml"), "--out", str(tmp_path / "out"))
        assert done.returncode == 2
        assert word in done.stderr
        assert "Traceback" not in done.stderr


PLUG_IN = """
import sys, numpy as np
from qtwin.solver.base import SolverInfo, Result, Solver
class Boasts(Solver):
    @classmethod
    def card(cls):
        return SolverInfo(
            name="boasts", summary="", kind="classical", guarantee="none", citation="",
            max_variables=99,
        )
    def solve(self, instance, *, seed, time_limit_s=None):
        print("LISTEN TO ME")
        n = instance.encoding.polynomial.n_variables
        return Result(
            solver="boasts", status="optimal", bits=np.ones(n, np.uint8), energy=-1e9,
            proven=True, bound=-1e9,
        )
class Leaves(Boasts):
    def solve(self, instance, *, seed, time_limit_s=None):
        sys.exit(0)
"""


@pytest.fixture
def plugged_in(tmp_path: Path) -> dict[str, str]:
    """An environment in which a package of bad solvers is installed."""
    site = tmp_path / "site"
    (site / "boasting-1.0.dist-info").mkdir(parents=True)
    (site / "boasting.py").write_text(PLUG_IN)
    (site / "boasting-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: boasting\nVersion: 1.0\n"
    )
    points = "[qtwin.solvers]\nboasts = boasting:Boasts\nleaves = boasting:Leaves\n"
    (site / "boasting-1.0.dist-info" / "entry_points.txt").write_text(points)
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])}


def _sweep(*solvers: str) -> str:
    named = "".join(f'[[solver]]\nname = "{s}"\n' for s in solvers)
    return f'title = "t"\nseed = 1\n[[family]]\nname = "dense"\nsizes = [8]\n{named}'


def test_a_false_proof_is_an_alarm_and_a_print_breaks_no_json(
    cli: Run, tmp_path: Path, plugged_in: dict[str, str]
) -> None:
    (tmp_path / "s.toml").write_text(_sweep("boasts", "leaves", "random"))
    done = cli("bench", "s.toml", "--out", "out", "--workers", "0", "--json", env=plugged_in)
    assert done.returncode == 1
    result = json.loads(done.stdout)
    assert result["tasks"] == result["ran_now"] == 3
    assert {(e["solver"], e["kind"]) for e in result["offences"] if e["alarm"]} == {
        ("boasts", "proof")
    }
    assert {"failed", "energy", "printed"} <= {e["kind"] for e in result["offences"]}
    assert result["verdict"].startswith("ALARM")
    assert "ALARM: boasts" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_sweep_in_which_all_failed_says_so(
    cli: Run, tmp_path: Path, plugged_in: dict[str, str]
) -> None:
    (tmp_path / "s.toml").write_text(_sweep("leaves"))
    done = cli("bench", "s.toml", "--out", "out", "--workers", "1", "--json", env=plugged_in)
    assert done.returncode == 1
    assert (
        json.loads(done.stdout)["verdict"] == "Nothing was answered: all 1 runs of leaves failed."
    )


@pytest.mark.slow
def test_one_solver_alone_is_not_believed_either(
    cli: Run, tmp_path: Path, plugged_in: dict[str, str]
) -> None:
    assert cli("generate", "dense", "-n", "8", "-o", "d.json").returncode == 0
    done = cli("solve", "d.json", "--solver", "boasts", "--json", env=plugged_in)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["solvers"][0]["proven"], len(told["alarms"]), told["printed"]) == (
        False,
        1,
        "LISTEN TO ME",
    )
    failed = cli("solve", "d.json", "--solver", "leaves", env=plugged_in)
    assert failed.returncode == 1
    assert "solver 'leaves' failed" in failed.stderr


def test_a_verdict_names_what_took_part() -> None:
    def cell(
        label: str, kind: str, tts_s: float, qpu_tts_s: float = math.nan, reads: float = 5.0
    ) -> Any:
        took: dict[str, Any] = {"tts_s": tts_s, "qpu_tts_s": qpu_tts_s, "reads_to_solution": reads}
        took |= {
            "tts_interval": Interval(0.9 * tts_s, 1.1 * tts_s),
            "qpu_tts_interval": Interval(0.9 * qpu_tts_s, 1.1 * qpu_tts_s),
        }
        return SimpleNamespace(
            family="f", n=8, label=label, kind=kind, failed=0, runs=10, drawn=100, **took
        )

    both = [cell("tabu", "classical", 1.0), cell("qaoa", "quantum", 0.1, 2.0)]
    assert "Classical (tabu) wins at 1 of the 1 sizes where quantum (qaoa) took part" in _verdict(
        both, []
    )
    assert "less of an ideal processor on f at 8" in _verdict(
        [both[0], cell("qaoa", "quantum", 2.0, 0.5)], []
    )
    guessed = _verdict(
        [both[0], cell("qaoa", "quantum", 2.0, 0.5), cell("bits", "null", 3.0, reads=4.0)], []
    )
    overlapping = _verdict([both[0], cell("qaoa", "quantum", 2.0, 0.95)], [])
    assert all(
        "At 1 of them nobody is ahead" in words and "less of an ideal" not in words
        for words in (guessed, overlapping)
    )
    assert "nothing is said" in _verdict([both[0], cell("qaoa", "quantum", 0.5)], [])
    beside = _verdict([*both, cell("bits", "null", 3.0, reads=4.0)], [])
    assert "fewer than the best null baseline (bits) at 0 of 1 sizes" in beside
    alone = _verdict([both[1], cell("random", "null", 3.0)], [])
    assert alone.startswith("Quantum solvers only (qaoa), beside the null baseline (random)")
    assert "lassical" not in alone
    assert "Nobody" in _verdict(
        [cell("tabu", "classical", math.inf), cell("qaoa", "quantum", math.inf)], []
    )
    liar = [{"solver": "tabu", "alarm": True}]
    assert "tabu" not in _verdict(both, liar)
