"""Infusions of an antibody over time: its two-compartment kinetics and the removal of amyloid that
its concentration drives.

Each dose of D mg adds, at time s after it, the concentration D / V1 (f exp(-a s) + (1 - f) exp(-b
s)) with a > b the roots of s^2 - (k10 + k12 + k21) s + k10 k21 and f = (a - k21) / (a - b) (Gibaldi
and Perrier 1982, Pharmacokinetics, eq. 2.17); amyloid is removed at the rate u(C) = rate_max C /
(C + half_effect). Both are exact between doses, so the stiff compartments cost no steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.pharmacology.drug import Drug

Array = NDArray[np.float64]
HOURS_PER_YEAR = 24.0 * 365.25


@dataclass(frozen=True, kw_only=True)
class Dosing:
    """Doses of one antibody to m members, and what they do.

    Attributes:
        times_years, amounts_mg: (d,) when and how much, increasing times.
        stop_years: (m,) no dose is given from this time on; infinity: never stopped.
        clearance_L_per_year: (m,).
        intercompartmental_L_per_year: 0 for one compartment.
        central_L, peripheral_L: Volumes.
        rate_max_per_year: (m,) removal of amyloid at saturating concentration.
        half_effect_mg_per_L: Concentration at half of it.
    """

    times_years: Array
    amounts_mg: Array
    stop_years: Array
    clearance_L_per_year: Array
    intercompartmental_L_per_year: float
    central_L: float
    peripheral_L: float
    rate_max_per_year: Array
    half_effect_mg_per_L: float

    def of_members(self, part: slice) -> Dosing:
        """The same doses to some of the members."""
        return replace(
            self,
            stop_years=self.stop_years[part],
            clearance_L_per_year=self.clearance_L_per_year[part],
            rate_max_per_year=self.rate_max_per_year[part],
        )

    def modes(self) -> Array:
        """(m, 4) fast rate, slow rate (1/year), and concentration per mg that a dose adds to the
        fast and the slow mode (1/L).
        """
        return two_compartment_modes(
            self.clearance_L_per_year / self.central_L,
            self.intercompartmental_L_per_year / self.central_L,
            self.intercompartmental_L_per_year / self.peripheral_L,
            self.central_L,
        )

    def concentration_mg_per_L(self, times_years: Array) -> Array:  # noqa: N802 - the unit is part of the name
        """(m, t) central concentration; a dose counts from its time on."""
        since = np.asarray(times_years, dtype=np.float64)[:, None] - self.times_years
        fast, slow, first, second = (column[:, None, None] for column in self.modes().T)
        past = np.maximum(since, 0.0)
        given = (since >= 0.0) & (self.times_years < self.stop_years[:, None, None])
        one = first * np.exp(-fast * past) + second * np.exp(-slow * past)
        return np.asarray((np.where(given, one, 0.0) * self.amounts_mg).sum(axis=2))


def two_compartment_modes(k10: Array, k12: float, k21: float, central_L: float) -> Array:
    """(m, 4) as `Dosing.modes`, from rate constants (any time unit)."""
    total = k10 + k12 + k21
    root = np.sqrt(np.maximum(total**2 - 4.0 * k10 * k21, 0.0))
    fast, slow = 0.5 * (total + root), 2.0 * k10 * k21 / (total + root)
    share = np.where(root > 1e-12 * total, (fast - k21) / np.where(root > 0.0, root, 1.0), 1.0)
    return np.column_stack([fast, slow, share / central_L, (1.0 - share) / central_L])


def antibody_dosing(
    drug: Drug,
    times_years: Array,
    amounts_mg: Array,
    *,
    clearance_factor: Array,
    effect_factor: Array,
    stop_years: Array | None = None,
) -> Dosing:
    """The doses of a formulary antibody to m members.

    The calibrated removal rate of the formulary is the mean over a dosing interval at the steady
    state of the reference dose in the median person; the largest rate follows from it.

    Args:
        drug: An antibody with an `amyloid_clearance` effect.
        times_years: (d,) increasing.
        amounts_mg: (d,).
        clearance_factor: (m,) clearance over the drug's.
        effect_factor: (m,) removal rate over the drug's.
        stop_years: (m,) see `Dosing`.

    Raises:
        InputError: for a drug that removes no amyloid, or doses out of order.
    """
    if "amyloid_clearance" not in drug.effects:
        raise InputError(
            f"{drug.inn} removes no amyloid: it has no course of doses",
            hint="name an anti-amyloid antibody",
        )
    times = np.asarray(times_years, dtype=np.float64)
    if (np.diff(times) <= 0.0).any() or times.shape != np.shape(amounts_mg):
        raise InputError(
            "dose times must increase and each needs an amount",
            hint="merge doses given at the same time",
        )
    q = {k: v.value for k, v in drug.kinetics.items()}
    members = len(clearance_factor)
    half_effect = drug.effects["amyloid_half_effect"].value
    return Dosing(
        times_years=times,
        amounts_mg=np.asarray(amounts_mg, dtype=np.float64),
        stop_years=np.full(members, np.inf) if stop_years is None else stop_years,
        clearance_L_per_year=q["clearance"] * HOURS_PER_YEAR * clearance_factor,
        intercompartmental_L_per_year=q.get("intercompartmental", 0.0) * HOURS_PER_YEAR,
        central_L=q["volume"],
        peripheral_L=q.get("peripheral_volume", 1.0),
        rate_max_per_year=drug.effects["amyloid_clearance"].value
        / _reference_effect(drug, half_effect)
        * effect_factor,
        half_effect_mg_per_L=half_effect,
    )


def _reference_effect(drug: Drug, half_effect_mg_per_L: float) -> float:
    """Mean of C / (C + half effect) over an interval at the steady state of the reference dose."""
    q = {k: v.value for k, v in drug.kinetics.items()}
    exchange = q.get("intercompartmental", 0.0)
    (modes,) = two_compartment_modes(
        np.array([q["clearance"] / q["volume"]]),
        exchange / q["volume"],
        exchange / q.get("peripheral_volume", 1.0),
        q["volume"],
    )
    interval_h, amount_mg = drug.reference.interval_h, drug.reference.amount_mg
    t = (np.arange(2000) + 0.5) / 2000.0 * interval_h
    concentration = np.zeros_like(t)
    for rate, per_mg in zip(modes[:2], modes[2:], strict=True):
        if rate > 0.0:
            concentration += amount_mg * per_mg * np.exp(-rate * t) / -np.expm1(-rate * interval_h)
    return float(np.mean(concentration / (concentration + half_effect_mg_per_L)))
