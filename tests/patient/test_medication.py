"""Medicines: timing in its many forms, several instructions, references, and doses that cannot be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.patient.medication import read_medication
from qtwin.patient.person import Medication

TODAY = dt.date(2025, 6, 1)


def _dosage(value: float, timing: dict[str, Any], unit: str = "mg") -> dict[str, Any]:
    return {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": value, "code": unit}}]}


def _statement(*dosage: dict[str, Any], text: str = "metoprolol", **more: Any) -> dict[str, Any]:
    return {"status": "active", "medicationCodeableConcept": {"text": text}, "dosage": list(dosage), **more}


def _read(resource: dict[str, Any], products: dict[str, dict[str, Any]] | None = None) -> Medication:
    found, _ = read_medication(resource, products or {}, today=TODAY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("timing", "interval_h"),
    [
        ({"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, 12.0),
        ({"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}, 8.0),
        ({"repeat": {"period": 2, "periodUnit": "wk"}}, 336.0),
        ({"repeat": {"period": 1, "periodUnit": "d", "when": ["MORN", "NIGHT"]}}, 12.0),
        ({"repeat": {"period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00", "14:00:00", "20:00:00"]}}, 8.0),
        ({"code": {"coding": [{"code": "BID"}]}}, 12.0),
        ({"code": {"coding": [{"code": "QD"}]}}, 24.0),
    ],
)
def test_timing(timing: dict[str, Any], interval_h: float) -> None:
    assert _read(_statement(_dosage(50, timing))).interval_h == interval_h


@given(st.lists(st.tuples(st.floats(0.5, 500.0), st.sampled_from([6.0, 8.0, 12.0, 24.0])), min_size=1, max_size=4))
def test_several_instructions_keep_the_daily_amount(doses: list[tuple[float, float]]) -> None:
    dosages = [_dosage(mg, {"repeat": {"period": h, "periodUnit": "h"}}) for mg, h in doses]
    found = _read(_statement(*dosages))
    assert found.amount_mg is not None
    assert found.interval_h is not None
    assert found.amount_mg * 24.0 / found.interval_h == pytest.approx(sum(mg * 24.0 / h for mg, h in doses))
    assert 24.0 / found.interval_h == pytest.approx(sum(24.0 / h for _, h in doses))


@pytest.mark.parametrize(
    ("text", "inn"),
    [
        ("Metoprolol succinate 50 MG Oral Tablet", "metoprolol"),
        ("24 HR metoprolol 50 MG", "metoprolol"),
        ("Sertralin forte", "sertralin"),
    ],
)
def test_names_are_kept_and_not_guessed(text: str, inn: str) -> None:
    assert _read(_statement(text=text)) == Medication(inn=inn)


@pytest.mark.parametrize(
    ("dosage", "words"),
    [
        (_dosage(50, {"code": {"coding": [{"code": "BID"}]}}, "Mg"), "up to 100000 mg"),  # a megagram
        (_dosage(0, {"code": {"coding": [{"code": "BID"}]}}), "above 0"),
        (_dosage(1, {"code": {"coding": [{"code": "BID"}]}}, "{tablet}"), "dose of metoprolol came in '{tablet}'"),
        (_dosage(50, {"repeat": {"period": 1, "periodUnit": "a"}}), "dosing period in 'a'"),
    ],
)
def test_doses_that_cannot_be_are_refused(dosage: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        _read(_statement(dosage))
    assert words in caught.value.message


@pytest.mark.parametrize("needed", [{"asNeededBoolean": True}, {"asNeededCodeableConcept": {"text": "agitation"}}])
def test_a_dose_as_needed_is_no_regular_dose(needed: dict[str, Any]) -> None:
    assert _read(_statement({**_dosage(50, {"code": {"coding": [{"code": "BID"}]}}), **needed})).amount_mg is None


def test_references_lead_to_the_product_or_are_refused() -> None:
    statement = {"status": "active", "medicationReference": {"reference": "Medication/7"}}
    product = {
        "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "6918", "display": "metoprolol"}]}
    }
    assert _read(statement, {"Medication/7": product}) == Medication(inn="metoprolol", rxnorm="6918")
    contained = {**statement, "medicationReference": {"reference": "#m"}, "contained": [{"id": "m", **product}]}
    assert _read(contained).inn == "metoprolol"
    with pytest.raises(InputError, match="Medication/7"):
        _read(statement)


@pytest.mark.parametrize("more", [{"status": "stopped"}, {"effectivePeriod": {"start": "2020-01-01", "end": "2021-01-01"}}])
def test_what_is_not_taken_any_more_is_left_out_and_said(more: dict[str, Any]) -> None:
    found, notes = read_medication({**_statement(), **more}, {}, today=TODAY)
    assert found is None
    assert "metoprolol" in notes[0]
