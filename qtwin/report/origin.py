"""Which command made a page: kept beside it as ``rerun.json``, so that `qtwin rerun` can make its figures again and compare."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from qtwin.benchmark.surroundings import versions

ORIGIN = "rerun.json"
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
    """The command under way as a shell reads it; empty where Python called."""
    arguments = _ARGUMENTS.get()
    return shlex.join(("qtwin", *arguments)) if arguments else ""


def origin_text() -> bytes | None:
    """What ``rerun.json`` says; None where Python called, and no command can be named."""
    arguments = _ARGUMENTS.get()
    if not arguments:
        return None
    return json.dumps({"schema": "qtwin.rerun/1", "arguments": list(arguments), "versions": versions()}, indent=1).encode()
