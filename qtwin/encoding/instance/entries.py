"""What a file is by its first lines, where its suffix does not tell."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError

_COMMENT = re.compile(r"\s*(?:[#\\]|c(?:\s|$))")
_WHOLE = re.compile(r"\d+")
_LOOKED_AT = 1 << 16
"""Characters in which the first line that is no comment is looked for."""


def suffix_by_content(text: str) -> str:
    """The suffix that such a file has elsewhere; "" for a kind that is not known."""
    head = text[:_LOOKED_AT]
    if head.lstrip()[:1] == "{":
        return ".json"
    if re.match(r"\s*(?:\\.*\n\s*)*(?:min|max)", head, re.IGNORECASE):
        return ".lp"
    lines = head.split("\n")
    words = next((line.split() for line in lines if line.strip() and not _COMMENT.match(line)), [])
    if words[:2] == ["p", "qubo"]:
        return ".qubo"
    if not words or not all(map(_WHOLE.fullmatch, words)):
        return ""
    if any(line.startswith("# ObjectiveOffset") for line in lines):
        return ".qs"
    return {1: ".bqp", 2: ".mc"}.get(len(words), "")


# Lines of the form 'i j value', as most formats of quadratic problems have them: read together,
# refused one by one.

MOST_ENTRIES = 2_500_000
"""Entries that are read."""
Indices = NDArray[np.int64]
_WHOLE_NUMBER = re.compile(r"[0-9]{1,12}")


def whole(word: str, where: str) -> int:
    """A number of variables, of entries, or an index; else InputError."""
    if not _WHOLE_NUMBER.fullmatch(word):
        raise InputError(
            f"{where}: expected a whole number, got {word[:20]!r}", hint="correct the line"
        )
    return int(word)


def finite(word: str, where: str) -> float:
    """A coefficient; else InputError."""
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{where}: expected a finite number, got {word[:40]!r}", hint="correct the line"
        )
    return value


def check_count(count: int, where: str) -> None:
    """Refuse more entries than are read (InputError)."""
    if count > MOST_ENTRIES:
        raise InputError(
            f"{where}: expected at most {MOST_ENTRIES:,} entries, got {count:,}",
            hint="split it",
        )


def entries(
    lines: Sequence[str], numbers: Sequence[int], name: str, n: int, *, first: int
) -> tuple[Indices, Indices, NDArray[np.float64]]:
    """(i, j, value) in the order of the file, indices counted from 0.

    Args:
        lines: One entry each.
        numbers: Where each stands, for messages.
        name: Of the file.
        n: Number of variables.
        first: What the file counts from, 0 or 1.

    Raises:
        InputError: with the line, for what is no entry, a variable that is not there, or a pair
            that is given twice.
    """
    check_count(len(lines), name)
    try:
        table = (
            np.loadtxt(lines, dtype=np.float64, comments=None, ndmin=2)
            if lines
            else np.zeros((0, 3))
        )
    except ValueError:
        table = np.zeros((0, 0))
    index = table[:, :2] - first
    fits = table.shape == (len(lines), 3) and np.isfinite(table).all()
    if not (fits and (index == np.floor(index)).all() and (index >= 0).all() and (index < n).all()):
        for line, number in zip(lines, numbers, strict=True):
            _check(line.split(), f"{name}, line {number}", n, first)
        raise InputError(
            f"{name}: expected entries of the form 'i j value'", hint="correct the file"
        )
    i, j = index[:, 0].astype(np.int64), index[:, 1].astype(np.int64)
    key = np.minimum(i, j) * n + np.maximum(i, j)
    order = np.argsort(key, kind="stable")
    twice = np.flatnonzero(np.diff(key[order]) == 0)
    if len(twice):
        late = int(order[twice + 1].min())
        raise InputError(
            f"{name}, line {numbers[late]}: the coefficient of ({i[late] + first}, "
            f"{j[late] + first}) is given twice",
            hint="add them up",
        )
    return i, j, table[:, 2]


def _check(words: list[str], where: str, n: int, first: int) -> None:
    """Refuse an entry that is none (InputError)."""
    if len(words) != 3:
        raise InputError(
            f"{where}: expected 'i j value', got {' '.join(words)[:60]!r}",
            hint="correct the line",
        )
    for index in (whole(word, where) for word in words[:2]):
        if not first <= index < n + first:
            raise InputError(
                f"{where}: expected a variable from {first} to {n - 1 + first}, got {index}",
                hint="correct the line",
            )
    finite(words[2], where)


# How large an instance may be, so that a few bytes never ask for gigabytes.

MOST_VARIABLES = 10_000
"""Variables that a file may announce without naming each; more only where it holds as many
entries.
"""
_LARGEST = 1e100
"""Sum of the magnitudes of all coefficients, beyond which products of them overflow."""


def check_size(polynomial: BinaryPolynomial, name: str) -> None:
    """Refuse coefficients that cannot be multiplied in floating point (InputError)."""
    total = sum(map(abs, polynomial.terms.values()))
    if not total < _LARGEST:
        raise InputError(
            f"{name}: expected coefficients below {_LARGEST:.0e} in all, got {total:.0e}",
            hint="rescale them",
        )


def check_announced(n: int, entries: int, where: str) -> None:
    """Refuse more variables than the file can mean (InputError)."""
    if n > max(MOST_VARIABLES, entries):
        raise InputError(
            f"{where}: expected at most {MOST_VARIABLES:,} variables, or as many as there are "
            f"entries, got {str(n)[:12]} announced with {entries} entries",
            hint="correct the number of variables",
        )
