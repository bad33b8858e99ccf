"""Facts that make a criterion hold, or the proof that there are none.

The criterion is taken apart into regions, conjunctions of ranges, words, conditions and medicines,
one at a time; the first that is not empty gives the facts. The language is finite apart from its
ranges, so the search decides every criterion, and with it whether two rules can hold at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from qtwin.patient.condition import with_implied
from qtwin.pharmacology.criterion import (
    AllOf,
    AnyOf,
    Between,
    Criterion,
    HasCondition,
    Not,
    OneOf,
    TakesMedicine,
)
from qtwin.pharmacology.facts import MEASURES, STAGES, Facts

_Range = tuple[float, bool, float, bool]
_WHOLE_LINE: _Range = (-math.inf, False, math.inf, False)


@dataclass(frozen=True, kw_only=True)
class _Region:
    """A conjunction: ranges of numbers, words allowed, sets of which one is needed, and what may
    not be.
    """

    numbers: Mapping[str, _Range] = field(default_factory=dict)
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    has: tuple[frozenset[str], ...] = ()
    lacks: frozenset[str] = frozenset()
    takes: tuple[frozenset[str], ...] = ()
    takes_none: frozenset[str] = frozenset()


def _number_in(fact: str, within: _Range) -> float | None:
    """A number in a range and among those that are possible, or None."""
    measure = MEASURES[fact]
    low, low_open, high, high_open = within

    def inside(value: float) -> bool:
        return (value > low if low_open else value >= low) and (
            value < high if high_open else value <= high
        )

    least, most = max(low, measure.low), min(high, measure.high)
    tried = (
        range(math.ceil(measure.low), math.floor(measure.high) + 1)
        if measure.whole
        else ((least + most) / 2, least, most)
    )
    return next((float(v) for v in tried if inside(v) and measure.low <= v <= measure.high), None)


def _meet(a: _Range, b: _Range) -> _Range:
    low, low_open = max((a[0], a[1]), (b[0], b[1]))
    high, high_closed = min((a[2], not a[3]), (b[2], not b[3]))
    return low, low_open, high, not high_closed


def _leaf(leaf: Criterion, wanted: bool, region: _Region) -> Iterator[_Region]:
    match leaf:
        case Between(fact=fact, low=low, high=high, low_open=low_open, high_open=high_open):
            inside: list[_Range] = [(low, low_open, high, high_open)]
            outside: list[_Range] = [
                (-math.inf, False, low, not low_open),
                (high, not high_open, math.inf, False),
            ]
            for one in inside if wanted else outside:
                met = _meet(region.numbers.get(fact, _WHOLE_LINE), one)
                if _number_in(fact, met) is not None:
                    yield replace(region, numbers={**region.numbers, fact: met})
        case OneOf(fact=fact, values=values, known=known):
            allowed = region.words.get(fact, known) & (values if wanted else known - values)
            if allowed:
                yield replace(region, words={**region.words, fact: allowed})
        case HasCondition(keys=keys):
            yield (
                replace(region, has=(*region.has, keys))
                if wanted
                else replace(region, lacks=region.lacks | keys)
            )
        case TakesMedicine(inns=inns):
            yield (
                replace(region, takes=(*region.takes, inns))
                if wanted
                else replace(region, takes_none=region.takes_none | inns)
            )
        case _:
            raise TypeError(f"a criterion of type {type(leaf).__name__} has no region")


def _regions(criteria: tuple[tuple[Criterion, bool], ...], region: _Region) -> Iterator[_Region]:
    """Regions in which each criterion is true, or false, as wanted."""
    if not criteria:
        yield region
        return
    (first, wanted), rest = criteria[0], criteria[1:]
    if isinstance(first, Not):
        yield from _regions(((first.part, not wanted), *rest), region)
    elif isinstance(first, AllOf | AnyOf):
        parts = tuple((part, wanted) for part in first.parts)
        if isinstance(first, AllOf) == wanted:
            yield from _regions((*parts, *rest), region)
        else:
            for part in parts:
                yield from _regions((part, *rest), region)
    else:
        for narrower in _leaf(first, wanted, region):
            yield from _regions(rest, narrower)


def _conditions(region: _Region, chosen: frozenset[str] = frozenset()) -> frozenset[str] | None:
    """Conditions, with what they imply, that meet a region: one of each needed set, none that it
    lacks, one stage at most.
    """
    if chosen & region.lacks or len(chosen & set(STAGES)) > 1:
        return None
    needed = next((keys for keys in region.has if not keys & chosen), None)
    if needed is None:
        return chosen
    tried = (_conditions(region, with_implied({*chosen, key})) for key in sorted(needed))
    return next((found for found in tried if found is not None), None)


def _facts(region: _Region) -> Facts | None:
    conditions = _conditions(region)
    medicines = [sorted(inns - region.takes_none) for inns in region.takes]
    if conditions is None or not all(medicines):
        return None
    numbers = {fact: _number_in(fact, within) for fact, within in region.numbers.items()}
    return Facts(
        numbers={fact: value for fact, value in numbers.items() if value is not None},
        words={fact: min(allowed) for fact, allowed in region.words.items()},
        conditions=conditions,
        medicines=frozenset(inns[0] for inns in medicines),
    )


def witness(*criteria: Criterion) -> Facts | None:
    """Facts for which all criteria hold at once, None if there are none."""
    found = (_facts(region) for region in _regions(tuple((c, True) for c in criteria), _Region()))
    return next((facts for facts in found if facts is not None), None)


def implies(one: Criterion, other: Criterion) -> bool:
    """Whether the other holds wherever the one does."""
    return witness(one, Not(part=other)) is None
