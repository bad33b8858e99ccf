"""CP-SAT's proof holds for the floats: bounds below the optimum at any scale, products of any order, native constraints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.encoding import Encoding, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint
from qtwin.solver.base import Instance
from qtwin.solver.classical import cp_sat
from qtwin.solver.classical.cp_sat import CpSat
from tests.oracles.brute_force import lowest_feasible
from tests.oracles.instances import constrained, random_polynomial


@given(seed=st.integers(0, 10_000), degree=st.integers(1, 4), exponent=st.integers(-8, 8))
@settings(max_examples=15, deadline=None)
def test_products_of_any_order_at_any_scale(seed: int, degree: int, exponent: int) -> None:
    encoding = plain(random_polynomial(6, degree, seed, scale=10.0**exponent))
    result = CpSat().solve(Instance(encoding=encoding), seed=0)
    optimum = lowest_feasible(encoding)
    assert result.proven
    assert result.energy == pytest.approx(optimum, rel=1e-9, abs=1e-12 * 10.0**exponent)
    assert result.bound is not None
    assert result.bound <= optimum + 1e-12 * 10.0**exponent
    assert result.energy - result.bound <= result.info["tolerance"]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_native_constraints(seed: int) -> None:
    encoding = constrained(seed)
    result = CpSat().solve(Instance(encoding=encoding), seed=0)
    assert result.proven
    assert result.energy == pytest.approx(lowest_feasible(encoding), abs=1e-9)


def test_coarse_rounding_gives_a_lower_bound_and_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cp_sat, "_PRECISION_BITS", 6)
    for seed in range(10):
        encoding = plain(random_polynomial(7, 2, seed))
        result = CpSat().solve(Instance(encoding=encoding), seed=0)
        assert (result.status, result.proven) == ("feasible", False)
        assert result.bound is not None
        assert result.bound < lowest_feasible(encoding) <= result.energy


def test_whole_numbers_are_proven_without_any_gap() -> None:
    encoding = plain(BinaryPolynomial.of(7, {t: round(9 * c) for t, c in random_polynomial(7, 3, 8).terms.items()}))
    result = CpSat().solve(Instance(encoding=encoding), seed=0)
    assert result.info["rounding_error"] == 0.0
    assert result.bound == result.energy == lowest_feasible(encoding)


def test_a_time_limit_leaves_a_bound_and_no_proof() -> None:
    encoding = plain(random_polynomial(48, 2, 0))
    result = CpSat().solve(Instance(encoding=encoding), seed=0, time_limit_s=3.0)
    assert (result.status, result.proven) == ("time limit", False)
    assert result.bits is not None
    assert result.bound is not None
    assert result.bound < result.energy
    assert result.wall_s["search"] < 30


def test_a_warm_start_is_the_first_answer_when_it_is_the_optimum() -> None:
    encoding = constrained(2)
    best = CpSat().solve(Instance(encoding=encoding), seed=0)
    assert best.bits is not None
    again = CpSat(warm_start=tuple(int(b) for b in best.bits[:6])).solve(Instance(encoding=encoding), seed=0)
    assert again.energy == best.energy
    assert [p.best_energy for p in again.trace] == pytest.approx([best.energy])
    with pytest.raises(InputError, match="2 bits came, 6"):
        CpSat(warm_start=(0, 1)).solve(Instance(encoding=encoding), seed=0)


class _Odd(Constraint):
    def holds(self, bits: np.ndarray) -> np.ndarray:
        return np.asarray(bits).sum(axis=1) % 2 == 1


def test_a_constraint_it_cannot_state_is_refused() -> None:
    objective = random_polynomial(3, 2, 0)
    encoding = Encoding(
        polynomial=objective, objective=objective, variables=("a", "b", "c"), n_decision=3, constraints=(_Odd(name="odd"),)
    )
    with pytest.raises(InputError, match="_Odd"):
        CpSat().solve(Instance(encoding=encoding), seed=0)
