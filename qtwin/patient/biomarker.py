"""Biomarkers that a record may carry: code, canonical unit and physical range.

LOINC has no code that we found for amyloid PET in centiloid, CDR-SB, tau PET SUVR or hippocampal
fraction, so those use the project's own code system, `OWN_SYSTEM`. LOINC 106940-0 is no p-tau217
concentration but its ratio to the unphosphorylated peptide by mass spectrometry, another scale, and
is therefore not read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from qtwin.errors import InputError
from qtwin.patient.element import LOINC as LOINC
from qtwin.patient.element import OWN_SYSTEM as OWN_SYSTEM
from qtwin.patient.element import shown_unit
from qtwin.units import convert


@dataclass(frozen=True, kw_only=True)
class Biomarker:
    """One kind of measurement.

    Attributes:
        words: What people call it.
        unit: Canonical unit.
        low, high: Physically possible range in that unit.
        loinc: LOINC codes that mean it.
        own: Code in the project's own system.
        used: Whether a model or a rule asks for it; what nothing asks for is kept and said.
        source: Where the LOINC codes were read.
    """

    words: str
    unit: str
    low: float
    high: float
    loinc: tuple[str, ...] = ()
    own: str = ""
    used: bool = True
    source: str = ""


_CREATININE = ("2160-0", "14682-9", "38483-4", "59826-8", "35203-9", "77140-2")
"""In serum, plasma or blood, by mass and by amount of substance."""
_EGFR = (
    "33914-3",
    "48642-3",
    "48643-1",
    "62238-1",
    "69405-9",
    "77147-7",
    "88293-6",
    "88294-4",
    "98979-8",
    "98980-6",
)
"""Estimated by MDRD and CKD-EPI, over 1.73 m2 of body surface."""

BIOMARKERS: Mapping[str, Biomarker] = {
    "mmse": Biomarker(words="MMSE", unit="point", low=0, high=30, loinc=("72106-8",), own="mmse"),
    "moca": Biomarker(words="MoCA", unit="point", low=0, high=30, loinc=("72172-0",), own="moca"),
    "cdr_sb": Biomarker(words="CDR-SB", unit="point", low=0, high=18, own="cdr-sb"),
    "amyloid_pet": Biomarker(
        words="amyloid PET", unit="centiloid", low=0, high=300, own="amyloid-pet-centiloid"
    ),
    "plasma_p_tau217": Biomarker(
        words="plasma p-tau217",
        unit="pg/mL",
        low=0,
        high=50,
        loinc=("104663-0",),
        own="plasma-p-tau217",
    ),
    "tau_pet": Biomarker(words="tau PET", unit="SUVR", low=0, high=6, own="tau-pet-suvr"),
    "hippocampal_volume": Biomarker(
        words="hippocampal volume", unit="1", low=0, high=1.5, own="hippocampal-fraction"
    ),
    "systolic_bp": Biomarker(
        words="systolic blood pressure",
        unit="mmHg",
        low=40,
        high=300,
        loinc=("8480-6",),
        own="systolic-bp",
    ),
    "heart_rate": Biomarker(
        words="heart rate", unit="1/min", low=20, high=300, loinc=("8867-4",), own="heart-rate"
    ),
    "qtc": Biomarker(
        words="QTc interval", unit="ms", low=200, high=800, loinc=("8636-3",), own="qtc"
    ),
    "weight": Biomarker(
        words="weight", unit="kg", low=20, high=400, loinc=("29463-7",), own="weight"
    ),
    "height": Biomarker(
        words="height", unit="cm", low=80, high=250, loinc=("8302-2",), own="height"
    ),
    "serum_creatinine": Biomarker(
        words="serum creatinine",
        unit="mg/dL",
        low=0.05,
        high=30,
        loinc=_CREATININE,
        own="serum-creatinine",
    ),
    "creatinine_clearance": Biomarker(
        words="creatinine clearance, measured",
        unit="mL/min",
        low=1,
        high=300,
        loinc=("2164-2",),
        own="creatinine-clearance",
    ),
    "egfr": Biomarker(
        words="estimated glomerular filtration rate",
        unit="mL/min/1.73m2",
        low=1,
        high=250,
        loinc=_EGFR,
        own="egfr",
    ),
    "potassium": Biomarker(
        words="potassium",
        unit="mmol/L",
        low=1,
        high=12,
        loinc=("2823-3", "6298-4"),
        own="potassium",
    ),
    "sodium": Biomarker(
        words="sodium", unit="mmol/L", low=80, high=220, loinc=("2951-2", "2947-0"), own="sodium"
    ),
    "csf_abeta42": Biomarker(
        words="amyloid beta 42 in cerebrospinal fluid",
        unit="pg/mL",
        low=0,
        high=10_000,
        loinc=("33203-1",),
        own="csf-abeta42",
        used=False,
        source="Labcorp test 505560",
    ),
    "csf_abeta40": Biomarker(
        words="amyloid beta 40 in cerebrospinal fluid",
        unit="pg/mL",
        low=0,
        high=100_000,
        loinc=("70072-4",),
        own="csf-abeta40",
        used=False,
        source="Labcorp test 505560",
    ),
    "csf_abeta42_40": Biomarker(
        words="amyloid beta 42/40 in cerebrospinal fluid",
        unit="1",
        low=0,
        high=1,
        loinc=("98485-6",),
        own="csf-abeta42-40",
        used=False,
        source="Labcorp test 505560",
    ),
    "csf_t_tau": Biomarker(
        words="total tau in cerebrospinal fluid",
        unit="pg/mL",
        low=0,
        high=20_000,
        loinc=("30160-6",),
        own="csf-t-tau",
        used=False,
    ),
    "csf_p_tau181": Biomarker(
        words="p-tau181 in cerebrospinal fluid",
        unit="pg/mL",
        low=0,
        high=2_000,
        loinc=("72260-3",),
        own="csf-p-tau181",
        used=False,
        source="LOINC long name, healthassure.in",
    ),
    "plasma_abeta42_40": Biomarker(
        words="plasma amyloid beta 42/40",
        unit="1",
        low=0,
        high=1,
        own="plasma-abeta42-40",
        used=False,
    ),
    "plasma_p_tau181": Biomarker(
        words="plasma p-tau181", unit="pg/mL", low=0, high=500, own="plasma-p-tau181", used=False
    ),
    "plasma_nfl": Biomarker(
        words="plasma neurofilament light chain",
        unit="pg/mL",
        low=0,
        high=20_000,
        loinc=("101281-4",),
        own="plasma-nfl",
        used=False,
        source="Mayo Clinic Laboratories, test NFLC",
    ),
    "plasma_gfap": Biomarker(
        words="plasma glial fibrillary acidic protein",
        unit="pg/mL",
        low=0,
        high=50_000,
        own="plasma-gfap",
        used=False,
    ),
    "fdg_pet": Biomarker(
        words="FDG PET", unit="SUVR", low=0, high=4, own="fdg-pet-suvr", used=False
    ),
    "cdr_global": Biomarker(
        words="CDR, global", unit="point", low=0, high=3, own="cdr-global", used=False
    ),
    "adas_cog": Biomarker(
        words="ADAS-Cog", unit="point", low=0, high=85, own="adas-cog", used=False
    ),
    "polygenic_score": Biomarker(
        words="polygenic score of Alzheimer's disease, standardised",
        unit="1",
        low=-10,
        high=10,
        own="alzheimer-polygenic-score",
        used=False,
    ),
}
APOE_CODES = frozenset({(OWN_SYSTEM, "apoe-genotype"), (LOINC, "34438-2")})
P_TAU217_ASSAY = "ALZpath"
"""Immunoassays of p-tau217 share one LOINC code but no scale: cut-offs are 0.40 and 0.63 pg/mL on
Simoa ALZpath (Ashton 2024, JAMA Neurol 81:255), 0.185 and 0.325 pg/mL on Lumipulse (Mayo Clinic
Laboratories, test PT217).
"""


def biomarker_of(system: str, code: str) -> str | None:
    """Our key for a code, or None."""
    for key, marker in BIOMARKERS.items():
        if (system == LOINC and code in marker.loinc) or (
            system == OWN_SYSTEM and code == marker.own
        ):
            return key
    return None


@lru_cache(maxsize=1)
def own_codes() -> frozenset[str]:
    """Codes of the project's own system."""
    return frozenset(
        {marker.own for marker in BIOMARKERS.values() if marker.own}
        | {code for _, code in APOE_CODES}
    )


# One measured value, whatever file it came from: its day, its unit, its range and the assay it was
# made with.

_SCORE = re.compile(
    r"(?:total )?(?:scores?|points?|pts?\.?)(?: \((?:pts?|points?)\))?", re.IGNORECASE
)
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
    return f"{marker.low:g} to {marker.high:g} {marker.unit} is expected"


def _at(where: str, message: str) -> str:
    return f"{where}: {message}" if where else message


def _is_score_unit(unit: str, value: float, high: float) -> bool:
    """Whether a unit says that the value is points of a scale that ends at `high`: score, points,
    /30, 22/30.
    """
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
            _at(
                where, f"it came in {shown_unit(unit)}, which cannot be converted to {marker.unit}"
            ),
            hint=f"give it in {marker.unit}",
        ) from None
    if not marker.low <= converted <= marker.high:
        kind = "negative value" if converted < 0 else "value outside its range"
        raise InputError(
            _at(where, f"{converted:g} {marker.unit} is a {kind}; {wanted_range(key)}"),
            hint="correct or remove the measurement",
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
    """Why a measurement by this assay is not on our scale, '' if it is; an assay that is not named
    is taken to be ours.
    """
    if key != "plasma_p_tau217" or not assay or P_TAU217_ASSAY.lower() in assay.lower():
        return ""
    named = next((known for known in _ASSAYS if known.lower() in assay.lower()), "another assay")
    return f"it was measured by {named}, whose scale is not that of Simoa {P_TAU217_ASSAY}"
