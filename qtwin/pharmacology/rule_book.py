"""All rule sets together: no id twice, no rule that can never hold, no contradiction, no ceiling
that rises as kidneys fail.

Two dose rules of one drug contradict each other if they can hold at once with different doses and
ask the same facts, unless one is the stricter special case of the other (30 mg below 60 mL/min, 15
mg below 30); or if one is a special case that allows more than the general rule does. Of rules on
the same facts from sets of different precedence, the higher set's holds and the lower's is set
aside; at equal precedence it is an error. Rules on different facts (age, and a genotype) bind
together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path

from qtwin.errors import InputError
from qtwin.pharmacology.criterion import ALWAYS, AllOf, AnyOf, Between, Criterion, Not
from qtwin.pharmacology.drug_group import DATA, DrugGroup, drug_groups, groups_in
from qtwin.pharmacology.facts import MEASURES, Facts
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.rule import JURISDICTIONS, Rule, RuleSet, read_rule_set
from qtwin.pharmacology.witness import implies, witness

_CLEARANCE = "creatinine_clearance_mL_per_min"


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """Rule sets that agree with each other.

    Attributes:
        sets: In the order read.
        groups: All groups of medicines.
        set_aside: Jurisdiction to the id of each rule that a rule of higher precedence replaces,
            and that rule's id.
    """

    sets: tuple[RuleSet, ...]
    groups: Mapping[str, DrugGroup]
    set_aside: Mapping[str, Mapping[str, str]]

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """All rules."""
        return tuple(rule for one in self.sets for rule in one.rules)

    @cached_property
    def known_medicines(self) -> frozenset[str]:
        """INNs that the formulary or any group names."""
        return frozenset(formulary()).union(*(group.inns for group in self.groups.values()))

    def of(self, jurisdiction: str) -> Mapping[str, tuple[Rule, ...]]:
        """INN of each drug of the formulary to the rules about it, without those set aside."""
        return self._by_drug[jurisdiction]

    def asked(self, jurisdiction: str) -> frozenset[str]:
        """Every fact that a rule of the jurisdiction asks for, by name or key."""
        return self._asked[jurisdiction]

    @cached_property
    def _asked(self) -> Mapping[str, frozenset[str]]:
        return {
            p: frozenset[str]().union(*(r.when.asks() for r in self.rules if r.holds_in(p)))
            for p in JURISDICTIONS
        }

    @cached_property
    def _by_drug(self) -> Mapping[str, Mapping[str, tuple[Rule, ...]]]:
        return {
            place: {
                inn: tuple(_about(self.rules, inn, place, self.set_aside[place]))
                for inn in formulary()
            }
            for place in JURISDICTIONS
        }


def _about(
    rules: Iterable[Rule], inn: str, jurisdiction: str, without: Iterable[str] = ()
) -> Iterator[Rule]:
    aside = frozenset(without)
    return (
        r for r in rules if inn in r.subject.inns and r.holds_in(jurisdiction) and r.id not in aside
    )


def _asks(rule: Rule) -> frozenset[str]:
    return rule.when.asks() | (rule.partner.inns if rule.partner else frozenset())


def _contradict(one: Rule, other: Rule) -> bool:
    """Whether two dose rules of one drug cannot both be meant, as the head of this file says."""
    same_partner = (one.partner is None) == (other.partner is None)
    if one.partner and other.partner:
        same_partner = bool(one.partner.inns & other.partner.inns)
    both = [
        name
        for name in one.limits
        if name in other.limits and one.limits[name] != other.limits[name]
    ]
    if not both or not same_partner or witness(one.when, other.when) is None:
        return False
    special = [(a, b) for a, b in ((one, other), (other, one)) if implies(a.when, b.when)]
    if not special:
        return _asks(one) == _asks(other)
    return len(special) == 2 or any(
        a.limits[name] > b.limits[name] for a, b in special for name in both
    )


def _set_aside(rules: Sequence[Rule], jurisdiction: str) -> dict[str, str]:
    """Id of each dose rule that one of higher precedence replaces, to that one's id."""
    found: dict[str, str] = {}
    for inn in formulary():
        doses = [r for r in _about(rules, inn, jurisdiction) if r.strength == "dose"]
        for i, one in enumerate(doses):
            for other in doses[i + 1 :]:
                if not _contradict(one, other):
                    continue
                if one.precedence == other.precedence:
                    raise InputError(
                        f"rules {one.id} and {other.id} contradict each other: different "
                        f"doses of {inn} for the same person",
                        hint="make their `when` exclude each other, give both one dose, or set "
                        "them apart by precedence",
                    )
                low, high = sorted((one, other), key=lambda r: r.precedence)
                if _asks(one) == _asks(other):
                    found[low.id] = high.id
    return found


def _parts(criterion: Criterion) -> tuple[Criterion, ...]:
    if isinstance(criterion, AllOf | AnyOf):
        return criterion.parts
    return (criterion.part,) if isinstance(criterion, Not) else ()


def _ends(criterion: Criterion) -> set[float]:
    """Finite ends of the ranges of creatinine clearance in a criterion."""
    if isinstance(criterion, Between):
        return {
            end
            for end in (criterion.low, criterion.high)
            if criterion.fact == _CLEARANCE and math.isfinite(end)
        }
    return set().union(*(_ends(part) for part in _parts(criterion)))


def _at(criterion: Criterion, level: float) -> Criterion:
    """The criterion for people of one creatinine clearance."""
    if isinstance(criterion, Between) and criterion.fact == _CLEARANCE:
        return ALWAYS if criterion.holds(Facts(numbers={_CLEARANCE: level})) else Not(part=ALWAYS)
    if isinstance(criterion, AllOf | AnyOf):
        return replace(criterion, parts=tuple(_at(part, level) for part in criterion.parts))
    return Not(part=_at(criterion.part, level)) if isinstance(criterion, Not) else criterion


def _check_kidneys(rules: Sequence[Rule], inn: str, jurisdiction: str) -> None:
    """Refuse a ceiling that is higher at a lower creatinine clearance for anybody, all else equal
    and known; excluded is zero.

    Between two ends of ranges nothing changes, so it is enough to look at the ends and between
    them, each against the next lower: whoever a rule concerns must there meet a rule that is no
    more generous.
    """
    own = [
        r for r in rules if r.partner is None and r.more_than is None and r.strength != "caution"
    ]
    ends = sorted({0.0, MEASURES[_CLEARANCE].high}.union(*(_ends(r.when) for r in own)))
    levels = sorted({*ends, *((a + b) / 2 for a, b in pairwise(ends))})
    excluding = [r for r in own if r.excludes]
    for rule in (r for r in own if _CLEARANCE in r.when.asks()):
        capped = [(name, mg) for name, mg in rule.limits.items() if name != "start_daily_mg"]
        no_more = [
            [r for r in own if r.excludes or r.limits.get(name, math.inf) <= mg]
            for name, mg in capped
        ]
        for strict in [excluding] if rule.excludes else no_more:
            for lower, higher in pairwise(levels):
                if (
                    witness(_at(rule.when, higher), *(Not(part=_at(r.when, lower)) for r in strict))
                    is not None
                ):
                    raise InputError(
                        f"rule {rule.id}: the ceiling of {inn} in {jurisdiction} is higher "
                        "at a creatinine clearance of "
                        f"{lower:g} than at {higher:g} mL/min",
                        hint="say what holds below its range: a lower dose, avoid or "
                        "contraindicated",
                    )


def bind(sets: Sequence[RuleSet], groups: Mapping[str, DrugGroup]) -> RuleBook:
    """Rule sets as one book.

    Raises:
        InputError: for an id that is there twice, a rule that can never hold, a contradiction, or a
            dose ceiling that rises as creatinine clearance falls.
    """
    rules = [rule for one in sets for rule in one.rules]
    seen: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in seen:
            raise InputError(
                f"rule {rule.id} is there twice, in {seen[rule.id].rule_set!r} and "
                f"{rule.rule_set!r}",
                hint="rename one of them",
            )
        seen[rule.id] = rule
        if witness(rule.when) is None:
            raise InputError(
                f"rule {rule.id} can never hold: its `when` contradicts itself",
                hint="correct `when`",
            )
    set_aside = {place: _set_aside(rules, place) for place in JURISDICTIONS}
    for place in JURISDICTIONS:
        for inn in formulary():
            _check_kidneys(tuple(_about(rules, inn, place, set_aside[place])), inn, place)
    return RuleBook(sets=tuple(sets), groups=groups, set_aside=set_aside)


def read_rule_book(*folders: Path, data: Path = DATA) -> RuleBook:
    """The rule sets of a data folder and those in further folders, each ``*.toml`` a set.

    Args:
        folders: Further folders of rule sets, or single files.
        data: Folder that holds ``eligibility`` and ``drug_groups.toml``; the shipped one by
            default.

    Raises:
        InputError: as `bind` and `read_rule_set` do, or for a folder that is none or holds no rule
            set.
    """
    sets: list[RuleSet] = []
    groups = dict(drug_groups() if data == DATA else groups_in(data))
    for folder in (data / "eligibility", *folders):
        files = [folder] if folder.is_file() else sorted(folder.glob("*.toml"))
        if folder in folders and not files:
            raise InputError(
                f"{folder} holds no rule set (*.toml)",
                hint="give the folder that the rule files are in",
            )
        for path in files:
            try:
                text = path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(
                    f"{path} cannot be read: {error}", hint="a rule set is a text file in UTF-8"
                ) from error
            sets.append(read_rule_set(text, file=path.name, groups=groups))
            groups |= sets[-1].groups
    return bind(sets, groups)


@lru_cache(maxsize=1)
def shipped_rules() -> RuleBook:
    """The shipped rule sets, ``data/eligibility``."""
    return read_rule_book()
