"""The risks of this person: survival by a life table and the stage of dementia, and the hazard of each outcome without drugs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.outcome import life_table, outcome_table
from qtwin.pharmacology.quantity import Quantity
from qtwin.pharmacology.survival import Prospects

REFERENCE_AGE_YEARS = 76.0
_USUAL_HEART_RATE = 65.0
_QTC_LIMIT_MS = 450.0
_YEARS_AHEAD = 45


def prospects(*, age_years: float, sex: str, mmse: NDArray[np.float64] | None = None, demented: bool = False) -> Prospects:
    """Survival and cognition year by year without drugs.

    Args:
        age_years: Age now.
        sex: "female", "male" or anything else for the mean of both.
        mmse: (y,) expected MMSE in the years ahead; its last value holds on. Without it, 29.
        demented: Whether the hazard ratio of the stage of dementia applies: of the stage now, for the years that follow, as
            it was measured. A woman with mild dementia at 77 then lives 5.5 years in the median; after a diagnosis it is 5.7
            (Larson 2004, Ann Intern Med 140:501).
    """
    hazard = life_table().hazards_per_year(age_years=age_years, sex=sex, years=_YEARS_AHEAD)
    course = np.full(_YEARS_AHEAD, 29.0)
    if mmse is not None:
        course = np.asarray(mmse, dtype=np.float64)[np.minimum(np.arange(_YEARS_AHEAD), len(mmse) - 1)]
    stage = ""
    if demented:
        stages = sorted(((float(k.removeprefix("mmse_")), k) for k in outcome_table().stage), reverse=True)
        stage = next((key for lowest, key in stages if course[0] >= lowest), stages[-1][1])
        hazard = hazard * outcome_table().stage[stage].value
    return Prospects(hazard_per_year=hazard, mmse=course, stage=stage)


def cha2ds2_vasc(*, age_years: float, female: bool, conditions: frozenset[str]) -> int:
    """CHA2DS2-VASc score (Lip 2010, Chest 137:263) from age, sex and condition keys."""
    score = 2 if age_years >= 75 else int(age_years >= 65)
    groups = (
        {"heart_failure", "reduced_ejection_fraction"},
        {"hypertension"},
        {"diabetes"},
        {"vascular_disease", "myocardial_infarction", "peripheral_artery_disease", "coronary_disease"},
    )
    score += int(female) + sum(bool(group & conditions) for group in groups)
    return score + 2 * bool({"stroke", "transient_ischaemic_attack"} & conditions)


class Part(NamedTuple):
    """One uncertain number of a hazard: where it stands, the number, and the power to which it enters the product."""

    key: str
    quantity: Quantity
    power: float = 1.0


def hazard_parts(facts: Facts) -> dict[str, list[Part]]:
    """The numbers whose product is the hazard of each outcome but death, before what the heart rate and the QTc add.

    The table's hazard and the ratios of age and of the conditions in the record; in atrial fibrillation the stroke hazard is that
    of the score alone.
    """
    table, age = outcome_table(), facts.numbers.get("age_years", REFERENCE_AGE_YEARS)
    decades = (min(max(age, 50.0), 95.0) - REFERENCE_AGE_YEARS) / 10.0
    holds = {"male": facts.words.get("sex") == "male", "without_dementia": "dementia" not in facts.conditions}
    parts = {}
    for outcome, base in table.hazard.items():
        parts[outcome] = [Part(f"hazard {outcome}", base)]
        for name, ratio in table.factor.get(outcome, {}).items():
            key = f"factor {outcome} {name}"
            if name == "per_decade":
                parts[outcome] += [Part(key, ratio, decades)] if decades else []
            elif holds[name] if name in holds else not facts.conditions.isdisjoint(name.split("|")):
                parts[outcome].append(Part(key, ratio))
    if "atrial_fibrillation" in facts.conditions:
        score = cha2ds2_vasc(age_years=age, female=facts.words.get("sex") == "female", conditions=facts.conditions)
        name = f"score_{min(score, len(table.stroke_by_score) - 1)}"
        parts["stroke"] = [Part(f"stroke by cha2ds2_vasc {name}", table.stroke_by_score[name])]
    return parts


def hazards_per_year(facts: Facts) -> dict[str, float]:
    """Yearly hazard of each outcome but death in this person without drugs.

    The product of its parts; a slow heart raises bradycardia and a long QTc arrhythmia as a drug's effect of that size would.
    """
    table = outcome_table()
    hazards = {
        outcome: math.prod(part.quantity.value**part.power for part in parts) for outcome, parts in hazard_parts(facts).items()
    }
    rate, qtc = facts.numbers.get("heart_rate"), facts.numbers.get("qtc")
    if rate is not None:
        slower = max(_USUAL_HEART_RATE - rate, 0.0) / _USUAL_HEART_RATE
        hazards["bradycardia"] *= math.exp(table.constant["bradycardia_per_fall"].value * slower)
    if qtc is not None:
        hazards["arrhythmia"] *= math.exp(table.constant["arrhythmia_per_ms"].value * max(qtc - _QTC_LIMIT_MS, 0.0))
    return hazards
