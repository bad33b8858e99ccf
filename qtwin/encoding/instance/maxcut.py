"""Weighted graphs whose maximum cut is sought: the format of rudy, in which the Gset is written.

The first line is ``vertices edges``, then an edge a line, ``i j weight``, vertices counted from 1
(G. Rinaldi, rudy, 1998; the set is that of Helmberg and Rendl 2000, doi:10.1137/S1052623497328987).
The energy is minus the weight of the cut: bits say on which of its two sides a vertex stands, and
flipping all of them changes nothing. Lines that begin with ``#`` are comments.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from qtwin.encoding.instance.entries import check_announced, check_size, entries, whole
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError

_NEAR = 1e-9
"""By how much a linear coefficient may miss the sum of its edges, of that sum."""


def write(encoding: BinaryModel) -> str:
    """The graph, if the energy is minus the weight of a cut.

    Raises:
        InputError: for an energy that is none.
    """
    p = encoding.polynomial
    if p.degree > 2:
        raise InputError(
            f"expected degree 2 at most for a graph, got degree {p.degree}",
            hint="quadratise it, or write .json",
        )
    edges = {t: c / 2.0 for t, c in p.terms.items() if len(t) == 2 and c}
    linear: dict[int, float] = defaultdict(float)
    largest = max(map(abs, edges.values()), default=0.0)
    for (i, j), weight in edges.items():
        linear[i] -= weight
        linear[j] -= weight
    if p.constant or any(
        abs(p.terms.get((i,), 0.0) - linear[i]) > _NEAR * max(largest, abs(linear[i]))
        for i in range(p.n_variables)
    ):
        raise InputError(
            "expected the weight of a cut as the energy, got another quadratic",
            hint="write it as .qubo, which holds any of degree 2",
        )
    lines = [
        f"{p.n_variables} {len(edges)}",
        *(f"{i + 1} {j + 1} {_shortest(w)}" for (i, j), w in edges.items()),
    ]
    return "\n".join(lines) + "\n"


def read(text: str, name: str) -> BinaryModel:
    """The cut as an energy; every assignment is allowed.

    Raises:
        InputError: with the line, for what is no edge, a loop, an edge that is given twice, or
            counts that do not agree.
    """
    lines: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            lines.append(line)
            numbers.append(number)
    if not lines:
        raise InputError(
            f"{name} is empty", hint="write 'vertices edges', then 'i j weight' a line"
        )
    where = f"{name}, line {numbers[0]}"
    head = lines[0].split()
    if len(head) != 2:
        raise InputError(
            f"{where}: expected 'vertices edges', got {lines[0].strip()[:60]!r}",
            hint="is it a graph?",
        )
    n, announced = (whole(word, where) for word in head)
    check_announced(n, announced, where)
    if len(lines) - 1 != announced:
        raise InputError(
            f"{name}: expected {announced} edges as announced, got {len(lines) - 1}",
            hint="the file may be cut off",
        )
    i, j, weights = entries(lines[1:], numbers[1:], name, n, first=1)
    loops = np.flatnonzero(i == j)
    if len(loops):
        vertex, line_number = int(i[loops[0]]) + 1, numbers[1 + int(loops[0])]
        raise InputError(
            f"{name}, line {line_number}: an edge from vertex {vertex} to itself, which no "
            "cut holds",
            hint="if it is x'Qx to be maximised, let the name end in .bqp; if to be minimised, "
            "in .qs",
        )
    linear = np.zeros(n)
    np.subtract.at(linear, i, weights)
    np.subtract.at(linear, j, weights)
    terms = [((k,), c) for k, c in enumerate(linear.tolist())]
    pairs = zip(i.tolist(), j.tolist(), (2.0 * weights).tolist(), strict=True)
    polynomial = BinaryPolynomial.of(n, [*terms, *(((a, b), c) for a, b, c in pairs)])
    check_size(polynomial, name)
    return plain(polynomial)


def _shortest(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
