"""Rules must not leave ordinary people without the treatment that guidelines give them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qtwin.patient.person import Patient
from qtwin.pharmacology.eligibility import assess
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.rule import JURISDICTIONS

Make = Callable[..., Patient]
EARLY = ("alzheimer_disease", "mild_dementia")
DEMENTIA = ("donepezil", "rivastigmine", "galantamine", "memantine")
OTHER = ("apixaban", "metoprolol", "amlodipine", "sertraline", "mirtazapine")
"""First choices of NICE NG97 (dementia), NG196 (atrial fibrillation), NG136 (hypertension) and
NG222 (depression).
"""


def _status(person: Patient, jurisdiction: str, *inns: str) -> dict[str, str]:
    drugs = [formulary()[inn] for inn in inns]
    found = assess(person, drugs, jurisdiction=jurisdiction)
    return {drug.inn: found.status(drug) for drug in drugs}


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
@pytest.mark.parametrize(
    "measured",
    [{}, {"qtc": 445.0, "heart_rate": 72.0, "systolic_bp": 142.0}],
)
def test_the_everyday_drugs_stay_eligible(
    patient: Make, jurisdiction: str, measured: dict[str, float]
) -> None:
    conditions = (*EARLY, "atrial_fibrillation", "hypertension", "depression", "hyperlipidaemia")
    woman = patient(age_years=76.0, conditions=conditions, measured=measured)
    drugs = (*DEMENTIA, *OTHER, "bisoprolol", "atorvastatin", "lisinopril")
    assert set(_status(woman, jurisdiction, *drugs).values()) == {"eligible"}
    found = assess(
        woman,
        [formulary()[inn] for inn in ("donepezil", "memantine", *OTHER)],
        jurisdiction=jurisdiction,
    )
    assert {f.rule.id for f in found.pairs if f.rule.excludes} == set()


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_secondary_prevention_stays_eligible(patient: Make, jurisdiction: str) -> None:
    man = patient(
        age_years=79.0, sex="male", conditions=(*EARLY, "stroke", "myocardial_infarction")
    )
    assert _status(
        man,
        jurisdiction,
        "aspirin",
        "clopidogrel",
        "atorvastatin",
        "bisoprolol",
        "omeprazole",
        "donepezil",
    ) == {
        "aspirin": "dose-limited",  # at most 100 mg a day
        "clopidogrel": "eligible",
        "atorvastatin": "eligible",
        "bisoprolol": "eligible",
        "omeprazole": "eligible",
        "donepezil": "eligible",
    }


@pytest.mark.parametrize(("centiloid", "status"), [(80.0, "eligible"), (10.0, "excluded")])
def test_an_antibody_needs_amyloid(patient: Make, centiloid: float, status: str) -> None:
    measured = {"mmse": 25.0, "amyloid_pet": centiloid}
    woman = patient(age_years=71.0, conditions=EARLY, measured=measured, apoe_e4_copies=1)
    assert _status(woman, "EU", "lecanemab", "donanemab") == {
        "lecanemab": status,
        "donanemab": status,
    }


def test_two_copies_of_apoe_e4_divide_the_jurisdictions(patient: Make) -> None:
    woman = patient(
        age_years=71.0,
        conditions=EARLY,
        measured={"mmse": 25.0, "amyloid_pet": 80.0},
        apoe_e4_copies=2,
    )
    assert _status(woman, "US", "lecanemab")["lecanemab"] == "eligible"
    assert _status(woman, "EU", "lecanemab")["lecanemab"] == "excluded"


def test_psychosis_in_dementia_leaves_an_antipsychotic(patient: Make) -> None:
    severe = patient(conditions=("alzheimer_disease", "psychosis"))
    quiet = patient(conditions=("alzheimer_disease",))
    assert _status(severe, "US", "risperidone")["risperidone"] != "excluded"
    assert _status(quiet, "US", "risperidone")["risperidone"] == "excluded"
