"""What code that is not ours prints, kept away from standard output, which belongs to `--json`."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

KEPT_CHARACTERS = 2_000
"""Of what was printed; the rest is thrown away."""


@contextmanager
def captured() -> Iterator[list[str]]:
    """Whatever is written to standard output meanwhile, by Python or by a compiled library; the
    list holds its beginning after.

    Only the main thread can do so: elsewhere, as on a Dask worker, where several run at a time,
    nothing is redirected.
    """
    found: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    sys.stdout.flush()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as file:
        kept = os.dup(1)
        try:
            os.dup2(file.fileno(), 1)
            with redirect_stdout(file):
                yield found
        finally:
            file.flush()
            os.dup2(kept, 1)
            os.close(kept)
            file.seek(0)
            text = file.read(KEPT_CHARACTERS).strip()
            if text:
                found.append(text)
