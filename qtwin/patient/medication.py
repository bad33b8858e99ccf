"""FHIR MedicationStatements -> medicines taken now, with dose and interval where the record tells them.

Names and codes are kept as they came: whether a medicine is in the formulary is for the caller to say.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.element import codes, words
from qtwin.patient.person import Medication
from qtwin.units import convert

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
_TAKEN = frozenset({"active", "intended", "unknown"})
_PERIOD_H = {"min": 1.0 / 60.0, "h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5}
# HL7 v3 GTSAbbreviation, the value set of Timing.code; AM and PM are once a day each
_CODE_H = {"QD": 24.0, "AM": 24.0, "PM": 24.0, "BED": 24.0, "BID": 12.0, "TID": 8.0, "QID": 6.0, "QOD": 48.0, "WK": 168.0}
_CODE_H |= {"Q1H": 1.0, "Q2H": 2.0, "Q3H": 3.0, "Q4H": 4.0, "Q6H": 6.0, "Q8H": 8.0, "MO": 730.5}
_LARGEST_MG = 100_000.0  # no medicine is given by the 100 g: a larger amount is a wrong unit, such as Mg for mg


def _interval_h(name: str, timing: dict[str, Any]) -> float | None:
    repeat = timing.get("repeat") or {}
    unit = repeat.get("periodUnit")
    if unit is None:
        return next((_CODE_H[code.upper()] for _, code in codes(timing.get("code")) if code.upper() in _CODE_H), None)
    if unit not in _PERIOD_H:
        raise InputError(f"{name}: dosing period in {unit!r} came", hint=f"one of {', '.join(_PERIOD_H)} is wanted")
    times = repeat.get("frequency") or len(repeat.get("timeOfDay") or repeat.get("when") or [0])
    period = repeat.get("period")
    return float(1 if period is None else period) * _PERIOD_H[unit] / float(times)


def _dose(name: str, dosage: dict[str, Any]) -> tuple[float, float] | None:
    quantities = [d.get("doseQuantity") or {} for d in dosage.get("doseAndRate") or []]
    quantity = next((q for q in quantities if q.get("value") is not None), None)
    interval_h = _interval_h(name, dosage.get("timing") or {})
    as_needed = dosage.get("asNeededBoolean") or dosage.get("asNeededCodeableConcept")
    if quantity is None or interval_h is None or as_needed:
        return None
    amount_mg = convert(
        float(quantity["value"]), str(quantity.get("code") or quantity.get("unit") or "mg"), "mg", quantity=f"dose of {name}"
    )
    if not (0.0 < amount_mg <= _LARGEST_MG and interval_h > 0.0):
        raise InputError(
            f"{name}: a dose of {amount_mg:g} mg every {interval_h:g} h came, above 0 and up to {_LARGEST_MG:g} mg was wanted",
            hint="correct the dose, its unit or its timing",
        )
    return amount_mg, interval_h


def _together(doses: list[tuple[float, float]]) -> tuple[float, float]:
    """Several instructions, such as 50 mg in the morning and 25 mg at night, as one: same daily amount, same daily count."""
    per_day = sum(24.0 / interval for _, interval in doses)
    daily_mg = sum(amount * 24.0 / interval for amount, interval in doses)
    return daily_mg / per_day, 24.0 / per_day


def _day(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        return None  # partial dates are allowed here, and nothing depends on them


def read_medication(
    resource: dict[str, Any], products: Mapping[str, dict[str, Any]], *, today: dt.date
) -> tuple[Medication | None, list[str]]:
    """The medicine of a MedicationStatement, None if it is not taken now; and notes.

    Args:
        resource: The MedicationStatement.
        products: Medication resources of the bundle by reference.
        today: The day of reading.

    Raises:
        InputError: for a dose whose unit or size cannot be.
    """
    concept = resource.get("medicationCodeableConcept")
    if concept is None:
        reference = str((resource.get("medicationReference") or {}).get("reference") or "")
        contained = {f"#{c.get('id')}": c for c in resource.get("contained") or []}
        product = contained.get(reference) or products.get(reference)
        if product is None:
            raise InputError(
                f"a MedicationStatement refers to {reference or 'no medicine'!r}, which is not in the bundle",
                hint="put the medicine's code into medicationCodeableConcept, or add the Medication",
            )
        concept = product.get("code")
    text = words(concept)
    name = (re.findall(r"[^\W\d_][\w-]*", re.sub(r"^\d+\s*HR\s", "", text)) or [text])[0].lower()  # RxNorm: "24 HR metoprolol"
    period = resource.get("effectivePeriod") or {}
    ended = _day(period.get("end"))
    if resource.get("status", "active") not in _TAKEN or (ended is not None and ended < today):
        return None, [f"{name} is not taken any more and not used"]
    doses = [d for dosage in resource.get("dosage") or [] if (d := _dose(name, dosage))]
    notes = [f"{name}: {len(doses)} dose instructions are read as one of the same daily amount"] if len(doses) > 1 else []
    amount_mg, interval_h = _together(doses) if doses else (None, None)
    found = dict(codes(concept))
    return Medication(
        inn=name,
        amount_mg=amount_mg,
        interval_h=interval_h,
        rxnorm=found.get(RXNORM, ""),
        atc=found.get(ATC, ""),
        since=_day(period.get("start") or resource.get("effectiveDateTime")),
    ), notes
