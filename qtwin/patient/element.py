"""The elements that FHIR resources share: codes, words, dates, references."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from qtwin.errors import InputError

_PARTIAL = re.compile(r"(\d{4})(?:-(\d{2}))?")


def codes(concept: Any) -> list[tuple[str, str]]:
    """(system, code) of each coding of a CodeableConcept, the system by its usual URI."""
    listed = concept.get("coding") if isinstance(concept, dict) else None
    codings = [c for c in (listed if isinstance(listed, list) else []) if isinstance(c, dict)]
    return [(system_of(c.get("system")), str(c.get("code", "")).strip()) for c in codings]


def words(concept: dict[str, Any] | None) -> str:
    """The words of a CodeableConcept: its text, else its first display, else its first code."""
    codings = (concept or {}).get("coding") or []
    told = [
        (concept or {}).get("text"),
        *(c.get("display") for c in codings),
        *(c.get("code") for c in codings),
    ]
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
        raise InputError(
            f"{where}: expected YYYY-MM-DD, got {came}", hint="give the full date"
        ) from None


def span_of(text: Any) -> tuple[dt.date, dt.date] | None:
    """First and last day that a FHIR date or dateTime may mean, the same one where it is whole;
    None if it is no date.
    """
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
    """The birth date, and a note where only its year or month is given and the middle of it has to
    do.

    Raises:
        InputError: if it is missing or no date.
    """
    partial = _PARTIAL.fullmatch(str(text))
    if partial is None or int(partial[2] or 1) not in range(1, 13) or partial[1] == "0000":
        return date_of(text, "Patient.birthDate"), ""
    year, month = int(partial[1]), partial[2]
    if month:
        return dt.date(
            year, int(month), 15
        ), "only the month of birth is given: its middle is taken"
    return dt.date(year, 7, 1), "only the year of birth is given: its middle is taken"


# What of a record may be shown: codes of known code systems, numbers, and words of our own; never
# the record's text.
#
# A display, a text, a note or an id may hold a name, a birth date or an address, whatever element
# it stands in. A code is shown only if it has the form of its system's codes.

LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
OWN_SYSTEM = "urn:qtwin:biomarker"
_ICD_10 = r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?"
_SYSTEMS = {
    LOINC: ("LOINC", r"\d{1,7}-\d"),
    SNOMED_CT: ("SNOMED CT", r"\d{6,18}"),
    RXNORM: ("RxNorm", r"\d{1,8}"),
    ATC: ("ATC", r"[A-Z]\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?"),
    "http://hl7.org/fhir/sid/icd-10": ("ICD-10", _ICD_10),
    "http://hl7.org/fhir/sid/icd-10-cm": ("ICD-10-CM", _ICD_10),
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": ("ICD-10-GM", _ICD_10),
    "http://hl7.org/fhir/sid/ndc": ("NDC", r"\d{4,5}-\d{3,4}-\d{1,2}|\d{11}"),
}
_OTHER_NAMES = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED_CT,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.73": ATC,
    "http://fhir.de/CodeSystem/bfarm/atc": ATC,
    "http://fhir.de/CodeSystem/dimdi/atc": ATC,
    "urn:oid:2.16.840.1.113883.6.3": "http://hl7.org/fhir/sid/icd-10",
    "urn:oid:2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
}
_UNIT_WORDS = (
    "% a bpm cm d g g/L g/dL h in kg kg/m2 lb m mL/min mg mg/L mg/dL min mm mm[Hg] mmHg "
    "mmol/L mo ms ng/L ng/mL nmol/L "
    "pg/mL pmol/L s ug ug/L ug/dL ug/mL umol/L wk 1/min /min beats/min mEq/L meq/L U/L "
    "point points score {score} tablet "
    "{tbl} {tablet} centiloid SUVR 1"
)
UNITS = frozenset(_UNIT_WORDS.split())
"""Units that may be repeated in a message."""


def system_of(text: Any) -> str:
    """The usual URI of a code system, whatever name it came by."""
    system = str(text or "").rstrip("/")
    return SNOMED_CT if system.startswith(f"{SNOMED_CT}/") else _OTHER_NAMES.get(system, system)


def shown_code(system: str, code: str) -> str:
    """A code if it is one of its system's, '' otherwise."""
    if system == OWN_SYSTEM:
        from qtwin.patient.biomarker import own_codes

        return code if code in own_codes() else ""
    known = _SYSTEMS.get(system)
    return code if known and re.fullmatch(known[1], code) else ""


def first_code(codings: list[tuple[str, str]]) -> str:
    """The first code that may be shown, '' without one."""
    return next((shown for system, code in codings if (shown := shown_code(system, code))), "")


def first_named_code(codings: list[tuple[str, str]]) -> str:
    """The first code that may be shown after its system's name, such as "RxNorm 6809"; '' without
    one.
    """
    return next(
        (f"{_SYSTEMS[s][0]} {c}" for s, c in codings if s in _SYSTEMS and shown_code(s, c)), ""
    )


def shown_unit(unit: str) -> str:
    """A unit as it may be repeated in a message."""
    return repr(unit) if unit in UNITS else "a unit that is not known"
