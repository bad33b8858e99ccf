"""Bundles: what is understood, what is refused, and that nothing identifying stays."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.fhir import cockcroft_gault_mL_per_min, read_bundle
from qtwin.patient.person import describe
from tests.patient.conftest import DATA, Change

TODAY = dt.date(2026, 6, 1)
Write = Callable[[Change], Path]


def _resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def _observation(bundle: dict[str, Any], code: str) -> dict[str, Any]:
    return next(r for r in _resources(bundle, "Observation") if r["code"]["coding"][0]["code"] == code)


def test_the_shipped_record_is_understood() -> None:
    patient = read_bundle(DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json", today=TODAY)
    assert int(patient.age_years) == 76
    assert patient.sex == "female"
    assert patient.apoe_e4_copies == 1
    assert {c.key for c in patient.conditions} == {"alzheimer_disease", "hypertension", "depression", "atrial_fibrillation"}
    doses = {(m.inn, m.amount_mg, m.interval_h) for m in patient.medications}
    assert doses == {("metoprolol", 50, 12), ("paroxetine", 20, 24), ("apixaban", 5, 12), ("amlodipine", 5, 24)}
    for biomarker in ("mmse", "cdr_sb"):
        assert len({v.date for v in patient.visits if v.biomarker == biomarker}) == 3
    assert patient.genotypes["CYP2D6"].phenotype == "Intermediate Metabolizer"
    assert patient.provenance.synthetic
    assert patient.consent is not None
    assert "simulation" in patient.consent.scopes


def test_nothing_that_names_the_person_stays() -> None:
    raw = json.loads((DATA / "quickstart_bundle.json").read_text(encoding="utf-8"))
    person = _resources(raw, "Patient")[0]
    secrets = [person["name"][0]["family"], person["identifier"][0]["value"], person["birthDate"], person["address"][0]["city"]]
    patient = read_bundle(DATA / "quickstart_bundle.json", today=TODAY)
    for secret in secrets:
        assert secret not in repr(patient)
    assert not any("2025" in text or "2026" in text for _, text in describe(patient))


def test_the_pseudonym_follows_the_whole_record(bundle: Write) -> None:
    def another_value(b: dict[str, Any]) -> None:
        _observation(b, "72106-8")["valueQuantity"]["value"] = 24

    same = read_bundle(bundle(lambda b: None), today=TODAY).patient_id
    assert same == read_bundle(bundle(lambda b: None), today=TODAY).patient_id
    assert same != read_bundle(bundle(another_value), today=TODAY).patient_id


def test_creatinine_clearance_follows_cockcroft_and_gault() -> None:
    """A man of 60 with 72 kg and 1 mg/dL has (140 - 60) 72 / 72 = 80 mL/min; a woman 0.85 of it."""
    man = cockcroft_gault_mL_per_min(age_years=60, weight_kg=72, creatinine_mg_per_dL=1.0, female=False)
    woman = cockcroft_gault_mL_per_min(age_years=60, weight_kg=72, creatinine_mg_per_dL=1.0, female=True)
    assert (man, woman) == (80.0, 68.0)


def test_creatinine_in_other_units_gives_the_same_clearance(bundle: Write) -> None:
    def molar(b: dict[str, Any]) -> None:
        _observation(b, "2160-0")["valueQuantity"] |= {"value": 0.9 * 10000 / 113.12, "unit": "umol/L", "code": "umol/L"}

    plain = read_bundle(bundle(lambda b: None), today=TODAY).creatinine_clearance_mL_per_min
    assert read_bundle(bundle(molar), today=TODAY).creatinine_clearance_mL_per_min == pytest.approx(plain, rel=1e-9)


def test_what_is_missing_is_said_and_unknown_codes_are_noted(bundle: Write) -> None:
    def strip(b: dict[str, Any]) -> None:
        b["entry"] = [e for e in b["entry"] if "72106-8" not in json.dumps(e)]
        _observation(b, "8480-6")["code"]["coding"][0]["code"] = "99999-9"

    patient = read_bundle(bundle(strip), today=TODAY)
    assert any("MMSE" in line for line in patient.missing)
    assert any("CYP2D6" in line for line in patient.missing)
    assert any("not used" in line for line in patient.notes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b.update(resourceType="Patient"), "Bundle was wanted"),
        (lambda b: b.update(entry=[]), "no Patient"),
        (lambda b: b["entry"].append(b["entry"][0]), "2 Patient"),
        (lambda b: b.update(type="nonsense-type", entry="none"), "not a valid FHIR"),
        (lambda b: _observation(b, "72106-8")["valueQuantity"].update(value=31), "0 to 30"),
        (lambda b: _observation(b, "104663-0")["valueQuantity"].update(value=-0.1), "negative"),
        (lambda b: _observation(b, "104663-0")["valueQuantity"].update(unit="mm[Hg]", code="mm[Hg]"), "cannot be converted"),
        (lambda b: _observation(b, "104663-0").pop("valueQuantity"), "no valueQuantity"),
        (lambda b: _observation(b, "72106-8").update(effectiveDateTime="2031-01-01"), "future"),
        (lambda b: _observation(b, "72106-8").update(effectiveDateTime="1931-01-01"), "before birth"),
        (lambda b: _observation(b, "apoe-genotype")["valueCodeableConcept"].update(text="high risk"), "APOE"),
        (lambda b: _resources(b, "Consent")[0].update(status="inactive"), "consent"),
        (lambda b: _resources(b, "Consent")[0]["provision"].update(period={"end": "2026-01-01"}), "expired"),
    ],
)
def test_what_cannot_be_is_refused(bundle: Write, change: Change, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_bundle(bundle(change), today=TODAY)
    assert words in caught.value.message
    assert caught.value.hint


def test_the_order_of_the_entries_does_not_matter(bundle: Write) -> None:
    one = read_bundle(bundle(lambda b: None), today=TODAY)
    other = read_bundle(bundle(lambda b: b["entry"].reverse()), today=TODAY)
    assert one.visits == other.visits
    assert one.age_years == other.age_years
