"""Biomarkers that a record may carry: code, canonical unit and physical range.

LOINC has no code that we found for amyloid PET in centiloid, CDR-SB, tau PET SUVR or hippocampal fraction, so those use the
project's own code system, `OWN_SYSTEM`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LOINC = "http://loinc.org"
OWN_SYSTEM = "urn:qtwin:biomarker"


@dataclass(frozen=True, kw_only=True)
class Biomarker:
    """One kind of measurement.

    Attributes:
        unit: Canonical unit.
        low, high: Physically possible range in that unit.
        loinc: LOINC codes that mean it.
        own: Code in the project's own system.
    """

    unit: str
    low: float
    high: float
    loinc: tuple[str, ...] = ()
    own: str = ""


BIOMARKERS: Mapping[str, Biomarker] = {
    "mmse": Biomarker(unit="point", low=0, high=30, loinc=("72106-8",), own="mmse"),
    "cdr_sb": Biomarker(unit="point", low=0, high=18, own="cdr-sb"),
    "amyloid_pet": Biomarker(unit="centiloid", low=0, high=300, own="amyloid-pet-centiloid"),
    "plasma_p_tau217": Biomarker(unit="pg/mL", low=0, high=50, loinc=("104663-0", "106940-0"), own="plasma-p-tau217"),
    "tau_pet": Biomarker(unit="SUVR", low=0, high=6, own="tau-pet-suvr"),
    "hippocampal_volume": Biomarker(unit="1", low=0, high=1.5, own="hippocampal-fraction"),
    "systolic_bp": Biomarker(unit="mmHg", low=40, high=300, loinc=("8480-6",), own="systolic-bp"),
    "heart_rate": Biomarker(unit="1/min", low=20, high=300, loinc=("8867-4",), own="heart-rate"),
    "qtc": Biomarker(unit="ms", low=200, high=800, loinc=("8636-3",), own="qtc"),
    "weight": Biomarker(unit="kg", low=20, high=400, loinc=("29463-7",), own="weight"),
    "height": Biomarker(unit="cm", low=80, high=250, loinc=("8302-2",), own="height"),
    "serum_creatinine": Biomarker(unit="mg/dL", low=0.05, high=30, loinc=("2160-0", "14682-9"), own="serum-creatinine"),
    "creatinine_clearance": Biomarker(unit="mL/min", low=1, high=300, loinc=("2164-2",), own="creatinine-clearance"),
}
APOE_CODES = frozenset({(OWN_SYSTEM, "apoe-genotype"), (LOINC, "34438-2")})


def biomarker_of(system: str, code: str) -> str | None:
    """Our key for a code, or None."""
    for key, marker in BIOMARKERS.items():
        if (system == LOINC and code in marker.loinc) or (system == OWN_SYSTEM and code == marker.own):
            return key
    return None
