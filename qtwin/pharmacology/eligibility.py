"""Which drugs a person may be given, by which rule: rules against facts, and what could not be
decided.

``python -m qtwin.pharmacology.eligibility [--data FOLDER] [FOLDER ...]`` reads the shipped rule
sets (or those under another data folder) with those of further folders, and says what is wrong with
them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qtwin.errors import InputError, QtwinError, unknown_name
from qtwin.patient.condition import with_implied
from qtwin.patient.person import Patient
from qtwin.pharmacology.criterion import fact_names
from qtwin.pharmacology.drug import Drug
from qtwin.pharmacology.drug_group import DATA, Subject
from qtwin.pharmacology.facts import Facts, fact_name, facts_of, inn_of
from qtwin.pharmacology.finding import Count, Eligibility, Finding, Unchecked, over, rules_in_words
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.rule import JURISDICTIONS, STRENGTHS, Rule
from qtwin.pharmacology.rule_book import RuleBook, read_rule_book, shipped_rules

__all__ = ["Count", "Eligibility", "Finding", "Unchecked", "assess", "assess_facts", "over"]
_YEAR_DAYS = 365.25
_SHORTEST_ATC_CLASS = 4  # N06D, anti-dementia drugs: a shorter code names half a pharmacy


def _allergies(facts: Facts, drugs: Sequence[Drug], book: RuleBook) -> Iterator[Finding]:
    """Drugs that a recorded allergy keeps out: by name, code, class, group, or a group whose
    members cross-react.
    """
    for drug in drugs:
        names = {
            drug.inn,
            drug.drug_class,
            drug.rxnorm,
            *(drug.atc[:n] for n in range(_SHORTEST_ATC_CLASS, len(drug.atc) + 1)),
        }
        for key, group in book.groups.items():
            if drug.inn in group.inns:
                names |= {key, key.replace("_", " "), group.name} | (
                    group.inns if group.cross_reactive else set()
                )
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
    known |= {
        f"{kind}-{inn}": s
        for inn in formulary()
        for kind, s in (("intolerance", "avoid"), ("allergy", "contraindicated"))
    }
    for rule_id in lift:
        if rule_id not in known:
            raise unknown_name(
                "rule to lift", rule_id, (r.id for r in book.rules if r.strength == "avoid")
            )
        if known[rule_id] != "avoid":
            raise InputError(
                f"rule {rule_id} cannot be lifted: expected strength 'avoid', got "
                f"{known[rule_id]!r}",
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
    rule: Rule,
    inn: str,
    holds: bool | None,
    found: _Found,
    facts: Facts,
    candidates: frozenset[str],
    on: frozenset[str],
) -> None:
    """File one rule on one drug: it holds, it may hold for a pair, it is undecided, or nothing."""
    partners = rule.partner.inns - {inn} if rule.partner else frozenset()
    beside, among = sorted(partners & on), sorted(partners & candidates - on)
    if holds is None:
        if rule.partner is None or beside or among:
            found.unchecked.append(
                Unchecked(rule=rule, inn=inn, missing=fact_names(rule.when.missing(facts)))
            )
    elif holds and rule.partner is None:
        found.findings.append(Finding(rule=rule, inn=inn))
    elif holds:
        found.findings += [Finding(rule=rule, inn=inn, partner=other) for other in beside]
        found.pairs += [Finding(rule=rule, inn=inn, partner=other) for other in among]


def _count(
    rule: Rule,
    candidates: frozenset[str],
    on: frozenset[str],
    found: _Found,
    medicines: frozenset[str],
) -> None:
    """File a rule on a number: a limit on the candidates, or a finding on each where the medicines
    that go on reach it.

    A rule on what is begun counts no medicine of a class that is taken now: exchanging one for
    another of its class begins none. It is filed with none too, for doses may be raised.
    """
    if rule.begun:
        known = formulary()
        classes = {known[inn].drug_class for inn in medicines & known.keys()}
        new = frozenset(
            inn
            for inn in rule.subject.inns & candidates - medicines
            if known[inn].drug_class not in classes
        )
        found.counts.append(Count(rule=rule, inns=new, taken=()))
        return
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
                _count(rule, candidates, on, found, facts.medicines)
            elif decided[rule.id] is None:
                found.unchecked.append(
                    Unchecked(rule=rule, inn=drug.inn, missing=fact_names(rule.when.missing(facts)))
                )

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
        going_on=on,
        n_rules=sum(rule.holds_in(jurisdiction) for rule in book.rules),
    )


def assess(
    patient: Patient,
    drugs: Sequence[Drug] | None = None,
    *,
    jurisdiction: str = "US",
    lift: Collection[str] = (),
    book: RuleBook | None = None,
    going_on: Collection[str] | None = None,
) -> Eligibility:
    """What the rules say of a person and some drugs.

    Args:
        patient: The person.
        drugs: The candidates; by default the whole formulary.
        jurisdiction: "US" or "EU".
        lift: Ids of `avoid` rules that shall not exclude.
        book: The rules; the shipped ones by default.
        going_on: INNs of the recorded medicines that are taken whatever is chosen; by default those
            that are no candidates.

    Raises:
        InputError: for an unknown jurisdiction, or a rule that cannot be lifted.

    Example:
        >>> import qtwin as qt
        >>> found = qt.eligibility(qt.examples.patient())
        >>> 'galantamine' in set(found.to_pandas()['inn'])
        True
    """
    book = book or shipped_rules()
    facts = facts_of(patient)
    asked_drugs = tuple(formulary().values()) if drugs is None else tuple(drugs)
    found = assess_facts(
        facts, asked_drugs, jurisdiction=jurisdiction, lift=lift, book=book, going_on=going_on
    )
    asked = book.asked(jurisdiction)
    unused = [
        c.display for c in patient.conditions if not (c.key and with_implied({c.key}) & asked)
    ]
    nameless = [a for a in getattr(patient, "allergies", ()) if not (a.inn or a.atc or a.rxnorm)]
    old = {
        fact_name(name): days / _YEAR_DAYS
        for name, days in facts.measured_days_ago.items()
        if name in asked and days > _YEAR_DAYS
    }
    daily_mg = {
        inn_of(m): m.amount_mg * 24.0 / m.interval_h
        for m in patient.medications
        if m.amount_mg is not None and m.interval_h is not None and not m.over
    }
    return replace(
        found,
        taken_daily_mg=daily_mg,
        old_facts=old,
        unused_diagnoses=tuple(dict.fromkeys(unused)),
        unknown_allergies=len(nameless),
    )


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
        sys.stdout.write(
            f"{one.name}: {rules_in_words(len(one.rules))}, {one.jurisdiction}, precedence "
            f"{one.precedence:g}\n"
        )
    for place in JURISDICTIONS:
        silent = [inn for inn, rules in book.of(place).items() if not rules]
        sys.stdout.write(f"{place}: drugs without a rule: {', '.join(silent) or 'none'}\n")
        for low, high in book.set_aside[place].items():
            sys.stdout.write(f"{place}: {low} is set aside by {high}\n")
    sys.stdout.write(f"{rules_in_words(len(book.rules))}, {len(book.groups)} groups: in order\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
