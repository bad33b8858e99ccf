"""The Sherrington-Kirkpatrick spin glass (1975, PRL 35:1792): E(s) = sum_{i<j} J_ij s_i s_j /
sqrt(n), J normal.

The lowest energy a spin tends to -0.7632 (Parisi 1980; Crisanti, Rizzo 2002, PRE 65:046137).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import from_spins


def generate(n: int, seed: int) -> Generated:
    """Independent standard normal couplings between all pairs."""
    rng = np.random.default_rng([seed, n])
    pairs = {pair: float(rng.normal()) / np.sqrt(n) for pair in combinations(range(n), 2)}
    return Generated(
        family="sherrington-kirkpatrick",
        seed=seed,
        encoding=plain(from_spins(n, pairs.items())),
        hardness="NP-hard, dense; (1 - epsilon) of the optimum takes quadratic time (Montanari "
        "2019)",
    )
