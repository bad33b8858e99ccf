"""One-compartment kinetics in closed form, and what a genotype does to clearance.

The long-term response of the twin needs mean steady-state concentrations; the time course here
gives peaks, troughs and the oracles that steady state is checked against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.pharmacology.drug import ROUTES, Drug
from qtwin.pharmacology.quantity import Quantity, read_quantities

# Activity score -> intrinsic clearance relative to a score of 2 (Open Systems Pharmacology,
# paroxetine model, CYP2D6).
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
"""CYP2C19 phenotype to intrinsic clearance over a normal metaboliser's: CPIC's functional groups,
steps between them assumed.
"""


def relative_activity(activity_score: float) -> float:
    """Intrinsic clearance of CYP2D6 relative to *1/*1, about (score / 2)^1.35: not linear in the
    score.

    Interpolates the published table on the power law, so that the published scores are met exactly.

    Raises:
        InputError: for a negative or non-finite score.
    """
    if not np.isfinite(activity_score) or activity_score < 0.0:
        raise InputError(
            f"expected an activity score of at least 0, got {activity_score}",
            hint="check the genotype report",
        )
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
    return np.where(
        t >= 0.0,
        dose_mg / volume_L * np.exp(-clearance_L_per_h / volume_L * np.maximum(t, 0.0)),
        0.0,
    )


def oral_mg_per_L(  # noqa: N802
    time_h: NDArray[np.float64],
    *,
    dose_mg: float,
    bioavailability: float,
    absorption_per_h: float,
    clearance_L_per_h: float,
    volume_L: float,
) -> NDArray[np.float64]:
    """Bateman (1910) curve of one oral dose: F D ka / (V (ka - k)) (exp(-k t) - exp(-ka t)), k = CL
    / V; (t,) mg/L.

    At ka = k the limit F D k t exp(-k t) / V is used.
    """
    t = np.maximum(np.asarray(time_h, dtype=np.float64), 0.0)
    k, ka, scale = (
        clearance_L_per_h / volume_L,
        absorption_per_h,
        bioavailability * dose_mg / volume_L,
    )
    gap = abs(ka - k) * t
    # with s the slower and f the faster rate: (exp(-s t) - exp(-f t)) / (f - s) = t exp(-s t) (1 -
    # exp(-gap)) / gap, which is symmetric in ka and k, stays accurate as they meet and never
    # overflows
    share: NDArray[np.float64] = np.where(
        gap < 1e-12, 1.0, -np.expm1(-gap) / np.where(gap == 0.0, 1.0, gap)
    )
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


# How drugs and genes change each other's exposure: the static Rowland-Matin model.
#
# AUCR_i = 1 / (sum_e fm_ie act_e prod_{j != i} (1 - IR_je) + 1 - sum_e fm_ie)   (Rowland and Matin
# 1973, J Pharmacokinet Biopharm 1:553). A gene-drug-drug interaction is third order here and is in
# no table: it emerges from the product.


def inhibition(drug: Drug, route: str) -> tuple[float, float]:
    """How a drug at its reference dose inhibits a route: odds at reference exposure, and exposure
    over that of half its effect.

    With O the odds and s the second number, the route's activity is multiplied by 1 / (1 + O (1 +
    s) x / (1 + s x)) at x times the reference exposure. A reversible inhibitor has O = IR / (1 -
    IR), s = 0: odds in proportion to its concentration. A mechanism-based one has odds (kinact /
    kdeg) I / (KI + I) on its unbound mean concentration I (Mayhew 2000, Drug Metab Dispos 28:1031,
    eq. 5), so s = I / KI.
    """
    if route in drug.inactivates:
        kinact, ki = drug.inactivates[route].kinact.value, drug.inactivates[route].ki.value
        per_ki = unbound_nmol_per_L(drug) / 1000.0 / ki
        return kinact / turnover()[route].value * per_ki / (1.0 + per_ki), per_ki
    removed = min(drug.inhibits[route].value, 0.999) if route in drug.inhibits else 0.0
    return removed / (1.0 - removed), 0.0


def unbound_nmol_per_L(drug: Drug) -> float:  # noqa: N802 - the unit is part of the name
    """Unbound mean steady-state concentration at the reference dose in the reference person."""
    concentration_ng_per_mL = mean_steady_state_ng_per_mL(
        dose_mg=drug.reference.amount_mg,
        interval_h=drug.reference.interval_h,
        bioavailability=drug.kinetics["bioavailability"].value,
        clearance_L_per_h=drug.kinetics["clearance"].value,
    )
    return (
        concentration_ng_per_mL
        * drug.kinetics["fraction_unbound"].value
        / drug.molar_mass.value
        * 1000.0
    )


def turnover() -> Mapping[str, Quantity]:
    """Enzyme to its rate of degradation (1/min), ``data/enzymes.toml``."""
    return read_quantities("enzymes.toml")


def predicted_ratio(
    victim: Drug,
    beside: Sequence[Drug],
    activity: Mapping[str, float] | None = None,
    *,
    relative_doses: Mapping[str, float] | None = None,
    active_metabolite: bool = False,
) -> float:
    """Exposure to a drug beside others in such a person, over the reference person taking the same
    dose alone.

    Args:
        victim: The drug whose exposure is asked for.
        beside: The drugs taken with it.
        activity: Activity of routes relative to the reference person; 1 where none is given. It
            also sets the exposure to the inhibitors.
        relative_doses: INN to dose rate over the reference dose's; 1 where none is given. Kinetics
            are linear in the dose.
        active_metabolite: Ask for the active metabolite of a prodrug instead.
    """
    drugs = [victim, *(d for d in beside if d.inn != victim.inn)]
    fractions, formed = (
        np.array([[q[r].value if r in q else 0.0 for r in ROUTES] for q in tables])
        for tables in ([d.metabolism for d in drugs], [d.activation for d in drugs])
    )
    active = np.array([(activity or {}).get(r, 1.0) for r in ROUTES])
    alone = 1.0 / (fractions @ active + 1.0 - fractions.sum(axis=1))
    odds, saturation = np.array([[inhibition(d, r) for r in ROUTES] for d in drugs]).transpose(
        2, 0, 1
    )
    x = (alone * np.array([(relative_doses or {}).get(d.inn, 1.0) for d in drugs]))[:, None]
    removed = odds * (1.0 + saturation) * x / (1.0 + saturation * x)
    ratio = float(exposure_ratio(fractions, active, removed / (1.0 + removed))[0])
    if active_metabolite:
        left = active * np.prod(1.0 / (1.0 + removed[1:]), axis=0)
        ratio *= float(formed[0] @ left + 1.0 - formed[0].sum())
    return ratio


def exposure_ratio(
    fractions: NDArray[np.float64], activity: NDArray[np.float64], inhibition: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Exposure of each drug relative to the same dose alone in the reference person (activity 1
    everywhere).

    Args:
        fractions: (k, e) fraction of each drug's clearance by each route.
        activity: (e,) the patient's activity of each route relative to the reference person.
        inhibition: (k, e) fraction of each route's activity that each drug removes; a drug does not
            inhibit itself (its own clearance was measured under its own inhibition).

    Returns:
        (k,) AUC ratios.
    """
    k = fractions.shape[0]
    ratios = np.empty(k)
    for i in range(k):
        left = np.prod(np.delete(1.0 - inhibition, i, axis=0), axis=0)
        ratios[i] = 1.0 / (np.sum(fractions[i] * activity * left) + 1.0 - fractions[i].sum())
    return ratios
