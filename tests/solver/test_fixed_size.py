"""Exact and greedy choices of k drugs, against plain search, and on the measured screen."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.fixed_size import encode_fixed_size
from qtwin.encoding.screen import instance
from qtwin.encoding.spectrum import maximum_safe_subset
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.interaction_graph import graph_of, read_interactions
from qtwin.problem.screen.read import read_screen
from qtwin.solver.base import Instance
from qtwin.solver.exact.fixed_size import best_of_all, greedy, greedy_swap
from qtwin.solver.local.descent import fewest_partners
from qtwin.solver.registry import load
from tests.oracles.public_data import PUBLIC_DATA

DATA = PUBLIC_DATA


def _choice(n: int, size: int, seed: int) -> FixedSize:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((n, n)) < 0.15, 1)
    pairs = np.triu(rng.normal(size=(n, n)), 1) * ~upper
    return FixedSize(
        names=tuple(map(str, range(n))),
        size=size,
        linear=rng.normal(size=n),
        pairs=pairs + pairs.T,
        forbidden=upper | upper.T,
    )


@settings(deadline=None, max_examples=40)
@given(size=st.integers(1, 5), seed=st.integers(0, 10_000))
def test_greedy_never_beats_the_proven_optimum_and_ends_where_no_exchange_helps(
    size: int, seed: int
) -> None:
    choice = _choice(8, size, seed)
    permitted = [m for m in combinations(range(8), size) if choice.permitted(m)]
    if not permitted:
        return
    best = best_of_all(choice)
    ordered = sorted((choice.value(m) for m in permitted), reverse=True)
    assert best.proven
    assert best.evaluations == len(permitted)
    assert best.value == pytest.approx(ordered[0])
    assert best.value == pytest.approx(choice.value(best.members))
    if len(ordered) > 1:
        assert best.second == pytest.approx(ordered[1])
    first, swapped = greedy(choice), greedy_swap(choice)
    if first is None:
        assert swapped is None
        return
    assert swapped is not None
    assert choice.permitted(first.members)
    assert choice.permitted(swapped.members)
    assert first.value - 1e-9 <= swapped.value <= best.value + 1e-9
    neighbours = [m for m in permitted if len(set(m) & set(swapped.members)) == size - 1]
    assert all(choice.value(m) <= swapped.value + 1e-9 for m in neighbours)


def test_cp_sat_proves_the_same_optimum() -> None:
    choice = _choice(12, 4, 3)
    best, start = best_of_all(choice), greedy(choice)
    assert start is not None
    found = load("cp-sat", {}).solve(
        Instance(encoding=encode_fixed_size(choice, start.members)), seed=0, time_limit_s=20.0
    )
    assert found.proven
    assert found.energy == pytest.approx(-best.value)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_fewest_partners_first_is_safe(seed: int) -> None:
    rng = np.random.default_rng(seed)
    harmful = np.triu(rng.random((9, 9)) < 0.4, 1)
    harmful = harmful | harmful.T
    chosen = fewest_partners(harmful)
    assert not harmful[np.ix_(chosen, chosen)].any()
    # nothing more can be added
    assert all(harmful[i, list(chosen)].any() for i in range(9) if i not in chosen)


def test_a_star_keeps_its_leaves() -> None:
    graph = graph_of([("hub", f"leaf {i}", "harm", 1.0, "") for i in range(6)])
    assert [graph.drugs[i] for i in fewest_partners(graph.adjacency())] == [
        f"leaf {i}" for i in range(6)
    ]


@pytest.mark.skipif(not DATA.exists(), reason="the measured tables are not here")
def test_simple_search_on_the_measured_screen() -> None:
    """O'Neil 2016: greedy is optimal on 3, 2, 8 of 39 lines for k = 2, 3, 5; with exchanges 22, 32,
    36; gap up to 58 %.
    """
    folder = DATA / "oneil"
    data = read_screen(
        folder / "chemicalx_oncopolypharmacology_loewe.csv", folder / "oneil_ri_38x39.csv"
    )
    worst = 0.0
    for size, plain, exchanged in ((2, 3, 22), (3, 2, 32), (5, 8, 36)):
        hits = [0, 0]
        for context in range(39):
            choice = instance(data, context, size=size)
            best = best_of_all(choice)
            for k, found in enumerate((greedy(choice), greedy_swap(choice))):
                assert found is not None
                hits[k] += found.value >= best.value - 1e-9
                worst = max(worst, (best.value - found.value) / best.value)
        assert hits == [plain, exchanged]
    assert worst == pytest.approx(0.58, abs=0.005)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the measured tables are not here")
def test_simple_search_at_eight_drugs() -> None:
    """O'Neil 2016: greedy optimal on 10, with exchanges on 38 of 39 lines for k = 8, of 3,048,474
    sets each.
    """
    folder = DATA / "oneil"
    data = read_screen(
        folder / "chemicalx_oncopolypharmacology_loewe.csv", folder / "oneil_ri_38x39.csv"
    )
    hits = [0, 0]
    for context in range(39):
        choice = instance(data, context, size=8)
        best = best_of_all(choice)
        assert best.evaluations == 3_048_474
        for k, found in enumerate((greedy(choice), greedy_swap(choice))):
            assert found is not None
            hits[k] += found.value >= best.value - 1e-9
    assert hits == [10, 38]


@pytest.mark.skipif(not DATA.exists(), reason="the lists are not here")
@pytest.mark.parametrize(("name", "safe"), [("High_Priority", 64), ("Non_Interuptive", 122)])
def test_the_largest_safe_subsets_of_the_onc_lists_are_proven(name: str, safe: int) -> None:
    """The bound is CP-SAT's; that 64 (122) can be taken is checked on the list itself."""
    graph = read_interactions(DATA / "ddi" / f"ONC_{name}_Mapped.csv")
    found = load("cp-sat", {}).solve(
        Instance(encoding=maximum_safe_subset(graph)), seed=0, time_limit_s=30.0
    )
    assert found.proven
    assert found.bits is not None
    chosen = np.flatnonzero(found.bits)
    assert len(chosen) == safe
    assert not graph.adjacency()[np.ix_(chosen, chosen)].any()
