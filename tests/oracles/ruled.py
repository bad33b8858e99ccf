"""Small random problems under every kind of native constraint, for solvers that take them as they
are.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.problem.constraint import (
    AtLeastOne,
    AtMost,
    AtMostOne,
    Cap,
    Constraint,
    Exactly,
    Linear,
    NotBoth,
)
from tests.oracles.instances import random_polynomial

KINDS = (AtMostOne, NotBoth, AtMost, AtLeastOne, Exactly, Cap, Linear)


def constraint(kind: type[Constraint], n: int, rng: np.random.Generator) -> Constraint:
    """One constraint of the kind, over random members."""
    members = tuple(
        sorted(int(i) for i in rng.choice(n, size=int(rng.integers(2, n + 1)), replace=False))
    )
    if kind is NotBoth:
        return NotBoth(name="not both", pair=members[:2])
    if kind is AtMost:
        return AtMost(name="at most", limit=int(rng.integers(0, n)), members=members)
    if kind is Exactly:
        return Exactly(
            name="exactly", count=int(rng.integers(0, len(members) + 1)), members=members
        )
    if kind is Cap:
        weights = tuple(float(w) for w in rng.integers(0, 9, size=len(members)) / 4)
        return Cap(
            name="cap", members=members, weights=weights, limit=float(rng.integers(0, 17)) / 4
        )
    if kind is Linear:
        weights = tuple(float(w) for w in rng.integers(-4, 5, size=len(members)) / 2)
        sense = ("<=", ">=", "==")[int(rng.integers(3))]
        return Linear(
            name="linear",
            members=members,
            weights=weights,
            sense=sense,
            limit=float(rng.integers(-4, 5)) / 2,
        )
    return kind(name=kind.__name__, members=members)  # type: ignore[call-arg]


def under(objective: BinaryPolynomial, *constraints: Constraint) -> BinaryModel:
    """An objective under native constraints, without penalties: the polynomial alone would have
    another minimum.
    """
    n = objective.n_variables
    names = tuple(f"x{i}" for i in range(n))
    return BinaryModel(
        polynomial=objective,
        objective=objective,
        variables=names,
        n_decision=n,
        constraints=constraints,
    )


def ruled(seed: int, degree: int, *, n: int = 6) -> BinaryModel:
    """A random polynomial of the degree under a few random constraints; some have nothing
    feasible.
    """
    rng = np.random.default_rng(seed)
    kinds = [
        KINDS[int(k)] for k in rng.choice(len(KINDS), size=int(rng.integers(1, 4)), replace=False)
    ]
    return under(random_polynomial(n, degree, seed), *(constraint(kind, n, rng) for kind in kinds))
