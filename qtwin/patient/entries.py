"""The entries of a record, one by one: each is valid by itself in a release of FHIR, or said not to be."""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.jsonfile import not_finite
from qtwin.patient.release import RELEASES, release_of, release_shown

_PACKAGES = {"R4": "fhir.resources.R4B", "R5": "fhir.resources"}
"""Of the resources that are read, R4B's are those of R4."""
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,50}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a record.

    Attributes:
        number: Its place in `Bundle.entry`, the first being 0.
        kind: Type of its resource; '' if FHIR knows no such type.
        resource: As it came.
        full_url: '' without one.
        release: The release it is read in.
    """

    number: int
    kind: str
    resource: dict[str, Any]
    full_url: str
    release: str


@lru_cache(maxsize=256)
def _module(kind: str, release: str) -> str:
    """The module that models a type of resource, '' if there is none."""
    name = f"{_PACKAGES[release]}.{kind.lower()}"
    try:
        return name if _TYPE.fullmatch(kind) and importlib.util.find_spec(name) is not None else ""
    except (ImportError, ValueError):
        return ""


def _kind(resource: Any) -> str:
    kind = str(resource.get("resourceType") or "") if isinstance(resource, dict) else ""
    return kind if any(_module(kind, release) for release in RELEASES) else ""


def entries_of(bundle: dict[str, Any], path: Path) -> tuple[list[Entry], str]:
    """The entries of a Bundle and the release it is in.

    Raises:
        InputError: if it is no Bundle.
    """
    if bundle.get("resourceType") != "Bundle":
        told = _kind(bundle) or "no resource of FHIR"
        raise InputError(f"{path} holds {told}, a FHIR Bundle was wanted", hint="export the record as a Bundle")
    told_entries = bundle.get("entry") or []
    if not isinstance(told_entries, list):
        raise InputError(f"{path.name} is not a valid FHIR Bundle: entry is no list", hint="export the record again")
    outside = not_finite({key: value for key, value in bundle.items() if key != "entry"})
    if outside is not None:
        raise InputError(f"{path.name}: a number outside the entries is NaN or infinite", hint="correct it")
    listed = [e if isinstance(e, dict) else {} for e in told_entries]
    found = [(i, r, str(e.get("fullUrl") or "")) for i, e in enumerate(listed) for r in [e.get("resource")]]
    whole = [r if isinstance(r, dict) else {} for _, r, _ in found]
    release = release_of(bundle, whole)
    return [
        Entry(number=i, kind=_kind(r), resource=r, full_url=url, release=release_shown(r, release))
        for (i, _, url), r in zip(found, whole, strict=True)
    ], release


def _fault(resource: dict[str, Any], kind: str, release: str) -> str:
    """Why a resource is not valid in a release, '' if it is."""
    from pydantic import ValidationError

    module = _module(kind, release)
    if not module:
        return f"FHIR {release} has no such type"
    model = getattr(importlib.import_module(module), kind)
    try:
        model.model_validate(resource)
    except (ValidationError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        places = (
            [e["loc"] for e in error.errors(include_url=False, include_context=False)]
            if isinstance(error, ValidationError)
            else []
        )
        elements = {str(field.alias or name) for name, field in model.model_fields.items()}
        place = next((str(loc[0]) for loc in places if loc and str(loc[0]) in elements), "")
        return f"{kind}.{place} is not valid in FHIR {release}" if place else f"it is not valid in FHIR {release}"
    return ""


def fault_of(entry: Entry) -> str:
    """Why an entry's resource is valid in neither release, '' if it is in one; a Consent is held to its own."""
    if not_finite(entry.resource) is not None:
        return "a number in it is NaN or infinite"
    fault = _fault(entry.resource, entry.kind, entry.release)
    if fault and entry.kind != "Consent":
        other = next(r for r in RELEASES if r != entry.release)
        return fault if _fault(entry.resource, entry.kind, other) else ""
    return fault
