"""Unit conversion through pint, with the UCUM codes that records carry and units for scores,
amyloid PET and SUVR.

What is not pure unit arithmetic stands here with its source: creatinine has a molar mass of 113.12
g/mol (C4H7N3O), so 1 mg/dL is 88.4 umol/L; the centiloid is a scale of its own (Klunk 2015,
Alzheimers Dement 11:1).
"""

from __future__ import annotations

import contextlib
import math
import re
from functools import lru_cache
from typing import Any

from qtwin.errors import InputError

KCAL_PER_MOL_PER_HARTREE = 627.5094740631
"""CODATA 2018: 4.3597447222071e-18 J times the Avogadro constant, over 4184 J."""
_MOLAR_MASS_G_PER_MOL = {"serum_creatinine": 113.12}
_UCUM = {
    "1": "dimensionless",
    "{score}": "score_point",
    "{points}": "score_point",
    "score": "score_point",
    "point": "score_point",
    "points": "score_point",
    "{CL}": "centiloid",
    "CL": "centiloid",
    "{centiloid}": "centiloid",
    "{SUVR}": "suvr",
    "SUVR": "suvr",
    "mm[Hg]": "mmHg",
    "mm Hg": "mmHg",
    "/min": "1/minute",
    "1/min": "1/minute",
    "{beats}/min": "1/minute",
    "beats/min": "1/minute",
    "bpm": "1/minute",
    "[lb_av]": "pound",
    "[in_i]": "inch",
    "[ft_i]": "foot",
    "a": "year",
    "mo": "month",
    "wk": "week",
    "d": "day",
    "h": "hour",
}


# Units of records are products and quotients of names. Anything else, powers above all, is not for
# pint to work out.
_PLAIN_UNIT = re.compile(r"[^\W\d_]+(?:[/*.][^\W\d_]+)*|%")


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    units: Any = pint.UnitRegistry()
    units.define("score_point = [score]")
    units.define("centiloid = [amyloid_load]")
    units.define("suvr = [uptake_ratio]")
    return units


def _parsed(units: Any, text: str, named: str, *, wanted: str) -> Any:
    if text in _UCUM or _PLAIN_UNIT.fullmatch(text):
        with contextlib.suppress(Exception):  # pint raises many kinds for text that is no unit
            return units.Unit(_UCUM.get(text, text.replace(".", "*")))
    raise InputError(
        f"{named} came in {text!r}, which is no unit that is known", hint=f"give it in {wanted}"
    )


def convert(value: float, unit: str, to: str, *, quantity: str = "") -> float:
    """A value in another unit.

    Args:
        value: A finite number.
        unit: UCUM code or plain unit as it came.
        to: Unit that is wanted.
        quantity: What is measured; lets creatinine go between mass and amount of substance, and
            names it in errors.

    Raises:
        InputError: for an unknown unit, a unit of another dimension, or a number that is not
            finite.
    """
    named = quantity or "value"
    if not math.isfinite(value):
        raise InputError(
            f"expected a finite number for {named}, got {value} {unit}",
            hint="correct or remove the value",
        )
    if _UCUM.get(unit, unit) == _UCUM.get(to, to):
        return float(value)  # nothing to convert, and no registry to build
    units = _registry()
    source, target = (_parsed(units, text, named, wanted=to) for text in (unit, to))
    amount = units.Quantity(value, source)
    if quantity in _MOLAR_MASS_G_PER_MOL and not source.is_compatible_with(target):
        molar_mass = units.Quantity(_MOLAR_MASS_G_PER_MOL[quantity], "g/mol")
        amount = amount / molar_mass if amount.check("[mass]/[volume]") else amount * molar_mass
    if not amount.is_compatible_with(target):
        raise InputError(
            f"{named} came in {unit!r}, which cannot be converted to {to}", hint=f"give it in {to}"
        )
    return float(amount.to(target).magnitude)
