"""From rules on a person to named constraints on the choice of doses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from qtwin.errors import unknown_drug, unknown_name
from qtwin.pharmacology.benefit import accrues
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import Eligibility, Finding, over
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.response import PRESSURE_GOAL_MMHG
from qtwin.pharmacology.rule import Rule
from qtwin.problem.constraint import (
    AtLeastOne,
    AtMost,
    AtMostOne,
    Cap,
    Constraint,
    Exactly,
    NotBoth,
)


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
        AtMost(
            name=f"eligibility: {rule_id}",
            reason=_reason(finding.rule),
            limit=0,
            members=tuple(indices),
        )
        for rule_id, (finding, indices) in members.items()
    ]


def _apart(options: Sequence[Dose], eligibility: Eligibility) -> list[Constraint]:
    """Not both of two options that a rule keeps apart: whatever their doses, or above the dose that
    holds beside the partner.
    """
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
                    name = (
                        f"eligibility: {pair.rule.id}: {options[both[0]].label} with "
                        f"{options[both[1]].label}"
                    )
                    found[both] = NotBoth(name=name, reason=_reason(pair.rule), pair=both)
    return list(found.values())


def _few(options: Sequence[Dose], eligibility: Eligibility) -> list[Constraint]:
    """At most so many of a group, taken or begun."""
    found: list[Constraint] = []
    for count in eligibility.counts:
        members = tuple(i for i, option in enumerate(options) if eligibility.begins(count, option))
        if eligibility.excludes(count.rule) and len(members) > count.limit:
            name = f"eligibility: {count.rule.id}"
            found.append(
                AtMost(name=name, reason=_reason(count.rule), limit=count.limit, members=members)
            )
    return found


def eligibility_constraints(
    options: Sequence[Dose], eligibility: Eligibility
) -> tuple[Constraint, ...]:
    """Named constraints of the rules that hold: ``eligibility: <id of the rule>``, with its text
    and source as the reason.

    Args:
        options: Candidate doses; variable i is options[i].
        eligibility: What the rules say of their drugs.
    """
    return (*_out(options, eligibility), *_apart(options, eligibility), *_few(options, eligibility))


# The rules a physician would name, from the options and the patient's needs to named constraints.

NEEDS: Mapping[str, tuple[str, ...]] = {
    "mild_dementia": ("mild Alzheimer's disease",),
    "moderate_dementia": ("moderate to severe Alzheimer's disease",),
    "severe_dementia": ("moderate to severe Alzheimer's disease",),
    "hypertension": ("hypertension",),
    "atrial_fibrillation": (
        "stroke prevention in atrial fibrillation",
        "rate control in atrial fibrillation",
    ),
}
"""Condition of a patient to the needs that a regimen covers where an eligible candidate can.
Depression in dementia and psychosis are left to the utility: no drug was shown to be worth its harm
there as a rule (HTA-SADD 2011, Lancet 378:403; Beers 2023).
"""


def needs_of(facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The needs of a person, and in sentences those that their measurements say are none now."""
    needs: list[str] = []
    left: list[str] = []
    pressure = facts.numbers.get("systolic_bp")
    for key, names in NEEDS.items():
        if key not in facts.conditions or (
            "Alzheimer" in names[0] and "alzheimer_disease" not in facts.conditions
        ):
            continue
        for need in names:
            if need.startswith("rate control") and not accrues("rate control", None, facts):
                left.append(f"{need}: not asked for at the heart rate in the record")
            elif need == "hypertension" and pressure is not None and pressure < PRESSURE_GOAL_MMHG:
                left.append(f"{need}: no further drug is asked for at {pressure:.0f} mmHg")
            else:
                needs.append(need)
    return tuple(dict.fromkeys(needs)), tuple(left)


def coverable(
    needs: Sequence[str],
    options: Sequence[Dose],
    excluded: Callable[[Dose], bool],
    *,
    required: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The needs that some eligible option covers, and in sentences those that none does.

    Args:
        needs: What is to be covered.
        options: The candidates.
        excluded: Whether a rule keeps a candidate out.
        required: Whether the spec names the needs itself: one without any candidate then stays, and
            nothing is feasible.
    """
    kept, left = [], []
    for need in needs:
        covers = [o for o in options if need in o.drug.indications]
        if (not covers and required) or any(not excluded(o) for o in covers):
            kept.append(need)
        elif covers:
            names = ", ".join(sorted({o.drug.inn for o in covers}))
            left.append(f"no eligible candidate covers {need}: {names} are excluded")
        else:
            left.append(f"no candidate covers {need}")
    return tuple(kept), tuple(left)


CAPS: Mapping[str, tuple[str, Callable[[Dose], float]]] = {
    "qt_ms": ("ms", lambda d: _effect(d, "qt_prolongation") * d.relative),
    "anticholinergic_score": ("score", lambda d: d.drug.acb.value if d.drug.acb else 0.0),
    "bleeding_drugs": ("drug", lambda d: float(_ratio(d, "bleeding") > 1.0)),
}
"""What may be capped: unit, and what one dose adds. To add one: one line."""


def _ratio(dose: Dose, outcome: str) -> float:
    return dose.drug.hazard_ratio[outcome].value if outcome in dose.drug.hazard_ratio else 1.0


def _effect(dose: Dose, key: str) -> float:
    return dose.drug.effects[key].value if key in dose.drug.effects else 0.0


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A limit on the sum of costs; a drug without a cost is free.

    Attributes:
        limit: The most that the drugs may cost together, in `unit`.
        unit: Such as "EUR/month".
        cost: INN to its cost at any of its doses, or the label of an option to the cost of that
            dose.

    Example:
        >>> import qtwin as qt
        >>> cost = {'apixaban': 40.0, 'donepezil': 15.0}
        >>> budget = qt.Budget(limit=50.0, unit='EUR/month', cost=cost)
        >>> rules = qt.Rules(budget=budget)
    """

    limit: float
    unit: str
    cost: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a spec adds to the rules that follow from the options.

    Attributes:
        exactly_drugs: Number of drugs, no more and no fewer; None: only `max_drugs` holds.
        keep, stop: INNs that must, or must not, be taken.
        avoid: Pairs of INNs that must not be taken together, beyond those that the drugs themselves
            name.
        caps: Name in `CAPS` to its limit.
        budget: What the drugs may cost together, and what each costs.

    Example:
        >>> import qtwin as qt
        >>> pairs = (('donepezil', 'bisoprolol'),)
        >>> rules = qt.Rules(keep=('apixaban',), avoid=pairs, exactly_drugs=3)
        >>> rules.keep
        ('apixaban',)
    """

    exactly_drugs: int | None = None
    keep: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    avoid: tuple[tuple[str, str], ...] = ()
    caps: Mapping[str, float] = field(default_factory=dict)
    budget: Budget | None = None


def further_constraints(options: Sequence[Dose], rules: Rules) -> tuple[Constraint, ...]:
    """The constraints of `rules`.

    Raises:
        InputError: for a drug that is no candidate, or an unknown cap.
    """
    out: list[Constraint] = []
    everything = tuple(range(len(options)))
    if rules.exactly_drugs is not None:
        reason = "the spec asks for this number"
        out.append(
            Exactly(
                name=f"exactly {rules.exactly_drugs} drugs",
                reason=reason,
                count=rules.exactly_drugs,
                members=everything,
            )
        )
    named = {
        "keep or stop": (*rules.keep, *rules.stop),
        "avoid": [inn for pair in rules.avoid for inn in pair],
    }
    for what, inns in named.items():
        for inn in inns:
            if not any(o.drug.inn == inn for o in options):
                raise unknown_drug(f"candidate to {what}", inn, {o.drug.inn for o in options})
    for inn in rules.keep:
        members = tuple(i for i, o in enumerate(options) if o.drug.inn == inn)
        out.append(AtLeastOne(name=f"keep {inn}", reason="the spec keeps it", members=members))
    for inn in rules.stop:
        members = tuple(i for i, o in enumerate(options) if o.drug.inn == inn)
        out.append(AtMost(name=f"stop {inn}", reason="the spec stops it", limit=0, members=members))
    for one, other in rules.avoid:
        out += [
            NotBoth(
                name=f"not {a.label} with {b.label}",
                reason="the spec keeps them apart",
                pair=(min(i, j), max(i, j)),
            )
            for i, a in enumerate(options)
            for j, b in enumerate(options)
            if a.drug.inn == one and b.drug.inn == other
        ]
    for name, limit in rules.caps.items():
        if name not in CAPS:
            raise unknown_name("cap", name, CAPS)
        unit, adds = CAPS[name]
        out.append(_cap(name.replace("_", " "), limit, unit, [adds(o) for o in options]))
    if rules.budget is not None:
        known = {o.drug.inn for o in options} | {o.label for o in options}
        for name in rules.budget.cost:
            if name not in known:
                raise unknown_drug("candidate with a cost", name, known)
        costs = [
            rules.budget.cost.get(o.label, rules.budget.cost.get(o.drug.inn, 0.0)) for o in options
        ]
        out.append(_cap("budget", rules.budget.limit, rules.budget.unit, costs))
    return tuple(out)


def _cap(name: str, limit: float, unit: str, adds: Sequence[float]) -> Cap:
    some = [(i, round(w, 3)) for i, w in enumerate(adds) if round(w, 3) != 0.0]
    return Cap(
        name=f"{name} at most {limit:g}",
        reason=f"the sum over the drugs stays at or under {limit:g} {unit}",
        members=tuple(i for i, _ in some),
        weights=tuple(w for _, w in some),
        limit=limit,
        unit=unit,
    )


def _covers(option: Dose, need: str, needs: Sequence[str]) -> bool:
    """Whether an option covers a need: by its indication, or, for hypertension, as it lowers
    pressure while it covers another.
    """
    also = need == "hypertension" and "systolic_bp_fall" in option.drug.effects
    return need in option.drug.indications or (
        also and any(other in option.drug.indications for other in needs)
    )


def constraints_for(
    options: Sequence[Dose], *, needs: Sequence[str], max_drugs: int
) -> tuple[Constraint, ...]:
    """Named constraints: one per class, contraindicated pairs out, each need covered, at most
    `max_drugs`.

    A need that no option covers becomes a constraint over no options, which nothing satisfies; the
    error then names it.
    """
    classes: dict[str, list[int]] = {}
    for i, option in enumerate(options):
        classes.setdefault(option.drug.drug_class, []).append(i)
    out: list[Constraint] = [
        AtMostOne(name=f"one {name}", reason="at most one drug of a class", members=tuple(members))
        for name, members in classes.items()
        if len(members) > 1
    ]
    for i, option in enumerate(options):
        for rule in option.drug.avoid:
            for j, other in enumerate(options):
                if i != j and (
                    other.drug.drug_class == rule.drug_class or other.drug.inn == rule.inn
                ):
                    pair = (min(i, j), max(i, j))
                    if not any(isinstance(c, NotBoth) and c.pair == pair for c in out):
                        name = f"not {options[pair[0]].label} with {options[pair[1]].label}"
                        out.append(
                            NotBoth(name=name, reason=f"{rule.reason} ({rule.source})", pair=pair)
                        )
    for need in needs:
        members = tuple(i for i, option in enumerate(options) if _covers(option, need, needs))
        out.append(
            AtLeastOne(name=f"cover {need}", reason="each indication is treated", members=members)
        )
    out.append(
        AtMost(
            name=f"at most {max_drugs} drugs",
            reason="burden of taking them",
            limit=max_drugs,
            members=tuple(range(len(options))),
        )
    )
    return tuple(out)
