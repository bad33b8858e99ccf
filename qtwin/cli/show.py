"""What the terminal shows: progress and tables on stderr, so that stdout stays free for machines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.table import Table

console = Console(stderr=True, highlight=False)
_spinning: list[Status] = []


@contextmanager
def stage(title: str) -> Iterator[list[str]]:
    """A spinner while a stage runs, then one line with what it found and the time it took."""
    found: list[str] = []
    started = time.perf_counter()
    with console.status(title) as spinner:
        _spinning.append(spinner)
        try:
            yield found
        finally:
            _spinning.remove(spinner)
    took = time.perf_counter() - started
    console.print(f"[bold]{title}[/bold]  {'; '.join(found)}  [dim]{took:.1f} s[/dim]")


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


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table."""
    shown = Table(title=title, title_justify="left", title_style="bold")
    for name in header:
        shown.add_column(name)
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


def note(text: str, *, style: str = "") -> None:
    """One line."""
    console.print(text, style=style, markup=False)
