"""Counting the choices that satisfy linear rows, and drawing from them uniformly, without listing
them.

A decision diagram in the manner of Bergman, Cire, van Hoeve and Hooker (2016, Decision Diagrams for
Optimization, chapter 3): options are decided one after another, and partial choices that leave the
same of every row to be satisfied are one node. Counts of completions add from the end (Knuth 2011,
The Art of Computer Programming 4A, 7.1.4), are whole numbers of any size, and tell with what
probability a uniform choice takes the next option.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.problem.constraint import Cap, Constraint, Linear, row_of

MOST_NODES = 400_000

Row = tuple[dict[int, int], float, float]
"""Whole weights of the members, and the least and the most that their sum may be."""


@final
@dataclass(frozen=True, kw_only=True)
class Diagram:
    """All choices that satisfy the rows.

    Attributes:
        n: Number of options.
        order: (n,) the option that each level decides.
        children: One (nodes, 2) array a level: node of the next level without and with the
            option, -1 where nothing follows.
        chance: One (nodes,) array a level: share of the completions that take the option.
        count: Number of choices, exactly.
    """

    n: int
    order: tuple[int, ...]
    children: tuple[NDArray[np.int64], ...]
    chance: tuple[NDArray[np.float64], ...]
    count: int

    def draw(self, k: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """(k, n) independent choices, each one as likely as every other."""
        bits = np.zeros((k, self.n), dtype=np.uint8)
        node: NDArray[np.int64] = np.zeros(k, dtype=np.int64)
        for option, children, chance in zip(self.order, self.children, self.chance, strict=True):
            taken = rng.random(k) < chance[node]
            bits[:, option] = taken
            node = children[node, taken.astype(np.int64)]
        return bits

    def listed(self) -> NDArray[np.uint8]:
        """(count, n) every choice."""
        bits: NDArray[np.uint8] = np.zeros((min(self.count, 1), self.n), dtype=np.uint8)
        node: NDArray[np.int64] = np.zeros(len(bits), dtype=np.int64)
        for option, children, chance in zip(self.order, self.children, self.chance, strict=True):
            without, with_it = chance[node] < 1.0, chance[node] > 0.0
            taken = bits[with_it].copy()
            taken[:, option] = 1
            bits = np.concatenate([bits[without], taken])
            node = np.concatenate([children[node[without], 0], children[node[with_it], 1]])
        return bits


def whole_row(constraint: Constraint) -> Row | None:
    """A constraint as a row of whole numbers, or None where its weights are no multiples of a
    common step.
    """
    from qtwin.errors import InputError

    members, weights, sense, limit = row_of(constraint)
    if isinstance(constraint, Cap | Linear):
        try:
            whole, right = constraint.whole()
        except InputError:
            return None
        least = float(right) if sense == "==" else -math.inf
        return {i: w for i, w in zip(members, whole, strict=True) if w}, least, float(right)
    low, high = (
        (limit, limit)
        if sense == "=="
        else (-math.inf, limit)
        if sense == "<="
        else (limit, math.inf)
    )
    return {i: round(w) for i, w in zip(members, weights, strict=True)}, low, high


def diagram(
    n: int,
    rows: Sequence[Row],
    groups: Sequence[Sequence[int]],
    *,
    most_nodes: int = MOST_NODES,
    deadline: float = math.inf,
) -> Diagram | None:
    """The diagram of all choices that satisfy the rows, or None where it needs more than
    `most_nodes` nodes, or is not made by the deadline.

    Args:
        n: Number of options.
        rows: What a choice must satisfy.
        groups: A partition of the options; those of one group are decided one after another.
        most_nodes: Where to give up.
        deadline: When to give up, on the clock of `time.perf_counter`.
    """
    order = _order(rows, groups)
    places = {option: place for place, option in enumerate(order)}
    left = [_left(row, places) for row in rows]
    touched: list[list[int]] = [[] for _ in order]
    for r, row in enumerate(rows):
        for option in row[0]:
            touched[places[option]].append(r)
    start = tuple(_state(0, row, *left[r][-1]) for r, row in enumerate(rows))
    if any(s == _BROKEN for s in start):
        return Diagram(n=n, order=(), children=(), chance=(), count=0)
    level: dict[tuple[int | None, ...], int] = {start: 0}
    children: list[NDArray[np.int64]] = []
    total = 1
    for place, option in enumerate(order):
        below: dict[tuple[int | None, ...], int] = {}
        table = np.full((len(level), 2), -1, dtype=np.int64)
        for state, node in level.items():
            for taken in (0, 1):
                after: list[int | None] = list(state)
                for r in touched[place]:
                    before = state[r]
                    if before is not None:
                        after[r] = _state(
                            before + taken * rows[r][0][option], rows[r], *left[r][place]
                        )
                        if after[r] == _BROKEN:
                            break
                else:
                    table[node, taken] = below.setdefault(tuple(after), len(below))
        children.append(table)
        total += len(below)
        if total > most_nodes or time.perf_counter() > deadline:
            return None
        level = below
    return _counted(n, order, children, len(level))


_BROKEN = -(10**18)
"""State of a row that nothing can mend."""


def _state(total: int, row: Row, least_left: int, most_left: int) -> int | None:
    """The sum so far; None once nothing can break the row any more."""
    _, low, high = row
    if total + least_left > high or total + most_left < low:
        return _BROKEN
    return None if total + most_left <= high and total + least_left >= low else total


def _left(row: Row, places: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    """Level of each member to the least and the most that the later ones can add; under -1, what
    all of them can.
    """
    least = most = 0
    out = {}
    for option in sorted(row[0], key=lambda i: -places[i]):
        out[places[option]] = (least, most)
        least, most = least + min(row[0][option], 0), most + max(row[0][option], 0)
    return out | {-1: (least, most)}


def _order(rows: Sequence[Row], groups: Sequence[Sequence[int]]) -> list[int]:
    """Groups one after another, each time the one after which the fewest options wait for others of
    their rows.

    Of groups alike in that the largest goes first, and of these the first one. A group's rank
    changes only where a row that it shares is about to be complete, so ranks are kept in a heap and
    worked out again for those alone.
    """
    short = [set(row[0]) for row in rows if len(row[0]) < sum(len(g) for g in groups)]
    rows_of: dict[int, list[int]] = {}
    for r, row in enumerate(short):
        for i in row:
            rows_of.setdefault(i, []).append(r)
    shares: list[dict[int, int]] = []  # of each group: row to the number of its members in it
    users: list[list[int]] = [[] for _ in short]
    for g, group in enumerate(groups):
        shares.append(dict(Counter(r for i in group for r in rows_of.get(i, ()))))
        for r in shares[g]:
            users[r].append(g)
    widest = [max((shares[g][r] for g in users[r]), default=0) for r in range(len(short))]
    missing = [len(row) for row in short]
    open_rows = {i: len(of) for i, of in rows_of.items()}
    done: set[int] = set()
    left = set(range(len(groups)))

    def more_waiting(g: int) -> int:
        """By how many options more, or fewer, wait once the group is decided."""
        whole = [r for r, count in shares[g].items() if count == missing[r]]
        closed = Counter(i for r in whole for i in short[r])
        begun = sum(open_rows.get(i, 0) > closed[i] for i in groups[g])
        return begun - sum(open_rows[i] == count for i, count in closed.items() if i in done)

    rank = [(more_waiting(g), -len(group), g) for g, group in enumerate(groups)]
    heap = list(rank)
    heapify(heap)
    order: list[int] = []
    while left:
        best = heappop(heap)
        g = best[2]
        if g not in left or best != rank[g]:
            continue  # an outdated rank
        left.remove(g)
        order += groups[g]
        done.update(groups[g])
        changed = set()
        for r, count in shares[g].items():
            missing[r] -= count
            if missing[r] <= widest[r]:
                changed.add(r)
            if not missing[r]:
                for i in short[r]:
                    open_rows[i] -= 1
                    changed.update(rows_of[i])
        for other in {
            other for r in changed if missing[r] <= widest[r] for other in users[r]
        } & left:
            now = (more_waiting(other), rank[other][1], other)
            if now != rank[other]:
                rank[other] = now
                heappush(heap, now)
    return order


def _counted(
    n: int, order: Sequence[int], children: Sequence[NDArray[np.int64]], ends: int
) -> Diagram:
    """Completions counted from the last level up."""
    below = [1] * ends
    chance: list[NDArray[np.float64]] = []
    for table in reversed(children):
        here, share = [], []
        for without, with_it in table.tolist():
            a, b = (below[k] if k >= 0 else 0 for k in (without, with_it))
            here.append(a + b)
            share.append(b / (a + b) if a + b else 0.0)
        chance.append(np.array(share, dtype=np.float64))
        below = here
    return Diagram(
        n=n,
        order=tuple(order),
        children=tuple(children),
        chance=tuple(reversed(chance)),
        count=below[0],
    )
