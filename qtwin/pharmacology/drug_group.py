"""Sets of medicines by name: one, several, a class of the formulary, or a group of
``data/drug_groups.toml``.

A group lists medicines in or outside the formulary, classes of the formulary and other groups::

    [serotonergic]
    name = "serotonergic medicines"
    drugs = ["linezolid", "tramadol"]
    classes = []
    groups = ["ssri"]
    cross_reactive = false    # whether who does not bear one of them is given none
    source = "where the list was read"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology.formulary import formulary

DATA = Path(str(resources.files("qtwin"))) / "data"
"""The shipped data."""
_KEYS = ("name", "drugs", "classes", "groups", "cross_reactive", "source")
_SUBJECTS = ("drug", "drugs", "class", "group")


@dataclass(frozen=True, kw_only=True)
class DrugGroup:
    """A named set of medicines; `cross_reactive`: whoever is allergic to one is given none."""

    name: str
    inns: frozenset[str]
    source: str
    cross_reactive: bool = False


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The medicines that a rule is about, and what to call them."""

    words: str
    inns: frozenset[str]


def strings(value: Any, where: str, *, least: int = 1) -> tuple[str, ...]:
    """A word or a list of words.

    Raises:
        InputError: for anything else, or fewer than `least`.
    """
    listed = [value] if isinstance(value, str) else value
    if (
        not isinstance(listed, list)
        or len(listed) < least
        or not all(isinstance(v, str) and v.strip() for v in listed)
    ):
        raise InputError(
            f"{where}: expected a word or a list of words, got {value!r}",
            hint="put the words in quotes",
        )
    return tuple(listed)


def classes() -> Mapping[str, frozenset[str]]:
    """Class of the formulary to its INNs."""
    found: dict[str, frozenset[str]] = {}
    for drug in formulary().values():
        found[drug.drug_class] = found.get(drug.drug_class, frozenset()) | {drug.inn}
    return found


def _members(
    key: str,
    raw: Mapping[str, Any],
    known: Mapping[str, DrugGroup],
    file: str,
    within: tuple[str, ...] = (),
) -> frozenset[str]:
    if key in within:
        raise InputError(
            f"{file}: group {key} contains itself",
            hint=f"break the circle {' -> '.join((*within, key))}",
        )
    if key not in raw:
        if key not in known:
            raise unknown_name(f"group in {file}", key, {*raw, *known})
        return known[key].inns
    where, entry = f"{file}, group {key}", raw[key]
    found = set(strings(entry.get("drugs", []), f"{where}: drugs", least=0))
    for name in strings(entry.get("classes", []), f"{where}: classes", least=0):
        if name not in classes():
            raise unknown_name(f"class in {where}", name, classes())
        found |= classes()[name]
    for name in strings(entry.get("groups", []), f"{where}: groups", least=0):
        found |= _members(name, raw, known, file, (*within, key))
    return frozenset(found)


def read_groups(
    raw: Mapping[str, Any], *, file: str, known: Mapping[str, DrugGroup] | None = None
) -> dict[str, DrugGroup]:
    """The groups of a file, in which those `known` may be named.

    Raises:
        InputError: for a group without members or source, an unknown key, class or group, or a
            group that contains itself.
    """
    known, found = known or {}, {}
    for key, entry in raw.items():
        where = f"{file}, group {key}"
        if not isinstance(entry, dict):
            raise InputError(
                f"{where}: expected a table, got {entry!r}", hint="see docs/how_to/add_a_rule.md"
            )
        if key in known:
            raise InputError(f"{where}: a group of this name exists", hint="give it another name")
        for name in entry:
            if name not in _KEYS:
                raise unknown_name(f"key in {where}", name, _KEYS)
        if not str(entry.get("source", "")).strip():
            raise InputError(f"{where}: source is missing", hint="say where the list was read")
        members = _members(key, raw, known, file)
        spoilt = sorted(inn for inn in members if inn != inn.strip().casefold())
        if spoilt or not members:
            came = repr(spoilt[0]) if spoilt else "no medicine"
            raise InputError(
                f"{where}: expected INNs in small letters, got {came}", hint="correct drugs"
            )
        found[key] = DrugGroup(
            name=str(entry.get("name", key.replace("_", " "))),
            inns=members,
            source=entry["source"],
            cross_reactive=entry.get("cross_reactive") is True,
        )
    return found


def groups_in(data: Path) -> dict[str, DrugGroup]:
    """The groups of ``drug_groups.toml`` in a folder.

    Raises:
        InputError: if it is no TOML, or as `read_groups` does.
    """
    path = data / "drug_groups.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", hint="correct the file") from error
    return read_groups(raw, file=path.name)


@lru_cache(maxsize=1)
def drug_groups() -> Mapping[str, DrugGroup]:
    """The shipped groups, ``data/drug_groups.toml``."""
    return groups_in(DATA)


def read_subject(raw: Mapping[str, Any], *, where: str, groups: Mapping[str, DrugGroup]) -> Subject:
    """The medicines that `drug`, `drugs`, `class` or `group` names.

    Raises:
        InputError: unless just one of them is there, and known.
    """
    given = [key for key in _SUBJECTS if key in raw]
    if len(given) != 1:
        raise InputError(
            f"{where}: expected one of {', '.join(_SUBJECTS)}, got {' and '.join(given) or 'none'}",
            hint="name the medicines once",
        )
    key, value = given[0], raw[given[0]]
    if key in ("drug", "drugs"):
        inns = strings(value, f"{where}: {key}")
        for inn in inns:
            if inn not in formulary() and not any(inn in group.inns for group in groups.values()):
                raise unknown_name(
                    f"drug in {where}",
                    inn,
                    frozenset(formulary()).union(*(g.inns for g in groups.values())),
                )
        return Subject(words=" or ".join(inns), inns=frozenset(inns))
    table = {name: (name, inns) for name, inns in classes().items()}
    if key == "group":
        table = {name: (group.name, group.inns) for name, group in groups.items()}
    if value not in table:
        raise unknown_name(f"{key} in {where}", str(value), table)
    return Subject(words=table[value][0], inns=table[value][1])
