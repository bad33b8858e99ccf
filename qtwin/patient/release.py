"""Which release of FHIR a Bundle is in, and what R5 says in other words than R4, said in those of R4.

MedicationStatement and Consent differ in what is read of them. In R5 a consent has a base decision, and each provision is an
exception to it: decision "deny" with a provision that names research permits research and nothing else, decision "permit" with
the same provision permits everything but research. What is permitted at all, R4's `scope`, is in R5 one of the categories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qtwin.patient.element import codes

RELEASES = ("R4", "R5")
_NAMES = {"R5": r"R5|5\.0(?:\.\d+)?", "R4": r"R4B?|4\.[03](?:\.\d+)?"}
_PROFILE = re.compile(r"https?://hl7\.org/fhir/(?:([^/|]+)/)?StructureDefinition/\w+(?:\|(.+))?")
"""Profiles of FHIR itself, with its release; the version of anybody else's profile says nothing of FHIR's."""
# What one release has and the other has not: R4's, R5's
_MEDICINE = (frozenset({"medicationCodeableConcept", "medicationReference"}), frozenset({"medication"}))
_TELLING: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(("MedicationRequest", "MedicationDispense", "MedicationAdministration"), _MEDICINE),
    "MedicationStatement": (
        frozenset({"medicationCodeableConcept", "medicationReference", "reasonCode", "statusReason"}),
        frozenset({"medication", "adherence", "relatedClinicalInformation"}),
    ),
    "Consent": (
        frozenset({"scope", "patient", "policyRule", "performer", "organization", "dateTime"}),
        frozenset({"decision", "subject", "period", "grantor", "grantee", "policyBasis", "regulatoryBasis", "date"}),
    ),
    "Condition": (frozenset({"recorder", "asserter"}), frozenset({"participant"})),
    "Observation": (frozenset(), frozenset({"triggeredBy", "bodyStructure", "instantiatesCanonical", "valueReference"})),
}
_SCOPE_SYSTEMS = frozenset({"http://terminology.hl7.org/CodeSystem/consentscope", "urn:qtwin:consent"})
_NOT_TAKEN = ("not-taking", "on-hold", "stopped")
"""Starts of the codes of MedicationStatement.adherence that mean that the medicine is not taken; others mean that it is."""
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
    shown = [release for release, names in zip(RELEASES, telling, strict=True) if names & resource.keys()]
    return shown[0] if len(shown) == 1 else otherwise


def in_r4_words(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """An R5 resource in the words of R4; one Consent becomes as many as it has provisions, and one for its decision."""
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
    whole: dict[str, Any] = {key: resource[key] for key in ("resourceType", "id", "status", "subject") if key in resource}
    decision, period = resource.get("decision"), resource.get("period")
    exceptions = resource.get("provision") or []
    if decision not in _OPPOSITE:
        yield {**whole, "provision": {"period": period}}  # without a decision nothing is known to be allowed
        return
    scopes = [c for concept in resource.get("category") or [] for c in concept.get("coding") or []]
    scopes = [c for c in scopes if c.get("system") in _SCOPE_SYSTEMS]
    if decision == "permit":
        yield {**whole, "scope": {"coding": scopes}, "provision": {"type": "permit", "period": period}}
    elif not exceptions:
        yield {**whole, "provision": {"type": "deny", "period": period}}
    yield from _exceptions(whole, exceptions, _OPPOSITE[decision], period)


def _exceptions(whole: dict[str, Any], provisions: Iterable[dict[str, Any]], kind: str, period: Any) -> Iterator[dict[str, Any]]:
    for provision in provisions:
        lasting = provision.get("period") or period
        yield {**whole, "provision": {"type": kind, "purpose": provision.get("purpose") or [], "period": lasting}}
        yield from _exceptions(whole, provision.get("provision") or [], _OPPOSITE[kind], lasting)
