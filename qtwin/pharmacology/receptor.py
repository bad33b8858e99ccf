"""Receptors: competitive antagonism by Gaddum and the operational model of agonism.

Antagonists at one receptor add their odds B / K, so interactions between drugs emerge instead of
being tabulated.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology.outcome import outcome_table

Number = TypeVar("Number", float, NDArray[np.float64])


def occupancy(odds: Number) -> Number:
    """Fraction of receptors held by antagonists, sum(B/K) / (1 + sum(B/K)) (Gaddum 1937, no agonist
    present).
    """
    return odds / (1.0 + odds)


def operational_response(
    agonist_over_ka: Number,
    antagonist_odds: Number,
    *,
    efficacy_tau: float,
    maximum: float = 1.0,
    slope: float = 1.0,
) -> Number:
    """E = Em tau^n a^n / ((1 + B + a)^n + tau^n a^n) with a = [A]/KA and B = sum(B_i/K_i).

    Black and Leff 1983, Proc R Soc B 220:141, eq. 5, with competitive antagonists multiplying KA
    (Gaddum).
    """
    driven = (efficacy_tau * agonist_over_ka) ** slope
    response: Number = (
        maximum * driven / ((1.0 + antagonist_odds + agonist_over_ka) ** slope + driven)
    )
    return response


def heart_rate_fall(beta1_odds: Number, *, sympathetic_share: float, half_odds: float) -> Number:
    """Fractional fall of the resting heart rate, s (1 - E(B) / E(0)) = s B / (B + q), q = 1 + a
    (1 + tau).

    The closed form of `operational_response` at slope 1; s and q are fitted to Liu 2003
    (metoprolol, ADRB1 Arg389).
    """
    return sympathetic_share * beta1_odds / (beta1_odds + half_odds)


# Exploratory receptor variants: simulated and reported, without weight unless a spec asks for it.
#
# CPIC's 2024 guideline on beta-blockers (10.1002/cpt.3351) finds the evidence on ADRB1, ADRB2,
# ADRA2C, GRK4 and GRK5 too weak to act on; only CYP2D6 with metoprolol is actionable. So these
# variants do nothing by default.

ADRB1_389 = ("Arg/Arg", "Arg/Gly", "Gly/Gly")
ADRB1_49 = ("Ser/Ser", "Ser/Gly", "Gly/Gly")


def beta1_gain(
    *, adrb1_389: str = "Arg/Arg", adrb1_49: str = "Ser/Ser", weight: float = 0.0
) -> float:
    """Response of the beta-1 receptor to its blockade over that of Arg389 Ser49; 1 at weight 0.

    Each copy of Gly389 takes half of what two take (Liu 2003, Clin Pharmacol Ther 74:372); Ser49Gly
    the same way.

    Args:
        adrb1_389: One of `ADRB1_389`.
        adrb1_49: One of `ADRB1_49`.
        weight: How far the variants are believed, 0 (not at all) to 1.

    Raises:
        InputError: for an unknown genotype or a weight outside 0 to 1.
    """
    for gene, given, known in (
        ("ADRB1 389 genotype", adrb1_389, ADRB1_389),
        ("ADRB1 49 genotype", adrb1_49, ADRB1_49),
    ):
        if given not in known:
            raise unknown_name(gene, given, known)
    if not 0.0 <= weight <= 1.0:
        raise InputError(
            f"expected a weight of 0 to 1 for receptor variants, got {weight}",
            hint="0 leaves them out",
        )
    constant = outcome_table().constant
    gly389, gly49 = ADRB1_389.index(adrb1_389) / 2.0, ADRB1_49.index(adrb1_49) / 2.0
    per_389, per_49 = constant["beta1_gain_gly389"].value, constant["beta1_gain_gly49"].value
    return 1.0 + weight * float(per_389**gly389 * per_49**gly49 - 1.0)
