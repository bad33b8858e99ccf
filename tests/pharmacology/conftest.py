"""A patient made from what a test names, everything else unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from qtwin.patient.biomarker import BIOMARKERS
from qtwin.patient.person import Condition, Genotype, Medication, Patient, Provenance, Visit

DAY = dt.date(2025, 3, 1)


def made_patient(
    *,
    conditions: tuple[str, ...] = (),
    medicines: tuple[str, ...] = (),
    phenotypes: dict[str, str] | None = None,
    measured: dict[str, float] | None = None,
    **known: Any,
) -> Patient:
    """A person of 80 years."""
    measured = measured or {}
    fields: dict[str, Any] = {
        "patient_id": "patient-1",
        "age_years": 80.0,
        "sex": "female",
        "weight_kg": None,
        "height_cm": None,
        "creatinine_clearance_mL_per_min": None,
        "apoe_e4_copies": None,
        "genotypes": {
            gene: Genotype(
                gene=gene, diplotype="", activity_score=None, phenotype=word, source="a test"
            )
            for gene, word in (phenotypes or {}).items()
        },
        "conditions": tuple(Condition(key=key, code="", display=key) for key in conditions),
        "medications": tuple(Medication(inn=inn) for inn in medicines),
        "visits": tuple(
            Visit(date=DAY, biomarker=key, value=value, unit=BIOMARKERS[key].unit)
            for key, value in sorted(measured.items())
        ),
        "consent": None,
        "provenance": Provenance(kind="a test", sha256=("",), synthetic=True),
    }
    return Patient(**{**fields, **known})


@pytest.fixture
def patient() -> Callable[..., Patient]:
    """Makes a patient."""
    return made_patient
