"""A record in two parts, read one after the other, is the record read at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import Patient
from qtwin.patient.record import patients_together

TODAY = dt.date(2026, 6, 1)
RXNORM, LOINC, SNOMED = (
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://loinc.org",
    "http://snomed.info/sct",
)
PERSON = {"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1951-11-02"}


def _of(kind: str, **more: Any) -> dict[str, Any]:
    who = "patient" if kind in ("AllergyIntolerance", "Consent") else "subject"
    return {"resourceType": kind, who: {"reference": "Patient/p"}, **more}


def _code(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _measured(code: str, when: str, value: float, unit: str) -> dict[str, Any]:
    quantity = {"value": value, "code": unit}
    return _of(
        "Observation",
        status="final",
        code=_code(LOINC, code),
        effectiveDateTime=when,
        valueQuantity=quantity,
    )


def _stated(code: str, text: str) -> dict[str, Any]:
    return _of(
        "Observation",
        status="final",
        code=_code(LOINC, code),
        valueCodeableConcept={"text": text},
    )


def _medicine(
    code: str, mg: float | None, start: str, status: str = "active", **period: str
) -> dict[str, Any]:
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
    dosage = (
        [{"timing": timing, "doseAndRate": [{"doseQuantity": {"value": mg, "code": "mg"}}]}]
        if mg
        else []
    )
    told = _of("MedicationStatement", status=status, medicationCodeableConcept=_code(RXNORM, code))
    return (
        told
        | {"effectivePeriod": {"start": start, **period}}
        | ({"dosage": dosage} if dosage else {})
    )


_ACTIVE = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    ]
}
RESOURCES = [
    _of("Condition", clinicalStatus=_ACTIVE, code=_code(SNOMED, "26929004")),
    _of("Condition", clinicalStatus=_ACTIVE, code=_code(SNOMED, "38341003")),
    _measured("72106-8", "2023-03-01", 25, "{score}"),
    _measured("72106-8", "2024-03-01", 23, "{score}"),
    _measured("72106-8", "2025-03", 22, "(score)"),
    _measured("29463-7", "2024-03-01", 81, "kg"),
    _measured("29463-7", "2025-03-01", 77, "kg"),
    _measured("2160-0", "2024-03-01", 1.1, "mg/dL"),
    _measured("38483-4", "2025-02-01", 190, "umol/L"),
    _measured("62238-1", "2025-04-01", 33, "mL/min/{1.73_m2}"),
    _stated("84413-4", "CYP2D6 *1/*4"),
    _stated("79714-2", "Poor metabolizer"),
    _stated("34438-2", "e3/e4"),
    _medicine("135447", 5.0, "2023-06-01"),
    _medicine("135447", 10.0, "2024-06-01"),
    _medicine("6918", 50.0, "2020-01-01"),
    _medicine("6918", 50.0, "2020-01-01", "stopped", end="2024-11-01"),
    _medicine("6809", None, "2021-01-01"),
    _of("AllergyIntolerance", code=_code(RXNORM, "11289")),
]  # fmt: skip


def _read(folder: Path, resources: list[dict[str, Any]]) -> Patient:
    path = folder / "record.json"
    entries = [{"resource": r} for r in (PERSON, *resources)]
    path.write_text(
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}),
        encoding="utf-8",
    )
    return read_bundle(path, today=TODAY)


def _comparable(patient: Patient) -> dict[str, Any]:
    """Everything but the files it came from and the notes, which count the entries of their
    file.
    """
    told = dataclasses.asdict(dataclasses.replace(patient, patient_id="", notes=()))
    told.pop("provenance")
    for unordered in ("conditions", "allergies", "medicine_history", "missing"):
        told[unordered] = sorted(map(repr, told[unordered]))
    return told


@given(parts=st.lists(st.integers(0, 2), min_size=len(RESOURCES), max_size=len(RESOURCES)))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_split_of_a_record_gives_the_same_patient(tmp_path: Path, parts: list[int]) -> None:
    whole = _read(tmp_path, RESOURCES)
    first, *others = [
        _read(tmp_path, [r for r, p in zip(RESOURCES, parts, strict=True) if p == k])
        for k in range(3)
    ]
    for other in others:
        first = patients_together(first, other)
    assert _comparable(first) == _comparable(whole)


def test_the_whole_of_it_is_what_it_says(tmp_path: Path) -> None:
    """Cockcroft and Gault by hand: (140 - age) 77 / (72 190/88.402); metoprolol ended, donepezil in
    its newest dose.
    """
    whole = _read(tmp_path, RESOURCES)
    assert [(m.inn, m.amount_mg) for m in whole.medications] == [
        ("donepezil", 10.0),
        ("metformin", None),
    ]
    assert whole.creatinine_clearance_mL_per_min == pytest.approx(
        (140 - whole.age_years) * 77 / (72 * 190 / 88.402), rel=1e-3
    )
    assert [a.inn for a in whole.allergies] == ["warfarin"]
    assert whole.last("weight") == 77.0
    assert whole.last("potassium") is None


def test_what_contradicts_what_is_known_is_refused(tmp_path: Path) -> None:
    whole = _read(tmp_path, RESOURCES)
    other = _of(
        "Observation",
        status="final",
        code=_code(LOINC, "84413-4"),
        valueCodeableConcept={"text": "CYP2D6 *4/*4"},
    )
    with pytest.raises(InputError, match="contradict"):
        patients_together(whole, _read(tmp_path, [other]))
    with pytest.raises(InputError, match="female"):
        patients_together(whole, dataclasses.replace(_read(tmp_path, []), sex="female"))
