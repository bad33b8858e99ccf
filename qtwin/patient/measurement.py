"""One measured value, whatever file it came from: its day, its unit, its range and the assay it was made with."""

from __future__ import annotations

import datetime as dt
import re

from qtwin.errors import InputError
from qtwin.patient.biomarker import BIOMARKERS, P_TAU217_ASSAY
from qtwin.patient.shown import shown_unit
from qtwin.units import convert

_SCORE = re.compile(r"(?:total )?(?:scores?|points?|pts?\.?)(?: \((?:pts?|points?)\))?", re.IGNORECASE)
_OUT_OF = re.compile(r"(?:(\d+(?:\.\d+)?)|out of|of)?\s*/?\s*\{?(\d+)\}?")
_BRACKETED = re.compile(r"[{(\[](.*)[})\]]")
_EQUIVALENT = {"potassium", "sodium"}
"""Ions of one charge: a milliequivalent is a millimole."""
_EGFR_UNIT = re.compile(r"ml/min(?:/\{?1[.,]73[ _]?m(?:2|²|\^2)\}?|/\{1\.73_m2\}|)", re.IGNORECASE)
_ASSAYS = (
    "Lumipulse",
    "Simoa",
    "Elecsys",
    "MSD",
    "Lilly",
    "Quanterix",
    "Janssen",
    "Fujirebio",
    "Roche",
    "C2N",
    "mass spectrometry",
)


def wanted_range(key: str) -> str:
    """The physical range of a biomarker, in words."""
    marker = BIOMARKERS[key]
    return f"{marker.low:g} to {marker.high:g} {marker.unit} was wanted"


def _at(where: str, message: str) -> str:
    return f"{where}: {message}" if where else message


def _is_score_unit(unit: str, value: float, high: float) -> bool:
    """Whether a unit says that the value is points of a scale that ends at `high`: score, points, /30, 22/30."""
    bracketed = _BRACKETED.fullmatch(unit.strip())
    plain = (bracketed[1] if bracketed else unit).strip()
    if plain == "1" or _SCORE.fullmatch(plain):
        return True
    of = _OUT_OF.fullmatch(plain)
    return of is not None and float(of[2]) == high and (of[1] is None or float(of[1]) == value)


def _known_unit(key: str, value: float, unit: str) -> str:
    """The unit in a spelling that conversion knows."""
    marker = BIOMARKERS[key]
    if marker.unit == "point" and _is_score_unit(unit, value, marker.high):
        return "point"
    if key in _EQUIVALENT and unit.lower() == "meq/l":
        return "mmol/L"
    if key == "egfr" and _EGFR_UNIT.fullmatch(unit.strip()):
        return marker.unit
    return unit


def in_canonical_unit(key: str, value: float, unit: str, *, where: str = "") -> float:
    """A value in the biomarker's own unit.

    Args:
        key: Key in `BIOMARKERS`.
        value: As it came.
        unit: As it came, '' if none did.
        where: What errors begin with.

    Raises:
        InputError: for a missing or foreign unit, or a value outside the physical range.
    """
    marker = BIOMARKERS[key]
    known = _known_unit(key, value, unit)
    if not known:
        raise InputError(_at(where, f"no unit came, {wanted_range(key)}"), hint="add the UCUM code")
    try:
        converted = convert(value, known, marker.unit, quantity=key)
    except InputError:
        raise InputError(
            _at(where, f"it came in {shown_unit(unit)}, which cannot be converted to {marker.unit}"),
            hint=f"give it in {marker.unit}",
        ) from None
    if not marker.low <= converted <= marker.high:
        kind = "negative value" if converted < 0 else "value outside its range"
        raise InputError(
            _at(where, f"{converted:g} {marker.unit} is a {kind}; {wanted_range(key)}"), hint="correct or remove the measurement"
        )
    return converted


def check_day(when: dt.date, *, born: dt.date | None, today: dt.date, where: str = "") -> None:
    """Refuse a day before birth or in the future.

    Raises:
        InputError: for such a day.
    """
    if born is not None and when < born:
        raise InputError(_at(where, "the measurement lies before birth"), hint="correct the date")
    if when > today:
        raise InputError(_at(where, "the measurement lies in the future"), hint="correct the date")


def foreign_assay(key: str, assay: str) -> str:
    """Why a measurement by this assay is not on our scale, '' if it is; an assay that is not named is taken to be ours."""
    if key != "plasma_p_tau217" or not assay or P_TAU217_ASSAY.lower() in assay.lower():
        return ""
    named = next((known for known in _ASSAYS if known.lower() in assay.lower()), "another assay")
    return f"it was measured by {named}, whose scale is not that of Simoa {P_TAU217_ASSAY}"
