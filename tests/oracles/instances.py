"""Small random instances without symmetry, so that a swapped bit order or a lost sign cannot
hide.
"""

from __future__ import annotations

import itertools

import numpy as np

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Constraint, NotBoth


def random_polynomial(n: int, degree: int, seed: int, *, scale: float = 1.0) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    terms = [t for k in range(degree + 1) for t in itertools.combinations(range(n), k)]
    return BinaryPolynomial.of(
        n, list(zip(terms, (scale * rng.normal(size=len(terms))).tolist(), strict=True))
    )


RULES: tuple[Constraint, ...] = (
    AtMostOne(name="one of the first class", members=(0, 1, 2)),
    NotBoth(name="not 2 with 4", pair=(2, 4)),
    AtLeastOne(name="cover", members=(1, 2, 5)),
    AtMost(name="at most 2", limit=2, members=tuple(range(6))),
)


def constrained(seed: int, *, scale: float = 1.0) -> BinaryModel:
    """6 options under four kinds of constraint, with slack."""
    utility = random_polynomial(6, 2, seed, scale=scale)
    points = np.array(list(itertools.product((0, 1), repeat=6)), dtype=np.uint8)
    feasible = points[np.all([c.holds(points) for c in RULES], axis=0)]
    return encode(
        utility,
        names=[f"option {i}" for i in range(6)],
        constraints=RULES,
        feasible=feasible[seed % 5 : seed % 5 + 3],
    )


INSTANCES: dict[str, BinaryModel] = {
    "QUBO of 7": plain(random_polynomial(7, 2, 1)),
    "QUBO of 5 in small units": plain(random_polynomial(5, 2, 2, scale=1e-4)),
    "QUBO of 6, integers": plain(
        BinaryPolynomial.of(
            6, {t: round(3 * c) for t, c in random_polynomial(6, 2, 3).terms.items()}
        )
    ),
    "one variable": plain(BinaryPolynomial.of(1, {(): 2.0, (0,): -0.3})),
    "regimen of 6": constrained(4),
    "regimen of 6 in large units": constrained(5, scale=1e3),
}
