"""Whole numbers in bits: lower + sum of weight x bit, where every pattern of bits is a value inside the bounds.

The weights are 1, 2, 4, ... and what is left over, so that no penalty is needed; a value may have several patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class WholeNumber:
    """A variable of whole values that stands in bits.

    Attributes:
        name: Its name.
        lower: Its smallest value.
        bits: Indices of its bits among the decision variables.
        weights: By how much each raises the value.
    """

    name: str
    lower: int
    bits: tuple[int, ...]
    weights: tuple[int, ...]

    def value(self, decisions: NDArray[np.generic]) -> int:
        """Its value in one choice, (n_decision,) bits."""
        return self.lower + sum(w for i, w in zip(self.bits, self.weights, strict=True) if decisions[i])


def weights_of(span: int) -> tuple[int, ...]:
    """Weights whose sums are exactly 0 to `span`."""
    found: list[int] = []
    while span > 0:
        found.append(min(1 << len(found), span))
        span -= found[-1]
    return tuple(found)
