"""Whoever a resource says it is about has to be the record's patient, by whatever form of
reference.
"""

from __future__ import annotations

from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.fhir import about_no_patient, check_one_person

IDENTIFIER = {"system": "urn:clinic", "value": "17"}
WITH_ID = ({"id": "a", "identifier": [IDENTIFIER]}, "https://clinic.example/fhir/Patient/a")
WITH_URL: tuple[dict[str, Any], str] = ({}, "urn:uuid:1")
NAMELESS: tuple[dict[str, Any], str] = ({}, "")


def _check(person: tuple[dict[str, Any], str], *subjects: dict[str, Any]) -> None:
    check_one_person(
        [(k, "Observation", {"subject": s}) for k, s in enumerate(subjects, 1)], *person
    )


@pytest.mark.parametrize(
    ("person", "reference"),
    [
        (WITH_ID, "Patient/a"),
        (WITH_ID, "https://clinic.example/fhir/Patient/a"),
        (WITH_ID, "https://mirror.example/Patient/a/_history/3"),
        (WITH_ID, "urn:uuid:a"),
        (WITH_ID, "Patient?identifier=urn:clinic|17"),
        (WITH_URL, "urn:uuid:1"),
        (NAMELESS, "Patient/whoever"),
        (WITH_ID, ""),
    ],
)
def test_the_person_is_known_by(person: tuple[dict[str, Any], str], reference: str) -> None:
    _check(person, {"reference": reference}, {"reference": reference}, {"identifier": IDENTIFIER})


@pytest.mark.parametrize(
    ("person", "subjects"),
    [
        (WITH_ID, [{"reference": "Patient/b"}]),
        (WITH_ID, [{"reference": "Patient/aa"}]),
        (WITH_ID, [{"reference": "urn:uuid:b"}]),
        (WITH_ID, [{"reference": "Patient?identifier=urn:clinic|18"}]),
        (WITH_ID, [{"identifier": {"system": "urn:clinic", "value": "18"}}]),
        (WITH_URL, [{"reference": "urn:uuid:2"}]),
        (NAMELESS, [{"reference": "Patient/one"}, {"reference": "Patient/two"}]),
    ],
)
def test_somebody_else_is_refused(
    person: tuple[dict[str, Any], str], subjects: list[dict[str, Any]]
) -> None:
    with pytest.raises(InputError, match=r"Observation entry \d is about another patient"):
        _check(person, *subjects)


@pytest.mark.parametrize(
    "resource", [{"subject": {"reference": "Group/1"}}, {"focus": [{"reference": "Patient/donor"}]}]
)
def test_what_is_about_no_patient_is_told_apart(resource: dict[str, Any]) -> None:
    assert about_no_patient(resource)
    assert not about_no_patient({"subject": {"reference": "Patient/Group"}})
