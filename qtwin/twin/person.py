"""What a patient's genes, kidneys, diagnoses and measurements mean for drugs: clearance, risks, and
which benefits accrue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.patient.person import Patient
from qtwin.pharmacology.drug import ROUTES
from qtwin.pharmacology.facts import Facts, facts_of
from qtwin.pharmacology.kinetics import CYP2C19_ACTIVITY, relative_activity
from qtwin.pharmacology.panel import Person
from qtwin.pharmacology.quantity import read_quantities
from qtwin.pharmacology.risk import hazards_per_year, prospects

REFERENCE_CREATININE_CLEARANCE_ML_PER_MIN = 100.0
DEFAULT_CYP2D6_SCORE = 1.5
"""Assumed when no genotype is known: about the mean activity score of Europeans."""
_USUAL_SYSTOLIC_MMHG = {True: 145.0, False: 130.0}
"""Assumed where no pressure is in the record, with and without hypertension."""


def e4_share() -> tuple[float, float, float]:
    """Probability of 0, 1 and 2 copies of APOE e4 in somebody with Alzheimer's disease."""
    q = read_quantities("disease_alzheimer.toml")
    return q["e4_share_0"].value, q["e4_share_1"].value, q["e4_share_2"].value


def _activity(patient: Patient, assumed: list[str]) -> NDArray[np.float64]:
    activity = dict.fromkeys(ROUTES, 1.0)
    cyp2d6 = patient.genotypes.get("CYP2D6")
    if cyp2d6 is not None and cyp2d6.activity_score is not None:
        activity["CYP2D6"] = relative_activity(cyp2d6.activity_score)
    else:
        activity["CYP2D6"] = relative_activity(DEFAULT_CYP2D6_SCORE)
        assumed.append(
            f"CYP2D6 activity unknown: an activity score of {DEFAULT_CYP2D6_SCORE} is assumed"
        )
    cyp2c19 = patient.genotypes.get("CYP2C19")
    phenotype = (cyp2c19.phenotype or "").lower() if cyp2c19 is not None else ""
    if phenotype in CYP2C19_ACTIVITY:
        activity["CYP2C19"] = CYP2C19_ACTIVITY[phenotype]
    else:
        assumed.append("CYP2C19 phenotype unknown: a normal metaboliser is assumed")
    cyp2c9 = patient.genotypes.get("CYP2C9")
    known = read_quantities("cyp2c9_activity.toml")
    phenotype = (
        (cyp2c9.phenotype or "").lower().removeprefix("likely ") if cyp2c9 is not None else ""
    )
    if phenotype in known:
        activity["CYP2C9"] = known[phenotype].value
    elif cyp2c9 is not None:
        assumed.append("CYP2C9 phenotype unknown: a normal metaboliser is assumed")
    clearance = patient.creatinine_clearance_mL_per_min
    if clearance is None:
        assumed.append("creatinine clearance unknown: 65 mL/min is assumed, usual at this age")
        clearance = 65.0
    activity["renal"] = clearance / REFERENCE_CREATININE_CLEARANCE_ML_PER_MIN
    array = np.array([activity[r] for r in ROUTES])
    array.flags.writeable = False
    return array


def person_of(
    patient: Patient, *, beta1_gain: float = 1.0, mmse: NDArray[np.float64] | None = None
) -> tuple[Person, list[str]]:
    """What pharmacology needs to know of a patient, relative to a CYP2D6 *1/*1, CYP2C19 normal
    person of 100 mL/min.

    Args:
        patient: The record.
        beta1_gain: Response of the beta-1 receptor over that of ADRB1 Arg389, see
            `qtwin.pharmacology.receptor`.
        mmse: (y,) expected MMSE in the years ahead, for survival and quality of life; without it
            the last MMSE holds on.

    Returns:
        The person, and a plain statement for each assumption that had to be made.
    """
    assumed: list[str] = []
    activity = _activity(patient, assumed)
    known_copies = patient.apoe_e4_copies
    if known_copies is None:
        assumed.append(
            "APOE unknown: harms are averaged over the genotypes of people with Alzheimer's disease"
        )
        share = e4_share()
    else:
        share = tuple(float(k == known_copies) for k in range(3))  # type: ignore[assignment]
    facts = facts_of(patient)
    systolic = facts.numbers.get("systolic_bp")
    if systolic is None:
        systolic = _USUAL_SYSTOLIC_MMHG["hypertension" in facts.conditions]
        assumed.append(f"systolic pressure unknown: {systolic:.0f} mmHg is assumed")
    last = facts.numbers.get("mmse")
    return Person(
        activity=activity,
        apoe_e4_share=share,
        hazards_per_year=hazards_per_year(facts),
        prospects=prospects(
            age_years=patient.age_years,
            sex=patient.sex,
            mmse=mmse if mmse is not None else None if last is None else np.array([last]),
            demented=demented(facts),
        ),
        facts=facts,
        systolic_mmHg=float(systolic),
        beta1_gain=beta1_gain,
    ), assumed


def demented(facts: Facts) -> bool:
    """Whether the record tells of dementia, so that its stage raises the hazard of death."""
    return bool(
        {"dementia", "alzheimer_disease", "vascular_dementia", "lewy_body_dementia"}
        & facts.conditions
    )
