"""Choosing exactly k drugs: the exact optimum by listing every set, and the weak baselines that it
shames or spares.

Greedy adds the drug that raises the value most, the value counted with the coefficients of the
final size; greedy + swap then exchanges one chosen drug for one that is not, the best exchange
first, until none helps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtwin.problem.fixed_size import FixedSize


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A set and its value.

    Attributes:
        members: Drugs, rising.
        value: q of the set.
        evaluations: Sets that were evaluated.
        proven: Whether every permitted set was.
        second: Value of the next best set (NaN where it is unknown or there is none).
    """

    members: tuple[int, ...]
    value: float
    evaluations: int
    proven: bool = False
    second: float = float("nan")


def best_of_all(instance: FixedSize) -> Chosen:
    """The optimum, proven by looking at every permitted set; the first in lexicographic order of
    equal ones.

    Raises:
        InfeasibleError: if no set is permitted.
        InputError: for more sets than can be listed.
    """
    values, sets = instance.values(), instance.sets()
    best = int(np.argmax(values))
    rest = np.delete(values, best)
    return Chosen(
        members=tuple(int(i) for i in sets[best]),
        value=instance.value(sets[best].tolist()),
        evaluations=len(values),
        proven=True,
        second=float(rest.max()) if rest.size else float("nan"),
    )


def greedy(instance: FixedSize) -> Chosen | None:
    """Add the best drug k times; None where the chosen ones leave no permitted drug."""
    members: list[int] = []
    gain = instance.linear.copy()
    free = np.ones(instance.n, dtype=np.bool_)
    evaluated = 0
    for _ in range(instance.size):
        if not free.any():
            return None
        evaluated += int(free.sum())
        i = int(np.argmax(np.where(free, gain, -np.inf)))
        members.append(i)
        gain = gain + instance.pairs[i]
        free &= ~instance.forbidden[i]
        free[i] = False
    return Chosen(
        members=tuple(sorted(members)), value=instance.value(members), evaluations=evaluated
    )


def greedy_swap(instance: FixedSize) -> Chosen | None:
    """Greedy, then the best exchange of one drug for another until none raises the value; None
    where greedy finds no set.
    """
    start = greedy(instance)
    if start is None:
        return None
    members, evaluated = list(start.members), start.evaluations
    # An exchange must help by more than rounding, or equal neighbours could swap for ever.
    least = 1e-12 * max(1.0, float(np.abs(instance.linear).sum() + np.abs(instance.pairs).sum()))
    while True:
        field = instance.linear + instance.pairs[members].sum(axis=0)
        best, change = least, (0, 0)
        for place, out in enumerate(members):
            rest = members[:place] + members[place + 1 :]
            free = ~np.asarray(instance.forbidden[rest].any(axis=0))
            free[members] = False
            evaluated += int(free.sum())
            difference = np.where(free, field - instance.pairs[out] - field[out], -np.inf)
            into = int(np.argmax(difference))
            if difference[into] > best:
                best, change = float(difference[into]), (place, into)
        if best <= least:
            return Chosen(
                members=tuple(sorted(members)), value=instance.value(members), evaluations=evaluated
            )
        members[change[0]] = change[1]
