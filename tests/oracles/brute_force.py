"""The lowest feasible energy by looking at every assignment, one at a time."""

from __future__ import annotations

import itertools
import math

from qtwin.encoding.model import BinaryModel
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Cap, Exactly, Linear, NotBoth


def energy_of(encoding: BinaryModel, x: tuple[int, ...]) -> float:
    return math.fsum(c * all(x[i] for i in term) for term, c in encoding.polynomial.terms.items())


def allowed(encoding: BinaryModel, x: tuple[int, ...]) -> bool:
    for c in encoding.constraints:
        if isinstance(c, Cap):
            if sum(w for i, w in zip(c.members, c.weights, strict=True) if x[i]) > c.limit + 1e-6:
                return False
            continue
        if isinstance(c, Linear):
            total = sum(w for i, w in zip(c.members, c.weights, strict=True) if x[i])
            if not {
                "<=": total <= c.limit + 1e-6,
                ">=": total >= c.limit - 1e-6,
                "==": abs(total - c.limit) <= 1e-6,
            }[c.sense]:
                return False
            continue
        if isinstance(c, Exactly):
            if sum(x[i] for i in c.members) != c.count:
                return False
            continue
        taken = sum(x[i] for i in (c.pair if isinstance(c, NotBoth) else c.members))
        low, high = {AtMostOne: (0, 1), NotBoth: (0, 1), AtLeastOne: (1, math.inf)}.get(
            type(c), (0, getattr(c, "limit", 0))
        )
        assert isinstance(c, AtMostOne | NotBoth | AtLeastOne | AtMost)
        if not low <= taken <= high:
            return False
    return True


def lowest_feasible(encoding: BinaryModel) -> float:
    """Infinite if nothing is feasible."""
    points = itertools.product((0, 1), repeat=encoding.polynomial.n_variables)
    return min((energy_of(encoding, x) for x in points if allowed(encoding, x)), default=math.inf)
