"""How drugs and genes change each other's exposure: the static Rowland-Matin model.

AUCR_i = 1 / (sum_e fm_ie act_e prod_{j != i} (1 - IR_je) + 1 - sum_e fm_ie)   (Rowland and Matin 1973, J Pharmacokinet
Biopharm 1:553). A gene-drug-drug interaction is third order here and is in no table: it emerges from the product.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
