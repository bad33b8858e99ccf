"""Observations on their own: panels, scores, bounds, assays, and the ways to write an APOE
genotype.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.patient.biomarker import BIOMARKERS, OWN_SYSTEM
from qtwin.patient.observation import apoe_e4_copies, read_observation

BORN, TODAY = dt.date(1948, 5, 15), dt.date(2025, 6, 1)


def _read(resource: dict[str, Any]) -> tuple[list[float], list[str]]:
    visits, _, unused = read_observation(resource, born=BORN, today=TODAY)
    return [v.value for v in visits], [reason for _, reason in unused]


def _of(key: str, **more: Any) -> dict[str, Any]:
    return {
        "code": {"coding": [{"system": OWN_SYSTEM, "code": BIOMARKERS[key].own}]},
        "effectiveDateTime": "2024-02-12",
        **more,
    }


@given(key=st.sampled_from(sorted(BIOMARKERS)), share=st.floats(0.0, 1.0))
def test_every_value_in_its_range_is_read_as_it_is(key: str, share: float) -> None:
    marker = BIOMARKERS[key]
    value = min(marker.low + share * (marker.high - marker.low), marker.high)
    expected = math.floor(value + 1e-9) if key in ("mmse", "moca") else value  # points are whole
    assert _read(_of(key, valueQuantity={"value": value, "code": marker.unit}))[0] == [expected]


@given(key=st.sampled_from(sorted(BIOMARKERS)), beyond=st.floats(1e-3, 1e6), below=st.booleans())
def test_no_value_outside_its_range_is_read(key: str, beyond: float, below: bool) -> None:
    marker = BIOMARKERS[key]
    value = marker.low - beyond if below else marker.high + beyond
    values, unused = _read(_of(key, valueQuantity={"value": value, "code": marker.unit}))
    assert values == []
    assert f"{marker.high:g} {marker.unit} is expected" in unused[0]


def test_a_blood_pressure_panel_is_read_by_its_component() -> None:
    def component(code: str, value: float) -> dict[str, Any]:
        return {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value, "code": "mm[Hg]"},
        }

    panel = {
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "85354-9"}],
            "text": "Blood pressure panel",
        },
        "effectiveDateTime": "2024-02-12T09:30:00+01:00",
        "component": [component("8480-6", 148), component("8462-4", 84)],
    }
    assert _read(panel) == ([148.0], [])


def test_scores_may_be_plain_integers() -> None:
    assert _read(_of("mmse", valueInteger=24))[0] == [24.0]


@pytest.mark.parametrize(
    "unit",
    [
        "{score}",
        "(score)",
        "score",
        "{Points}",
        "points (pt)",
        "Pts",
        "/30",
        "{/30}",
        "21/30",
        "out of 30",
        "1",
        "",
        "Total score",
    ],
)
def test_a_score_is_read_in_whatever_its_points_are_called(unit: str) -> None:
    assert _read(_of("mmse", valueQuantity={"value": 21, "unit": unit})) == ([21.0], [])


@pytest.mark.parametrize("unit", ["/100", "20/30", "%", "mg", "/18"])
def test_a_score_of_another_scale_is_left_out(unit: str) -> None:
    values, unused = _read(_of("mmse", valueQuantity={"value": 21, "unit": unit}))
    assert values == []
    assert "cannot be converted" in unused[0]


@pytest.mark.parametrize("text", ["21", "21/30", "21 / 30", "21 points", "21 out of 30"])
def test_a_score_may_be_written_out(text: str) -> None:
    assert _read(_of("mmse", valueString=text))[0] == [21.0]


@pytest.mark.parametrize("text", ["21/100", "about 21", "21-23", ""])
def test_what_is_no_written_score_is_left_out(text: str) -> None:
    values, unused = _read(_of("mmse", valueString=text))
    assert values == []
    assert unused


@pytest.mark.parametrize(
    ("code", "value", "unit", "key"),
    [
        ("38483-4", 1.3, "mg/dL", "serum_creatinine"),
        ("59826-8", 1.3 * 88.402, "umol/L", "serum_creatinine"),
        ("2823-3", 4.1, "mEq/L", "potassium"),
        ("2951-2", 139.0, "mmol/L", "sodium"),
        ("62238-1", 41.0, "mL/min/{1.73_m2}", "egfr"),
        ("33914-3", 41.0, "mL/min/1.73m2", "egfr"),
        ("72172-0", 19.0, "{score}", "moca"),
    ],
)
def test_laboratory_codes_and_units(code: str, value: float, unit: str, key: str) -> None:
    told = {
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "effectiveDateTime": "2024-02-12",
    }
    visits, _, unused = read_observation(
        {**told, "valueQuantity": {"value": value, "code": unit}}, born=BORN, today=TODAY
    )
    assert unused == []
    wanted = 1.3 if key == "serum_creatinine" else value
    assert [(v.biomarker, round(v.value, 3)) for v in visits] == [(key, wanted)]


@pytest.mark.parametrize(
    ("when", "day"),
    [("2024-03", dt.date(2024, 3, 16)), ("2025-06", TODAY), ("1948-05", dt.date(1948, 5, 16))],
)
def test_a_month_is_read_as_its_middle_and_said(when: str, day: dt.date) -> None:
    visits, notes, _ = read_observation(
        _of("mmse", valueInteger=20, effectiveDateTime=when), born=BORN, today=TODAY
    )
    assert [v.date for v in visits] == [day]
    assert "only the month" in notes[0]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("2024", "got the year alone"),
        ("2025-07", "future"),
        ("2025-06-02", "future"),
        ("1948-04", "before birth"),
        (None, "got no date"),
        ("in spring", "no date"),
    ],
)
def test_a_day_that_cannot_be_leaves_the_measurement_out(when: str | None, words: str) -> None:
    values, unused = _read(_of("mmse", valueInteger=20, effectiveDateTime=when))
    assert values == []
    assert words in unused[0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"valueQuantity": {"value": 0.1, "comparator": "<", "code": "pg/mL"}},
            "only a bound came",
        ),
        ({"dataAbsentReason": {"text": "haemolysed"}}, "no value came"),
        (
            {"valueQuantity": {"value": 0.3, "code": "pg/mL"}, "method": {"text": "Lumipulse G"}},
            "Lumipulse",
        ),
    ],
)
def test_what_is_no_value_on_our_scale_is_not_used_and_said(
    more: dict[str, Any], words: str
) -> None:
    values, notes = _read(_of("plasma_p_tau217", **more))
    assert values == []
    assert words in notes[0]


def test_the_ratio_by_mass_spectrometry_is_not_a_concentration() -> None:
    ratio = {
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "106940-0"}],
            "text": "p-tau217 ratio",
        },
        "effectiveDateTime": "2024-02-12",
        "valueQuantity": {"value": 8.1, "code": "%"},
    }
    assert _read(ratio) == ([], ["no measurement that the twin reads"])


@pytest.mark.parametrize(
    ("text", "copies"),
    [
        ("e3/e4", 1),
        ("E4/E4", 2),
        ("ε2/ε3", 0),
        ("epsilon 3/epsilon 4", 1),
        ("APOE e3/e4", 1),
        ("APOE*3/*4", 1),
        ("APOE 4/4", 2),
        ("APOE3/APOE4", 1),
        ("E3E3", 0),
        ("3/4", 1),
        ("report of 2/3/2025: e4/e4", 2),
    ],
)
def test_apoe_genotypes(text: str, copies: int) -> None:
    assert apoe_e4_copies({"valueCodeableConcept": {"text": text}}) == copies
    assert apoe_e4_copies({"valueCodeableConcept": {"coding": [{"display": text}]}}) == copies
    assert apoe_e4_copies({"valueString": text}) == copies


@pytest.mark.parametrize("text", ["high risk", "e4 positive", "e4 2 copies", "e1/e3", "2025"])
def test_what_is_no_apoe_genotype_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="like e3/e4"):
        apoe_e4_copies({"valueCodeableConcept": {"text": text}})


def test_points_of_the_mmse_are_whole() -> None:
    """Generated records tell 24.6 points: 25 were not reached."""
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "72106-8"}]},
        "effectiveDateTime": "2024-03-01",
        "valueQuantity": {"value": 24.6, "unit": "(score)"},
    }
    assert _read(resource)[0] == [24.0]
