"""Diagnoses from codes: our own table, every key that a code means, and never the words of the
record.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.patient.condition import (
    RECENT_DAYS,
    keys_of,
    known_conditions,
    last_day,
    read_condition,
    with_implied,
)

SNOMED, ICD_10, ICD_10_CM = (
    "http://snomed.info/sct",
    "http://hl7.org/fhir/sid/icd-10",
    "http://hl7.org/fhir/sid/icd-10-cm",
)
# The dihedral group's tables of Verhoeff 1969, Error detecting decimal codes, with which SNOMED CT
# ends every identifier
_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _times(a: int, b: int) -> int:
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def _verhoeff(code: str) -> int:
    check = 0
    for i, digit in enumerate(int(c) for c in reversed(code)):
        for _ in range(i):
            digit = _PERMUTATION[digit]
        check = _times(check, digit)
    return check


def _resource(
    *codings: tuple[str, str], text: str = "", clinical: str = "active", verified: str = "confirmed"
) -> dict[str, Any]:
    return {
        "code": {
            "coding": [
                {"system": s, "code": c, "display": "words of the record"} for s, c in codings
            ],
            "text": text,
        },
        "clinicalStatus": {"coding": [{"code": clinical}]},
        "verificationStatus": {"coding": [{"code": verified}]},
    }


def _keys(*codings: tuple[str, str], **status: str) -> set[str]:
    return {c.key for c in read_condition(_resource(*codings, **status))[0]}


def test_every_snomed_code_of_the_table_has_a_right_check_digit() -> None:
    codes = [code for condition in known_conditions().values() for code in condition.snomed]
    assert len(codes) > 100
    assert [code for code in codes if _verhoeff(code) != 0] == []


def test_the_table_is_whole() -> None:
    table = known_conditions()
    assert len({c.name for c in table.values()}) == len(table)
    for condition in table.values():
        assert set(condition.implies) <= table.keys()
        assert not condition.recent or condition.recent in table


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (SNOMED, "26929004", {"alzheimer_disease"}),
        (ICD_10, "F00.1", {"alzheimer_disease"}),
        (ICD_10, "G30.9", {"alzheimer_disease"}),
        (ICD_10, "I13.0", {"hypertension", "heart_failure", "chronic_kidney_disease"}),
        (ICD_10_CM, "I1310", {"hypertension", "chronic_kidney_disease"}),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "i48.0", {"atrial_fibrillation"}),
        ("urn:oid:2.16.840.1.113883.6.96", "84757009", {"epilepsy"}),
        (ICD_10, "I44.0", {"first_degree_av_block"}),
        (ICD_10, "I44.1", {"av_block"}),
        ("", "I10", {"hypertension"}),
        ("", "38341003", {"hypertension"}),
        ("http://hl7.org/fhir/sid/icd-9-cm", "E888", {""}),
        ("http://example.org/local", "I10", {""}),
        (SNOMED, "1234567", {""}),
    ],
)
def test_a_code_tells_every_condition_that_it_means(
    system: str, code: str, expected: set[str]
) -> None:
    assert _keys((system, code)) == expected
    assert set(keys_of(system, code)) == expected - {""}


def test_any_of_the_codings_may_tell_it() -> None:
    assert _keys(("http://example.org/local", "77"), (ICD_10, "G40.2")) == {"epilepsy"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Epilepsy", "epilepsy"),
        ("Gastro-esophageal reflux disease (disorder)", "reflux_disease"),
        ("second degree AV-block", "av_block"),
        ("Hyperkalemia", "hyperkalaemia"),
        ("no epilepsy", ""),
        ("family history of epilepsy", ""),
        ("", ""),
    ],
)
def test_words_tell_a_condition_by_its_whole_name_where_no_code_does(text: str, key: str) -> None:
    assert _keys(text=text) == {key}
    assert _keys((SNOMED, "236633999"), text=text) == {key}
    assert _keys((SNOMED, "90560007"), text=text) == {"gout"}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Alzheimer's disease, mild", {"alzheimer_disease", "mild_dementia"}),
        ("Severe asthma", {"asthma"}),
        ("Focal epilepsy", {"epilepsy"}),
        ("Acute left heart failure", {"heart_failure"}),
        ("history of stroke", {"stroke"}),
        ("Previous gastrointestinal hemorrhage", {"gastrointestinal_bleeding"}),
        ("history of depression", {""}),  # not asked as history
        ("suspected epilepsy", {""}),
        ("risk of falls", {""}),
        ("mother had a stroke", {""}),
        ("family history of stroke", {""}),
        ("no history of stroke", {""}),
        ("history of", {""}),
    ],
)
def test_words_of_degree_and_course_do_not_hide_a_name(text: str, keys: set[str]) -> None:
    assert _keys(text=text) == keys


@pytest.mark.parametrize("code", ["Anna Muster", "1950-01-02", "MRN 12345", "71234567", "19500102"])
@pytest.mark.parametrize("system", [SNOMED, ICD_10, "http://example.org/local"])
def test_nothing_of_the_records_words_is_shown(code: str, system: str) -> None:
    found, notes = read_condition(_resource((system, code), text="Anna Muster fell"))
    assert [(c.key, c.code) for c in found] == [("", "")]
    told = " ".join([*(c.display for c in found), *notes])
    assert "not used" in told
    assert not any(
        word in told for word in ("Anna", "Muster", "1950", "12345", "71234567", "words")
    )


@given(
    number=st.integers(10**3, 10**8),
    partition=st.sampled_from(["00", "10", "01"]),
    digit=st.integers(0, 9),
)
def test_only_a_number_with_partition_and_check_digit_is_a_concept(
    number: int, partition: str, digit: int
) -> None:
    code = f"{number}{partition}{digit}"
    (found,) = read_condition(_resource((SNOMED, code)))[0]
    assert (found.code == code) == (partition != "01" and _verhoeff(code) == 0)


def test_a_diagnosis_without_a_key_is_kept_with_its_code() -> None:
    found, notes = read_condition(_resource((SNOMED, "195662009")))
    assert [(c.key, c.code, c.display) for c in found] == [
        ("", "195662009", "condition 195662009, not used")
    ]
    assert notes == ["condition 195662009 is not used by any rule or model"]


def test_what_is_over_stays_where_history_counts() -> None:
    assert _keys((ICD_10, "K92.2"), clinical="resolved") == {"gastrointestinal_bleeding"}
    assert _keys((ICD_10, "F32.1"), clinical="resolved") == set()
    assert _keys((ICD_10, "K92.2"), clinical="resolved", verified="refuted") == set()


def test_what_is_implied_follows_the_chain() -> None:
    assert with_implied({"dialysis"}) == {"dialysis", "kidney_failure", "chronic_kidney_disease"}
    assert with_implied(()) == frozenset()


MELAENA = "2901004"
ON = dt.date(2026, 3, 31)


@pytest.mark.parametrize(
    ("clinical", "more", "active"),
    [
        ("active", {"onsetDateTime": "2026-03-29"}, True),
        ("recurrence", {"recordedDate": "2026-03-29T08:00:00Z"}, True),
        ("active", {"onsetPeriod": {"start": "2026-03-01"}}, True),
        ("active", {}, True),  # no date: on the safe side
        ("active", {"onsetDateTime": (ON - dt.timedelta(days=RECENT_DAYS + 1)).isoformat()}, False),
        ("active", {"onsetDateTime": "2026-03-29", "abatementDateTime": "2026-03-30"}, False),
        ("resolved", {"onsetDateTime": "2026-03-29"}, False),
        ("", {"onsetDateTime": "2026-03-29"}, False),
    ],
)
def test_a_bleeding_is_active_only_while_the_record_says_so_and_it_is_recent(
    clinical: str, more: dict[str, Any], active: bool
) -> None:
    found = {
        c.key
        for c in read_condition({**_resource((SNOMED, MELAENA), clinical=clinical), **more}, on=ON)[
            0
        ]
    }
    assert found == {"gastrointestinal_bleeding"} | ({"active_bleeding"} if active else set())


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("active bleeding", True),
        ("upper GI bleeding", True),
        ("history of gastrointestinal bleeding", False),
    ],
)
def test_words_of_the_past_make_no_active_bleeding(text: str, active: bool) -> None:
    found = {
        c.key
        for c in read_condition(_resource(text=text.replace("GI", "gastrointestinal")), on=ON)[0]
    }
    assert ("active_bleeding" in found) == active
    assert "bleeding" in with_implied(found)


def test_an_old_active_bleeding_is_told_as_history() -> None:
    found = read_condition(
        {**_resource(text="active bleeding"), "onsetDateTime": "2019-01-01"}, on=ON
    )[0]
    assert {c.key for c in found} == {"bleeding"}


def test_the_last_day_of_a_record_is_the_last_one_told_and_none_to_come() -> None:
    told = [
        {"effectiveDateTime": "2026-03-01"},
        {"recordedDate": "2026-03-05T10:00:00Z"},
        {"onsetDateTime": "2030-01-01"},
        {"authoredOn": "x"},
    ]
    assert last_day(told, today=ON) == dt.date(2026, 3, 5)
    assert last_day([{}], today=ON) == ON
