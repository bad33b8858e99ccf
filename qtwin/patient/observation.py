"""FHIR Observations -> measurements in canonical units, and the APOE genotype."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.biomarker import APOE_CODES, BIOMARKERS, P_TAU217_ASSAY, biomarker_of
from qtwin.patient.element import codes, date_of, words
from qtwin.patient.person import Visit
from qtwin.units import convert

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
        if when < born:
            raise InputError(f"{key} on {when}: the measurement lies before birth", hint="correct the date")
        if when > today:
            raise InputError(f"{key} on {when}: the measurement lies in the future", hint="correct the date")
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
    assay = words(resource.get("method")) if resource.get("method") else P_TAU217_ASSAY
    if key == "plasma_p_tau217" and P_TAU217_ASSAY.lower() not in assay.lower():
        return f"it was measured by {assay}, whose scale is not that of Simoa {P_TAU217_ASSAY}"
    return ""


def _visit(key: str, when: dt.date, part: dict[str, Any]) -> Visit:
    marker = BIOMARKERS[key]
    where, wanted = f"{key} on {when}", f"{marker.low:g} to {marker.high:g} {marker.unit} was wanted"
    quantity = part.get("valueQuantity")
    if quantity is None and marker.unit == "point" and "valueInteger" in part:
        quantity = {"value": part["valueInteger"], "unit": "point"}  # scores are often plain integers
    if not isinstance(quantity, dict) or quantity.get("value") is None:
        raise InputError(f"{where}: no valueQuantity came, {wanted}", hint="add it or remove the entry")
    unit = quantity.get("code") or quantity.get("unit")
    if not unit:
        raise InputError(f"{where}: no unit came, {wanted}", hint="add the UCUM code")
    try:
        value = convert(float(quantity["value"]), str(unit), marker.unit, quantity=key)
    except InputError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from None
    if not marker.low <= value <= marker.high:
        kind = "negative value" if value < 0 else "value outside its range"
        raise InputError(f"{where}: {value:g} {marker.unit} is a {kind}; {wanted}", hint="correct or remove the measurement")
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
