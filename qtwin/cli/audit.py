"""`qtwin audit`: what was done with whose record; and how the commands write it down."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qtwin.cli.show import note
from qtwin.patient.audit import TORN, default_path, last_digest, log, read_entries, verify
from qtwin.patient.consent import TO_BUILD_A_TWIN, require_consent
from qtwin.patient.person import Patient


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
        note(f"warning: the audit log ended in a torn line; entry {written[0].index} says so", style="yellow")


def write_down_refusal(patient: Patient, reason: str) -> None:
    """Log that a record was read and nothing was done with it."""
    log("refused", record_sha256=patient.provenance.sha256, patient_id=patient.patient_id, detail=reason)


def verify_log(path: Path | None, *, as_json: bool) -> dict[str, Any]:
    """Say how many entries hold, and the digest of the last one."""
    count = verify(path)
    digest = last_digest(path)
    if not as_json:
        note(f"{count:,} entries hold; digest of the last one: {digest}")
    return {"entries": count, "sha256": digest}


def list_log(path: Path | None, *, as_json: bool) -> None:
    """Show the entries of a log that holds."""
    entries = read_entries(path)
    if as_json:
        sys.stdout.write(json.dumps([asdict(e) for e in entries]) + "\n")
        return
    note(f"{path or default_path()}", style="bold")
    for e in entries:
        said = [e.action, e.patient_id, *([f"consent to {', '.join(e.consent)}"] if e.consent else []), e.detail]
        note(f"{e.index:>6}  {e.time}  {e.actor}  {'; '.join(words for words in said if words)}")
