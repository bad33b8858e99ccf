"""What is taken now, from everything that a record, or several, say of medicines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from qtwin.patient.person import Medication

_NO_DAY = dt.date.min


def _ended_since(taken: Medication, over: Medication) -> bool:
    """Whether a newer entry says that this same dose has ended."""
    if taken.told is None or over.told is None or over.told <= taken.told:
        return False
    return over.amount_mg is None or taken.amount_mg is None or over.amount_mg == taken.amount_mg


def _weight(medicine: Medication) -> tuple[Any, ...]:
    known = medicine.amount_mg is not None and medicine.interval_h is not None
    daily = medicine.amount_mg * 24.0 / medicine.interval_h if medicine.amount_mg and medicine.interval_h else 0.0
    return (
        known, medicine.told or _NO_DAY, daily, medicine.amount_mg or 0.0,
        medicine.interval_h or 0.0, medicine.rxnorm, medicine.atc, medicine.since or _NO_DAY,
    )  # fmt: skip


def taken_now(history: Iterable[Medication]) -> tuple[tuple[Medication, ...], list[str]]:
    """One medicine each of what is taken now, and notes where the record says several things of one.

    The order in which the record says them changes nothing: of several entries the newest with a dose is taken, and one that
    ended is left out if the entry that says so is newer than all that say it is taken.
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
            notes.append(f"{inn}: {len(doses)} doses are in the record; the newest, else the largest, is taken")
    return tuple(found), notes
