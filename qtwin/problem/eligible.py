"""From rules on a person to named constraints on the choice of doses."""

from __future__ import annotations

from collections.abc import Sequence

from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import Eligibility, Finding, over
from qtwin.pharmacology.rule import Rule
from qtwin.problem.constraint import AtMost, Constraint, NotBoth


def _reason(rule: Rule) -> str:
    return f"{rule.text} ({rule.source})"


def _out(options: Sequence[Dose], eligibility: Eligibility) -> list[Constraint]:
    """No option that a rule excludes: one constraint a rule, over all options that it excludes."""
    members: dict[str, tuple[Finding, list[int]]] = {}
    for i, option in enumerate(options):
        for finding in eligibility.excluded(option):
            kept = members.setdefault(finding.rule.id, (finding, []))[1]
            if i not in kept:
                kept.append(i)
    return [
        AtMost(name=f"eligibility: {rule_id}", reason=_reason(finding.rule), limit=0, members=tuple(indices))
        for rule_id, (finding, indices) in members.items()
    ]


def _apart(options: Sequence[Dose], eligibility: Eligibility) -> list[Constraint]:
    """Not both of two options that a rule keeps apart: whatever their doses, or above the dose that holds beside the partner."""
    open_to: dict[str, list[int]] = {}
    for i, option in enumerate(options):
        if not eligibility.excluded(option):
            open_to.setdefault(option.drug.inn, []).append(i)
    found: dict[tuple[int, int], Constraint] = {}
    for pair in eligibility.pairs:
        for i in open_to.get(pair.inn, []):
            if not (eligibility.excludes(pair.rule) or over(pair.rule, options[i])):
                continue
            for j in open_to.get(pair.partner, []):
                both = (min(i, j), max(i, j))
                if both not in found:
                    name = f"eligibility: {pair.rule.id}: {options[both[0]].label} with {options[both[1]].label}"
                    found[both] = NotBoth(name=name, reason=_reason(pair.rule), pair=both)
    return list(found.values())


def _few(options: Sequence[Dose], eligibility: Eligibility) -> list[Constraint]:
    """At most so many of a group, taken or begun."""
    found: list[Constraint] = []
    for count in eligibility.counts:
        members = tuple(i for i, option in enumerate(options) if eligibility.begins(count, option))
        if eligibility.excludes(count.rule) and len(members) > count.limit:
            name = f"eligibility: {count.rule.id}"
            found.append(AtMost(name=name, reason=_reason(count.rule), limit=count.limit, members=members))
    return found


def eligibility_constraints(options: Sequence[Dose], eligibility: Eligibility) -> tuple[Constraint, ...]:
    """Named constraints of the rules that hold: ``eligibility: <id of the rule>``, with its text and source as the reason.

    Args:
        options: Candidate doses; variable i is options[i].
        eligibility: What the rules say of their drugs.
    """
    return (*_out(options, eligibility), *_apart(options, eligibility), *_few(options, eligibility))
