"""Instances whose optimum is published or planted: `auto` proves it, `tabu` finds it, nobody goes
below.
"""

from __future__ import annotations

import networkx as nx
import pytest

from qtwin.encoding.generate import make
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver import registry
from qtwin.solver.base import Instance


def _cut(graph: nx.Graph) -> BinaryModel:
    """Minus the cut."""
    place = {v: i for i, v in enumerate(graph)}
    edges = [tuple(sorted((place[a], place[b]))) for a, b in graph.edges]
    return plain(
        BinaryPolynomial.of(
            len(place), [((i,), -1.0) for e in edges for i in e] + [(e, 2.0) for e in edges]
        )
    )


def _both(encoding: BinaryModel, optimum: float, reads: int = 100) -> None:
    proven = registry.load("auto", {}).solve(
        Instance(encoding=encoding), seed=0, time_limit_s=120.0
    )
    assert proven.energy == pytest.approx(optimum, abs=1e-6)
    assert proven.proven, proven.info
    found = registry.load("tabu", {"reads": reads}).solve(Instance(encoding=encoding), seed=0)
    assert found.energy == pytest.approx(optimum, abs=1e-6)


@pytest.mark.parametrize("n", [16, 19, 22, 23])
def test_sequences_of_low_autocorrelation(n: int) -> None:
    """Quartic; the optima are those of Packebusch, Mertens 2016."""
    made = make("labs", n, seed=0)
    assert made.optimum is not None
    _both(made.encoding, made.optimum)


@pytest.mark.slow
@pytest.mark.parametrize("n", range(24, 32))
def test_longer_sequences(n: int) -> None:
    made = make("labs", n, seed=0)
    assert made.optimum is not None
    _both(made.encoding, made.optimum, reads=300)


@pytest.mark.parametrize(
    ("graph", "cut"),
    [
        (nx.petersen_graph(), 12),
        (nx.complete_graph(15), 56),  # floor(n^2 / 4)
        (nx.heawood_graph(), 21),  # bipartite: all edges
        # each of twelve pentagons keeps an edge uncut, and an edge is in two: 30 - 6
        (nx.dodecahedral_graph(), 24),
        (nx.cycle_graph(51), 50),
    ],
)
def test_cuts_of_famous_graphs(graph: nx.Graph, cut: int) -> None:
    _both(_cut(graph), -float(cut))


@pytest.mark.parametrize(
    ("family", "n", "options"),
    [("wishart", 32, {"alpha": 0.75}), ("frustrated-loops", 100, {}), ("xorsat", 24, {})],
)
def test_planted_ones(family: str, n: int, options: dict[str, float]) -> None:
    made = make(family, n, seed=5, **options)
    assert made.optimum is not None
    _both(made.encoding, made.optimum)
