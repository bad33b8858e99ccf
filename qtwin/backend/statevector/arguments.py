"""What comes in from outside, as the type that was wanted or an `InputError`."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

Floats = NDArray[np.float64]


def whole(value: Any, what: str) -> int:
    """An integer; a float, a bool or a text is refused."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InputError(f"{what} = {value!r} came, a whole number was wanted", hint=f"write {what} without a point")
    return int(value)


def thread_count(threads: int | None) -> int:
    """How many threads to use: all cores this process may use when None."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads is not None and whole(threads, "threads") < 1:
        raise InputError(f"{threads} threads came, at least 1 was wanted", hint="leave threads out for all cores")
    return cores if threads is None else whole(threads, "threads")


def reals(values: Any, what: str, *, length: int | None = None) -> Floats:
    """A vector of finite float64, of the given length where there is one."""
    try:
        array = np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} = {values!r} came, numbers were wanted", hint="an array of real numbers") from None
    wanted = array.ndim == 1 and (length is None or len(array) == length)
    if not wanted or not np.isfinite(array).all():
        size = "a vector of" if length is None else f"({length},)"
        raise InputError(f"{what} of shape {array.shape} came, {size} finite ones were wanted", hint="check length and NaN")
    return array
