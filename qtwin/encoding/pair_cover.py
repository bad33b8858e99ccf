"""Which products of pairs are worth an auxiliary: a pairwise cover of terms of degree 3 and 4 with the fewest new bits.

A cubic term becomes quadratic when one of its three pairs has a bit, a quartic one when both pairs of one of its three splits
have theirs (Anthony, Boros, Crama and Gruber 2017, Math Program 162:115, pairwise covers); a term that has neither takes one bit
of its own. So the number of bits is (chosen pairs) + (terms left over). It is minimised by annealing over the choice, and by
descent from all pairs that gives up those across a cut first: where all cubic terms occur, the pairs inside the two sides are the
fewest that meet every triple (Mantel's theorem: the pairs left out hold no triangle), C(ceil(n/2), 2) + C(floor(n/2), 2) of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import Term

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
            for pair, chance in zip(rng.permutation(len(self.pairs)).tolist(), rng.random(len(self.pairs)), strict=True):
                saved = self.saving(pair)
                if saved >= 0 or chance < np.exp(saved / temperature):
                    self.flip(pair)
            if self.cost < best:
                best, kept = self.cost, self.chosen[:-1].copy()
        self.choose(kept)
        self.descend(range(len(self.pairs)))


def _across_first(pairs: Sequence[Pair]) -> list[int]:
    """The pairs in the order in which to give them up: first those across a large cut, found by single moves."""
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
        Pair to the places of its terms in `terms`; a term in no list is cheaper by itself. Where a term has several complete
        splits it goes to the one whose pairs carry least, so that coefficients stay small. The same in every run.
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
            if pair in load and (len(rest := tuple(v for v in term if v not in pair)) == 1 or rest in load)
        ]
        if splits:
            for pair in min(splits, key=lambda s: (max(load[p] for p in s), s)):
                load[pair] += abs(c)
                used.setdefault(pair, []).append(place)
    return dict(sorted(used.items()))
