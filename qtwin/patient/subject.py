"""Whether every resource of a record is about the record's one patient."""

from __future__ import annotations

from typing import Any

from qtwin.errors import InputError

_NOT_PATIENTS = (
    "Group/",
    "Device/",
    "Location/",
    "Practitioner/",
    "Organization/",
    "RelatedPerson/",
    "Medication/",
    "Substance/",
)


def _told(resource: dict[str, Any]) -> dict[str, Any]:
    subject = resource.get("subject") or resource.get("patient")
    return subject if isinstance(subject, dict) else {}


def reference_of(resource: dict[str, Any]) -> str:
    """The reference to whom a resource says it is about, '' if it does not say."""
    return str(_told(resource).get("reference") or "").split("/_history")[0]


def about_no_patient(resource: dict[str, Any]) -> bool:
    """Whether a resource is about a group, a thing or a professional; or, by its focus, about a donor or an implant."""
    tail = "/".join(reference_of(resource).split("/")[-2:])
    return tail.startswith(_NOT_PATIENTS) or bool(resource.get("focus"))


def _identifiers(person: dict[str, Any]) -> set[tuple[str, str]]:
    told = person.get("identifier")
    listed = [i for i in (told if isinstance(told, list) else [told]) if isinstance(i, dict)]
    return {(str(i.get("system") or ""), str(i.get("value") or "")) for i in listed}


def _is_about(person: dict[str, Any], full_url: str, reference: str) -> bool:
    number = str(person.get("id") or "")
    known = {full_url, number, f"Patient/{number}", f"urn:uuid:{number}", f"#{number}"} - {"", "Patient/", "urn:uuid:", "#"}
    if reference in known or (number and reference.endswith(f"/Patient/{number}")):
        return True
    if "?identifier=" in reference:  # a conditional reference, as a transaction has it
        system, _, value = reference.partition("?identifier=")[2].rpartition("|")
        return any(value == v and (not system or system == s) for s, v in _identifiers(person))
    return bool(full_url) and not number and full_url.endswith(f"/{reference}")


def _others_identifier(person: dict[str, Any], resource: dict[str, Any]) -> bool:
    told = _told(resource).get("identifier")
    if not isinstance(told, dict):
        return False
    system, value = str(told.get("system") or ""), str(told.get("value") or "")
    mine = {v for s, v in _identifiers(person) if s == system}
    return bool(mine) and value not in mine


def check_one_person(resources: list[tuple[int, str, dict[str, Any]]], person: dict[str, Any], full_url: str) -> None:
    """Refuse a record in which a resource says that it is about somebody else.

    Args:
        resources: Number of the entry, type and resource of each that must be about the patient.
        person: The Patient.
        full_url: Its full URL, '' if it has none.

    Raises:
        InputError: naming the entry; neither reference nor id is repeated, for they may name the person.
    """
    nameless = not person.get("id") and not full_url
    first = ""
    for number, kind, resource in resources:
        reference = reference_of(resource)
        wrong = _others_identifier(person, resource)
        if reference and nameless and "?identifier=" not in reference:
            first = first or reference
            wrong = wrong or reference != first
        elif reference:
            wrong = wrong or not _is_about(person, full_url, reference)
        if wrong:
            raise InputError(f"{kind} entry {number} is about another patient than the record's", hint="one record a patient")
