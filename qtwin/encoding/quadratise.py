"""Terms of a high degree rewritten with auxiliary bits: one elimination after the other, each with
its proof.

Every step replaces some terms by an expression in one or few new bits y whose minimum over y is, at
every assignment of the other variables, what it replaced. So min over all new bits is the original
at every assignment, whatever the order and the mixture of steps. Every new bit has an optimal value
that depends on the sum of earlier variables alone; `Auxiliary` keeps that table.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError, unknown_name


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
        return np.asarray(
            np.array(self.table, dtype=np.uint8)[bits[:, list(self.of)].sum(axis=1, dtype=np.int64)]
        )

    def says(self, names: Sequence[str]) -> str:
        """What it stands for, in the names of the variables before it."""
        listed = ", ".join(names[i] for i in self.of)
        if self.is_product:
            return f"product of ({listed})"
        step = self.table.index(1)
        return (
            f"at least {step} of ({listed})"
            if all(self.table[step:])
            else f"digit of the count of ({listed})"
        )


def ishikawa_count(degree: int) -> int:
    """Auxiliaries of a positive term by Ishikawa (2011)."""
    return max(degree - 1, 0) // 2


def logarithmic_count(degree: int) -> int:
    """Auxiliaries of a positive term by Boros, Crama and Rodriguez-Heck (2018)."""
    return max((degree - 1).bit_length() - 1, 0)


class Rewriting:
    """A polynomial on its way to degree 2: what is quadratic already, the terms that are not, and
    the auxiliaries so far.
    """

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        self.n = polynomial.n_variables
        self.low = [(t, c) for t, c in polynomial.terms.items() if len(t) <= 2]
        self.high = {
            k: (t, c)
            for k, (t, c) in enumerate((t, c) for t, c in polynomial.terms.items() if len(t) > 2)
        }
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

        The terms together are x_i x_j r(x) with -B <= r <= A, A the sum of their positive
        coefficients and B that of the negative ones. They become y r(x) + P with

            P = A x_i x_j - (A + B)(x_i + x_j) y + (A + 2 B) y.

        P is 0 where y = x_i x_j. It is A where x_i = x_j = 1 and y = 0, and there y r = 0 falls
        short of r by at most A. It is B where y = 1 and one of the two is 1, A + 2 B where y = 1
        and neither is, and there y r >= -B stands for 0. So y = x_i x_j is always a minimiser, and
        neither A nor B can be smaller if r takes its bound (for one term it does). With A = B this
        is the penalty of Rosenberg (1975), A (x_i x_j - 2 x_i y - 2 x_j y + 3 y); with A = 0 that
        of Freedman and Drineas (2005).
        """
        i, j = pair
        y = self._new(pair, (0, 0, 1))
        above = below = 0.0
        for key in keys:
            term, c = self.high[key]
            above, below = above + max(c, 0.0), below + max(-c, 0.0)
            self._put(key, (*(v for v in term if v not in pair), y), c)
        self.low += [
            ((i, j), above),
            ((i, y), -above - below),
            ((j, y), -above - below),
            ((y,), above + 2.0 * below),
        ]
        return y

    def negative(self, key: int) -> None:
        """Freedman and Drineas (2005), Kolmogorov and Zabih (2004) for d = 3: -a x_1 ... x_d =
        min_y a y (d - 1 - sum x).
        """
        term, c = self.high.pop(key)
        y = self._new(term, [*([0] * len(term)), 1])
        self.low += [((y,), -c * (len(term) - 1)), *(((i, y), c) for i in term)]

    def ishikawa(self, key: int) -> None:
        """Ishikawa (2011): a x_1 ... x_d = a min_w sum_i w_i (c_i (2 i - S) - 1) + a S (S - 1) / 2
        with S = sum x.

        i = 1 .. floor((d - 1) / 2); c_i = 1 for the last i of an odd d and 2 otherwise; w_i is best
        at 1 where S >= 2 i.
        """
        term, a = self.high.pop(key)
        d = len(term)
        self.low += [(p, a) for p in combinations(term, 2)]
        for i in range(1, ishikawa_count(d) + 1):
            factor = 1 if d == 2 * i + 1 else 2
            w = self._new(term, [int(s >= 2 * i) for s in range(d + 1)])
            self.low += [((w,), a * (2 * i * factor - 1)), *(((v, w), -a * factor) for v in term)]

    def logarithmic(self, key: int) -> None:
        """Boros, Crama and Rodriguez-Heck (2018): a x_1 ... x_d = a min_y z (z - 1) / 2, z = sum
        x + 2^l - d - sum_i 2^i y_i.

        l = ceil(log2 d), i = 1 .. l - 1. T = sum x + 2^l - d is at most 2^l and reaches it at x = 1
        alone; the y make every even number up to 2^l - 2, so z is 0 or 1 at best where T < 2^l, and
        2 where T = 2^l.
        """
        term, a = self.high.pop(key)
        d, digits = len(term), logarithmic_count(len(term))
        full = 1 << (digits + 1)
        shift = full - d
        y = [
            self._new(term, [min(s + shift, full - 1) >> i & 1 for s in range(d + 1)])
            for i in range(1, digits + 1)
        ]
        parts = [
            ((), float(shift)),
            *(((v,), 1.0) for v in term),
            *(((w,), -float(2 << k)) for k, w in enumerate(y)),
        ]
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
        """Products of the pair in most terms above degree `down_to` (the first of equals), until no
        such term is left.
        """
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


# Which products of pairs are worth an auxiliary: a pairwise cover of terms of degree 3 and 4 with
# the fewest new bits.
#
# A cubic term becomes quadratic when one of its three pairs has a bit, a quartic one when both
# pairs of one of its three splits have theirs (Anthony, Boros, Crama and Gruber 2017, Math Program
# 162:115, pairwise covers); a term that has neither takes one bit of its own. So the number of bits
# is (chosen pairs) + (terms left over). It is minimised by annealing over the choice, and by
# descent from all pairs that gives up those across a cut first: where all cubic terms occur, the
# pairs inside the two sides are the fewest that meet every triple (Mantel's theorem: the pairs left
# out hold no triangle), C(ceil(n/2), 2) + C(floor(n/2), 2) of them.

Pair = tuple[int, int]
_SWEEPS = 60
_HOT, _COLD = 1.0, 0.1


class _Cover:
    """A choice of pairs, and how many splits of each term it completes."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.pairs: list[Pair] = sorted({p for t in terms for p in combinations(t, 2)})
        place = {p: k for k, p in enumerate(self.pairs)}
        held: list[tuple[list[int], list[int]]] = [([], []) for _ in self.pairs]
        for k, term in enumerate(terms):
            for pair in combinations(term, 2):
                rest = tuple(v for v in term if v not in pair)
                held[place[pair]][0].append(k)
                held[place[pair]][1].append(place[rest] if len(rest) == 2 else len(self.pairs))
        self.held = [(np.array(t), np.array(p)) for t, p in held]
        self._n_terms = len(terms)
        self.choose(np.zeros(len(self.pairs), dtype=np.bool_))

    def choose(self, chosen: NDArray[np.bool_]) -> None:
        self.chosen = np.zeros(len(self.pairs) + 1, dtype=np.bool_)
        self.chosen[-1] = True  # what a single variable is paired with
        self.complete = np.zeros(self._n_terms, dtype=np.int64)
        for pair in np.flatnonzero(chosen):
            self.flip(int(pair))

    @property
    def cost(self) -> int:
        return int(self.chosen[:-1].sum() + (self.complete == 0).sum())

    def saving(self, pair: int) -> int:
        """Bits saved by flipping whether `pair` is chosen."""
        terms, partner = self.held[pair]
        splits = self.complete[terms[self.chosen[partner]]]
        return 1 - int((splits == 1).sum()) if self.chosen[pair] else int((splits == 0).sum()) - 1

    def flip(self, pair: int) -> None:
        terms, partner = self.held[pair]
        self.complete[terms[self.chosen[partner]]] += -1 if self.chosen[pair] else 1
        self.chosen[pair] = not self.chosen[pair]

    def descend(self, order: Iterable[int]) -> None:
        """Flip what saves, and give up pairs that save nothing, until nothing changes."""
        order, changed = list(order), True
        while changed:
            changed = False
            for pair in order:
                saved = self.saving(pair)
                if saved > 0 or (saved == 0 and self.chosen[pair]):
                    self.flip(pair)
                    changed = True

    def anneal(self, rng: np.random.Generator) -> None:
        """Simulated annealing over single flips, then descent from the best choice seen."""
        best, kept = self.cost, self.chosen[:-1].copy()
        for temperature in np.geomspace(_HOT, _COLD, _SWEEPS):
            for pair, chance in zip(
                rng.permutation(len(self.pairs)).tolist(), rng.random(len(self.pairs)), strict=True
            ):
                saved = self.saving(pair)
                if saved >= 0 or chance < np.exp(saved / temperature):
                    self.flip(pair)
            if self.cost < best:
                best, kept = self.cost, self.chosen[:-1].copy()
        self.choose(kept)
        self.descend(range(len(self.pairs)))


def _across_first(pairs: Sequence[Pair]) -> list[int]:
    """The pairs in the order in which to give them up: first those across a large cut, found by
    single moves.
    """
    neighbours: dict[int, set[int]] = {}
    for a, b in pairs:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    side = {v: k % 2 for k, v in enumerate(sorted(neighbours))}
    moved = True
    while moved:
        moved = False
        for v, near in neighbours.items():
            if 2 * sum(side[u] == side[v] for u in near) > len(near):
                side[v], moved = 1 - side[v], True
    return sorted(range(len(pairs)), key=lambda k: (side[pairs[k][0]] == side[pairs[k][1]], k))


def choose_pairs(terms: Sequence[tuple[Term, float]]) -> dict[Pair, list[int]]:
    """The pairs worth a bit, each with the terms that it goes into.

    Args:
        terms: Terms of degree 3 or 4 with their coefficients.

    Returns:
        Pair to the places of its terms in `terms`; a term in no list is cheaper by itself. Where a
        term has several complete splits it goes to the one whose pairs carry least, so that
        coefficients stay small. The same in every run.
    """
    if not terms:
        return {}
    cover = _Cover([t for t, _ in terms])
    cover.anneal(np.random.default_rng(0))
    best, kept = cover.cost, cover.chosen[:-1].copy()
    cover.choose(np.ones(len(cover.pairs), dtype=np.bool_))
    cover.descend(_across_first(cover.pairs))
    if cover.cost >= best:
        cover.choose(kept)
    load = {cover.pairs[k]: 0.0 for k in np.flatnonzero(cover.chosen[:-1]).tolist()}
    used: dict[Pair, list[int]] = {}
    for place in sorted(range(len(terms)), key=lambda k: -abs(terms[k][1])):
        term, c = terms[place]
        splits = [
            tuple(half for half in (pair, rest) if len(half) == 2)
            for pair in combinations(term, 2)
            if pair in load
            and (len(rest := tuple(v for v in term if v not in pair)) == 1 or rest in load)
        ]
        if splits:
            for pair in min(splits, key=lambda s: (max(load[p] for p in s), s)):
                load[pair] += abs(c)
                used.setdefault(pair, []).append(place)
    return dict(sorted(used.items()))


# From any degree to a QUBO with auxiliary bits, whose minimum over these is the original at EVERY
# assignment.
#
# Three methods, each a sequence of steps that are proven one by one in `qtwin.encoding.quadratise`:
#
# - ``rosenberg``: one bit for the product of the pair that occurs in most terms above degree 2,
# again and again (Rosenberg 1975,
#   Cahiers du Centre d'Etudes de Recherche Operationnelle 17:71), with weights from the terms that
#   it goes into;
# - ``freedman``: each term by itself; a negative term takes one bit (Freedman and Drineas 2005,
# CVPR 2:939), a positive one of
#   degree d takes floor((d - 1) / 2) (Ishikawa 2011, IEEE TPAMI 33:1234);
# - ``cover``: products of pairs chosen together so that few are needed (Anthony, Boros, Crama and
# Gruber 2017, Math Program
#   162:115), terms sharing nothing by themselves, long positive ones with ceil(log2 d) - 1 bits
#   (Boros, Crama and Rodriguez-Heck 2018, J Comb Optim 39:687); the fewest bits of several such
#   mixtures, never more than either of the others.


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The size of a polynomial.

    Attributes:
        variables: Number of variables.
        terms: Number of terms that are not the constant.
        degree: Largest number of variables in a term.
        smallest, largest: Smallest and largest magnitude of a coefficient that is not the constant.
    """

    variables: int
    terms: int
    degree: int
    smallest: float
    largest: float


def counts(polynomial: BinaryPolynomial) -> Counts:
    """The size of `polynomial`."""
    low, high = polynomial.coefficient_range
    return Counts(
        variables=polynomial.n_variables,
        terms=polynomial.n_terms,
        degree=polynomial.degree,
        smallest=low,
        largest=high,
    )


@dataclass(frozen=True, kw_only=True)
class Quadratised:
    """A polynomial of degree at most 2 whose minimum over the auxiliaries is the original, at every
    assignment.

    Attributes:
        original: What was quadratised.
        polynomial: Its quadratic, over the original variables and then the auxiliaries.
        auxiliaries: What each auxiliary stands for, in their order.
        method: Name in `METHODS`.
    """

    original: BinaryPolynomial
    polynomial: BinaryPolynomial
    auxiliaries: tuple[Auxiliary, ...]
    method: str

    @property
    def n_original(self) -> int:
        """Number of original variables; they come first."""
        return self.original.n_variables

    @property
    def before(self) -> Counts:
        """Size of the original."""
        return counts(self.original)

    @property
    def after(self) -> Counts:
        """Size of the quadratic."""
        return counts(self.polynomial)

    def complete(self, bits: NDArray[np.generic]) -> NDArray[np.uint8]:
        """The best auxiliaries, exactly: each is a known function of the variables before it.

        Args:
            bits: (m, n_original) bits.

        Returns:
            (m, n) bits at which the quadratic has the original's value, its minimum over the
            auxiliaries.

        Raises:
            InputError: for bits of another shape.
        """
        x = np.asarray(bits).astype(np.uint8)
        n = self.n_original
        if x.ndim != 2 or x.shape[1] != n:
            raise InputError(
                f"expected bits of shape (m, {n}), got {x.shape}", hint="one row an assignment"
            )
        whole = np.zeros((len(x), n + len(self.auxiliaries)), dtype=np.uint8)
        whole[:, :n] = x
        for k, auxiliary in enumerate(self.auxiliaries):
            whole[:, n + k] = auxiliary.value(whole)
        return whole


def _rosenberg(polynomial: BinaryPolynomial) -> Rewriting:
    work = Rewriting(polynomial)
    work.popular_pairs(down_to=2)
    return work


def _freedman(polynomial: BinaryPolynomial) -> Rewriting:
    work = Rewriting(polynomial)
    for key, (_, c) in list(work.high.items()):
        (work.negative if c < 0.0 else work.ishikawa)(key)
    return work


def _covered(polynomial: BinaryPolynomial, *, share_above_quartic: bool) -> Rewriting:
    """Terms above degree 4 by popular pairs or by themselves, then a pair cover of the rest, then
    what is left by itself.
    """
    work = Rewriting(polynomial)
    if share_above_quartic:
        work.popular_pairs(down_to=4)
    keys = [k for k, (t, _) in work.high.items() if len(t) <= 4]
    for pair, places in choose_pairs([work.high[k] for k in keys]).items():
        work.product(pair, [keys[p] for p in places])
    work.singly(list(work.high))
    return work


def _cover(polynomial: BinaryPolynomial) -> Rewriting:
    candidates = [
        _covered(polynomial, share_above_quartic=False),
        _rosenberg(polynomial),
        _freedman(polynomial),
    ]
    if polynomial.degree > 4:
        candidates.append(_covered(polynomial, share_above_quartic=True))

    def size(work: Rewriting) -> tuple[int, int, float]:
        made = work.polynomial()
        return work.n, made.n_terms, made.coefficient_range[1]

    return min(candidates, key=size)


METHODS: dict[str, Callable[[BinaryPolynomial], Rewriting]] = {
    "rosenberg": _rosenberg,
    "freedman": _freedman,
    "cover": _cover,
}


def quadratise(polynomial: BinaryPolynomial, method: str = "cover") -> Quadratised:
    """A QUBO with auxiliary bits for a polynomial of any degree; one of degree at most 2 comes back
    as it is.

    Args:
        polynomial: To be minimised.
        method: A name in `METHODS`.

    Returns:
        The quadratic, with min over its auxiliaries equal to `polynomial` at every assignment.

    Raises:
        InputError: for an unknown method.
    """
    if method not in METHODS:
        raise unknown_name("quadratisation", method, METHODS)
    work = METHODS[method](polynomial)
    return Quadratised(
        original=polynomial,
        polynomial=work.polynomial(),
        auxiliaries=tuple(work.auxiliaries),
        method=method,
    )
