"""Bundles: what is understood, what is refused, and that nothing identifying stays."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.patient.fhir import cockcroft_gault_mL_per_min, read_bundle
from qtwin.patient.person import describe
from tests.patient.conftest import DATA, Change

TODAY = dt.date(2026, 6, 1)
Write = Callable[[Change], Path]


def _resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def _observation(bundle: dict[str, Any], code: str) -> dict[str, Any]:
    return next(
        r for r in _resources(bundle, "Observation") if r["code"]["coding"][0]["code"] == code
    )


def test_the_shipped_record_is_understood() -> None:
    patient = read_bundle(
        DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json", today=TODAY
    )
    assert int(patient.age_years) == 76
    assert patient.sex == "female"
    assert patient.apoe_e4_copies == 1
    assert {c.key for c in patient.conditions} == {
        "alzheimer_disease",
        "hypertension",
        "depression",
        "atrial_fibrillation",
    }
    doses = {(m.inn, m.amount_mg, m.interval_h) for m in patient.medications}
    assert doses == {
        ("metoprolol", 50, 12),
        ("paroxetine", 20, 24),
        ("apixaban", 5, 12),
        ("amlodipine", 5, 24),
    }
    for biomarker in ("mmse", "cdr_sb"):
        assert len({v.date for v in patient.visits if v.biomarker == biomarker}) == 3
    assert patient.genotypes["CYP2D6"].phenotype == "Intermediate Metabolizer"
    assert patient.provenance.synthetic
    assert patient.consent is not None
    assert "simulation" in patient.consent.scopes


def test_units_versions_and_codes_come_with_it() -> None:
    patient = read_bundle(
        DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json", today=TODAY
    )
    assert patient.provenance.versions == ("FHIR R4", "PharmCAT v3.1.0")
    assert [len(digest) for digest in patient.provenance.sha256] == [64, 64]
    assert {(m.inn, m.rxnorm, m.atc) for m in patient.medications} >= {
        ("metoprolol", "6918", "C07AB02")
    }
    assert all(m.since is not None for m in patient.medications)
    assert {v.biomarker: v.unit for v in patient.visits}["amyloid_pet"] == "centiloid"


def _everything(value: Any) -> str:
    return repr(value) + repr(dataclasses.asdict(value)) + repr(describe(value))


def test_nothing_that_names_the_person_stays(bundle: Write) -> None:
    """Not even where a clinic wrote it into free text."""
    raw = json.loads((DATA / "quickstart_bundle.json").read_text(encoding="utf-8"))
    person = _resources(raw, "Patient")[0]
    born = person["birthDate"]
    secrets = [
        person["name"][0]["family"],
        person["name"][0]["given"][0],
        person["identifier"][0]["value"],
        born,
        person["address"][0]["city"],
    ]

    def written_into_texts(b: dict[str, Any]) -> None:
        told = f"Frau {secrets[0]} ({secrets[1]}), {secrets[2]}, born {born}, of {secrets[4]}"
        _resources(b, "Condition")[1]["code"]["text"] = f"Hypertension: {told}"
        _resources(b, "Condition")[0]["clinicalStatus"]["coding"][0]["code"] = "resolved"
        _resources(b, "Condition")[0]["code"]["text"] = told
        _resources(b, "MedicationStatement")[0]["medicationCodeableConcept"]["text"] = (
            f"{secrets[0]} metoprolol"
        )
        _resources(b, "MedicationStatement")[0].pop("dosage")
        _observation(b, "8480-6")["code"] = {
            "coding": [{"system": "http://loinc.org", "code": "99999-9"}],
            "text": told,
        }

    for path in (DATA / "quickstart_bundle.json", bundle(written_into_texts)):
        patient = read_bundle(path, DATA / "quickstart_pharmcat.json", today=TODAY)
        told = _everything(patient).casefold()
        for secret in secrets:
            assert secret.casefold() not in told
        assert not any(str(v.date) in text for v in patient.visits for _, text in describe(patient))


@given(number=st.integers(0, 10**9), mmse=st.integers(0, 30))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_pseudonym_follows_the_whole_record(bundle: Write, number: int, mmse: int) -> None:
    """The same record gives the same one; a record with the same number and another value another
    one.
    """

    def change(value: int) -> Change:
        def with_number(b: dict[str, Any]) -> None:
            _resources(b, "Patient")[0]["identifier"][0]["value"] = f"MRN-{number}"
            _observation(b, "72106-8")["valueQuantity"]["value"] = value

        return with_number

    one = read_bundle(bundle(change(mmse)), today=TODAY)
    again = read_bundle(bundle(change(mmse)), today=TODAY)
    other = read_bundle(bundle(change((mmse + 1) % 31)), today=TODAY)
    assert one.patient_id == again.patient_id != other.patient_id
    assert f"MRN-{number}" not in _everything(one)


def test_creatinine_clearance_follows_cockcroft_and_gault() -> None:
    """A man of 60 with 72 kg and 1 mg/dL has (140 - 60) 72 / 72 = 80 mL/min; a woman 0.85 of it."""
    man = cockcroft_gault_mL_per_min(
        age_years=60, weight_kg=72, creatinine_mg_per_dL=1.0, female=False
    )
    woman = cockcroft_gault_mL_per_min(
        age_years=60, weight_kg=72, creatinine_mg_per_dL=1.0, female=True
    )
    assert (man, woman) == (80.0, 68.0)


def test_creatinine_in_other_units_gives_the_same_clearance(bundle: Write) -> None:
    def molar(b: dict[str, Any]) -> None:
        _observation(b, "2160-0")["valueQuantity"] |= {
            "value": 0.9 * 10000 / 113.12,
            "unit": "umol/L",
            "code": "umol/L",
        }

    plain = read_bundle(bundle(lambda b: None), today=TODAY).creatinine_clearance_mL_per_min
    assert read_bundle(bundle(molar), today=TODAY).creatinine_clearance_mL_per_min == pytest.approx(
        plain, rel=1e-9
    )


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
        (lambda b: b.update(resourceType="Patient"), "expected a FHIR Bundle"),
        (lambda b: b.update(entry=[]), "Patient resource in bundle.json, got none"),
        (lambda b: b["entry"].append(b["entry"][0]), "Patient resource in bundle.json, got 2"),
        (lambda b: b.update(entry="none"), "not a valid FHIR"),
        (lambda b: b.update(total=float("nan")), "NaN"),
        (lambda b: b["entry"][0]["resource"].pop("birthDate"), "birthDate"),
        (lambda b: b["entry"][0]["resource"].update(birthDate="05/15/1948"), "birthDate"),
        (lambda b: b["entry"][0]["resource"].update(birthDate="2031-01-01"), "future"),
        (
            lambda b: b["entry"][0]["resource"].update(birthDate="1805-01-01"),
            "at most 120 years, got 220",
        ),
        (
            lambda b: _observation(b, "72106-8")["subject"].update(reference="Patient/another"),
            "another patient",
        ),
        (lambda b: _resources(b, "Consent")[0].update(status="inactive"), "consent"),
        (lambda b: _resources(b, "Consent")[0].update(status=7), "Consent entry"),
        (
            lambda b: _resources(b, "Consent")[0]["provision"].update(period={"end": "2026-01-01"}),
            "expired",
        ),
    ],
)
def test_what_cannot_be_a_record_is_refused(bundle: Write, change: Change, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_bundle(bundle(change), today=TODAY)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda b: _observation(b, "72106-8")["valueQuantity"].update(value=31),
            "(72106-8): mmse: 31 point is a value outside",
        ),
        (lambda b: _observation(b, "104663-0")["valueQuantity"].update(value=-0.1), "negative"),
        (
            lambda b: _observation(b, "104663-0")["valueQuantity"].update(
                unit="mm[Hg]", code="mm[Hg]"
            ),
            "'mm[Hg]'",
        ),
        (lambda b: _observation(b, "104663-0").pop("valueQuantity"), "no valueQuantity"),
        (lambda b: _observation(b, "72106-8").update(effectiveDateTime="2031-01-01"), "future"),
        (
            lambda b: _observation(b, "72106-8").update(effectiveDateTime="1931-01-01"),
            "before birth",
        ),
        (
            lambda b: _observation(b, "72106-8").update(effectiveDateTime="2024"),
            "got the year alone",
        ),
        (lambda b: _observation(b, "72106-8").pop("effectiveDateTime"), "got no date"),
        (
            lambda b: _observation(b, "72106-8")["valueQuantity"].update(value=float("nan")),
            "NaN or infinite",
        ),
        (
            lambda b: _observation(b, "72106-8").update(status=7),
            "Observation.status is not valid in FHIR R4",
        ),
        (
            lambda b: _observation(b, "apoe-genotype")["valueCodeableConcept"].update(
                text="high risk"
            ),
            "APOE genotype",
        ),
        (
            lambda b: _observation(b, "apoe-genotype").pop("valueCodeableConcept"),
            "APOE genotype like e3/e4, got one without a value",
        ),
        (
            lambda b: b["entry"].append({"resource": {"resourceType": "Horoscope"}}),
            "no resource that FHIR knows",
        ),
        (lambda b: b["entry"].append("text"), "entry 26: it holds no resource"),
        (
            lambda b: b["entry"].append({"resource": {"resourceType": "Encounter", "status": "x"}}),
            "Encounter entry 26",
        ),
        (
            lambda b: _observation(b, "72106-8").update(focus=[{"reference": "Patient/donor"}]),
            "something else than the person",
        ),
    ],
)
def test_one_odd_entry_is_listed_and_the_record_read(
    bundle: Write, change: Change, words: str
) -> None:
    plain = read_bundle(bundle(lambda b: None), today=TODAY)
    patient = read_bundle(bundle(change), today=TODAY)
    assert any(line.startswith("not used: ") and words in line for line in patient.notes), (
        patient.notes
    )
    assert patient.medications == plain.medications
    assert len(plain.visits) - len(patient.visits) in (0, 1)


def test_entries_that_share_a_reason_share_a_line(bundle: Write) -> None:
    def add(b: dict[str, Any]) -> None:
        b["entry"] += [{"resource": {"resourceType": "Claim", "id": str(k)}} for k in range(9)]

    lines = [n for n in read_bundle(bundle(add), today=TODAY).notes if "Claim" in n]
    assert lines == [
        "not used: Claim entries 26, 27, 28, 29, 30 and 4 more: the twin reads no Claim"
    ]


def test_a_year_of_birth_is_enough_and_said(bundle: Write) -> None:
    patient = read_bundle(
        bundle(lambda b: b["entry"][0]["resource"].update(birthDate="1948")), today=TODAY
    )
    assert patient.age_years == pytest.approx(76.7, abs=0.5)
    assert any("year of birth" in note for note in patient.notes)


def test_a_measurement_that_is_there_twice_counts_once(bundle: Write) -> None:
    def twice(b: dict[str, Any]) -> None:
        entry = next(e for e in b["entry"] if "72106-8" in json.dumps(e))
        copied = json.loads(json.dumps(entry))
        copied["resource"]["id"] = "copy"
        copied["fullUrl"] += "-copy"
        b["entry"].append(copied)

    patient = read_bundle(bundle(twice), today=TODAY)
    assert len([v for v in patient.visits if v.biomarker == "mmse"]) == 3
    assert any("twice" in note for note in patient.notes)


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_what_was_never_measured_is_left_out(bundle: Write, status: str) -> None:
    def spoil(b: dict[str, Any]) -> None:
        _observation(b, "72106-8").update(status=status, effectiveDateTime="2031-01-01")

    assert (
        len([v for v in read_bundle(bundle(spoil), today=TODAY).visits if v.biomarker == "mmse"])
        == 2
    )


def test_diagnoses_that_are_over_or_refuted_are_left_out_and_said(bundle: Write) -> None:
    def spoil(b: dict[str, Any]) -> None:
        _resources(b, "Condition")[1]["clinicalStatus"]["coding"][0]["code"] = "resolved"
        _resources(b, "Condition")[2]["verificationStatus"]["coding"][0]["code"] = "refuted"

    patient = read_bundle(bundle(spoil), today=TODAY)
    assert {c.key for c in patient.conditions} == {"alzheimer_disease", "atrial_fibrillation"}
    assert len([n for n in patient.notes if n.startswith("not used: Condition")]) == 2


@pytest.mark.parametrize(
    "content",
    ["", " \n", "not json", "[1]", "NaN", '{"resourceType": "Bundle", "resourceType": "Bundle"}'],
)
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(content, encoding="utf-8")
    for target in (path, tmp_path, tmp_path / "nowhere.json", path / "below"):
        with pytest.raises(InputError) as caught:
            read_bundle(target, today=TODAY)
        assert caught.value.hint


def test_the_order_of_the_entries_does_not_matter(bundle: Write) -> None:
    one = read_bundle(bundle(lambda b: None), today=TODAY)
    other = read_bundle(bundle(lambda b: b["entry"].reverse()), today=TODAY)
    assert one.visits == other.visits
    assert one.age_years == other.age_years
