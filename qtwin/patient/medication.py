"""FHIR MedicationStatement, -Request, -Dispense, -Administration -> what the record says of
medicines, and what is taken now.

Whether a medicine is in the formulary is for the caller to say. A dose is read only where it is a
mass and comes at a regular interval: of "1 tablet" it is unknown, and said.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.element import ATC, RXNORM, codes, first_code, shown_unit, span_of
from qtwin.patient.medicine import ingredients_of
from qtwin.patient.person import Medication
from qtwin.units import convert

KINDS = (
    "MedicationStatement",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationAdministration",
)
_TAKEN = {
    "MedicationStatement": frozenset({"active", "intended", "unknown"}),
    "MedicationRequest": frozenset({"active", "unknown"}),
    "MedicationDispense": frozenset({"completed", "in-progress", "unknown"}),
    "MedicationAdministration": frozenset({"in-progress", "completed", "unknown"}),
}
_ENDED = ("stopped", "completed", "on-hold", "ended", "not-taking")
"""Statuses of what was taken once; the others, such as draft or cancelled, never came to be."""
_NOT_ORDERED = frozenset({"proposal", "option"})
_ONE_ADMINISTRATION_DAYS = 30
"""How long a single administration counts as a medicine taken; assumed."""
_PERIOD_H = {
    "min": 1.0 / 60.0,
    "h": 1.0,
    "d": 24.0,
    "wk": 168.0,
    "mo": 730.5,
    "s": 1.0 / 3600.0,
    "a": 8766.0,
}
# HL7 v3 GTSAbbreviation, the value set of Timing.code; AM and PM are once a day each
_CODE_H = {
    "QD": 24.0,
    "AM": 24.0,
    "PM": 24.0,
    "BED": 24.0,
    "BID": 12.0,
    "TID": 8.0,
    "QID": 6.0,
    "QOD": 48.0,
    "WK": 168.0,
}
_CODE_H |= {"Q1H": 1.0, "Q2H": 2.0, "Q3H": 3.0, "Q4H": 4.0, "Q6H": 6.0, "Q8H": 8.0, "MO": 730.5}
# no medicine is given by the 100 g: a larger amount is a wrong unit, such as Mg for mg
_LARGEST_MG = 100_000.0
_DAYS = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25, "h": 1.0 / 24.0}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one resource says.

    Attributes:
        medicines: One for each ingredient.
        unused: Why it is not taken, '' if it is.
        notes: What of it could not be read, or had to be assumed.
    """

    medicines: tuple[Medication, ...]
    unused: str = ""
    notes: tuple[str, ...] = ()


def _number(value: Any) -> float | None:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _interval_h(timing: dict[str, Any]) -> float | None:
    repeat = timing.get("repeat") or {}
    unit = repeat.get("periodUnit")
    if unit is None:
        return next(
            (
                _CODE_H[code.upper()]
                for _, code in codes(timing.get("code"))
                if code.upper() in _CODE_H
            ),
            None,
        )
    times = _number(repeat.get("frequency")) or float(
        len(repeat.get("timeOfDay") or repeat.get("when") or [0])
    )
    period = _number(1 if repeat.get("period") is None else repeat["period"])
    return (
        period * _PERIOD_H[unit] / times if period and times > 0.0 and unit in _PERIOD_H else None
    )


def _quantity(dosage: dict[str, Any]) -> dict[str, Any] | None:
    rates = dosage.get("doseAndRate")
    told = (
        [d.get("doseQuantity") or {} for d in rates if isinstance(d, dict)]
        if isinstance(rates, list)
        else []
    )
    told += [dosage.get("dose") or {}]  # as MedicationAdministration has it
    return next((q for q in told if isinstance(q, dict) and q.get("value") is not None), None)


def _amount_mg(quantity: dict[str, Any]) -> tuple[float | None, str]:
    """The amount of a dose, or why it is unknown."""
    value = _number(quantity.get("value"))
    units = [u for k in ("code", "unit") if (u := str(quantity.get(k) or "").strip())]
    if not units or value is None:
        return (
            None,
            "the dose came without a unit" if value is not None else "the dose is no number",
        )
    for unit in units:
        try:
            amount = convert(value, unit, "mg", quantity="dose")
        except InputError:
            continue
        possible = 0.0 < amount <= _LARGEST_MG
        return (
            (amount, "")
            if possible
            else (
                None,
                f"expected a dose above 0 and up to {_LARGEST_MG:g} mg, got {amount:g} mg",
            )
        )
    return None, f"expected the dose in mg, got {shown_unit(units[0])}"


def _dose(dosage: dict[str, Any]) -> tuple[tuple[float, float] | None, str]:
    quantity = _quantity(dosage)
    if (
        dosage.get("asNeededBoolean")
        or dosage.get("asNeededCodeableConcept")
        or dosage.get("asNeeded")
        or dosage.get("asNeededFor")
    ):
        return None, "it is taken as needed"
    if quantity is None:
        return None, ""
    amount_mg, why = _amount_mg(quantity)
    interval_h = _interval_h(dosage.get("timing") or {})
    if amount_mg is None or interval_h is None:
        return None, why or "how often it is taken is not told"
    return (amount_mg, interval_h), ""


def _together(doses: list[tuple[float, float]]) -> tuple[float, float]:
    """Several instructions, such as 50 mg in the morning and 25 mg at night, as one: same daily
    amount, same daily count.
    """
    per_day = sum(24.0 / interval for _, interval in doses)
    daily_mg = sum(amount * 24.0 / interval for amount, interval in doses)
    return daily_mg / per_day, 24.0 / per_day


def _dosages(resource: dict[str, Any]) -> list[dict[str, Any]]:
    told = (
        resource.get("dosageInstruction")
        if "dosageInstruction" in resource
        else resource.get("dosage")
    )
    listed = told if isinstance(told, list) else [told]
    return [d for d in listed if isinstance(d, dict)]


def _first(text: Any) -> dt.date | None:
    span = span_of(text) if text else None
    return span[0] if span else None


def _last(text: Any) -> dt.date | None:
    """The last day that a date may mean: 2019-03 ends with its 31st."""
    span = span_of(text) if text else None
    return span[1] if span else None


def _period(resource: dict[str, Any]) -> dict[str, Any]:
    period = resource.get("effectivePeriod") or resource.get("occurrencePeriod") or {}
    return period if isinstance(period, dict) else {}


def _days_told(resource: dict[str, Any]) -> list[dt.date]:
    period = _period(resource)
    names: tuple[str, ...] = (
        "dateAsserted",
        "authoredOn",
        "statusChanged",
        "whenHandedOver",
        "whenPrepared",
        "recorded",
    )
    names += ("effectiveDateTime", "occurrenceDateTime", "occurenceDateTime")
    return [
        day
        for text in (period.get("start"), *(resource.get(name) for name in names))
        if (day := _first(text))
    ]


def _repeat(dosage: dict[str, Any]) -> dict[str, Any]:
    repeat: dict[str, Any] = (dosage.get("timing") or {}).get("repeat") or {}
    return repeat


def _bound_ends(dosage: dict[str, Any], begun: dt.date | None) -> dt.date | None:
    """The last day of a dosage instruction, where it has one."""
    repeat = _repeat(dosage)
    ended = _last((repeat.get("boundsPeriod") or {}).get("end"))
    lasting = repeat.get("boundsDuration") or {}
    days = _number(lasting.get("value"))
    unit = str(lasting.get("code") or lasting.get("unit") or "")
    if ended is None and begun is not None and days is not None and unit in _DAYS:
        ended = begun + dt.timedelta(days=min(days * _DAYS[unit], 36525.0))
    return ended


@dataclass(frozen=True, kw_only=True)
class _Course:
    """The instructions of one resource in time: those of one number in `sequence` go together, a
    higher number follows.

    Attributes:
        now: The instructions of the first step that has not ended; those that begin later only
            where there are no others.
        ended: The last day of the last step; None if it has none, or if an earlier step goes on.
        told: Whether it is known that this step is the present one: it is the last, or its end is
            told.
    """

    now: tuple[dict[str, Any], ...]
    ended: dt.date | None
    told: bool


def _course(dosages: list[dict[str, Any]], begun: dt.date | None, today: dt.date) -> _Course:
    numbers = [_number(d.get("sequence")) for d in dosages]
    order = sorted({n for n in numbers if n is not None}) if None not in numbers else []
    steps = [[d for d, n in zip(dosages, numbers, strict=True) if n == k] for k in order] or [
        dosages
    ]
    ended: dt.date | None = None
    for step in steps:
        ends = [_bound_ends(d, begun) for d in step]
        now = tuple(d for d, end in zip(step, ends, strict=True) if end is None or end >= today)
        ended = None if None in ends else max((e for e in ends if e is not None), default=None)
        if now:
            last = step is steps[-1]
            begins = [_first((_repeat(d).get("boundsPeriod") or {}).get("start")) for d in now]
            begun_now = tuple(
                d for d, begin in zip(now, begins, strict=True) if begin is None or begin <= today
            )
            return _Course(
                now=begun_now or now, ended=ended if last else None, told=last or ended is not None
            )
        begun = ended
    return _Course(now=(), ended=ended, told=True)


def _ended(kind: str, resource: dict[str, Any], today: dt.date) -> tuple[dt.date | None, str]:
    """The day on which it was over, and why it is; '' if it goes on."""
    days = _days_told(resource)
    begun = _first(_period(resource).get("start")) or (min(days) if days else None)
    bounded = _course(_dosages(resource), begun, today).ended
    period = _last(_period(resource).get("end"))
    for end, why in ((period, "its period has ended"), (bounded, "its instructions have ended")):
        if (
            end is not None
            and end < today
            and not (kind == "MedicationAdministration" and resource.get("status") == "completed")
        ):
            return end, why
    if kind == "MedicationDispense":
        supply = _number((resource.get("daysSupply") or {}).get("value"))
        handed = _first(resource.get("whenHandedOver")) or _first(resource.get("whenPrepared"))
        if (
            supply is not None
            and handed is not None
            and handed + dt.timedelta(days=min(supply, 36525.0)) < today
        ):
            return handed + dt.timedelta(
                days=min(supply, 36525.0)
            ), "the supply that was handed out has ended"
    if kind == "MedicationAdministration" and resource.get("status") != "in-progress":
        given = period or (max(days) if days else None)
        if given is not None and (today - given).days > _ONE_ADMINISTRATION_DAYS:
            return given, "it was given once, and that is long ago"
    return None, ""


def _concept(
    resource: dict[str, Any], products: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The medicine's concept, the product it belongs to, and a note if it is nowhere."""
    either = resource.get("medication")  # R5 has one element for both
    either = either if isinstance(either, dict) else {}
    concept = resource.get("medicationCodeableConcept") or either.get("concept")
    if isinstance(concept, dict):
        return concept, {}, ""
    told = resource.get("medicationReference") or either.get("reference") or {}
    told = told if isinstance(told, dict) else {}
    reference = str(told.get("reference") or "").split("/_history")[0]
    contained = {
        f"#{c.get('id')}": c for c in resource.get("contained") or [] if isinstance(c, dict)
    }
    product = (
        contained.get(reference)
        or products.get(reference)
        or products.get("/".join(reference.split("/")[-2:]))
    )
    if product is None:
        return (
            {"text": told.get("display")},
            {},
            "a medicine is referred to that is not in the record",
        )
    code = product.get("code")
    return (code if isinstance(code, dict) else {}), product, ""


def _ingredients(concept: dict[str, Any], product: dict[str, Any]) -> tuple[str, ...]:
    """INNs of a medicine; of a product that has no code of its own, those of its parts."""
    if concept:
        return ingredients_of(concept)
    parts = [i for i in product.get("ingredient") or [] if isinstance(i, dict)]
    items = [i.get("itemCodeableConcept") or (i.get("item") or {}).get("concept") for i in parts]
    found = [inn for item in items if isinstance(item, dict) for inn in ingredients_of(item)]
    return tuple(dict.fromkeys(found)) or ingredients_of({})


def read_medication(
    kind: str, resource: dict[str, Any], products: Mapping[str, dict[str, Any]], *, today: dt.date
) -> Told:
    """What a resource says of a medicine.

    Args:
        kind: One of `KINDS`.
        resource: The resource, of R4 or R5.
        products: Medication resources of the record by reference.
        today: The day of reading.
    """
    concept, product, note = _concept(resource, products)
    inns = _ingredients(concept, product)
    named = " and ".join(inns)
    status = str(
        resource.get("status") or "active"
        if kind == "MedicationStatement"
        else resource.get("status") or "unknown"
    )
    days = [day for day in _days_told(resource) if day <= today]
    since, newest = (
        _first(_period(resource).get("start")) or min(days, default=None),
        max(days, default=None),
    )
    if resource.get("doNotPerform") is True:
        return Told(medicines=(), unused=f"{named}: it must not be given")
    if kind == "MedicationRequest" and resource.get("intent") in _NOT_ORDERED:
        return Told(medicines=(), unused=f"{named}: it is proposed and not ordered")
    ended, why = _ended(kind, resource, today)
    if status not in _TAKEN[kind]:
        if not status.startswith(_ENDED):
            return Told(medicines=(), unused=f"{named}: it never came to be taken")
        why = why or "it is not taken any more"
    listed = codes(concept)
    one = len(inns) == 1
    base = Medication(
        inn="",
        rxnorm=first_code([c for c in listed if c[0] == RXNORM and one]),
        atc=first_code([c for c in listed if c[0] == ATC and one]),
        since=since,
        told=max((d for d in (newest, ended) if d is not None), default=None),
        over=bool(why),
    )
    course = _course(_dosages(resource), since, today)
    read = [_dose(d) for d in (_dosages(resource) if why else course.now)]
    read = (
        read
        if course.told
        else [(None, "its instructions follow each other, and when is not told")]
    )
    doses = [dose for dose, _ in read if dose is not None]
    amount_mg, interval_h = _together(doses) if doses and one else (None, None)
    found = tuple(
        replace(base, inn=inn, amount_mg=amount_mg, interval_h=interval_h) for inn in inns
    )
    if why:
        return Told(medicines=found, unused=f"{named}: {why}")
    notes = [
        f"{named}: its dose is unknown, {reason}"
        for dose, reason in read
        if dose is None and reason
    ]
    notes += [f"{named}: {note}"] if note else []
    notes += (
        [f"{named}: {len(doses)} dose instructions are read as one of the same daily amount"]
        if len(doses) > 1
        else []
    )
    if doses and not one:
        notes.append(f"{named}: the dose of a product of several medicines is that of none of them")
    return Told(medicines=found, notes=tuple(notes))


# What is taken now, from everything that a record, or several, say of medicines.

_NO_DAY = dt.date.min


def _ended_since(taken: Medication, over: Medication) -> bool:
    """Whether a newer entry says that this same dose has ended."""
    if taken.told is None or over.told is None or over.told <= taken.told:
        return False
    return over.amount_mg is None or taken.amount_mg is None or over.amount_mg == taken.amount_mg


def _weight(medicine: Medication) -> tuple[Any, ...]:
    known = medicine.amount_mg is not None and medicine.interval_h is not None
    daily = (
        medicine.amount_mg * 24.0 / medicine.interval_h
        if medicine.amount_mg and medicine.interval_h
        else 0.0
    )
    return (
        known, medicine.told or _NO_DAY, daily, medicine.amount_mg or 0.0,
        medicine.interval_h or 0.0, medicine.rxnorm, medicine.atc, medicine.since or _NO_DAY,
    )  # fmt: skip


def taken_now(history: Iterable[Medication]) -> tuple[tuple[Medication, ...], list[str]]:
    """One medicine each of what is taken now, and notes where the record says several things of
    one.

    The order in which the record says them changes nothing: of several entries the newest with a
    dose is taken, and one that ended is left out if the entry that says so is newer than all that
    say it is taken.
    """
    told = sorted(set(history), key=lambda m: m.inn)
    found: list[Medication] = []
    notes: list[str] = []
    for inn in dict.fromkeys(m.inn for m in told):
        mine = [m for m in told if m.inn == inn]
        over = [m for m in mine if m.over]
        taken = [m for m in mine if not m.over and not any(_ended_since(m, o) for o in over)]
        if not taken:
            if any(not m.over for m in mine):
                notes.append(f"{inn}: a newer entry says that it ended; it is not taken")
            continue
        best = max(taken, key=_weight)
        found.append(best)
        doses = {(m.amount_mg, m.interval_h) for m in taken if m.amount_mg is not None}
        if len(doses) > 1:
            notes.append(
                f"{inn}: {len(doses)} doses are in the record; the newest, else the "
                "largest, is taken"
            )
    return tuple(found), notes
