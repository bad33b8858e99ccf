"""How large real patients' questions are: marks on the map's axis of sizes, from `data/practice.toml` and the formulary."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from qtwin.pharmacology.formulary import formulary


@dataclass(frozen=True, kw_only=True)
class Practice:
    """A question as practice poses it.

    Attributes:
        label, short: In words; in a word or two.
        size: Decision variables.
        source: Where the number comes from.
        status: "literature", "assumed" or "counted".
    """

    label: str
    short: str
    size: int
    source: str
    status: str


def in_practice() -> tuple[Practice, ...]:
    """From the smallest to the largest."""
    kept = tomllib.loads((files("qtwin") / "data" / "practice.toml").read_text(encoding="utf-8"))
    every = sum(len(drug.doses) for drug in formulary().values())
    found = [
        Practice(
            label=q["label"],
            short=q["short"],
            size=every if q.get("formulary") else int(q["size"]),
            source=q["source"],
            status=q["status"],
        )
        for q in kept["question"]
    ]
    return tuple(sorted(found, key=lambda p: p.size))
