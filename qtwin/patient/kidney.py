"""Creatinine clearance: measured, from serum creatinine, or from an estimated filtration rate."""

from __future__ import annotations

import math
from collections.abc import Mapping


def cockcroft_gault_mL_per_min(*, age_years: float, weight_kg: float, creatinine_mg_per_dL: float, female: bool) -> float:  # noqa: N802
    """Creatinine clearance, (140 - age) weight / (72 creatinine), x 0.85 in women (Cockcroft and Gault 1976, Nephron 16:31)."""
    return (140.0 - age_years) * weight_kg / (72.0 * creatinine_mg_per_dL) * (0.85 if female else 1.0)


def body_surface_m2(*, weight_kg: float, height_cm: float) -> float:
    """Body surface, sqrt(height weight / 3600) (Mosteller 1987, N Engl J Med 317:1098)."""
    return math.sqrt(height_cm * weight_kg / 3600.0)


def clearance_mL_per_min(last: Mapping[str, float], *, age_years: float, sex: str) -> tuple[float | None, list[str]]:  # noqa: N802
    """Creatinine clearance as measured, or from the last creatinine and weight, or from eGFR; with a note where it is estimated.

    Args:
        last: Last value of each biomarker.
        age_years: Age.
        sex: Sex or gender as recorded.
    """
    if "creatinine_clearance" in last:
        return last["creatinine_clearance"], []
    if {"serum_creatinine", "weight"} <= last.keys():
        estimated = cockcroft_gault_mL_per_min(
            age_years=age_years, weight_kg=last["weight"], creatinine_mg_per_dL=last["serum_creatinine"], female=sex == "female"
        )
        return estimated, ["creatinine clearance by Cockcroft-Gault"]
    if "egfr" not in last:
        return None, []
    if not {"weight", "height"} <= last.keys():
        return last["egfr"], ["creatinine clearance is taken as the estimated filtration rate, of a body surface of 1.73 m2"]
    surface = body_surface_m2(weight_kg=last["weight"], height_cm=last["height"])
    return last["egfr"] * surface / 1.73, [
        "creatinine clearance is taken as the estimated filtration rate of the whole body surface"
    ]
