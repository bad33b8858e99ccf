"""What the terminal shows: progress and tables on stderr, so that stdout stays free for
machines.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.table import Table

from qtwin.progress import Progress

console = Console(stderr=True, highlight=False)
_spinning: list[Status] = []
_ALIVE_S = 30.0


class Terminal(Progress):
    """Draws stages: a spinner where somebody looks, a line every half minute where nobody does, so
    that a log shows life.
    """

    def __init__(self) -> None:
        self._steps: list[str] = []

    @contextmanager
    def stage(self, title: str) -> Iterator[list[str]]:
        found: list[str] = []
        started = time.perf_counter()
        self._steps.append("")
        with console.status(title) as spinner, self._alive(title, started):
            _spinning.append(spinner)
            try:
                yield found
            finally:
                _spinning.remove(spinner)
                self._steps.pop()
        took = time.perf_counter() - started
        console.print(f"[bold]{title}[/bold]  {'; '.join(found)}  [dim]{took:.1f} s[/dim]")

    def step(self, text: str) -> None:
        if self._steps:
            self._steps[-1] = text
        if _spinning:
            _spinning[-1].update(f"{text}")

    @contextmanager
    def _alive(self, title: str, started: float) -> Iterator[None]:
        if sys.stderr.isatty():
            yield
            return
        over = threading.Event()

        def tell() -> None:
            while not over.wait(_ALIVE_S):
                step = self._steps[-1] if self._steps else ""
                said = (
                    f"{title}: {step + ', ' if step else ''}{time.perf_counter() - started:.0f} "
                    "s so far"
                )
                console.print(said, markup=False, soft_wrap=True)

        told = threading.Thread(target=tell, daemon=True)
        told.start()
        try:
            yield
        finally:
            over.set()
            told.join()

    def note(self, text: str, *, style: str = "") -> None:
        console.print(text, style=style, markup=False)

    def warn(self, text: str) -> None:
        console.print(
            text if text.startswith("ALARM") else f"warning: {text}",
            markup=False,
            style=_style(text),
        )

    def record(
        self, understood: Sequence[tuple[str, str]], missing: Sequence[str], notes: Sequence[str]
    ) -> None:
        table("What the record says", ("", ""), understood)
        for line in missing:
            self.note(f"missing: {line}", style="yellow")
        for line in notes:
            self.note(f"note: {line}", style="dim")


def _style(text: str) -> str:
    return "bold red" if text.startswith("ALARM") else "yellow"


class _Warnings(logging.Handler):
    """Warnings of the package, as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        terminal.warn(record.getMessage())


def show_warnings() -> None:
    """Let the package's log messages of level WARNING and above appear on the terminal."""
    log = logging.getLogger("qtwin")
    if not any(isinstance(h, _Warnings) for h in log.handlers):
        log.addHandler(_Warnings(level=logging.WARNING))
        log.propagate = False


terminal = Terminal()
stage = terminal.stage
note = terminal.note


def ask(question: str) -> bool:
    """A yes or no on the terminal, no by default; a spinner rests meanwhile."""
    import typer

    for spinner in _spinning:
        spinner.stop()
    try:
        return typer.confirm(question, default=False, err=True)
    finally:
        for spinner in _spinning:
            spinner.start()


def table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, red: Sequence[bool] = ()
) -> None:
    """A plain table, some rows in red; long words fold, so that what one must type is never cut."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    for name in header:
        shown.add_column(name, overflow="fold")
    for k, row in enumerate(rows):
        shown.add_row(*row, style="red" if red and red[k] else None)
    console.print(shown)
