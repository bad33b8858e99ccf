"""Named constraints on a choice of drug-dose options.

Bits are (m, n) arrays; variable i is column i.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Constraint(ABC):
    """A named condition with the reason it is there.

    Example:
        >>> import qtwin as qt
        >>> import numpy as np
        >>> from qtwin.problem.constraint import AtMostOne
        >>> rule = AtMostOne(name='one beta blocker', reason='a class once', members=(0, 1))
        >>> rule.holds(np.array([[1, 0, 1], [1, 1, 0]])).tolist()
        [True, False]
    """

    name: str
    reason: str = ""

    @abstractmethod
    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether each of the (m, n) assignments satisfies the condition."""


@dataclass(frozen=True, kw_only=True)
class AtMostOne(Constraint):
    """At most one of `members` (options of one class)."""

    members: tuple[int, ...]

    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        return np.asarray(np.asarray(bits)[:, list(self.members)].sum(axis=1) <= 1)


@dataclass(frozen=True, kw_only=True)
class AtLeastOne(Constraint):
    """At least one of `members` (options that cover one indication)."""

    members: tuple[int, ...]

    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        return np.asarray(np.asarray(bits)[:, list(self.members)].sum(axis=1) >= 1)


@dataclass(frozen=True, kw_only=True)
class NotBoth(Constraint):
    """Not both of a pair (contraindicated together)."""

    pair: tuple[int, int]

    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        b = np.asarray(bits)
        return np.asarray((b[:, self.pair[0]] == 0) | (b[:, self.pair[1]] == 0))


@dataclass(frozen=True, kw_only=True)
class AtMost(Constraint):
    """At most `limit` of all the options."""

    limit: int
    members: tuple[int, ...]

    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        return np.asarray(np.asarray(bits)[:, list(self.members)].sum(axis=1) <= self.limit)


@dataclass(frozen=True, kw_only=True)
class Exactly(Constraint):
    """Exactly `count` of the members."""

    count: int
    members: tuple[int, ...]

    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        return np.asarray(np.asarray(bits)[:, list(self.members)].sum(axis=1) == self.count)


@dataclass(frozen=True, kw_only=True)
class Cap(Constraint):
    """A sum over the chosen options stays at or under a limit: a budget, the QT prolongation, the
    anticholinergic burden.

    Attributes:
        members: Options with a weight.
        weights: What each of them adds, at least 0, in `unit`.
        limit: The most the sum may be.
        unit: Of weights and limit.
    """

    members: tuple[int, ...]
    weights: tuple[float, ...]
    limit: float
    unit: str = "1"

    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        total = np.asarray(bits)[:, list(self.members)].astype(np.float64) @ np.array(
            self.weights, dtype=np.float64
        )
        return np.asarray(total <= self.limit + tolerance_of(self.limit))

    def whole(self) -> tuple[tuple[int, ...], int]:
        """Weights and limit as whole numbers of a common step, so that the same choices hold.

        Raises:
            InputError: if a weight is negative or no step down to a thousandth makes them whole.
        """
        if any(w < 0.0 or not math.isfinite(w) for w in self.weights):
            raise InputError(
                f"{self.name}: expected weights of at least 0, got {min(self.weights)}",
                hint="correct the weights",
            )
        scale = _step(self.name, self.weights)
        return tuple(round(w * scale) for w in self.weights), math.floor(self.limit * scale + 1e-6)


@dataclass(frozen=True, kw_only=True)
class Linear(Constraint):
    """Any linear condition, sum_i weight_i x_i <=, >= or == limit, as files from elsewhere hold
    them.

    Attributes:
        members: Options with a weight.
        weights: Of either sign.
        sense: Which comparison.
        limit: The right side.
    """

    members: tuple[int, ...]
    weights: tuple[float, ...]
    sense: Literal["<=", ">=", "=="]
    limit: float

    def holds(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        total = np.asarray(bits)[:, list(self.members)].astype(np.float64) @ np.array(
            self.weights, dtype=np.float64
        )
        slack = tolerance_of(self.limit)
        if self.sense == "==":
            return np.asarray(np.abs(total - self.limit) <= slack)
        return np.asarray(
            total <= self.limit + slack if self.sense == "<=" else total >= self.limit - slack
        )

    def whole(self) -> tuple[tuple[int, ...], int]:
        """Weights and limit as whole numbers of a common step, turned to <= where the sense is >=.

        Raises:
            InputError: if no step down to a thousandth makes the weights whole, or the limit of an
                equation.
        """
        sign = -1.0 if self.sense == ">=" else 1.0
        numbers = (*self.weights, self.limit) if self.sense == "==" else self.weights
        scale = _step(self.name, numbers)
        weights = tuple(round(sign * w * scale) for w in self.weights)
        return weights, round(self.limit * scale) if self.sense == "==" else math.floor(
            sign * self.limit * scale + 1e-6
        )


def linear(
    name: str,
    members: Sequence[int],
    weights: Sequence[float],
    sense: Literal["<=", ">=", "=="],
    limit: float,
) -> Constraint:
    """The plainest constraint that says sum_i weight_i x_i <=, >= or == limit."""
    kept = [(int(i), float(w)) for i, w in zip(members, weights, strict=True) if w != 0.0]
    indices, values = tuple(i for i, _ in kept), tuple(w for _, w in kept)
    units, whole = bool(values) and all(w == 1.0 for w in values), float(limit).is_integer()
    if units and whole:
        if sense == "<=" and limit == 1.0:
            return (
                NotBoth(name=name, pair=(indices[0], indices[1]))
                if len(indices) == 2
                else AtMostOne(name=name, members=indices)
            )
        if sense == "<=" and limit >= 0.0:
            return AtMost(name=name, limit=int(limit), members=indices)
        if sense == ">=" and limit == 1.0:
            return AtLeastOne(name=name, members=indices)
        if sense == "==" and 0.0 <= limit <= len(indices):
            return Exactly(name=name, count=int(limit), members=indices)
    if sense == "<=" and limit >= 0.0 and all(w > 0.0 for w in values):
        return Cap(name=name, members=indices, weights=values, limit=float(limit))
    return Linear(name=name, members=indices, weights=values, sense=sense, limit=float(limit))


def row_of(
    constraint: Constraint,
) -> tuple[tuple[int, ...], tuple[float, ...], Literal["<=", ">=", "=="], float]:
    """(members, weights, sense, limit) of a constraint, for whoever takes linear rows.

    Raises:
        InputError: for a type that is no single row.
    """
    if isinstance(constraint, AtMostOne):
        return constraint.members, (1.0,) * len(constraint.members), "<=", 1.0
    if isinstance(constraint, AtLeastOne):
        return constraint.members, (1.0,) * len(constraint.members), ">=", 1.0
    if isinstance(constraint, NotBoth):
        return constraint.pair, (1.0, 1.0), "<=", 1.0
    if isinstance(constraint, AtMost):
        return constraint.members, (1.0,) * len(constraint.members), "<=", float(constraint.limit)
    if isinstance(constraint, Exactly):
        return constraint.members, (1.0,) * len(constraint.members), "==", float(constraint.count)
    if isinstance(constraint, Cap):
        return constraint.members, constraint.weights, "<=", constraint.limit
    if isinstance(constraint, Linear):
        return constraint.members, constraint.weights, constraint.sense, constraint.limit
    raise InputError(
        f"constraint {constraint.name!r} of type {type(constraint).__name__} is no linear row",
        hint="state it in row_of",
    )


def tolerance_of(limit: float) -> float:
    """By how much a sum may pass its limit, so that rounding decides nothing."""
    return 1e-9 * max(1.0, abs(limit))


def whole_rows(
    constraint: Constraint,
) -> list[tuple[tuple[int, ...], tuple[int, ...], Literal["<=", ">=", "=="], int]]:
    """A linear row in whole numbers for solvers that count in them, whatever its coefficients.

    Where no step down to a thousandth makes the weights whole, they are multiplied by a power of
    two up to 2^50 in all, and the limit by the same with the tolerance of `holds` added. An
    equation becomes two inequalities then.

    Raises:
        InputError: for a type that is no single row, or numbers so far apart that rounding would
            decide.
    """
    members, weights, sense, limit = row_of(constraint)
    if isinstance(constraint, Cap | Linear):
        try:
            whole, right = constraint.whole()
        except InputError:
            return _finest(constraint.name, members, weights, sense, limit)
        if sum(map(abs, whole)) + abs(right) >= 1 << 53:
            return _finest(constraint.name, members, weights, sense, limit)
        return [(members, whole, "==" if sense == "==" else "<=", right)]
    return [(members, tuple(int(w) for w in weights), sense, int(limit))]


def _finest(
    name: str,
    members: tuple[int, ...],
    weights: tuple[float, ...],
    sense: Literal["<=", ">=", "=="],
    limit: float,
) -> list[tuple[tuple[int, ...], tuple[int, ...], Literal["<=", ">=", "=="], int]]:
    slack = tolerance_of(limit)
    total = sum(map(abs, weights)) + abs(limit)
    if not math.isfinite(total):
        raise InputError(f"{name}: a number that is not finite came", hint="correct the row")
    scale = 2.0 ** (50 - math.frexp(total)[1])
    if len(members) / scale > slack:
        raise InputError(
            f"{name}: weights of {total:.3g} in all against a limit of {limit:.3g}",
            hint="rescale the row",
        )
    whole = tuple(round(w * scale) for w in weights)
    rows: list[tuple[tuple[int, ...], tuple[int, ...], Literal["<=", ">=", "=="], int]] = []
    if sense != ">=":
        rows.append((members, whole, "<=", math.floor((limit + slack) * scale)))
    if sense != "<=":
        rows.append((members, whole, ">=", math.ceil((limit - slack) * scale)))
    return rows


def is_row(constraint: Constraint) -> bool:
    """Whether `row_of` takes the constraint."""
    return isinstance(
        constraint, AtMostOne | AtLeastOne | NotBoth | AtMost | Exactly | Cap | Linear
    )


def _step(name: str, numbers: Sequence[float]) -> int:
    """The scale at which all numbers are whole."""
    for scale in (1, 2, 4, 5, 8, 10, 20, 50, 100, 1000):
        if all(math.isfinite(w) and abs(w * scale - round(w * scale)) < 1e-6 for w in numbers):
            return scale
    raise InputError(
        f"{name}: the weights {tuple(numbers)} are no multiples of a thousandth",
        hint="round them, so that bits can count",
    )
