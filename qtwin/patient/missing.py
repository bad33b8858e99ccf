"""What a record does not tell, each with what the twin takes instead, in plain words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from qtwin.patient.biomarker import P_TAU217_ASSAY
from qtwin.patient.person import Consent, Genotype, Medication

ASSUMED_AGE_YEARS = 75.0
"""Assumed where a record tells no age: about the age at which Alzheimer's disease is diagnosed."""
NO_AGE = f"no age: {ASSUMED_AGE_YEARS:.0f} years at the last visit are assumed"

_MEASUREMENTS = {
    "amyloid_pet": "no amyloid PET: the amyloid load stays at the population's",
    "plasma_p_tau217": "no plasma p-tau217: tau stays at the population's",
    "tau_pet": "no tau PET: the tau load is inferred from p-tau217 and the clinical course",
}
_SCALES = {
    "mmse": "no MMSE: cognition rests on CDR-SB",
    "cdr_sb": "no CDR-SB: the stage rests on the MMSE",
}
_NO_SCALE = "no MMSE and no CDR-SB: cognition rests on the biomarkers and the population's course"
_KIDNEY = {
    "weight": "no weight: creatinine clearance cannot be worked out from creatinine",
    "serum_creatinine": "no serum creatinine: kidney function is assumed",
}
P_TAU217_WITHOUT_ASSAY = f"p-tau217 without a named assay is read as {P_TAU217_ASSAY}"


def what_is_missing(
    *,
    measured: Collection[str],
    sex: str,
    genotypes: Mapping[str, Genotype],
    apoe_known: bool,
    medications: Sequence[Medication],
    consent: Consent | None,
    age_known: bool = True,
    p_tau217_without_assay: bool = False,
) -> tuple[str, ...]:
    """One statement for each thing that the record does not tell.

    Args:
        measured: Keys of the biomarkers that were measured.
        sex: Sex or gender as recorded.
        genotypes: Gene to genotype.
        apoe_known: Whether the APOE genotype is known.
        medications: Medicines taken now.
        consent: What the person allowed.
        age_known: Whether the age is known.
        p_tau217_without_assay: Whether a p-tau217 is used whose assay the record does not name.
    """
    measured = {*measured, *(["mmse"] if "moca" in measured else [])}
    found = [] if measured else ["no visits: the twin follows the population's course"]
    if not age_known:
        found.append(NO_AGE)
    found += [text for key, text in _MEASUREMENTS.items() if key not in measured]
    found += [text for key, text in _SCALES.items() if key not in measured] if _SCALES.keys() & set(measured) else [_NO_SCALE]
    if p_tau217_without_assay:
        found.append(P_TAU217_WITHOUT_ASSAY)
    if not {"creatinine_clearance", "egfr"} & set(measured):
        found += [text for key, text in _KIDNEY.items() if key not in measured]
    if sex not in ("female", "male"):
        found.append("no sex: the formulas for men are used")
    if not apoe_known:
        found.append("no APOE genotype: the twin averages over the population's genotypes")
    cyp2d6 = genotypes.get("CYP2D6")
    if cyp2d6 is None:
        found.append("no CYP2D6 genotype: a common activity is assumed")
    elif cyp2d6.activity_score is None:
        found.append(f"no activity score for CYP2D6 {cyp2d6.diplotype}: a common activity is assumed")
    if "CYP2C19" not in genotypes or genotypes["CYP2C19"].phenotype == "unknown":
        found.append("no CYP2C19 genotype: a normal metaboliser is assumed")
    found += [f"no dose of {m.inn}: its reference dose is assumed" for m in medications if m.amount_mg is None]
    if consent is None:
        found.append("no consent in the record: nothing is done with it unless the user states one")
    return tuple(found)
