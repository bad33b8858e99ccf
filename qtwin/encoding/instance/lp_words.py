"""The words of an LP file: numbers, signs, names and the beginnings of sections, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from qtwin.errors import InputError

_SECTIONS: tuple[tuple[str, str], ...] = (
    ("minimise", r"minimi[sz]e|minimum|min"),
    ("maximise", r"maximi[sz]e|maximum|max"),
    ("rows", r"subject\s+to|such\s+that|s\.t\.|st\.?|lazy\s+constraints"),
    ("bounds", r"bounds?"),
    (
        "refused",
        r"general\s+constraints?|gencons?|genconstrs?|user\s+cuts?|semi(?:s|-continuous|-integers?)?|sins?|sos[12]?|pwlobj",
    ),
    ("refused", r"multi-objectives?|scenarios?|indicators?"),
    ("general", r"generals?|gen|integers?|ints?"),
    ("binary", r"binar(?:y|ies)|bins?"),
    ("end", r"end"),
)
_SECTION = re.compile(
    r"\s*(?:" + "|".join(f"(?P<s{k}>{words})" for k, (_, words) in enumerate(_SECTIONS)) + r")(?=\s|$)(?!\s*:)",
    re.IGNORECASE | re.ASCII,
)
_TOKEN = re.compile(
    r"[ \t\v\f\r]*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<sign><->|->|<=|=<|>=|=>|==|[<>=+\-*^/:\[\]])"
    r"|(?P<name>(?:[^\W\d]|[!\"#$%&(),;?@`'{}~|])[\w!\"#$%&(),.;?@`'{}~|]*(?:\[[^\s\[\]<>=+*^:]*\])*))"
)


class Token(NamedTuple):
    """A word: of what kind, and where."""

    kind: str  # number, sign, name, section, end of text
    text: str
    line: int


def tokens(text: str, name: str) -> Iterator[Token]:
    """The words one after another, and an 'end of text'.

    Raises:
        InputError: with the line, for what is no word, and for a section that is not read.
    """
    number = 0
    for number, whole in enumerate(text.split("\n"), start=1):
        line = whole.partition("\\")[0]
        place = 0
        section = _SECTION.match(line)
        if section is not None:
            kind = _SECTIONS[int(str(section.lastgroup)[1:])][0]
            if kind == "refused" or line[section.end() :].strip().lower().startswith("multi-objective"):
                raise InputError(
                    f"{name}, line {number}: {line.strip()[:60]!r} came, which is not read",
                    hint="state it as linear rows over binary variables",
                )
            yield Token("section", kind, number)
            place = section.end()
        for match in _TOKEN.finditer(line, place):
            if match.start() != place:
                break
            place, kind, word = match.end(), str(match.lastgroup), match[match.lastgroup or 0]
            if word == "0" and line[place : place + 1] in ("x", "X"):  # some readers take it for a hexadecimal number
                raise InputError(
                    f"{name}, line {number}: {word + line[place : place + 4]!r} could be a number or a term",
                    hint="put a space between the coefficient and the name",
                )
            yield Token(kind, word, number)
        if line[place:].strip(" \t\v\f\r"):  # a space of another kind is part of a name to some readers
            raise InputError(
                f"{name}, line {number}: {line[place : place + 20].strip()!r} cannot be read", hint="correct the line"
            )
    yield Token("end of text", "", number + 1)
