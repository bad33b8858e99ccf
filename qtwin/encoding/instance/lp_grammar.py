"""The words of an LP file: numbers, signs, names and the beginnings of sections, each with its
line.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, NoReturn

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
    r"\s*(?:"
    + "|".join(f"(?P<s{k}>{words})" for k, (_, words) in enumerate(_SECTIONS))
    + r")(?=\s|$)(?!\s*:)",
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
            if kind == "refused" or line[section.end() :].strip().lower().startswith(
                "multi-objective"
            ):
                raise InputError(
                    f"{name}, line {number}: expected a section that is read, got "
                    f"{line.strip()[:60]!r}",
                    hint="state it as linear rows over binary variables",
                )
            yield Token("section", kind, number)
            place = section.end()
        for match in _TOKEN.finditer(line, place):
            if match.start() != place:
                break
            place, kind, word = match.end(), str(match.lastgroup), match[match.lastgroup or 0]
            # some readers take it for a hexadecimal number
            if word == "0" and line[place : place + 1] in ("x", "X"):
                raise InputError(
                    f"{name}, line {number}: {word + line[place : place + 4]!r} could be a "
                    "number or a term",
                    hint="put a space between the coefficient and the name",
                )
            yield Token(kind, word, number)
        # a space of another kind is part of a name to some readers
        if line[place:].strip(" \t\v\f\r"):
            raise InputError(
                f"{name}, line {number}: {line[place : place + 20].strip()!r} cannot be read",
                hint="correct the line",
            )
    yield Token("end of text", "", number + 1)


# The grammar of an LP file, in CPLEX's format: everything in it is counted, or refused by its line.
#
# Readers differ in what they drop without a word: special ordered sets, constants inside a row,
# repeated terms of the objective, bounds beyond those of a binary variable. Here nothing is
# dropped. What two readers could take differently is refused too.

Sense = Literal["<=", ">=", "=="]
Expression = tuple[dict[str, float], float]
"""Names to coefficients, and the constant."""
MOST_TERMS = 2_500_000
"""Terms that are read."""
MOST_ROWS = 250_000
"""Rows that are read."""
_INFINITE = 1e20
"""Numbers as large as this are infinite in the format."""

_RESERVED = re.compile(
    r"free|infty|nan|end|st|subject|such|bounds?|binar(?:y|ies)|generals?|integers?|sos[12]?|multi-objectives?",
    re.IGNORECASE | re.ASCII,
)
_SENSES: dict[str, Sense] = {
    "<": "<=",
    "<=": "<=",
    "=<": "<=",
    ">": ">=",
    ">=": ">=",
    "=>": ">=",
    "=": "==",
    "==": "==",
}
_FLIPPED: dict[Sense, Sense] = {"<=": ">=", ">=": "<=", "==": "=="}


@dataclass(frozen=True, kw_only=True)
class Row:
    """sum coefficient x name, `sense`, limit; where it stands."""

    name: str
    line: int
    terms: dict[str, float]
    sense: Sense
    limit: float


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A limit of one variable, and where it stands."""

    value: float
    line: int


@dataclass(kw_only=True)
class Program:
    """A file, section by section, as it stands there; it lives inside the reader and does not
    travel.

    Attributes:
        maximise: Whether the objective is to be as large as possible.
        constant: What is added to it.
        linear, quadratic: Its terms; a pair of one name twice is a square.
        rows: The rows, ranges as two of them.
        lower, upper: Bounds that the file states.
        kinds: Names under Binary and General.
        seen: Every name and the line of its first appearance, in this order.
    """

    maximise: bool = False
    constant: float = 0.0
    linear: dict[str, float] = field(default_factory=dict)
    quadratic: dict[tuple[str, str], float] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    lower: dict[str, Bound] = field(default_factory=dict)
    upper: dict[str, Bound] = field(default_factory=dict)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)


def parse(text: str, name: str) -> Program:
    """The program in the text.

    Raises:
        InputError: with the line, for whatever is not a linear or quadratic objective under linear
            rows, bounds and kinds.
    """
    return _Parser(text, name).program()


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self._name, self._stream = name, tokens(text, name)
        self._token = next(self._stream)
        self._held: list[Token] = []
        self._terms = 0
        self._labels: dict[str, int] = {}
        self._program = Program()

    def program(self) -> Program:
        """Read all sections."""
        first = self._token
        if first.text not in ("minimise", "maximise") or first.kind != "section":
            self._refuse(first, "the file must begin with Minimize or Maximize")
        self._program.maximise = first.text == "maximise"
        self._next()
        self._objective()
        while self._token.kind == "section" and self._token.text != "end":
            section = self._next()
            if section.text == "rows":
                self._rows()
            elif section.text == "bounds":
                self._bounds()
            elif section.text in ("general", "binary"):
                self._names(section.text)
            else:
                self._refuse(section, "a second objective")
        if self._token.kind == "end of text":
            raise InputError(f"{self._name} has no line 'End'", hint="the file may be cut off")
        if self._token.kind != "section":
            self._refuse(self._token, "expected a section")
        self._next()
        if self._token.kind != "end of text":
            self._refuse(self._token, "something stands after End")
        return self._program

    def _next(self) -> Token:
        """Take the token and look at the one after it."""
        taken = self._token
        self._token = self._held.pop() if self._held else next(self._stream, taken)
        return taken

    def _peek(self) -> Token:
        if not self._held:
            self._held.append(next(self._stream, self._token))
        return self._held[-1]

    def _refuse(self, token: Token, why: str, hint: str = "correct the line") -> NoReturn:
        shown = (
            "the next section"
            if token.kind == "section"
            else token.text[:40] or "the end of the file"
        )
        raise InputError(f"{self._name}, line {token.line}: {shown!r}: {why}", hint=hint)

    def _is_number(self) -> bool:
        return self._token.kind == "number" or (
            self._token.kind == "name" and self._token.text.lower() in ("inf", "infinity")
        )

    def _number(self, sign: float = 1.0) -> float:
        """A number, whose signs have been taken."""
        if not self._is_number():
            self._refuse(self._token, "expected a number")
        value = sign * float(self._next().text)
        return math.copysign(math.inf, value) if abs(value) >= _INFINITE else value

    def _sign(self) -> tuple[float, bool]:
        """The product of all signs here, and whether there was one."""
        sign, some = 1.0, False
        while self._token.kind == "sign" and self._token.text in "+-":
            sign, some = (-sign if self._next().text == "-" else sign), True
        return sign, some

    def _variable(self) -> str:
        token = self._next()
        if token.kind != "name":
            self._refuse(token, "expected the name of a variable")
        if _RESERVED.fullmatch(token.text):
            self._refuse(token, "a word of the format, which no variable may have as its name")
        self._program.seen.setdefault(token.text, token.line)
        self._terms += 1
        if self._terms > MOST_TERMS:
            self._refuse(token, f"more than {MOST_TERMS:,} terms", hint="split the instance")
        return sys.intern(token.text)  # a name that comes a million times is kept once

    def _at_label(self) -> bool:
        return self._token.kind == "name" and self._peek().text == ":"

    def _label(self) -> str:
        if self._at_label():
            token = self._next()
            self._next()
            return token.text
        return ""

    def _finite(self, value: float, token: Token) -> float:
        if not math.isfinite(value):
            self._refuse(token, "expected a finite coefficient")
        return value

    def _expression(self, *, quadratic: bool) -> Expression:
        """Terms and constants up to a comparison, a section or the end."""
        terms: dict[str, float] = {}
        constant, first = 0.0, True
        while True:
            start = self._token
            sign, signed = self._sign()
            token = self._token
            if token.kind == "sign" and token.text == "[":
                if not quadratic:
                    self._refuse(
                        token,
                        "expected a linear row, got a quadratic one",
                        hint="put it into the objective",
                    )
                if not (signed or first):
                    self._refuse(token, "expected a sign before it")
                self._next()
                self._quadratic(sign)
            elif self._is_number() or token.kind == "name":
                if not (signed or first):
                    if self._at_label():
                        return terms, constant  # the label of the next row
                    self._refuse(token, "expected a sign before it")
                value, was_number = 1.0, self._is_number()
                if was_number:
                    value = self._number()
                if (
                    self._token.kind == "name"
                    and not self._is_number()
                    and not (was_number and self._peek().text == ":")
                ):
                    name = self._variable()
                    terms[name] = self._finite(terms.get(name, 0.0) + sign * value, token)
                else:
                    constant += sign * value
                if self._token.text in ("*", "^", "/") and self._token.kind == "sign":
                    self._refuse(
                        self._token,
                        "products and quotients stand in [ ... ] / 2 of the objective alone",
                    )
            else:
                if signed:
                    self._refuse(start, "expected a term after it")
                return terms, constant
            first = False

    def _quadratic(self, outer: float) -> None:
        """``a x ^ 2 + b x * y ... ] / 2`` into the program."""
        found: list[tuple[tuple[str, str], float]] = []
        while not (self._token.kind == "sign" and self._token.text == "]"):
            sign, signed = self._sign()
            token = self._token
            if found and not signed:
                self._refuse(token, "expected a sign before it")
            value = self._finite(self._number(), token) if self._is_number() else 1.0
            first = self._variable()
            by = self._next()
            if by.kind == "sign" and by.text == "^":
                two = self._token
                if self._number() != 2.0:
                    self._refuse(two, "expected a square")
                second = first
            elif by.kind == "sign" and by.text == "*":
                second = self._variable()
            else:
                self._refuse(by, "expected x ^ 2 or x * y between [ and ]")
            found.append(((min(first, second), max(first, second)), outer * sign * value / 2.0))
        self._next()
        half = self._next()
        if not (
            half.kind == "sign" and half.text == "/" and self._is_number() and self._number() == 2.0
        ):
            self._refuse(
                half, "expected '] / 2'", hint="the format halves what stands between [ and ]"
            )
        for pair, value in found:
            self._program.quadratic[pair] = self._program.quadratic.get(pair, 0.0) + value

    def _objective(self) -> None:
        self._label()
        start = self._token
        terms, constant = self._expression(quadratic=True)
        self._finite(constant, start)
        self._program.linear, self._program.constant = terms, constant
        if self._token.kind == "sign" or self._token.kind == "name":
            self._refuse(self._token, "expected one linear or quadratic objective")

    def _rows(self) -> None:
        while self._token.kind not in ("section", "end of text"):
            self._row()

    def _comparison(self) -> Sense:
        token = self._next()
        if token.kind != "sign" or token.text not in _SENSES:
            hint = (
                "state an indicator as linear rows"
                if token.text in ("->", "<->")
                else "write one of <=, >= and ="
            )
            self._refuse(token, "expected a comparison", hint=hint)
        return _SENSES[token.text]

    def _row(self) -> None:
        start = self._token
        if len(self._program.rows) >= MOST_ROWS:
            self._refuse(start, f"more than {MOST_ROWS:,} rows", hint="split the instance")
        label = self._label()
        terms, constant = self._expression(quadratic=False)
        sides: list[tuple[Sense, float]] = []
        if not terms:  # 'constant, comparison, row'
            sense = self._comparison()
            sides.append((_FLIPPED[sense], constant))
            terms, constant = self._expression(quadratic=False)
            if not terms:
                self._refuse(start, "a row without a variable")
        again = self._token.kind == "sign" and self._token.text in (*_SENSES, "->", "<->")
        if not sides or again:
            sense = self._comparison()
            if sides and (sides[0][0] == sense or "==" in (sides[0][0], sense)):
                self._refuse(start, "expected a range from the smaller to the larger number")
            sign, _ = self._sign()
            where = self._token
            sides.append((sense, self._number(sign)))
            if (
                self._token.kind not in ("section", "end of text")
                and self._token.line == where.line
                and not self._at_label()
            ):
                self._refuse(
                    self._token,
                    "the right side must be one number, and the next row must begin on "
                    "another line",
                )
        self._finite(constant, start)
        if not label:
            label = f"c{len(self._program.rows)}"
        elif label in self._labels:
            self._refuse(start, f"line {self._labels[label]} has a row of this name")
        self._labels[label] = start.line
        for k, (sense, limit) in enumerate(sides):
            if math.isinf(limit):
                if (limit > 0.0) == (sense == "<=") and sense != "==":
                    continue  # it always holds
                self._refuse(start, f"a row cannot be {sense} {limit}")
            name = label if not k else f"{label} other side"
            self._program.rows.append(
                Row(name=name, line=start.line, terms=terms, sense=sense, limit=limit - constant)
            )

    def _bounds(self) -> None:
        while self._token.kind not in ("section", "end of text"):
            start = self._token
            sign, signed = self._sign()
            if signed or self._is_number():
                value = self._number(sign)
                sense = _FLIPPED[self._comparison()]
                name = self._variable()
                self._bound(name, sense, value, start)
                if self._token.line == start.line and self._token.kind == "sign":
                    second = self._comparison()
                    if second == sense or "==" in (sense, second):
                        self._refuse(
                            start, "expected a range from the smaller to the larger number"
                        )
                    sign, _ = self._sign()
                    self._bound(name, second, self._number(sign), start)
            else:
                name = self._variable()
                if self._token.kind == "name" and self._token.text.lower() == "free":
                    self._next()
                    self._bound(name, ">=", -math.inf, start)
                    self._bound(name, "<=", math.inf, start)
                else:
                    sense = self._comparison()
                    sign, _ = self._sign()
                    self._bound(name, sense, self._number(sign), start)
            if self._token.line == start.line and self._token.kind != "end of text":
                self._refuse(self._token, "expected one bound a line")

    def _bound(self, name: str, sense: Sense, value: float, token: Token) -> None:
        for side, tables in ((">=", self._program.lower), ("<=", self._program.upper)):
            if sense in (side, "=="):
                before = tables.get(name)
                if before is not None and before.value != value:
                    self._refuse(token, f"another bound of {name!r} stands in line {before.line}")
                tables[name] = Bound(value=value, line=token.line)

    def _names(self, kind: str) -> None:
        names = self._program.kinds.setdefault(kind, set())
        while self._token.kind not in ("section", "end of text"):
            names.add(self._variable())
