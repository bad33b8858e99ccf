"""Random dense polynomials with integer coefficients, the standard benchmark of QUBO solvers
(Beasley 1998, OR-Library).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError

_LARGEST = 100


def generate(n: int, seed: int, *, density: float = 1.0, degree: int = 2) -> Generated:
    """Coefficients uniform in -100..100 on a share `density` of all terms up to `degree`.

    Raises:
        InputError: for a density outside (0, 1], or a degree that is not 2, 3 or 4.
    """
    if not 0.0 < density <= 1.0 or degree not in (2, 3, 4):
        raise InputError(
            f"expected a density in (0, 1] and a degree of 2 to 4, got {density} and {degree}",
            hint="correct them",
        )
    rng = np.random.default_rng([seed, n])
    terms = [
        (term, float(rng.integers(-_LARGEST, _LARGEST + 1)))
        for order in range(1, degree + 1)
        for term in combinations(range(n), order)
        if order == 1 or rng.random() < density
    ]
    return Generated(
        family="dense",
        seed=seed,
        options={"density": density, "degree": degree},
        encoding=plain(BinaryPolynomial.of(n, terms)),
        hardness="no structure to use; exact solvers end near 50 variables, one-flip tabu "
        "search is "
        "strong at any size here",
    )
