"""A `Result` as nested dicts of JSON values and arrays, and back, for checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qtwin.backend.base import Samples
from qtwin.solver.base import Result, TracePoint


def to_plain(result: Result) -> dict[str, Any]:
    """Dicts, lists, numbers and arrays only."""
    fields = dict(vars(result))
    fields["trace"] = [[p.time_s, p.evaluations, p.best_energy] for p in result.trace]
    fields["samples"] = None if result.samples is None else {"bits": result.samples.bits, "counts": result.samples.counts}
    for name in ("wall_s", "info", "offences"):
        fields[name] = dict(fields[name])
    return fields


def from_plain(plain: Mapping[str, Any]) -> Result:
    """The result again."""
    fields = dict(plain)
    fields["trace"] = tuple(TracePoint(time_s=t, evaluations=int(n), best_energy=e) for t, n, e in fields["trace"])
    if fields["samples"] is not None:
        samples = fields["samples"]
        fields["samples"] = Samples(
            bits=np.asarray(samples["bits"], dtype=np.uint8), counts=np.asarray(samples["counts"], dtype=np.int64)
        )
    return Result(**fields)
