"""One person's visits from a plain table: CSV, one measured value a line.

The header is `date,biomarker,value,unit`, or `age_years` in place of `date`. Columns that tell of
the person must hold the same on every line, or nothing: `sex`, `birth_date` or `birth_year`,
`apoe_e4_copies`. `assay` may name the assay of a line. Other columns, names above all, are not
read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from qtwin.errors import InputError, unknown_name
from qtwin.patient.biomarker import (
    BIOMARKERS,
    LOINC,
    biomarker_of,
    check_day,
    foreign_assay,
    in_canonical_unit,
)
from qtwin.patient.element import birth_date
from qtwin.patient.file import Line, constant, number, read_csv
from qtwin.patient.observation import clearance_mL_per_min
from qtwin.patient.person import (
    ASSUMED_AGE_YEARS,
    OLDEST_YEARS,
    Patient,
    Provenance,
    Visit,
    what_is_missing,
)
from qtwin.patient.pharmcat import read_pharmcat

_WANTED = ("biomarker", "value", "unit")
_TIMES = ("date", "age_years")
_CONSTANT = ("sex", "birth_date", "birth_year", "apoe_e4_copies")
_SEXES: Mapping[str, str] = {
    "f": "female",
    "m": "male",
    **{s: s for s in ("female", "male", "other", "unknown")},
}
_DAYS_PER_YEAR = 365.25
ANY_BIRTH = dt.date(1900, 1, 1)
"""Where ages count from if nobody knows the birth date; only the time between visits matters."""
_LAYOUT = "the header is date,biomarker,value,unit, or age_years in place of date"


def _check_header(header: Sequence[str], path: Path) -> str:
    """The column that tells the time."""
    where = f"{path.name} line 1"
    lacking = [name for name in _WANTED if name not in header]
    times = [name for name in _TIMES if name in header]
    if lacking or not times:
        named = ", ".join([*lacking, *([] if times else ["date or age_years"])])
        raise InputError(f"{where}: no column {named} came", hint=_LAYOUT)
    for both in (_TIMES, ("birth_date", "birth_year")):
        if set(both) <= set(header):
            raise InputError(
                f"{where}: expected one of two columns, got both {both[0]} and {both[1]}",
                hint="take one column out",
            )
    return times[0]


def _born(lines: Sequence[Line], today: dt.date) -> tuple[dt.date | None, str]:
    for column in ("birth_date", "birth_year"):
        told, where = constant(lines, column)
        if told:
            try:
                born, note = birth_date(told)
            except InputError:
                wanted = "YYYY-MM-DD" if column == "birth_date" else "a year such as 1950"
                raise InputError(
                    f"{where}: expected {wanted} as {column}, got no date",
                    hint="correct the column",
                ) from None
            if born > today:
                raise InputError(f"{where}: {column} lies in the future", hint="correct the column")
            return born, note
    return None, ""


def _e4_copies(lines: Sequence[Line]) -> int | None:
    told, where = constant(lines, "apoe_e4_copies")
    if told not in ("", "0", "1", "2"):
        raise InputError(
            f"{where}: apoe_e4_copies is not 0, 1 or 2", hint="correct it, or leave it empty"
        )
    return int(told) if told else None


def _sex(lines: Sequence[Line]) -> str:
    told, where = constant(lines, "sex")
    if told and told.lower() not in _SEXES:
        raise InputError(f"{where}: sex is none of {', '.join(_SEXES)}", hint="correct the column")
    return _SEXES[told.lower()] if told else "unknown"


def _key(line: Line) -> str:
    """The biomarker that a line names by its key, its words or a LOINC code."""
    name = line.cells["biomarker"]
    by_words = {m.words.lower(): key for key, m in BIOMARKERS.items()}
    key = (
        name.lower()
        if name.lower() in BIOMARKERS
        else by_words.get(name.lower()) or biomarker_of(LOINC, name)
    )
    if key is None:
        raise InputError(
            f"{line.where}: a biomarker came that is not known",
            hint=unknown_name("biomarker", name, BIOMARKERS).hint,
        )
    return key


def _day(line: Line, time: str, born: dt.date | None) -> dt.date:
    if time == "date":
        try:
            return dt.date.fromisoformat(line.cells["date"])
        except ValueError:
            came = "something that is no full date" if line.cells["date"] else "no date"
            raise InputError(
                f"{line.where}: expected YYYY-MM-DD, got {came}", hint="give the full date"
            ) from None
    age = number(line, "age_years")
    if not 0.0 <= age <= OLDEST_YEARS:
        before = ": the measurement lies before birth" if age < 0.0 else ""
        raise InputError(
            f"{line.where}: expected an age_years of 0 to {OLDEST_YEARS:.0f}, got {age:g}{before}",
            hint="give the age in years",
        )
    return (born or ANY_BIRTH) + dt.timedelta(days=age * _DAYS_PER_YEAR)


def _visit(
    line: Line, time: str, *, born: dt.date | None, today: dt.date
) -> tuple[Visit | None, str]:
    """The visit of a line, or why there is none."""
    key = _key(line)
    when, where = _day(line, time, born), f"{line.where}: {key}"
    check_day(when, born=born, today=today, where=where)
    if not line.cells["value"]:
        raise InputError(f"{where}: no value came", hint="add it or remove the line")
    unit = line.cells["unit"]
    value = in_canonical_unit(key, number(line, "value"), unit, where=where)
    reason = foreign_assay(key, line.cells.get("assay", ""))
    if reason:
        return None, f"{where} is not used: {reason}"
    return Visit(date=when, biomarker=key, value=value, unit=BIOMARKERS[key].unit), ""


def _age_years(
    lines: Sequence[Line], time: str, visits: Sequence[Visit], born: dt.date | None, today: dt.date
) -> float | None:
    if time == "age_years" and visits:
        return max(number(line, time) for line in lines if line.cells[time])
    if born is None:
        return None
    return ((visits[-1].date if visits else today) - born).days / _DAYS_PER_YEAR


def read_visits(
    path: Path, genotypes: Path | None = None, *, today: dt.date | None = None
) -> Patient:
    """A patient from a table of visits and, beside it, a PharmCAT report.

    A line whose biomarker and value are both empty tells of the person alone. A table without
    visits is a patient without visits.

    Args:
        path: The table, separated by commas, semicolons or tabs.
        genotypes: PharmCAT 3.1 report or phenotype file.
        today: The day against which dates are checked; the real one by default.

    Raises:
        InputError: for anything that cannot be read or cannot be true, with the line it is on.
    """
    today = today or dt.date.today()
    header, lines, digest = read_csv(path, what="table of visits")
    time = _check_header(header, path)
    born, birth_note = _born(lines, today)
    sex, copies = _sex(lines), _e4_copies(lines)
    measured = [line for line in lines if line.cells["biomarker"] or line.cells["value"]]
    read = [_visit(line, time, born=born, today=today) for line in measured]
    all_visits = [visit for visit, _ in read if visit is not None]
    visits = sorted(set(all_visits), key=lambda v: (v.date, v.biomarker, v.value))
    age_years = _age_years(measured, time, visits, born, today)
    if age_years is not None and age_years > OLDEST_YEARS:
        raise InputError(
            f"{path.name}: the patient is {age_years:.0f} years old, at most "
            f"{OLDEST_YEARS:.0f} was wanted",
            hint="correct the birth date",
        )
    report = read_pharmcat(genotypes) if genotypes else None
    found = report.genotypes if report else {}
    last = {v.biomarker: v.value for v in visits}
    clearance, kidney_notes = clearance_mL_per_min(
        last, age_years=ASSUMED_AGE_YEARS if age_years is None else age_years, sex=sex
    )
    unread = sorted(set(header) - {*_WANTED, *_TIMES, *_CONSTANT, "assay", ""})
    without_assay = any(
        _key(line) == "plasma_p_tau217" and not line.cells.get("assay") for line in measured
    )
    doubled = len(all_visits) - len(visits)
    notes = [
        *([birth_note] if birth_note else []),
        *([f"columns of the table that are not read: {len(unread)}"] if unread else []),
        *(note for _, note in read if note),
        *([f"{doubled} measurements are in the table twice and used once"] if doubled else []),
        *kidney_notes,
        *(report.notes if report else ()),
    ]
    return Patient(
        patient_id=f"patient-{digest[:10]}",
        age_years=ASSUMED_AGE_YEARS if age_years is None else age_years,
        sex=sex,
        weight_kg=last.get("weight"),
        height_cm=last.get("height"),
        creatinine_clearance_mL_per_min=clearance,
        apoe_e4_copies=copies,
        genotypes=found,
        conditions=(),
        medications=(),
        visits=tuple(visits),
        consent=None,
        provenance=Provenance(
            kind="table of visits",
            sha256=(digest, report.sha256) if report else (digest,),
            synthetic=False,
            versions=("CSV", *([f"PharmCAT {report.version}".strip()] if report else [])),
        ),
        missing=what_is_missing(
            measured=last.keys(),
            sex=sex,
            genotypes=found,
            apoe_known=copies is not None,
            medications=(),
            consent=None,
            age_known=age_years is not None,
            p_tau217_without_assay=without_assay and "plasma_p_tau217" in last,
        ),
        notes=tuple(notes),
    )
