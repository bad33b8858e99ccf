"""Creatinine clearance: measured, from serum creatinine, or from an estimated filtration rate."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.biomarker import (
    APOE_CODES,
    BIOMARKERS,
    biomarker_of,
    check_day,
    foreign_assay,
    in_canonical_unit,
    wanted_range,
)
from qtwin.patient.element import codes, first_code, span_of
from qtwin.patient.medicine import texts_of
from qtwin.patient.person import Visit


def cockcroft_gault_mL_per_min(  # noqa: N802
    *, age_years: float, weight_kg: float, creatinine_mg_per_dL: float, female: bool
) -> float:
    """Creatinine clearance, (140 - age) weight / (72 creatinine), x 0.85 in women (Cockcroft and
    Gault 1976, Nephron 16:31).
    """
    return (
        (140.0 - age_years) * weight_kg / (72.0 * creatinine_mg_per_dL) * (0.85 if female else 1.0)
    )


def body_surface_m2(*, weight_kg: float, height_cm: float) -> float:
    """Body surface, sqrt(height weight / 3600) (Mosteller 1987, N Engl J Med 317:1098)."""
    return math.sqrt(height_cm * weight_kg / 3600.0)


def clearance_mL_per_min(  # noqa: N802
    last: Mapping[str, float], *, age_years: float, sex: str
) -> tuple[float | None, list[str]]:
    """Creatinine clearance as measured, or from the last creatinine and weight, or from eGFR; with
    a note where it is estimated.

    Args:
        last: Last value of each biomarker.
        age_years: Age.
        sex: Sex or gender as recorded.
    """
    if "creatinine_clearance" in last:
        return last["creatinine_clearance"], []
    if {"serum_creatinine", "weight"} <= last.keys():
        estimated = cockcroft_gault_mL_per_min(
            age_years=age_years,
            weight_kg=last["weight"],
            creatinine_mg_per_dL=last["serum_creatinine"],
            female=sex == "female",
        )
        return estimated, ["creatinine clearance by Cockcroft-Gault"]
    if "egfr" not in last:
        return None, []
    if not {"weight", "height"} <= last.keys():
        return last["egfr"], [
            "creatinine clearance is taken as the estimated filtration rate, of a body "
            "surface of 1.73 m2"
        ]
    surface = body_surface_m2(weight_kg=last["weight"], height_cm=last["height"])
    return last["egfr"] * surface / 1.73, [
        "creatinine clearance is taken as the estimated filtration rate of the whole body surface"
    ]


# FHIR Observations -> measurements in canonical units, and the APOE genotype.

_NOT_MADE = frozenset({"cancelled", "entered-in-error"})
_ALLELES = re.compile(
    r"(?<![a-z\d])E\s?\*?([234])\s*(?:[/|,;-]\s*(?:E\s?)?\*?|E\s?\*?)([234])(?!\d)", re.IGNORECASE
)
_LONGEST_SPAN_DAYS = 31
# their points are whole: who is told to have 24.6 has not reached 25
_WHOLE = frozenset({"mmse", "moca"})
_SCORE_TEXT = re.compile(
    r"\s*(\d{1,3}(?:\.\d+)?)\s*((?:(?:/|out of|of)\s*\d+)?)\s*(?:points?|pts?\.?|score)?\s*",
    re.IGNORECASE,
)
_BARE_ALLELES = re.compile(r"\s*\*?([234])\s*/\s*\*?([234])\s*")


def marker_of(resource: dict[str, Any]) -> str | None:
    """Our key for what an Observation, or one of its components, measures."""
    return next(
        (
            key
            for system, code in codes(resource.get("code"))
            if (key := biomarker_of(system, code))
        ),
        None,
    )


def is_apoe(resource: dict[str, Any]) -> bool:
    """Whether an Observation tells the APOE genotype."""
    return bool(APOE_CODES & set(codes(resource.get("code"))))


def was_made(resource: dict[str, Any]) -> bool:
    """Whether the observation was made, and not cancelled or entered by mistake."""
    return resource.get("status") not in _NOT_MADE


def lacks_assay(resource: dict[str, Any]) -> bool:
    """Whether an Observation of p-tau217 does not name the assay it was made with."""
    parts = (resource, *(resource.get("component") or []))
    return not resource.get("method") and any(
        marker_of(part) == "plasma_p_tau217" for part in parts
    )


def when_taken(resource: dict[str, Any]) -> Any:
    """The date of an Observation as it stands in the record."""
    period = resource.get("effectivePeriod") or {}
    return (
        resource.get("effectiveDateTime") or resource.get("effectiveInstant") or period.get("start")
    )


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
    told = [
        concept.get("text"),
        *(c.get("display") for c in concept.get("coding") or []),
        resource.get("valueString"),
    ]
    texts = [str(text) for text in told if text]
    match = next((m for text in texts if (m := _alleles(text))), None)
    if match is None:
        came = "in other words" if texts else "without a value"
        raise InputError(
            f"expected an APOE genotype like e3/e4, got one {came}", hint="give both alleles"
        )
    return [match[1], match[2]].count("4")


def read_observation(
    resource: dict[str, Any], *, born: dt.date, today: dt.date
) -> tuple[list[Visit], list[str], list[tuple[str, str]]]:
    """The measurements of an Observation and of its components.

    Returns:
        The measurements; what had to be assumed; and what is not used, by code and reason.
    """
    visits: list[Visit] = []
    notes: list[str] = []
    unused: list[tuple[str, str]] = []
    parts = (resource, *(resource.get("component") or []))
    for part in parts:
        key = marker_of(part)
        if key is None:
            continue
        try:
            when, note = _day(resource, born=born, today=today)
            reason = _why_unused(key, part, resource)
            if not reason:
                visits.append(_visit(key, when, part))
                notes += [f"{key}: {note}"] if note else []
        except InputError as error:
            reason = error.message
        if reason:
            unused.append((first_code(codes(part.get("code"))), f"{key}: {reason}"))
    if all(marker_of(part) is None for part in parts):
        unused.append(
            (first_code(codes(resource.get("code"))), "no measurement that the twin reads")
        )
    return visits, notes, unused


def _day(resource: dict[str, Any], *, born: dt.date, today: dt.date) -> tuple[dt.date, str]:
    """The day of an Observation, and a note where only its month is known and the middle of it has
    to do.

    Raises:
        InputError: without a day, for a day that cannot be, or where only the year is known.
    """
    text = when_taken(resource)
    span = span_of(text)
    if span is None:
        came = "no date" if text is None else "something that is no date"
        raise InputError(f"expected YYYY-MM-DD, got {came}", hint="give the full date")
    first, last = span
    days = (last - first).days
    if days > _LONGEST_SPAN_DAYS:
        raise InputError("expected YYYY-MM-DD, got the year alone", hint="give the full date")
    check_day(last, born=born, today=max(today, last) if first <= today else today)
    when = min(max(first + dt.timedelta(days=days // 2), born), today)
    return when, "only the month of a measurement is given: its middle is taken" if days else ""


def _why_unused(key: str, part: dict[str, Any], resource: dict[str, Any]) -> str:
    quantity = part.get("valueQuantity") or {}
    if quantity.get("comparator"):
        return "only a bound came"
    if not any(name.startswith("value") for name in part) and part.get("dataAbsentReason"):
        return "no value came"
    return foreign_assay(key, " ".join(texts_of(resource.get("method"))))


def _told(key: str, part: dict[str, Any]) -> tuple[Any, list[str]]:
    """The number of an Observation and the spellings of its unit, of which one has to do."""
    quantity = part.get("valueQuantity")
    if isinstance(quantity, dict):
        units = [u for k in ("code", "unit") if (u := str(quantity.get(k) or "").strip())]
        # scores often have none
        return quantity.get("value"), units or ["point" if BIOMARKERS[key].unit == "point" else ""]
    if BIOMARKERS[key].unit != "point":
        return None, []
    if "valueInteger" in part:
        return part["valueInteger"], ["point"]  # scores are often plain integers
    written = _SCORE_TEXT.fullmatch(str(part.get("valueString") or ""))
    if written is not None:  # 22, 22/30, 22 points
        return float(written[1]), [written[2].strip() or "point"]
    ratio = part.get("valueRatio") or {}
    top, bottom = ((ratio.get(k) or {}).get("value") for k in ("numerator", "denominator"))
    return top, ([f"/{bottom:g}"] if top is not None and bottom is not None else [])


def _visit(key: str, when: dt.date, part: dict[str, Any]) -> Visit:
    value, units = _told(key, part)
    if value is None or not units:
        raise InputError(
            f"no valueQuantity came, {wanted_range(key)}", hint="add it or remove the entry"
        )
    refused: InputError | None = None
    for unit in units:
        try:
            converted = in_canonical_unit(key, float(value), unit)
            if key in _WHOLE:
                converted = float(math.floor(converted + 1e-9))
            return Visit(date=when, biomarker=key, value=converted, unit=BIOMARKERS[key].unit)
        except InputError as error:
            refused = refused or error
    raise refused or InputError("no unit came", hint="add the UCUM code")
