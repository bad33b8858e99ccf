"""Reading a patient's record for the commands, and saying what was understood and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtwin.cli.audit import write_down, write_down_refusal
from qtwin.cli.show import note, table
from qtwin.errors import ConsentError, InputError, unknown_name
from qtwin.patient.consent import TO_BUILD_A_TWIN, require_consent, state_consent
from qtwin.patient.medicine import is_known
from qtwin.patient.person import Medication, Patient, describe
from qtwin.patient.record import read_record
from qtwin.pharmacology.drug import Dose, Drug
from qtwin.pharmacology.formulary import formulary


def refuse_if_deceased(patient: Patient) -> None:
    """Death ends a record's questions.

    Raises:
        InputError: if the record says that the person has died.
    """
    if patient.deceased:
        raise InputError(
            "the record says that the patient has died: no forecast and no regimen is worked out",
            hint="if the entry is wrong, correct Patient.deceased in the record",
        )


def read_patient(record: Path, genotypes: Path | None, *, stated: Sequence[str] = ()) -> Patient:
    """The record, checked, allowed and written down; prints what it understood and what is missing.

    Args:
        record: FHIR Bundle or table of visits.
        genotypes: PharmCAT report.
        stated: Scopes of consent that the user states.

    Raises:
        InputError: for a record that cannot be used, or an audit log that cannot be written.
        ConsentError: if the person has not allowed to build a twin.
    """
    patient = state_consent(read_record(record, genotypes), stated)
    try:
        scope = require_consent(patient, TO_BUILD_A_TWIN)
    except ConsentError:
        write_down_refusal(patient, "no consent to build a twin")
        raise
    write_down("read record", patient, consent=scope)
    refuse_if_deceased(patient)
    table("What the record says", ("", ""), describe(patient))
    for line in patient.missing:
        note(f"missing: {line}", style="yellow")
    for line in patient.notes:
        note(f"note: {line}", style="dim")
    return patient


def _in_formulary(medicine: Medication) -> Drug | None:
    """The drug that a medicine is, by its code where it has one, else by name: a brand or a salt has its ingredient's code."""
    by_name = formulary().get(medicine.inn)
    for drug in formulary().values() if by_name is None else ():
        if medicine.rxnorm == drug.rxnorm or medicine.atc == drug.atc:
            return drug
    return by_name


def current_doses(patient: Patient, *, ignore_unknown: bool) -> tuple[tuple[Dose, ...], list[str]]:
    """The medicines taken now as doses of the formulary, and a warning for each that had to be left out.

    Raises:
        InputError: for a medicine that neither the formulary nor a table of medicines knows, unless `ignore_unknown`.
    """
    known, doses, warnings = formulary(), [], []
    for medicine in patient.medications:
        drug = _in_formulary(medicine)
        if drug is None:
            if not ignore_unknown and not is_known(medicine.inn):
                refusal = unknown_name("drug in the record", medicine.inn, known)
                raise InputError(
                    refusal.message,
                    hint=f'{refusal.hint}; add a drug file, or set patient.unknown_medicines = "ignore" to go on without it',
                )
            warnings.append(f"{medicine.inn} is not in the formulary: the twin leaves it out")
            continue
        amount, interval = medicine.amount_mg, medicine.interval_h
        if amount is None or interval is None:
            amount, interval = drug.reference.amount_mg, drug.reference.interval_h
            warnings.append(f"no dose of {drug.inn} in the record: its reference dose is assumed")
        doses.append(Dose(drug=drug, amount_mg=amount, interval_h=interval))
    return tuple(doses), warnings
