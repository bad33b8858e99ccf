"""The regimens that may be chosen: all where at most `feasible.LIMIT` are allowed, else a uniform sample and their number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.problem import feasible
from qtwin.problem.constraint import AtLeastOne, AtMostOne, Cap, Constraint, Linear, NotBoth, is_row
from qtwin.problem.diagram import Diagram, Row, diagram, whole_row

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
        return self.low if self.low == self.high else round(math.sqrt(self.low) * math.sqrt(self.high))

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
            f"{self.number} regimens are allowed, at most {feasible.LIMIT:,} can be simulated one by one",
            hint="take candidates out or lower max_drugs where complete enumeration is wanted",
        )


def _rounded(number: int) -> int:
    """Four leading digits."""
    return round(number, min(0, 4 - len(str(number))))


def allowed(n: int, constraints: Sequence[Constraint], *, seed: int, sample: int | None = None) -> FeasibleSet:
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
    groups = feasible.groups_of(n, constraints)
    if math.prod(1 + len(g) for g in groups) <= feasible.LIMIT:
        return _all(feasible.feasible_bits(n, constraints))
    rows = [whole_row(c) if is_row(c) else None for c in constraints]
    exact = None if any(r is None for r in rows) else diagram(n, [r for r in rows if r is not None], groups)
    if exact is not None and exact.count > feasible.LIMIT:
        bits = _distinct(exact, sample, np.random.default_rng([seed, 5]))
        return FeasibleSet(bits=bits, complete=False, low=exact.count, high=exact.count)
    if exact is not None:
        return _all(_in_order(exact.listed(), groups))
    try:
        return _all(feasible.feasible_bits(n, constraints))
    except InputError:
        pass  # too many to list, and too many nodes to count exactly
    return _met(relaxed(n, constraints, rows, groups), constraints, sample, np.random.default_rng([seed, 5]))


def _all(bits: NDArray[np.uint8]) -> FeasibleSet:
    return FeasibleSet(bits=bits, complete=True, low=len(bits), high=len(bits))


def _in_order(bits: NDArray[np.uint8], groups: Sequence[Sequence[int]]) -> NDArray[np.uint8]:
    """The rows as `feasible_bits` orders them: by the last group's choice first, taking nothing before its first member."""
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


def relaxed(n: int, constraints: Sequence[Constraint], rows: Sequence[Row | None], groups: Sequence[Sequence[int]]) -> Diagram:
    """The diagram of as many of the constraints as it can hold: without sums, then without pairs, then without needs."""
    for dropped in ((Cap, Linear), (Cap, Linear, NotBoth), (Cap, Linear, NotBoth, AtLeastOne)):
        kept = [r for c, r in zip(constraints, rows, strict=True) if r is not None and not isinstance(c, dropped)]
        found = diagram(n, kept, groups)
        if found is not None:
            return found
    classes = [whole_row(AtMostOne(name="class", members=tuple(g))) for g in groups if len(g) > 1]
    found = diagram(n, [r for r in classes if r is not None], groups)
    assert found is not None  # one node a level and option taken
    return found


def _met(wider: Diagram, constraints: Sequence[Constraint], sample: int, rng: np.random.Generator) -> FeasibleSet:
    """Draws under fewer constraints, kept where the others hold: uniform among the allowed; the share estimates their number."""
    kept: list[NDArray[np.uint8]] = []
    hits = draws = 0
    while hits < sample and draws < _MOST_DRAWS and wider.count:
        rows = wider.draw(_BATCH, rng)
        rows = rows[np.all([c.holds(rows) for c in constraints], axis=0)]
        kept.append(rows)
        hits, draws = hits + len(rows), draws + _BATCH
    bits = first_of_each(np.concatenate(kept))[:sample] if kept else np.zeros((0, wider.n), dtype=np.uint8)
    if wider.count and len(bits) < _FEWEST:
        raise InputError(
            f"{hits:,} of {draws:,} regimens drawn satisfy every constraint, too few to pose the question",
            hint="lower max_drugs, take candidates out, or loosen the caps",
        )
    from scipy.stats import beta

    tail = (1.0 - _LEVEL) / 2.0
    low = float(beta.ppf(tail, hits, draws - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1.0 - tail, hits + 1, draws - hits)) if hits < draws else 1.0
    whole = wider.count
    return FeasibleSet(bits=bits, complete=False, low=int(low * whole), high=math.ceil(high * whole))
