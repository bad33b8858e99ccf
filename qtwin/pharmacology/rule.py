"""Eligibility rules, read from TOML: who must not be given a drug, should not, with care, or at
most so much of it.

A file is one rule set; docs/how_to/add_a_rule.md shows its layout. Nothing is taken on trust: a
rule without source or text, of an unknown drug, group, condition or key, or with a range in which
nothing lies, is refused with its file and id.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology.criterion import ALWAYS, Criterion, read_criterion
from qtwin.pharmacology.drug_group import DrugGroup, Subject, read_groups, read_subject
from qtwin.pharmacology.formulary import formulary

STRENGTHS = ("contraindicated", "avoid", "dose", "caution")
"""From the strongest: must not be given, should not (a spec may lift it by name), at most so much,
with care.
"""
JURISDICTIONS = ("US", "EU")
_EVERYWHERE = "any"
_DOSES = ("max_daily_mg", "max_single_mg", "start_daily_mg")
_RULE_KEYS = (
    "id",
    "drug",
    "drugs",
    "class",
    "group",
    "strength",
    "when",
    "with",
    "count",
    *_DOSES,
    "text",
    "source",
    "note",
)
_SET_KEYS = ("name", "jurisdiction", "precedence", "source")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESERVED = ("allergy-", "intolerance-")
"""Starts of the ids of what follows from a record's allergies."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: Unique over all sets.
        subject: The medicines that it is about.
        strength: One of `STRENGTHS`.
        when: Whom it concerns.
        text: What it says, as a physician would be told.
        source: Where it was read.
        note: What to know of the reading, such as that it is recalled and not read again.
        partner: For a rule about two medicines together: the other one.
        more_than: For a rule on a number: of how many of the subject at once it speaks.
        begun: Whether that number counts only medicines of classes that are not taken now: how many
            are begun at once.
        max_daily_mg, max_single_mg, start_daily_mg: What a dose rule allows a day, at once, and to
            begin with.
        jurisdiction: "US", "EU" or "any".
        precedence: Of two dose rules on the same facts the one from the higher set holds.
        rule_set: Name of its set.
    """

    id: str
    subject: Subject
    strength: str
    text: str
    source: str
    note: str = ""
    when: Criterion = ALWAYS
    partner: Subject | None = None
    more_than: int | None = None
    begun: bool = False
    max_daily_mg: float | None = None
    max_single_mg: float | None = None
    start_daily_mg: float | None = None
    jurisdiction: str = _EVERYWHERE
    precedence: float = 0.0
    rule_set: str = ""

    @property
    def excludes(self) -> bool:
        """Whether the drug is not to be given where the rule holds."""
        return self.strength in ("contraindicated", "avoid")

    @property
    def limits_somebody(self) -> bool:
        """Whether its doses are special to somebody: not only the start that holds for
        everybody.
        """
        return self.when != ALWAYS or set(self.limits) != {"start_daily_mg"}

    @property
    def limits(self) -> Mapping[str, float]:
        """The doses that it names."""
        return {name: getattr(self, name) for name in _DOSES if getattr(self, name) is not None}

    def holds_in(self, jurisdiction: str) -> bool:
        """Whether it is a rule of a jurisdiction."""
        return self.jurisdiction in (jurisdiction, _EVERYWHERE)


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """One file: its rules, and the groups of medicines that it names."""

    name: str
    jurisdiction: str
    precedence: float
    source: str
    rules: tuple[Rule, ...]
    groups: Mapping[str, DrugGroup]


def _text(raw: Mapping[str, Any], key: str, where: str, hint: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        came = "is missing" if key not in raw else f"is {value!r}, expected words"
        raise InputError(f"{where}: {key} {came}", hint=hint)
    return value.strip()


def _amount(raw: Mapping[str, Any], key: str, where: str) -> float | None:
    value = raw.get(key)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and value > 0.0)
    ):
        raise InputError(
            f"{where}: {key}: expected a dose in mg above 0, got {value!r}", hint="correct it"
        )
    return float(value)


def _doses(raw: Mapping[str, Any], strength: str, where: str) -> dict[str, float | None]:
    found = {key: _amount(raw, key, where) for key in _DOSES}
    given = [key for key, value in found.items() if value is not None]
    if (strength == "dose") != bool(given):
        wanted = f"at least one of {', '.join(_DOSES)}" if strength == "dose" else "no dose"
        raise InputError(
            f"{where}: expected {wanted} for strength {strength!r}, got "
            f"{', '.join(given) or 'none'}",
            hint="doses belong to strength 'dose'",
        )
    start, most = found["start_daily_mg"], found["max_daily_mg"]
    if start is not None and most is not None and start > most:
        raise InputError(
            f"{where}: start_daily_mg {start:g} is above max_daily_mg {most:g}",
            hint="a start lies at or under the ceiling",
        )
    return found


def _more_than(raw: Mapping[str, Any], strength: str, where: str) -> int | None:
    count = raw.get("count")
    if count is None:
        return None
    if not isinstance(count, dict) or not {"more_than"} <= count.keys() <= {
        "group",
        "more_than",
        "begun",
    }:
        raise InputError(
            f"{where}: count: expected group and more_than, or begun beside them, got {count!r}",
            hint="count = { more_than = 2 }",
        )
    if not isinstance(count.get("begun", False), bool):
        raise InputError(
            f"{where}: count: expected begun as true or false, got {count['begun']!r}",
            hint="begun = true",
        )
    number = count["more_than"]
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InputError(
            f"{where}: count: expected more_than as a whole number from 1, got {number!r}",
            hint="correct it",
        )
    if count.get("group", raw.get("group")) != raw.get("group"):
        raise InputError(
            f"{where}: count: the group counted is not the rule's",
            hint="name the same group twice, or once",
        )
    if strength == "dose" or "with" in raw:
        raise InputError(
            f"{where}: count: expected neither doses nor a partner beside it",
            hint="write two rules",
        )
    return number


def _rule(
    raw: Any, number: int, file: str, head: Mapping[str, Any], groups: Mapping[str, DrugGroup]
) -> Rule:
    if not isinstance(raw, dict):
        raise InputError(
            f"{file}, rule {number}: expected a table, got {raw!r}", hint="write [[rule]]"
        )
    rule_id = _text(
        raw, "id", f"{file}, rule {number}", "give every rule an id, such as us-galantamine-renal"
    )
    where = f"{file}, rule {rule_id}"
    if not _ID.fullmatch(rule_id) or rule_id.startswith(_RESERVED):
        raise InputError(
            f"{where}: expected an id of small letters, digits and hyphens, not beginning "
            f"with {' or '.join(_RESERVED)}",
            hint="such as us-galantamine-renal",
        )
    for key in raw:
        if key not in _RULE_KEYS:
            raise unknown_name(f"key in {where}", key, _RULE_KEYS)
    strength = _text(raw, "strength", where, f"one of {', '.join(STRENGTHS)}")
    if strength not in STRENGTHS:
        raise unknown_name(f"strength in {where}", strength, STRENGTHS)
    subject = read_subject(raw, where=where, groups=groups)
    if not subject.inns & formulary().keys():
        raise InputError(
            f"{where}: none of its drugs is in the formulary, so it says nothing",
            hint="name the drug of the formulary first and the other medicine in `with`",
        )
    partner = raw.get("with")
    if partner is not None and not isinstance(partner, dict):
        raise InputError(
            f"{where}: with: expected a table, got {partner!r}",
            hint='write with = { drug = "warfarin" }',
        )
    return Rule(
        id=rule_id,
        subject=subject,
        strength=strength,
        text=_text(raw, "text", where, "say what the rule means, in one sentence"),
        source=_text(raw, "source", where, "say where the rule was read: document, section, year"),
        note=_text(raw, "note", where, "say it in words, or leave it out") if "note" in raw else "",
        when=read_criterion(raw["when"], where=f"{where}: when", groups=groups)
        if "when" in raw
        else ALWAYS,
        partner=None
        if partner is None
        else read_subject(partner, where=f"{where}: with", groups=groups),
        more_than=_more_than(raw, strength, where),
        begun=bool(raw.get("count", {}).get("begun", False)),
        **_doses(raw, strength, where),
        jurisdiction=head["jurisdiction"],
        precedence=float(head["precedence"]),
        rule_set=head["name"],
    )


def _head(raw: Mapping[str, Any], file: str) -> dict[str, Any]:
    head = raw.get("set")
    where = f"{file}, [set]"
    if not isinstance(head, dict):
        raise InputError(
            f"{where} is missing", hint="name, jurisdiction, precedence and source of the rule set"
        )
    for key in head:
        if key not in _SET_KEYS:
            raise unknown_name(f"key in {where}", key, _SET_KEYS)
    for key in ("name", "jurisdiction", "source"):
        _text(head, key, where, "name, jurisdiction, precedence and source of the rule set")
    if head["jurisdiction"] not in (*JURISDICTIONS, _EVERYWHERE):
        raise unknown_name(
            f"jurisdiction in {where}", head["jurisdiction"], (*JURISDICTIONS, _EVERYWHERE)
        )
    precedence = head.get("precedence")
    if (
        isinstance(precedence, bool)
        or not isinstance(precedence, int | float)
        or not math.isfinite(precedence)
    ):
        raise InputError(
            f"{where}: precedence: expected a number, got {precedence!r}", hint="labels have 30"
        )
    return head


def read_rule_set(text: str, *, file: str, groups: Mapping[str, DrugGroup]) -> RuleSet:
    """Parse one rule set.

    Args:
        text: The TOML.
        file: Its name, for messages.
        groups: Groups that it may name beside its own.

    Raises:
        InputError: for whatever cannot be meant, with the file and the rule.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not TOML: {error}", hint="correct the file") from error
    for key in raw:
        if key not in ("set", "rule", "group"):
            raise unknown_name(f"section of {file}", key, ("set", "rule", "group"))
    head, listed, own = _head(raw, file), raw.get("rule", []), raw.get("group", {})
    if not isinstance(listed, list) or not isinstance(own, dict):
        raise InputError(
            f"{file}: expected [[rule]] and [group.NAME]", hint="see docs/how_to/add_a_rule.md"
        )
    found = read_groups(own, file=file, known=groups)
    known = {**groups, **found}
    return RuleSet(
        name=head["name"],
        jurisdiction=head["jurisdiction"],
        precedence=float(head["precedence"]),
        source=head["source"],
        rules=tuple(_rule(entry, i + 1, file, head, known) for i, entry in enumerate(listed)),
        groups=found,
    )
