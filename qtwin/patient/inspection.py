"""A record looked through before anything is worked out from it: what it lacks, what was read, what
nothing uses yet, and what was not used, each entry with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from qtwin.errors import ConsentError
from qtwin.patient.audit import log
from qtwin.patient.biomarker import BIOMARKERS
from qtwin.patient.consent import TO_BUILD_A_TWIN, require_consent, state_consent
from qtwin.patient.person import Patient, describe
from qtwin.patient.record import read_record

SCHEMA = "qtwin.record/1"
_NOT_USED = "not used: "


@dataclass(frozen=True, kw_only=True)
class RecordInspection:
    """What a record says, without dates, names, identifiers or free text.

    Attributes:
        patient: As the twin would take it.
        refusal: Why no twin may be built of it: consent or death; "" if nothing stands against it.
    """

    patient: Patient = field(repr=False)
    refusal: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What a decision lacks, and what would be assumed instead."""
        return self.patient.missing

    @property
    def read(self) -> list[tuple[str, str]]:
        """What was read and is used, as (name, values in words)."""
        idle = self._idle_words()
        return [pair for pair in describe(self.patient) if pair[0] not in idle]

    @property
    def not_yet_used(self) -> list[tuple[str, str]]:
        """What was read and no model or rule asks for, as (name, values in words)."""
        idle = self._idle_words()
        found = [pair for pair in describe(self.patient) if pair[0] in idle]
        codes = sorted({c.code for c in self.patient.conditions if not c.key and c.code})
        if codes:
            found.append(("conditions, by code", "; ".join(codes)))
        return found

    @property
    def not_used(self) -> list[str]:
        """Entries that were left out, by type, number and code, each with its reason."""
        return [n[len(_NOT_USED) :] for n in self.patient.notes if n.startswith(_NOT_USED)]

    @property
    def notes(self) -> list[str]:
        """How the rest was read."""
        return [n for n in self.patient.notes if not n.startswith(_NOT_USED)]

    def _idle_words(self) -> set[str]:
        return {marker.words for marker in BIOMARKERS.values() if not marker.used}

    def to_dict(self) -> dict[str, Any]:
        """As it is written to JSON, of schema qtwin.record/1."""
        origin = self.patient.provenance
        return {
            "schema": SCHEMA,
            "patient_id": self.patient.patient_id,
            "refusal": self.refusal,
            "missing": list(self.missing),
            "read": [list(pair) for pair in self.read],
            "not_yet_used": [list(pair) for pair in self.not_yet_used],
            "not_used": self.not_used,
            "notes": self.notes,
            "provenance": {
                "kind": origin.kind,
                "versions": list(origin.versions),
                "synthetic": origin.synthetic,
                "sha256": list(origin.sha256),
            },
        }

    def parts(self) -> list[tuple[str, list[str]]]:
        """(heading, lines) in reading order: what stands against a decision comes first."""
        told = [
            ("No twin may be built", [self.refusal] if self.refusal else []),
            ("What a decision lacks", list(self.missing)),
            ("Not used", self.not_used),
            (
                "Read, and not yet used by any model or rule",
                [": ".join(p) for p in self.not_yet_used],
            ),
            ("Read", [": ".join(p) for p in self.read]),
            ("How it was read", self.notes),
        ]
        return [(heading, lines) for heading, lines in told if lines]

    def __str__(self) -> str:
        return "\n".join(
            "\n".join((heading, *(f"  {line}" for line in lines)))
            for heading, lines in self.parts()
        )

    def _repr_html_(self) -> str:
        return "".join(
            f"<h4>{escape(heading)}</h4><ul>"
            + "".join(f"<li>{escape(line)}</li>" for line in lines)
            + "</ul>"
            for heading, lines in self.parts()
        )

    def to_json(self) -> str:
        """One JSON document."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def inspect_record(
    record: str | Path, genotypes: str | Path | None = None, *, consent: Sequence[str] = ()
) -> RecordInspection:
    """Look a record through; nothing is worked out from it, and the access goes into the audit log.

    A record without consent, or of somebody who has died, is looked through too, and says so first.

    Args:
        record: FHIR R4 or R5 Bundle (JSON), bulk export (NDJSON) or table of visits (CSV).
        genotypes: PharmCAT report (JSON).
        consent: Scopes of consent that the user states where the record holds none.

    Raises:
        InputError: for a record that cannot be read, or an audit log that cannot be written.

    Example:
        >>> import qtwin as qt
        >>> found = qt.inspect_record(qt.examples.path("quickstart_bundle.json"))
        >>> found.missing[1]
        'no CYP2D6 genotype: a common activity is assumed'
        >>> found.not_used
        []
    """
    read = read_record(Path(record), None if genotypes is None else Path(genotypes))
    patient = state_consent(read, consent)
    scope: tuple[str, ...] = ()
    refusal = "the record says that the patient has died" if patient.deceased else ""
    try:
        scope = (require_consent(patient, TO_BUILD_A_TWIN),)
    except ConsentError as error:
        refusal = refusal or f"{error.message}; {error.hint}"
    log(
        "inspected record",
        record_sha256=patient.provenance.sha256,
        patient_id=patient.patient_id,
        consent=scope,
        detail="nothing was worked out from it",
    )
    return RecordInspection(patient=patient, refusal=refusal)
