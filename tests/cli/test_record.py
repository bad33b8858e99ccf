"""Medicines of a record become doses of the formulary, by code first and by name else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import Medication, Patient
from qtwin.pharmacology.prescription import current_doses

BUNDLE = Path(__file__).parents[2] / "experiments" / "data" / "quickstart_bundle.json"


def _with(*medicines: Medication) -> Patient:
    return dataclasses.replace(read_bundle(BUNDLE), medications=medicines)


@pytest.mark.parametrize(
    "medicine",
    [
        Medication(inn="metoprolol", amount_mg=50.0, interval_h=12.0),
        Medication(inn="lopressor", rxnorm="6918", amount_mg=50.0, interval_h=12.0),
        Medication(inn="betaloc", atc="C07AB02", amount_mg=50.0, interval_h=12.0),
    ],
)
def test_a_brand_with_a_code_is_its_ingredient(medicine: Medication) -> None:
    (dose,), warnings = current_doses(_with(medicine), ignore_unknown=False)
    assert dose.label == "metoprolol 50 mg /12 h"
    assert warnings == []


def test_an_unknown_medicine_is_refused_or_left_out_with_a_warning() -> None:
    patient = _with(Medication(inn="foxglove"))
    with pytest.raises(InputError, match="foxglove"):
        current_doses(patient, ignore_unknown=False)
    doses, warnings = current_doses(patient, ignore_unknown=True)
    assert doses == ()
    assert "foxglove" in warnings[0]


def test_without_a_dose_the_reference_dose_is_assumed_and_said() -> None:
    (dose,), warnings = current_doses(_with(Medication(inn="donepezil")), ignore_unknown=False)
    assert dose.amount_mg == dose.drug.reference.amount_mg
    assert "assumed" in warnings[0]
