"""What is not known, apart from how people differ: every uncertain number is drawn once for all
people.

A draw of the ignorance is one possible state of the evidence: one value for every number of the
model. Numbers of one drug class that rest on evidence about the class share half of their variance.
How people differ is drawn in `qtwin.pharmacology.panel`, so that the value of a regimen under one
draw is its mean over people, and what is left between draws is what could be learnt.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.quantity import Quantity

Array = NDArray[np.float64]
CLASS_SHARE = 0.5
"""Share of the variance that drugs of a class have in common, in numbers that were measured for the
class.
"""
EXACT_UNITS = frozenset({"g/mol", "score"})
"""Units of numbers that are not drawn: masses are known, and a score is what its table says."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One uncertain number.

    Attributes:
        key: Where it stands, such as "donepezil effects adas_cog_max" or "constant mood_utility".
        group: What kind of knowledge it is, such as "efficacy" or "harm".
        quantity: The number.
        scores: (n,) standard-normal score of each draw.
    """

    key: str
    group: str
    quantity: Quantity
    scores: Array


@dataclass(kw_only=True)
class Ignorance(ABC):
    """Draws of every number that is asked for; the same key always gets the same scores.

    Attributes:
        n: Number of draws.
        parameters: Key to what was drawn.
    """

    n: int
    parameters: dict[str, Parameter] = field(default_factory=dict)

    @abstractmethod
    def scores(self, key: str, shared: str) -> Array:
        """(n,) standard-normal scores of the number `key`; numbers with the same `shared` are
        correlated.
        """

    def draw(self, quantity: Quantity, key: str, *, group: str, shared: str = "") -> Array:
        """(n,) values of one number; a number that is exact is the same in every draw."""
        if quantity.unit in EXACT_UNITS or quantity.sd == 0.0:
            return np.full(self.n, quantity.value)
        scores = self.scores(key, shared)
        self.parameters[key] = Parameter(key=key, group=group, quantity=quantity, scores=scores)
        return quantity.at(scores)


def _normals(seed: int, name: str, n: int) -> Array:
    """(n,) standard normals in antithetic pairs, from a stream of their own: other names leave them
    alone.
    """
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    half = np.random.default_rng([seed, 7, word]).standard_normal((n + 1) // 2)
    return np.concatenate([half, -half])[:n]


@final
@dataclass(kw_only=True)
class Sampled(Ignorance):
    """Independent draws; the second half mirrors the first, so that means carry little Monte-Carlo
    error.
    """

    seed: int

    def scores(self, key: str, shared: str) -> Array:
        own = _normals(self.seed, key, self.n)
        if not shared:
            return own
        return np.asarray(
            np.sqrt(CLASS_SHARE) * _normals(self.seed, f"class {shared}", self.n)
            + np.sqrt(1.0 - CLASS_SHARE) * own
        )


@final
@dataclass(kw_only=True)
class OneAtATime(Ignorance):
    """For a tornado: row 0 has every number at its median; rows 2 k + 1 and 2 k + 2 move the k-th
    of `keys` to either end.

    Attributes:
        keys: The numbers that are moved.
        reach: How far, in standard deviations; 1.645 is from the 5th to the 95th percentile.
    """

    keys: tuple[str, ...]
    reach: float = 1.6448536269514722

    @staticmethod
    def of(keys: Sequence[str]) -> OneAtATime:
        """The rows for some keys."""
        return OneAtATime(n=2 * len(keys) + 1, keys=tuple(keys))

    def scores(self, key: str, shared: str) -> Array:
        out = np.zeros(self.n)
        if key in self._place:
            k = self._place[key]
            out[2 * k + 1], out[2 * k + 2] = -self.reach, self.reach
        return out

    def __post_init__(self) -> None:
        self._place = {key: k for k, key in enumerate(self.keys)}


@final
@dataclass(kw_only=True)
class Known(Ignorance):
    """Nothing is unknown: every number at its median, or at the score that `at` gives it. One draw.

    Attributes:
        at: Key to score.
    """

    n: int = 1
    at: dict[str, float] = field(default_factory=dict)

    def scores(self, key: str, shared: str) -> Array:
        return np.full(self.n, self.at.get(key, 0.0))
