"""What a record holds and the twin does not use, with the reason: by type, number of the entry and code, never by text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_FIRST = (
    "MedicationStatement",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationAdministration",
    "AllergyIntolerance",
    "Condition",
    "Observation",
)
"""What changes a decision when it is missing is said first."""
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Unused:
    """One thing that is not used.

    Attributes:
        kind: Type of the resource, '' where it has none that FHIR knows.
        entry: Its place in `Bundle.entry`, the first being 0.
        code: What it is about, '' where no code may be shown.
        reason: Why, in our own words.
    """

    kind: str
    entry: int
    code: str = ""
    reason: str


def _rank(unused: Unused) -> tuple[int, int]:
    return (_FIRST.index(unused.kind) if unused.kind in _FIRST else len(_FIRST), unused.entry)


def listed(unused: Iterable[Unused]) -> list[str]:
    """A line for each kind, code and reason, with the entries it holds of."""
    entries: dict[tuple[str, str, str], list[int]] = {}
    for one in sorted(set(unused), key=_rank):
        entries.setdefault((one.kind, one.code, one.reason), []).append(one.entry)
    return [_line(*key, numbers) for key, numbers in entries.items()]


def _line(kind: str, code: str, reason: str, numbers: list[int]) -> str:
    named = ", ".join(str(n) for n in numbers[:_NAMED])
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    word = "entry" if len(numbers) == 1 else "entries"
    return f"not used: {f'{kind} ' if kind else ''}{word} {named}{more}{f' ({code})' if code else ''}: {reason}"
