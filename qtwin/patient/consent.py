"""What the person allowed, and until when: read from FHIR Consents, stated by the user where they
are silent, and required.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    "adr research patient-privacy treatment teaching TREAT ETREAT CAREMGT CLINTRCH HRESCH "
    "BIORCH DSRCH POARCH TRANSRCH "
    "HPAYMT HOPERAT HMARKT HQUALIMP PUBHLTH PATRQT FAMRQT COVERAGE DONAT DISASTER THREAT "
    "HSYSADMIN RECORDMGT HLEGAL POPHLTH "
    "METAMGT PATADMIN"
)
_KNOWN = frozenset(_KNOWN_WORDS.split())
"""Scopes of HL7 and codes of its PurposeOfUse that are kept as they are."""
OTHER = "another purpose"
_STATUSES = frozenset(
    {"draft", "proposed", "rejected", "inactive", "entered-in-error", "not-done", "unknown"}
)
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
        return (
            "is "
            f"{repr(status) if status in _STATUSES else 'in a status that FHIR does not have'}, "
            "not active"
        )
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
    """A purpose as one of our scopes, or a known code as it is; anything else could be somebody's
    words.
    """
    return _PURPOSES.get(code, code if code in _KNOWN or code in SCOPES else OTHER)


def read_consent(resources: list[dict[str, Any]], today: dt.date) -> Consent | None:
    """What the consents of a record allow together, None if it holds none; a denied purpose wins
    over a permitted one.

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
        reason = next(
            (o for o in sorted(obstacles, key=lambda o: "denies" not in o) if o), "allows nothing"
        )
        exception = (
            "; in FHIR R5 a purpose under decision 'permit' is an exception, and denied"
            if denied
            else ""
        )
        raise ConsentError(f"the consent in the record {reason}", hint=_RENEW + exception)
    ends = [
        end for r in permits if (end := ((r.get("provision") or {}).get("period") or {}).get("end"))
    ]
    return Consent(
        scopes=tuple(dict.fromkeys(scopes)),
        expires=min((_last_day(e) for e in ends), default=None),
        denied=tuple(sorted(denied)),
    )


def state_consent(patient: Patient, scopes: Sequence[str]) -> Patient:
    """The patient with a consent that the user states; what the record denies or has let expire
    stays as it is.

    Raises:
        InputError: for a scope that does not exist.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise unknown_name("scope of consent", scope, SCOPES)
    held = patient.consent or Consent(scopes=())
    stated = tuple(dict.fromkeys(s for s in scopes if s not in held.scopes))
    return (
        dataclasses.replace(patient, consent=dataclasses.replace(held, stated=stated))
        if stated
        else patient
    )


def require_consent(
    patient: Patient, scope: str | Collection[str], *, today: dt.date | None = None
) -> str:
    """Refuse unless the person allowed `scope`, or one of several that each suffice; the one that
    does is returned.

    Args:
        patient: The record, with what the user stated.
        scope: Of `SCOPES`; the first that is allowed is taken. The first is what is going to be
            done: another one may stand in where the record is silent about it, not where it denies
            it.
        today: The day on which the consent must hold; the real one by default.

    Raises:
        ConsentError: if there is no consent, it has expired, it denies the scope or does not name
            it.
    """
    wanted = (scope,) if isinstance(scope, str) else tuple(scope)
    named = " or ".join(wanted)
    consent = patient.consent
    state_it = (
        f"add a Consent to the record, or state it: --consent {wanted[0]}, or patient.consent "
        "in the spec"
    )
    if consent is None:
        raise ConsentError(
            f"expected a consent to {named}, got a record without one", hint=state_it
        )
    if consent.expires is not None and consent.expires < (today or dt.date.today()):
        raise ConsentError(f"expected a consent to {named}, got one that has expired", hint=_RENEW)
    allowed = [
        s for s in wanted if s in (*consent.scopes, *consent.stated) and s not in consent.denied
    ]
    if wanted[0] in consent.denied or (not allowed and set(wanted) & set(consent.denied)):
        raise ConsentError(
            "the consent in the record denies "
            f"{', '.join(s for s in wanted if s in consent.denied)}; one to {named} was "
            "wanted",
            hint="what the person denied cannot be stated otherwise; ask the person again",
        )
    if allowed:
        return allowed[0]
    came = ", ".join((*consent.scopes, *consent.stated)) or "nothing"
    raise ConsentError(f"expected a consent to {named}, got one to {came}", hint=state_it)


def consent_warnings(patient: Patient) -> list[str]:
    """One line for each scope that rests on the word of the user and not on the record."""
    stated = patient.consent.stated if patient.consent is not None else ()
    return [
        f"consent to {scope} is stated by the user; the record does not hold it" for scope in stated
    ]


# Which release of FHIR a Bundle is in, and what R5 says in other words than R4, said in those of
# R4.
#
# MedicationStatement and Consent differ in what is read of them. In R5 a consent has a base
# decision, and each provision is an exception to it: decision "deny" with a provision that names
# research permits research and nothing else, decision "permit" with the same provision permits
# everything but research. What is permitted at all, R4's `scope`, is in R5 one of the categories.

RELEASES = ("R4", "R5")
_NAMES = {"R5": r"R5|5\.0(?:\.\d+)?", "R4": r"R4B?|4\.[03](?:\.\d+)?"}
_PROFILE = re.compile(r"https?://hl7\.org/fhir/(?:([^/|]+)/)?StructureDefinition/\w+(?:\|(.+))?")
"""Profiles of FHIR itself, with its release; the version of anybody else's profile says nothing of
FHIR's.
"""
# What one release has and the other has not: R4's, R5's
_MEDICINE = (
    frozenset({"medicationCodeableConcept", "medicationReference"}),
    frozenset({"medication"}),
)
_TELLING: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(
        ("MedicationRequest", "MedicationDispense", "MedicationAdministration"), _MEDICINE
    ),
    "MedicationStatement": (
        frozenset(
            {"medicationCodeableConcept", "medicationReference", "reasonCode", "statusReason"}
        ),
        frozenset({"medication", "adherence", "relatedClinicalInformation"}),
    ),
    "Consent": (
        frozenset({"scope", "patient", "policyRule", "performer", "organization", "dateTime"}),
        frozenset(
            {
                "decision",
                "subject",
                "period",
                "grantor",
                "grantee",
                "policyBasis",
                "regulatoryBasis",
                "date",
            }
        ),
    ),
    "Condition": (frozenset({"recorder", "asserter"}), frozenset({"participant"})),
    "Observation": (
        frozenset(),
        frozenset({"triggeredBy", "bodyStructure", "instantiatesCanonical", "valueReference"}),
    ),
}
_SCOPE_SYSTEMS = frozenset(
    {"http://terminology.hl7.org/CodeSystem/consentscope", "urn:qtwin:consent"}
)
_NOT_TAKEN = ("not-taking", "on-hold", "stopped")
"""Starts of the codes of MedicationStatement.adherence that mean that the medicine is not taken;
others mean that it is.
"""
_OPPOSITE = {"permit": "deny", "deny": "permit"}


def _named(text: Any) -> set[str]:
    return {release for release, pattern in _NAMES.items() if re.fullmatch(pattern, str(text))}


def _stated(bundle: dict[str, Any]) -> str | None:
    meta = bundle.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    profiles, tags = (meta[k] if isinstance(meta.get(k), list) else [] for k in ("profile", "tag"))
    found = {name for tag in tags if isinstance(tag, dict) for name in _named(tag.get("code"))}
    for profile in profiles:
        of_fhir = _PROFILE.fullmatch(str(profile))
        found |= {name for part in (of_fhir.groups() if of_fhir else ()) for name in _named(part)}
    return next(iter(found)) if len(found) == 1 else None


def release_of(bundle: dict[str, Any], resources: Iterable[dict[str, Any]]) -> str:
    """The release of a Bundle: as its meta says, else as most of its resources show, else R4."""
    stated = _stated(bundle)
    if stated is not None:
        return stated
    shown = [release_shown(resource, "") for resource in resources]
    return "R5" if shown.count("R5") > shown.count("R4") else "R4"


def release_shown(resource: dict[str, Any], otherwise: str) -> str:
    """The release whose elements a resource has; `otherwise` if it has those of none or of both."""
    telling = _TELLING.get(str(resource.get("resourceType")), (frozenset(), frozenset()))
    shown = [
        release for release, names in zip(RELEASES, telling, strict=True) if names & resource.keys()
    ]
    return shown[0] if len(shown) == 1 else otherwise


def in_r4_words(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """An R5 resource in the words of R4; one Consent becomes as many as it has provisions, and one
    for its decision.
    """
    if resource.get("resourceType") == "MedicationStatement":
        return [_medication_statement(resource)]
    if resource.get("resourceType") == "Consent":
        return list(_consents(resource))
    return [resource]


def _medication_statement(resource: dict[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in resource.items() if key not in ("adherence", "status")}
    adherence = [code for _, code in codes((resource.get("adherence") or {}).get("code"))]
    status = str(resource.get("status"))
    if status == "recorded":
        status = next((c for c in adherence if c.startswith(_NOT_TAKEN)), "active")
    return {**said, "status": status}


def _consents(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    whole: dict[str, Any] = {
        key: resource[key] for key in ("resourceType", "id", "status", "subject") if key in resource
    }
    decision, period = resource.get("decision"), resource.get("period")
    exceptions = resource.get("provision") or []
    if decision not in _OPPOSITE:
        # without a decision nothing is known to be allowed
        yield {**whole, "provision": {"period": period}}
        return
    scopes = [c for concept in resource.get("category") or [] for c in concept.get("coding") or []]
    scopes = [c for c in scopes if c.get("system") in _SCOPE_SYSTEMS]
    if decision == "permit":
        yield {
            **whole,
            "scope": {"coding": scopes},
            "provision": {"type": "permit", "period": period},
        }
    elif not exceptions:
        yield {**whole, "provision": {"type": "deny", "period": period}}
    yield from _exceptions(whole, exceptions, _OPPOSITE[decision], period)


def _exceptions(
    whole: dict[str, Any], provisions: Iterable[dict[str, Any]], kind: str, period: Any
) -> Iterator[dict[str, Any]]:
    for provision in provisions:
        lasting = provision.get("period") or period
        yield {
            **whole,
            "provision": {
                "type": kind,
                "purpose": provision.get("purpose") or [],
                "period": lasting,
            },
        }
        yield from _exceptions(whole, provision.get("provision") or [], _OPPOSITE[kind], lasting)
