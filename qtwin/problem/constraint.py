"""Named constraints on a choice of drug-dose options. Bits are (m, n) arrays; variable i is column i."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Constraint(ABC):
    """A named condition with the reason it is there."""

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
    """A sum over the chosen options stays at or under a limit: a budget, the QT prolongation, the anticholinergic burden.

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
        total = np.asarray(bits)[:, list(self.members)].astype(np.float64) @ np.array(self.weights, dtype=np.float64)
        return np.asarray(total <= self.limit + 1e-9 * max(1.0, abs(self.limit)))

    def whole(self) -> tuple[tuple[int, ...], int]:
        """Weights and limit as whole numbers of a common step, so that the same choices hold.

        Raises:
            InputError: if a weight is negative or no step down to a thousandth makes them whole.
        """
        if any(w < 0.0 or not math.isfinite(w) for w in self.weights):
            raise InputError(
                f"{self.name}: a weight of {min(self.weights)} came, at least 0 was wanted", hint="correct the weights"
            )
        for scale in (1, 2, 4, 5, 10, 20, 50, 100, 1000):
            if all(abs(w * scale - round(w * scale)) < 1e-6 for w in self.weights):
                return tuple(round(w * scale) for w in self.weights), math.floor(self.limit * scale + 1e-6)
        raise InputError(
            f"{self.name}: the weights {self.weights} are no multiples of a thousandth",
            hint="round them, so that slack bits can count",
        )
