"""How QAOA's angles are chosen. `TABLE` maps a schedule's name to its function; adding one is one file and one line.

A schedule is a function (search, layers, *, starts, rng) that leaves its angles in an `AngleSearch` of depth `layers`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Literal

from qtwin.errors import unknown_name

Name = Literal["interp", "fourier", "fixed-angles", "linear-ramp", "transferred"]
TABLE: dict[str, str] = {
    "interp": "qtwin.solver.schedule.interp:interp",
    "fourier": "qtwin.solver.schedule.fourier:fourier",
    "fixed-angles": "qtwin.solver.schedule.fixed_angles:fixed_angles",
    "linear-ramp": "qtwin.solver.schedule.linear_ramp:linear_ramp",
    "transferred": "qtwin.solver.schedule.transferred:transferred",
}


def find(name: str) -> Callable[..., None]:
    """The schedule of that name.

    Raises:
        InputError: for an unknown name.
    """
    if name not in TABLE:
        raise unknown_name("schedule", name, TABLE)
    module, _, attribute = TABLE[name].partition(":")
    found: Any = getattr(importlib.import_module(module), attribute)
    return found  # type: ignore[no-any-return]
