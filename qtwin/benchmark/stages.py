"""Where the time of a run went, under names that all solvers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

STAGES = ("model", "encode", "train", "transpile", "execute", "post-process")
"""In the order of a run. Queueing for a machine is kept apart: it is nobody's algorithm."""
_KNOWN = {
    "model": "encode",  # a solver's own model of the polynomial, such as a linearisation
    "training": "train",
    "training angles": "train",
    "transpilation": "transpile",
    "transpiling": "transpile",
    "compiling": "transpile",
    "reading out": "post-process",
    "post-processing": "post-process",
    "descent": "post-process",
}


def split(wall_s: Mapping[str, float], *, made_s: Mapping[str, float] | None = None) -> dict[str, float]:
    """Seconds by stage; what a solver names otherwise (search, sampling, listing, simulation) is its execution.

    Args:
        wall_s: The solver's own stages.
        made_s: Seconds by `model` and `encode` before the solver came, the same for all solvers of an instance.
    """
    out = dict.fromkeys(STAGES, 0.0)
    for name, seconds in (made_s or {}).items():
        out[name if name in out else "encode"] += seconds
    for name, seconds in wall_s.items():
        if name != "queue":
            out[_KNOWN.get(name, "execute")] += seconds
    return out


def means(splits: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Mean seconds of each stage over runs; zeros for no run."""
    rows = list(splits)
    return {name: float(np.mean([r.get(name, 0.0) for r in rows])) if rows else 0.0 for name in STAGES}
