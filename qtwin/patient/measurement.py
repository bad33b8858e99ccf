"""One measured value, whatever file it came from: its day, its unit, its range and the assay it was made with."""

from __future__ import annotations

import datetime as dt

from qtwin.errors import InputError
from qtwin.patient.biomarker import BIOMARKERS, P_TAU217_ASSAY
from qtwin.units import convert


def wanted_range(key: str) -> str:
    """The physical range of a biomarker, in words."""
    marker = BIOMARKERS[key]
    return f"{marker.low:g} to {marker.high:g} {marker.unit} was wanted"


def in_canonical_unit(key: str, value: float, unit: str, *, where: str) -> float:
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
    if not unit:
        raise InputError(f"{where}: no unit came, {wanted_range(key)}", hint="add the UCUM code")
    try:
        converted = convert(value, unit, marker.unit, quantity=key)
    except InputError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from None
    if not marker.low <= converted <= marker.high:
        kind = "negative value" if converted < 0 else "value outside its range"
        raise InputError(
            f"{where}: {converted:g} {marker.unit} is a {kind}; {wanted_range(key)}", hint="correct or remove the measurement"
        )
    return converted


def check_day(when: dt.date, *, born: dt.date | None, today: dt.date, where: str) -> None:
    """Refuse a day before birth or in the future.

    Raises:
        InputError: for such a day.
    """
    if born is not None and when < born:
        raise InputError(f"{where}: the measurement lies before birth", hint="correct the date")
    if when > today:
        raise InputError(f"{where}: the measurement lies in the future", hint="correct the date")


def foreign_assay(key: str, assay: str) -> str:
    """Why a measurement by this assay is not on our scale, '' if it is; an assay that is not named is taken to be ours."""
    if key != "plasma_p_tau217" or not assay or P_TAU217_ASSAY.lower() in assay.lower():
        return ""
    return f"it was measured by {assay}, whose scale is not that of Simoa {P_TAU217_ASSAY}"
