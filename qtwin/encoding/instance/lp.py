r"""The LP format of CPLEX: a linear or quadratic objective, linear rows, bounds, binary and whole variables.

Variables are called x0, x1, ... in what is written, since names of doses hold spaces; comments keep the names:
``\ x0 is donepezil 10 mg``. What is read is counted in full or refused by its line (`lp_grammar`); whole numbers become bits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qtwin.encoding.instance.lp_grammar import MOST_TERMS, Program, parse
from qtwin.encoding.instance.lp_ranges import NEAR, Range, ranges_of
from qtwin.encoding.instance.size import MOST_VARIABLES, check_size
from qtwin.encoding.integers import WholeNumber, weights_of
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, Exactly, linear, row_of

_NAME = re.compile(r"^\\ (x\d{1,9}) is (.+)$", re.MULTILINE)
_LABEL = re.compile(r"^\\ (c\d{1,9}) is (.+)$", re.MULTILINE)
_MOST_BITS = 100_000
"""Of the whole numbers of a file."""
_OURS = re.compile(r"^x(0|[1-9]\d*)$")


def write(encoding: BinaryModel) -> str:
    """The objective under native constraints; without constraints the energy. Penalties are left to whoever reads it.

    Raises:
        InputError: for a degree above 2.
    """
    native = bool(encoding.constraints)
    target = encoding.objective if native else encoding.polynomial
    n = encoding.n_decision if native else target.n_variables
    if target.degree > 2:
        raise InputError(f"an objective of degree {target.degree} came, .lp holds degree 2", hint="quadratise it, or write .json")
    names = [f"option {i}" for i in range(n)] if native and encoding.recoded is not None else list(encoding.variables[:n])
    lines = ["\\ energy to be minimised over bits"]
    lines += [f"\\ x{i} is {' '.join(name.split())}" for i, name in enumerate(names)]
    lines += [f"\\ c{k} is {' '.join(c.name.split())}" for k, c in enumerate(encoding.constraints)]
    lines += ["Minimize", " obj:", *_wrapped(_terms(target.terms.items()))]
    pairs = [f"{_signed(2.0 * c)} x{t[0]} * x{t[1]}" for t, c in target.terms.items() if len(t) == 2]
    if pairs:
        lines += ["  + [", *_wrapped(pairs), "  ] / 2"]
    lines.append("Subject To")
    for k, c in enumerate(encoding.constraints):
        members, weights, sense, limit = row_of(c)
        if not members:  # the format has no row without a variable; this one says the same of x0
            members, weights = (0,), (0.0,)
        body = _terms(((i,), w) for i, w in zip(members, weights, strict=True))
        lines += [f" c{k}:", *_wrapped(body), f"  {'=' if sense == '==' else sense} {float(limit)!r}"]
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
        InputError: with the line, for what is no objective under linear rows over binary and bounded whole variables.
    """
    program = parse(text, name)
    if not program.seen:
        raise InputError(f"{name} holds no variable", hint="is it an LP file?")
    ranges = ranges_of(program, name)
    told = dict(_NAME.findall(text))
    _check_bits(program, ranges, name)
    inside, whole_numbers, names = _in_bits(_order(program, ranges, told, name), ranges, told)
    forms = {v: inside.get(v) or (ranges[v].low, ()) for v in program.seen}
    sign = -1.0 if program.maximise else 1.0
    terms: list[tuple[Term, float]] = [((), sign * program.constant)]
    for v, c in program.linear.items():
        terms += [(t, sign * c * w) for t, w in _pieces(forms[v])]
    for (u, v), c in program.quadratic.items():
        terms += [((*t, *s), sign * c * w * x) for t, w in _pieces(forms[u]) for s, x in _pieces(forms[v])]
    objective = BinaryPolynomial.of(len(names), terms)
    labels = dict(_LABEL.findall(text)) if told else {}
    constraints: list[Constraint] = [
        Exactly(name=f"{v} = {ranges[v].low:g}", count=int(ranges[v].low), members=(form[1][0][0],))
        for v, form in inside.items()
        if v in ranges and ranges[v].low == ranges[v].high
    ]
    for row in program.rows:
        limit = row.limit - sum(c * forms[v][0] for v, c in row.terms.items())
        if not all(math.isfinite(v) for v in (limit, *row.terms.values())):
            raise InputError(f"{name}, line {row.line}: numbers too large to add came", hint="rescale the row")
        weights = [(i, c * w) for v, c in row.terms.items() for i, w in forms[v][1]]
        if any(w for _, w in weights) or not _holds(limit, row.sense):
            label = labels.get(row.name, row.name)
            constraints.append(linear(label, [i for i, _ in weights], [w for _, w in weights], row.sense, limit))
    check_size(objective, name)
    if constraints:
        made = encode(objective * -1.0, names=names, constraints=constraints, feasible=None, leave_out=True)
    else:
        made = replace(plain(objective), variables=tuple(names))
    return replace(made, whole_numbers=whole_numbers)


_Form = tuple[float, tuple[tuple[int, float], ...]]
"""A variable as a constant, and bits with their weights."""


def _pieces(form: _Form) -> list[tuple[Term, float]]:
    return [((), form[0]), *(((i,), w) for i, w in form[1])]


def _check_bits(program: Program, ranges: Mapping[str, Range], name: str) -> None:
    """Refuse whole numbers that stand in more bits, or terms of bits, than can be held (InputError)."""
    width = {v: 1 if r.is_bit else int(r.high - r.low).bit_length() for v, r in ranges.items() if not r.is_constant}
    bits = sum(width.values())
    terms = sum((1 + width.get(u, 0)) * (1 + width.get(v, 0)) for u, v in program.quadratic)
    terms += sum(width.get(v, 0) for row in (program.linear, *(r.terms for r in program.rows)) for v in row)
    if bits > max(_MOST_BITS, len(width)) or terms > MOST_TERMS:
        raise InputError(
            f"{name}: its whole numbers take {bits:,} bits and {terms:,} terms, at most {_MOST_BITS:,} and {MOST_TERMS:,} were "
            "wanted",
            hint="state narrower bounds under Bounds",
        )


def _in_bits(
    order: Sequence[str], ranges: Mapping[str, Range], told: Mapping[str, str]
) -> tuple[dict[str, _Form], tuple[WholeNumber, ...], list[str]]:
    """Variables that are no constants as they stand in bits, those in several, and the names of the bits."""
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
        whole_numbers.append(WholeNumber(name=called, lower=int(found.low), bits=bits, weights=weights))
        names += [f"{called} bit {k}" for k in range(len(weights))]
    return forms, tuple(whole_numbers), names


def _holds(limit: float, sense: str) -> bool:
    """Whether 0 `sense` limit."""
    return abs(limit) <= NEAR if sense == "==" else limit >= -NEAR if sense == "<=" else limit <= NEAR


def _order(program: Program, ranges: Mapping[str, Range], told: Mapping[str, str], name: str) -> list[str]:
    """The variables that are no constants: in our own files by their number, else as they come."""
    inside = [v for v in program.seen if not ranges[v].is_constant]
    ours = [_OURS.match(v) for v in inside]
    if not inside or not all(ours):
        return inside
    count = 1 + max(int(m.group(1)) for m in ours if m)
    if count > MOST_VARIABLES and count > len(inside):
        raise InputError(
            f"{name}: variables up to x{count - 1} came, at most {MOST_VARIABLES:,} variables were wanted",
            hint="number them from x0 on, without gaps",
        )
    return [f"x{i}" for i in range(count)] if told or count == len(inside) else inside
