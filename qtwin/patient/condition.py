"""FHIR Conditions -> diagnoses, by SNOMED CT code or by the start of an ICD-10 code
(``data/conditions.toml``).

A code may mean several conditions (I13.0: hypertension, heart failure, kidney disease): each is
told. Where no code is known, the words are read if they are just a name of the table. What means
none keeps its code and no key. What is shown of a diagnosis is our own name for it, never the words
of the record.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from qtwin.patient.element import ATC, RXNORM, codes, first_code
from qtwin.patient.medicine import UNKNOWN, ingredients_of, texts_of
from qtwin.patient.person import Allergy, Condition

_OVER = frozenset({"inactive", "remission", "resolved"})
_WRONG = frozenset({"refuted", "entered-in-error"})
_ACTIVE = frozenset({"active", "recurrence", "relapse"})
RECENT_DAYS = 30
"""Days for which a condition called active counts as recent (assumed: lists of problems keep a
bleeding as active for years).
"""
_SNOMED_SYSTEMS = ("snomed", "2.16.840.1.113883.6.96")
_ICD_10_SYSTEMS = ("icd-10", "icd10", "2.16.840.1.113883.6.90", "2.16.840.1.113883.6.3")
_SNOMED_CODE = re.compile(r"\d{6,18}")
_PAST = frozenset({"previous", "prior", "past", "former"})
_DEGREES = frozenset(
    {
        "acute",
        "chronic",
        "mild",
        "moderate",
        "severe",
        "advanced",
        "recurrent",
        "persistent",
        "intermittent",
    }
)
_DEGREES |= {
    "primary",
    "secondary",
    "idiopathic",
    "essential",
    "known",
    "active",
    "current",
    "stable",
    "controlled",
}
_DEGREES |= {
    "uncontrolled",
    "symptomatic",
    "left",
    "right",
    "bilateral",
    "focal",
    "generalised",
    "generalized",
    "unspecified",
}
_VERHOEFF = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_HIERARCHY = re.compile(r"\s*\((?:disorder|finding|situation|procedure)\)\s*$")
_ICD_10_CODE = re.compile(r"[A-Z]\d[0-9A-Z](?:\.?[0-9A-Z]{1,4})?[+*!]?")


@dataclass(frozen=True, kw_only=True)
class KnownCondition:
    """A condition that rules and models may ask for.

    Attributes:
        name: What it is called on a page.
        also: Other names for it.
        snomed: SNOMED CT codes that mean it.
        icd10: Starts of ICD-10 codes that mean it, without the dot.
        implies: Keys of conditions that hold with it.
        lasting: Whether it is asked as history, so that it stays when the record calls it resolved.
        recent: Key of what holds too while it is active and recent, '' for nothing.
    """

    name: str
    also: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    icd10: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    lasting: bool = False
    recent: str = ""


@lru_cache(maxsize=1)
def known_conditions() -> Mapping[str, KnownCondition]:
    """Key to condition, ``data/conditions.toml``."""
    text = (resources.files("qtwin") / "data" / "conditions.toml").read_text(encoding="utf-8")
    return {
        key: KnownCondition(
            name=raw["name"],
            also=tuple(raw.get("also", ())),
            snomed=tuple(raw.get("snomed", ())),
            icd10=tuple(code.replace(".", "") for code in raw.get("icd10", ())),
            implies=tuple(raw.get("implies", ())),
            lasting=raw.get("lasting", False),
            recent=raw.get("recent", ""),
        )
        for key, raw in tomllib.loads(text).items()
    }


@lru_cache(maxsize=1024)
def _implied(key: str) -> frozenset[str]:
    found, open_keys = {key}, [key]
    while open_keys:
        condition = known_conditions().get(open_keys.pop())
        new = set(condition.implies if condition else ()) - found
        found |= new
        open_keys += new
    return frozenset(found)


def with_implied(keys: Iterable[str]) -> frozenset[str]:
    """The keys and everything that they imply."""
    return frozenset().union(*(_implied(key) for key in keys))


@lru_cache(maxsize=1)
def _by_snomed() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, condition in known_conditions().items():
        for code in condition.snomed:
            found[code] = (*found.get(code, ()), key)
    return found


def _is_concept(code: str) -> bool:
    """Whether a number identifies a SNOMED CT concept: its partition, and its check digit by
    Verhoeff's dihedral code.

    SNOMED CT Release File Specification, SCTID: partition 00 or 10, check digit in the group of the
    pentagon, in which a turn by a then by b is a + b, and a reflection turns the other way.
    """
    if not _SNOMED_CODE.fullmatch(code) or code[-3:-1] not in ("00", "10"):
        return False
    check = 0
    for place, digit in enumerate(map(int, reversed(code))):
        for _ in range(place % 8):
            digit = _VERHOEFF[digit]
        turned = (check + digit if check < 5 else check - digit) % 5
        check = turned + 5 * ((check < 5) != (digit < 5))
    return check == 0


def _kind(system: str, code: str) -> str:
    """Which code system: "snomed", "icd-10", or "" for any other; without a system the code's shape
    tells.
    """
    place = system.lower()
    if _is_concept(code) and (not place or any(s in place for s in _SNOMED_SYSTEMS)):
        return "snomed"
    return (
        "icd-10"
        if _ICD_10_CODE.fullmatch(code) and (not place or any(s in place for s in _ICD_10_SYSTEMS))
        else ""
    )


def keys_of(system: str, code: str) -> tuple[str, ...]:
    """Every condition that a code means; without a system the code's shape tells which it is."""
    code = code.strip().upper()
    kind = _kind(system, code)
    if kind == "snomed":
        return _by_snomed().get(code, ())
    bare = code.replace(".", "")
    return tuple(
        key
        for key, c in known_conditions().items()
        if kind and any(bare.startswith(start) for start in c.icd10)
    )


def _shown(system: str, code: str) -> str:
    """A code of SNOMED CT or ICD-10, '' for any other: it could name the person."""
    bare = code.strip().upper()
    return bare if _kind(system, bare) else ""


def _words(text: str) -> tuple[str, ...]:
    """The words of a name in alphabetical order, without case, the hierarchy behind a SNOMED CT
    name, and British spelling.
    """
    bare = _HIERARCHY.sub("", text.casefold()).replace("ae", "e").replace("oe", "e")
    return tuple(sorted(re.findall(r"[^\W_]+", bare)))


@lru_cache(maxsize=1)
def _by_name() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for key, condition in known_conditions().items():
        for name in (condition.name, *condition.also):
            found[_words(name)] = (*found.get(_words(name), ()), key)
    return found


def _named(text: str) -> tuple[str, ...]:
    """The conditions that a text names, also with words of degree about it; of the past only what
    is asked as history.
    """
    told = _words(text)
    if told in _by_name():
        return _by_name()[told]
    past = "history" in told or bool(_PAST & set(told))
    keys = _by_name().get(
        tuple(
            w
            for w in told
            if w not in _DEGREES | (_PAST | {"history", "of"} if past else frozenset())
        ),
        (),
    )
    return tuple(key for key in keys if not past or known_conditions()[key].lasting)


def _keys(concept: Any) -> tuple[str, ...]:
    """The keys that the codings of a concept mean; where they mean none, the conditions that its
    words name and nothing else.
    """
    found = dict.fromkeys(key for system, code in codes(concept) for key in keys_of(system, code))
    if found or not isinstance(concept, dict):
        return tuple(found)
    said = [concept.get("text"), *(coding.get("display") for coding in concept.get("coding") or [])]
    return tuple(dict.fromkeys(key for text in said if text for key in _named(str(text))))


def _day(resource: Mapping[str, Any], *names: str) -> dt.date | None:
    """The first of the dates that the resource tells to the day."""
    for name in names:
        told = resource.get(name)
        text = told.get("start") if isinstance(told, dict) else told
        with suppress(ValueError):
            return dt.date.fromisoformat(str(text)[:10])
    return None


def last_day(resources: Iterable[Mapping[str, Any]], *, today: dt.date) -> dt.date:
    """The last day, not after today, that a record tells anything of; today where it tells none."""
    days = (
        _day(
            r, "effectiveDateTime", "effectivePeriod", "recordedDate", "onsetDateTime", "authoredOn"
        )
        for r in resources
    )
    return max((day for day in days if day is not None and day <= today), default=today)


def _is_recent(resource: Mapping[str, Any], stated: Iterable[str], on: dt.date | None) -> bool:
    """Whether a condition is called active, and not told to have ended or to have begun more than
    `RECENT_DAYS` before a day.
    """
    if _ACTIVE.isdisjoint(stated) or any(key.startswith("abatement") for key in resource):
        return False
    began = _day(resource, "onsetDateTime", "onsetPeriod", "recordedDate")
    return on is None or began is None or (on - began).days <= RECENT_DAYS


def _with_recent(keys: tuple[str, ...], *, recent: bool) -> tuple[str, ...]:
    """The keys with what holds too of a recent condition; without it where the condition is not
    recent.
    """
    follow = {known_conditions()[key].recent for key in keys if known_conditions()[key].recent}
    return (
        tuple(dict.fromkeys((*keys, *sorted(follow))))
        if recent
        else tuple(key for key in keys if key not in follow)
    )


def read_condition(
    resource: dict[str, Any], *, on: dt.date | None = None
) -> tuple[tuple[Condition, ...], list[str]]:
    """The diagnoses of a Condition, one for each key it means; none if it was refuted or is over;
    and notes.

    One that is over still tells what is asked as history, such as a bleeding or a stroke; one that
    is active and recent on a day (any day, where `on` is None) may tell more, such as an active
    bleeding.
    """
    concept = resource.get("code")
    told = [_shown(system, code) for system, code in codes(concept)]
    code = next((c for c in told if c), "")
    named = f"condition {code}" if code else "a condition without a known code"
    stated = [c for _, c in codes(resource.get("clinicalStatus"))]
    wrong = sorted(_WRONG & {c for _, c in codes(resource.get("verificationStatus"))})
    if wrong:
        return (), [f"{named} is {wrong[0]} and not used"]
    keys, over = _keys(concept), sorted(_OVER & set(stated))
    if over:
        keys = tuple(key for key in keys if known_conditions()[key].lasting)
        if not keys:
            return (), [f"{named} is {over[0]} and not used"]
    said = set(_words(str(concept.get("text", "")))) if isinstance(concept, dict) else set()
    keys = _with_recent(
        keys,
        recent=not over and not said & (_PAST | {"history"}) and _is_recent(resource, stated, on),
    )
    if not keys:
        return (Condition(key="", code=code, display=f"{named}, not used"),), [
            f"{named} is not used by any rule or model"
        ]
    return tuple(
        Condition(key=key, code=code, display=known_conditions()[key].name) for key in keys
    ), []


# FHIR AllergyIntolerances -> medicines that the person does not bear.

_RESOLVED = frozenset({"inactive", "resolved"})
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
    "ace inhibitor": (
        "ace inhibitor",
        "angiotensin-converting enzyme inhibitor",
        "angiotensin converting enzyme inhibitor",
    ),
    "beta blocker": ("beta blocker", "beta-blocker", "beta-adrenergic blocker"),
    "opioid": ("opioid", "opiate"),
    "benzodiazepine": ("benzodiazepine",),
    "cholinesterase inhibitor": ("cholinesterase inhibitor",),
}
"""Classes that records name in place of a medicine, by their words."""


def _class_of(texts: list[str]) -> str:
    said = [text.casefold() for text in texts]
    return next(
        (
            name
            for name, words in CLASSES.items()
            for word in words
            if any(word in text for text in said)
        ),
        "",
    )


def _substance_kind(told: Any) -> str:
    """R4 tells a code, R5 a CodeableConcept."""
    named = [told] if isinstance(told, str) else [code for _, code in codes(told)]
    return next((kind for kind in named if kind in _KINDS), "")


def read_allergy(resource: dict[str, Any]) -> tuple[tuple[Allergy, ...], str]:
    """What an AllergyIntolerance says is not borne, one for each substance; or why it says nothing
    of a medicine.
    """
    verified = {code for _, code in codes(resource.get("verificationStatus"))}
    stated = {code for _, code in codes(resource.get("clinicalStatus"))}
    if _WRONG & verified:
        return (), "it was refuted or entered by mistake"
    if _RESOLVED & stated:
        return (), "it is over"
    reactions = [r for r in resource.get("reaction") or [] if isinstance(r, dict)]
    concepts = [c for c in (resource.get("code"), *(r.get("substance") for r in reactions)) if c]
    if any(code in _NONE_KNOWN for concept in concepts for _, code in codes(concept)):
        return (), "it says that no allergy is known"
    criticality = str(resource.get("criticality") or "")
    found: dict[Allergy, None] = {}
    for concept in concepts:
        listed = codes(concept)
        inns = [
            inn for inn in ingredients_of(concept) if not inn.startswith((UNKNOWN, "medicine "))
        ]
        for inn in inns or [_class_of(texts_of(concept))]:
            one = len(inns) == 1
            allergy = Allergy(
                inn=inn,
                rxnorm=first_code([c for c in listed if c[0] == RXNORM and one]),
                atc=first_code([c for c in listed if c[0] == ATC and one]),
                code=first_code(listed),
                kind=_substance_kind(resource.get("type")),
                criticality=criticality if criticality in _CRITICALITIES else "",
            )
            found[allergy] = None
    known = tuple(a for a in found if a.inn) or tuple(a for a in found if a.code)
    told = resource.get("category") or []
    if not any(a.inn for a in known) and told and set(map(str, told)) <= _NO_MEDICINE:
        return (), "it is of no medicine"
    return known, "" if known else "neither code nor name of the substance is known"
