"""How much of a method's time is left, and an end to what does not look at the clock: linear algebra, other packages, set-up."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_AGAIN_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """When a method that began at `began` (of `time.perf_counter`) has to end; never without a limit."""

    began: float
    limit_s: float | None

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, at least 0."""
        return None if self.limit_s is None else max(0.0, self.began + self.limit_s - time.perf_counter())

    def is_past(self) -> bool:
        """Whether nothing is left."""
        return self.left_s == 0.0

    def share(self, part: float) -> float | None:
        """That part of what is left, in seconds."""
        left = self.left_s
        return None if left is None else part * left


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
