"""FHIR Observations -> measurements in canonical units, and the APOE genotype."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.biomarker import APOE_CODES, BIOMARKERS, biomarker_of
from qtwin.patient.element import codes, date_of, words
from qtwin.patient.measurement import check_day, foreign_assay, in_canonical_unit, wanted_range
from qtwin.patient.person import Visit

_NOT_MADE = frozenset({"cancelled", "entered-in-error"})
_ALLELES = re.compile(r"(?<![a-z\d])E\s?\*?([234])\s*(?:[/|,;-]\s*(?:E\s?)?\*?|E\s?\*?)([234])(?!\d)", re.IGNORECASE)
_BARE_ALLELES = re.compile(r"\s*\*?([234])\s*/\s*\*?([234])\s*")


def marker_of(resource: dict[str, Any]) -> str | None:
    """Our key for what an Observation, or one of its components, measures."""
    return next((key for system, code in codes(resource.get("code")) if (key := biomarker_of(system, code))), None)


def is_apoe(resource: dict[str, Any]) -> bool:
    """Whether an Observation tells the APOE genotype."""
    return bool(APOE_CODES & set(codes(resource.get("code"))))


def was_made(resource: dict[str, Any]) -> bool:
    """Whether the observation was made, and not cancelled or entered by mistake."""
    return resource.get("status") not in _NOT_MADE


def lacks_assay(resource: dict[str, Any]) -> bool:
    """Whether an Observation of p-tau217 does not name the assay it was made with."""
    parts = (resource, *(resource.get("component") or []))
    return not resource.get("method") and any(marker_of(part) == "plasma_p_tau217" for part in parts)


def when_taken(resource: dict[str, Any]) -> Any:
    """The date of an Observation as it stands in the record."""
    period = resource.get("effectivePeriod") or {}
    return resource.get("effectiveDateTime") or resource.get("effectiveInstant") or period.get("start")


def _alleles(text: str) -> re.Match[str] | None:
    plain = re.sub(r"epsilon[\s-]?|ε", "E", text, flags=re.IGNORECASE)
    plain = re.sub(r"APO-?(?=E)", "", plain, flags=re.IGNORECASE)
    return _ALLELES.search(plain) or _BARE_ALLELES.fullmatch(plain)


def apoe_e4_copies(resource: dict[str, Any]) -> int:
    """Copies of e4 in an APOE genotype such as e3/e4, E3E4, ε3/ε4, APOE*3/*4 or 3/4.

    Raises:
        InputError: if no two alleles are found.
    """
    concept = resource.get("valueCodeableConcept") or {}
    told = [concept.get("text"), *(c.get("display") for c in concept.get("coding") or []), resource.get("valueString")]
    texts = [str(text) for text in told if text]
    match = next((m for text in texts if (m := _alleles(text))), None)
    if match is None:
        came = repr(texts[0]) if texts else "without a value"
        raise InputError(f"APOE genotype {came} came, one like e3/e4 was wanted", hint="give both alleles")
    return [match[1], match[2]].count("4")


def read_observation(resource: dict[str, Any], *, born: dt.date, today: dt.date) -> tuple[list[Visit], list[str]]:
    """The measurements of an Observation and of its components, and a note for each that is not used.

    Raises:
        InputError: for a value, unit or date of a known biomarker that cannot be.
    """
    visits: list[Visit] = []
    notes: list[str] = []
    known = False
    for part in (resource, *(resource.get("component") or [])):
        key = marker_of(part)
        if key is None:
            continue
        known = True
        when = date_of(when_taken(resource), f"observation of {key}")
        check_day(when, born=born, today=today, where=f"{key} on {when}")
        reason = _why_unused(key, part, resource)
        if reason:
            notes.append(f"{key} of {when} is not used: {reason}")
        else:
            visits.append(_visit(key, when, part))
    if not known:
        notes.append(f"observation {words(resource.get('code'))!r} is not used")
    return visits, notes


def _why_unused(key: str, part: dict[str, Any], resource: dict[str, Any]) -> str:
    quantity = part.get("valueQuantity") or {}
    if quantity.get("comparator"):
        return f"only a bound came, {quantity['comparator']} {quantity.get('value')}"
    if not any(name.startswith("value") for name in part) and part.get("dataAbsentReason"):
        return f"no value came, {words(part['dataAbsentReason'])}"
    return foreign_assay(key, words(resource["method"]) if resource.get("method") else "")


def _visit(key: str, when: dt.date, part: dict[str, Any]) -> Visit:
    marker, where = BIOMARKERS[key], f"{key} on {when}"
    quantity = part.get("valueQuantity")
    if quantity is None and marker.unit == "point" and "valueInteger" in part:
        quantity = {"value": part["valueInteger"], "unit": "point"}  # scores are often plain integers
    if not isinstance(quantity, dict) or quantity.get("value") is None:
        raise InputError(f"{where}: no valueQuantity came, {wanted_range(key)}", hint="add it or remove the entry")
    unit = str(quantity.get("code") or quantity.get("unit") or "")
    value = in_canonical_unit(key, float(quantity["value"]), unit, where=where)
    return Visit(date=when, biomarker=key, value=value, unit=marker.unit)


def refuse_not_finite(resource: dict[str, Any], place: str) -> None:
    """Refuse an Observation in which a number is NaN or infinite, by the name of what it measures.

    Raises:
        InputError: always; `place` says where in the file the number stands.
    """
    parts = (resource, *(resource.get("component") or []))
    values = [(p, (p.get("valueQuantity") or {}).get("value")) for p in parts if isinstance(p.get("valueQuantity") or {}, dict)]
    spoilt = next((p for p, v in values if isinstance(v, float) and not math.isfinite(v)), resource)
    key = marker_of(spoilt)
    named = key or words(spoilt.get("code"))
    marker = BIOMARKERS[key] if key else None
    wanted = f"{marker.low:g} to {marker.high:g} {marker.unit}" if marker else "a finite number"
    raise InputError(
        f"{named} on {when_taken(resource)}: the value is NaN or infinite ({place}); {wanted} was wanted",
        hint="correct or remove the measurement",
    )
