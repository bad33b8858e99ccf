"""Listing every choice that satisfies named constraints, class by class, without looking at the 2^n others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InfeasibleError, InputError
from qtwin.problem.constraint import AtMost, AtMostOne, Cap, Constraint, Exactly, Linear, NotBoth, is_row
from qtwin.problem.diagram import diagram, whole_row

LIMIT = 10_000_000


def groups_of(n: int, constraints: Sequence[Constraint]) -> list[tuple[int, ...]]:
    """A partition of the options into groups of which at most one may be taken (single options are groups of one)."""
    taken: set[int] = set()
    groups: list[tuple[int, ...]] = []
    for c in sorted((c for c in constraints if isinstance(c, AtMostOne)), key=lambda c: -len(c.members)):
        members = tuple(i for i in c.members if i not in taken)
        if members:
            groups.append(members)
            taken.update(members)
    return groups + [(i,) for i in range(n) if i not in taken]


def feasible_bits(n: int, constraints: Sequence[Constraint]) -> NDArray[np.uint8]:
    """All (k, n) choices that satisfy every constraint; k may be 0.

    Extends partial choices one group at a time and drops those that already break a constraint that more drugs cannot mend.

    Raises:
        InputError: when more than `LIMIT` partial choices would have to be held.
    """
    falling: list[Constraint] = [c for c in constraints if isinstance(c, AtMostOne | NotBoth | AtMost | Cap)]
    falling += [AtMost(name=c.name, limit=c.count, members=c.members) for c in constraints if isinstance(c, Exactly)]
    falling += [c for c in constraints if isinstance(c, Linear) and c.sense == "<=" and min(c.weights, default=0.0) >= 0.0]
    rows: NDArray[np.uint8] = np.zeros((1, n), dtype=np.uint8)
    for group in groups_of(n, constraints):
        if rows.shape[0] * (len(group) + 1) > LIMIT:
            raise InputError(
                f"more than {LIMIT:,} regimens satisfy the constraints so far", hint="take candidates out or lower max_drugs"
            )
        extended = [rows]
        for i in group:
            with_i = rows.copy()
            with_i[:, i] = 1
            extended.append(with_i)
        rows = np.concatenate(extended)
        for c in falling:
            rows = rows[c.holds(rows)]
    for constraint in constraints:
        rows = rows[constraint.holds(rows)]
    return rows


def explain_infeasible(n: int, constraints: Sequence[Constraint]) -> InfeasibleError:
    """An error that names the constraints any one of which, taken away, would leave something feasible."""
    culprits = [c.name for c in constraints if _any(n, [d for d in constraints if d is not c])]
    if culprits:
        named = "; ".join(repr(name) for name in culprits)
        return InfeasibleError("no regimen satisfies all constraints", hint=f"each of these alone stands in the way: {named}")
    return InfeasibleError(
        "no regimen satisfies all constraints, and taking any single one away does not help",
        hint="relax several: raise max_drugs, add candidates that cover each need, or allow a contraindicated pair",
    )


def _any(n: int, constraints: Sequence[Constraint]) -> bool:
    """Whether anything is feasible, also where it cannot be listed; False where neither a diagram nor a list can tell."""
    rows = [whole_row(c) for c in constraints if is_row(c)]
    kept = [r for r in rows if r is not None]
    found = diagram(n, kept, groups_of(n, constraints)) if len(kept) == len(constraints) else None
    if found is not None:
        return found.count > 0
    try:
        return len(feasible_bits(n, constraints)) > 0
    except InputError:
        return False
