"""From the codes and names that records use for a medicine to international nonproprietary names
(``data/medicines.toml``).

A code is trusted before a name. A name counts wherever it stands in the text, as in "24 HR
metoprolol succinate 50 MG"; the spelling of another language, as in "Sertralin 50 mg", counts only
beside a strength, or if nothing but salt and form stands there. Only our own words leave this file:
of a medicine that is not known its code is kept, or nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from importlib import resources
from typing import Any

from qtwin.patient.element import ATC, RXNORM, SNOMED_CT, codes, first_named_code

UNKNOWN = "unknown medicine"
"""Name of a medicine of which neither code nor name is known."""
_SYSTEMS = {"rxnorm": RXNORM, "atc": ATC, "snomed": SNOMED_CT}
_ANOTHER_SPELLING = 0.8
_WORD = re.compile(r"[^\W\d_]+")
_BESIDE_WORDS = (
    "mg mcg g ml hr h er xr sr cr xl la mr retard oral tablet tablets tab tabs tablette "
    "tabletten filmtablette "
    "filmtabletten tbl tabl capsule capsules cap caps kapsel kapseln hartkapseln "
    "retardkapseln retardtabletten solution "
    "solucion losung lösung tropfen drops film coated extended delayed release "
    "disintegrating patch pflaster transdermal "
    "injection hydrochloride hydrochlorid hcl succinate succinat tartrate tartrat besylate "
    "besilate besilat maleate maleat "
    "fumarate fumarat hydrobromide hydrobromid sodium natrium mesylate calcium acid "
    "monohydrate hemihydrate trihydrate base "
    "per day daily am pm pro tag"
)
_BESIDE = frozenset(_BESIDE_WORDS.split())
_SALTS = (
    "hydrochlorid hydrogentartrat tartrat succinat fumarat besilat mesilat maleat hydrobromid "
    "natrium calcium"
)
_GLUED_SALT = rf"(?:(?:hemi|di|mono)?(?:{'|'.join(_SALTS.split())}))"
"""As German writes it: Metoprololsuccinat."""
_STRENGTH = re.compile(r"\d\s?(?:mg|mcg|µg|g)\b")
_PARTS = re.compile(r"\s/\s|\s\+\s")


@dataclass(frozen=True, kw_only=True)
class _Table:
    by_code: Mapping[tuple[str, str], tuple[str, ...]]
    by_name: Mapping[str, tuple[str, ...]]
    pattern: re.Pattern[str]


def _known_elsewhere() -> Iterator[str]:
    """Medicines that rules name, so that their names are known in a record as well."""
    file = resources.files("qtwin") / "data" / "drug_groups.toml"
    if file.is_file():
        for group in tomllib.loads(file.read_text(encoding="utf-8")).values():
            drugs = group.get("drugs", []) if isinstance(group, dict) else []
            yield from (str(drug).lower() for drug in drugs)


@lru_cache(maxsize=1)
def _table() -> _Table:
    text = (resources.files("qtwin") / "data" / "medicines.toml").read_text(encoding="utf-8")
    told: dict[str, Any] = tomllib.loads(text)
    products = [(tuple(p["ingredients"]), p) for p in told.pop("product")]
    by_code: dict[tuple[str, str], tuple[str, ...]] = {}
    by_name: dict[str, tuple[str, ...]] = {}
    for inns, entry in [*(((inn,), e) for inn, e in told.items()), *products]:
        for key, system in _SYSTEMS.items():
            by_code |= {(system, code): inns for code in entry.get(key, ())}
        by_name |= dict.fromkeys((*inns[: len(inns) == 1], *entry.get("names", ())), inns)
    for inn in _known_elsewhere():
        by_name.setdefault(inn, (inn,))
    longest_first = sorted(by_name, key=lambda name: (-len(name), name))
    pattern = re.compile(
        rf"(?<![^\W_])({'|'.join(map(re.escape, longest_first))}){_GLUED_SALT}?(?![^\W_])"
    )
    return _Table(by_code=by_code, by_name=by_name, pattern=pattern)


def inn_of_code(*, rxnorm: str = "", atc: str = "") -> str:
    """The one ingredient that a code means; "" for an unknown code or a combination."""
    known = _table().by_code
    for key, code in (("rxnorm", rxnorm), ("atc", atc)):
        found = known.get((_SYSTEMS[key], code), ())
        if len(found) == 1:
            return found[0]
    return ""


def inns_of_name(name: str) -> tuple[str, ...]:
    """The ingredients of a medicine by its whole name, an INN or a brand such as "Aricept"; () for
    an unknown one.
    """
    return _table().by_name.get(name.strip().casefold(), ())


def is_known(inn: str) -> bool:
    """Whether a medicine is one of our tables, in the formulary or not."""
    return inn in _table().by_name


def texts_of(concept: Any) -> list[str]:
    """The words that a CodeableConcept uses, its own before those of its codings."""
    if not isinstance(concept, dict):
        return []
    codings = concept.get("coding")
    told = [
        concept.get("text"),
        *(
            c.get("display")
            for c in (codings if isinstance(codings, list) else [])
            if isinstance(c, dict)
        ),
    ]
    return [text for text in told if isinstance(text, str) and text.strip()]


def _named_in(text: str) -> list[str]:
    """Ingredients that a part of a text names."""
    table, found = _table(), []
    for match in table.pattern.finditer(text):
        name, inns = match[1], table.by_name[match[1]]
        if (
            name not in inns
            and max(SequenceMatcher(None, name, inn).ratio() for inn in inns) > _ANOTHER_SPELLING
        ):
            rest = _WORD.findall(text[: match.start()] + " " + text[match.end() :])
            if set(rest) - _BESIDE and not _STRENGTH.search(text):
                continue
        found += [inn for inn in inns if inn not in found]
    return found


def _by_name(text: str) -> list[str]:
    """Ingredients that a text names; `UNKNOWN` among them for a part of a combination that is not
    known.
    """
    parts = _PARTS.split(text.casefold())
    each = [_named_in(part) or ([UNKNOWN] if _WORD.search(part) else []) for part in parts]
    found = list(dict.fromkeys(inn for part in each for inn in part))
    return found if found != [UNKNOWN] else []


def _nearest(texts: list[str]) -> str:
    """`UNKNOWN`, with a known name in brackets if a text begins with something like it."""
    for text in texts:
        word = _WORD.search(text.casefold())
        near = get_close_matches(word[0], _table().by_name, n=1, cutoff=0.85) if word else []
        if near:
            return f"{UNKNOWN} ({_table().by_name[near[0]][0]}?)"
    return UNKNOWN


def ingredients_of(concept: Any) -> tuple[str, ...]:
    """The medicines that a CodeableConcept means: INNs, or what is kept of one that is not
    known.
    """
    listed = codes(concept)
    for coding in listed:
        if coding in _table().by_code:
            return _table().by_code[coding]
    texts = texts_of(concept)
    for text in texts:
        found = _by_name(text)
        if found:
            return tuple(found)
    code = first_named_code(listed)
    return (f"medicine {code}" if code else _nearest(texts),)
