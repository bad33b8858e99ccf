"""`qtwin twin update`: a further record into a stored twin, which becomes the twin that a build from both records would be."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from qtwin.cli.show import note, stage, table
from qtwin.cli.twin import save, twin_lock
from qtwin.errors import ConsentError
from qtwin.patient.access import refuse_if_deceased, write_down, write_down_refusal
from qtwin.patient.consent import TO_BUILD_A_TWIN, consent_warnings, require_consent, state_consent
from qtwin.patient.person import Patient, describe
from qtwin.patient.record import read_record
from qtwin.patient.together import patients_together
from qtwin.pharmacology.prescription import current_doses
from qtwin.twin.build import build_twin, first_visit
from qtwin.twin.store import load


def _allowed(known: Patient, came: Patient, stated: Sequence[str]) -> tuple[Patient, Patient, str]:
    """Both records with what the user states, and the scope that both allow.

    A consent that comes with the further record is the person's last word: what was stated before it does not stand in for it.

    Raises:
        ConsentError: if either does not allow to build a twin.
    """
    known, came = state_consent(known, stated), state_consent(came, stated)
    scope = require_consent(known, TO_BUILD_A_TWIN)
    if came.consent is not None:
        require_consent(came, TO_BUILD_A_TWIN)
    return known, came, scope


def _what_is_new(before: Patient, after: Patient) -> str:
    changed = {
        "measurements": len(after.visits) - len(before.visits),
        "medicines": len({m.inn for m in after.medications} ^ {m.inn for m in before.medications}),
        "genotypes": len(after.genotypes.keys() - before.genotypes.keys()),
        "conditions": len(after.conditions) - len(before.conditions),
        "allergies": len(after.allergies) - len(before.allergies),
    }
    return ", ".join(f"{n} new {what}" for what, n in changed.items() if n) or "nothing new"


def bring_up_to_date(
    path: Path, record: Path, genotypes: Path | None, output: Path | None, stated: Sequence[str]
) -> dict[str, Any]:
    """Read a further record and build the twin anew from both; what is known already changes nothing.

    The twin is locked from reading it until it is written, and the audit log is written before the twin.

    Raises:
        InputError: for a spoilt twin or record, another person's, or one of somebody who has died.
        ConsentError: if the consent does not hold any more, or the further record's does not allow it.
    """
    target = output or path
    with ExitStack() as held:
        for one in sorted({path.resolve(), target.resolve()}):
            if one.parent.is_dir():
                held.enter_context(twin_lock(one))
        stored = load(path)
        twin, scope = stored.twin, ""
        try:
            came = read_record(record, genotypes)
            known, came, scope = _allowed(twin.patient, came, stated)
        except ConsentError:
            write_down_refusal(twin.patient, "no consent to update the twin")
            raise
        patient = patients_together(known, came)
        refuse_if_deceased(patient)
        scope = require_consent(patient, TO_BUILD_A_TWIN) or scope
        new = _what_is_new(twin.patient, patient)
        doses, left_out = current_doses(patient)
        with stage("Update") as found:
            changed = build_twin(
                patient,
                doses,
                disease_model=twin.model.name,
                n_members=twin.n_members,
                seed=twin.seed,
                beta1_gain=twin.person.beta1_gain,
            )
            found.append(f"{new}, {changed.posterior.method}")
        table("What the records say together", ("", ""), describe(patient))
        for line in came.notes:
            note(f"note: {line}", style="dim")
        for line in (*left_out, *changed.assumptions):
            note(f"warning: {line}", style="yellow")
        write_down("update twin", patient, consent=scope, detail=new)
        warnings = [*consent_warnings(patient), *left_out]
        written = save(changed, target, doses=doses, first_visit=first_visit(patient), warnings=warnings)
    driven, why = changed.posterior.prior_driven(changed.model)
    note(why, style="yellow" if driven else "")
    return written
