"""The part of a sweep about noise: success of a shot against the two-qubit error, and the error budget of each size."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.benchmark.analysis import Best, group_of, hits
from qtwin.benchmark.metrics import posterior
from qtwin.benchmark.noise import Level, fit
from qtwin.errors import InputError


def noise_of(
    rows: Sequence[Mapping[str, Any]], best: Mapping[str, Best], levels: Mapping[str, tuple[str, float]]
) -> list[dict[str, Any]]:
    """One entry for each family, size and solver that ran at several error rates; JSON values.

    The shots of all instances and runs are pooled; the chance of a guess is their mean.

    Returns:
        family, n, solver, two_qubit_gates and depth (all-to-all, where the solver told them), levels (error, hits, shots, low,
        high), chance, and either the fit (p0, gates, budget with intervals) or why there is none.
    """
    groups: dict[tuple[str, int, str], list[tuple[float, Mapping[str, Any]]]] = defaultdict(list)
    for r in rows:
        known = levels.get(r["task"]["label"])
        if known and r.get("samples"):
            groups[group_of(r), r["task"]["n"], known[0]].append((known[1], r))
    return [_entry(key, members, best) for key, members in sorted(groups.items())]


def _entry(
    key: tuple[str, int, str], members: Sequence[tuple[float, Mapping[str, Any]]], best: Mapping[str, Best]
) -> dict[str, Any]:
    family, n, solver = key
    pooled: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for error, r in members:
        pooled[error][0] += hits(r, best)
        pooled[error][1] += int(r["samples"]["shots"])
    measured = [Level(error=e, hits=h, shots=s) for e, (h, s) in sorted(pooled.items())]
    chances = [r["instance"]["chance"] for _, r in members if r["instance"].get("chance") is not None]
    resources = next((r["resources"] for _, r in members if r.get("resources")), None) or {}
    entry: dict[str, Any] = {
        "family": family,
        "n": n,
        "solver": solver,
        "resources": resources,
        "levels": [
            {"error": m.error, "hits": m.hits, "shots": m.shots, "low": low, "high": high}
            for m in measured
            for low, high in [posterior(m.hits, m.shots)]
        ],
        "chance": float(np.mean(chances)) if chances else None,
    }
    if not chances:
        return entry | {"refused": "the chance of a guess is known up to 16 qubits only"}
    try:
        return entry | dataclasses.asdict(fit(measured, chance=float(np.mean(chances))))
    except InputError as error:
        return entry | {"refused": error.message}
