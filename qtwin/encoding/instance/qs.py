"""The .qs files of QOBLIB, as Zimpl writes them: x' Q x + offset, with the upper triangle of a
symmetric Q.

Comments begin with ``#``; one says ``# ObjectiveOffset v``. Then come ``variables entries`` and an
entry a line, ``i j v`` counted from 1. An entry off the diagonal stands for both halves of Q, so
that its product has the coefficient 2 v (Koch et al. 2025, arXiv:2504.03832, whose maximum
independent sets show it: an edge costs 2 and is written as 1).
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.instance.entries import (
    check_announced,
    check_count,
    check_size,
    entries,
    finite,
    whole,
)
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError


def write(encoding: BinaryModel) -> str:
    """The polynomial, penalties included; names and constraints are not kept.

    Raises:
        InputError: for a degree above 2.
    """
    p = encoding.polynomial
    if p.degree > 2:
        raise InputError(
            f"expected degree 2 at most for .qs, got degree {p.degree}",
            hint="quadratise it, or write .json",
        )
    entries = sorted(
        (t[0] + 1, t[-1] + 1, c if len(t) == 1 else c / 2.0) for t, c in p.terms.items() if t
    )
    lines = [
        f"# ObjectiveOffset {p.constant!r}",
        f"{p.n_variables} {len(entries)}",
        *(f"{i} {j} {c!r}" for i, j, c in entries),
    ]
    return "\n".join(lines) + "\n"


def read(text: str, name: str) -> BinaryModel:
    """The energy; nobody knows what of it is penalty.

    Raises:
        InputError: with the line, for numbers that are none, a variable that is not there, an entry
            below the diagonal or given twice, or counts that do not agree.
    """
    offset, size = 0.0, (-1, -1)
    lines: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split(None, 3)
        if not words:
            continue
        where = f"{name}, line {number}"
        if words[0].startswith("#"):
            if words[1:2] == ["ObjectiveOffset"] and len(words) == 3:
                offset = finite(words[2], where)
        elif size[0] < 0:
            if len(words) != 2:
                raise InputError(
                    f"{where}: expected 'variables entries', got {line.strip()[:60]!r}",
                    hint="is it a .qs file?",
                )
            size = whole(words[0], where), whole(words[1], where)
            check_announced(size[0], size[1], where)
            check_count(size[1], where)
        else:
            lines.append(line)
            numbers.append(number)
    if size[0] < 0 or len(lines) != size[1]:
        where = f"{name}, line {numbers[size[1]]}" if 0 <= size[1] < len(lines) else name
        announced = (
            f"{size[1]} entries as announced" if size[0] >= 0 else "a line 'variables entries'"
        )
        raise InputError(
            f"{where}: expected {announced}, got {len(lines)} entries",
            hint="the file may be cut off",
        )
    i, j, values = entries(lines, numbers, name, size[0], first=1)
    below = np.flatnonzero(i > j)
    if len(below):
        at = int(below[0])
        raise InputError(
            f"{name}, line {numbers[at]}: expected an entry with i <= j, got one at "
            f"({i[at] + 1}, {j[at] + 1})",
            hint="correct the line",
        )
    terms = zip(
        i.tolist(), j.tolist(), np.where(i == j, values, 2.0 * values).tolist(), strict=True
    )
    polynomial = BinaryPolynomial.of(
        size[0], [((), offset), *(((a,) if a == b else (a, b), c) for a, b, c in terms)]
    )
    check_size(polynomial, name)
    return BinaryModel(
        polynomial=polynomial,
        objective=polynomial,
        variables=tuple(f"x{i + 1}" for i in range(size[0])),
        n_decision=size[0],
        constraints_known=False,
    )
