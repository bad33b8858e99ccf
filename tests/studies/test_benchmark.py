"""Sweeps from Python: files as a family, lists that make a grid, every run of one size, and a typed
result.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
from pathlib import Path

import pytest
from rich.console import Console

import qtwin as qt
from qtwin.benchmark import analysis
from qtwin.benchmark.metrics import Interval
from qtwin.benchmark.records import Records
from qtwin.benchmark.scaling import Crossover
from qtwin.cli import show
from qtwin.encoding.instance import write_instance
from qtwin.errors import InputError
from qtwin.progress import Progress
from qtwin.solver.nulls import UNIFORM_BITS
from qtwin.spec import BenchSpec, read_bench_spec
from qtwin.studies.benchmark.page import outcomes
from qtwin.studies.benchmark.result import BenchmarkResult
from qtwin.studies.benchmark.summary import summarise
from qtwin.studies.benchmark.tasks import entrants_of, groups_of, noise_levels, tasks_of
from qtwin.studies.map.result import MapResult

HEAD = 'title = "t"\nseed = 1\n'
DENSE = '[[family]]\nname = "dense"\nsizes = [5]\n'
QAOA = '[[solver]]\nname = "qaoa"\nlabel = "QAOA"\nshots = 40\n'


def _spec(folder: Path, text: str) -> BenchSpec:
    (folder / "sweep.toml").write_text(HEAD + text)
    return read_bench_spec(folder / "sweep.toml")


def _instances(folder: Path, *sizes: int) -> Path:
    (folder / "mine").mkdir()
    for n in sizes:
        write_instance(qt.generate("dense", n, seed=n).encoding, folder / "mine" / f"of{n}.qubo")
    return folder / "mine"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BenchmarkResult]:
    """A sweep over two files, each solver with ten seeds or more, run once."""
    folder = tmp_path_factory.mktemp("files")
    _instances(folder, 5, 7)
    family = '[[family]]\nname = "file"\nlabel = "mine"\npath = "mine/*.qubo"\n'
    solvers = (
        '[[solver]]\nname = "enumeration"\n[[solver]]\nname = "random"\nlabel = "R"\nshots = '
        "3\nruns = 12\n"
    )
    (folder / "sweep.toml").write_text(HEAD + family + solvers)
    return folder, qt.run_sweep(folder / "sweep.toml", folder / "out", workers=0)


def test_my_own_files_take_seeds_and_intervals_and_a_place_on_the_map(
    files: tuple[Path, BenchmarkResult],
) -> None:
    folder, result = files
    cells = {(c.label, c.n): c for c in result.cells}
    assert {n for _, n in cells} == {5, 7}
    assert all(cells["enumeration", n].successes == 1 for n in (5, 7))
    drawn = cells["R", 5]
    assert drawn.runs == 12
    assert drawn.interval is not None
    rows = list(Records(folder / "out" / "records.sqlite"))
    for n in (5, 7):
        exact = qt.solve(qt.generate("dense", n, seed=n).encoding, "enumeration").energy
        best = min(r["energy"] for r in rows if r["task"]["n"] == n)
        assert best == pytest.approx(exact, rel=1e-6)
    (place,) = [p for p in result.places if p.n == 7]
    assert (place.generator, place.proven) == ("file", 1)
    drawn_map = qt.run_map([folder / "out"], folder / "map")
    assert {(p.name, p.origin, p.size) for c in drawn_map.cells for p in c.places} == {
        ("mine", "file", 5),
        ("mine", "file", 7),
    }
    assert MapResult.read(folder / "map" / "map.json") == drawn_map


def test_a_file_is_known_by_what_it_holds_not_by_where_it_lies(
    files: tuple[Path, BenchmarkResult], tmp_path: Path
) -> None:
    folder, _ = files
    elsewhere = tmp_path / "mine"
    elsewhere.mkdir()
    for file in (folder / "mine").iterdir():
        (elsewhere / f"renamed_{file.name}").write_bytes(file.read_bytes())
    spec = read_bench_spec(folder / "sweep.toml")
    there, here = ({t.task_id for t in tasks_of(spec, base=base)} for base in (tmp_path, folder))
    assert there == here
    changed = elsewhere / "renamed_of5.qubo"
    changed.write_bytes((folder / "mine" / "of7.qubo").read_bytes())
    assert len(tasks_of(spec, base=tmp_path)) == len(here) // 2


@pytest.mark.parametrize(
    ("family", "word"),
    [
        ('name = "file"', "no path"),
        ('name = "file"\npath = "nowhere/*.lp"', "no file matches"),
        ('name = "file"\npath = "mine/*.qubo"\nsizes = [5]', "expected no sizes"),
        ('name = "dense"', "needs sizes"),
        ('name = "file"\npath = "mine/*.qubo"\ndepth = 3', "depth"),
    ],
)
def test_families_that_cannot_be_meant_are_refused(tmp_path: Path, family: str, word: str) -> None:
    _instances(tmp_path, 4)
    with pytest.raises(InputError, match=word):
        groups_of(_spec(tmp_path, f"[[family]]\n{family}\n" + QAOA), base=tmp_path)


def test_lists_make_a_grid_and_lists_that_an_option_takes_do_not(tmp_path: Path) -> None:
    spec = _spec(tmp_path, DENSE + QAOA + "layers = [1, 2, 3]\n")
    found = {e.label: e.options["layers"] for e in entrants_of(spec) if e.solver == "qaoa"}
    assert found == {"QAOA, layers 1": 1, "QAOA, layers 2": 2, "QAOA, layers 3": 3}
    two = _spec(
        tmp_path, DENSE + QAOA.replace("shots = 40", "shots = [10, 20]") + "layers = [1, 2]\n"
    )
    mine = [e for e in entrants_of(two) if e.solver == "qaoa"]
    assert {(e.options["shots"], e.options["layers"]) for e in mine} == {
        (s, p) for s in (10, 20) for p in (1, 2)
    }
    assert len({e.label for e in mine}) == 4
    kept = _spec(tmp_path, DENSE + QAOA + "theta = [0.1, 0.2]\nlayers = 1\n")
    assert [e.options["theta"] for e in entrants_of(kept) if e.solver == "qaoa"] == [[0.1, 0.2]]
    noisy = _spec(tmp_path, DENSE + QAOA + "layers = [1, 2]\nnoise = [0.0, 0.01]\n")
    assert noise_levels(noisy)["QAOA, layers 2, error 0.01"] == ("QAOA, layers 2", 0.01)
    assert len(noise_levels(noisy)) == 4
    with pytest.raises(InputError, match="empty list"):
        entrants_of(_spec(tmp_path, DENSE + QAOA + "layers = []\n"))
    with pytest.raises(InputError, match="layers"):
        entrants_of(_spec(tmp_path, DENSE + QAOA + 'layers = [1, "two"]\n'))


def test_twenty_seeds_of_one_instance_are_drawn_with_intervals(tmp_path: Path) -> None:
    solvers = (
        '[[solver]]\nname = "enumeration"\n[[solver]]\nname = "random"\nlabel = "R"\nshots = '
        "2\nruns = 20\n"
    )
    (tmp_path / "one.toml").write_text(HEAD + DENSE + solvers)
    heard: list[str] = []

    class Heard(Progress):
        def step(self, text: str) -> None:
            heard.append(text)

    result = qt.run_sweep(tmp_path / "one.toml", tmp_path / "out", workers=0, progress=Heard())
    assert heard[-1].startswith("21 of 21 tasks, about")
    assert re.search(
        r"^11 of 21 tasks, about \S+ \S+ left", next(t for t in heard if t.startswith("11 of"))
    )
    lines = (
        (tmp_path / "out" / "figures" / "runs_dense.csv").read_text(encoding="utf-8").splitlines()
    )
    header = lines[0].split(",")
    drawn = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    (rate,) = [d for d in drawn if d["solver"] == "R" and d["runs"]]
    assert int(rate["runs"]) == 20
    assert float(rate["low"]) <= float(rate["success"]) <= float(rate["high"])
    rows = list(Records(tmp_path / "out" / "records.sqlite"))
    above = outcomes(rows, analysis.best_known(rows), "dense")
    exact = min(r["energy"] for r in rows)
    expected = sorted(r["energy"] - exact for r in rows if r["task"]["label"] == "R")
    assert sorted(a for solver, a in above if solver == "R") == pytest.approx(expected)
    assert sum(bool(d["above"]) for d in drawn) == 21
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Every run" in page
    assert "runs_dense" in page
    assert not (tmp_path / "out" / "figures" / "growth_dense.csv").exists()
    assert UNIFORM_BITS not in {c.label for c in result.cells}


def test_a_result_is_read_back_as_it_was(
    files: tuple[Path, BenchmarkResult], tmp_path: Path
) -> None:
    folder, result = files
    assert BenchmarkResult.read(folder / "out" / "result.json") == result
    kept = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))
    assert kept["schema"] == "qtwin.bench/1"
    rows = list(Records(folder / "out" / "records.sqlite"))
    cells = analysis.cells(rows, analysis.best_known(rows))
    for cell, told in zip(cells, result.cells, strict=True):
        # either is shown as none
        known = dataclasses.replace(cell, gap=cell.gap if math.isfinite(cell.gap) else math.nan)
        assert repr(told.cell()) == repr(known)
    assert list(result.to_pandas()["label"]) == [c.label for c in result.cells]
    assert set(result.to_pandas("growth")["solver"]) == {"enumeration", "R"}
    assert result.verdict in repr(result)
    assert "<table" in result._repr_html_()
    page = result.to_html(
        tmp_path / "page" / "report.html", records=Records(folder / "out" / "records.sqlite")
    )
    tables = re.findall(r"<table.*?</table>", page.read_text(encoding="utf-8"), re.DOTALL)
    widths = [
        {
            len(re.findall(r"<t[hd][ >]", row))
            for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        }
        for table in tables
    ]
    assert len(tables) >= 4
    assert all(len(found) == 1 for found in widths), "every row is as wide as its header"


def test_a_crossing_without_an_upper_end_is_written_and_read_back(
    files: tuple[Path, BenchmarkResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, result = files
    crossing = Crossover(size=30.0, interval=Interval(20.0, math.inf), words="at 30 variables")
    monkeypatch.setattr(
        analysis, "crossings", lambda *_, **__: [("mine", "R", "enumeration", crossing)]
    )
    rows = list(Records(folder / "out" / "records.sqlite"))
    told = summarise(read_bench_spec(folder / "sweep.toml"), rows)
    again = BenchmarkResult.model_validate(result.model_dump(by_alias=True) | told)
    assert [x.interval for x in again.crossovers] == [(20.0, None)]
    assert BenchmarkResult.read(again.write(tmp_path / "result.json")) == again
    assert "at 30 variables" in again.to_html(tmp_path / "page").read_text(encoding="utf-8")


def test_a_log_shows_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody looks, a stage prints its last step again and again, in one line."""
    text = io.StringIO()
    monkeypatch.setattr(show, "console", Console(file=text, width=40))
    monkeypatch.setattr(show, "_ALIVE_S", 0.02)
    terminal = show.Terminal()
    with terminal.stage("Tasks"):
        terminal.step("12 of 60 tasks, about 3 min left (dense 10, QAOA)")
        for _ in range(500):
            if "so far" in text.getvalue():
                break
            show.time.sleep(0.02)
    assert re.search(
        r"^Tasks: 12 of 60 tasks, about 3 min left \(dense 10, QAOA\), \d+ s so far$",
        text.getvalue(),
        re.MULTILINE,
    )
