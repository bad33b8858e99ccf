"""How much of a method's time is left."""

from __future__ import annotations

import time
from dataclasses import dataclass


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
