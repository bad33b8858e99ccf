"""Maximum cut on a random 3-regular graph: sparse, and the standard benchmark of QAOA (Farhi,
Goldstone, Gutmann 2014).
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import from_spins
from qtwin.errors import InputError


def generate(n: int, seed: int, *, weighted: bool = False) -> Generated:
    """Energy -sum_edges w_ij (1 - s_i s_j) / 2, minus the cut; weights 1, or uniform in (0, 1).

    Raises:
        InputError: for an odd number of vertices, or fewer than 4.
    """
    import networkx

    if n < 4 or n % 2:
        raise InputError(
            f"expected an even number of at least 4 vertices, got {n}",
            hint="a 3-regular graph has one",
        )
    rng = np.random.default_rng([seed, n])
    graph = networkx.random_regular_graph(3, n, seed=int(rng.integers(2**31)))
    terms: list[tuple[tuple[int, ...], float]] = []
    for i, j in sorted((min(e), max(e)) for e in graph.edges):
        weight = float(rng.random()) if weighted else 1.0
        terms += [((), -0.5 * weight), ((i, j), 0.5 * weight)]
    return Generated(
        family="three-regular",
        seed=seed,
        options={"weighted": weighted},
        encoding=plain(from_spins(n, terms)),
        hardness="NP-hard; exact integer programming proves 100 vertices in about a second",
    )
