"""The text format of qbsolv: ``p qubo 0 maxNodes nNodes nCouplers``, then ``i i v`` for nodes and ``i j v`` for couplers.

It holds a quadratic polynomial and nothing else. Two comments of ours are honoured when read again: ``c offset v`` for the
constant, and ``c name i text`` for the name of a variable. Slack variables are variables like any other in it.
"""

from __future__ import annotations

import math

from qtwin.encoding.encoding import Encoding, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError


def write(encoding: Encoding) -> str:
    """The polynomial, penalties included.

    Raises:
        InputError: for a degree above 2.
    """
    p = encoding.polynomial
    if p.degree > 2:
        raise InputError(
            f"a polynomial of degree {p.degree} came, .qubo holds degree 2",
            hint='quadratise it (encoding.quadratise = "cover"), or write .json',
        )
    nodes = [(t[0], c) for t, c in p.terms.items() if len(t) == 1]
    couplers = [(t[0], t[1], c) for t, c in p.terms.items() if len(t) == 2]
    lines = ["c energy to be minimised over bits"]
    if p.constant:
        lines.append(f"c offset {p.constant!r}")
    lines += [f"c name {i} {' '.join(name.split())}" for i, name in enumerate(encoding.variables)]
    lines.append(f"p qubo 0 {p.n_variables} {len(nodes)} {len(couplers)}")
    lines += [f"{i} {i} {c!r}" for i, c in nodes]
    lines += [f"{i} {j} {c!r}" for i, j, c in couplers]
    return "\n".join(lines) + "\n"


def read(text: str, name: str) -> Encoding:
    """A plain polynomial.

    Raises:
        InputError: for a missing or doubled ``p`` line, a number that is none, a variable that is not there, a coefficient given
            twice, a coupler before the nodes end, or counts that do not agree.
    """
    terms: dict[tuple[int, ...], float] = {}
    names: dict[int, str] = {}
    size: tuple[int, int, int] | None = None
    offset = 0.0
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        where = f"{name}, line {number}"
        if not words:
            continue
        if words[0] == "c":
            if len(words) == 3 and words[1] == "offset":
                offset = _number(words[2], where)
            elif len(words) >= 4 and words[1] == "name" and words[2].isdigit():
                names[int(words[2])] = " ".join(words[3:])
        elif words[0] == "p":
            size = _size(words, where, before=size)
        elif size is None:
            raise InputError(f"{where}: {line.strip()!r} comes before the line 'p qubo ...'", hint="put the p line first")
        else:
            term, value = _entry(words, where, size[0])
            if term in terms:
                raise InputError(f"{where}: the coefficient of {term} is given twice", hint="add them up")
            if len(term) == 1 and any(len(t) == 2 for t in terms):
                raise InputError(f"{where}: a node comes after the first coupler", hint="list all nodes first")
            terms[term] = value
    if size is None:
        raise InputError(f"{name} has no line 'p qubo 0 maxNodes nNodes nCouplers'", hint="is it a .qubo file?")
    found = (sum(len(t) == 1 for t in terms), sum(len(t) == 2 for t in terms))
    if found != size[1:]:
        raise InputError(
            f"{name}: {found[0]} nodes and {found[1]} couplers came, {size[1]} and {size[2]} were announced",
            hint="the file may be cut off",
        )
    polynomial = BinaryPolynomial.of(size[0], [((), offset), *terms.items()])
    made = plain(polynomial)
    variables = tuple(names.get(i, made.variables[i]) for i in range(size[0]))
    return Encoding(polynomial=polynomial, objective=polynomial, variables=variables, n_decision=size[0])


def _size(words: list[str], where: str, *, before: tuple[int, int, int] | None) -> tuple[int, int, int]:
    if before is not None:
        raise InputError(f"{where}: a second p line", hint="one instance a file")
    if len(words) != 6 or words[1] != "qubo" or not all(w.isdigit() for w in words[3:]):
        raise InputError(f"{where}: {' '.join(words)!r} came, 'p qubo 0 maxNodes nNodes nCouplers' was wanted", hint="correct it")
    if words[2] != "0":
        raise InputError(f"{where}: topology {words[2]!r} came, 0 (unconstrained) was wanted", hint="only 0 is in use")
    return int(words[3]), int(words[4]), int(words[5])


def _entry(words: list[str], where: str, n: int) -> tuple[tuple[int, ...], float]:
    if len(words) != 3 or not (words[0].isdigit() and words[1].isdigit()):
        raise InputError(f"{where}: {' '.join(words)!r} came, 'i j value' was wanted", hint="correct the line")
    i, j = int(words[0]), int(words[1])
    if max(i, j) >= n:
        raise InputError(f"{where}: variable {max(i, j)} came, 0 to {n - 1} were announced", hint="raise maxNodes")
    return ((i,) if i == j else (min(i, j), max(i, j))), _number(words[2], where)


def _number(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: {word!r} came, a finite number was wanted", hint="correct the line")
    return value
