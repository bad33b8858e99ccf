"""A record is read under the person's consent, and every access is written into the audit log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from qtwin.errors import ConsentError, InputError
from qtwin.patient.audit import TORN, log
from qtwin.patient.consent import TO_BUILD_A_TWIN, require_consent, state_consent
from qtwin.patient.person import Patient
from qtwin.patient.record import read_record

_log = logging.getLogger("qtwin")


def read_patient(record: str | Path, genotypes: str | Path | None = None, *, consent: Sequence[str] = ()) -> Patient:
    """The patient in a record, if the person allows to build a twin; the access goes into the audit log.

    Args:
        record: FHIR R4 or R5 Bundle (JSON), bulk export (NDJSON) or table of visits (CSV).
        genotypes: PharmCAT report (JSON).
        consent: Scopes of consent that the user states where the record holds none, such as "research".

    Raises:
        InputError: for a record that cannot be used, of somebody who has died, or an audit log that cannot be written.
        ConsentError: if the person has not allowed to build a twin.

    Example:
        >>> import qtwin as qt
        >>> patient = qt.read_patient(qt.examples.path("quickstart_bundle.json"))
        >>> patient.sex, round(patient.age_years)
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
    """Log that something was done with this patient's record; without a scope, the one that allows a twin is looked up.

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
        detail="; ".join(([f"consent to {scope} stated by the user"] if scope in stated else []) + ([detail] if detail else [])),
    )
    if written[0].action == TORN:
        _log.warning("the audit log ended in a torn line; entry %s says so", written[0].index)


def write_down_refusal(patient: Patient, reason: str) -> None:
    """Log that a record was read and nothing was done with it."""
    log("refused", record_sha256=patient.provenance.sha256, patient_id=patient.patient_id, detail=reason)
