"""Invented patients in the ranges of a memory clinic, for families of instances; nobody is behind
them.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from qtwin.patient.person import Condition, Genotype, Patient, Provenance, Visit

_CYP2D6 = {0.0: 0.06, 0.5: 0.05, 1.0: 0.30, 1.5: 0.11, 2.0: 0.45, 3.0: 0.03}
"""Activity score to its frequency, Europeans, rounded (Gaedigk et al. 2017, Genet Med 19:69)."""
_CYP2C19 = {
    "Poor Metabolizer": 0.025,
    "Intermediate Metabolizer": 0.26,
    "Normal Metabolizer": 0.40,
    "Rapid Metabolizer": 0.27,
    "Ultrarapid Metabolizer": 0.045,
}
"""Phenotype to its frequency, Europeans, rounded (CPIC allele frequency table for CYP2C19)."""
_E4 = (0.44, 0.44, 0.12)
"""Probability of 0, 1, 2 copies of APOE e4 with Alzheimer's disease (Farrer et al. 1997, JAMA
278:1349, rounded).
"""
_CONDITIONS = {
    "hypertension": 0.6,
    "depression": 0.35,
    "atrial_fibrillation": 0.2,
    "psychosis": 0.15,
}
"""Prevalence beside Alzheimer's disease; assumed."""
_FIRST_DAY = dt.date(2024, 1, 1)


def virtual_patient(seed: int) -> Patient:
    """One invented person with early Alzheimer's disease, two visits and known genes; equal seeds
    give equal people.
    """
    rng = np.random.default_rng([seed, 0x7A71])
    age = float(np.round(rng.uniform(62.0, 88.0), 1))
    female = bool(rng.random() < 0.6)
    clearance = float(np.round(np.clip(rng.normal(120.0 - 0.8 * age, 15.0), 20.0, 120.0)))
    score = float(
        rng.choice(list(_CYP2D6), p=np.array(list(_CYP2D6.values())) / sum(_CYP2D6.values()))
    )
    phenotype = str(
        rng.choice(list(_CYP2C19), p=np.array(list(_CYP2C19.values())) / sum(_CYP2C19.values()))
    )
    mmse = float(rng.integers(20, 29))
    later = float(max(0.0, mmse - rng.poisson(2.5)))
    conditions = [
        "alzheimer_disease",
        *(key for key, share in _CONDITIONS.items() if rng.random() < share),
    ]
    return Patient(
        patient_id=f"virtual-{seed}",
        age_years=age,
        sex="female" if female else "male",
        weight_kg=float(np.round(rng.normal(66.0 if female else 78.0, 10.0))),
        height_cm=None,
        creatinine_clearance_mL_per_min=clearance,
        apoe_e4_copies=int(rng.choice(3, p=_E4)),
        genotypes={
            "CYP2D6": Genotype(
                gene="CYP2D6", diplotype="", activity_score=score, phenotype="", source="invented"
            ),
            "CYP2C19": Genotype(
                gene="CYP2C19",
                diplotype="",
                activity_score=None,
                phenotype=phenotype,
                source="invented",
            ),
        },
        conditions=tuple(
            Condition(key=key, code="", display=key.replace("_", " ")) for key in conditions
        ),
        medications=(),
        visits=(
            Visit(date=_FIRST_DAY, biomarker="mmse", value=mmse, unit="point"),
            Visit(
                date=_FIRST_DAY + dt.timedelta(days=365),
                biomarker="mmse",
                value=later,
                unit="point",
            ),
        ),
        consent=None,
        provenance=Provenance(kind="invented", sha256=(), synthetic=True),
    )
