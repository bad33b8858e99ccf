"""Fixed angles: those of cubic graphs for MaxCut, untrained (Wurtz, Lykov 2021, PRA 104:052419), rescaled to the instance.

On a cubic graph with unit weights the cost C = sum Z Z / 2 has a root mean square field of sqrt(3) / 2, so the published gamma
becomes gamma sqrt(3) / 2 for the scaled cost; with `cost_scale` the same angles serve any other instance as a guess (compare
Sureshbabu et al. 2024, Quantum 8:1231). The guarantee holds for MaxCut of cubic graphs alone.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.solver.angle_search import AngleSearch

Array = NDArray[np.float64]


@cache
def _table() -> list[dict[str, object]]:
    text = (resources.files("qtwin") / "data" / "angles" / "cubic_graphs.toml").read_text(encoding="utf-8")
    found: list[dict[str, object]] = tomllib.loads(text)["depth"]
    return found


def published(layers: int) -> tuple[Array, float]:
    """(2 layers,) angles for the scaled cost, and the share of the best cut that they guarantee on cubic graphs.

    Raises:
        InputError: for a depth that was not published.
    """
    table = _table()
    if not 1 <= layers <= len(table):
        raise InputError(
            f"fixed angles of {layers} layers were asked for, 1 to {len(table)} are published", hint='schedule = "linear-ramp"'
        )
    row = table[layers - 1]
    gamma, beta = np.asarray(row["gamma"], dtype=np.float64), np.asarray(row["beta"], dtype=np.float64)
    return np.column_stack([gamma * np.sqrt(3.0) / 2.0, -beta]).reshape(-1), float(str(row["share"]))


def fixed_angles(search: AngleSearch, layers: int, *, starts: int, rng: np.random.Generator) -> None:
    """The published angles; one evaluation, to know their energy."""
    theta, _ = published(layers)
    search.deepen(layers)
    search.evaluate(theta)
    search.theta = theta
    search.close()
