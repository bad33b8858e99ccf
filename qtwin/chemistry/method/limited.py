"""A method whose time limit holds: it runs in a process of its own, which is ended when the limit
and its grace are over.

A timer cannot interrupt compiled code, nor linear algebra that never returns to the interpreter;
the end of a process can.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from qtwin.chemistry.method.base import OutOfTime, ended_after, grace_s, load_compiled_code
from qtwin.errors import QtwinError
from qtwin.solver.apart import context, die_with_parent, end, may_have_children, without_main

T = TypeVar("T")
_SET_UP_S = 120.0
"""For the imports of the process and for compiled code that is not on disk yet; it is on no
clock.
"""


def within(task: Callable[[], T], limit_s: float | None, *, compiled: bool) -> T:
    """What `task()` returns, computed in a process of its own when there is a limit.

    The process stays for the next task, with what it has compiled or loaded; one that met its limit
    is replaced.

    Args:
        task: Can be pickled, and so can what it returns.
        limit_s: Seconds for the task alone, without the start of the process.
        compiled: Load the compiled simulators before the clock starts.

    Raises:
        OutOfTime: when the task has not ended `grace_s` after its limit; its argument is the
            seconds that it had.
        QtwinError: when its process ended without an answer.
    """
    if limit_s is None:
        if compiled:
            load_compiled_code()
        return task()
    process, messages = _idle.pop() if _idle else _started()
    done = False
    try:
        messages.send_bytes(pickle.dumps((task, limit_s, compiled)))
        _next(messages, _SET_UP_S)
        began = time.perf_counter()
        answer = _next(messages, limit_s + grace_s(limit_s))
        took_s = time.perf_counter() - began
        done = answer is not None
    finally:
        if done:
            _idle.append((process, messages))
        else:
            end(process)
            messages.close()
    if not answer:
        raise OutOfTime(took_s)
    found: T = pickle.loads(answer)
    return found


_idle: list[tuple[Any, Connection]] = []
"""Processes that wait for a task; they end with this one."""


def _started() -> tuple[Any, Connection]:
    made = context()
    ours, theirs = made.Pipe()
    process = made.Process(target=_serve, args=(theirs,), daemon=True)
    may_have_children()
    with without_main():
        process.start()
    theirs.close()
    return process, ours


def _next(messages: Connection, within_s: float) -> bytes | None:
    """The next message; None when none came in time."""
    try:
        return messages.recv_bytes() if messages.poll(within_s) else None
    except (EOFError, OSError):
        words = "the process of the method ended without an answer"
        raise QtwinError(words, hint="it may have met the limit of memory") from None


def _serve(messages: Connection) -> None:
    """The side of the process: an empty message tells that the limit was met."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    die_with_parent()
    if "fork" in multiprocessing.get_all_start_methods():
        # numba's lock then leaves nothing behind when this process is ended
        multiprocessing.set_start_method("fork", force=True)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    while True:
        task, limit_s, compiled = pickle.loads(messages.recv_bytes())
        if compiled:
            load_compiled_code()
        messages.send_bytes(b"ready")
        try:
            with ended_after(limit_s):
                answer = pickle.dumps(task())
        except OutOfTime:
            answer = b""
        messages.send_bytes(answer)
