"""Odd-cycle inequalities of the quadratic's cut polytope, found at the root: what makes a
linearised QUBO's bound tight.

With a further node 0 (always bit 0) a QUBO is a cut: z_0i = x_i and z_ij = x_i + x_j - 2 y_ij say
whether two ends differ (De Simone 1990, Discrete Mathematics 79:71). Round a cycle C the ends
differ an even number of times, so for F in C, |F| odd,

    sum_F z - sum_{C - F} z <= |F| - 1

(Barahona and Mahjoub 1986, Mathematical Programming 36:157).

Triangles of three choices are enumerated (Padberg 1989); longer cycles are the shortest paths from
a node to its copy in the doubled graph, where crossing over costs 1 - z and staying costs z. Rounds
of cuts follow until none is violated or time is up.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import Term
from qtwin.solver.exact.linearise import LinearModel, Relaxation, Row

_VIOLATED = 1e-3
_A_ROUND = 400
"""Most violated triangles that join in one round."""
_STARTS = 64
"""Nodes from which cycles are sought at once, before the clock is read."""
_TRIANGLES = 1_000_000
"""Triples that are evaluated through; beyond this, and where pairs are few, cycles alone."""


def add_cuts(
    model: LinearModel,
    *,
    time_limit_s: float,
    rounds: int = 30,
    visit: Callable[[NDArray[np.float64]], bool] = lambda z: False,
) -> LinearModel:
    """The model with the odd-cycle rows that hold its relaxation tight; the same feasible bits, at
    a higher bound.

    Args:
        model: A linear model; only its products of two choices take part.
        time_limit_s: Stop cutting after this long.
        rounds: At most this many relaxations are solved.
        visit: Shown each minimiser, (n_columns,) values; it stops the cutting by answering True.
    """
    pairs: dict[Term, int] = {t: model.n + k for k, t in enumerate(model.products) if len(t) == 2}
    if not pairs:
        return model
    deadline = time.perf_counter() + time_limit_s
    graph = _Graph(model.n, pairs)
    relaxation = Relaxation(model)
    found: list[Row] = []
    known: set[Row] = set(model.rows)
    z = relaxation.minimum(deadline)
    for _ in range(rounds):
        new = (
            []
            if z is None
            else [r for r in dict.fromkeys(graph.violated(z, deadline)) if r not in known]
        )
        if not new or z is None or visit(z):
            break
        known.update(new)
        found += new
        relaxation.add(new)
        later = relaxation.minimum(deadline)
        if later is None:
            break
        z = later
    if z is None:
        return model
    tight = [
        r for r in found if z[list(r.columns)] @ np.array(r.values, dtype=np.float64) > r.rhs - 1e-6
    ]
    return replace(model, rows=(*model.rows, *tight))


class _Graph:
    """The pairs that have a product, and the cuts that a point of the relaxation violates."""

    def __init__(self, n: int, pairs: dict[Term, int]) -> None:
        self.n, self.pairs = n, pairs
        ends = [(0, i + 1) for i in range(n)] + [(i + 1, j + 1) for i, j in pairs]
        self._tail, self._head = np.array(ends).T
        self._edge = {frozenset(e): k for k, e in enumerate(ends)}
        self._choices: list[Term] = [(i,) for i in range(n)] + list(pairs)
        self._triples = self._triangles()

    def _triangles(self) -> NDArray[np.int64]:
        """(t, 3) choices of which all three pairs have a product; none when there would be too many
        to search.
        """
        joined = np.zeros((self.n, self.n), dtype=np.bool_)
        for i, j in self.pairs:
            joined[i, j] = joined[j, i] = True
        found: list[tuple[int, int, int]] = []
        for i, j in self.pairs:
            found += [(i, j, int(k)) for k in np.flatnonzero(joined[i] & joined[j]) if k > j]
            if len(found) > _TRIANGLES:
                return np.zeros((0, 3), dtype=np.int64)
        return np.array(found, dtype=np.int64).reshape(-1, 3)

    def violated(self, z: NDArray[np.float64], deadline: float = math.inf) -> list[Row]:
        """Violated triangles, the worst first; where there are few, cycles of any length, as many
        as are found in time.
        """
        rows = self._violated_triangles(z) if len(self._triples) else []
        return rows if len(rows) >= 20 else rows + self._violated_cycles(z, deadline)

    def _violated_triangles(self, z: NDArray[np.float64]) -> list[Row]:
        i, j, k = self._triples.T
        y = np.zeros((self.n, self.n))
        for (a, b), column in self.pairs.items():
            y[a, b] = z[column]
        ij, ik, jk = y[i, j], y[i, k], y[j, k]
        over = np.stack(
            [
                ij + ik - jk - z[i],
                ij + jk - ik - z[j],
                ik + jk - ij - z[k],
                z[i] + z[j] + z[k] - ij - ik - jk - 1.0,
            ],
            axis=1,
        )
        where = np.argwhere(over > _VIOLATED)
        worst = where[np.argsort(-over[where[:, 0], where[:, 1]], kind="stable")[:_A_ROUND]]
        return [
            self._triangle(tuple(int(v) for v in self._triples[t]), int(form)) for t, form in worst
        ]

    def _triangle(self, triple: tuple[int, ...], form: int) -> Row:
        """y_ij + y_ik - y_jk <= x_i with the choice `form` in the place of i, or x_i + x_j + x_k -
        the three products <= 1.
        """
        products = [self.pairs[p] for p in itertools.combinations(triple, 2)]
        if form == 3:
            return Row(
                columns=(*triple, *products), values=(1, 1, 1, -1, -1, -1), sense="<=", rhs=1
            )
        apart = products[2 - form]  # of the pairs ij, ik, jk the one without that choice
        held = [y for y in products if y != apart]
        return Row(columns=(*held, apart, triple[form]), values=(1, 1, -1, -1), sense="<=", rhs=0)

    def _violated_cycles(self, z: NDArray[np.float64], deadline: float) -> list[Row]:
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        nodes = self.n + 1
        differs = np.array(
            [
                z[c[0]] if len(c) == 1 else z[c[0]] + z[c[1]] - 2.0 * z[self.pairs[c]]
                for c in self._choices
            ]
        )
        differs = differs.clip(0.0, 1.0) + 1e-9  # an edge of length zero would be no edge
        across = (1.0 - differs).clip(0.0) + 1e-9
        tail, head = self._tail, self._head
        # SciPy before 1.15 searches in graphs with 32-bit indices only
        u = np.concatenate([tail, tail + nodes, tail, tail + nodes]).astype(np.int32)
        v = np.concatenate([head, head + nodes, head + nodes, head]).astype(np.int32)
        doubled = csr_array(
            (np.concatenate([differs, differs, across, across]), (u, v)),
            shape=(2 * nodes, 2 * nodes),
        )
        found: list[tuple[float, Row]] = []
        for first in range(0, nodes, _STARTS):
            starts = np.arange(first, min(first + _STARTS, nodes))
            lengths, before = dijkstra(
                doubled, directed=False, indices=starts, return_predecessors=True
            )
            for k, start in enumerate(starts.tolist()):
                length = float(lengths[k, start + nodes])
                if length > 1.0 - _VIOLATED:
                    continue
                walk, at = [], start + nodes
                while at != start:
                    last = int(before[k, at])
                    walk.append(
                        (
                            self._edge[frozenset((last % nodes, at % nodes))],
                            (last >= nodes) != (at >= nodes),
                        )
                    )
                    at = last
                # a walk that uses an edge twice is no cycle
                if len({edge for edge, _ in walk}) == len(walk):
                    found.append((length, self._cycle(walk)))
            if time.perf_counter() > deadline:
                break
        return [row for _, row in sorted(found, key=lambda f: f[0])]

    def _cycle(self, walk: Iterable[tuple[int, bool]]) -> Row:
        """The inequality of a cycle, each edge with whether it is in F, in terms of choices and
        products.
        """
        total: dict[int, int] = {}
        odd = 0
        for edge, crossed in walk:
            sign = 1 if crossed else -1
            odd += crossed
            choices = self._choices[edge]
            for i in choices:
                total[i] = total.get(i, 0) + sign
            if len(choices) == 2:
                total[self.pairs[choices]] = -2 * sign
        kept = {c: v for c, v in sorted(total.items()) if v}
        return Row(columns=tuple(kept), values=tuple(kept.values()), sense="<=", rhs=odd - 1)
