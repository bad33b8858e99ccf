"""The elements that FHIR resources share: codes, words, dates, references."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.shown import system_of

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?")


def codes(concept: Any) -> list[tuple[str, str]]:
    """(system, code) of each coding of a CodeableConcept, the system by its usual URI."""
    listed = concept.get("coding") if isinstance(concept, dict) else None
    codings = [c for c in (listed if isinstance(listed, list) else []) if isinstance(c, dict)]
    return [(system_of(c.get("system")), str(c.get("code", "")).strip()) for c in codings]


def words(concept: dict[str, Any] | None) -> str:
    """The words of a CodeableConcept: its text, else its first display, else its first code."""
    codings = (concept or {}).get("coding") or []
    told = [(concept or {}).get("text"), *(c.get("display") for c in codings), *(c.get("code") for c in codings)]
    return next((str(text).strip() for text in told if text and str(text).strip()), "unnamed")


def date_of(text: Any, where: str) -> dt.date:
    """The day of a FHIR date or dateTime.

    Raises:
        InputError: if it is missing, partial or no date.
    """
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        came = "no date" if text is None else "something that is no full date"
        raise InputError(f"{where}: {came} came, YYYY-MM-DD was wanted", hint="give the full date") from None


def span_of(text: Any) -> tuple[dt.date, dt.date] | None:
    """First and last day that a FHIR date or dateTime may mean, the same one where it is whole; None if it is no date."""
    partial = _PARTIAL.fullmatch(str(text))
    try:
        if partial is None:
            day = dt.date.fromisoformat(str(text)[:10])
            return day, day
        year, month = int(partial[1]), int(partial[2] or 0)
        first = dt.date(year, month or 1, 1)
        after = dt.date(year + (month in (0, 12)), month % 12 + 1 if month else 1, 1)
        return first, after - dt.timedelta(days=1)
    except ValueError:
        return None


def birth_date(text: Any) -> tuple[dt.date, str]:
    """The birth date, and a note where only its year or month is given and the middle of it has to do.

    Raises:
        InputError: if it is missing or no date.
    """
    partial = _PARTIAL.fullmatch(str(text))
    if partial is None or int(partial[2] or 1) not in range(1, 13) or partial[1] == "0000":
        return date_of(text, "Patient.birthDate"), ""
    year, month = int(partial[1]), partial[2]
    if month:
        return dt.date(year, int(month), 15), "only the month of birth is given: its middle is taken"
    return dt.date(year, 7, 1), "only the year of birth is given: its middle is taken"
