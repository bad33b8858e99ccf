"""What a patient's genes and kidneys mean for the routes by which drugs are cleared."""

from __future__ import annotations

import numpy as np

from qtwin.patient.condition import with_implied
from qtwin.patient.person import Patient
from qtwin.pharmacology.drug import ROUTES
from qtwin.pharmacology.kinetics import CYP2C19_ACTIVITY, relative_activity
from qtwin.pharmacology.outcome import baseline_hazards_per_year
from qtwin.pharmacology.panel import Person
from qtwin.pharmacology.quantity import read_quantities

REFERENCE_CREATININE_CLEARANCE_ML_PER_MIN = 100.0
DEFAULT_CYP2D6_SCORE = 1.5
"""Assumed when no genotype is known: about the mean activity score of Europeans."""


def e4_share() -> tuple[float, float, float]:
    """Probability of 0, 1 and 2 copies of APOE e4 in somebody with Alzheimer's disease."""
    q = read_quantities("disease_alzheimer.toml")
    return q["e4_share_0"].value, q["e4_share_1"].value, q["e4_share_2"].value


def person_of(patient: Patient, *, beta1_gain: float = 1.0) -> tuple[Person, list[str]]:
    """Route activities relative to a CYP2D6 *1/*1, CYP2C19 normal person with a creatinine clearance of 100 mL/min.

    Args:
        patient: The record.
        beta1_gain: Response of the beta-1 receptor over that of ADRB1 Arg389, see `qtwin.pharmacology.receptor_variant`.

    Returns:
        The person, and a plain statement for each assumption that had to be made.
    """
    assumed: list[str] = []
    activity = dict.fromkeys(ROUTES, 1.0)
    cyp2d6 = patient.genotypes.get("CYP2D6")
    if cyp2d6 is not None and cyp2d6.activity_score is not None:
        activity["CYP2D6"] = relative_activity(cyp2d6.activity_score)
    else:
        activity["CYP2D6"] = relative_activity(DEFAULT_CYP2D6_SCORE)
        assumed.append(f"CYP2D6 activity unknown: an activity score of {DEFAULT_CYP2D6_SCORE} is assumed")
    cyp2c19 = patient.genotypes.get("CYP2C19")
    phenotype = (cyp2c19.phenotype or "").lower() if cyp2c19 is not None else ""
    if phenotype in CYP2C19_ACTIVITY:
        activity["CYP2C19"] = CYP2C19_ACTIVITY[phenotype]
    else:
        assumed.append("CYP2C19 phenotype unknown: a normal metaboliser is assumed")
    clearance = patient.creatinine_clearance_mL_per_min
    if clearance is None:
        assumed.append("creatinine clearance unknown: 65 mL/min is assumed, usual at this age")
        clearance = 65.0
    activity["renal"] = clearance / REFERENCE_CREATININE_CLEARANCE_ML_PER_MIN
    known_copies = patient.apoe_e4_copies
    if known_copies is None:
        assumed.append("APOE unknown: harms are averaged over the genotypes of people with Alzheimer's disease")
        share = e4_share()
    else:
        share = tuple(float(k == known_copies) for k in range(3))  # type: ignore[assignment]
    conditions = with_implied(c.key for c in patient.conditions)
    hazards = baseline_hazards_per_year(age_years=patient.age_years, female=patient.sex == "female", conditions=conditions)
    array = np.array([activity[r] for r in ROUTES])
    array.flags.writeable = False
    return Person(
        activity=array,
        apoe_e4_share=share,
        hazards_per_year=hazards,
        disturbed=bool(conditions & {"psychosis", "agitation"}),
        beta1_gain=beta1_gain,
    ), assumed
