"""Running a sweep: what is finished is never run again, what is interrupted continues, a worker
that dies loses nothing.

Workers compute; the one process that owns the store writes. A task's record is on disk before the
sweep continues, so `kill -9` at any moment loses at most the tasks in flight.
"""

from __future__ import annotations

import dataclasses
import math
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

from qtwin.benchmark.execute import execute
from qtwin.benchmark.records import Records
from qtwin.benchmark.task import Task
from qtwin.errors import InputError, require_vendor
from qtwin.solver.apart import die_with_parent, end, hard_limit_s, memory_limit_gib, resident_gib

_ATTEMPTS = 3
_POLL_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a sweep stands.

    Attributes:
        done, total: Tasks finished (those of earlier runs too), and all.
        record: The one just finished.
    """

    done: int
    total: int
    record: dict[str, Any]


def run(
    tasks: Sequence[Task],
    records: Records,
    *,
    workers: int = 1,
    scheduler: str = "",
    memory_gib: float | None = None,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> int:
    """Run every task that has no record yet.

    Args:
        tasks: All of them; equal ones are run once.
        records: The store.
        workers: Local processes; 0 runs in this one. Ignored with a scheduler.
        scheduler: Address of a Dask scheduler, such as ``tcp://host:8786``.
        memory_gib: Beyond which a process is ended, and its task has failed; None for an equal
            share of most of the machine's.
        tell: Called after each record.

    Returns:
        How many were run.

    Raises:
        InputError: for a negative number of workers, or a scheduler that does not answer.
        MissingVendorError: when Dask is asked for and not installed.
    """
    if workers < 0:
        raise InputError(
            f"expected at least 0 workers, got {workers}", hint="0 runs everything in this process"
        )
    every = {t.task_id: t for t in tasks}
    finished = records.task_ids() & set(every)
    left = [t for key, t in every.items() if key not in finished]
    done = len(finished)
    most = memory_limit_gib() / max(workers, 1) if memory_gib is None else memory_gib
    here = partial(execute, memory_gib=most)
    source = (
        _on_dask(left, scheduler)
        if scheduler
        else _locally(left, workers, most)
        if workers
        else map(here, left)
    )
    for record in source:
        records.append([record])
        done += 1
        tell(Progress(done=done, total=len(every), record=record))
    return len(left)


@dataclass
class _Worker:
    """A process and what it is at."""

    process: Any
    talk: Connection
    memory_gib: float
    task: Task | None = None
    attempt: int = 0
    began_s: float = math.inf

    @staticmethod
    def start(memory_gib: float) -> _Worker:
        made = multiprocessing.get_context("spawn")
        ours, theirs = made.Pipe()
        process = made.Process(target=_work, args=(theirs, memory_gib))
        process.start()
        theirs.close()
        return _Worker(process=process, talk=ours, memory_gib=memory_gib)

    def give(self, task: Task, attempt: int) -> None:
        self.task, self.attempt, self.began_s = task, attempt, math.inf
        self.talk.send(task)

    def overrun(self) -> str:
        """Why it has to be ended now; "" as long as it keeps its limits."""
        assert self.task is not None
        spent_s = time.perf_counter() - self.began_s
        if spent_s > hard_limit_s(self.task.time_limit_s):
            return f"was ended after {spent_s:.3g} s of a limit of {self.task.time_limit_s:g} s"
        if resident_gib(self.process.pid) > self.memory_gib:
            return f"was ended at {self.memory_gib:.3g} GiB of memory"
        return ""


def _work(talk: Connection, memory_gib: float) -> None:
    """A worker's life: tasks come, records go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep, which ends its workers
    die_with_parent()
    while True:
        try:
            task = talk.recv()
        except EOFError:
            return
        talk.send(execute(task, memory_gib=memory_gib, begin=lambda: talk.send(None)))


def _locally(tasks: Sequence[Task], workers: int, memory_gib: float) -> Iterator[dict[str, Any]]:
    """Records as processes finish them; one that dies is replaced and its task tried again, one
    over its limits is ended.
    """
    waiting: deque[tuple[Task, int]] = deque((t, 0) for t in tasks)
    pool: list[_Worker] = []
    try:
        while waiting or any(w.task for w in pool):
            while waiting and len(pool) < workers:
                pool.append(_Worker.start(memory_gib))
            for worker in pool:
                if worker.task is None and waiting:
                    try:
                        worker.give(*waiting.popleft())
                    except OSError:
                        continue  # it died meanwhile; seen below
            ready = wait([x for w in pool for x in (w.talk, w.process.sentinel)], timeout=_POLL_S)
            for worker in pool:
                yield from _heard(worker, ready, pool, waiting)
    finally:
        for worker in pool:
            end(worker.process)


def _heard(
    worker: _Worker, ready: Sequence[Any], pool: list[_Worker], waiting: deque[tuple[Task, int]]
) -> Iterator[dict[str, Any]]:
    """What one worker has to tell; it leaves the pool when it is gone."""
    if worker.talk in ready:
        try:
            said = worker.talk.recv()
        except (EOFError, OSError):
            said = None
            worker.process.join(1.0)
        else:
            if said is None:
                worker.began_s = time.perf_counter()
            else:
                worker.task = None
                yield said
    task, gone = worker.task, not worker.process.is_alive()
    over = worker.overrun() if task is not None and not gone else ""
    if gone or over:
        end(worker.process)
        pool.remove(worker)
        worker.task = None
        if over and task is not None:
            yield _lost(task, over)
        elif task is not None and worker.attempt + 1 < _ATTEMPTS:
            waiting.appendleft((task, worker.attempt + 1))
        elif task is not None:
            yield _lost(task)


def _lost(task: Task, why: str = f"its process died or failed {_ATTEMPTS} times") -> dict[str, Any]:
    """The record of a task that has none of its own."""
    return {
        "task_id": task.task_id,
        "instance_id": task.instance_id,
        "task": dataclasses.asdict(task),
        "status": "failed",
        "error": why,
        "total_s": None,
    }


def _on_dask(tasks: Sequence[Task], address: str) -> Iterable[dict[str, Any]]:
    """Records as a Dask cluster finishes them; tasks are pure, so one that is run twice gives one
    record.
    """
    require_vendor("distributed", package="distributed", needed_by="--scheduler")
    from distributed import Client, as_completed

    try:
        client: Any = Client(address, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {address}: {error}",
            hint="start one, or leave --scheduler out",
        ) from None
    with client:
        futures = client.map(
            execute, list(tasks), key=[t.task_id for t in tasks], retries=_ATTEMPTS - 1, pure=False
        )
        of = {f.key: t for f, t in zip(futures, tasks, strict=True)}
        waiting = as_completed(futures)  # type: ignore[no-untyped-call]
        del futures  # a record that is written down is let go of
        for future in waiting:
            yield _lost(of[future.key]) if future.status == "error" else future.result()
