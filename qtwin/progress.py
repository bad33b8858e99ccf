"""What long work says while it runs.

It never prints: whoever calls it passes a `Progress`; the command line draws one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_log = logging.getLogger("qtwin")


class Progress:
    """Says nothing on the screen: stages go into the log at level INFO, warnings at level WARNING.

    Example:
        >>> import qtwin as qt
        >>> class Said(qt.Progress):
        ...     def warn(self, text: str) -> None:
        ...         print(text)
        >>> Said().warn('mind the gap')
        mind the gap
    """

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

    def record(
        self, understood: Sequence[tuple[str, str]], missing: Sequence[str], notes: Sequence[str]
    ) -> None:
        """What was understood of a record, what is missing in it, and what was not used."""
        for line in (*missing, *notes):
            _log.info("%s", line)

    def warn(self, text: str) -> None:
        """One line that must not be missed."""
        _log.warning("%s", text)


SILENT = Progress()
