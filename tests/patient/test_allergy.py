"""What is not borne, by code, name or class; and what an AllergyIntolerance says besides."""

from __future__ import annotations

from typing import Any

import pytest

from qtwin.patient.condition import read_allergy
from qtwin.patient.element import RXNORM, SNOMED_CT

DONEPEZIL = {"coding": [{"system": RXNORM, "code": "135447"}]}


def _status(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


@pytest.mark.parametrize(
    ("resource", "inn"),
    [
        ({"code": DONEPEZIL}, "donepezil"),
        ({"code": {"text": "Allergy to galantamine"}}, "galantamine"),
        ({"code": {"text": "Coumadin"}}, "warfarin"),
        ({"code": {"text": "Allergy to penicillin"}}, "penicillin"),
        ({"code": {"text": "NSAIDs"}}, "nsaid"),
        ({"reaction": [{"substance": DONEPEZIL}]}, "donepezil"),
        ({"code": {"coding": [{"system": SNOMED_CT, "code": "372756006"}]}}, "warfarin"),
    ],
)
def test_the_substance(resource: dict[str, Any], inn: str) -> None:
    found, reason = read_allergy(resource)
    assert [a.inn for a in found] == [inn]
    assert reason == ""


def test_kind_and_criticality_in_either_release() -> None:
    for kind in ("intolerance", _status("intolerance")):
        (found,), _ = read_allergy({"code": DONEPEZIL, "type": kind, "criticality": "high"})
        assert (found.kind, found.criticality, found.rxnorm) == ("intolerance", "high", "135447")


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ({"code": DONEPEZIL, "verificationStatus": _status("refuted")}, "refuted"),
        ({"code": DONEPEZIL, "verificationStatus": _status("entered-in-error")}, "mistake"),
        ({"code": DONEPEZIL, "clinicalStatus": _status("resolved")}, "over"),
        ({"code": {"coding": [{"system": SNOMED_CT, "code": "716186003"}]}}, "no allergy is known"),
        ({"code": {"text": "hazelnut"}, "category": ["food"]}, "no medicine"),
        ({"code": {"text": "whatever Mrs Smith ate"}}, "neither code nor name"),
    ],
)
def test_what_is_none_is_said(resource: dict[str, Any], words: str) -> None:
    found, reason = read_allergy(resource)
    assert found == ()
    assert words in reason


def test_an_unknown_substance_keeps_its_code() -> None:
    (found,), _ = read_allergy({"code": {"coding": [{"system": SNOMED_CT, "code": "91936005"}]}})
    assert (found.inn, found.code) == ("", "91936005")
