"""Tables of visits: the same measurements give the same visits as a Bundle, and every fault is
named by its line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.patient.biomarker import BIOMARKERS
from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import describe
from qtwin.patient.record import read_record
from qtwin.patient.table import read_visits
from tests.patient.conftest import DATA

TODAY = dt.date(2026, 6, 1)
HEADER = "date,biomarker,value,unit"
Table = Callable[..., Path]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Write a table of these lines."""

    def write(*lines: str, name: str = "visits.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def _refused(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read_visits(path, today=TODAY)
    assert caught.value.hint
    return caught.value


def test_a_table_says_what_a_bundle_says(table: Table) -> None:
    """The shipped record's visits, written into a table, with what the twin needs of the person."""
    bundle = read_bundle(
        DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json", today=TODAY
    )
    lines = [
        f"{v.date},{v.biomarker},{v.value},{v.unit},female,1948-05-15,1" for v in bundle.visits
    ]
    path = table(f"{HEADER},sex,birth_date,apoe_e4_copies", *lines)
    patient = read_record(path, DATA / "quickstart_pharmcat.json", today=TODAY)
    for name in (
        "age_years",
        "sex",
        "visits",
        "genotypes",
        "apoe_e4_copies",
        "weight_kg",
        "creatinine_clearance_mL_per_min",
    ):
        assert getattr(patient, name) == getattr(bundle, name), name
    assert patient.provenance.kind == "table of visits"
    assert len(patient.provenance.sha256) == 2


@pytest.mark.parametrize("name", ["plasma_p_tau217", "Plasma p-tau217", "104663-0"])
def test_a_biomarker_by_its_key_its_words_or_its_loinc_code(table: Table, name: str) -> None:
    visits = read_visits(table(HEADER, f"2024-02-12,{name},1.02,pg/mL"), today=TODAY).visits
    assert [(v.biomarker, v.value) for v in visits] == [("plasma_p_tau217", 1.02)]


@pytest.mark.parametrize(
    ("value", "unit", "mg_per_dL"),
    [
        ("1.0", "mg/dL", 1.0),
        ("88.4", "umol/L", 1.0),
        ("0.0884", "mmol/L", 1.0),
        ("10", "mg/L", 1.0),
    ],
)
def test_units_are_converted(table: Table, value: str, unit: str, mg_per_dL: float) -> None:
    """Creatinine: 1 mg/dL is 88.4 umol/L (molar mass 113.12 g/mol)."""
    patient = read_visits(table(HEADER, f"2024-02-12,serum creatinine,{value},{unit}"), today=TODAY)
    assert patient.visits[0].value == pytest.approx(mg_per_dL, rel=1e-3)


def test_mixed_units_in_one_table_are_one_unit_afterwards(table: Table) -> None:
    path = table(
        HEADER,
        "2023-02-12,weight,70,kg",
        "2024-02-12,weight,154.3236,[lb_av]",
        "2024-03-12,weight,70000,g",
    )
    visits = read_visits(path, today=TODAY).visits
    assert {v.unit for v in visits} == {"kg"}
    assert [v.value for v in visits] == pytest.approx([70.0, 70.0, 70.0], rel=1e-5)


def test_ages_in_place_of_dates(table: Table) -> None:
    path = table(
        "age_years,biomarker,value,unit,sex", "70.5,mmse,27,point,M", "72.5,mmse,25,point,M"
    )
    patient = read_visits(path, today=TODAY)
    assert patient.age_years == 72.5
    assert patient.sex == "male"
    assert (patient.visits[1].date - patient.visits[0].date).days == pytest.approx(
        2 * 365.25, abs=1
    )


def test_an_age_without_a_birth_date_is_assumed_and_said(table: Table) -> None:
    patient = read_visits(table(HEADER, "2024-02-12,mmse,25,point"), today=TODAY)
    assert f"no age: {patient.age_years:.0f} years at the last visit are assumed" in patient.missing


def test_names_are_not_read(table: Table) -> None:
    path = table(
        f"{HEADER},name,hospital number", "2024-02-12,mmse,25,point,Anna Beispiel,SYN-000117"
    )
    patient = read_visits(path, today=TODAY)
    told = repr(patient) + repr(describe(patient))
    assert "Anna" not in told
    assert "SYN" not in told
    assert "columns of the table that are not read: 2" in patient.notes


@pytest.mark.parametrize("lines", [(HEADER,), (HEADER, "", " , , , ")])
def test_a_table_without_visits_is_a_patient_without_visits(
    table: Table, lines: tuple[str, ...]
) -> None:
    patient = read_visits(table(*lines), today=TODAY)
    assert patient.visits == ()
    assert any(line.startswith("no visits") for line in patient.missing)
    assert any(line.startswith("no age") for line in patient.missing)


def test_a_line_may_tell_of_the_person_alone(table: Table) -> None:
    patient = read_visits(
        table(f"{HEADER},sex,birth_year,apoe_e4_copies", ",,,,female,1950,2"), today=TODAY
    )
    assert (patient.visits, patient.sex, patient.apoe_e4_copies) == ((), "female", 2)
    assert patient.age_years == pytest.approx(76, abs=0.6)
    assert not any("no age" in line for line in patient.missing)


def test_a_measurement_that_is_there_twice_counts_once(table: Table) -> None:
    patient = read_visits(table(HEADER, *["2024-02-12,mmse,25,point"] * 2), today=TODAY)
    assert len(patient.visits) == 1
    assert any("twice" in note for note in patient.notes)


def test_an_assay_on_another_scale_is_not_used(table: Table) -> None:
    path = table(
        f"{HEADER},assay",
        "2024-02-12,plasma_p_tau217,0.2,pg/mL,Lumipulse G",
        "2024-03-12,plasma_p_tau217,1.0,pg/mL,ALZpath",
    )
    patient = read_visits(path, today=TODAY)
    assert [v.value for v in patient.visits] == [1.0]
    assert any("Lumipulse" in note for note in patient.notes)
    assert not any("without a named assay" in line for line in patient.missing)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(table: Table, separator: str) -> None:
    path = table(*(line.replace(",", separator) for line in (HEADER, "2024-02-12,mmse,25,point")))
    assert len(read_visits(path, today=TODAY).visits) == 1


GOOD = "2023-02-12,mmse,26,point"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2024-02-12,mmse,31,point", "0 to 30"),
        ("2024-02-12,plasma_p_tau217,-0.1,pg/mL", "negative"),
        ("2024-02-12,mmse,nan,point", "finite"),
        ("2024-02-12,mmse,inf,point", "finite"),
        ("2024-02-12,mmse,many,point", "expected a number"),
        ("2024-02-12,mmse,,point", "no value"),
        ("2024-02-12,mmse,25,", "no unit"),
        ("2024-02-12,weight,70,furlongs", "give it in kg"),
        ("2024-02-12,plasma_p_tau217,1.0,mm[Hg]", "cannot be converted"),
        ("2024-02-12,mmze,25,point", "did you mean 'mmse'"),
        ("2024-02,mmse,25,point", "YYYY-MM-DD"),
        ("12.02.2024,mmse,25,point", "YYYY-MM-DD"),
        (",mmse,25,point", "no date"),
        ("2027-02-12,mmse,25,point", "future"),
        ("2024-02-12,mmse,25,point,more", "expected 4 cells, got 5"),
        ("2024-02-12,mmse", "expected 4 cells, got 2"),
    ],
)
def test_a_line_that_cannot_be_is_named_by_its_number(table: Table, line: str, words: str) -> None:
    refused = _refused(table(HEADER, GOOD, "", line))
    assert refused.message.startswith("visits.csv line 4: ")
    assert words in f"{refused.message} {refused.hint}"


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        (
            f"{HEADER},birth_date",
            "1940-02-12,mmse,25,point,1948-05-15",
            "line 2: mmse: the measurement lies before birth",
        ),
        ("age_years,biomarker,value,unit", "-3,mmse,25,point", "before birth"),
        ("age_years,biomarker,value,unit", "203,mmse,25,point", "0 to 120"),
        (f"{HEADER},birth_date", "2024-02-12,mmse,25,point,2030-01-01", "future"),
        (f"{HEADER},birth_date", "2024-02-12,mmse,25,point,yesterday", "expected YYYY-MM-DD"),
        (f"{HEADER},birth_year", "2024-02-12,mmse,25,point,1800", "years old"),
        (f"{HEADER},sex", "2024-02-12,mmse,25,point,w", "female"),
        (f"{HEADER},apoe_e4_copies", "2024-02-12,mmse,25,point,3", "0, 1 or 2"),
        (f"{HEADER},age_years", "2024-02-12,mmse,25,point,70", "both date and age_years"),
        (
            f"{HEADER},birth_date,birth_year",
            "2024-02-12,mmse,25,point,,1950",
            "both birth_date and birth_year",
        ),
        ("date,value,unit", "2024-02-12,25,point", "no column biomarker"),
        ("biomarker,value,unit", "mmse,25,point", "date or age_years"),
        (f"{HEADER},unit", "2024-02-12,mmse,25,point,point", "twice"),
    ],
)
def test_a_person_or_header_that_cannot_be(
    table: Table, header: str, line: str, words: str
) -> None:
    refused = _refused(table(header, line))
    assert words in f"{refused.message} {refused.hint}"
    assert "1948-05-15" not in refused.message


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("sex", ("female", "male")),
        ("birth_date", ("1948-05-15", "1948-05-16")),
        ("apoe_e4_copies", ("1", "2")),
    ],
)
def test_one_person_is_one_person(table: Table, column: str, values: tuple[str, str]) -> None:
    refused = _refused(
        table(
            f"{HEADER},{column}",
            *(f"2024-0{k + 1}-12,mmse,25,point,{v}" for k, v in enumerate(values)),
        )
    )
    assert refused.message.startswith(f"visits.csv line 3: {column} is not that of line 2")
    assert not any(v in refused.message for v in values if len(v) > 1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00", b"{}"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "visits.csv"
    path.write_bytes(content)
    for target in (path, tmp_path, tmp_path / "nowhere.csv", path / "below"):
        _refused(target)


def test_the_kind_of_a_record_is_told_by_suffix_or_content(table: Table, tmp_path: Path) -> None:
    lines = (HEADER, GOOD)
    for name in ("visits.csv", "visits.CSV", "visits.txt", "visits"):
        assert (
            read_record(table(*lines, name=name), today=TODAY).provenance.kind == "table of visits"
        )
    bundle = tmp_path / "record"
    bundle.write_bytes((DATA / "quickstart_bundle.json").read_bytes())
    assert read_record(bundle, today=TODAY).provenance.kind == "FHIR R4 Bundle"
    with pytest.raises(InputError, match="JSON"):
        read_record(table(*lines, name="visits.json"), today=TODAY)
    with pytest.raises(InputError, match="no file"):
        read_record(tmp_path / "nowhere", today=TODAY)


def test_every_biomarker_can_come_in_a_table(table: Table) -> None:
    lines = [f"2024-02-12,{key},{m.high},{m.unit}" for key, m in BIOMARKERS.items()]
    assert {v.biomarker for v in read_visits(table(HEADER, *lines), today=TODAY).visits} == set(
        BIOMARKERS
    )
