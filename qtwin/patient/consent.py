"""What the person allowed, and until when: read from FHIR Consents, stated by the user where they are silent, and required."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from qtwin.errors import ConsentError, unknown_name
from qtwin.patient.element import codes, span_of
from qtwin.patient.person import Consent, Patient

SCOPES = ("research", "simulation", "cloud-submission")
TO_BUILD_A_TWIN = ("simulation", "research")
"""Either of these allows to build a twin on this machine."""
_PURPOSES = {"HRESCH": "research", "CLINTRCH": "research", "BIORCH": "research"}
"""Codes of HL7 v3 PurposeOfUse that mean one of our scopes."""
_KNOWN_WORDS = (
    "adr research patient-privacy treatment teaching TREAT ETREAT CAREMGT CLINTRCH HRESCH BIORCH DSRCH POARCH TRANSRCH "
    "HPAYMT HOPERAT HMARKT HQUALIMP PUBHLTH PATRQT FAMRQT COVERAGE DONAT DISASTER THREAT HSYSADMIN RECORDMGT HLEGAL POPHLTH "
    "METAMGT PATADMIN"
)
_KNOWN = frozenset(_KNOWN_WORDS.split())
"""Scopes of HL7 and codes of its PurposeOfUse that are kept as they are."""
OTHER = "another purpose"
_STATUSES = frozenset({"draft", "proposed", "rejected", "inactive", "entered-in-error", "not-done", "unknown"})
_RENEW = "a twin needs an active consent; renew it first"


def _last_day(text: Any) -> dt.date:
    """The last day that a date of a consent may mean.

    Raises:
        ConsentError: if it is no date.
    """
    span = span_of(text)
    if span is None:
        raise ConsentError("the consent in the record has a period that is no date", hint=_RENEW)
    return span[1]


def _obstacle(resource: dict[str, Any], today: dt.date) -> str:
    status = resource.get("status")
    if status != "active":
        return f"is {repr(status) if status in _STATUSES else 'in a status that FHIR does not have'}, not active"
    provision = resource.get("provision") or {}
    period = provision.get("period") or {}
    if period.get("end") and _last_day(period["end"]) < today:
        return "has expired"
    if period.get("start") and _last_day(period["start"]) > today:
        return "has not begun"
    if provision.get("type") == "deny" and not provision.get("purpose"):
        return "denies the use of the record"
    return ""


def _purposes(resource: dict[str, Any]) -> list[str]:
    purposes = (resource.get("provision") or {}).get("purpose") or []
    named = [_scope(str(p["code"])) for p in purposes if p.get("code")]
    return named or [_scope(code) for _, code in codes(resource.get("scope"))]


def _scope(code: str) -> str:
    """A purpose as one of our scopes, or a known code as it is; anything else could be somebody's words."""
    return _PURPOSES.get(code, code if code in _KNOWN or code in SCOPES else OTHER)


def read_consent(resources: list[dict[str, Any]], today: dt.date) -> Consent | None:
    """What the consents of a record allow together, None if it holds none; a denied purpose wins over a permitted one.

    Raises:
        ConsentError: if there are consents and none of them allows anything today.
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
        exception = "; in FHIR R5 a purpose under decision 'permit' is an exception, and denied" if denied else ""
        raise ConsentError(f"the consent in the record {reason}", hint=_RENEW + exception)
    ends = [end for r in permits if (end := ((r.get("provision") or {}).get("period") or {}).get("end"))]
    return Consent(
        scopes=tuple(dict.fromkeys(scopes)),
        expires=min((_last_day(e) for e in ends), default=None),
        denied=tuple(sorted(denied)),
    )


def state_consent(patient: Patient, scopes: Sequence[str]) -> Patient:
    """The patient with a consent that the user states; what the record denies or has let expire stays as it is.

    Raises:
        InputError: for a scope that does not exist.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise unknown_name("scope of consent", scope, SCOPES)
    held = patient.consent or Consent(scopes=())
    stated = tuple(dict.fromkeys(s for s in scopes if s not in held.scopes))
    return dataclasses.replace(patient, consent=dataclasses.replace(held, stated=stated)) if stated else patient


def require_consent(patient: Patient, scope: str | Collection[str], *, today: dt.date | None = None) -> str:
    """Refuse unless the person allowed `scope`, or one of several that each suffice; the one that does is returned.

    Args:
        patient: The record, with what the user stated.
        scope: Of `SCOPES`; the first that is allowed is taken. The first is what is going to be done: another one may stand in
            where the record is silent about it, not where it denies it.
        today: The day on which the consent must hold; the real one by default.

    Raises:
        ConsentError: if there is no consent, it has expired, it denies the scope or does not name it.
    """
    wanted = (scope,) if isinstance(scope, str) else tuple(scope)
    named = " or ".join(wanted)
    consent = patient.consent
    state_it = f"add a Consent to the record, or state it: --consent {wanted[0]}, or patient.consent in the spec"
    if consent is None:
        raise ConsentError(f"the record holds no consent, one to {named} was wanted", hint=state_it)
    if consent.expires is not None and consent.expires < (today or dt.date.today()):
        raise ConsentError(f"the consent in the record has expired, one to {named} was wanted", hint=_RENEW)
    allowed = [s for s in wanted if s in (*consent.scopes, *consent.stated) and s not in consent.denied]
    if wanted[0] in consent.denied or (not allowed and set(wanted) & set(consent.denied)):
        raise ConsentError(
            f"the consent in the record denies {', '.join(s for s in wanted if s in consent.denied)}; one to {named} was wanted",
            hint="what the person denied cannot be stated otherwise; ask the person again",
        )
    if allowed:
        return allowed[0]
    came = ", ".join((*consent.scopes, *consent.stated)) or "nothing"
    raise ConsentError(f"the consent allows {came}; one to {named} was wanted", hint=state_it)


def consent_warnings(patient: Patient) -> list[str]:
    """One line for each scope that rests on the word of the user and not on the record."""
    stated = patient.consent.stated if patient.consent is not None else ()
    return [f"consent to {scope} is stated by the user; the record does not hold it" for scope in stated]
