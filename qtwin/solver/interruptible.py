"""A vendor's search that Ctrl-C stops softly: it runs beside, the caller waits and hears the
signal.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def run_interruptibly(work: Callable[[], T], stop: Callable[[], None]) -> tuple[T, bool]:
    """Run `work` in a thread of its own; on Ctrl-C ask it to `stop` and wait for what it has.

    Compiled searches do not look at Python's signals, and some swallow them; a waiting main thread
    does neither.

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
    # Thread.join, when it is interrupted, can take a running thread for a finished one (Python
    # 3.11)
    done = threading.Event()

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


# Compiled work cut into chunks for all threads, with a deadline, a soft end on Ctrl-C, and a trace
# of the lowest energies.

Chunk = Callable[[int, NDArray[np.uint8]], tuple[int, int, int]]
"""(number of the chunk, (1,) flag to end at) to (lowest energy, whole number; where; how many were
evaluated).
"""

NOTHING = 1 << 62
"""Above every energy: what a chunk with nothing feasible in it returns."""


@dataclass(frozen=True, kw_only=True)
class Lowest:
    """What all chunks together found.

    Attributes:
        energy: Lowest energy, `NOTHING` if there is none.
        chunk, where: Its chunk, and its place there; the first of equal ones.
        evaluated: How many were evaluated.
        complete: Whether no chunk was left out or cut short.
        interrupted: Whether Ctrl-C ended it.
        improvements: (seconds, evaluated, energy) whenever a chunk brought a lower one.
    """

    energy: int
    chunk: int
    where: int
    evaluated: int
    complete: bool
    interrupted: bool
    improvements: tuple[tuple[float, int, int], ...]


def lowest(work: Chunk, chunks: int, *, time_limit_s: float | None = None) -> Lowest:
    """Work through chunks 0, 1, ... on all threads that numba may use; the first one is always
    begun.

    Args:
        work: Lets go of the interpreter's lock while it computes, and has seen something before it
            looks at its flag.
        chunks: How many there are.
        time_limit_s: None starts after this long, and those under way end at their flag.
    """
    import numba  # not for those who only want `whole_scale`

    began = time.perf_counter()
    flag = np.zeros(1, dtype=np.uint8)
    lock = threading.Lock()
    best, evaluated, finished, following = (NOTHING, 0, 0), 0, 0, 0
    improvements: list[tuple[float, int, int]] = []

    def serve() -> None:
        nonlocal best, evaluated, finished, following
        while True:
            with lock:
                number = following
                if number >= chunks or (number and flag[0]):
                    return
                following += 1
            energy, where, count = work(number, flag)
            with lock:
                evaluated += count
                finished += not flag[0]
                if energy < best[0]:
                    improvements.append((time.perf_counter() - began, evaluated, energy))
                if energy < NOTHING:
                    best = min(best, (energy, number, where))

    def halt() -> None:
        flag[0] = 1

    def run() -> None:
        threads = max(1, min(chunks, numba.get_num_threads()))
        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(serve) for _ in range(threads)]:
                future.result()

    clock = None if time_limit_s is None else threading.Timer(time_limit_s, halt)
    if clock is not None:
        clock.daemon = True
        clock.start()
    try:
        _, interrupted = run_interruptibly(run, halt)
    finally:
        halt()
        if clock is not None:
            clock.cancel()
    return Lowest(
        energy=best[0],
        chunk=best[1],
        where=best[2],
        evaluated=evaluated,
        complete=finished == chunks,
        interrupted=interrupted,
        improvements=tuple(improvements),
    )


def whole_scale(total: float, bits: int) -> float:
    """The power of two that makes sums of coefficients with this total of magnitudes fill `bits`
    bits, and not more.
    """
    return math.ldexp(1.0, min(bits - math.frexp(total)[1], 1000)) if total > 0.0 else 1.0
