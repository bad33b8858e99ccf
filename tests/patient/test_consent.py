"""Consents: what together they allow."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from qtwin.errors import ConsentError, InputError
from qtwin.patient.consent import (
    SCOPES,
    TO_BUILD_A_TWIN,
    consent_warnings,
    read_consent,
    require_consent,
    state_consent,
)
from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import Consent, Patient
from tests.patient.conftest import DATA

TODAY = dt.date(2025, 6, 1)


def _consent(*purposes: str, **more: Any) -> dict[str, Any]:
    provision = {"purpose": [{"code": p} for p in purposes], **more}
    return {"status": "active", "scope": {"coding": [{"code": "research"}]}, "provision": provision}


def test_permits_add_up_and_denials_win() -> None:
    consents = [
        _consent("research", "simulation", period={"end": "2030-01-01"}),
        _consent("teaching", period={"end": "2028-01-01"}),
        _consent("simulation", type="deny"),
        _consent("marketing", period={"end": "2020-01-01"}),
    ]
    found = read_consent(consents, TODAY)
    assert found is not None
    assert found.scopes == ("research", "teaching")
    assert found.expires == dt.date(2028, 1, 1)


def test_without_a_purpose_the_scope_counts() -> None:
    found = read_consent([_consent()], TODAY)
    assert found is not None
    assert found.scopes == ("research",)
    assert read_consent([], TODAY) is None


@pytest.mark.parametrize(
    ("consents", "words"),
    [
        ([{**_consent("research"), "status": "rejected"}], "'rejected', not active"),
        ([_consent("research", period={"end": "2025-05-31"})], "has expired"),
        ([_consent("research", period={"start": "2025-06-02"})], "has not begun"),
        ([_consent("research"), _consent(type="deny")], "denies the use"),
        ([_consent("research"), _consent("research", type="deny")], "allows nothing"),
    ],
)
def test_no_valid_consent_is_refused(consents: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_consent(consents, TODAY)
    assert words in caught.value.message


def _patient(consent: Consent | None) -> Patient:
    patient = read_bundle(DATA / "quickstart_bundle.json", today=TODAY)
    return dataclasses.replace(patient, consent=consent)


def test_a_scope_that_the_record_permits_is_enough() -> None:
    patient = _patient(Consent(scopes=("research", "cloud-submission")))
    assert require_consent(patient, "research", today=TODAY) == "research"
    assert require_consent(patient, TO_BUILD_A_TWIN, today=TODAY) == "research"
    assert require_consent(patient, "cloud-submission", today=TODAY) == "cloud-submission"
    assert consent_warnings(patient) == []


@pytest.mark.parametrize(
    ("consent", "scope", "words"),
    [
        (None, "simulation", "record without one"),
        (None, TO_BUILD_A_TWIN, "expected a consent to simulation or research"),
        (
            Consent(scopes=("research", "simulation")),
            "cloud-submission",
            "got one to research, simulation",
        ),
        (Consent(scopes=("teaching",)), TO_BUILD_A_TWIN, "got one to teaching"),
        (
            Consent(scopes=("simulation",), expires=dt.date(2025, 5, 31)),
            "simulation",
            "has expired",
        ),
        (Consent(scopes=("teaching",), denied=("simulation",)), "simulation", "denies simulation"),
        (
            Consent(scopes=("research",), denied=("simulation",)),
            TO_BUILD_A_TWIN,
            "denies simulation",
        ),
    ],
)
def test_without_consent_nothing_is_done(
    consent: Consent | None, scope: str | tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConsentError) as caught:
        require_consent(_patient(consent), scope, today=TODAY)
    assert words in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_a_consent_holds_on_its_last_day() -> None:
    patient = _patient(Consent(scopes=("simulation",), expires=TODAY))
    assert require_consent(patient, "simulation", today=TODAY) == "simulation"
    with pytest.raises(ConsentError):
        require_consent(patient, "simulation", today=TODAY + dt.timedelta(days=1))


@pytest.mark.parametrize("held", [None, Consent(scopes=("teaching",))])
def test_the_user_may_state_what_the_record_does_not_say(held: Consent | None) -> None:
    patient = state_consent(_patient(held), ["simulation"])
    assert require_consent(patient, TO_BUILD_A_TWIN, today=TODAY) == "simulation"
    assert consent_warnings(patient) == [
        "consent to simulation is stated by the user; the record does not hold it"
    ]
    with pytest.raises(ConsentError):
        require_consent(patient, "cloud-submission", today=TODAY)


@pytest.mark.parametrize(
    "held",
    [
        Consent(scopes=("teaching",), denied=("simulation",)),
        Consent(scopes=("teaching",), expires=dt.date(2025, 5, 31)),
    ],
)
def test_what_is_denied_or_has_expired_cannot_be_stated(held: Consent) -> None:
    patient = state_consent(_patient(held), SCOPES)
    with pytest.raises(ConsentError):
        require_consent(patient, "simulation", today=TODAY)


def test_what_the_record_says_is_not_called_stated() -> None:
    held = _patient(Consent(scopes=("simulation",)))
    assert state_consent(held, ["simulation"]) == held
    assert state_consent(held, []) == held


def test_a_scope_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="unknown scope of consent 'simulatoin'") as caught:
        state_consent(_patient(None), ["simulatoin"])
    assert "did you mean 'simulation'" in caught.value.hint
