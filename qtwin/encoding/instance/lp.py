"""Which values each variable of an LP file takes: from its kind, its bounds, and where those are
missing from the rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from qtwin.encoding.instance.entries import MOST_VARIABLES, check_size
from qtwin.encoding.instance.lp_grammar import MOST_TERMS, Program, Row, parse
from qtwin.encoding.integers import WholeNumber, weights_of
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, Exactly, linear, row_of

NEAR = 1e-9
"""By how much a bound may miss a whole number."""
_WIDEST = 1_000_000_000
"""Most by which the bounds of a whole number may differ: 30 bits."""
_ROUNDS = 10
"""How often the rows are gone through for bounds, if they are not many."""
_LOOKS = 4_000_000
"""Terms that are looked at for bounds, once at least."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """From `low` to `high`, both among the values; in steps of 1 unless both are the same.

    Attributes:
        low, high: The ends.
        is_bit: Whether it is a bit, which its bounds may fix.
    """

    low: float
    high: float
    is_bit: bool

    @property
    def is_constant(self) -> bool:
        """Whether it needs no bit."""
        return self.low == self.high and not self.is_bit


def ranges_of(program: Program, name: str) -> dict[str, Range]:
    """The range of every variable.

    Raises:
        InputError: with the line, for a variable that is neither binary, nor whole and bounded, nor
            fixed; for bounds that hold no value; and for bounds of a binary variable that readers
            take differently.
    """
    binary, general = program.kinds.get("binary", set()), program.kinds.get("general", set())
    found = {
        v: _stated(program, v, name, is_binary=v in binary, is_whole=v in binary or v in general)
        for v in program.seen
    }
    open_ended = {
        v
        for v, (low, high) in found.items()
        if v in general and v not in binary and not high - low <= _WIDEST
    }
    if open_ended:
        _tighten(program.rows, found, open_ended)
    ranges = {}
    for v, (low, high) in found.items():
        where = _where(program, v, name)
        if low != high and v not in binary and v not in general:
            raise InputError(
                f"{where}: {v!r} is no binary variable",
                hint="list it under Binary, or fix it under Bounds",
            )
        if not high - low <= _WIDEST:
            raise InputError(
                f"{where}: {v!r} is a whole number from {low:g} to {high:g}, of which "
                "neither its bounds nor the rows make a "
                "bounded one",
                hint=f"state bounds at most {_WIDEST:,} apart under Bounds",
            )
        is_bit = (v in binary or v in general) and 0.0 <= low <= high <= 1.0
        ranges[v] = Range(low=low, high=high, is_bit=is_bit)
    return ranges


def _where(program: Program, v: str, name: str) -> str:
    bound = program.upper.get(v) or program.lower.get(v)
    return f"{name}, line {bound.line if bound else program.seen[v]}"


def _stated(
    program: Program, v: str, name: str, *, is_binary: bool, is_whole: bool
) -> tuple[float, float]:
    """Bounds as the file states them, to the whole numbers inside."""
    low, high = program.lower.get(v), program.upper.get(v)
    least, most = low.value if low else 0.0, high.value if high else math.inf
    if is_binary:
        if least <= -1.0 + NEAR or 2.0 - NEAR <= most < math.inf:
            raise InputError(
                f"{_where(program, v, name)}: {v!r} is binary and has bounds from {least:g} "
                f"to {most:g}, which readers take "
                "differently",
                hint="state bounds inside 0 to 1, or none",
            )
        most = min(most, 1.0)
    if is_whole:
        least, most = _up(least), _down(most)
    if least > most or (least == most and math.isinf(least)):
        raise InputError(
            f"{_where(program, v, name)}: no value of {v!r} lies inside its bounds",
            hint="correct its bounds",
        )
    return least, most


def _tighten(rows: list[Row], found: dict[str, tuple[float, float]], open_ended: set[str]) -> None:
    """Bounds of some variables that the rows imply, where those of the others are known; nothing
    that the rows allow is lost.
    """
    mine = [row for row in rows if open_ended & row.terms.keys()]
    size = sum(len(row.terms) for row in mine)
    for _ in range(max(1, min(_ROUNDS, _LOOKS // max(size, 1)))):
        before = {v: found[v] for v in open_ended}
        for row in mine:
            for sign in (1.0, -1.0):  # the row as 'at most', and as 'at least' turned around
                if row.sense == (">=" if sign > 0.0 else "<="):
                    continue
                least = {
                    v: min(sign * c * end for end in found[v]) if c else 0.0
                    for v, c in row.terms.items()
                }
                endless = [v for v, value in least.items() if math.isinf(value)]
                total = sum(value for value in least.values() if math.isfinite(value))
                for v in open_ended & row.terms.keys():
                    if endless in ([], [v]) and row.terms[v]:
                        left = sign * row.limit - total + (0.0 if endless else least[v])
                        found[v] = _cut(found[v], sign * row.terms[v], left)
        if before == {v: found[v] for v in open_ended}:
            return


def _cut(ends: tuple[float, float], weight: float, limit: float) -> tuple[float, float]:
    """The ends under weight x value <= limit; never an empty range, so that the row is left to say
    that nothing fits.
    """
    low, high = ends
    end = limit / weight
    slack = NEAR * max(1.0, abs(end))
    if not math.isfinite(end):
        return ends
    if weight > 0.0:
        return low, max(low, min(high, float(math.floor(end + slack))))  # -inf below is below all
    return min(high, max(low, float(math.ceil(end - slack)))), high


def _up(value: float) -> float:
    return float(math.ceil(value - NEAR)) if math.isfinite(value) else value


def _down(value: float) -> float:
    return float(math.floor(value + NEAR)) if math.isfinite(value) else value


# The LP format of CPLEX: a linear or quadratic objective, linear rows, bounds, binary and whole
# variables.
#
# Variables are called x0, x1, ... in what is written, since names of doses hold spaces; comments
# keep the names: ``\ x0 is donepezil 10 mg``. What is read is counted in full or refused by its
# line (`lp_grammar`); whole numbers become bits.

_NAME = re.compile(r"^\\ (x\d{1,9}) is (.+)$", re.MULTILINE)
_LABEL = re.compile(r"^\\ (c\d{1,9}) is (.+)$", re.MULTILINE)
_MOST_BITS = 100_000
"""Of the whole numbers of a file."""
_OURS = re.compile(r"^x(0|[1-9]\d*)$")


def write(encoding: BinaryModel) -> str:
    """The objective under native constraints; without constraints the energy.

    Penalties are left to whoever reads it.

    Raises:
        InputError: for a degree above 2.
    """
    native = bool(encoding.constraints)
    target = encoding.objective if native else encoding.polynomial
    n = encoding.n_decision if native else target.n_variables
    if target.degree > 2:
        raise InputError(
            f"expected an objective of degree 2 at most for .lp, got degree {target.degree}",
            hint="quadratise it, or write .json",
        )
    names = (
        [f"option {i}" for i in range(n)]
        if native and encoding.recoded is not None
        else list(encoding.variables[:n])
    )
    lines = ["\\ energy to be minimised over bits"]
    lines += [f"\\ x{i} is {' '.join(name.split())}" for i, name in enumerate(names)]
    lines += [f"\\ c{k} is {' '.join(c.name.split())}" for k, c in enumerate(encoding.constraints)]
    lines += ["Minimize", " obj:", *_wrapped(_terms(target.terms.items()))]
    pairs = [
        f"{_signed(2.0 * c)} x{t[0]} * x{t[1]}" for t, c in target.terms.items() if len(t) == 2
    ]
    if pairs:
        lines += ["  + [", *_wrapped(pairs), "  ] / 2"]
    lines.append("Subject To")
    for k, c in enumerate(encoding.constraints):
        members, weights, sense, limit = row_of(c)
        if not members:  # the format has no row without a variable; this one says the same of x0
            members, weights = (0,), (0.0,)
        body = _terms(((i,), w) for i, w in zip(members, weights, strict=True))
        lines += [
            f" c{k}:",
            *_wrapped(body),
            f"  {'=' if sense == '==' else sense} {float(limit)!r}",
        ]
    lines += ["Binary", *_wrapped(f"x{i}" for i in range(n)), "End"]
    return "\n".join(lines) + "\n"


def _signed(value: float) -> str:
    return f"{'-' if value < 0.0 else '+'} {abs(float(value))!r}"


def _terms(terms: Iterable[tuple[Term, float]]) -> list[str]:
    return [_signed(c) if not t else f"{_signed(c)} x{t[0]}" for t, c in terms if len(t) < 2]


def _wrapped(words: Iterable[str]) -> list[str]:
    """Lines of a few words each: readers limit the length of a line."""
    listed = list(words)
    return ["  " + " ".join(listed[k : k + 8]) for k in range(0, len(listed), 8)]


def read(text: str, name: str) -> BinaryModel:
    """The objective under the rows as native constraints, and as an energy with proven penalties.

    Raises:
        InputError: with the line, for what is no objective under linear rows over binary and
            bounded whole variables.
    """
    program = parse(text, name)
    if not program.seen:
        raise InputError(f"{name} holds no variable", hint="is it an LP file?")
    ranges = ranges_of(program, name)
    told = dict(_NAME.findall(text))
    _check_bits(program, ranges, name)
    inside, whole_numbers, names = _in_bits(_order(program, ranges, told, name), ranges, told)
    forms = {v: inside.get(v) or (ranges[v].low, ()) for v in program.seen}
    objective = BinaryPolynomial.of(len(names), _objective(program, forms))
    program.linear, program.quadratic = {}, {}  # a large one takes as much memory again
    labels = dict(_LABEL.findall(text)) if told else {}
    constraints: list[Constraint] = [
        Exactly(name=f"{v} = {ranges[v].low:g}", count=int(ranges[v].low), members=(form[1][0][0],))
        for v, form in inside.items()
        if v in ranges and ranges[v].low == ranges[v].high
    ]
    for row in program.rows:
        limit = row.limit - sum(c * forms[v][0] for v, c in row.terms.items())
        if not all(math.isfinite(v) for v in (limit, *row.terms.values())):
            raise InputError(
                f"{name}, line {row.line}: expected numbers whose sum is finite, got an overflow",
                hint="rescale the row",
            )
        weights = [(i, c * w) for v, c in row.terms.items() for i, w in forms[v][1]]
        if any(w for _, w in weights) or not _holds(limit, row.sense):
            label = labels.get(row.name, row.name)
            constraints.append(
                linear(label, [i for i, _ in weights], [w for _, w in weights], row.sense, limit)
            )
    check_size(objective, name)
    if constraints:
        made = encode(
            objective * -1.0, names=names, constraints=constraints, feasible=None, leave_out=True
        )
    else:
        made = replace(plain(objective), variables=tuple(names))
    return replace(made, whole_numbers=whole_numbers)


_Form = tuple[float, tuple[tuple[int, float], ...]]
"""A variable as a constant, and bits with their weights."""


def _pieces(form: _Form) -> list[tuple[Term, float]]:
    constant: list[tuple[Term, float]] = [((), form[0])] if form[0] or not form[1] else []
    return [*constant, *(((i,), w) for i, w in form[1])]


def _objective(program: Program, forms: Mapping[str, _Form]) -> Iterator[tuple[Term, float]]:
    """What is minimised, over bits, term by term."""
    sign = -1.0 if program.maximise else 1.0
    yield (), sign * program.constant
    for v, c in program.linear.items():
        for t, w in _pieces(forms[v]):
            yield t, sign * c * w
    for (u, v), c in program.quadratic.items():
        for (t, w), (s, x) in product(_pieces(forms[u]), _pieces(forms[v])):
            yield (*t, *s), sign * c * w * x


def _check_bits(program: Program, ranges: Mapping[str, Range], name: str) -> None:
    """Refuse whole numbers that stand in more bits, or terms of bits, than can be held
    (InputError).
    """
    width = {
        v: 1 if r.is_bit else int(r.high - r.low).bit_length()
        for v, r in ranges.items()
        if not r.is_constant
    }
    bits = sum(width.values())
    pieces = {v: n + (ranges[v].low != 0.0 and not ranges[v].is_bit) for v, n in width.items()}
    terms = sum(pieces.get(u, 1) * pieces.get(v, 1) for u, v in program.quadratic)
    terms += sum(
        width.get(v, 0) for row in (program.linear, *(r.terms for r in program.rows)) for v in row
    )
    if bits > max(_MOST_BITS, len(width)) or terms > MOST_TERMS:
        raise InputError(
            f"{name}: expected whole numbers of at most {_MOST_BITS:,} bits and {MOST_TERMS:,} "
            f"terms, got {bits:,} and {terms:,}",
            hint="state narrower bounds under Bounds",
        )


def _in_bits(
    order: Sequence[str], ranges: Mapping[str, Range], told: Mapping[str, str]
) -> tuple[dict[str, _Form], tuple[WholeNumber, ...], list[str]]:
    """Variables that are no constants as they stand in bits, those in several, and the names of the
    bits.
    """
    forms: dict[str, _Form] = {}
    whole_numbers: list[WholeNumber] = []
    names: list[str] = []
    for v in order:
        found, called = ranges.get(v), told.get(v, v)
        if found is None or found.is_bit:
            forms[v] = (0.0, ((len(names), 1.0),))
            names.append(called)
            continue
        weights = weights_of(int(found.high - found.low))
        bits = tuple(range(len(names), len(names) + len(weights)))
        forms[v] = (found.low, tuple(zip(bits, map(float, weights), strict=True)))
        whole_numbers.append(
            WholeNumber(name=called, lower=int(found.low), bits=bits, weights=weights)
        )
        names += [f"{called} bit {k}" for k in range(len(weights))]
    return forms, tuple(whole_numbers), names


def _holds(limit: float, sense: str) -> bool:
    """Whether 0 `sense` limit."""
    return (
        abs(limit) <= NEAR if sense == "==" else limit >= -NEAR if sense == "<=" else limit <= NEAR
    )


def _order(
    program: Program, ranges: Mapping[str, Range], told: Mapping[str, str], name: str
) -> list[str]:
    """The variables that are no constants: in our own files by their number, else as they come."""
    inside = [v for v in program.seen if not ranges[v].is_constant]
    ours = [_OURS.match(v) for v in inside]
    if not inside or not all(ours):
        return inside
    count = 1 + max(int(m.group(1)) for m in ours if m)
    if count > MOST_VARIABLES and count > len(inside):
        raise InputError(
            f"{name}: expected at most {MOST_VARIABLES:,} variables, got names up to x{count - 1}",
            hint="number them from x0 on, without gaps",
        )
    return [f"x{i}" for i in range(count)] if told or count == len(inside) else inside
