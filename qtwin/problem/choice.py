"""What a person may choose from: candidate doses, those the rules allow, what goes on, and what a
regimen has to cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, final

from qtwin.errors import InputError, unknown_name
from qtwin.patient.person import Medication, Patient
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose, Drug
from qtwin.pharmacology.eligibility import Eligibility, assess
from qtwin.pharmacology.facts import facts_of, inn_of
from qtwin.pharmacology.prescription import (
    all_doses,
    current_doses,
    is_written_with_dose,
    read_dose,
    reference_dose,
)
from qtwin.pharmacology.rule_book import read_rule_book
from qtwin.problem.constraint import Constraint
from qtwin.problem.feasible import FeasibleSet, allowed, explain_infeasible
from qtwin.problem.rules import (
    Rules,
    constraints_for,
    coverable,
    eligibility_constraints,
    further_constraints,
    needs_of,
)

Needs = Literal["from conditions"] | Sequence[str]
ALL_DOSES = ":all"


@final
@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A dose to choose from.

    Attributes:
        dose: The drug at one of the formulary's dose options.
        dose_given: Whether the dose was asked for. Where the drug alone was, a rule that limits its
            dose lowers it.
    """

    dose: Dose
    dose_given: bool = True


def candidate(
    inn: str, *, amount_mg: float | None = None, interval_h: float | None = None
) -> Candidate:
    """A drug of the formulary at the dose option asked for, or at its reference dose.

    Raises:
        InputError: for an unknown drug, or a dose that the formulary does not have.
    """
    drug = formulary.drug(inn)
    if amount_mg is None and interval_h is None:
        return Candidate(dose=reference_dose(drug), dose_given=False)
    for option in all_doses(drug):
        if amount_mg in (None, option.amount_mg) and interval_h in (None, option.interval_h):
            return Candidate(dose=option)
    known = ", ".join(f"{d.amount_mg:g} mg every {d.interval_h:g} h" for d in drug.doses)
    asked = " ".join(
        [f"{amount_mg:g} mg"] * (amount_mg is not None)
        + [f"every {interval_h or 0:g} h"] * (interval_h is not None)
    )
    raise InputError(f"{drug.inn} has no dose of {asked}", hint=f"known: {known}")


def all_doses_of(inn: str) -> tuple[Candidate, ...]:
    """A drug at each of its dose options (InputError for an unknown one)."""
    return tuple(Candidate(dose=d) for d in all_doses(formulary.drug(inn)))


def candidates(asked: Sequence[str | Dose]) -> tuple[Candidate, ...]:
    """Candidates from how people write them.

    Args:
        asked: Drugs by INN ("donepezil"), at one dose ("donepezil:5mg", "metoprolol 50 mg /12 h"),
            at all the formulary's doses ("donepezil:all"), or as `Dose`.

    Raises:
        InputError: for an unknown drug or dose, none at all, or an option named twice.
    """
    found: list[Candidate] = []
    for item in asked:
        if isinstance(item, Dose):
            found.append(Candidate(dose=item))
        elif item.endswith(ALL_DOSES):
            found += all_doses_of(item.removesuffix(ALL_DOSES))
        elif is_written_with_dose(item):
            dose = read_dose(item)
            interval = dose.interval_h if "/" in item else None
            found.append(candidate(dose.drug.inn, amount_mg=dose.amount_mg, interval_h=interval))
        else:
            found.append(candidate(item))
    return checked_candidates(found)


def checked_candidates(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates, if there are some and none twice (InputError)."""
    if not found:
        raise InputError(
            "expected at least one candidate, got none", hint="name drugs of `qtwin drugs list`"
        )
    labels = [c.dose.label for c in found]
    doubled = sorted({label for label in labels if labels.count(label) > 1})
    if doubled:
        raise InputError(f"candidate {doubled[0]!r} is named twice", hint="name each option once")
    return tuple(found)


@final
@dataclass(frozen=True, kw_only=True)
class Choice:
    """What may be chosen for one person, before any twin is asked what it would do.

    Attributes:
        options: Doses to choose from; variable i of every model is options[i].
        constraints: Named conditions on the choice.
        feasible: Every feasible choice, or a uniform sample of them where they are too many to
            list.
        eligibility: Which drugs may be given to this person, by which rule.
        current: Medicines taken now.
        going_on: Those of them that are no candidates: they are taken whatever is chosen.
        uncovered: Needs that no eligible candidate covers, or that the measurements say are none,
            in sentences.
        warnings: What had to be left out, lowered or assumed.
    """

    options: tuple[Dose, ...]
    constraints: tuple[Constraint, ...]
    feasible: FeasibleSet
    eligibility: Eligibility
    current: tuple[Dose, ...]
    going_on: tuple[Dose, ...]
    uncovered: tuple[str, ...]
    warnings: tuple[str, ...]


def _within_ceilings(
    asked: Sequence[Candidate], eligibility: Eligibility
) -> tuple[tuple[Dose, ...], tuple[str, ...]]:
    """Candidates that name a drug and no dose, at their largest dose that the rules allow; and what
    was changed, in sentences.
    """
    labels, found, said = {c.dose.label for c in asked}, [], []
    for c in asked:
        option = c.dose
        open_to = [
            d
            for d in all_doses(option.drug)
            if not eligibility.excluded(d) and d.label not in labels
        ]
        if not c.dose_given and open_to and eligibility.excluded(option):
            lower = max(open_to, key=lambda d: d.amount_mg / d.interval_h)
            rule = eligibility.excluded(option)[0].rule
            said.append(
                f"{lower.label} is offered in place of {option.amount_mg:g} mg: {rule.text} "
                f"({rule.source})"
            )
            found.append(lower)
        else:
            found.append(option)
    return tuple(found), tuple(said)


def _asked_needs(needs: Needs, patient: Patient) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The needs that a regimen must cover, those asked for or those of the person; and those that
    are none now, in sentences.

    Raises:
        InputError: for a need that no drug of the formulary has as an indication.
    """
    if isinstance(needs, str):
        if needs != "from conditions":
            raise InputError(
                f'expected "from conditions" or a list of needs, got {needs!r}',
                hint="put it into a list",
            )
        return needs_of(facts_of(patient))
    known = sorted({i for d in formulary.formulary().values() for i in d.indications})
    for need in needs:
        if need not in known:
            raise unknown_name("need", need, known)
    return tuple(needs), ()


def _eligible(
    patient: Patient,
    drugs: dict[str, Drug],
    rules: Rules,
    jurisdiction: str,
    lift: Sequence[str],
    rule_sets: Path | None,
) -> Eligibility:
    kept = frozenset(rules.keep)
    taken = {inn_of(m) for m in patient.medications}
    return assess(
        replace(
            patient,
            medications=(
                *patient.medications,
                *(Medication(inn=inn) for inn in sorted(kept - taken)),
            ),
        ),
        tuple(drugs.values()),
        jurisdiction=jurisdiction,
        lift=tuple(lift),
        book=None if rule_sets is None else read_rule_book(rule_sets),
        going_on=(taken - set(drugs)) | kept,
    )


def choose_from(
    patient: Patient,
    asked: Sequence[Candidate],
    *,
    needs: Needs = "from conditions",
    max_drugs: int = 7,
    rules: Rules | None = None,
    jurisdiction: str = "US",
    lift: Sequence[str] = (),
    rule_sets: Path | None = None,
    ignore_unknown_medicines: bool = True,
    seed: int = 0,
) -> Choice:
    """The choice of a person among candidates.

    Args:
        patient: The record.
        asked: Candidate doses.
        needs: What a regimen has to cover: the indications of the conditions in the record, or
            those named.
        max_drugs: Most drugs at once, those that go on left out.
        rules: Further rules.
        jurisdiction: Whose labels hold, "US" or "EU".
        lift: Rules of strength "avoid" that shall not exclude, by name.
        rule_sets: Folder with further rule sets.
        ignore_unknown_medicines: Leave medicines that nobody knows out of the twin, with a warning,
            instead of refusing them.
        seed: Of the sample, where there are too many feasible choices to list.

    Raises:
        InputError: for anything unusable; InfeasibleError when no choice is feasible.
    """
    rules = rules or Rules()
    current, warnings = current_doses(patient, ignore_unknown=ignore_unknown_medicines)
    if rule_sets is not None and not rule_sets.is_dir():
        raise InputError(
            f"there is no folder {rule_sets.name} of rule sets", hint="name a folder of rule sets"
        )
    drugs = {c.dose.drug.inn: c.dose.drug for c in asked}
    eligibility = _eligible(patient, drugs, rules, jurisdiction, lift, rule_sets)
    options, lowered = _within_ceilings(asked, eligibility)
    going_on = tuple({d.drug.inn: d for d in current if d.drug.inn not in drugs}.values())
    wanted, none_now = _asked_needs(needs, patient)
    wanted, uncovered = coverable(
        wanted,
        options,
        lambda o: bool(eligibility.excluded(o)),
        required=not isinstance(needs, str),
    )
    held = eligibility_constraints(options, eligibility)

    def constraints_of(covered: Sequence[str], by_rules: bool = True) -> tuple[Constraint, ...]:
        return (
            *constraints_for(options, needs=covered, max_drugs=max_drugs),
            *further_constraints(options, rules),
            *(held if by_rules else ()),
        )

    def posed(covered: Sequence[str], by_rules: bool = True) -> FeasibleSet:
        return allowed(len(options), constraints_of(covered, by_rules), seed=seed)

    feasible = posed(wanted)
    # the rules keep apart what would cover the needs of the record: none of these is forced
    if not len(feasible.bits) and isinstance(needs, str) and len(posed(wanted, False).bits):
        opposed = [n for n in wanted if len(posed([m for m in wanted if m != n]).bits)] or wanted
        wanted = tuple(n for n in wanted if n not in opposed)
        feasible = posed(wanted)
        uncovered = (
            *uncovered,
            f"no eligible candidates cover {' and '.join(opposed)} together: the one that is worth "
            "more on the twin is covered",
        )
    constraints = constraints_of(wanted)
    if not len(feasible.bits):
        raise explain_infeasible(len(options), constraints)
    return Choice(
        options=options,
        constraints=constraints,
        feasible=feasible,
        eligibility=eligibility,
        current=current,
        going_on=going_on,
        uncovered=(*none_now, *uncovered),
        warnings=(
            *warnings,
            *lowered,
            *(
                f"{d.label} is in the record and no candidate: it goes on, whatever is chosen"
                for d in going_on
            ),
            *none_now,
            *uncovered,
        ),
    )
