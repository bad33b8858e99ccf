"""How numbers are printed for a reader: a true minus sign, few digits, and a dash for what was not
reported.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Mapping
from typing import Any

MISSING = "–"
_MINUS = "−"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def finite(value: Any) -> float | None:
    """`value` as a float, or None when it is absent, not a number, or not finite."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def number(value: Any, digits: int = 3) -> str:
    """`value` with `digits` significant digits; powers of ten outside 0.001 to 1,000,000; integers
    in full, with separators.
    """
    x = finite(value)
    if x is None:
        return MISSING
    if x == 0.0:
        return "0"
    if isinstance(value, int):
        return f"{int(x):,}".replace("-", _MINUS)
    exponent = math.floor(math.log10(abs(x)))
    if -4 < exponent < 6:
        return f"{x:,.{max(0, digits - 1 - exponent)}f}".replace("-", _MINUS)
    mantissa, _, power = f"{x:.{digits - 1}e}".partition("e")
    return f"{mantissa} × 10{str(int(power)).translate(_SUPERSCRIPT)}".replace("-", _MINUS)


def qaly(value: Any, decimals: int = 3) -> str:
    """A utility with `decimals` decimals, one more below 0.01; what is zero but for rounding is
    printed as 0.
    """
    x = finite(value)
    if x is None:
        return MISSING
    if abs(x) < 1e-9:
        return "0"
    if abs(x) < 0.01:
        decimals = max(decimals, 4)
    return (
        number(x, 1) if abs(x) < 0.5 * 10.0**-decimals else f"{x:.{decimals}f}".replace("-", _MINUS)
    )


def plain(value: Any) -> str:
    """A number as a person would write it in a sentence: 3 years, 0.5 years."""
    x = finite(value)
    return MISSING if x is None else f"{x:g}".replace("-", _MINUS)


def percent(value: Any) -> str:
    """A share between 0 and 1 as a percentage, with more digits near either end."""
    x = finite(value)
    if x is None:
        return MISSING
    near = min(abs(x), abs(1.0 - x))
    if near == 0.0:
        return f"{100 * x:.0f} %"
    decimals = min(6, max(1, -1 - math.floor(math.log10(near))))
    return f"{100 * x:.{decimals}f} %".replace("-", _MINUS)


def seconds(value: Any, digits: int = 3) -> str:
    """A duration in the unit a reader would use, from one second on with `digits` digits."""
    x = finite(value)
    if x is None:
        return MISSING
    if x >= 5400.0:
        return f"{number(x / 3600.0, 2)} h"
    if x >= 120.0:
        return f"{number(x / 60.0, 2)} min"
    if x >= 1.0 or x <= 0.0:
        return f"{number(x, digits)} s"
    return f"{number(x * 1e3, 2)} ms" if x >= 1e-3 else f"{number(x * 1e6, 2)} µs"


def whole(value: Any) -> str:
    """A count of shots or runs, rounded up, with three digits from a million on."""
    x = finite(value)
    return MISSING if x is None else number(math.ceil(x)) if x < 1e6 else number(float(x))


def interval(value: Any, printed: Callable[[Any], str] = number) -> str:
    """'low to high' of a mapping with these two keys, or the dash when either is missing."""
    if (
        not isinstance(value, Mapping)
        or finite(value.get("low")) is None
        or finite(value.get("high")) is None
    ):
        return MISSING
    return f"{printed(value['low'])} to {printed(value['high'])}"


def position(value: Any, low: Any, high: Any) -> float:
    """Where `value` lies between `low` and `high`, in percent, kept inside 0 to 100 (for the small
    bars in tables).
    """
    x, a, b = finite(value), finite(low), finite(high)
    if x is None or a is None or b is None or b <= a:
        return 0.0
    return round(100.0 * min(1.0, max(0.0, (x - a) / (b - a))), 2)


# Names that a reader meets instead of keys.

_BIOMARKERS = {
    "mmse": "MMSE",
    "moca": "MoCA",
    "cdr_sb": "CDR-SB",
    "adas_cog": "ADAS-Cog",
    "amyloid_pet_centiloid": "Amyloid PET",
    "tau_pet_suvr_excess": "Tau PET",
    "plasma_p_tau217_fold": "Plasma p-tau217",
    "hippocampal_fraction": "Hippocampal volume",
}
_KEYS = {
    "AtMostOne": "at most one",
    "AtLeastOne": "at least one",
    "NotBoth": "not both",
    "AtMost": "at most",
}
_UNITS = {"point": "points"}
_GLUE = re.compile(
    r"(?<=\d) (?=%|×|(?:ms|µs|s|min|h|mg|mL|ng|years?|QALY)\b)|(?<=×) (?=\d)|(?<==) "
    r"(?=\d)|(?<=R²) (?=\d)"
)


def biomarker_words(key: object) -> str:
    """The usual name of a biomarker; unknown keys with spaces for underscores."""
    text = str(key)
    return _BIOMARKERS.get(text, plain_key(text))


def plain_key(key: object) -> str:
    """A key as words."""
    text = str(key)
    return _KEYS.get(text, text.replace("_", " "))


def unit_words(unit: object) -> str:
    """A unit as it stands on an axis."""
    return _UNITS.get(str(unit or ""), str(unit or ""))


def sentence(text: object) -> str:
    """`text` with a capital letter and a full stop, as a sentence on the page."""
    line = str(text or "").strip()
    if not line:
        return ""
    # 'p-tau217' and 'eGFR' keep their small letter
    word = line[:2].replace(" ", "").isalpha() and line[:2].islower()
    return (line[0].upper() if word else line[0]) + line[1:] + ("" if line[-1] in ".!?…" else ".")


def glue(text: str) -> str:
    """`text` with no-break spaces between a number and its unit, so that no line starts with a
    unit.
    """
    return _GLUE.sub("\u00a0", text)
