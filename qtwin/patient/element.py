"""The elements that FHIR resources share: codes, words, dates, references; and what in them could name the person."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import Any

from qtwin.errors import InputError

_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "frau", "herr", "von", "van", "der", "the", "and"})
_SHORTEST_NAME = 3


def codes(concept: dict[str, Any] | None) -> list[tuple[str, str]]:
    """(system, code) of each coding of a CodeableConcept."""
    return [(str(c.get("system", "")), str(c.get("code", ""))) for c in (concept or {}).get("coding") or []]


def words(concept: dict[str, Any] | None) -> str:
    """The words of a CodeableConcept: its text, else its first display, else its first code."""
    codings = (concept or {}).get("coding") or []
    told = [(concept or {}).get("text"), *(c.get("display") for c in codings), *(c.get("code") for c in codings)]
    return next((str(text).strip() for text in told if text and str(text).strip()), "unnamed")


def date_of(text: Any, where: str) -> dt.date:
    """The day of a FHIR date or dateTime.

    Raises:
        InputError: if it is missing, partial or no date.
    """
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        came = "no date" if text is None else f"date {text!r}"
        raise InputError(f"{where}: {came} came, YYYY-MM-DD was wanted", hint="give the full date") from None


def birth_date(text: Any) -> tuple[dt.date, str]:
    """The birth date, and a note where only its year or month is given and the middle of it has to do.

    Raises:
        InputError: if it is missing or no date.
    """
    partial = re.fullmatch(r"(\d{4})(?:-(\d{2}))?", str(text))
    if partial is None or int(partial[2] or 1) not in range(1, 13) or partial[1] == "0000":
        return date_of(text, "Patient.birthDate"), ""
    year, month = int(partial[1]), partial[2]
    if month:
        return dt.date(year, int(month), 15), "only the month of birth is given: its middle is taken"
    return dt.date(year, 7, 1), "only the year of birth is given: its middle is taken"


def references(resource: dict[str, Any]) -> str:
    """The patient that a resource says it is about, '' if it does not say."""
    return str((resource.get("subject") or resource.get("patient") or {}).get("reference") or "")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def identifying(person: dict[str, Any]) -> re.Pattern[str] | None:
    """A pattern that finds whatever names this Patient resource's person in free text, or None if nothing does.

    Names are taken apart into words; identifiers, telephone numbers and addresses are taken whole, for their single words are
    too common to be removed from a diagnosis.
    """
    found: set[str] = set()
    names = [person.get("name"), [c.get("name") for c in person.get("contact") or []]]
    for text in _texts(names):
        found |= {w for w in re.findall(r"[^\W\d_]+", text) if len(w) >= _SHORTEST_NAME and w.casefold() not in _TITLES}
    for entry in [*(person.get("identifier") or []), *(person.get("telecom") or [])]:
        found |= set(_texts(entry.get("value")))
    for place in person.get("address") or []:
        found |= {t for t in _texts([place.get(k) for k in ("line", "city", "postalCode", "text")]) if len(t) >= _SHORTEST_NAME}
    born = str(person.get("birthDate") or "")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", born):
        year, month, day = born.split("-")
        found |= {born, f"{day}.{month}.{year}", f"{day}/{month}/{year}", f"{month}/{day}/{year}"}
    return _any_of(found)


def _any_of(found: Iterable[str]) -> re.Pattern[str] | None:
    ordered = sorted((re.escape(t.strip()) for t in found if t.strip()), key=lambda t: (-len(t), t))
    return re.compile(rf"(?<!\w)(?:{'|'.join(ordered)})(?!\w)", re.IGNORECASE) if ordered else None


def without(pattern: re.Pattern[str] | None, text: str) -> str:
    """`text` with everything that the pattern finds removed."""
    return pattern.sub("[removed]", text) if pattern else text
