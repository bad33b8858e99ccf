"""A further record into a twin, which becomes the twin that a build from both records would be."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtwin.errors import ConsentError, InputError
from qtwin.patient.consent import TO_BUILD_A_TWIN, require_consent, state_consent
from qtwin.patient.person import Patient, describe
from qtwin.patient.record import (
    patients_together,
    read_record,
    refuse_if_deceased,
    write_down,
    write_down_refusal,
)
from qtwin.pharmacology.prescription import current_doses
from qtwin.progress import SILENT, Progress
from qtwin.twin.build import build_twin
from qtwin.twin.store import check_target, load, twin_lock, write_locked
from qtwin.twin.twin import Twin


def _allowed(
    known: Patient, further: Patient, stated: Sequence[str]
) -> tuple[Patient, Patient, str]:
    """Both records with what the user states, and the scope that both allow.

    A consent that comes with the further record is the person's last word: what was stated before
    it does not stand in for it.

    Raises:
        ConsentError: if either does not allow to build a twin.
    """
    known, further = state_consent(known, stated), state_consent(further, stated)
    scope = require_consent(known, TO_BUILD_A_TWIN)
    if further.consent is not None:
        require_consent(further, TO_BUILD_A_TWIN)
    return known, further, scope


def _what_is_new(before: Patient, after: Patient) -> str:
    changed = {
        "measurements": len(after.visits) - len(before.visits),
        "medicines": len({m.inn for m in after.medications} ^ {m.inn for m in before.medications}),
        "genotypes": len(after.genotypes.keys() - before.genotypes.keys()),
        "conditions": len(after.conditions) - len(before.conditions),
        "allergies": len(after.allergies) - len(before.allergies),
    }
    return ", ".join(f"{n} new {what}" for what, n in changed.items() if n) or "nothing new"


def _further(record: str | Path | Patient, genotypes: str | Path | None) -> Patient:
    if not isinstance(record, Patient):
        return read_record(Path(record), None if genotypes is None else Path(genotypes))
    if genotypes is not None:
        raise InputError(
            "expected genotypes within the record, got a record that was read and a further report",
            hint="pass the report to read_patient, or the record as a path",
        )
    return record


def update(
    twin: Twin,
    record: str | Path | Patient,
    genotypes: str | Path | None = None,
    *,
    consent: Sequence[str] = (),
    progress: Progress = SILENT,
) -> Twin:
    """The twin of what is known already and a further record together, see `Twin.update`."""
    try:
        further = _further(record, genotypes)
        known, further, scope = _allowed(twin.patient, further, consent)
    except ConsentError:
        write_down_refusal(twin.patient, "no consent to update the twin")
        raise
    patient = patients_together(known, further)
    refuse_if_deceased(patient)
    scope = require_consent(patient, TO_BUILD_A_TWIN) or scope
    new = _what_is_new(twin.patient, patient)
    doses, left_out = current_doses(patient)
    with progress.stage("Update") as found:
        changed = build_twin(
            patient,
            doses,
            disease_model=twin.model.name,
            n_members=twin.n_members,
            seed=twin.seed,
            beta1_gain=twin.person.beta1_gain,
        )
        found.append(f"{new}, {changed.posterior.method}")
    progress.record(describe(patient), (), further.notes)
    for line in (*left_out, *changed.assumptions):
        progress.warn(line)
    write_down("update twin", patient, consent=scope, detail=new)
    return replace(changed, assumptions=(*left_out, *changed.assumptions))


def update_stored(
    path: Path,
    record: Path,
    genotypes: Path | None = None,
    output: Path | None = None,
    *,
    consent: Sequence[str] = (),
    progress: Progress = SILENT,
) -> tuple[Twin, dict[str, Any]]:
    """Update a twin on disk, in place or into `output`; the new twin, and what its JSON says.

    The twin is locked from reading it until it is written, and the audit log is written before the
    twin.

    Raises:
        InputError: for a spoilt twin or record, another person's, or one of somebody who has died.
        ConsentError: if the consent does not hold any more, or the further record's does not allow
            it.
    """
    if output is not None:
        check_target(output)
    target = output or path
    with ExitStack() as held:
        for one in sorted({path.resolve(), target.resolve()}):
            if one.parent.is_dir():
                held.enter_context(twin_lock(one))
        changed = update(load(path), record, genotypes, consent=consent, progress=progress)
        return changed, write_locked(changed, target)
