"""When a benefit accrues: every component of the utility names the condition, stage and measurement
that it needs.

Without its indication a component is zero and the harms stay. The table is ``data/benefits.toml``;
a row may hold for one class or some drugs. A fact that the record lacks is no indication, unless
the row says so: it tells what would have to be known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology.criterion import Criterion, read_criterion
from qtwin.pharmacology.drug import Drug
from qtwin.pharmacology.facts import Facts

COMPONENTS: Mapping[str, bool] = {
    "disease course": False,
    "symptomatic cognition": False,
    "mood": False,
    "behaviour": False,
    "pain": False,
    "bladder": False,
    "reflux": False,
    "fewer stroke": False,
    "fewer infarction": False,
    "fewer death": False,
    "fewer bleeding": False,
    "fewer falls": False,
    "fewer bradycardia": False,
    "fewer arrhythmia": False,
    "rate control": True,
    "pressure": True,
}
"""Component of the utility to whether it belongs to the person alone: its drugs act through the
rate or the pressure.
"""
_KEYS = {"component", "class", "drug", "drugs", "when", "unknown", "text", "source"}


@dataclass(frozen=True, kw_only=True)
class Indication:
    """One row: under `when` the component accrues, for one class, some drugs, or every drug that
    has such an effect.

    `unknown` lets it accrue where the record lacks what `when` asks for.
    """

    component: str
    drug_class: str
    inns: frozenset[str]
    when: Criterion
    unknown: bool
    text: str
    source: str

    def concerns(self, drug: Drug | None) -> bool:
        """Whether the row is about this drug."""
        if drug is None or not (self.drug_class or self.inns):
            return True
        return drug.drug_class == self.drug_class or drug.inn in self.inns

    def holds(self, facts: Facts) -> bool:
        """Whether the component accrues to this person."""
        found = self.when.holds(facts)
        return self.unknown if found is None else found


@lru_cache(maxsize=1)
def indications() -> tuple[Indication, ...]:
    """The rows of ``data/benefits.toml``.

    Raises:
        InputError: for a row with an unknown component or key, or without text or source.
    """
    file = "benefits.toml"
    raw = tomllib.loads((resources.files("qtwin") / "data" / file).read_text(encoding="utf-8"))
    return tuple(_row(row, f"{file} benefit {k + 1}") for k, row in enumerate(raw["benefit"]))


def _row(raw: Mapping[str, Any], where: str) -> Indication:
    for key in raw:
        if key not in _KEYS:
            raise unknown_name(f"key in {where}", key, _KEYS)
    if raw.get("component") not in COMPONENTS:
        raise unknown_name(f"component in {where}", str(raw.get("component")), COMPONENTS)
    for key in ("when", "text", "source"):
        if not raw.get(key):
            raise InputError(
                f"{where}: {key} is missing",
                hint="every benefit names its condition, in words and with a source",
            )
    return Indication(
        component=raw["component"],
        drug_class=raw.get("class", ""),
        inns=frozenset(raw.get("drugs", [raw["drug"]] if "drug" in raw else [])),
        when=read_criterion(raw["when"], where=where),
        unknown=bool(raw.get("unknown", False)),
        text=raw["text"],
        source=raw["source"],
    )


def accrues(component: str, drug: Drug | None, facts: Facts) -> bool:
    """Whether a component of the utility accrues to this person, through this drug."""
    return any(
        row.holds(facts)
        for row in indications()
        if row.component == component and row.concerns(drug)
    )


def why_not(component: str, drug: Drug | None, facts: Facts) -> str:
    """What the component would need, in words; "" where it accrues or no row is about the drug."""
    rows = [row for row in indications() if row.component == component and row.concerns(drug)]
    if any(row.holds(facts) for row in rows):
        return ""
    return "; or ".join(dict.fromkeys(row.text for row in rows))
