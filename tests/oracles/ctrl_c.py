"""Ctrl-C that arrives while a search is being waited for, however slow the machine is."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from qtwin.solver.interruptible import run_interruptibly


def _waits(frame: FrameType | None) -> bool:
    """Whether the main thread stands inside the wait of `run_interruptibly`, where a user's Ctrl-C
    almost always finds it.
    """
    inside = False
    while frame is not None:
        if frame.f_code is run_interruptibly.__code__:
            return inside
        inside = frame.f_code is threading.Event.wait.__code__
        frame = frame.f_back
    return False


@contextmanager
def ctrl_c(*after_s: float) -> Iterator[None]:
    """Press Ctrl-C once at each of these times, or as soon as a search is waited for then."""
    heard, over = [0], threading.Event()

    def hear(_: int, frame: FrameType | None) -> None:
        if _waits(frame):
            heard[0] += 1
            raise KeyboardInterrupt

    def press() -> None:
        began = time.monotonic()
        for count, moment in enumerate(after_s):
            over.wait(max(began + moment - time.monotonic(), 0.0))
            while heard[0] <= count and not over.is_set():
                _thread.interrupt_main()
                over.wait(0.02)

    before = signal.signal(signal.SIGINT, hear)
    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGINT, before)
