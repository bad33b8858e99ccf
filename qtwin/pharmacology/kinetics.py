"""One-compartment kinetics in closed form, and what a genotype does to clearance.

The long-term response of the twin needs mean steady-state concentrations; the time course here gives peaks, troughs and the
oracles that steady state is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

# Activity score -> intrinsic clearance relative to a score of 2 (Open Systems Pharmacology, paroxetine model, CYP2D6).
_SCORE = np.array([0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0])
_INTRINSIC = np.array([0.0, 0.161, 0.264, 0.381, 0.516, 0.663, 1.0, 1.853])

CYP2C19_ACTIVITY: Mapping[str, float] = {
    "poor metabolizer": 0.0,
    "likely poor metabolizer": 0.0,
    "intermediate metabolizer": 0.5,
    "likely intermediate metabolizer": 0.5,
    "normal metabolizer": 1.0,
    "rapid metabolizer": 1.3,
    "ultrarapid metabolizer": 1.6,
}
"""CYP2C19 phenotype to intrinsic clearance over a normal metaboliser's: CPIC's functional groups, steps between them assumed."""


def relative_activity(activity_score: float) -> float:
    """Intrinsic clearance of CYP2D6 relative to *1/*1, about (score / 2)^1.35: not linear in the score.

    Interpolates the published table on the power law, so that the published scores are met exactly.

    Raises:
        InputError: for a negative or non-finite score.
    """
    if not np.isfinite(activity_score) or activity_score < 0.0:
        raise InputError(f"activity score {activity_score} came, a number >= 0 was wanted", hint="check the genotype report")
    if activity_score == 0.0:
        return 0.0
    power = (_SCORE[1:] / 2.0) ** 1.35
    correction = np.interp(activity_score, _SCORE[1:], _INTRINSIC[1:] / power)
    return float(correction * (activity_score / 2.0) ** 1.35)


def mean_steady_state_ng_per_mL(  # noqa: N802 - the unit is part of the name
    *, dose_mg: float, interval_h: float, bioavailability: float, clearance_L_per_h: float
) -> float:
    """Css,avg = F D / (tau CL), in ng/mL (1 mg/L = 1000 ng/mL)."""
    return 1000.0 * bioavailability * dose_mg / (interval_h * clearance_L_per_h)


def bolus_mg_per_L(  # noqa: N802
    time_h: NDArray[np.float64], *, dose_mg: float, clearance_L_per_h: float, volume_L: float
) -> NDArray[np.float64]:
    """C(t) = D / V exp(-CL t / V) after an intravenous bolus, 0 before it; (t,) mg/L."""
    t = np.asarray(time_h, dtype=np.float64)
    return np.where(t >= 0.0, dose_mg / volume_L * np.exp(-clearance_L_per_h / volume_L * np.maximum(t, 0.0)), 0.0)


def oral_mg_per_L(  # noqa: N802
    time_h: NDArray[np.float64],
    *,
    dose_mg: float,
    bioavailability: float,
    absorption_per_h: float,
    clearance_L_per_h: float,
    volume_L: float,
) -> NDArray[np.float64]:
    """Bateman (1910) curve of one oral dose: F D ka / (V (ka - k)) (exp(-k t) - exp(-ka t)), k = CL / V; (t,) mg/L.

    At ka = k the limit F D k t exp(-k t) / V is used.
    """
    t = np.maximum(np.asarray(time_h, dtype=np.float64), 0.0)
    k, ka, scale = clearance_L_per_h / volume_L, absorption_per_h, bioavailability * dose_mg / volume_L
    gap = abs(ka - k) * t
    # with s the slower and f the faster rate: (exp(-s t) - exp(-f t)) / (f - s) = t exp(-s t) (1 - exp(-gap)) / gap,
    # which is symmetric in ka and k, stays accurate as they meet and never overflows
    share: NDArray[np.float64] = np.where(gap < 1e-12, 1.0, -np.expm1(-gap) / np.where(gap == 0.0, 1.0, gap))
    course: NDArray[np.float64] = scale * ka * t * np.exp(-min(ka, k) * t) * share
    return course


def repeated_mg_per_L(  # noqa: N802
    time_h: NDArray[np.float64],
    *,
    dose_mg: float,
    interval_h: float,
    n_doses: int,
    bioavailability: float,
    absorption_per_h: float,
    clearance_L_per_h: float,
    volume_L: float,
) -> NDArray[np.float64]:
    """Superposition of `n_doses` oral doses every `interval_h` from time 0; (t,) mg/L."""
    t = np.asarray(time_h, dtype=np.float64)
    total = np.zeros_like(t)
    for k in range(n_doses):
        total += oral_mg_per_L(
            t - k * interval_h,
            dose_mg=dose_mg,
            bioavailability=bioavailability,
            absorption_per_h=absorption_per_h,
            clearance_L_per_h=clearance_L_per_h,
            volume_L=volume_L,
        )
    return total
