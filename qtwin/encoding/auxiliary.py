"""Terms of a high degree rewritten with auxiliary bits: one elimination after the other, each with its proof.

Every step replaces some terms by an expression in one or few new bits y whose minimum over y is, at every assignment of the other
variables, what it replaced. So min over all new bits is the original at every assignment, whatever the order and the mixture of
steps. Every new bit has an optimal value that depends on the sum of earlier variables alone; `Auxiliary` keeps that table.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial, Term


@dataclass(frozen=True, kw_only=True)
class Auxiliary:
    """A new bit whose optimal value is a function of a sum of earlier variables.

    Attributes:
        of: The earlier variables, original ones or auxiliaries.
        table: (len(of) + 1,) optimal bit by the number of them that are 1.
    """

    of: tuple[int, ...]
    table: tuple[int, ...]

    @property
    def is_product(self) -> bool:
        """Whether it stands for the product of `of`."""
        return sum(self.table) == 1 and self.table[-1] == 1

    def value(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(m,) optimal bits, from (m, n) bits that hold at least the variables in `of`."""
        return np.asarray(np.array(self.table, dtype=np.uint8)[bits[:, list(self.of)].sum(axis=1, dtype=np.int64)])

    def says(self, names: Sequence[str]) -> str:
        """What it stands for, in the names of the variables before it."""
        listed = ", ".join(names[i] for i in self.of)
        if self.is_product:
            return f"product of ({listed})"
        step = self.table.index(1)
        return f"at least {step} of ({listed})" if all(self.table[step:]) else f"digit of the count of ({listed})"


def ishikawa_count(degree: int) -> int:
    """Auxiliaries of a positive term by Ishikawa (2011)."""
    return max(degree - 1, 0) // 2


def logarithmic_count(degree: int) -> int:
    """Auxiliaries of a positive term by Boros, Crama and Rodriguez-Heck (2018)."""
    return max((degree - 1).bit_length() - 1, 0)


class Rewriting:
    """A polynomial on its way to degree 2: what is quadratic already, the terms that are not, and the auxiliaries so far."""

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        self.n = polynomial.n_variables
        self.low = [(t, c) for t, c in polynomial.terms.items() if len(t) <= 2]
        self.high = {k: (t, c) for k, (t, c) in enumerate((t, c) for t, c in polynomial.terms.items() if len(t) > 2)}
        self.auxiliaries: list[Auxiliary] = []

    def polynomial(self) -> BinaryPolynomial:
        """What stands there now."""
        return BinaryPolynomial.of(self.n, [*self.low, *self.high.values()])

    def _new(self, of: Iterable[int], table: Iterable[int]) -> int:
        self.auxiliaries.append(Auxiliary(of=tuple(of), table=tuple(table)))
        self.n += 1
        return self.n - 1

    def _put(self, key: int, term: Term, coefficient: float) -> None:
        if len(term) > 2:
            self.high[key] = (term, coefficient)
        else:
            self.high.pop(key, None)
            self.low.append((term, coefficient))

    def product(self, pair: tuple[int, int], keys: Iterable[int]) -> int:
        """Put one bit y for x_i x_j into the terms `keys`, all of which hold both; y is returned.

        The terms together are x_i x_j r(x) with -B <= r <= A, A the sum of their positive coefficients and B that of the negative
        ones. They become y r(x) + P with

            P = A x_i x_j - (A + B)(x_i + x_j) y + (A + 2 B) y.

        P is 0 where y = x_i x_j. It is A where x_i = x_j = 1 and y = 0, and there y r = 0 falls short of r by at most A. It is B
        where y = 1 and one of the two is 1, A + 2 B where y = 1 and neither is, and there y r >= -B stands for 0. So y = x_i x_j
        is always a minimiser, and neither A nor B can be smaller if r takes its bound (for one term it does). With A = B this is
        the penalty of Rosenberg (1975), A (x_i x_j - 2 x_i y - 2 x_j y + 3 y); with A = 0 that of Freedman and Drineas (2005).
        """
        i, j = pair
        y = self._new(pair, (0, 0, 1))
        above = below = 0.0
        for key in keys:
            term, c = self.high[key]
            above, below = above + max(c, 0.0), below + max(-c, 0.0)
            self._put(key, (*(v for v in term if v not in pair), y), c)
        self.low += [((i, j), above), ((i, y), -above - below), ((j, y), -above - below), ((y,), above + 2.0 * below)]
        return y

    def negative(self, key: int) -> None:
        """Freedman and Drineas (2005), Kolmogorov and Zabih (2004) for d = 3: -a x_1 ... x_d = min_y a y (d - 1 - sum x)."""
        term, c = self.high.pop(key)
        y = self._new(term, [*([0] * len(term)), 1])
        self.low += [((y,), -c * (len(term) - 1)), *(((i, y), c) for i in term)]

    def ishikawa(self, key: int) -> None:
        """Ishikawa (2011): a x_1 ... x_d = a min_w sum_i w_i (c_i (2 i - S) - 1) + a S (S - 1) / 2 with S = sum x.

        i = 1 .. floor((d - 1) / 2); c_i = 1 for the last i of an odd d and 2 otherwise; w_i is best at 1 where S >= 2 i.
        """
        term, a = self.high.pop(key)
        d = len(term)
        self.low += [(p, a) for p in combinations(term, 2)]
        for i in range(1, ishikawa_count(d) + 1):
            factor = 1 if d == 2 * i + 1 else 2
            w = self._new(term, [int(s >= 2 * i) for s in range(d + 1)])
            self.low += [((w,), a * (2 * i * factor - 1)), *(((v, w), -a * factor) for v in term)]

    def logarithmic(self, key: int) -> None:
        """Boros, Crama and Rodriguez-Heck (2018): a x_1 ... x_d = a min_y z (z - 1) / 2, z = sum x + 2^l - d - sum_i 2^i y_i.

        l = ceil(log2 d), i = 1 .. l - 1. T = sum x + 2^l - d is at most 2^l and reaches it at x = 1 alone; the y make every even
        number up to 2^l - 2, so z is 0 or 1 at best where T < 2^l, and 2 where T = 2^l.
        """
        term, a = self.high.pop(key)
        d, digits = len(term), logarithmic_count(len(term))
        full = 1 << (digits + 1)
        shift = full - d
        y = [self._new(term, [min(s + shift, full - 1) >> i & 1 for s in range(d + 1)]) for i in range(1, digits + 1)]
        parts = [((), float(shift)), *(((v,), 1.0) for v in term), *(((w,), -float(2 << k)) for k, w in enumerate(y))]
        z = BinaryPolynomial.of(self.n, parts)
        self.low += [(t, a / 2.0 * c) for t, c in (z * z + z * -1.0).terms.items()]

    def singly(self, keys: Iterable[int]) -> None:
        """Each term by itself, with the fewest auxiliaries, the smaller coefficients first."""
        for key in keys:
            term, c = self.high[key]
            if c < 0.0:
                self.negative(key)
            elif logarithmic_count(len(term)) < ishikawa_count(len(term)):
                self.logarithmic(key)
            else:
                self.ishikawa(key)

    def popular_pairs(self, down_to: int) -> None:
        """Products of the pair in most terms above degree `down_to` (the first of equals), until no such term is left."""
        where: dict[tuple[int, int], set[int]] = {}
        heap: list[tuple[int, tuple[int, int]]] = []

        def enter(key: int) -> None:
            if key in self.high and len(self.high[key][0]) > down_to:
                for pair in combinations(self.high[key][0], 2):
                    where.setdefault(pair, set()).add(key)
                    touched.add(pair)

        touched: set[tuple[int, int]] = set()
        for key in self.high:
            enter(key)
        while touched or heap:
            for pair in touched:
                heapq.heappush(heap, (-len(where[pair]), pair))
            touched = set()
            size, pair = heapq.heappop(heap)
            keys = sorted(where[pair])
            if not keys:
                continue
            if -size != len(keys):  # out of date
                heapq.heappush(heap, (-len(keys), pair))
                continue
            for key in keys:
                for old in combinations(self.high[key][0], 2):
                    where[old].discard(key)
            self.product(pair, keys)
            for key in keys:
                enter(key)
