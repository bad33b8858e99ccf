"""The 39 measured cell lines of O'Neil 2016: `auto` proves the optimum of each, and tabu search
finds it.

The optimum is known from the plain walk over all permitted sets, which shares no code with the
solvers.
"""

from __future__ import annotations

from functools import cache

import pytest

from qtwin.encoding.screen import encode_screen, instance
from qtwin.problem.screen.read import read_screen
from qtwin.problem.screen.screen import Screen
from qtwin.solver import registry
from qtwin.solver.base import Instance
from qtwin.solver.exact.fixed_size import greedy
from tests.oracles.public_data import PUBLIC_DATA

FOLDER = PUBLIC_DATA / "oneil"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the measured tables are not shipped")


@cache
def _data() -> Screen:
    return read_screen(FOLDER / "oneil_loewe_583x39.csv", singles=FOLDER / "oneil_ri_38x39.csv")


def _solve_all(sizes: tuple[int, ...], lines: range, objective: str) -> None:
    data = _data()
    assert (data.n, len(data.contexts)) == (38, 39)
    auto, tabu = registry.load("auto", {}), registry.load("tabu", {"reads": 50})
    for line in lines:
        for size in sizes:
            choice = instance(data, line, size=size, objective=objective)
            optimum = float(choice.values().max())
            start = greedy(choice)
            assert start is not None
            encoding = encode_screen(choice, start.members)
            proven = auto.solve(Instance(encoding=encoding), seed=0, time_limit_s=60.0)
            assert proven.proven, (line, size, proven.info)
            assert -proven.energy == pytest.approx(optimum, abs=1e-6), (line, size)
            assert proven.bits is not None
            assert choice.permitted([int(i) for i in proven.bits[:38].nonzero()[0]])
            found = tabu.solve(Instance(encoding=encoding), seed=0)
            assert -found.energy == pytest.approx(optimum, abs=1e-6), (line, size)


@pytest.mark.parametrize("objective", ["mean", "log-linear"])
def test_pairs_and_triples_of_every_third_line(objective: str) -> None:
    _solve_all((2, 3), range(0, 39, 3), objective)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["mean", "log-linear"])
@pytest.mark.parametrize("size", [2, 3, 5, 8])
def test_every_line_is_solved_with_proof(size: int, objective: str) -> None:
    _solve_all((size,), range(39), objective)
