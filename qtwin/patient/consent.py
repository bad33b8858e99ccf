"""FHIR Consents -> what the person allowed, and until when."""

from __future__ import annotations

import datetime as dt
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.element import codes, date_of
from qtwin.patient.person import Consent


def _obstacle(resource: dict[str, Any], today: dt.date) -> str:
    if resource.get("status") != "active":
        return f"is {resource.get('status')!r}, not active"
    provision = resource.get("provision") or {}
    period = provision.get("period") or {}
    if period.get("end") and date_of(period["end"], "consent") < today:
        return f"expired on {date_of(period['end'], 'consent')}"
    if period.get("start") and date_of(period["start"], "consent") > today:
        return f"starts only on {date_of(period['start'], 'consent')}"
    if provision.get("type") == "deny" and not provision.get("purpose"):
        return "denies the use of the record"
    return ""


def _purposes(resource: dict[str, Any]) -> list[str]:
    named = [str(p["code"]) for p in (resource.get("provision") or {}).get("purpose") or [] if p.get("code")]
    return named or [code for _, code in codes(resource.get("scope"))]


def read_consent(resources: list[dict[str, Any]], today: dt.date) -> Consent | None:
    """What the consents of a record allow together, None if it holds none; a denied purpose wins over a permitted one.

    Raises:
        InputError: if there are consents and none of them allows anything today.
    """
    if not resources:
        return None
    obstacles = [_obstacle(r, today) for r in resources]
    valid = [r for r, obstacle in zip(resources, obstacles, strict=True) if not obstacle]
    denies = [r for r in valid if (r.get("provision") or {}).get("type") == "deny"]
    denied = {purpose for r in denies for purpose in _purposes(r)}
    permits = [r for r in valid if r not in denies]
    scopes = [purpose for r in permits for purpose in _purposes(r) if purpose not in denied]
    if "denies the use of the record" in obstacles or not scopes:
        reason = next((o for o in sorted(obstacles, key=lambda o: "denies" not in o) if o), "allows nothing")
        raise InputError(f"the consent in the record {reason}", hint="a twin needs an active consent; renew it first")
    ends = [end for r in permits if (end := ((r.get("provision") or {}).get("period") or {}).get("end"))]
    return Consent(scopes=tuple(dict.fromkeys(scopes)), expires=min((date_of(e, "consent") for e in ends), default=None))
