"""A patient's record, whatever file it is in: a FHIR Bundle or a table of visits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import Patient
from qtwin.patient.table import read_visits

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
    return bool(begins) and not begins.startswith((b"{", b"[")) and b"biomarker" in begins.splitlines()[0].lower()


def read_record(path: Path, genotypes: Path | None = None, *, today: dt.date | None = None) -> Patient:
    """A patient from a FHIR Bundle (.json) or a table of visits (.csv), and a PharmCAT report beside it.

    A file with another suffix is told by its content.

    Raises:
        InputError: for anything that cannot be read or cannot be true.
    """
    read = read_visits if _is_table(path) else read_bundle
    return read(path, genotypes, today=today)
