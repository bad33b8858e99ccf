"""The text format of qbsolv: ``p qubo 0 maxNodes nNodes nCouplers``, then ``i i v`` for nodes and
``i j v`` for couplers.

It holds a quadratic polynomial and nothing else. What it cannot hold stands in comments of ours,
honoured when read again: ``c offset v`` for the constant, ``c name i text`` for the name of a
variable, and ``c qtwin {...}`` with the decision variables, the objective without penalties and the
native constraints. The last carries a digest of the polynomial, so that it is believed of no other
one. Without it nobody knows which assignments are feasible: penalties may stand in the energy.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.instance.document import constraint_of, plain_constraint
from qtwin.encoding.instance.entries import Indices, check_announced, check_size, entries, finite
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError

_WHOLE = re.compile(r"[0-9]{1,12}")
_FORM = "'p qubo 0 maxNodes nNodes nCouplers'"


def write(encoding: BinaryModel) -> str:
    """The polynomial, penalties included; objective and constraints in a comment, where options are
    variables.

    Raises:
        InputError: for a degree above 2.
    """
    p = encoding.polynomial
    if p.degree > 2:
        raise InputError(
            f"expected degree 2 at most for .qubo, got degree {p.degree}",
            hint='quadratise it (encoding.quadratise = "cover"), or write .json',
        )
    nodes = [(t[0], c) for t, c in p.terms.items() if len(t) == 1]
    couplers = [(t[0], t[1], c) for t, c in p.terms.items() if len(t) == 2]
    lines = ["c energy to be minimised over bits"]
    if p.constant:
        lines.append(f"c offset {p.constant!r}")
    lines += [f"c name {i} {' '.join(name.split())}" for i, name in enumerate(encoding.variables)]
    if encoding.constraints_known and encoding.recoded is None and encoding.quadratised is None:
        told = {
            "polynomial": _digest(p),
            "n_decision": encoding.n_decision,
            "constraints": [plain_constraint(c) | {"reason": ""} for c in encoding.constraints],
            "unwritten": list(encoding.unwritten),
            "objective": [[*t, c] for t, c in encoding.objective.terms.items()]
            if encoding.constraints
            else None,
        }
        lines.append(f"c qtwin {json.dumps(told, allow_nan=False)}")
    lines.append(f"p qubo 0 {p.n_variables} {len(nodes)} {len(couplers)}")
    lines += [f"{i} {i} {c!r}" for i, c in nodes]
    lines += [f"{i} {j} {c!r}" for i, j, c in couplers]
    return "\n".join(lines) + "\n"


def read(text: str, name: str) -> BinaryModel:
    """The polynomial, and what its comments say of it.

    Raises:
        InputError: for a missing or doubled ``p`` line, a number that is none, a variable that is
            not there, a coefficient given twice, a coupler before the nodes end, or counts that do
            not agree.
    """
    names: dict[int, str] = {}
    size: tuple[int, int, int] | None = None
    offset, told = 0.0, ""
    lines: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        first = line.lstrip()[:1]
        if first.isdigit() and size is not None:  # most lines: looked at together below
            lines.append(line)
            numbers.append(number)
            continue
        where = f"{name}, line {number}"
        words = line.split(None, 3)
        if not words:
            continue
        if words[0] == "c":
            if len(words) == 3 and words[1] == "offset":
                offset = finite(words[2], where)
            elif len(words) == 4 and words[1] == "name" and _WHOLE.fullmatch(words[2]):
                names[int(words[2])] = " ".join(words[3].split())
            elif len(words) > 2 and words[1] == "qtwin":
                told = line.split(None, 2)[2]
        elif words[0] == "p":
            size = _size(line.split(), where, before=size)
        elif size is None:
            raise InputError(
                f"{where}: {line.strip()[:60]!r} comes before the line 'p qubo ...'",
                hint="put the p line first",
            )
        else:
            raise InputError(
                f"{where}: expected 'i j value', got {line.strip()[:60]!r}",
                hint="correct the line",
            )
    if size is None:
        raise InputError(f"{name} has no line {_FORM}", hint="is it a .qubo file?")
    check_announced(size[0], len(lines), name)
    first_index, second_index, values = _entries(lines, numbers, name, size[0])
    found = (int((first_index == second_index).sum()), int((first_index != second_index).sum()))
    if found != size[1:]:
        raise InputError(
            f"{name}: expected {size[1]} nodes and {size[2]} couplers as announced, "
            f"got {found[0]} and {found[1]}",
            hint="the file may be cut off",
        )
    polynomial = _polynomial(size[0], offset, first_index, second_index, values)
    check_size(polynomial, name)
    variables = tuple(names.get(i, f"x{i}") for i in range(size[0]))
    made = BinaryModel(
        polynomial=polynomial,
        objective=polynomial,
        variables=variables,
        n_decision=size[0],
        constraints_known=False,
    )
    return _told(made, told, name) if told else made


def _entries(
    lines: Sequence[str], numbers: Sequence[int], name: str, n: int
) -> tuple[Indices, Indices, NDArray[np.float64]]:
    """(lower index, higher index, value) of the entries, nodes first."""
    first, second, values = entries(lines, numbers, name, n, first=0)
    low, high = np.minimum(first, second), np.maximum(first, second)
    node = low == high
    if len(low) and not node[: int(node.sum())].all():
        late = int(np.flatnonzero(node & (np.cumsum(~node) > 0))[0])
        raise InputError(
            f"{name}, line {numbers[late]}: a node comes after the first coupler",
            hint="list all nodes first",
        )
    order = np.lexsort((high, low, ~node))
    return low[order], high[order], values[order]


def _polynomial(
    n: int, offset: float, low: Indices, high: Indices, values: NDArray[np.float64]
) -> BinaryPolynomial:
    nodes = int((low == high).sum())
    terms: dict[Term, float] = {(): offset} if offset else {}
    lows, highs, numbers = low.tolist(), high.tolist(), values.tolist()
    terms |= zip(((i,) for i in lows[:nodes]), numbers[:nodes], strict=True)
    terms |= zip(zip(lows[nodes:], highs[nodes:], strict=True), numbers[nodes:], strict=True)
    if not values.all():
        terms = {t: c for t, c in terms.items() if c}
    return BinaryPolynomial(n_variables=n, terms=terms)


def _digest(polynomial: BinaryPolynomial) -> str:
    """SHA-256 of size, terms and coefficients."""
    told = hashlib.sha256(str(polynomial.n_variables).encode())
    for term, c in sorted(polynomial.terms.items()):
        told.update(f"{term}{c!r}".encode())
    return told.hexdigest()


def _told(made: BinaryModel, told: str, name: str) -> BinaryModel:
    """The encoding with the constraints of its comment, where that was written of this
    polynomial.
    """
    try:
        known = json.loads(told)
        if known["polynomial"] != _digest(made.polynomial):
            return made
        n = int(known["n_decision"])
        constraints = tuple(constraint_of(c, name, n) for c in known["constraints"])
        given = (
            made.polynomial.terms.items()
            if known["objective"] is None
            else [(t[:-1], t[-1]) for t in known["objective"]]
        )
        objective = BinaryPolynomial.of(made.polynomial.n_variables, given)
        unwritten = tuple(str(c) for c in known["unwritten"])
        return replace(
            made,
            objective=objective,
            n_decision=n,
            constraints=constraints,
            unwritten=unwritten,
            constraints_known=True,
        )
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
        raise InputError(
            f"{name}: the line 'c qtwin ...' cannot be read",
            hint="take the line out, or write the file again",
        ) from None


def _size(
    words: list[str], where: str, *, before: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    if before is not None:
        raise InputError(f"{where}: a second p line", hint="one instance a file")
    if len(words) != 6 or words[1] != "qubo" or not all(_WHOLE.fullmatch(w) for w in words[3:]):
        raise InputError(
            f"{where}: expected {_FORM}, got {' '.join(words)[:80]!r}", hint="correct it"
        )
    if words[2] not in ("0", "unconstrained"):
        raise InputError(
            f"{where}: expected topology 0 (unconstrained), got {words[2][:20]!r}",
            hint="only 0 is in use",
        )
    return int(words[3]), int(words[4]), int(words[5])
