"""Two records of one person as one: the patient that a single record with all their entries would
give.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Sequence
from pathlib import Path

from qtwin.errors import ConsentError, InputError
from qtwin.patient.audit import TORN, log
from qtwin.patient.consent import TO_BUILD_A_TWIN, require_consent, state_consent
from qtwin.patient.fhir import read_bundle
from qtwin.patient.genotype import together as genotypes_together
from qtwin.patient.medication import taken_now
from qtwin.patient.observation import clearance_mL_per_min
from qtwin.patient.person import NO_AGE, P_TAU217_WITHOUT_ASSAY, Consent, Patient, what_is_missing
from qtwin.patient.table import ANY_BIRTH, read_visits

_AGES_APART_YEARS = 1.5
_DAYS_PER_YEAR = 365.25


def _born(patient: Patient) -> dt.date | None:
    """The day from which this record's ages count; None without visits."""
    if not patient.visits:
        return None
    return max(v.date for v in patient.visits) - dt.timedelta(
        days=round(patient.age_years * _DAYS_PER_YEAR)
    )


def _on_the_same_calendar(known: Patient, came: Patient) -> Patient:
    """The further visits dated as the known ones; a table of ages counts from any day, so its
    visits move to the person's.

    Raises:
        InputError: if they are of somebody of another age.
    """
    one, other = _born(known), _born(came)
    if one is None or other is None or NO_AGE in (*came.missing, *known.missing):
        return came
    apart = one - other
    if abs(other - ANY_BIRTH) <= dt.timedelta(days=366) and abs(one - ANY_BIRTH) > dt.timedelta(
        days=366
    ):
        return dataclasses.replace(
            came, visits=tuple(dataclasses.replace(v, date=v.date + apart) for v in came.visits)
        )
    if abs(apart.days) > _AGES_APART_YEARS * _DAYS_PER_YEAR:
        raise InputError(
            f"the visits are of somebody born {abs(apart.days) / _DAYS_PER_YEAR:.0f} years"
            f" {'before' if apart.days > 0 else 'after'} the twin's patient",
            hint="check which file is meant",
        )
    return came


def _consent(known: Consent | None, came: Consent | None) -> Consent | None:
    """What both allow: a denial of either stands, the earlier end counts."""
    if known is None or came is None:
        return came if known is None else known
    denied = {*known.denied, *came.denied}
    scopes = dict.fromkeys(s for s in (*known.scopes, *came.scopes) if s not in denied)
    ends = [end for end in (known.expires, came.expires) if end is not None]
    stated = dict.fromkeys(s for s in (*known.stated, *came.stated) if s not in scopes)
    return Consent(
        scopes=tuple(scopes),
        expires=min(ends, default=None),
        denied=tuple(sorted(denied)),
        stated=tuple(stated),
    )


def _one_value(known: int | None, came: int | None) -> int | None:
    if None not in (known, came) and known != came:
        raise InputError(
            "the records hold APOE genotypes that contradict each other", hint="keep the right one"
        )
    return came if known is None else known


def _sex(known: str, came: str) -> str:
    if "unknown" not in (known, came) and known != came:
        raise InputError(
            f"the record is of a {came} patient, the twin's is {known}",
            hint="check which file is meant",
        )
    return came if known == "unknown" else known


def _age_years(known: Patient, came: Patient, last: dt.date | None) -> float:
    """Age at the last visit of both."""
    told = [p for p in (known, came) if p.visits and NO_AGE not in p.missing] or [
        p for p in (known, came) if p.visits
    ]
    born = _born(told[0]) if told else None
    if born is None or last is None:
        return known.age_years if NO_AGE in came.missing else max(known.age_years, came.age_years)
    return (last - born).days / _DAYS_PER_YEAR


def patients_together(known: Patient, came: Patient) -> Patient:
    """What two records say together; in which order they came changes nothing but the pseudonym,
    which stays the first one's.

    Raises:
        InputError: if they are of two people, by sex or age, or contradict each other in a
            genotype.
    """
    sex = _sex(known.sex, came.sex)
    came = _on_the_same_calendar(known, came)
    visits = tuple(
        sorted({*known.visits, *came.visits}, key=lambda v: (v.date, v.biomarker, v.value))
    )
    last = {v.biomarker: v.value for v in visits}
    age_years = _age_years(known, came, visits[-1].date if visits else None)
    clearance, kidney_notes = clearance_mL_per_min(last, age_years=age_years, sex=sex)
    history = tuple(
        dict.fromkeys(m for p in (known, came) for m in p.medicine_history or p.medications)
    )
    medications, medicine_notes = taken_now(history)
    genotypes = genotypes_together(came.genotypes.values(), known.genotypes)
    copies = _one_value(known.apoe_e4_copies, came.apoe_e4_copies)
    consent = _consent(known.consent, came.consent)
    kidney_before = {"creatinine clearance by Cockcroft-Gault"}
    notes = [n for n in (*known.notes, *came.notes) if n not in kidney_before]
    return dataclasses.replace(
        known,
        age_years=age_years,
        sex=sex,
        weight_kg=last.get("weight"),
        height_cm=last.get("height"),
        creatinine_clearance_mL_per_min=clearance,
        apoe_e4_copies=copies,
        genotypes=genotypes,
        conditions=tuple(dict.fromkeys((*known.conditions, *came.conditions))),
        medications=medications,
        visits=visits,
        consent=consent,
        provenance=dataclasses.replace(
            known.provenance,
            sha256=tuple(dict.fromkeys((*known.provenance.sha256, *came.provenance.sha256))),
        ),
        missing=what_is_missing(
            measured=last.keys(),
            sex=sex,
            genotypes=genotypes,
            apoe_known=copies is not None,
            medications=medications,
            consent=consent,
            age_known=not (NO_AGE in known.missing and NO_AGE in came.missing),
            p_tau217_without_assay=P_TAU217_WITHOUT_ASSAY in (*known.missing, *came.missing),
        ),
        notes=tuple(dict.fromkeys((*notes, *medicine_notes, *kidney_notes))),
        allergies=tuple(dict.fromkeys((*known.allergies, *came.allergies))),
        deceased=known.deceased or came.deceased,
        medicine_history=history,
    )


# A patient's record, whatever file it is in: a FHIR Bundle or a table of visits.

_TABLES = frozenset({".csv", ".tsv"})
_LOOKED_AT = 4096


def _is_table(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in _TABLES or suffix == ".json":
        return suffix in _TABLES
    try:
        with path.open("rb") as file:
            begins = file.read(_LOOKED_AT).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return False  # the reader of bundles says what is wrong
    return (
        bool(begins)
        and not begins.startswith((b"{", b"["))
        and b"biomarker" in begins.splitlines()[0].lower()
    )


def read_record(
    path: Path, genotypes: Path | None = None, *, today: dt.date | None = None
) -> Patient:
    """A patient from a FHIR Bundle (.json) or a table of visits (.csv), and a PharmCAT report
    beside it.

    A file with another suffix is told by its content.

    Raises:
        InputError: for anything that cannot be read or cannot be true.
    """
    read = read_visits if _is_table(path) else read_bundle
    return read(path, genotypes, today=today)


# A record is read under the person's consent, and every access is written into the audit log.

_log = logging.getLogger("qtwin")


def read_patient(
    record: str | Path, genotypes: str | Path | None = None, *, consent: Sequence[str] = ()
) -> Patient:
    """The patient in a record, if the person allows to build a twin; the access goes into the audit
    log.

    Args:
        record: FHIR R4 or R5 Bundle (JSON), bulk export (NDJSON) or table of visits (CSV).
        genotypes: PharmCAT report (JSON).
        consent: Scopes of consent that the user states where the record holds none, such as
            "research".

    Raises:
        InputError: for a record that cannot be used, of somebody who has died, or an audit log that
            cannot be written.
        ConsentError: if the person has not allowed to build a twin.

    Example:
        >>> import qtwin as qt
        >>> patient = qt.read_patient(qt.examples.path("quickstart_bundle.json"))
        >>> patient.sex, int(patient.age_years)  # completed years at the last visit
        ('female', 76)
    """
    found = read_record(Path(record), None if genotypes is None else Path(genotypes))
    patient = state_consent(found, consent)
    try:
        scope = require_consent(patient, TO_BUILD_A_TWIN)
    except ConsentError:
        write_down_refusal(patient, "no consent to build a twin")
        raise
    write_down("read record", patient, consent=scope)
    refuse_if_deceased(patient)
    return patient


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


def write_down(action: str, patient: Patient, *, consent: str = "", detail: str = "") -> None:
    """Log that something was done with this patient's record; without a scope, the one that allows
    a twin is looked up.

    Raises:
        InputError: if the log cannot be written.
        AuditError: if its end does not hold.
    """
    stated = patient.consent.stated if patient.consent is not None else ()
    scope = consent or require_consent(patient, TO_BUILD_A_TWIN)
    written = log(
        action,
        record_sha256=patient.provenance.sha256,
        patient_id=patient.patient_id,
        consent=(scope,),
        detail="; ".join(
            ([f"consent to {scope} stated by the user"] if scope in stated else [])
            + ([detail] if detail else [])
        ),
    )
    if written[0].action == TORN:
        _log.warning("the audit log ended in a torn line; entry %s says so", written[0].index)


def write_down_refusal(patient: Patient, reason: str) -> None:
    """Log that a record was read and nothing was done with it."""
    log(
        "refused",
        record_sha256=patient.provenance.sha256,
        patient_id=patient.patient_id,
        detail=reason,
    )
