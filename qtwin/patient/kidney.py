"""Creatinine clearance from serum creatinine."""

from __future__ import annotations

from collections.abc import Mapping


def cockcroft_gault_mL_per_min(*, age_years: float, weight_kg: float, creatinine_mg_per_dL: float, female: bool) -> float:  # noqa: N802
    """Creatinine clearance, (140 - age) weight / (72 creatinine), x 0.85 in women (Cockcroft and Gault 1976, Nephron 16:31)."""
    return (140.0 - age_years) * weight_kg / (72.0 * creatinine_mg_per_dL) * (0.85 if female else 1.0)


def clearance_mL_per_min(last: Mapping[str, float], *, age_years: float, sex: str) -> tuple[float | None, list[str]]:  # noqa: N802
    """Creatinine clearance as measured, or from the last creatinine and weight, with a note in that case; None without either.

    Args:
        last: Last value of each biomarker.
        age_years: Age.
        sex: Sex or gender as recorded.
    """
    if "creatinine_clearance" in last or not {"serum_creatinine", "weight"} <= last.keys():
        return last.get("creatinine_clearance"), []
    estimated = cockcroft_gault_mL_per_min(
        age_years=age_years, weight_kg=last["weight"], creatinine_mg_per_dL=last["serum_creatinine"], female=sex == "female"
    )
    return estimated, ["creatinine clearance by Cockcroft-Gault"]
