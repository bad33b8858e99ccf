"""Feasible choices: listed class by class, or drawn uniformly where they are too many."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InfeasibleError, InputError
from qtwin.problem.constraint import (
    AtLeastOne,
    AtMost,
    AtMostOne,
    Cap,
    Constraint,
    Exactly,
    Linear,
    NotBoth,
    is_row,
)
from qtwin.problem.diagram import Diagram, Row, diagram, whole_row

LIMIT = 10_000_000


def groups_of(n: int, constraints: Sequence[Constraint]) -> list[tuple[int, ...]]:
    """A partition of the options into groups of which at most one may be taken (single options are
    groups of one).
    """
    taken: set[int] = set()
    groups: list[tuple[int, ...]] = []
    for c in sorted(
        (c for c in constraints if isinstance(c, AtMostOne)), key=lambda c: -len(c.members)
    ):
        members = tuple(i for i in c.members if i not in taken)
        if members:
            groups.append(members)
            taken.update(members)
    return groups + [(i,) for i in range(n) if i not in taken]


def feasible_bits(n: int, constraints: Sequence[Constraint]) -> NDArray[np.uint8]:
    """All (k, n) choices that satisfy every constraint; k may be 0.

    Extends partial choices one group at a time and drops those that already break a constraint that
    more drugs cannot mend.

    Raises:
        InputError: when more than `LIMIT` partial choices would have to be held.
    """
    falling: list[Constraint] = [
        c for c in constraints if isinstance(c, AtMostOne | NotBoth | AtMost | Cap)
    ]
    falling += [
        AtMost(name=c.name, limit=c.count, members=c.members)
        for c in constraints
        if isinstance(c, Exactly)
    ]
    falling += [
        c
        for c in constraints
        if isinstance(c, Linear) and c.sense == "<=" and min(c.weights, default=0.0) >= 0.0
    ]
    rows: NDArray[np.uint8] = np.zeros((1, n), dtype=np.uint8)
    for group in groups_of(n, constraints):
        if rows.shape[0] * (len(group) + 1) > LIMIT:
            raise InputError(
                f"more than {LIMIT:,} regimens satisfy the constraints so far",
                hint="take candidates out or lower max_drugs",
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
    """An error that names the constraints any one of which, taken away, would leave something
    feasible.
    """
    culprits = [c.name for c in constraints if _any(n, [d for d in constraints if d is not c])]
    if culprits:
        named = "; ".join(repr(name) for name in culprits)
        return InfeasibleError(
            "no regimen satisfies all constraints",
            hint=f"each of these alone stands in the way: {named}",
        )
    return InfeasibleError(
        "no regimen satisfies all constraints, and taking any single one away does not help",
        hint="relax several: raise max_drugs, add candidates that cover each need, or allow a "
        "contraindicated pair",
    )


def _any(n: int, constraints: Sequence[Constraint]) -> bool:
    """Whether anything is feasible, also where it cannot be listed; False where neither a diagram
    nor a list can tell.
    """
    rows = [whole_row(c) for c in constraints if is_row(c)]
    kept = [r for r in rows if r is not None]
    found = diagram(n, kept, groups_of(n, constraints)) if len(kept) == len(constraints) else None
    if found is not None:
        return found.count > 0
    try:
        return len(feasible_bits(n, constraints)) > 0
    except InputError:
        return False


# The regimens that may be chosen: all where at most `LIMIT` are allowed, else a uniform sample and
# their number.

SAMPLE = 10_000
_MOST_DRAWS, _BATCH = 4_000_000, 100_000
_LEVEL = 0.95
_FEWEST = 200


@final
@dataclass(frozen=True, kw_only=True)
class FeasibleSet:
    """What a choice may be.

    Attributes:
        bits: (k, n) every allowed choice, or a uniform sample of distinct ones.
        complete: Whether these are all.
        low, high: Number of allowed choices: equal where it is exact, else a 95 % interval.
    """

    bits: NDArray[np.uint8]
    complete: bool
    low: int
    high: int

    @property
    def count(self) -> int:
        """The number of allowed choices, or the geometric middle of its interval."""
        return (
            self.low if self.low == self.high else round(math.sqrt(self.low) * math.sqrt(self.high))
        )

    @property
    def number(self) -> str:
        """The number in words, with its interval where it is an estimate."""
        if self.low == self.high:
            return self.short
        return f"{self.short} (95 % interval {_rounded(self.low):,} to {_rounded(self.high):,})"

    @property
    def short(self) -> str:
        """The number in words, without its interval."""
        return f"{self.count:,}" if self.low == self.high else f"about {_rounded(self.count):,}"

    def refusal(self) -> InputError:
        """Why these cannot all be listed."""
        return InputError(
            f"{self.number} regimens are allowed, at most {LIMIT:,} can be simulated one by one",
            hint="take candidates out or lower max_drugs where complete enumeration is wanted",
        )


def _rounded(number: int) -> int:
    """Four leading digits."""
    return round(number, min(0, 4 - len(str(number))))


def allowed(
    n: int, constraints: Sequence[Constraint], *, seed: int, sample: int | None = None
) -> FeasibleSet:
    """The allowed choices of n options; none may be allowed, then `bits` is empty.

    Args:
        n: Number of options.
        constraints: What a choice must satisfy.
        seed: Of the sample, where there are too many to list.
        sample: Its size; None: `SAMPLE`.

    Raises:
        InputError: where there are too many to list and too few to be met by chance.
    """
    sample = SAMPLE if sample is None else sample
    groups = groups_of(n, constraints)
    if math.prod(1 + len(g) for g in groups) <= LIMIT:
        return _all(feasible_bits(n, constraints))
    rows = [whole_row(c) if is_row(c) else None for c in constraints]
    exact = (
        None
        if any(r is None for r in rows)
        else diagram(n, [r for r in rows if r is not None], groups)
    )
    if exact is not None and exact.count > LIMIT:
        bits = _distinct(exact, sample, np.random.default_rng([seed, 5]))
        return FeasibleSet(bits=bits, complete=False, low=exact.count, high=exact.count)
    if exact is not None:
        return _all(_in_order(exact.listed(), groups))
    try:
        return _all(feasible_bits(n, constraints))
    except InputError:
        pass  # too many to list, and too many nodes to count exactly
    return _met(
        relaxed(n, constraints, rows, groups), constraints, sample, np.random.default_rng([seed, 5])
    )


def _all(bits: NDArray[np.uint8]) -> FeasibleSet:
    return FeasibleSet(bits=bits, complete=True, low=len(bits), high=len(bits))


def _in_order(bits: NDArray[np.uint8], groups: Sequence[Sequence[int]]) -> NDArray[np.uint8]:
    """The rows as `feasible_bits` orders them: by the last group's choice first, taking nothing
    before its first member.
    """
    chosen = [bits[:, list(g)].astype(np.int64) @ np.arange(1, len(g) + 1) for g in groups]
    ordered: NDArray[np.uint8] = bits[np.lexsort(chosen)]
    return ordered


def _distinct(found: Diagram, k: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(min(k, count), n) distinct choices; every set of this size is as likely as any other."""
    bits: NDArray[np.uint8] = np.zeros((0, found.n), dtype=np.uint8)
    while len(bits) < min(k, found.count):
        bits = first_of_each(np.concatenate([bits, found.draw(k, rng)]))
    return bits[:k]


def first_of_each(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The distinct rows, in the order of their first appearance."""
    return bits[np.sort(np.unique(bits, axis=0, return_index=True)[1])]


def relaxed(
    n: int,
    constraints: Sequence[Constraint],
    rows: Sequence[Row | None],
    groups: Sequence[Sequence[int]],
    *,
    deadline: float = math.inf,
) -> Diagram:
    """The diagram of as many of the constraints as it can hold, and can be made of by the deadline:
    without sums, then without pairs, then without needs.
    """
    for dropped in ((Cap, Linear), (Cap, Linear, NotBoth), (Cap, Linear, NotBoth, AtLeastOne)):
        kept = [
            r
            for c, r in zip(constraints, rows, strict=True)
            if r is not None and not isinstance(c, dropped)
        ]
        found = diagram(n, kept, groups, deadline=deadline)
        if found is not None:
            return found
    classes = [whole_row(AtMostOne(name="class", members=tuple(g))) for g in groups if len(g) > 1]
    found = diagram(n, [r for r in classes if r is not None], groups)
    assert found is not None  # one node a level and option taken
    return found


def _met(
    wider: Diagram, constraints: Sequence[Constraint], sample: int, rng: np.random.Generator
) -> FeasibleSet:
    """Draws under fewer constraints, kept where the others hold: uniform among the allowed; the
    share estimates their number.
    """
    kept: list[NDArray[np.uint8]] = []
    hits = draws = 0
    while hits < sample and draws < _MOST_DRAWS and wider.count:
        rows = wider.draw(_BATCH, rng)
        rows = rows[np.all([c.holds(rows) for c in constraints], axis=0)]
        kept.append(rows)
        hits, draws = hits + len(rows), draws + _BATCH
    bits = (
        first_of_each(np.concatenate(kept))[:sample]
        if kept
        else np.zeros((0, wider.n), dtype=np.uint8)
    )
    if wider.count and len(bits) < _FEWEST:
        raise InputError(
            f"{hits:,} of {draws:,} regimens drawn satisfy every constraint, too few to "
            "pose the question",
            hint="lower max_drugs, take candidates out, or loosen the caps",
        )
    from scipy.stats import beta

    tail = (1.0 - _LEVEL) / 2.0
    low = float(beta.ppf(tail, hits, draws - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1.0 - tail, hits + 1, draws - hits)) if hits < draws else 1.0
    whole = wider.count
    return FeasibleSet(
        bits=bits, complete=False, low=int(low * whole), high=math.ceil(high * whole)
    )


# Drawing allowed choices, each one as likely as every other: exactly from a decision diagram, else
# by rejection.

_MOST_NODES = 100_000
_MOST_DRAWS, _BATCH = 4_000_000, 50_000


@final
@dataclass(frozen=True, kw_only=True)
class Uniform:
    """Independent draws of allowed choices.

    Attributes:
        method: "exact" draws from all allowed choices; "rejection" from more than those, keeping
            what is allowed.
        source: What is drawn from.
        constraints: What a draw has to satisfy.
    """

    method: Literal["exact", "rejection"]
    source: Diagram
    constraints: tuple[Constraint, ...]

    @property
    def count(self) -> int | None:
        """How many choices are allowed; None where that is not known exactly."""
        return self.source.count if self.method == "exact" else None

    def draw(
        self, k: int, rng: np.random.Generator, *, deadline: float = math.inf
    ) -> NDArray[np.uint8]:
        """(k, n) independent choices.

        Args:
            k: How many.
            rng: Randomness.
            deadline: When to give up, on the clock of `time.perf_counter`.

        Raises:
            InfeasibleError: where nothing is feasible.
            InputError: where feasible choices are too rare to be met.
        """
        if self.source.count == 0:
            raise InfeasibleError(
                "nothing satisfies all constraints, so nothing can be drawn",
                hint="relax some of them",
            )
        if self.method == "exact":
            return self.source.draw(k, rng)
        kept: list[NDArray[np.uint8]] = []
        found = drawn = 0
        while found < k:
            if drawn >= _MOST_DRAWS or (drawn and time.perf_counter() > deadline):
                raise InputError(
                    f"expected {k:,} feasible choices, got {found} in {drawn:,} draws: they can be "
                    "drawn neither exactly nor by rejection here",
                    hint="take fewer shots, or a search as the baseline",
                )
            rows = self.source.draw(_BATCH, rng)
            drawn += len(rows)
            rows = rows[np.all([c.holds(rows) for c in self.constraints], axis=0)]
            kept.append(rows)
            found += len(rows)
        return np.concatenate(kept)[:k]


def uniform(n: int, constraints: Sequence[Constraint], *, deadline: float = math.inf) -> Uniform:
    """What draws choices of `n` options uniformly from those that satisfy the constraints: exactly,
    where that can be prepared by the deadline.
    """
    groups = groups_of(n, constraints)
    rows = [whole_row(c) if is_row(c) else None for c in constraints]
    if all(r is not None for r in rows):
        exact = diagram(
            n,
            [r for r in rows if r is not None],
            groups,
            most_nodes=_MOST_NODES,
            deadline=deadline,
        )
        if exact is not None:
            return Uniform(method="exact", source=exact, constraints=tuple(constraints))
    return Uniform(
        method="rejection",
        source=relaxed(n, constraints, rows, groups, deadline=deadline),
        constraints=tuple(constraints),
    )
