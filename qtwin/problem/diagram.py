"""Counting the choices that satisfy linear rows, and drawing from them uniformly, without listing them.

A decision diagram in the manner of Bergman, Cire, van Hoeve and Hooker (2016, Decision Diagrams for Optimization, chapter 3):
options are decided one after another, and partial choices that leave the same of every row to be satisfied are one node. Counts
of completions add from the end (Knuth 2011, The Art of Computer Programming 4A, 7.1.4), are whole numbers of any size, and tell
with what probability a uniform choice takes the next option.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
        children: One (nodes, 2) array a level: node of the next level without and with the option, -1 where nothing follows.
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
    """A constraint as a row of whole numbers, or None where its weights are no multiples of a common step."""
    from qtwin.errors import InputError

    members, weights, sense, limit = row_of(constraint)
    if isinstance(constraint, Cap | Linear):
        try:
            whole, right = constraint.whole()
        except InputError:
            return None
        least = float(right) if sense == "==" else -math.inf
        return {i: w for i, w in zip(members, whole, strict=True) if w}, least, float(right)
    low, high = (limit, limit) if sense == "==" else (-math.inf, limit) if sense == "<=" else (limit, math.inf)
    return {i: round(w) for i, w in zip(members, weights, strict=True)}, low, high


def diagram(n: int, rows: Sequence[Row], groups: Sequence[Sequence[int]], *, most_nodes: int = MOST_NODES) -> Diagram | None:
    """The diagram of all choices that satisfy the rows, or None where it needs more than `most_nodes` nodes.

    Args:
        n: Number of options.
        rows: What a choice must satisfy.
        groups: A partition of the options; those of one group are decided one after another.
        most_nodes: Where to give up.
    """
    order = _order(rows, groups)
    left = [_left(row, order) for row in rows]
    touched = [[r for r, row in enumerate(rows) if option in row[0]] for option in order]
    start = tuple(_state(0, rows[r], *left[r][0]) for r in range(len(rows)))
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
                        after[r] = _state(before + taken * rows[r][0][option], rows[r], *left[r][place + 1])
                        if after[r] == _BROKEN:
                            break
                else:
                    table[node, taken] = below.setdefault(tuple(after), len(below))
        children.append(table)
        total += len(below)
        if total > most_nodes:
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


def _left(row: Row, order: Sequence[int]) -> list[tuple[int, int]]:
    """The least and the most that the options from each level on can add."""
    out = [(0, 0)]
    for option in reversed(order):
        weight = row[0].get(option, 0)
        out.append((out[-1][0] + min(weight, 0), out[-1][1] + max(weight, 0)))
    return out[::-1]


def _order(rows: Sequence[Row], groups: Sequence[Sequence[int]]) -> list[int]:
    """Groups one after another, each time the one after which the fewest options wait for others of their rows."""
    short = [set(row[0]) for row in rows if len(row[0]) < sum(len(g) for g in groups)]
    done: set[int] = set()
    order: list[int] = []
    waiting = [tuple(g) for g in groups]
    while waiting:

        def open_after(group: tuple[int, ...]) -> tuple[int, int]:
            decided = done.union(group)
            pending = {i for row in short if not row <= decided for i in row & decided}
            return len(pending), -len(group)

        group = min(waiting, key=open_after)
        waiting.remove(group)
        done.update(group)
        order += group
    return order


def _counted(n: int, order: Sequence[int], children: Sequence[NDArray[np.int64]], ends: int) -> Diagram:
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
    return Diagram(n=n, order=tuple(order), children=tuple(children), chance=tuple(reversed(chance)), count=below[0])
