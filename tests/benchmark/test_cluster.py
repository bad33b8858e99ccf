"""A sweep on a Dask cluster gives the records of one process, and loses nothing when a worker is
killed in the middle.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from qtwin.benchmark.records import Records
from qtwin.benchmark.sweep import Progress, run
from qtwin.benchmark.task import Entrant, Group, expand
from qtwin.errors import InputError

distributed = pytest.importorskip("distributed")


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    entrant = Entrant(solver="random", label="random", options={"shots": 60_000})
    tasks = list(expand([Group(family="dense", sizes=[8], instances=24)], [entrant], seed=1))
    alone = Records(tmp_path / "alone.sqlite")
    run(tasks, alone, workers=0)
    records = Records(tmp_path / "cluster.sqlite")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = list(client.run(os.getpid).values())
        killed: list[int] = []

        def tell(progress: Progress) -> None:
            if progress.done == 6:
                os.kill(workers[0], signal.SIGKILL)
                killed.append(workers[0])

        assert run(tasks, records, scheduler=cluster.scheduler_address, tell=tell) == 24
        assert run(tasks, records, scheduler=cluster.scheduler_address) == 0
    assert killed
    assert {r["task_id"]: r["energy"] for r in records} == {
        r["task_id"]: r["energy"] for r in alone
    }
    assert all(r["status"] == "feasible" for r in records)


def test_a_scheduler_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import distributed

    whole = distributed.Client
    monkeypatch.setattr(
        distributed, "Client", lambda address, timeout: whole(address, timeout="1s")
    )
    tasks = list(
        expand([Group(family="dense", sizes=[4])], [Entrant(solver="random", label="r")], seed=0)
    )
    with pytest.raises(InputError, match="127"):
        run(tasks, Records(tmp_path / "r.sqlite"), scheduler="tcp://127.0.0.1:9")
