"""What shape named constraints give a choice: how many they can leave, and whether they ask for a size alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from qtwin.problem.constraint import AtMost, AtMostOne, Constraint, Exactly, NotBoth
from qtwin.problem.feasible import groups_of


def most_choices(n: int, constraints: Sequence[Constraint]) -> int:
    """An upper bound on the choices that `qtwin.problem.feasible.feasible_bits` holds at a time while it lists.

    Counts what the classes (at most one of each) and one limit on the number leave, for the limit that leaves least; pairs that
    are kept apart, needs and caps can only take more away.
    """
    groups = groups_of(n, constraints)
    counts = [math.prod(1 + len(g) for g in groups)]
    for c in constraints:
        if isinstance(c, AtMost | Exactly):
            limit = c.limit if isinstance(c, AtMost) else c.count
            counts.append(_at_most(limit, set(c.members), groups))
    return min(counts)


def _at_most(limit: int, members: set[int], groups: Sequence[Sequence[int]]) -> int:
    """Choices of at most one from each group with at most `limit` of the members in all."""
    by_size = [1] + [0] * max(limit, 0)
    free = 1
    for group in groups:
        inside = sum(i in members for i in group)
        if inside < len(group) and inside:  # a class that is only partly counted: as if none of it were
            free *= 1 + len(group)
        elif inside:
            by_size = [a + inside * b for a, b in zip(by_size, [0, *by_size[:-1]], strict=True)]
        else:
            free *= 1 + len(group)
    return free * sum(by_size)


def exactly(n: int, constraints: Sequence[Constraint]) -> tuple[int, list[tuple[int, int]] | None]:
    """(k, pairs kept apart, both ways round) where exactly k of all are to be chosen, and no more is asked; else (0, None)."""
    sizes = [c for c in constraints if isinstance(c, Exactly)]
    others = [c for c in constraints if not isinstance(c, Exactly)]
    if len(sizes) != 1 or sorted(sizes[0].members) != list(range(n)) or not 0 <= sizes[0].count <= n:
        return 0, None
    apart: set[tuple[int, int]] = set()
    for c in others:
        if not isinstance(c, NotBoth | AtMostOne):
            return 0, None
        members = c.pair if isinstance(c, NotBoth) else c.members
        apart |= set(itertools.permutations(members, 2))
    return sizes[0].count, sorted(apart)
