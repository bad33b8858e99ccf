"""Everything that can be wrong with a spec or a record, found before anything heavy is imported or
computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qtwin.errors import InputError
from qtwin.patient.consent import consent_warnings
from qtwin.patient.person import Patient, describe
from qtwin.patient.record import read_patient
from qtwin.problem.choice import (
    Candidate,
    Choice,
    all_doses_of,
    candidate,
    checked_candidates,
    choose_from,
)
from qtwin.problem.rules import Budget, Rules
from qtwin.progress import SILENT, Progress
from qtwin.spec import Spec, read_spec
from qtwin.twin.build import refuse_out_of_scope


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A spec and a record that fit each other.

    Attributes:
        spec: The experiment.
        patient: The record.
        choice: What may be chosen, by which rules.
        warnings: What had to be left out or assumed.
    """

    spec: Spec
    patient: Patient
    choice: Choice
    warnings: tuple[str, ...]


def asked_candidates(spec: Spec) -> tuple[Candidate, ...]:
    """The candidates of a spec.

    Raises:
        InputError: for an unknown drug or dose, or an option named twice.
    """
    found: list[Candidate] = []
    for c in spec.problem.candidates:
        if c.doses == "reference":
            found.append(candidate(c.inn, amount_mg=c.amount_mg, interval_h=c.interval_h))
            continue
        if c.amount_mg is not None or c.interval_h is not None:
            raise InputError(
                f"{c.inn} is asked for at all doses and at one",
                hint="leave amount_mg and interval_h out",
            )
        found += all_doses_of(c.inn)
    return checked_candidates(found)


def rules_of(spec: Spec) -> Rules:
    """What the spec adds to the rules that follow from the options."""
    p = spec.problem
    budget = (
        None
        if p.budget is None
        else Budget(limit=p.budget.limit, unit=p.budget.unit, cost=p.budget.cost)
    )
    return Rules(
        exactly_drugs=p.exactly_drugs,
        keep=p.keep,
        stop=p.stop,
        avoid=p.avoid,
        caps=dict(p.caps),
        budget=budget,
    )


def prepare(spec_path: str | Path, *, progress: Progress = SILENT) -> Prepared:
    """Read the spec and its record and list every feasible choice, or a sample of them.

    Raises:
        InputError: for anything unusable in either; InfeasibleError when no choice is feasible.
        ConsentError: if the person has not allowed to build a twin.
    """
    path = Path(spec_path)
    spec = read_spec(path)
    asked = asked_candidates(spec)
    progress.note(spec.title, style="bold")
    base = path.resolve().parent
    genotypes = base / spec.patient.genotypes if spec.patient.genotypes else None
    patient = read_patient(base / spec.patient.bundle, genotypes, consent=spec.patient.consent)
    progress.record(describe(patient), patient.missing, patient.notes)
    out_of = refuse_out_of_scope(patient, spec.twin.out_of_scope)
    p = spec.problem
    choice = choose_from(
        patient,
        asked,
        needs=p.needs,
        max_drugs=p.max_drugs,
        rules=rules_of(spec),
        jurisdiction=p.jurisdiction,
        lift=p.lift,
        rule_sets=None if p.rules is None else base / p.rules,
        ignore_unknown_medicines=spec.patient.unknown_medicines == "ignore",
        seed=spec.seed,
    )
    out = tuple(f"out of scope: {reason}" for reason in out_of)
    return Prepared(
        spec=spec,
        patient=patient,
        choice=choice,
        warnings=(*out, *consent_warnings(patient), *choice.warnings),
    )
