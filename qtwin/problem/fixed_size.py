"""Exactly k of n drugs: every permitted set listed and valued by one compiled walk, which is also
the proof of its optimum.

The value of a set S is q(S) = sum_{i in S} a_i + sum_{i<j in S} b_ij. The walk adds drugs in rising
order and carries the gain of each later drug, g_j = a_j + sum_{i taken} b_ij, so that a complete
set costs one addition: C(38, 5) takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InfeasibleError, InputError
from qtwin.problem.constraint import Constraint, Exactly, NotBoth

Array = NDArray[np.float64]
LIMIT = 30_000_000
"""Sets that are valued at once: 240 MB of values."""


@dataclass(frozen=True, kw_only=True)
class FixedSize:
    """Choose exactly `size` drugs, no forbidden pair among them, so that the sum of single and pair
    coefficients is largest.

    Attributes:
        names: Drugs; variable i is names[i].
        size: Number of drugs to choose, k.
        linear: (n,) a_i.
        pairs: (n, n) b_ij, symmetric with a zero diagonal; 0 at forbidden pairs.
        forbidden: (n, n) symmetric; pairs that must not be chosen together.
        unit: Unit of the value.
    """

    names: tuple[str, ...]
    size: int
    linear: Array
    pairs: Array
    forbidden: NDArray[np.bool_]
    unit: str = "1"

    def __post_init__(self) -> None:
        n = len(self.names)
        shapes = (self.linear.shape, self.pairs.shape, self.forbidden.shape)
        if shapes != ((n,), (n, n), (n, n)):
            raise InputError(
                f"coefficients of shapes {shapes} came for {n} drugs",
                hint=f"({n},), ({n}, {n}), ({n}, {n})",
            )
        if not 1 <= self.size <= n:
            raise InputError(
                f"expected a size of 1 to {n} drugs, got {self.size}",
                hint="change the size",
            )
        if not (np.isfinite(self.linear).all() and np.isfinite(self.pairs).all()):
            raise InputError(
                "a coefficient is not finite",
                hint="state unmeasured pairs as forbidden, with coefficient 0",
            )
        symmetric = np.array_equal(self.pairs, self.pairs.T) and np.array_equal(
            self.forbidden, self.forbidden.T
        )
        if (
            not symmetric
            or self.pairs.diagonal().any()
            or self.forbidden.diagonal().any()
            or self.pairs[self.forbidden].any()
        ):
            raise InputError(
                "pair coefficients must be symmetric, 0 on the diagonal and at forbidden pairs",
                hint="write both halves",
            )
        for array in (self.linear, self.pairs, self.forbidden):
            array.setflags(write=False)

    @property
    def n(self) -> int:
        """Number of drugs."""
        return len(self.names)

    def value(self, members: Sequence[int]) -> float:
        """The value of one set of drugs, of any size."""
        chosen = list(members)
        return float(self.linear[chosen].sum() + 0.5 * self.pairs[np.ix_(chosen, chosen)].sum())

    def permitted(self, members: Sequence[int]) -> bool:
        """Whether the set has the wanted size and no forbidden pair."""
        chosen = list(members)
        return (
            len(set(chosen)) == self.size == len(chosen)
            and not self.forbidden[np.ix_(chosen, chosen)].any()
        )

    def constraints(self) -> tuple[Constraint, ...]:
        """The size, and one `NotBoth` for each forbidden pair."""
        low, high = np.nonzero(np.triu(self.forbidden))
        return (
            Exactly(
                name=f"exactly {self.size} drugs",
                reason="as asked",
                count=self.size,
                members=tuple(range(self.n)),
            ),
            *(
                NotBoth(
                    name=f"not both {self.names[i]} and {self.names[j]}",
                    reason="not measured together",
                    pair=(int(i), int(j)),
                )
                for i, j in zip(low, high, strict=True)
            ),
        )

    def count(self) -> int:
        """Number of permitted sets."""
        return int(
            _walk(
                self.linear,
                self.pairs,
                self.forbidden,
                self.size,
                np.empty(0),
                np.empty((0, self.size), np.int16),
            )
        )

    def sets(self) -> NDArray[np.int16]:
        """(m, k) every permitted set, drugs rising, sets in lexicographic order.

        Raises:
            InfeasibleError: if there is none.
            InputError: for more sets than `LIMIT`.
        """
        members = np.empty((self._listable(), self.size), dtype=np.int16)
        _walk(self.linear, self.pairs, self.forbidden, self.size, np.empty(0), members)
        return members

    def values(
        self, linear: Array | None = None, pairs: Array | None = None, out: Array | None = None
    ) -> Array:
        """(m,) value of every permitted set, in the order of `sets`.

        Args:
            linear: (n,) coefficients in place of the instance's own, such as a posterior draw.
            pairs: (n, n) likewise.
            out: (m,) array to fill.

        Raises:
            InfeasibleError: if there is none.
            InputError: for more sets than `LIMIT`.
        """
        values = np.empty(self._listable()) if out is None else out
        a, b = self.linear if linear is None else linear, self.pairs if pairs is None else pairs
        _walk(a, b, self.forbidden, self.size, values, np.empty((0, self.size), np.int16))
        return values

    def _listable(self) -> int:
        m = self.count()
        if not m:
            raise InfeasibleError(
                f"no {self.size} of the {self.n} drugs are free of forbidden pairs",
                hint="take a smaller size or measure more pairs",
            )
        if m > LIMIT:
            raise InputError(
                f"{m:,} sets of {self.size} came, at most {LIMIT:,} can be listed",
                hint="take a smaller size",
            )
        return m


@numba.njit(nogil=True, cache=True)
def _walk(linear, pairs, forbidden, k, values, members):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Number of permitted sets; fills (m,) `values` and (m, k) `members` where they are not
    empty.
    """
    n = linear.size
    gain = np.zeros((k, n))
    free = np.zeros((k, n), dtype=np.bool_)
    total = np.zeros(k)
    cursor = np.zeros(k, dtype=np.int64)
    taken = np.zeros(k, dtype=np.int64)
    gain[0] = linear
    free[0] = True
    found = 0
    depth = 0
    while depth >= 0:
        i = cursor[depth]
        if i > n - k + depth:  # too few drugs are left to complete the set
            depth -= 1
            continue
        cursor[depth] += 1
        if not free[depth, i]:
            continue
        taken[depth] = i
        if depth == k - 1:
            if values.size:
                values[found] = total[depth] + gain[depth, i]
            if members.shape[0]:
                for d in range(k):
                    members[found, d] = taken[d]
            found += 1
            continue
        total[depth + 1] = total[depth] + gain[depth, i]
        for j in range(i + 1, n):
            gain[depth + 1, j] = gain[depth, j] + pairs[i, j]
            free[depth + 1, j] = free[depth, j] and not forbidden[i, j]
        cursor[depth + 1] = i + 1
        depth += 1
    return found
