"""Names that a reader meets instead of keys."""

from __future__ import annotations

import re

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
_KEYS = {"AtMostOne": "at most one", "AtLeastOne": "at least one", "NotBoth": "not both", "AtMost": "at most"}
_UNITS = {"point": "points"}
_GLUE = re.compile(r"(?<=\d) (?=%|×|(?:ms|µs|s|min|h|mg|mL|ng|years?|QALY)\b)|(?<=×) (?=\d)|(?<==) (?=\d)|(?<=R²) (?=\d)")


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
    word = line[:2].replace(" ", "").isalpha() and line[:2].islower()  # 'p-tau217' and 'eGFR' keep their small letter
    return (line[0].upper() if word else line[0]) + line[1:] + ("" if line[-1] in ".!?…" else ".")


def glue(text: str) -> str:
    """`text` with no-break spaces between a number and its unit, so that no line starts with a unit."""
    return _GLUE.sub("\u00a0", text)
