"""Exact searches that do not finish: time limits, Ctrl-C, targets, and what a warm start is worth
to them.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from qtwin.encoding.model import BinaryModel, plain
from qtwin.errors import InputError
from qtwin.solver import registry
from qtwin.solver.base import Instance
from tests.oracles.brute_force import allowed
from tests.oracles.ctrl_c import ctrl_c
from tests.oracles.exact_solvers import BOUNDED, Case, load, name_of
from tests.oracles.instances import constrained, random_polynomial


def _hard(case: Case) -> BinaryModel:
    """What the solver does not prove within seconds; as large as Gurobi's restricted licence takes
    in linear form.
    """
    return plain(random_polynomial(48 if case[1].get("form") == "linear" else 64, 2, 0))


@pytest.mark.parametrize("case", [*BOUNDED, ("auto", {})], ids=name_of)
def test_a_time_limit_leaves_the_best_and_a_bound(case: Case) -> None:
    hard = _hard(case)
    good = registry.load("simulated-annealing", {"reads": 50, "sweeps": 500}).solve(
        Instance(encoding=hard), seed=0
    )
    # a size that the restricted licence takes is proven in a second
    limit_s = 0.2 if case[1].get("form") == "linear" else 1.0
    # on a busy machine the first limits may pass before there is a bound
    for longer in (1, 2, 4, 8, 16, 32):
        result = load(case).solve(
            Instance(encoding=hard, warm_start=good.bits), seed=0, time_limit_s=longer * limit_s
        )
        assert (result.status, result.proven) == ("time limit", False)
        if result.bound is not None:
            break
    assert result.bits is not None
    assert result.bound is not None
    assert result.bound < result.energy <= good.energy + 1e-9, "a warm start is never lost"
    assert result.gap == pytest.approx((result.energy - result.bound) / abs(result.energy))
    assert result.trace[-1].best_energy == pytest.approx(result.energy)
    if case[0] != "auto":
        assert result.info["warm_start"] == "used"
        assert result.trace[0].best_energy == pytest.approx(good.energy)


@pytest.mark.parametrize("case", BOUNDED, ids=name_of)
def test_no_time_to_search_proves_nothing(case: Case) -> None:
    """A vendor that did not begin still answers a bound, such as 0; it is none of ours, and a warm
    start is not proven by it.
    """
    hard = _hard(case)
    good = registry.load("simulated-annealing", {"reads": 50, "sweeps": 500}).solve(
        Instance(encoding=hard), seed=0
    )
    result = load(case).solve(
        Instance(encoding=hard, warm_start=good.bits), seed=0, time_limit_s=1e-3
    )
    assert (result.status, result.proven) == ("time limit", False)
    assert result.energy == pytest.approx(good.energy)
    assert result.bound is None or result.bound < good.energy


@pytest.mark.parametrize("case", [*BOUNDED[:-2], BOUNDED[-1], ("auto", {})], ids=name_of)
def test_ctrl_c_keeps_the_best_so_far(case: Case) -> None:
    solver, hard = load(case), _hard(case)
    for later in (1, 2, 4, 8, 16):  # on a busy machine the first may come before any answer
        with ctrl_c(later * 1.5):
            result = solver.solve(Instance(encoding=hard), seed=0, time_limit_s=300.0)
        assert (result.status, result.proven) == ("interrupted", False)
        if result.bits is not None:
            break
    assert result.bits is not None
    assert result.energy == pytest.approx(float(hard.polynomial.evaluate(result.bits[None, :])[0]))


@pytest.mark.parametrize("case", BOUNDED, ids=name_of)
def test_warm_starts_under_constraints(case: Case) -> None:
    solver, encoding = load(case), constrained(2)
    best = min(
        (x for x in itertools.product((0, 1), repeat=6) if allowed(encoding, x)),
        key=lambda x: _objective(encoding, x),
    )
    again = solver.solve(
        Instance(encoding=encoding, warm_start=np.array(best, dtype=np.uint8)), seed=0
    )
    assert again.proven
    assert [p.best_energy for p in again.trace] == pytest.approx([again.energy])
    broken = solver.solve(
        Instance(encoding=encoding, warm_start=np.ones(6, dtype=np.uint8)), seed=0
    )
    assert broken.info["warm_start"] == "breaks a constraint, not used"
    assert broken.energy == pytest.approx(again.energy)
    with pytest.raises(InputError, match=r"shape \(6,\), got \(2,\)"):
        solver.solve(
            Instance(encoding=encoding, warm_start=np.array([0, 1], dtype=np.uint8)), seed=0
        )
    with pytest.raises(InputError, match="expected a warm start of 0 and 1"):
        solver.solve(Instance(encoding=encoding, warm_start=np.full(6, 2, dtype=np.uint8)), seed=0)


def _objective(encoding: BinaryModel, x: tuple[int, ...]) -> float:
    row = np.zeros((1, encoding.polynomial.n_variables))
    row[0, : len(x)] = x
    return float(encoding.objective.evaluate(row)[0])


@pytest.mark.parametrize("case", BOUNDED, ids=name_of)
def test_a_target_ends_the_search(case: Case) -> None:
    solver, hard = load(case), _hard(case)
    easy = solver.solve(Instance(encoding=hard, target_energy=-1.0), seed=0, time_limit_s=8.0)
    assert easy.status == "feasible"
    assert easy.energy <= -1.0
    assert easy.info["target_reached"]
    assert easy.bits is not None
    given = solver.solve(Instance(encoding=hard, target_energy=-1.0, warm_start=easy.bits), seed=0)
    assert (given.status, given.energy) == ("feasible", easy.energy)


@pytest.mark.parametrize("case", BOUNDED, ids=name_of)
def test_options_out_of_range_are_refused(case: Case) -> None:
    load(case)
    for option in ("time_limit_s", "threads"):
        if option in registry.options_of(registry.find(case[0])):
            with pytest.raises(InputError, match=f"{option} above 0, got 0"):
                registry.load(case[0], {option: 0})
