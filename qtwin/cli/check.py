"""Everything that can be wrong with a spec or a record, found before anything heavy is imported or computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtwin.cli.record import current_doses, read_patient
from qtwin.cli.show import note
from qtwin.errors import InputError, unknown_name
from qtwin.patient.consent import consent_warnings
from qtwin.patient.person import Patient
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.problem.allowed import Allowed, allowed
from qtwin.problem.feasible import explain_infeasible
from qtwin.problem.rules import NEEDS, Budget, Rules, constraints_for, further_constraints
from qtwin.spec import Candidate, Spec, read_spec


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A spec and a record that fit each other.

    Attributes:
        spec: The experiment.
        patient: The record.
        doses: Medicines taken now.
        candidates: Options to choose from.
        needs: What a regimen must cover.
        allowed: Every allowed choice, or a sample of them where they are too many to list.
        warnings: What had to be left out or assumed.
    """

    spec: Spec
    patient: Patient
    doses: tuple[Dose, ...]
    candidates: tuple[Dose, ...]
    needs: tuple[str, ...]
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


def needs_of(spec: Spec, patient: Patient) -> tuple[str, ...]:
    """The needs that a regimen must cover: the spec's own, or those of the patient's conditions."""
    known = sorted(
        {need for needs in NEEDS.values() for need in needs} | {i for d in formulary.formulary().values() for i in d.indications}
    )
    if spec.problem.needs != "from conditions":
        for need in spec.problem.needs:
            if need not in known:
                raise unknown_name("need", need, known)
        return tuple(spec.problem.needs)
    return tuple(need for c in patient.conditions for need in NEEDS.get(c.key, ()))


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
    doses, warnings = current_doses(patient, ignore_unknown=spec.patient.unknown_medicines == "ignore")
    needs = needs_of(spec, patient)
    rules = (
        *constraints_for(candidates, needs=needs, max_drugs=spec.problem.max_drugs),
        *further_constraints(candidates, rules_of(spec)),
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
        allowed=found,
        warnings=(*consent_warnings(patient), *warnings),
    )
