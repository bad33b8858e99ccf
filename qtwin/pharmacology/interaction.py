"""How drugs and genes change each other's exposure: the static Rowland-Matin model.

AUCR_i = 1 / (sum_e fm_ie act_e prod_{j != i} (1 - IR_je) + 1 - sum_e fm_ie)   (Rowland and Matin 1973, J Pharmacokinet
Biopharm 1:553). A gene-drug-drug interaction is third order here and is in no table: it emerges from the product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.drug import ROUTES, Drug
from qtwin.pharmacology.kinetics import mean_steady_state_ng_per_mL
from qtwin.pharmacology.quantity import Quantity, read_quantities


def inhibition(drug: Drug, route: str) -> tuple[float, float]:
    """How a drug at its reference dose inhibits a route: odds at reference exposure, and exposure over that of half its effect.

    With O the odds and s the second number, the route's activity is multiplied by 1 / (1 + O (1 + s) x / (1 + s x)) at x times
    the reference exposure. A reversible inhibitor has O = IR / (1 - IR), s = 0: odds in proportion to its concentration. A
    mechanism-based one has odds (kinact / kdeg) I / (KI + I) on its unbound mean concentration I (Mayhew 2000, Drug Metab Dispos
    28:1031, eq. 5), so s = I / KI.
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
    return concentration_ng_per_mL * drug.kinetics["fraction_unbound"].value / drug.molar_mass.value * 1000.0


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
    """Exposure to a drug beside others in such a person, over the reference person taking the same dose alone.

    Args:
        victim: The drug whose exposure is asked for.
        beside: The drugs taken with it.
        activity: Activity of routes relative to the reference person; 1 where none is given. It also sets the exposure to
            the inhibitors.
        relative_doses: INN to dose rate over the reference dose's; 1 where none is given. Kinetics are linear in the dose.
        active_metabolite: Ask for the active metabolite of a prodrug instead.
    """
    drugs = [victim, *(d for d in beside if d.inn != victim.inn)]
    fractions, formed = (
        np.array([[q[r].value if r in q else 0.0 for r in ROUTES] for q in tables])
        for tables in ([d.metabolism for d in drugs], [d.activation for d in drugs])
    )
    active = np.array([(activity or {}).get(r, 1.0) for r in ROUTES])
    alone = 1.0 / (fractions @ active + 1.0 - fractions.sum(axis=1))
    odds, saturation = np.array([[inhibition(d, r) for r in ROUTES] for d in drugs]).transpose(2, 0, 1)
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
    """Exposure of each drug relative to the same dose alone in the reference person (activity 1 everywhere).

    Args:
        fractions: (k, e) fraction of each drug's clearance by each route.
        activity: (e,) the patient's activity of each route relative to the reference person.
        inhibition: (k, e) fraction of each route's activity that each drug removes; a drug does not inhibit itself
            (its own clearance was measured under its own inhibition).

    Returns:
        (k,) AUC ratios.
    """
    k = fractions.shape[0]
    ratios = np.empty(k)
    for i in range(k):
        left = np.prod(np.delete(1.0 - inhibition, i, axis=0), axis=0)
        ratios[i] = 1.0 / (np.sum(fractions[i] * activity * left) + 1.0 - fractions[i].sum())
    return ratios
