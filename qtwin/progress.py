"""What long work says while it runs. It never prints: whoever calls it passes a `Progress`; the command line draws one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtwin.patient.person import Patient

_log = logging.getLogger("qtwin")


class Progress:
    """Says nothing on the screen: stages go into the log at level INFO, warnings at level WARNING."""

    @contextmanager
    def stage(self, title: str) -> Iterator[list[str]]:
        """Around a stage; the list takes a few words on what it found."""
        found: list[str] = []
        yield found
        _log.info("%s: %s", title, "; ".join(found))

    def step(self, text: str) -> None:
        """How far the present stage has come, such as "12 of 60 cells"."""

    def note(self, text: str, *, style: str = "") -> None:
        """One line; `style` is a hint such as "bold" or "yellow"."""
        _log.info("%s", text)

    def record(self, patient: Patient) -> None:
        """What was understood of a record, and what is missing in it."""
        for line in (*patient.missing, *patient.notes):
            _log.info("%s", line)

    def warn(self, text: str) -> None:
        """One line that must not be missed."""
        _log.warning("%s", text)


SILENT = Progress()
