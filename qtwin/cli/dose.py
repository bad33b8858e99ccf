"""A dose as it is written on the command line."""

from __future__ import annotations

import re

from qtwin.errors import InputError
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose

_DOSE = re.compile(r"^(?P<inn>[\w-]+)(:(?P<mg>[\d.]+)mg)?(/(?P<h>[\d.]+)h)?$")


def read_dose(text: str) -> Dose:
    """A dose from the command line: 'donepezil', 'donepezil:5mg', 'metoprolol:50mg/12h'.

    Raises:
        InputError: for another form or an unknown drug.
    """
    match = _DOSE.match(text.strip())
    if match is None:
        raise InputError(f"drug {text!r} came", hint="write it as donepezil, donepezil:5mg or metoprolol:50mg/12h")
    drug = formulary.drug(match["inn"])
    amount, interval = drug.reference.amount_mg, drug.reference.interval_h
    try:
        dose = Dose(drug=drug, amount_mg=float(match["mg"] or amount), interval_h=float(match["h"] or interval))
    except ValueError:
        raise InputError(f"drug {text!r} came", hint="write it as metoprolol:50mg/12h") from None
    if dose.amount_mg <= 0.0 or dose.interval_h <= 0.0:
        raise InputError(f"drug {text!r} came", hint="amount and interval must be positive")
    return dose
