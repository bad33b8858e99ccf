"""An end to what does not look at the clock itself: linear algebra, iterations of other packages, set-up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_S = 0.25


class OutOfTime(BaseException):
    """The time of a method is over."""


def grace_s(limit_s: float) -> float:
    """What a method that minds the clock itself gets beyond its limit to end in good order: 8 %, or 0.8 s."""
    return 0.8 * max(0.1 * limit_s, 1.0)


@contextmanager
def ended_after(limit_s: float | None) -> Iterator[None]:
    """Raise `OutOfTime` in the body when the limit and its grace are over, and again until it ends.

    Without a limit, in other threads than the main one and where the system has no timers, nothing is raised.
    """
    timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if limit_s is None or not timed:
        yield
        return

    def over(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, over)
    try:
        signal.setitimer(signal.ITIMER_REAL, limit_s + grace_s(limit_s), _AGAIN_S)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
