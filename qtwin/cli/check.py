"""Everything that can be wrong with a spec or a record, found before anything heavy is imported or computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtwin.cli.record import current_doses, read_patient
from qtwin.cli.show import note
from qtwin.errors import InputError, unknown_name
from qtwin.patient.consent import consent_warnings
from qtwin.patient.person import Medication, Patient
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import Eligibility, assess
from qtwin.pharmacology.facts import facts_of, inn_of
from qtwin.pharmacology.rule_book import read_rule_book
from qtwin.problem.allowed import Allowed, allowed
from qtwin.problem.eligible import eligibility_constraints
from qtwin.problem.feasible import explain_infeasible
from qtwin.problem.rules import Budget, Rules, constraints_for, coverable, further_constraints, needs_of
from qtwin.spec import Candidate, Spec, read_spec
from qtwin.twin.build import out_of_scope


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A spec and a record that fit each other.

    Attributes:
        spec: The experiment.
        patient: The record.
        doses: Medicines taken now.
        candidates: Options to choose from.
        needs: What a regimen must cover.
        eligibility: Which drugs may be given, by which rule.
        going_on: Medicines of the record that are no candidates: they are taken whatever is chosen.
        left: Needs that no eligible candidate covers, or that the measurements say are none, in sentences.
        allowed: Every allowed choice, or a sample of them where they are too many to list.
        warnings: What had to be left out or assumed.
    """

    spec: Spec
    patient: Patient
    doses: tuple[Dose, ...]
    candidates: tuple[Dose, ...]
    needs: tuple[str, ...]
    eligibility: Eligibility
    going_on: tuple[Dose, ...]
    left: tuple[str, ...]
    allowed: Allowed
    warnings: tuple[str, ...]

    @property
    def feasible(self) -> NDArray[np.uint8]:
        """(k, n) the allowed choices that are listed: all, or the sample."""
        return self.allowed.bits


def _dose(candidate: Candidate) -> Dose:
    drug = formulary.drug(candidate.inn)
    if candidate.amount_mg is None and candidate.interval_h is None:
        return Dose(drug=drug, amount_mg=drug.reference.amount_mg, interval_h=drug.reference.interval_h)
    for option in drug.doses:
        if candidate.amount_mg in (None, option.amount_mg) and candidate.interval_h in (None, option.interval_h):
            return Dose(drug=drug, amount_mg=option.amount_mg, interval_h=option.interval_h)
    known = ", ".join(f"{d.amount_mg:g} mg every {d.interval_h:g} h" for d in drug.doses)
    raise InputError(f"{drug.inn} has no dose of {candidate.amount_mg} mg every {candidate.interval_h} h", hint=f"known: {known}")


def _doses(candidate: Candidate) -> tuple[Dose, ...]:
    if candidate.doses == "reference":
        return (_dose(candidate),)
    drug = formulary.drug(candidate.inn)
    if candidate.amount_mg is not None or candidate.interval_h is not None:
        raise InputError(f"{drug.inn} is asked for at all doses and at one", hint="leave amount_mg and interval_h out")
    return tuple(Dose(drug=drug, amount_mg=o.amount_mg, interval_h=o.interval_h) for o in drug.doses)


def candidate_doses(spec: Spec) -> tuple[Dose, ...]:
    """The candidate options of a spec.

    Raises:
        InputError: for an unknown drug or dose, or an option named twice.
    """
    doses = tuple(dose for c in spec.problem.candidates for dose in _doses(c))
    labels = [d.label for d in doses]
    doubled = sorted({label for label in labels if labels.count(label) > 1})
    if doubled:
        raise InputError(f"candidate {doubled[0]!r} is named twice", hint="name each option once")
    return doses


def rules_of(spec: Spec) -> Rules:
    """What the spec adds to the rules that follow from the options."""
    p = spec.problem
    budget = None if p.budget is None else Budget(limit=p.budget.limit, unit=p.budget.unit, cost=p.budget.cost)
    return Rules(exactly_drugs=p.exactly_drugs, keep=p.keep, stop=p.stop, avoid=p.avoid, caps=dict(p.caps), budget=budget)


def asked_needs(spec: Spec, patient: Patient) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The needs that a regimen must cover, the spec's own or those of the person; and those that are none now, in sentences.

    Raises:
        InputError: for a need that no drug of the formulary has as an indication.
    """
    if spec.problem.needs == "from conditions":
        return needs_of(facts_of(patient))
    known = sorted({i for d in formulary.formulary().values() for i in d.indications})
    for need in spec.problem.needs:
        if need not in known:
            raise unknown_name("need", need, known)
    return tuple(spec.problem.needs), ()


def _in_scope(spec: Spec, patient: Patient) -> tuple[str, ...]:
    """Why no model is about this record, if the spec accepts that.

    Raises:
        InputError: if it does not, or the person has died.
    """
    if patient.deceased:
        raise InputError("the record says that the person has died: there is nothing to choose", hint="ask about a living person")
    reasons = out_of_scope(patient)
    if reasons and spec.twin.out_of_scope == "refuse":
        raise InputError(
            f"the record is outside the scope of every model: {'; '.join(reasons)}",
            hint='no benefit could be told from this twin; set twin.out_of_scope = "accept" to go on all the same',
        )
    return reasons


def _within_ceilings(
    spec: Spec, candidates: tuple[Dose, ...], eligibility: Eligibility
) -> tuple[tuple[Dose, ...], tuple[str, ...]]:
    """Candidates that name a drug and no dose, at their largest dose that the rules allow; and what was changed, in sentences."""
    named = {c.inn for c in spec.problem.candidates if c.amount_mg is None and c.interval_h is None and c.doses == "reference"}
    labels, found, said = {o.label for o in candidates}, [], []
    for option in candidates:
        drug = option.drug
        open_to = [Dose(drug=drug, amount_mg=d.amount_mg, interval_h=d.interval_h) for d in drug.doses]
        open_to = [d for d in open_to if not eligibility.excluded(d) and d.label not in labels]
        if drug.inn in named and open_to and eligibility.excluded(option):
            lower = max(open_to, key=lambda d: d.amount_mg / d.interval_h)
            rule = eligibility.excluded(option)[0].rule
            said.append(f"{lower.label} is offered in place of {option.amount_mg:g} mg: {rule.text} ({rule.source})")
            found.append(lower)
        else:
            found.append(option)
    return tuple(found), tuple(said)


def check_experiment(spec_path: Path) -> Checked:
    """Read the spec and its record and list every allowed choice, or a sample of them.

    Raises:
        InputError: for anything unusable in either; InfeasibleError when no choice is allowed.
    """
    spec = read_spec(spec_path)
    candidates = candidate_doses(spec)
    note(spec.title, style="bold")
    base = spec_path.resolve().parent
    genotypes = base / spec.patient.genotypes if spec.patient.genotypes else None
    patient = read_patient(base / spec.patient.bundle, genotypes, stated=spec.patient.consent)
    out_of = _in_scope(spec, patient)
    doses, warnings = current_doses(patient, ignore_unknown=spec.patient.unknown_medicines == "ignore")
    rules_folder = None if spec.problem.rules is None else base / spec.problem.rules
    if rules_folder is not None and not rules_folder.is_dir():
        raise InputError(f"problem.rules: there is no folder {spec.problem.rules}", hint="name a folder of rule sets")
    drugs = {o.drug.inn: o.drug for o in candidates}
    kept = frozenset(spec.problem.keep)
    taken = {inn_of(m) for m in patient.medications}
    eligibility = assess(
        replace(patient, medications=(*patient.medications, *(Medication(inn=inn) for inn in sorted(kept - taken)))),
        tuple(drugs.values()),
        jurisdiction=spec.problem.jurisdiction,
        lift=spec.problem.lift,
        book=None if rules_folder is None else read_rule_book(rules_folder),
        going_on=(taken - set(drugs)) | kept,
    )
    candidates, lowered = _within_ceilings(spec, candidates, eligibility)
    going_on = tuple({d.drug.inn: d for d in doses if d.drug.inn not in drugs}.values())
    needs, none_now = asked_needs(spec, patient)
    needs, uncovered = coverable(
        needs, candidates, lambda o: bool(eligibility.excluded(o)), required=spec.problem.needs != "from conditions"
    )
    rules = (
        *constraints_for(candidates, needs=needs, max_drugs=spec.problem.max_drugs),
        *further_constraints(candidates, rules_of(spec)),
        *eligibility_constraints(candidates, eligibility),
    )
    found = allowed(len(candidates), rules, seed=spec.seed)
    if not len(found.bits):
        raise explain_infeasible(len(candidates), rules)
    return Checked(
        spec=spec,
        patient=patient,
        doses=doses,
        candidates=candidates,
        needs=needs,
        eligibility=eligibility,
        going_on=going_on,
        left=(*none_now, *uncovered),
        allowed=found,
        warnings=(
            *(f"out of scope: {reason}" for reason in out_of),
            *consent_warnings(patient),
            *warnings,
            *lowered,
            *(f"{d.label} is in the record and no candidate: it goes on, whatever is chosen" for d in going_on),
            *none_now,
            *uncovered,
        ),
    )
