"""Where qubits start on the line, so that all couplings of a sparse cost meet in few rounds of the swap network.

Which places meet in which round is fixed; who stands where is free (Matsuo, Yamashita, Egger 2023, IEICE Trans. E106.A:1424, who
ask a SAT solver). Here simulated annealing exchanges two qubits at a time and lowers the sum of 2^round over all couplings,
which the last round dominates.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz
from qtwin.backend.compile.swap_network import kind, meeting_rounds, pairs

_STEPS = 6000
_DENSE = 0.5


def coupled(ansatz: Ansatz) -> NDArray[np.int64]:
    """(m, 2) distinct pairs that some cost layer couples, smaller qubit first."""
    found = [pairs(layer.generator) for layer in ansatz.layers if kind(layer.generator) == "cost"]
    return np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), dtype=np.int64)


def is_sparse(ansatz: Ansatz) -> bool:
    """Fewer than half of all pairs are coupled."""
    return len(coupled(ansatz)) < _DENSE * ansatz.n_qubits * (ansatz.n_qubits - 1) / 2


def good_order(ansatz: Ansatz, *, seed: int = 0) -> tuple[int, ...]:
    """(n,) qubit on each place at the beginning; as they are for dense costs, where all rounds are needed anyway."""
    edges = coupled(ansatz)
    if not len(edges) or not is_sparse(ansatz):
        return tuple(range(ansatz.n_qubits))
    return _annealed(ansatz.n_qubits, tuple(map(tuple, edges.tolist())), seed)


@lru_cache(maxsize=256)
def _annealed(n: int, edges: tuple[tuple[int, int], ...], seed: int) -> tuple[int, ...]:
    rng = np.random.default_rng(seed)
    price = np.exp2(np.minimum(meeting_rounds(n), 200))
    near: list[list[int]] = [[] for _ in range(n)]
    for a, b in edges:
        near[a].append(b)
        near[b].append(a)
    arrays = [np.array(q, dtype=np.int64) for q in near]
    place = _breadth_first(n, near)
    best, total = place.copy(), sum(price[place[a], place[b]] for a, b in edges)
    least = total
    draws = rng.integers(n, size=(_STEPS, 2))
    luck = rng.random(_STEPS)
    for k, (a, b) in enumerate(draws):
        if a == b:
            continue
        before = price[place[a], place[arrays[a]]].sum() + price[place[b], place[arrays[b]]].sum()
        place[a], place[b] = place[b], place[a]
        change = price[place[a], place[arrays[a]]].sum() + price[place[b], place[arrays[b]]].sum() - before
        if change > 0 and luck[k] >= np.exp(-change / (0.3 * total * (1.0 - k / _STEPS) + 1e-300)):
            place[a], place[b] = place[b], place[a]
            continue
        total += change
        if total < least:
            best, least = place.copy(), total
    return tuple(int(q) for q in np.argsort(best))


def _breadth_first(n: int, near: list[list[int]]) -> NDArray[np.int64]:
    """(n,) places in the order in which a walk from the loneliest qubit meets them."""
    place = np.full(n, -1, dtype=np.int64)
    count = 0
    for start in sorted(range(n), key=lambda q: len(near[q])):
        queue = [start] if place[start] < 0 else []
        while queue:
            q = queue.pop(0)
            if place[q] >= 0:
                continue
            place[q] = count
            count += 1
            queue += sorted((r for r in near[q] if place[r] < 0), key=lambda r: len(near[r]))
    return place
