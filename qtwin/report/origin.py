"""Which command made a page, kept beside it as ``origin.json``: `qtwin reproduce` makes its figures
again and compares.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from qtwin.benchmark.environment import versions

ORIGIN = "origin.json"
_ARGUMENTS: ContextVar[tuple[str, ...]] = ContextVar("arguments", default=())


@contextmanager
def made_by(arguments: Sequence[str]) -> Iterator[None]:
    """Pages written meanwhile are said to come from ``qtwin`` with these arguments."""
    before = _ARGUMENTS.set(tuple(arguments))
    try:
        yield
    finally:
        _ARGUMENTS.reset(before)


def command_line() -> str:
    """The command under way as a page tells it; empty where Python called.

    Pages are passed on: of a path outside the working folder only the last part is told, for the
    rest may name a person.
    """
    arguments = _ARGUMENTS.get()
    return shlex.join(("qtwin", *(_told(a) for a in arguments))) if arguments else ""


def _told(argument: str) -> str:
    option, equals, value = argument.partition("=")
    path = Path(value if equals else argument)
    if not path.is_absolute():
        return argument
    here = Path.cwd()
    told = str(path.relative_to(here)) if path.is_relative_to(here) else f".../{path.name}"
    return f"{option}={told}" if equals else told


def origin_text() -> bytes | None:
    """What ``origin.json`` says; None where Python called, and no command can be named."""
    arguments = _ARGUMENTS.get()
    if not arguments:
        return None
    return json.dumps(
        {"schema": "qtwin.origin/1", "arguments": list(arguments), "versions": versions()}, indent=1
    ).encode()
