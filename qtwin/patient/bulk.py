"""A FHIR record from its file: a Bundle in JSON, or a bulk export, one resource a line (NDJSON), in a file or a folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.jsonfile import MAX_BYTES, distinct, read_json

_SUFFIXES = frozenset({".ndjson", ".jsonl"})


def _raw(path: Path) -> bytes:
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES) if path.is_dir() else [path]
    if sum(file.stat().st_size for file in files) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB", hint="export one patient")
    return b"\n".join(file.read_bytes() for file in files)


def _is_bulk(path: Path) -> bool:
    """Whether a file holds several JSON objects, one a line."""
    if path.is_dir():
        return any(p.suffix.lower() in _SUFFIXES for p in path.iterdir())
    if path.suffix.lower() in _SUFFIXES:
        return path.exists()
    try:
        with path.open("rb") as file:
            first, second = file.readline(MAX_BYTES).strip(), file.readline(MAX_BYTES).strip()
        told = json.loads(first.decode("utf-8-sig")) if second.startswith(b"{") else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("resourceType") not in (None, "Bundle")


def read_fhir(path: Path) -> tuple[dict[str, Any], str]:
    """A Bundle and the SHA-256 of what it was read from.

    Raises:
        InputError: if it cannot be read; of a bulk export with the line that is no JSON.
    """
    if not _is_bulk(path):
        return read_json(path, what="FHIR Bundle")
    try:
        raw = _raw(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check the path and its permissions") from None
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line.decode("utf-8-sig"), object_pairs_hook=distinct)
        except (ValueError, RecursionError):
            raise InputError(
                f"{path.name} line {number} cannot be read as JSON, one resource a line was wanted",
                hint="export the record again",
            ) from None
        bundled = told.get("entry") if isinstance(told, dict) and told.get("resourceType") == "Bundle" else None
        entries += bundled if isinstance(bundled, list) else [{"resource": told}]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}, hashlib.sha256(raw).hexdigest()
