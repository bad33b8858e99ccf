"""R5 beside R4: the same record gives the same patient, and what R5 says otherwise is understood as
R5 means it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtwin.errors import ConsentError, InputError
from qtwin.patient.consent import in_r4_words, read_consent, release_of
from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import Patient
from tests.patient.conftest import DATA, Change, in_r5

TODAY = dt.date(2026, 6, 1)
Write = Callable[[Change], Path]


def _resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]


def _unmarked(patient: Patient) -> Patient:
    """Without what tells the file: its digest, the pseudonym made from it, and its release."""
    return dataclasses.replace(
        patient,
        patient_id="",
        provenance=dataclasses.replace(patient.provenance, kind="", sha256=(), versions=()),
    )


def _become_r5(bundle: dict[str, Any]) -> None:
    told = in_r5(bundle)
    bundle.clear()
    bundle.update(told)


def _untouched(bundle: dict[str, Any]) -> None:
    pass


def _stop_a_medicine(bundle: dict[str, Any]) -> None:
    _resources(bundle, "MedicationStatement")[1]["status"] = "stopped"


def _as_needed(bundle: dict[str, Any]) -> None:
    _resources(bundle, "MedicationStatement")[0]["dosage"][0]["asNeededBoolean"] = True


def _limited_consent(bundle: dict[str, Any]) -> None:
    _resources(bundle, "Consent")[0]["provision"]["period"] = {
        "start": "2024-01-01",
        "end": "2030-01-01",
    }


def _by_reference(bundle: dict[str, Any]) -> None:
    statement = _resources(bundle, "MedicationStatement")[0]
    product = {
        "resourceType": "Medication",
        "id": "m",
        "code": statement.pop("medicationCodeableConcept"),
    }
    statement["medicationReference"] = {"reference": "Medication/m"}
    bundle["entry"].append(
        {"fullUrl": "https://example.org/fhir/Medication/m", "resource": product}
    )


@pytest.mark.parametrize(
    "change", [_untouched, _stop_a_medicine, _as_needed, _limited_consent, _by_reference]
)
def test_the_same_record_gives_the_same_patient(bundle: Write, change: Change) -> None:
    def both(b: dict[str, Any]) -> None:
        change(b)
        _become_r5(b)

    r4 = read_bundle(bundle(change), DATA / "quickstart_pharmcat.json", today=TODAY)
    r5 = read_bundle(bundle(both), DATA / "quickstart_pharmcat.json", today=TODAY)
    assert r4.provenance.versions[0] == "FHIR R4"
    assert r5.provenance.versions[0] == "FHIR R5"
    assert _unmarked(r4) == _unmarked(r5)


def test_what_is_valid_in_either_release_is_read(bundle: Write) -> None:
    """A Condition needs a clinicalStatus since R5; whoever forgets it has a valid one of R4."""

    def without_clinical_status(b: dict[str, Any]) -> None:
        _become_r5(b)
        del _resources(b, "Condition")[0]["clinicalStatus"]

    patient = read_bundle(bundle(without_clinical_status), today=TODAY)
    assert "alzheimer_disease" in {c.key for c in patient.conditions}


@pytest.mark.parametrize(
    ("meta", "release"),
    [
        ({"tag": [{"code": "R5"}]}, "R5"),
        ({"tag": [{"code": "4.0.1"}]}, "R4"),
        ({"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/Bundle"]}, "R5"),
        ({"profile": ["http://hl7.org/fhir/StructureDefinition/Bundle|4.3.0"]}, "R4"),
        # US Core 5.0.1 is R4
        (
            {"profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-bundle|5.0.1"]},
            "R4",
        ),
        ({"tag": [{"code": "ward-R5"}]}, "R4"),
        ({}, "R4"),
    ],
)
def test_a_bundle_may_say_its_release(meta: dict[str, Any], release: str) -> None:
    assert release_of({"meta": meta}, [{"resourceType": "Patient"}]) == release


def test_a_bundle_of_both_releases_is_read(bundle: Write) -> None:
    def mix(b: dict[str, Any]) -> None:
        statement = _resources(b, "MedicationStatement")[0]
        statement["medication"] = {"concept": statement.pop("medicationCodeableConcept")}

    mixed, plain = (read_bundle(bundle(change), today=TODAY) for change in (mix, _untouched))
    assert _unmarked(mixed).medications == _unmarked(plain).medications


@pytest.mark.parametrize(
    ("status", "adherence", "taken"),
    [
        ("recorded", None, True),
        ("recorded", "taking", True),
        ("recorded", "taking-not-as-directed", True),
        ("recorded", "unknown", True),
        ("recorded", "not-taking", False),
        ("recorded", "on-hold-as-directed", False),
        ("recorded", "stopped-not-as-directed", False),
        ("draft", "taking", False),
        ("entered-in-error", "taking", False),
    ],
)
def test_adherence_says_whether_a_medicine_is_taken(
    bundle: Write, status: str, adherence: str | None, taken: bool
) -> None:
    def change(b: dict[str, Any]) -> None:
        _become_r5(b)
        statement = _resources(b, "MedicationStatement")[0]
        statement["status"] = status
        statement.pop("adherence")
        if adherence:
            statement["adherence"] = {"code": {"coding": [{"code": adherence}]}}

    patient = read_bundle(bundle(change), today=TODAY)
    assert ("metoprolol" in {m.inn for m in patient.medications}) == taken
    assert taken or any("metoprolol" in note for note in patient.notes)


def _r5_consent(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Consent", "status": "active", **more}


def _purposes(*names: str) -> dict[str, Any]:
    return {"purpose": [{"code": name} for name in names]}


_RESEARCH = [
    {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}
        ]
    }
]


@pytest.mark.parametrize(
    ("consent", "scopes", "denied"),
    [
        (
            _r5_consent(
                decision="deny", provision=[_purposes("research"), _purposes("simulation")]
            ),
            ("research", "simulation"),
            (),
        ),
        (_r5_consent(decision="permit", category=_RESEARCH), ("research",), ()),
        (
            _r5_consent(
                decision="permit", category=_RESEARCH, provision=[_purposes("cloud-submission")]
            ),
            ("research",),
            ("cloud-submission",),
        ),
        (
            _r5_consent(
                decision="deny",
                provision=[
                    {**_purposes("research", "simulation"), "provision": [_purposes("simulation")]}
                ],
            ),
            ("research",),
            ("simulation",),
        ),
    ],
)
def test_provisions_are_exceptions_to_the_decision(
    consent: dict[str, Any], scopes: tuple[str, ...], denied: tuple[str, ...]
) -> None:
    """FHIR R5: the base decision permits or denies, each level of provisions negates the one
    above.
    """
    found = read_consent(in_r4_words(consent), TODAY)
    assert found is not None
    assert (found.scopes, found.denied) == (scopes, denied)


@pytest.mark.parametrize(
    ("consent", "words"),
    [
        (_r5_consent(decision="deny"), "denies the use"),
        (_r5_consent(provision=[_purposes("research")]), "allows nothing"),
        (_r5_consent(decision="permit", provision=[_purposes("research")]), "allows nothing"),
        (
            _r5_consent(decision="permit", category=_RESEARCH, provision=[{"actor": []}]),
            "denies the use",
        ),
        (
            _r5_consent(
                decision="deny", provision=[_purposes("research")], period={"end": "2026-05-31"}
            ),
            "has expired",
        ),
        (
            _r5_consent(
                decision="deny",
                provision=[{**_purposes("research"), "period": {"start": "2026-06-02"}}],
            ),
            "has not begun",
        ),
        (
            _r5_consent(decision="deny", provision=[_purposes("research")])
            | {"status": "inactive"},
            "not active",
        ),
    ],
)
def test_an_r5_consent_that_allows_nothing_is_refused(consent: dict[str, Any], words: str) -> None:
    with pytest.raises(ConsentError) as caught:
        read_consent(in_r4_words(consent), TODAY)
    assert words in caught.value.message
    assert caught.value.hint


def test_r5_resources_about_somebody_else_are_refused(bundle: Write) -> None:
    def change(b: dict[str, Any]) -> None:
        _become_r5(b)
        _resources(b, "Consent")[0]["subject"]["reference"] = "Patient/another"

    with pytest.raises(InputError, match="another patient"):
        read_bundle(bundle(change), today=TODAY)


def test_the_test_s_own_translation_is_valid_r5() -> None:
    from fhir.resources.bundle import Bundle

    Bundle.model_validate(
        in_r5(json.loads((DATA / "quickstart_bundle.json").read_text(encoding="utf-8")))
    )
