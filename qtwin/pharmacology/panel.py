"""A panel: the numbers of some dose options for one person, with the spread between posterior members drawn once.

All regimens over the same options read the same panel, so two regimens are always compared on the same members (common
random numbers), which is what makes small utility differences visible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.drug import RECEPTORS, ROUTES, Dose
from qtwin.pharmacology.interaction import inhibition
from qtwin.pharmacology.kinetics import mean_steady_state_ng_per_mL
from qtwin.pharmacology.outcome import OUTCOMES
from qtwin.pharmacology.quantity import Quantity

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Person:
    """What pharmacology needs to know of a patient.

    Attributes:
        activity: (8,) activity of each of `ROUTES` relative to the reference person.
        apoe_e4_share: Probability of 0, 1 and 2 copies of APOE e4; (0, 1, 0) where one copy is known.
        hazards_per_year: Outcome to hazard without drugs.
        disturbed: Whether psychosis or agitation is there to be treated.
        beta1_gain: Response of the beta-1 receptor over that of ADRB1 Arg389; 1 unless exploratory variants are asked for.
    """

    activity: Array
    apoe_e4_share: tuple[float, float, float]
    hazards_per_year: Mapping[str, float]
    disturbed: bool = False
    beta1_gain: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Arrays over n options, m members, 8 routes, 7 receptors and 6 outcomes (float64, read-only).

    `concentration` is the mean steady-state concentration (ng/mL) of each option in the reference person; every other
    per-option effect refers to the drug's reference dose, and `relative` is the option's dose rate over that dose's.
    """

    options: tuple[Dose, ...]
    person: Person
    relative: Array  # (n,)
    concentration: Array  # (n,) ng/mL
    fractions: Array  # (n, 8) of clearance
    activation: Array  # (n, 8) of the active metabolite's formation
    prodrug: Array  # (n,) share of the effects that the active metabolite carries; 1 for a prodrug
    inhibition_odds: Array  # (n, 8) at the reference dose
    inhibition_saturation: Array  # (n, 8) see `qtwin.pharmacology.interaction.inhibition`
    variability: Array  # (m, n) exposure multiplier
    receptor_odds: Array  # (m, n, 7) unbound concentration over K at the reference-person exposure of the option
    adas_max: Array  # (m, n) points
    adas_drive: Array  # (n,) concentration over EC50
    gaddum: Array  # (n,) 1 where an antimuscarinic competes with the effect
    mood_log_odds: Array  # (m, n)
    behaviour_log_odds: Array  # (m, n)
    pressure_fall: Array  # (m, n) mmHg
    heart_rate_fall: Array  # (n,) fraction, beside the beta-1 receptor
    qt_ms: Array  # (n,)
    intolerance_hazard: Array  # (n,) -log(1 - excess probability)
    acb: Array  # (n,)
    aria_per_year: Array  # (n,)
    removal_per_year: Array  # (m, n) amyloid removal
    hazard_log_ratio: Array  # (m, n, 6)

    @property
    def n_members(self) -> int:
        """Number of posterior members."""
        return int(self.variability.shape[0])


def _value(quantities: Mapping[str, Quantity], key: str) -> float:
    return quantities[key].value if key in quantities else 0.0


def build_panel(options: Sequence[Dose], person: Person, *, n_members: int, seed: int) -> Panel:
    """Draw the members' pharmacology and lay the options out as arrays.

    Each drug has its own random stream, named by its INN, so that adding a candidate leaves the others' draws alone.

    Args:
        options: The candidate doses; options of one drug share its draws.
        person: The patient's activities and hazards.
        n_members: Posterior members.
        seed: Seed of all draws.
    """
    n, m = len(options), n_members
    shape = (m, n)
    zeros, ones = np.zeros, np.ones
    out: dict[str, Array] = {
        "relative": np.array([o.relative for o in options]),
        "concentration": zeros(n),
        "fractions": zeros((n, len(ROUTES))),
        "activation": zeros((n, len(ROUTES))),
        "prodrug": np.array([o.drug.active_metabolite.share.value if o.drug.active_metabolite else 0.0 for o in options]),
        "inhibition_odds": zeros((n, len(ROUTES))),
        "inhibition_saturation": zeros((n, len(ROUTES))),
        "variability": ones(shape),
        "receptor_odds": zeros((*shape, len(RECEPTORS))),
        "adas_max": zeros(shape),
        "adas_drive": zeros(n),
        "gaddum": zeros(n),
        "mood_log_odds": zeros(shape),
        "behaviour_log_odds": zeros(shape),
        "pressure_fall": zeros(shape),
        "heart_rate_fall": zeros(n),
        "qt_ms": zeros(n),
        "intolerance_hazard": zeros(n),
        "acb": zeros(n),
        "aria_per_year": zeros(n),
        "removal_per_year": zeros(shape),
        "hazard_log_ratio": zeros((*shape, len(OUTCOMES))),
    }
    for i, option in enumerate(options):
        drug = option.drug
        stream = np.random.default_rng([seed, *drug.inn.encode()])

        def spread(q: Quantity, stream: np.random.Generator = stream) -> Array:
            return np.asarray(np.exp(q.log_sd * stream.standard_normal(m)))

        kinetics = drug.kinetics
        out["variability"][:, i] = 1.0 / spread(kinetics["clearance"])
        concentration = mean_steady_state_ng_per_mL(
            dose_mg=option.amount_mg,
            interval_h=option.interval_h,
            bioavailability=kinetics["bioavailability"].value,
            clearance_L_per_h=kinetics["clearance"].value,
        )
        out["concentration"][i] = concentration
        for e, route in enumerate(ROUTES):
            out["fractions"][i, e] = _value(drug.metabolism, route)
            out["activation"][i, e] = _value(drug.activation, route)
            out["inhibition_odds"][i, e], out["inhibition_saturation"][i, e] = inhibition(drug, route)
        unbound_nmol_per_l = concentration * kinetics["fraction_unbound"].value / drug.molar_mass.value * 1000.0
        for r, receptor in enumerate(RECEPTORS):
            if receptor in drug.affinity:
                affinity = drug.affinity[receptor]
                out["receptor_odds"][:, i, r] = unbound_nmol_per_l / affinity.value / spread(affinity)
        effects = drug.effects
        if "adas_cog_max" in effects:
            out["adas_max"][:, i] = effects["adas_cog_max"].value * spread(effects["adas_cog_max"])
            out["adas_drive"][i] = concentration / effects["adas_cog_ec50"].value
            out["gaddum"][i] = float(drug.drug_class == "cholinesterase inhibitor")
        for effect in ("mood", "behaviour"):
            if f"{effect}_odds_ratio" in effects:
                odds = effects[f"{effect}_odds_ratio"]
                out[f"{effect}_log_odds"][:, i] = np.log(odds.value) + np.log(spread(odds))
        if "systolic_bp_fall" in effects:
            fall = effects["systolic_bp_fall"]
            out["pressure_fall"][:, i] = fall.value * spread(fall)
        if "amyloid_clearance" in effects:
            removal = effects["amyloid_clearance"]
            out["removal_per_year"][:, i] = removal.value * spread(removal) * option.relative
        out["heart_rate_fall"][i] = _value(effects, "heart_rate_fall")
        out["qt_ms"][i] = _value(effects, "qt_prolongation")
        out["intolerance_hazard"][i] = -np.log1p(-_value(effects, "intolerance"))
        out["aria_per_year"][i] = sum(p * _value(effects, f"aria_excess_{k}") for k, p in enumerate(person.apoe_e4_share))
        out["acb"][i] = drug.acb.value if drug.acb else 0.0
        for k, outcome in enumerate(OUTCOMES):
            if outcome in drug.hazard_ratio:
                ratio = drug.hazard_ratio[outcome]
                out["hazard_log_ratio"][:, i, k] = np.log(ratio.value) + np.log(spread(ratio))
    for array in out.values():
        array.flags.writeable = False
    return Panel(options=tuple(options), person=person, **out)
