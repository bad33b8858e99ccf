"""`qtwin audit`: what was done with whose record."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qtwin.cli.show import note
from qtwin.patient.audit import default_path, last_digest, read_entries, verify


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
