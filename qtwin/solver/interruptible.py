"""A vendor's search that Ctrl-C stops softly: it runs beside, the caller waits and hears the signal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run_interruptibly(work: Callable[[], T], stop: Callable[[], None]) -> tuple[T, bool]:
    """Run `work` in a thread of its own; on Ctrl-C ask it to `stop` and wait for what it has.

    Compiled searches do not look at Python's signals, and some swallow them; a waiting main thread does neither.

    Args:
        work: The search; it must let go of the interpreter's lock while it computes.
        stop: Asks the search to end soon; called from another thread than `work`.

    Returns:
        What `work` returned, and whether it was interrupted.

    Raises:
        KeyboardInterrupt: on a second Ctrl-C; the search is then left behind.
    """
    found: list[T] = []
    failed: list[BaseException] = []
    done = threading.Event()  # Thread.join, when it is interrupted, can take a running thread for a finished one (Python 3.11)

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    interrupted = False
    while not done.is_set():
        try:
            done.wait(0.1)
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            stop()
    if failed:
        raise failed[0]
    return found[0], interrupted
