"""A longitudinal cohort from a plain table: one row a visit, with subject, time and MMSE; other
columns are read past.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name

Array = NDArray[np.float64]
TIME_UNITS: Mapping[str, float] = {
    "years": 1.0,
    "months": 1.0 / 12.0,
    "weeks": 7.0 / 365.25,
    "days": 1.0 / 365.25,
}
SCALES = ("points", "impairment", "fraction")
"""How MMSE is written: 0-30 points; impairment (30 - points) / 30; fraction points / 30."""
_SUBJECT = (
    "id",
    "subject",
    "subject id",
    "subject_id",
    "rid",
    "ptid",
    "naccid",
    "participant",
    "patient",
    "patient_id",
    "oasisid",
)
_TIME: tuple[str, ...] = ("time", "time_years", "date", "visit_date", "examdate", "exam_date")
_TIME += (
    "days",
    "mr delay",
    "days_to_visit",
    "months",
    "month",
    "age",
    "age_years",
    "naccage",
    "years",
    "year",
)
"""Exact days before ages, which tables round to whole years: three visits in one year of age would
be one.
"""
_MMSE = (
    "mmse",
    "mmscore",
    "naccmmse",
    "mmse_total",
    "mmse_score",
    "mmse score",
    "mini-mental",
    "mini mental state examination",
)
_NOT_TESTED = frozenset({-9.0, -4.0, -1.0, 88.0, 95.0, 96.0, 97.0, 98.0, 99.0})
"""What cohorts write in place of a score that could not be taken."""
_MEANT_UNIT = {
    "months": "months",
    "month": "months",
    "days": "days",
    "mr delay": "days",
    "days_to_visit": "days",
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One person of a cohort.

    Attributes:
        subject: A number; the table's own identifier stays behind.
        times_years: (v,) since the first visit, increasing.
        mmse: (v,) points.
    """

    subject: int
    times_years: Array
    mmse: Array


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Subjects with at least one MMSE, in the order of the table.

    Attributes:
        sha256: Digest of the file.
        notes: What was read past.
    """

    subjects: tuple[Subject, ...]
    sha256: str
    notes: tuple[str, ...]


def _column(header: Sequence[str], wanted: str | None, known: Sequence[str], what: str) -> str:
    if wanted is not None:
        if wanted not in header:
            raise unknown_name(f"column for the {what}", wanted, header)
        return wanted
    lowered = {name.strip().lower(): name for name in header}
    for name in known:
        if name in lowered:
            return lowered[name]
    raise InputError(
        f"no column for the {what} was recognised among: {', '.join(header)}",
        hint=f"name it with --{what}, such as --{what} {header[0]!r}",
    )


def _day(cell: str) -> float | None:
    """The number of a day, counted from any day, if the cell is a date: 2024-03-01 or 3/1/2024."""
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return float(dt.datetime.strptime(cell[:10], form).toordinal())
        except ValueError:
            continue
    return None


def _points(value: float, scale: str) -> float:
    return (
        value
        if scale == "points"
        else 30.0 * (1.0 - value)
        if scale == "impairment"
        else 30.0 * value
    )


def read_cohort(
    path: Path,
    *,
    subject: str | None = None,
    time: str | None = None,
    mmse: str | None = None,
    time_unit: str | None = None,
    scale: str | None = None,
) -> Cohort:
    """Read a table of visits (CSV with a header; comma, semicolon or tab).

    Columns are recognised by their usual names where they are not named. Time may be a number or a
    date. MMSE is taken as points if any value exceeds 1, otherwise `scale` must say how it is
    written. Rows without MMSE or time, or with a code for "not tested", are read past and counted;
    of two rows of one subject at one time the first counts.

    Args:
        path: The file.
        subject: Column of the subject.
        time: Column of age or time.
        mmse: Column of the MMSE.
        time_unit: One of `TIME_UNITS`; guessed from the column's name where not given.
        scale: One of `SCALES`.

    Raises:
        InputError: for a missing file or column, a value that is no number, an impossible score or
            time.
    """
    if scale is not None and scale not in SCALES:
        raise unknown_name("MMSE scale", scale, SCALES)
    if time_unit is not None and time_unit not in TIME_UNITS:
        raise unknown_name("unit of time", time_unit, TIME_UNITS)
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            f"{path.name} is not UTF-8 text", hint="export the table as UTF-8 CSV"
        ) from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check the path") from None
    lines = text.splitlines()
    if not lines:
        raise InputError(
            f"{path.name} is empty", hint="a header line and one line a visit are wanted"
        )
    delimiter = max(",;\t", key=lines[0].count)
    rows = list(csv.DictReader(lines, delimiter=delimiter))
    header = [h for h in (csv.DictReader(lines, delimiter=delimiter).fieldnames or []) if h]
    names = (
        _column(header, subject, _SUBJECT, "subject"),
        _column(header, time, _TIME, "time"),
        _column(header, mmse, _MMSE, "mmse"),
    )
    per_unit = TIME_UNITS[time_unit or _MEANT_UNIT.get(names[1].strip().lower(), "years")]
    found: dict[str, list[tuple[float, float]]] = {}
    skipped = 0
    for number, row in enumerate(rows, start=2):
        cells = [(row.get(name) or "").strip() for name in names]
        if not all(cells) or any(
            cell.lower() in ("na", "nan", "n/a", "none", ".") for cell in cells[1:]
        ):
            skipped += 1
            continue
        values = []
        for cell, name in zip(cells[1:], names[1:], strict=True):
            try:
                day = _day(cell)
                value = float(cell) if day is None else day
            except ValueError:
                raise InputError(
                    f"{path.name} line {number}: {name} is no number", hint="correct the cell"
                ) from None
            if not math.isfinite(value):
                raise InputError(
                    f"{path.name} line {number}: {name} {cell!r} is not finite",
                    hint="correct the cell",
                )
            values.append(value)
        if scale in (None, "points") and values[1] in _NOT_TESTED:
            skipped += 1
            continue
        if _day(cells[1]) is not None:
            values[0] /= per_unit * 365.25
        found.setdefault(cells[0], []).append((values[0] * per_unit, values[1]))
    if not found:
        raise InputError(
            f"{path.name} holds no row with subject, time and MMSE", hint="check the columns"
        )
    largest = max(v for visits in found.values() for _, v in visits)
    if scale is None:
        if 0.0 <= largest <= 1.0:
            raise InputError(
                f"{path.name}: no MMSE exceeds {largest:g}, expected points of 0 to 30",
                hint="say how it is written: --scale impairment for (30 - points)/30, --scale "
                "fraction for points/30",
            )
        scale = "points"
    limit = 30.0 if scale == "points" else 1.0
    subjects = []
    doubled = 0
    for k, visits in enumerate(found.values()):
        by_time: dict[float, float] = {}
        for at, value in sorted(visits, key=lambda v: v[0]):
            if not 0.0 <= value <= limit:
                raise InputError(
                    f"{path.name}: expected an MMSE of 0 to {limit:g}, got {value:g}",
                    hint="check the column or --scale",
                )
            doubled += at in by_time
            by_time.setdefault(at, value)
        times = np.array(list(by_time))
        if times[-1] - times[0] > 60.0:
            raise InputError(
                f"{path.name}: visits {times[-1] - times[0]:.0f} years apart came",
                hint="set --time-unit",
            )
        values_points = np.array([_points(v, scale) for v in by_time.values()])
        subjects.append(Subject(subject=k + 1, times_years=times - times[0], mmse=values_points))
    notes = [f"columns: subject {names[0]!r}, time {names[1]!r}, MMSE {names[2]!r} in {scale}"]
    if skipped:
        notes.append(f"{skipped} rows without subject, time or MMSE are read past")
    if doubled:
        notes.append(f"{doubled} rows repeat a subject's time; the first is used")
    return Cohort(
        subjects=tuple(subjects), sha256=hashlib.sha256(raw).hexdigest(), notes=tuple(notes)
    )
