"""Planted spin glasses of frustrated loops on a random regular graph (Hen et al. 2015, PRA
92:042325).

Each loop is a ring of couplings -1 (between aligned spins) of which one is turned to +1. Alone, a
ring of length L has lowest energy -(L - 2), which the planted state reaches; so the planted state
is lowest for the sum of all rings as well.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import from_spins
from qtwin.errors import InputError

_DEGREE = 4
_SHORTEST = 6


def generate(n: int, seed: int, *, loops_per_spin: float = 0.8) -> Generated:
    """`loops_per_spin` x n loops found by random walks on a random 4-regular graph, planted at a
    random state.

    Raises:
        InputError: for fewer than 8 spins, or no loops.
    """
    import networkx

    if n < 8 or not loops_per_spin > 0.0:
        raise InputError(
            f"expected at least 8 spins with some loops each, got {n} with {loops_per_spin}",
            hint="raise both",
        )
    rng = np.random.default_rng([seed, n])
    graph = networkx.random_regular_graph(_DEGREE, n, seed=int(rng.integers(2**31)))
    neighbours = {v: sorted(graph[v]) for v in graph}
    planted = rng.choice(np.array([-1, 1]), size=n)
    couplings: dict[tuple[int, int], float] = {}
    lowest = 0.0
    for _ in range(max(1, round(loops_per_spin * n))):
        loop = _loop(neighbours, rng, n)
        turned = int(rng.integers(len(loop)))
        for k, i in enumerate(loop):
            j = loop[(k + 1) % len(loop)]
            sign = 1.0 if k == turned else -1.0
            edge = (min(i, j), max(i, j))
            couplings[edge] = couplings.get(edge, 0.0) + sign * float(planted[i] * planted[j])
        lowest -= len(loop) - 2
    return Generated(
        family="frustrated-loops",
        seed=seed,
        options={"loops_per_spin": loops_per_spin},
        encoding=plain(from_spins(n, couplings.items())),
        optimum=lowest,
        optimal_bits=((1 - planted) // 2).astype(np.uint8),
        hardness="planted, sparse; hardest where loops percolate, some 0.1 to 1 loops a spin (Hen "
        "et al. 2015, PRA 92:042325)",
    )


def _loop(neighbours: dict[int, list[int]], rng: np.random.Generator, n: int) -> list[int]:
    """The first loop of a random walk that never turns straight back; loops shorter than 6 are
    dropped where the graph allows.
    """
    shortest = _SHORTEST if n >= 16 else 3
    while True:
        walk = [int(rng.integers(n))]
        place = {walk[0]: 0}
        while True:
            ways = [v for v in neighbours[walk[-1]] if len(walk) < 2 or v != walk[-2]]
            step = ways[int(rng.integers(len(ways)))]
            if step in place:
                break
            place[step] = len(walk)
            walk.append(step)
        loop = walk[place[step] :]
        if len(loop) >= shortest:
            return loop
