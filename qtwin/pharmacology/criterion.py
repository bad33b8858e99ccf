"""Conditions on a patient's facts that are true, false or undecided, read from TOML tables.

A criterion returns True, False, or None where a fact that it needs is not known; and, or and not
are Kleene's (Kleene 1952, Introduction to Metamathematics, section 64): what is known already
decides wherever it can.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, final

from qtwin.errors import InputError, unknown_name
from qtwin.patient.condition import known_conditions
from qtwin.pharmacology.drug_group import DrugGroup, drug_groups, read_subject, strings
from qtwin.pharmacology.facts import (
    GENES,
    MEASURES,
    PHENOTYPES,
    SEXES,
    STAGE,
    STAGES,
    Facts,
    fact_name,
)

_BOUNDS = ("at_least", "above", "at_most", "below")


def kleene_and(values: Iterable[bool | None]) -> bool | None:
    """False if any is false, else None if any is undecided, else True."""
    undecided = False
    for value in values:
        if value is False:
            return False
        undecided |= value is None
    return None if undecided else True


def kleene_or(values: Iterable[bool | None]) -> bool | None:
    """True if any is true, else None if any is undecided, else False."""
    undecided = False
    for value in values:
        if value is True:
            return True
        undecided |= value is None
    return None if undecided else False


def kleene_not(value: bool | None) -> bool | None:
    """The other of true and false; undecided stays so."""
    return None if value is None else not value


@dataclass(frozen=True, kw_only=True)
class Criterion(ABC):
    """A condition on facts."""

    @abstractmethod
    def holds(self, facts: Facts) -> bool | None:
        """True, False, or None where the facts do not decide it."""

    @abstractmethod
    def missing(self, facts: Facts) -> frozenset[str]:
        """Names of the facts whose absence leaves it undecided; none if it is decided."""

    @abstractmethod
    def asks(self) -> frozenset[str]:
        """Names of all facts that it asks for: of `MEASURES`, "sex", "GENE phenotype", keys of
        conditions, INNs.
        """


@final
@dataclass(frozen=True, kw_only=True)
class Between(Criterion):
    """A number lies in a range.

    Attributes:
        fact: Name in `MEASURES`.
        low, high: Ends of the range, infinite where there is none.
        low_open, high_open: Whether an end is outside it.
    """

    fact: str
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def holds(self, facts: Facts) -> bool | None:
        value = facts.numbers.get(self.fact)
        if value is None:
            return None
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)

    def missing(self, facts: Facts) -> frozenset[str]:
        return frozenset() if self.fact in facts.numbers else frozenset({self.fact})

    def asks(self) -> frozenset[str]:
        return frozenset({self.fact})


@final
@dataclass(frozen=True, kw_only=True)
class OneOf(Criterion):
    """A word is one of `values`; `known` are all that it could be."""

    fact: str
    values: frozenset[str]
    known: frozenset[str]

    def holds(self, facts: Facts) -> bool | None:
        word = facts.words.get(self.fact)
        return None if word is None else word in self.values

    def missing(self, facts: Facts) -> frozenset[str]:
        return frozenset() if self.fact in facts.words else frozenset({self.fact})

    def asks(self) -> frozenset[str]:
        return frozenset({self.fact})


@final
@dataclass(frozen=True, kw_only=True)
class HasCondition(Criterion):
    """At least one of the diagnoses is there."""

    keys: frozenset[str]

    def holds(self, facts: Facts) -> bool | None:
        if not self.keys.isdisjoint(facts.conditions):
            return True
        return False if self.keys.isdisjoint(facts.open_conditions) else None

    def missing(self, facts: Facts) -> frozenset[str]:
        return frozenset({STAGE}) if self.holds(facts) is None else frozenset()

    def asks(self) -> frozenset[str]:
        return self.keys | ({STAGE} if not self.keys.isdisjoint(STAGES) else set())


@final
@dataclass(frozen=True, kw_only=True)
class TakesMedicine(Criterion):
    """At least one of the medicines is taken."""

    inns: frozenset[str]

    def holds(self, facts: Facts) -> bool | None:
        return not self.inns.isdisjoint(facts.medicines)

    def missing(self, facts: Facts) -> frozenset[str]:
        return frozenset()

    def asks(self) -> frozenset[str]:
        return self.inns


@final
@dataclass(frozen=True, kw_only=True)
class AllOf(Criterion):
    """Every part holds; without parts: always."""

    parts: tuple[Criterion, ...] = ()

    def holds(self, facts: Facts) -> bool | None:
        return kleene_and(part.holds(facts) for part in self.parts)

    def missing(self, facts: Facts) -> frozenset[str]:
        return _missing(self, facts, self.parts)

    def asks(self) -> frozenset[str]:
        return frozenset().union(*(part.asks() for part in self.parts))


@final
@dataclass(frozen=True, kw_only=True)
class AnyOf(Criterion):
    """At least one part holds."""

    parts: tuple[Criterion, ...]

    def holds(self, facts: Facts) -> bool | None:
        return kleene_or(part.holds(facts) for part in self.parts)

    def missing(self, facts: Facts) -> frozenset[str]:
        return _missing(self, facts, self.parts)

    def asks(self) -> frozenset[str]:
        return frozenset().union(*(part.asks() for part in self.parts))


@final
@dataclass(frozen=True, kw_only=True)
class Not(Criterion):
    """The part does not hold."""

    part: Criterion

    def holds(self, facts: Facts) -> bool | None:
        return kleene_not(self.part.holds(facts))

    def missing(self, facts: Facts) -> frozenset[str]:
        return self.part.missing(facts)

    def asks(self) -> frozenset[str]:
        return self.part.asks()


def _missing(whole: Criterion, facts: Facts, parts: tuple[Criterion, ...]) -> frozenset[str]:
    return (
        frozenset().union(*(part.missing(facts) for part in parts))
        if whole.holds(facts) is None
        else frozenset()
    )


ALWAYS = AllOf()
"""What a rule without `when` asks."""


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{where}: expected a finite number, got {value!r}", hint="correct it")
    return float(value)


def read_range(fact: str, raw: Any, *, where: str) -> Criterion:
    """A number, a list of numbers, or a table of bounds.

    Raises:
        InputError: for an unknown bound, a range that nothing lies in, or one outside what is
            physically possible.
    """
    if isinstance(raw, list):
        if not raw:
            raise InputError(
                f"{where}: expected numbers, got an empty list", hint="name at least one"
            )
        return AnyOf(parts=tuple(read_range(fact, value, where=where) for value in raw))
    if not isinstance(raw, dict):
        number = _number(raw, where)
        raw = {"at_least": number, "at_most": number}
    for key in raw:
        if key not in _BOUNDS:
            raise unknown_name(f"bound in {where}", key, _BOUNDS)
    if not raw or {"at_least", "above"} <= raw.keys() or {"at_most", "below"} <= raw.keys():
        raise InputError(
            f"{where}: expected a lower bound, an upper bound or one of each, got "
            f"{', '.join(raw) or 'none'}",
            hint="at_least or above, at_most or below",
        )
    bounds = {key: _number(value, f"{where}: {key}") for key, value in raw.items()}
    measure = MEASURES[fact]
    for key, value in bounds.items():
        if not measure.low <= value <= measure.high:
            raise InputError(
                f"{where}: impossible range: expected a bound from {measure.low:g} to "
                f"{measure.high:g} {measure.unit}, "
                f"got {key} {value:g}",
                hint="correct the number or its unit",
            )
    found = Between(
        fact=fact,
        low=bounds.get("at_least", bounds.get("above", -math.inf)),
        high=bounds.get("at_most", bounds.get("below", math.inf)),
        low_open="above" in bounds,
        high_open="below" in bounds,
    )
    low, high = max(found.low, measure.low), min(found.high, measure.high)
    if low > high or (
        low == high
        and ((found.low_open and found.low == low) or (found.high_open and found.high == high))
    ):
        told = ", ".join(f"{key} {value:g}" for key, value in bounds.items())
        raise InputError(f"{where}: impossible range: nothing is {told}", hint="correct the bounds")
    return found


def _conditions(raw: Any, where: str) -> tuple[str, ...]:
    keys = strings(raw, where)
    for key in keys:
        if key not in known_conditions():
            raise unknown_name(f"condition in {where}", key, known_conditions())
    return keys


def _one_of(fact: str, raw: Any, known: Iterable[str], where: str) -> OneOf:
    table = frozenset(known)
    values = [word.casefold().replace("metaboliser", "metabolizer") for word in strings(raw, where)]
    for word in values:
        if word not in table:
            raise unknown_name(f"word in {where}", word, table)
    return OneOf(fact=fact, values=frozenset(values), known=table)


def _table(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict) or not raw:
        raise InputError(
            f"{where}: expected a table that is not empty, got {raw!r}",
            hint="see docs/how_to/add_a_rule.md",
        )
    return raw


def _by_gene(raw: Any, where: str) -> dict[str, Any]:
    for gene in _table(raw, where):
        if gene not in GENES:
            raise unknown_name(f"gene in {where}", gene, GENES)
    return dict(raw)


def _phenotypes(gene: str) -> tuple[str, ...]:
    kind = "function" if gene == "SLCO1B1" else "metabolizer"
    return tuple(word for word in PHENOTYPES if word.endswith(kind))


_OWN_KEYS = (
    "condition",
    "all_conditions",
    "no_condition",
    "sex",
    "phenotype",
    "activity_score",
    "medicine",
    "any",
    "all",
    "not",
)
_RANGED = tuple(name for name in MEASURES if not name.endswith(" activity score"))


def _part(key: str, value: Any, where: str, groups: Mapping[str, DrugGroup]) -> list[Criterion]:
    match key:
        case "condition":
            return [HasCondition(keys=frozenset(_conditions(value, where)))]
        case "all_conditions":
            return [HasCondition(keys=frozenset({k})) for k in _conditions(value, where)]
        case "no_condition":
            return [Not(part=HasCondition(keys=frozenset(_conditions(value, where))))]
        case "sex":
            return [_one_of("sex", value, SEXES, where)]
        case "phenotype":
            genes = _by_gene(value, where)
            return [
                _one_of(f"{g} phenotype", v, _phenotypes(g), f"{where}.{g}")
                for g, v in genes.items()
            ]
        case "activity_score":
            genes = _by_gene(value, where)
            return [
                read_range(f"{g} activity score", v, where=f"{where}.{g}") for g, v in genes.items()
            ]
        case "medicine":
            return [
                TakesMedicine(
                    inns=read_subject(_table(value, where), where=where, groups=groups).inns
                )
            ]
        case "any" | "all":
            if not isinstance(value, list) or not value:
                raise InputError(
                    f"{where}: expected a list of tables, got {value!r}",
                    hint="write [ {..}, {..} ]",
                )
            parts = tuple(
                read_criterion(v, where=f"{where}[{i}]", groups=groups) for i, v in enumerate(value)
            )
            return [AnyOf(parts=parts)] if key == "any" else list(parts)
        case "not":
            return [Not(part=read_criterion(value, where=where, groups=groups))]
        case _:
            return [read_range(key, value, where=where)]


def read_criterion(
    raw: Any, *, where: str, groups: Mapping[str, DrugGroup] | None = None
) -> Criterion:
    """A criterion from a table whose keys must all hold.

    Args:
        raw: The table; see docs/how_to/add_a_rule.md for its keys.
        where: File and rule, for messages.
        groups: Groups of medicines that may be named; the shipped ones by default.

    Raises:
        InputError: for an unknown key, condition, medicine, gene or phenotype, or an impossible
            range.
    """
    for key in _table(raw, where):
        if key not in _OWN_KEYS and key not in _RANGED:
            raise unknown_name(f"key in {where}", key, (*_OWN_KEYS, *_RANGED))
    known = drug_groups() if groups is None else groups
    parts = [
        part for key, value in raw.items() for part in _part(key, value, f"{where}: {key}", known)
    ]
    return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts))


def fact_names(names: Iterable[str]) -> tuple[str, ...]:
    """What people call these facts, in alphabetical order."""
    return tuple(sorted({fact_name(name) for name in names}, key=str.casefold))
