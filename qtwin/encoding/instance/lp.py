r"""The LP format of CPLEX: a linear or quadratic objective, linear rows, bounds, binary variables.

Variables are called x0, x1, ... in what is written, since names of doses hold spaces; comments keep the names:
``\ x0 is donepezil 10 mg``. What is read is counted in full or refused by its line (`lp_grammar`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from qtwin.encoding.encoding import Encoding, plain
from qtwin.encoding.instance.lp_grammar import Program, parse
from qtwin.encoding.instance.size import MOST_VARIABLES, check_size
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, Exactly, linear, row_of

_NAME = re.compile(r"^\\ (x\d{1,9}) is (.+)$", re.MULTILINE)
_LABEL = re.compile(r"^\\ (c\d{1,9}) is (.+)$", re.MULTILINE)
_OURS = re.compile(r"^x(0|[1-9]\d*)$")
_NEAR = 1e-9
"""By how much a bound may miss a whole number."""


def write(encoding: Encoding) -> str:
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


def read(text: str, name: str) -> Encoding:
    """The objective under the rows as native constraints, and as an energy with proven penalties.

    Raises:
        InputError: with the line, for what is no objective under linear rows over binary variables.
    """
    program = parse(text, name)
    if not program.seen:
        raise InputError(f"{name} holds no variable", hint="is it an LP file?")
    values, fixed = _bits(program, name)
    told = dict(_NAME.findall(text))
    order = _order(program, values, told, name)
    place = {v: i for i, v in enumerate(order)}
    sign = -1.0 if program.maximise else 1.0
    terms: list[tuple[Term, float]] = [((), sign * program.constant)]
    for pair, c in [*(((v,), c) for v, c in program.linear.items()), *program.quadratic.items()]:
        terms.append((tuple(place[v] for v in pair if v in place), sign * c * math.prod(values.get(v, 1.0) for v in pair)))
    objective = BinaryPolynomial.of(len(order), terms)
    labels = dict(_LABEL.findall(text)) if told else {}
    constraints: list[Constraint] = [Exactly(name=f"{v} = {one}", count=one, members=(place[v],)) for v, one in fixed.items()]
    for row in program.rows:
        limit = row.limit - sum(c * values[v] for v, c in row.terms.items() if v in values)
        inside = [v for v in row.terms if v in place]
        if not all(math.isfinite(v) for v in (limit, *row.terms.values())):
            raise InputError(f"{name}, line {row.line}: numbers too large to add came", hint="rescale the row")
        if any(row.terms[v] for v in inside) or not _holds(limit, row.sense):
            label = labels.get(row.name, row.name)
            constraints.append(linear(label, [place[v] for v in inside], [row.terms[v] for v in inside], row.sense, limit))
    names = tuple(told.get(v, v) for v in order)
    check_size(objective, name)
    if not constraints:
        return replace(plain(objective), variables=names)
    return encode(objective * -1.0, names=names, constraints=constraints, feasible=None, leave_out=True)


def _holds(limit: float, sense: str) -> bool:
    """Whether 0 `sense` limit."""
    return abs(limit) <= _NEAR if sense == "==" else limit >= -_NEAR if sense == "<=" else limit <= _NEAR


def _order(program: Program, values: Mapping[str, float], told: Mapping[str, str], name: str) -> list[str]:
    """The variables: in our own files by their number, else as they come."""
    inside = [v for v in program.seen if v not in values]
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


def _bits(program: Program, name: str) -> tuple[dict[str, float], dict[str, int]]:
    """Names that stand for a constant, with its value; bits that their bounds fix, with theirs. All others are free bits."""
    constants: dict[str, float] = {}
    fixed: dict[str, int] = {}
    binary, general = program.kinds.get("binary", set()), program.kinds.get("general", set())
    for v, line in program.seen.items():
        low, high = program.lower.get(v), program.upper.get(v)
        least, most = low.value if low else 0.0, high.value if high else math.inf
        bound = high or low
        where = f"{name}, line {bound.line if bound else line}"
        if v in binary:
            if least <= -1.0 + _NEAR or 2.0 - _NEAR <= most < math.inf:
                raise InputError(
                    f"{where}: {v!r} is binary and has bounds from {least:g} to {most:g}, which readers take differently",
                    hint="bounds inside 0 to 1 were wanted, or none",
                )
            most = min(most, 1.0)
        if v in binary or v in general:
            least, most = _up(least), _down(most)
        if least > most or (least == most and math.isinf(least)):
            raise InputError(f"{where}: no value of {v!r} lies inside its bounds", hint="correct its bounds")
        if least == most and least in (0.0, 1.0) and (v in binary or v in general):
            fixed[v] = int(least)
        elif least == most:
            constants[v] = least
        elif not (v in binary or v in general):
            raise InputError(f"{where}: {v!r} is no binary variable", hint="list it under Binary, or fix it under Bounds")
        elif (least, most) != (0.0, 1.0):
            raise InputError(
                f"{where}: {v!r} is no binary variable, its bounds are {least:g} to {most:g}", hint="write integers as bits first"
            )
    return constants, fixed


def _up(value: float) -> float:
    return float(math.ceil(value - _NEAR)) if math.isfinite(value) else value


def _down(value: float) -> float:
    return float(math.floor(value + _NEAR)) if math.isfinite(value) else value
