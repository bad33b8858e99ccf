"""Which drugs a person may be given, by which rule: rules against facts, and what could not be decided.

``python -m qtwin.pharmacology.eligibility [--data FOLDER] [FOLDER ...]`` reads the shipped rule sets (or those under another data
folder) with those of further folders, and says what is wrong with them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qtwin.errors import InputError, QtwinError, unknown_name
from qtwin.patient.condition import with_implied
from qtwin.patient.person import Patient
from qtwin.pharmacology.criterion import fact_names
from qtwin.pharmacology.drug import Dose, Drug
from qtwin.pharmacology.drug_group import DATA, Subject
from qtwin.pharmacology.facts import Facts, fact_name, facts_of
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.rule import JURISDICTIONS, STRENGTHS, Rule
from qtwin.pharmacology.rule_book import RuleBook, read_rule_book, shipped_rules

_YEAR_DAYS = 365.25
_SLACK = 1.0 + 1e-9
_SHORTEST_ATC_CLASS = 4  # N06D, anti-dementia drugs: a shorter code names half a pharmacy


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that holds for a drug; `partner`: the medicine beside which it does, '' where the drug alone is meant."""

    rule: Rule
    inn: str
    partner: str = ""


@dataclass(frozen=True, kw_only=True)
class Unchecked:
    """A rule that could not be decided for a drug, and what people call the facts that it lacks."""

    rule: Rule
    inn: str
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Count:
    """A rule on how many of a group may be taken at once: the candidates it counts, and the medicines that count already."""

    rule: Rule
    inns: frozenset[str]
    taken: tuple[str, ...]

    @property
    def limit(self) -> int:
        """How many of the candidates are still within the number."""
        return max(0, (self.rule.more_than or 0) - len(self.taken))


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """What rules say of a person and some drugs.

    Attributes:
        jurisdiction: Whose rules.
        drugs: The drugs asked about.
        findings: Rules that hold for a drug alone, or beside a medicine that goes on.
        pairs: Rules that hold for two of the drugs if both are taken; `partner` is the other.
        counts: Rules on the number taken at once that may still be kept or broken.
        unchecked: Rules that could not be decided.
        lifted: Ids of the rules lifted.
        set_aside: Id of a rule that one of higher precedence replaces, to that one's id.
        old_facts: What people call a fact that rules ask for, to the years from its measurement to the last visit, above one.
        unknown_medicines: Recorded medicines that neither the formulary nor any rule knows.
        unknown_allergies: Number of recorded allergies to what has no known name or code.
        unused_diagnoses: Recorded diagnoses, by our name or their code, for which no rule asks.
        diagnoses_told: Whether the record holds any diagnosis.
    """

    jurisdiction: str
    drugs: tuple[Drug, ...]
    findings: tuple[Finding, ...] = ()
    pairs: tuple[Finding, ...] = ()
    counts: tuple[Count, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    lifted: frozenset[str] = frozenset()
    set_aside: Mapping[str, str] = field(default_factory=dict)
    old_facts: Mapping[str, float] = field(default_factory=dict)
    unknown_medicines: tuple[str, ...] = ()
    unknown_allergies: int = 0
    unused_diagnoses: tuple[str, ...] = ()
    diagnoses_told: bool = True

    def excludes(self, rule: Rule) -> bool:
        """Whether a rule that holds keeps its drug out: contraindicated, or avoid that is not lifted."""
        return rule.excludes and rule.id not in self.lifted

    def of(self, inn: str) -> tuple[Finding, ...]:
        """The findings on one drug."""
        return tuple(f for f in self.findings if f.inn == inn)

    def excluded(self, option: Dose) -> tuple[Finding, ...]:
        """Why an option may not be chosen: its drug is out, or the dose is above a ceiling. Empty if it may."""
        return tuple(f for f in self.of(option.drug.inn) if self.excludes(f.rule) or over(f.rule, option))

    def ceiling_daily_mg(self, inn: str) -> float | None:
        """The lowest daily ceiling on a drug, None if there is none."""
        return min((f.rule.max_daily_mg for f in self.of(inn) if f.rule.max_daily_mg is not None), default=None)

    def starting_dose(self, inn: str) -> float | None:
        """The lowest daily dose (mg) that a rule begins with, None if no rule says one."""
        starts = [f.rule.start_daily_mg for f in self.of(inn) if f.rule.start_daily_mg is not None]
        ceiling = self.ceiling_daily_mg(inn)
        return min([*starts, *([ceiling] if ceiling is not None else [])]) if starts else None

    def status(self, drug: Drug) -> str:
        """ "excluded", also if each of its doses is above a ceiling; "dose-limited"; or "eligible"."""  # noqa: D210
        found = self.of(drug.inn)
        options = [Dose(drug=drug, amount_mg=d.amount_mg, interval_h=d.interval_h) for d in drug.doses]
        if any(self.excludes(f.rule) for f in found) or all(self.excluded(option) for option in options):
            return "excluded"
        return "dose-limited" if any(f.rule.strength == "dose" for f in found) else "eligible"

    def cautions(self, options: Sequence[Dose]) -> tuple[Finding, ...]:
        """What to mind with a chosen regimen: cautions, pairs of it, numbers of it, and whatever rule was lifted for it."""
        chosen = {option.drug.inn for option in options}
        told = [f for f in self.findings if f.inn in chosen and self._minded(f.rule)]
        met: set[tuple[str, frozenset[str]]] = set()
        for pair in self.pairs:
            both = frozenset({pair.inn, pair.partner})
            if both <= chosen and self._minded(pair.rule) and (pair.rule.id, both) not in met:
                met.add((pair.rule.id, both))
                told.append(pair)
        for count in self.counts:
            members = sorted(count.inns & chosen)
            if self._minded(count.rule) and len(members) > count.limit:
                told += [Finding(rule=count.rule, inn=inn) for inn in members]
        return tuple(told)

    def _minded(self, rule: Rule) -> bool:
        return rule.strength == "caution" or (rule.excludes and rule.id in self.lifted)

    def not_known(self) -> tuple[str, ...]:
        """What the rules needed and the record lacks, in sentences."""
        lacking: Counter[str] = Counter()
        for rule_id, missing in {(u.rule.id, u.missing) for u in self.unchecked}:
            lacking.update(missing if rule_id else ())
        said = [f"{what} unknown: {_rules(n)} not checked" for what, n in sorted(lacking.items(), key=lambda x: (-x[1], x[0]))]
        said += [f"{what} is {years:.1f} years older than the last visit" for what, years in sorted(self.old_facts.items())]
        said.append(
            "a diagnosis that the record does not hold is taken as absent"
            if self.diagnoses_told
            else "the record holds no diagnosis: every condition is taken as absent"
        )
        if self.unknown_medicines:
            said.append(f"no rule knows these recorded medicines: {', '.join(self.unknown_medicines)}")
        if self.unknown_allergies:
            said.append(f"recorded allergies to what no code or name tells: {self.unknown_allergies}, not checked")
        if self.unused_diagnoses:
            said.append(f"diagnoses that no rule asks for: {'; '.join(self.unused_diagnoses)}")
        return tuple(said)


def _rules(n: int) -> str:
    return f"{n} rule{'' if n == 1 else 's'}"


def over(rule: Rule, option: Dose) -> bool:
    """Whether an option is above a dose rule's ceiling, a day or at once."""
    daily_mg = option.amount_mg * 24.0 / option.interval_h
    return (rule.max_daily_mg is not None and daily_mg > rule.max_daily_mg * _SLACK) or (
        rule.max_single_mg is not None and option.amount_mg > rule.max_single_mg * _SLACK
    )


def _allergies(facts: Facts, drugs: Sequence[Drug], book: RuleBook) -> Iterator[Finding]:
    """Drugs that a recorded allergy keeps out: by name, code, class, group, or a group whose members cross-react."""
    for drug in drugs:
        names = {drug.inn, drug.drug_class, drug.rxnorm, *(drug.atc[:n] for n in range(_SHORTEST_ATC_CLASS, len(drug.atc) + 1))}
        for key, group in book.groups.items():
            if drug.inn in group.inns:
                names |= {key, key.replace("_", " "), group.name} | (group.inns if group.cross_reactive else set())
        kinds = {facts.allergies[name] for name in names if name in facts.allergies}
        if kinds:
            kind = "intolerance" if kinds == {"intolerance"} else "allergy"
            rule = Rule(
                id=f"{kind}-{drug.inn}",
                subject=Subject(words=drug.inn, inns=frozenset({drug.inn})),
                strength="avoid" if kind == "intolerance" else "contraindicated",
                text=f"The record holds an {kind} to it, its ingredient or its class.",
                source="the record",
            )
            yield Finding(rule=rule, inn=drug.inn)


def _lifted(lift: Collection[str], book: RuleBook) -> frozenset[str]:
    """The rules lifted.

    Raises:
        InputError: for a rule that is not there, or that is no `avoid`.
    """
    known = {rule.id: rule.strength for rule in book.rules}
    known |= {f"{kind}-{inn}": s for inn in formulary() for kind, s in (("intolerance", "avoid"), ("allergy", "contraindicated"))}
    for rule_id in lift:
        if rule_id not in known:
            raise unknown_name("rule to lift", rule_id, (r.id for r in book.rules if r.strength == "avoid"))
        if known[rule_id] != "avoid":
            raise InputError(
                f"rule {rule_id} cannot be lifted: expected strength 'avoid', got {known[rule_id]!r}",
                hint="only what should be avoided may be lifted, by its id",
            )
    return frozenset(lift)


@dataclass
class _Found:
    """What accumulates while rules are gone through."""

    findings: list[Finding]
    pairs: list[Finding]
    counts: list[Count]
    unchecked: list[Unchecked]


def _take(
    rule: Rule, inn: str, holds: bool | None, found: _Found, facts: Facts, candidates: frozenset[str], on: frozenset[str]
) -> None:
    """File one rule on one drug: it holds, it may hold for a pair, it is undecided, or nothing."""
    partners = rule.partner.inns - {inn} if rule.partner else frozenset()
    beside, among = sorted(partners & on), sorted(partners & candidates - on)
    if holds is None:
        if rule.partner is None or beside or among:
            found.unchecked.append(Unchecked(rule=rule, inn=inn, missing=fact_names(rule.when.missing(facts))))
    elif holds and rule.partner is None:
        found.findings.append(Finding(rule=rule, inn=inn))
    elif holds:
        found.findings += [Finding(rule=rule, inn=inn, partner=other) for other in beside]
        found.pairs += [Finding(rule=rule, inn=inn, partner=other) for other in among]


def _count(rule: Rule, candidates: frozenset[str], on: frozenset[str], found: _Found) -> None:
    """File a rule on a number: a limit on the candidates, or a finding on each where the medicines that go on reach it."""
    taken = sorted(rule.subject.inns & on)
    left = rule.subject.inns & candidates - on
    limit = Count(rule=rule, inns=left, taken=tuple(taken))
    if limit.limit > 0 and len(left) > limit.limit:
        found.counts.append(limit)
    for inn in sorted(rule.subject.inns & candidates):
        others = [other for other in taken if other != inn]
        if len(others) >= (rule.more_than or 0):
            found.findings.append(Finding(rule=rule, inn=inn, partner=others[0]))


def assess_facts(
    facts: Facts,
    drugs: Sequence[Drug],
    *,
    jurisdiction: str = "US",
    lift: Collection[str] = (),
    book: RuleBook | None = None,
    going_on: Collection[str] | None = None,
) -> Eligibility:
    """As `assess`, from facts.

    Raises:
        InputError: for an unknown jurisdiction, or a rule that cannot be lifted.
    """
    book = book or shipped_rules()
    if jurisdiction not in JURISDICTIONS:
        raise unknown_name("jurisdiction", jurisdiction, JURISDICTIONS)
    drugs = tuple({drug.inn: drug for drug in drugs}.values())
    candidates = frozenset(d.inn for d in drugs)
    on = facts.medicines - candidates if going_on is None else facts.medicines & frozenset(going_on)
    found = _Found(findings=list(_allergies(facts, drugs, book)), pairs=[], counts=[], unchecked=[])
    decided: dict[str, bool | None] = {}
    for drug in drugs:
        for rule in book.of(jurisdiction)[drug.inn]:
            new = rule.id not in decided
            if new:
                decided[rule.id] = rule.when.holds(facts)
            if rule.more_than is None:
                _take(rule, drug.inn, decided[rule.id], found, facts, candidates, on)
            elif new and decided[rule.id]:
                _count(rule, candidates, on, found)
            elif decided[rule.id] is None:
                found.unchecked.append(Unchecked(rule=rule, inn=drug.inn, missing=fact_names(rule.when.missing(facts))))

    def strongest(f: Finding) -> tuple[int, float, str, str]:
        return STRENGTHS.index(f.rule.strength), -f.rule.precedence, f.rule.id, f.partner

    return Eligibility(
        jurisdiction=jurisdiction,
        drugs=drugs,
        findings=tuple(sorted(found.findings, key=strongest)),
        pairs=tuple(sorted(found.pairs, key=strongest)),
        counts=tuple(found.counts),
        unchecked=tuple(found.unchecked),
        lifted=_lifted(lift, book),
        set_aside=book.set_aside[jurisdiction],
        unknown_medicines=tuple(sorted(facts.medicines - book.known_medicines)),
        diagnoses_told=facts.conditions_told,
    )


def assess(
    patient: Patient,
    drugs: Sequence[Drug],
    *,
    jurisdiction: str = "US",
    lift: Collection[str] = (),
    book: RuleBook | None = None,
    going_on: Collection[str] | None = None,
) -> Eligibility:
    """What the rules say of a person and some drugs.

    Args:
        patient: The person.
        drugs: The candidates.
        jurisdiction: "US" or "EU".
        lift: Ids of `avoid` rules that shall not exclude.
        book: The rules; the shipped ones by default.
        going_on: INNs of the recorded medicines that are taken whatever is chosen; by default those that are no candidates.

    Raises:
        InputError: for an unknown jurisdiction, or a rule that cannot be lifted.
    """
    book = book or shipped_rules()
    facts = facts_of(patient)
    found = assess_facts(facts, drugs, jurisdiction=jurisdiction, lift=lift, book=book, going_on=going_on)
    asked = book.asked(jurisdiction)
    unused = [c.display for c in patient.conditions if not (c.key and with_implied({c.key}) & asked)]
    nameless = [a for a in getattr(patient, "allergies", ()) if not (a.inn or a.atc or a.rxnorm)]
    old = {
        fact_name(name): days / _YEAR_DAYS
        for name, days in facts.measured_days_ago.items()
        if name in asked and days > _YEAR_DAYS
    }
    return replace(found, old_facts=old, unused_diagnoses=tuple(dict.fromkeys(unused)), unknown_allergies=len(nameless))


def _main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Check rule sets.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("folders", type=Path, nargs="*")
    asked = parser.parse_args(arguments)
    try:
        book = read_rule_book(*asked.folders, data=asked.data)
    except QtwinError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    for one in book.sets:
        sys.stdout.write(f"{one.name}: {_rules(len(one.rules))}, {one.jurisdiction}, precedence {one.precedence:g}\n")
    for place in JURISDICTIONS:
        silent = [inn for inn, rules in book.of(place).items() if not rules]
        sys.stdout.write(f"{place}: drugs without a rule: {', '.join(silent) or 'none'}\n")
        for low, high in book.set_aside[place].items():
            sys.stdout.write(f"{place}: {low} is set aside by {high}\n")
    sys.stdout.write(f"{_rules(len(book.rules))}, {len(book.groups)} groups: in order\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
