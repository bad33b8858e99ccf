"""Exploratory receptor variants: simulated and reported, without weight unless a spec asks for it.

CPIC's 2024 guideline on beta-blockers (10.1002/cpt.3351) finds the evidence on ADRB1, ADRB2, ADRA2C, GRK4 and GRK5 too weak to
act on; only CYP2D6 with metoprolol is actionable. So these variants do nothing by default.
"""

from __future__ import annotations

from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology.outcome import outcome_table

ADRB1_389 = ("Arg/Arg", "Arg/Gly", "Gly/Gly")
ADRB1_49 = ("Ser/Ser", "Ser/Gly", "Gly/Gly")


def beta1_gain(*, adrb1_389: str = "Arg/Arg", adrb1_49: str = "Ser/Ser", weight: float = 0.0) -> float:
    """Response of the beta-1 receptor to its blockade over that of Arg389 Ser49; 1 at weight 0.

    Each copy of Gly389 takes half of what two take (Liu 2003, Clin Pharmacol Ther 74:372); Ser49Gly the same way.

    Args:
        adrb1_389: One of `ADRB1_389`.
        adrb1_49: One of `ADRB1_49`.
        weight: How far the variants are believed, 0 (not at all) to 1.

    Raises:
        InputError: for an unknown genotype or a weight outside 0 to 1.
    """
    for gene, given, known in (("ADRB1 389 genotype", adrb1_389, ADRB1_389), ("ADRB1 49 genotype", adrb1_49, ADRB1_49)):
        if given not in known:
            raise unknown_name(gene, given, known)
    if not 0.0 <= weight <= 1.0:
        raise InputError(f"a weight of {weight} for receptor variants came, 0 to 1 was wanted", hint="0 leaves them out")
    constant = outcome_table().constant
    gly389, gly49 = ADRB1_389.index(adrb1_389) / 2.0, ADRB1_49.index(adrb1_49) / 2.0
    per_389, per_49 = constant["beta1_gain_gly389"].value, constant["beta1_gain_gly49"].value
    return 1.0 + weight * float(per_389**gly389 * per_49**gly49 - 1.0)
