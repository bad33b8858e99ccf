"""The .qs files of QOBLIB, as Zimpl writes them: x' Q x + offset, with the upper triangle of a symmetric Q.

Comments begin with ``#``; one says ``# ObjectiveOffset v``. Then come ``variables entries`` and an entry a line, ``i j v``
counted from 1. An entry off the diagonal stands for both halves of Q, so that its product has the coefficient 2 v (Koch et al.
2025, arXiv:2504.03832, whose maximum independent sets show it: an edge costs 2 and is written as 1).
"""

from __future__ import annotations

import math

from qtwin.encoding.encoding import Encoding
from qtwin.encoding.instance.size import check_announced, check_size
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError

_MOST_ENTRIES = 2_500_000


def write(encoding: Encoding) -> str:
    """The polynomial, penalties included; names and constraints are not kept.

    Raises:
        InputError: for a degree above 2.
    """
    p = encoding.polynomial
    if p.degree > 2:
        raise InputError(f"a polynomial of degree {p.degree} came, .qs holds degree 2", hint="quadratise it, or write .json")
    entries = sorted((t[0] + 1, t[-1] + 1, c if len(t) == 1 else c / 2.0) for t, c in p.terms.items() if t)
    lines = [f"# ObjectiveOffset {p.constant!r}", f"{p.n_variables} {len(entries)}", *(f"{i} {j} {c!r}" for i, j, c in entries)]
    return "\n".join(lines) + "\n"


def read(text: str, name: str) -> Encoding:
    """The energy; nobody knows what of it is penalty.

    Raises:
        InputError: with the line, for numbers that are none, a variable that is not there, an entry below the diagonal or given
            twice, or counts that do not agree.
    """
    offset, size = 0.0, (-1, -1)
    terms: dict[Term, float] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split()
        if not words:
            continue
        where = f"{name}, line {number}"
        if words[0].startswith("#"):
            if words[1:2] == ["ObjectiveOffset"] and len(words) == 3:
                offset = _number(words[2], where)
        elif size[0] < 0:
            if len(words) != 2:
                raise InputError(f"{where}: {line.strip()[:60]!r} came, 'variables entries' was wanted", hint="is it a .qs file?")
            size = _index(words[0], where), _index(words[1], where)
            check_announced(size[0], size[1], where)
            if size[1] > _MOST_ENTRIES:
                raise InputError(f"{where}: {size[1]:,} entries, at most {_MOST_ENTRIES:,} were wanted", hint="split it")
        else:
            if len(words) != 3 or len(terms) >= size[1]:
                raise InputError(
                    f"{where}: {line.strip()[:60]!r} came, 'i j value', {size[1]} times, was wanted", hint="correct it"
                )
            i, j, value = _index(words[0], where), _index(words[1], where), _number(words[2], where)
            term = (i - 1,) if i == j else (i - 1, j - 1)
            if not 1 <= i <= j <= size[0] or term in terms:
                raise InputError(
                    f"{where}: an entry at ({i}, {j}) came; once each, 1 <= i <= j <= {size[0]} was wanted",
                    hint="correct the line",
                )
            terms[term] = value if i == j else 2.0 * value
    if size[0] < 0 or len(terms) != size[1]:
        raise InputError(f"{name}: {len(terms)} entries came, {size[1]} were announced", hint="the file may be cut off")
    polynomial = BinaryPolynomial.of(size[0], [((), offset), *terms.items()])
    check_size(polynomial, name)
    return Encoding(
        polynomial=polynomial,
        objective=polynomial,
        variables=tuple(f"x{i + 1}" for i in range(size[0])),
        n_decision=size[0],
        constraints_known=False,
    )


def _index(word: str, where: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) <= 12):
        raise InputError(f"{where}: {word[:20]!r} came, a whole number was wanted", hint="correct the line")
    return int(word)


def _number(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: {word[:40]!r} came, a finite number was wanted", hint="correct the line")
    return value
