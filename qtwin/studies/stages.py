"""The stages of a study: each is kept on disk once finished, where there is a folder, and told to
whoever listens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.progress import SILENT, Progress


@dataclass(kw_only=True)
class Stages:
    """Where a study's stages are kept, who hears of them, and what they took.

    Attributes:
        checkpoint: None keeps nothing.
        progress: Who hears.
        wall_s: Seconds by part of the study.
    """

    checkpoint: Checkpoint | None = None
    progress: Progress = SILENT
    wall_s: dict[str, float] = field(default_factory=dict)

    def kept(self, name: str, compute: Callable[[], Any]) -> tuple[Any, bool]:
        """The stage's value, from disk if it was finished before; and whether it was."""
        return (
            (compute(), False) if self.checkpoint is None else self.checkpoint.stage(name, compute)
        )

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Charge what happens inside to a part of the study."""
        mark = time.perf_counter()
        yield
        self.wall_s[part] = self.wall_s.get(part, 0.0) + time.perf_counter() - mark
