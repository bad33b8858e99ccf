"""What a sweep shows of one family at one size: how large, how interacting, who proves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.benchmark.analysis import Best, Record, group_of
from qtwin.encoding.generate import PUBLISHED_PROOFS

_MEDIANS = (
    "n_variables",
    "n_decision",
    "objective_degree",
    "objective_density",
    "log2_candidates",
    "largest_choice",
    "energy_bits",
)


def places(records: Sequence[Record], best: Mapping[str, Best]) -> list[dict[str, Any]]:
    """One entry for every family and size.

    Returns:
        Of each: family (as in tables), generator, n, instances, the medians of their portraits, terms (order to median count),
        proven (instances whose optimum a solver proves), proven_by (labels), construction (whether the optimum is known from how
        the instances are made, or from the literature) and published_proof (by whom, in the latter case).
    """
    groups: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for r in records:
        if r.get("instance"):
            groups[group_of(r), r["task"]["n"]].append(r)
    return [_place(family, n, rows, best) for (family, n), rows in sorted(groups.items())]


def _place(family: str, n: int, rows: Sequence[Record], best: Mapping[str, Best]) -> dict[str, Any]:
    portraits = {r["instance_id"]: r["instance"] for r in rows}
    proofs: dict[str, set[str]] = defaultdict(set)
    for r in rows:
        if r.get("proven") and r.get("kind") != "null":
            proofs[r["instance_id"]].add(r["task"]["label"])
    known = [i for i in portraits if i in best and best[i].by == "construction"]
    orders = sorted({k for p in portraits.values() for k in p["terms"]})
    return {
        "family": family,
        "generator": rows[0]["task"]["family"],
        "n": n,
        "instances": len(portraits),
        **{name: float(np.median([p[name] for p in portraits.values()])) for name in _MEDIANS},
        "terms": {k: float(np.median([p["terms"].get(k, 0) for p in portraits.values()])) for k in orders},
        "proven": len({*proofs}),
        "proven_by": sorted({label for labels in proofs.values() for label in labels}),
        "construction": len(known) == len(portraits),
        "published_proof": PUBLISHED_PROOFS.get(rows[0]["task"]["family"], "") if len(known) == len(portraits) else "",
    }
