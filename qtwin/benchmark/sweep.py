"""Running a sweep: what is finished is never run again, what is interrupted goes on, a worker that dies loses nothing.

Workers compute; the one process that owns the store writes. A task's record is on disk before the sweep goes on, so `kill -9` at
any moment loses at most the tasks in flight.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from qtwin.benchmark.execute import execute
from qtwin.benchmark.records import Records
from qtwin.benchmark.task import Task
from qtwin.errors import InputError, require_vendor

_ATTEMPTS = 3


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
    tell: Callable[[Progress], None] = lambda progress: None,
) -> int:
    """Run every task that has no record yet.

    Args:
        tasks: All of them; equal ones are run once.
        records: The store.
        workers: Local processes; 0 runs in this one. Ignored with a scheduler.
        scheduler: Address of a Dask scheduler, such as ``tcp://host:8786``.
        tell: Called after each record.

    Returns:
        How many were run.

    Raises:
        InputError: for a negative number of workers, or a scheduler that does not answer.
        MissingVendorError: when Dask is wanted and not installed.
    """
    if workers < 0:
        raise InputError(f"{workers} workers came, at least 0 were wanted", hint="0 runs everything in this process")
    every = {t.task_id: t for t in tasks}
    finished = records.task_ids() & set(every)
    left = [t for key, t in every.items() if key not in finished]
    done = len(finished)
    source = _on_dask(left, scheduler) if scheduler else _locally(left, workers) if workers else map(execute, left)
    for record in source:
        records.append([record])
        done += 1
        tell(Progress(done=done, total=len(every), record=record))
    return len(left)


def _locally(tasks: Sequence[Task], workers: int) -> Iterator[dict[str, Any]]:
    """Records as processes finish them; a process that dies is replaced and its tasks are tried again, each on its own."""
    waiting: deque[tuple[Task, int]] = deque((t, 0) for t in tasks)
    context = multiprocessing.get_context("spawn")
    while waiting:
        pool = ProcessPoolExecutor(max_workers=min(workers, len(waiting)), mp_context=context)
        running: dict[Future[dict[str, Any]], tuple[Task, int]] = {}
        suspicious = waiting[0][1] > 0  # a task that was in flight when a process died: alone, so that the guilty one shows
        try:
            while waiting or running:
                while waiting and len(running) < (1 if suspicious else workers):
                    task, attempt = waiting.popleft()
                    running[pool.submit(execute, task)] = (task, attempt)
                ready, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    yield future.result()
                    del running[future]
                if suspicious:
                    break
        except BrokenProcessPool:
            for task, attempt in running.values():
                if attempt + 1 < _ATTEMPTS:
                    waiting.appendleft((task, attempt + 1))
                else:
                    yield _lost(task)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _lost(task: Task) -> dict[str, Any]:
    """The record of a task whose process died every time."""
    return {
        "task_id": task.task_id,
        "instance_id": task.instance_id,
        "task": {**vars(task), "task_id": task.task_id},
        "status": "failed",
        "error": f"its process died or failed {_ATTEMPTS} times",
        "total_s": None,
    }


def _on_dask(tasks: Sequence[Task], address: str) -> Iterable[dict[str, Any]]:
    """Records as a Dask cluster finishes them; tasks are pure, so one that is run twice gives one record."""
    require_vendor("distributed", package="distributed", needed_by="--scheduler")
    from distributed import Client, as_completed

    try:
        client: Any = Client(address, timeout="10s")  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise InputError(f"no Dask scheduler answers at {address}: {error}", hint="start one, or leave --scheduler out") from None
    with client:
        futures = client.map(execute, list(tasks), key=[t.task_id for t in tasks], retries=_ATTEMPTS - 1, pure=False)
        of = {f.key: t for f, t in zip(futures, tasks, strict=True)}
        waiting = as_completed(futures)  # type: ignore[no-untyped-call]
        del futures  # a record that is written down is let go of
        for future in waiting:
            yield _lost(of[future.key]) if future.status == "error" else future.result()
