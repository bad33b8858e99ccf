"""Unconstrained binary quadratic problems of the OR-Library: maximise x' Q x, several problems in a
file.

A file begins with the number of its problems. Each problem is ``variables entries`` and an entry a
line, ``i j q``, counted from 1, of the upper half of a symmetric Q, so that an entry off the
diagonal counts twice (Beasley 1998, "Heuristic algorithms for the unconstrained binary quadratic
programming problem"). A file that begins with ``variables entries`` holds one problem.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.instance.entries import check_announced, check_count, check_size, entries, whole
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError


def write(encoding: BinaryModel) -> str:
    """A file of one problem.

    Raises:
        InputError: for a degree above 2 or a constant, which the format does not hold.
    """
    p = encoding.polynomial
    if p.degree > 2 or p.constant:
        kind = f"degree {p.degree}" if p.degree > 2 else f"the constant {p.constant:g}"
        raise InputError(
            f"expected degree 2 and no constant for x'Qx, got {kind}",
            hint="write .json or .qubo",
        )
    rows = sorted(
        (t[0] + 1, t[-1] + 1, -c if len(t) == 1 else -c / 2.0) for t, c in p.terms.items() if t
    )
    return (
        "\n".join(["1", f"{p.n_variables} {len(rows)}", *(f"{i} {j} {q!r}" for i, j, q in rows)])
        + "\n"
    )


def read(text: str, name: str) -> BinaryModel:
    """The problem of a file that holds one; its energy is -x'Qx, and every assignment is allowed.

    Raises:
        InputError: with the line, for what is no problem, and for several of them.
    """
    return read_problem(text, name, "")


def read_problem(text: str, name: str, problem: str) -> BinaryModel:
    """One problem of a file.

    Args:
        text: The file.
        name: Its name.
        problem: Which, counted from 1; "" where there is only one.

    Raises:
        InputError: for a problem that is not there, or what is none.
    """
    lines: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            lines.append(line)
            numbers.append(number)
    if not lines:
        raise InputError(f"{name} is empty", hint="write the number of problems, then the problems")
    place, count = 0, 1
    if len(lines[0].split()) == 1:
        place, count = 1, whole(lines[0].strip(), f"{name}, line {numbers[0]}")
    wanted = _wanted(problem, count, name)
    for k in range(1, count + 1):
        if place >= len(lines):
            raise InputError(
                f"{name}: expected {count} problems as announced, got {k - 1}",
                hint="the file may be cut off",
            )
        where, head = f"{name}, line {numbers[place]}", lines[place].split()
        if len(head) != 2:
            raise InputError(
                f"{where}: expected 'variables entries', got {lines[place].strip()[:60]!r}",
                hint="correct it",
            )
        n, announced = (whole(word, where) for word in head)
        start, place = place + 1, place + 1 + announced
        if place > len(lines):
            raise InputError(
                f"{name}: expected {announced} entries of problem {k} as announced, got "
                f"{len(lines) - start}",
                hint="the file may be cut off",
            )
        if k == wanted:
            check_announced(n, announced, where)
            check_count(announced, where)
            found = _problem(lines[start:place], numbers[start:place], name, n)
    if place < len(lines):
        raise InputError(
            f"{name}, line {numbers[place]}: expected nothing after the last problem, got "
            f"{lines[place].strip()[:60]!r}",
            hint="correct the number of problems or of entries",
        )
    return found


def _wanted(problem: str, count: int, name: str) -> int:
    """The number of the problem (InputError for one that is not there)."""
    if not problem and count == 1:
        return 1
    if (
        not (problem.isascii() and problem.isdigit() and 1 <= int(problem[:9]) <= count)
        or len(problem) > 9
    ):
        named = repr(problem[:20]) if problem else "none"
        raise InputError(
            f"{name}: expected the number of one of its {count} problems, got {named}",
            hint=f"--problem 1 to {count}" if count else "is it whole?",
        )
    return int(problem)


def _problem(lines: list[str], numbers: list[int], name: str, n: int) -> BinaryModel:
    i, j, q = entries(lines, numbers, name, n, first=1)
    terms = zip(i.tolist(), j.tolist(), (-np.where(i == j, q, 2.0 * q)).tolist(), strict=True)
    polynomial = BinaryPolynomial.of(n, [((a,) if a == b else (a, b), c) for a, b, c in terms])
    check_size(polynomial, name)
    return plain(polynomial)
