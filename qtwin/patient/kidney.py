"""Creatinine clearance from serum creatinine."""

from __future__ import annotations


def cockcroft_gault_mL_per_min(*, age_years: float, weight_kg: float, creatinine_mg_per_dL: float, female: bool) -> float:  # noqa: N802
    """Creatinine clearance, (140 - age) weight / (72 creatinine), x 0.85 in women (Cockcroft and Gault 1976, Nephron 16:31)."""
    return (140.0 - age_years) * weight_kg / (72.0 * creatinine_mg_per_dL) * (0.85 if female else 1.0)
