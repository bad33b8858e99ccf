"""FHIR AllergyIntolerances -> medicines that the person does not bear."""

from __future__ import annotations

from typing import Any

from qtwin.patient.element import codes
from qtwin.patient.medicine import UNKNOWN, ingredients_of, texts_of
from qtwin.patient.person import Allergy
from qtwin.patient.shown import ATC, RXNORM, first_code

_WRONG = frozenset({"refuted", "entered-in-error"})
_OVER = frozenset({"inactive", "resolved"})
_KINDS = frozenset({"allergy", "intolerance"})
_CRITICALITIES = frozenset({"low", "high", "unable-to-assess"})
_NONE_KNOWN = frozenset({"716186003", "409137002", "428607008", "429625007"})
"""SNOMED CT: no known allergy; to drugs, to environmental substances, to food."""
_NO_MEDICINE = frozenset({"food", "environment"})
CLASSES = {
    "penicillin": ("penicillin", "allergy to penicillin"),
    "sulfonamide": ("sulfonamide", "sulphonamide", "sulfa"),
    "nsaid": ("nsaid", "non-steroidal anti-inflammatory", "nonsteroidal anti-inflammatory"),
    "cephalosporin": ("cephalosporin",),
    "statin": ("statins", "hmg-coa reductase inhibitor"),
    "ace inhibitor": ("ace inhibitor", "angiotensin-converting enzyme inhibitor", "angiotensin converting enzyme inhibitor"),
    "beta blocker": ("beta blocker", "beta-blocker", "beta-adrenergic blocker"),
    "opioid": ("opioid", "opiate"),
    "benzodiazepine": ("benzodiazepine",),
    "cholinesterase inhibitor": ("cholinesterase inhibitor",),
}
"""Classes that records name in place of a medicine, by their words."""


def _class_of(texts: list[str]) -> str:
    said = [text.casefold() for text in texts]
    return next((name for name, words in CLASSES.items() for word in words if any(word in text for text in said)), "")


def _kind(told: Any) -> str:
    """R4 tells a code, R5 a CodeableConcept."""
    named = [told] if isinstance(told, str) else [code for _, code in codes(told)]
    return next((kind for kind in named if kind in _KINDS), "")


def read_allergy(resource: dict[str, Any]) -> tuple[tuple[Allergy, ...], str]:
    """What an AllergyIntolerance says is not borne, one for each substance; or why it says nothing of a medicine."""
    verified = {code for _, code in codes(resource.get("verificationStatus"))}
    stated = {code for _, code in codes(resource.get("clinicalStatus"))}
    if _WRONG & verified:
        return (), "it was refuted or entered by mistake"
    if _OVER & stated:
        return (), "it is over"
    reactions = [r for r in resource.get("reaction") or [] if isinstance(r, dict)]
    concepts = [c for c in (resource.get("code"), *(r.get("substance") for r in reactions)) if c]
    if any(code in _NONE_KNOWN for concept in concepts for _, code in codes(concept)):
        return (), "it says that no allergy is known"
    criticality = str(resource.get("criticality") or "")
    found: dict[Allergy, None] = {}
    for concept in concepts:
        listed = codes(concept)
        inns = [inn for inn in ingredients_of(concept) if not inn.startswith((UNKNOWN, "medicine "))]
        for inn in inns or [_class_of(texts_of(concept))]:
            one = len(inns) == 1
            allergy = Allergy(
                inn=inn,
                rxnorm=first_code([c for c in listed if c[0] == RXNORM and one]),
                atc=first_code([c for c in listed if c[0] == ATC and one]),
                code=first_code(listed),
                kind=_kind(resource.get("type")),
                criticality=criticality if criticality in _CRITICALITIES else "",
            )
            found[allergy] = None
    known = tuple(a for a in found if a.inn) or tuple(a for a in found if a.code)
    told = resource.get("category") or []
    if not any(a.inn for a in known) and told and set(map(str, told)) <= _NO_MEDICINE:
        return (), "it is of no medicine"
    return known, "" if known else "neither code nor name of the substance is known"
