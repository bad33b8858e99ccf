"""Named constraints on a choice of drug-dose options. Bits are (m, n) arrays; variable i is column i."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
