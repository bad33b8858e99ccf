"""Receptors: competitive antagonism by Gaddum and the operational model of agonism.

Antagonists at one receptor add their odds B / K, so interactions between drugs emerge instead of being tabulated.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])


def occupancy(odds: Number) -> Number:
    """Fraction of receptors held by antagonists, sum(B/K) / (1 + sum(B/K)) (Gaddum 1937, no agonist present)."""
    return odds / (1.0 + odds)


def operational_response(
    agonist_over_ka: Number, antagonist_odds: Number, *, efficacy_tau: float, maximum: float = 1.0, slope: float = 1.0
) -> Number:
    """E = Em tau^n a^n / ((1 + B + a)^n + tau^n a^n) with a = [A]/KA and B = sum(B_i/K_i).

    Black and Leff 1983, Proc R Soc B 220:141, eq. 5, with competitive antagonists multiplying KA (Gaddum).
    """
    driven = (efficacy_tau * agonist_over_ka) ** slope
    response: Number = maximum * driven / ((1.0 + antagonist_odds + agonist_over_ka) ** slope + driven)
    return response


def heart_rate_fall(beta1_odds: Number, *, sympathetic_share: float, half_odds: float) -> Number:
    """Fractional fall of the resting heart rate, s (1 - E(B) / E(0)) = s B / (B + q), q = 1 + a (1 + tau).

    The closed form of `operational_response` at slope 1; s and q are fitted to Liu 2003 (metoprolol, ADRB1 Arg389).
    """
    return sympathetic_share * beta1_odds / (beta1_odds + half_odds)
