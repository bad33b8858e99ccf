"""Clinical outcomes that drugs make more or less likely: baseline hazards, what an event costs, and the constants between.

Harm is bounded: an outcome of hazard h over T years happens with probability 1 - exp(-h T).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from qtwin.pharmacology.quantity import Quantity

OUTCOMES = ("stroke", "bleeding", "bradycardia", "falls", "arrhythmia", "death")
HAZARD_RATIOS = (*OUTCOMES, "infarction")
"""Outcomes for which a drug may give a hazard ratio."""
KINDS = (
    "disease course",
    "symptomatic cognition",
    "mood",
    "behaviour",
    "rate control",
    "stroke",
    "survival",
    "bleeding",
    "bradycardia",
    "falls",
    "arrhythmia",
    "ARIA",
    "anticholinergic cognition",
    "intolerance",
)
BENEFITS = frozenset(KINDS[:7])
"""Kinds reported as benefit; the others are reported as harm. Each is a signed QALY difference from taking nothing."""


@dataclass(frozen=True, kw_only=True)
class OutcomeTable:
    """The contents of ``data/outcomes.toml``.

    Attributes:
        hazard: Outcome to yearly hazard.
        stroke_by_score: CHA2DS2-VASc score to yearly stroke hazard in untreated atrial fibrillation.
        loss: Event to QALY lost.
        constant: Named constants of the response model.
    """

    hazard: Mapping[str, Quantity]
    stroke_by_score: Mapping[str, Quantity]
    loss: Mapping[str, Quantity]
    constant: Mapping[str, Quantity]


@lru_cache(maxsize=1)
def outcome_table() -> OutcomeTable:
    """Read and check ``data/outcomes.toml``."""
    file = "outcomes.toml"
    raw = tomllib.loads((resources.files("qtwin") / "data" / file).read_text(encoding="utf-8"))

    def section(name: str, unit: str | None) -> dict[str, Quantity]:
        return {k: Quantity.read(v, where=f"{file} [{name}] {k}", unit=unit or v.get("unit", "")) for k, v in raw[name].items()}

    return OutcomeTable(
        hazard=section("hazard", "1/year"),
        stroke_by_score=section("stroke_by_cha2ds2_vasc", "1/year"),
        loss=section("loss", "QALY"),
        constant=section("constant", None),
    )


def cha2ds2_vasc(*, age_years: float, female: bool, conditions: frozenset[str]) -> int:
    """CHA2DS2-VASc score (Lip 2010, Chest 137:263) from age, sex and condition keys."""
    score = 2 if age_years >= 75 else int(age_years >= 65)
    score += int(female) + sum(key in conditions for key in ("heart_failure", "hypertension", "diabetes", "vascular_disease"))
    return score + 2 * ("stroke" in conditions)


def baseline_hazards_per_year(*, age_years: float, female: bool, conditions: frozenset[str]) -> dict[str, float]:
    """Yearly hazard of each outcome in this person without drugs; atrial fibrillation sets the stroke hazard by score."""
    table = outcome_table()
    hazards = {k: q.value for k, q in table.hazard.items()}
    if "atrial_fibrillation" in conditions:
        score = min(cha2ds2_vasc(age_years=age_years, female=female, conditions=conditions), len(table.stroke_by_score) - 1)
        hazards["stroke"] = table.stroke_by_score[f"score_{score}"].value
    return hazards
