"""The Wishart planted ensemble: dense, with hardness tuned by one number (Hamze, Raymond, Pattison,
Biswas, Katzgraber 2020).

    E(s) = sum_{i<j} J_ij s_i s_j,  J = W W^T / n,  W^T t = 0 for the planted state t

(PRE 101:052102, equations 3 to 7), so E(s) = (|W^T s|^2 / n - trace J) / 2, which is lowest at t
and -t.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import from_spins
from qtwin.errors import InputError


def generate(n: int, seed: int, *, alpha: float = 0.75) -> Generated:
    """`alpha` x n Gaussian columns orthogonal to a random planted state.

    Raises:
        InputError: for fewer than 2 spins or no column.
    """
    columns = round(alpha * n)
    if n < 2 or columns < 1:
        raise InputError(
            f"expected at least 2 spins and 1 column, got {n} and {columns}",
            hint="raise n or alpha",
        )
    rng = np.random.default_rng([seed, n])
    planted = rng.choice(np.array([-1.0, 1.0]), size=n)
    w = rng.normal(size=(n, columns))
    w -= np.outer(planted, planted @ w) / n
    j = w @ w.T / n
    pairs = {(a, b): float(j[a, b]) for a in range(n) for b in range(a + 1, n)}
    return Generated(
        family="wishart",
        seed=seed,
        options={"alpha": alpha},
        encoding=plain(from_spins(n, pairs.items())),
        optimum=float(-0.5 * np.trace(j)),
        optimal_bits=((1 - planted) // 2).astype(np.uint8),
        hardness="planted, dense; a first-order transition hides the state, more deeply the "
        "smaller "
        "alpha (Hamze et al. 2020)",
    )
