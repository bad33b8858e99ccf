"""A sweep never runs a finished task again, never loses one, and records failures as data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qtwin.benchmark.execute import execute
from qtwin.benchmark.records import Records
from qtwin.benchmark.sweep import run
from qtwin.benchmark.task import Entrant, Group, Task, expand
from qtwin.errors import InputError, QtwinError

GROUPS = [
    Group(family="dense", sizes=[6, 8], instances=2),
    Group(family="wishart", sizes=[7], instances=1, options={"alpha": 0.8}),
]
ENTRANTS = [
    Entrant(solver="enumeration", label="enumeration"),
    Entrant(solver="random", label="random", options={"shots": 64}, runs=2, largest=7),
]


def _tasks() -> list[Task]:
    return list(expand(GROUPS, ENTRANTS, seed=3))


def test_a_sweep_is_every_cell_once() -> None:
    tasks = _tasks()
    assert len(tasks) == 5 + 2 * 3
    assert len({t.task_id for t in tasks}) == len(tasks)
    assert len({t.solver_seed for t in tasks}) == len(tasks)
    assert len({t.instance_id for t in tasks}) == 5
    assert [t.n for t in tasks] == sorted(t.n for t in tasks)


def test_identity_is_all_that_defines_a_task_and_not_its_label() -> None:
    base = _tasks()[0]
    same = Task(**{**vars(base), "label": "another name"})
    assert same.task_id == base.task_id
    for change in (
        {"n": 9},
        {"run": 1},
        {"seed": 4},
        {"solver_options": {"shots": 5}},
        {"version": "9"},
        {"instance": 7},
    ):
        kept = {k: v for k, v in vars(base).items() if k != "task_id"}
        assert Task(**{**kept, **change}).task_id != base.task_id
    with pytest.raises(InputError):
        _ = Task(
            family="dense",
            n=5,
            instance=0,
            solver="random",
            label="",
            solver_options={"x": float("nan")},
        ).task_id


def test_finished_tasks_are_not_run_again(tmp_path: Path) -> None:
    records = Records(tmp_path / "r.sqlite")
    seen: list[int] = []
    assert run(_tasks(), records, workers=0, tell=lambda p: seen.append(p.done)) == 11
    assert seen == list(range(1, 12))
    assert run(_tasks(), records, workers=0) == 0
    more = [*_tasks(), *expand([Group(family="dense", sizes=[9])], ENTRANTS, seed=3)]
    assert run(more, records, workers=0) == 1  # random ends at 7 variables
    rows = list(records)
    assert len(rows) == len(records) == 12
    solved = [r for r in rows if r["task"]["solver"] == "enumeration"]
    assert all(r["proven"] and r["status"] == "optimal" for r in solved)
    planted = next(r for r in solved if r["task"]["family"] == "wishart")
    assert planted["energy"] == pytest.approx(planted["instance"]["optimum"])


def test_failures_are_records() -> None:
    wrong = Task(family="three-regular", n=7, instance=0, solver="random", label="r")
    record = execute(wrong)
    assert record["status"] == "failed"
    assert "even" in record["error"]
    unknown = Task(family="dense", n=7, instance=0, solver="oracle", label="o")
    assert "oracle" in execute(unknown)["error"]


def test_processes_give_the_records_of_one_process(tmp_path: Path) -> None:
    one, two = Records(tmp_path / "a.sqlite"), Records(tmp_path / "b.sqlite")
    tasks = _tasks()[:6]
    run(tasks, one, workers=0)
    run(tasks, two, workers=2)
    for a, b in zip(one, two, strict=True):
        assert (a["task_id"], a["energy"], a["samples"]) == (
            b["task_id"],
            b["energy"],
            b["samples"],
        )


SCRIPT = """
import sys
from qtwin.benchmark.records import Records
from qtwin.benchmark.sweep import run
from qtwin.benchmark.task import Entrant, Group, expand
if __name__ == "__main__":
    random = Entrant(solver="random", label="r", options={"shots": 40000})
    group = Group(family="dense", sizes=[8], instances=int(sys.argv[3]))
    tasks = list(expand([group], [random], seed=1))
    tell = lambda p: print(p.done, flush=True)
    run(tasks, Records(sys.argv[1]), workers=int(sys.argv[2]), tell=tell)
"""


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    store = tmp_path / "r.sqlite"
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    told = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, str(script), str(store), "0", "40"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            told = max(told, int(line))
            if told % 11 == 10:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert told <= len(Records(store)) <= told + 1  # what was told is on disk
    done = len(Records(store))
    finish = subprocess.run(
        [sys.executable, str(script), str(store), "0", "40"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(finish.stdout.split()) == 40 - done
    assert len(Records(store)) == 40


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_its_task_tried_again(tmp_path: Path) -> None:
    store = tmp_path / "r.sqlite"
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT.replace("40000", "150000"))
    process = subprocess.Popen(
        [sys.executable, str(script), str(store), "2", "12"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        process.kill()
        pytest.skip("no /proc here")
    for _ in range(2):
        workers = [
            int(p)
            for p in children.read_text().split()
            if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()
        ]
        if workers:
            os.kill(workers[0], signal.SIGKILL)
        time.sleep(1.0)
    process.communicate(timeout=100)
    rows = list(Records(store))
    assert len(rows) == 12
    assert all(r["status"] == "feasible" for r in rows)


def test_stores_refuse_what_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes(b"this is no database, but it is long enough to look like one" * 20)
    with pytest.raises(InputError, match="cannot open"):
        Records(path)
    with pytest.raises(InputError):
        Records("nonsense://nowhere")
    with pytest.raises(InputError):
        run([], Records(tmp_path / "x.sqlite"), workers=-1)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    import sqlite3

    records = Records(tmp_path / "r.sqlite")
    run(_tasks()[:1], records, workers=0)
    with sqlite3.connect(tmp_path / "r.sqlite") as connection:
        connection.execute("UPDATE records SET record = substr(record, 1, 40)")
    with pytest.raises(QtwinError, match="damaged"):
        list(records)


@pytest.mark.slow
def test_a_hundred_thousand_records_are_kept_once(tmp_path: Path) -> None:
    records = Records(tmp_path / "r.sqlite")
    base = execute(_tasks()[0])
    records.append({**base, "task_id": f"{k:064d}"} for k in range(100_000))
    assert records.append([{**base, "task_id": f"{5:064d}"}]) == 0
    assert len(records.task_ids()) == 100_000


def test_a_vendor_that_fails_is_a_record_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from qtwin.solver.classical.random_sampling import RandomSampling

    def broken(*args: object, **kwargs: object) -> None:
        raise OverflowError("can't convert negative int to unsigned")

    monkeypatch.setattr(RandomSampling, "solve", broken)
    record = execute(Task(family="dense", n=5, instance=0, solver="random", label="r"))
    assert record["status"] == "failed"
    assert record["error"] == "OverflowError: can't convert negative int to unsigned"
