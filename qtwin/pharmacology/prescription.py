"""Doses as people write them: in a list of candidates, on the command line, and in a record."""

from __future__ import annotations

import re

from qtwin.errors import InputError, unknown_drug
from qtwin.patient.medicine import is_known
from qtwin.patient.person import Medication, Patient
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose, Drug

_DOSE = re.compile(r"^(?P<inn>[\w-]+)(:(?P<mg>[\d.]+)mg)?(/(?P<h>[\d.]+)h)?$")
_LABEL = re.compile(r"^(?P<inn>[\w-]+) (?P<mg>[\d.]+) mg /(?P<h>[\d.]+) h$")
_FORMS = "write it as donepezil, donepezil:5mg or metoprolol:50mg/12h"


def reference_dose(drug: Drug) -> Dose:
    """The dose to which a drug's effects refer."""
    return Dose(drug=drug, amount_mg=drug.reference.amount_mg, interval_h=drug.reference.interval_h)


def all_doses(drug: Drug) -> tuple[Dose, ...]:
    """Every dose option of a drug."""
    return tuple(
        Dose(drug=drug, amount_mg=o.amount_mg, interval_h=o.interval_h) for o in drug.doses
    )


def read_dose(text: str) -> Dose:
    """A dose as it is written: 'donepezil', 'donepezil:5mg', 'metoprolol:50mg/12h', or a label,
    'metoprolol 50 mg /12 h'.

    Any amount is taken; `qtwin.problem.choice.candidate` takes only the formulary's dose options.

    Raises:
        InputError: for another form or an unknown drug.
    """
    match = _DOSE.match(text.strip()) or _LABEL.match(text.strip())
    if match is None:
        raise InputError(f"expected a drug with or without its dose, got {text!r}", hint=_FORMS)
    drug = formulary.drug(match["inn"])
    amount, interval = drug.reference.amount_mg, drug.reference.interval_h
    try:
        dose = Dose(
            drug=drug,
            amount_mg=float(match["mg"] or amount),
            interval_h=float(match["h"] or interval),
        )
    except ValueError:
        raise InputError(f"expected a dose, got {text!r}", hint=_FORMS) from None
    if dose.amount_mg <= 0.0 or dose.interval_h <= 0.0:
        raise InputError(
            f"expected a dose, got {text!r}", hint="amount and interval must be positive"
        )
    return dose


def is_written_with_dose(text: str) -> bool:
    """Whether a candidate names its amount or interval, and not the drug alone."""
    return ":" in text or "/" in text or " mg" in text


def _in_formulary(medicine: Medication) -> Drug | None:
    """The drug that a medicine is, by its code where it has one, else by name: a brand or a salt
    has its ingredient's code.
    """
    by_name = formulary.formulary().get(medicine.inn)
    for drug in formulary.formulary().values() if by_name is None else ():
        if medicine.rxnorm == drug.rxnorm or medicine.atc == drug.atc:
            return drug
    return by_name


def current_doses(
    patient: Patient, *, ignore_unknown: bool = True
) -> tuple[tuple[Dose, ...], list[str]]:
    """The medicines taken now as doses of the formulary, and a warning for each that had to be left
    out.

    Raises:
        InputError: for a medicine that neither the formulary nor a table of medicines knows, unless
            `ignore_unknown`.
    """
    known, doses, warnings = formulary.formulary(), [], []
    for medicine in patient.medications:
        drug = _in_formulary(medicine)
        if drug is None:
            if not ignore_unknown and not is_known(medicine.inn):
                hint = (
                    'add a drug file, or set patient.unknown_medicines = "ignore" to go on '
                    "without it"
                )
                raise unknown_drug("drug in the record", medicine.inn, known, hint=hint)
            warnings.append(f"{medicine.inn} is not in the formulary: the twin leaves it out")
            continue
        if medicine.amount_mg is None or medicine.interval_h is None:
            doses.append(reference_dose(drug))
            warnings.append(f"no dose of {drug.inn} in the record: its reference dose is assumed")
        else:
            doses.append(
                Dose(drug=drug, amount_mg=medicine.amount_mg, interval_h=medicine.interval_h)
            )
    return tuple(doses), warnings
