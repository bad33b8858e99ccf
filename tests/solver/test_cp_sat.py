"""CP-SAT's proof holds for the floats: bounds below the optimum at any scale, whatever the rounding
was.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.base import Instance
from qtwin.solver.classical.cp_sat import CpSat
from qtwin.solver.exact import search as scaled
from tests.oracles.brute_force import lowest_feasible
from tests.oracles.instances import random_polynomial


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


def test_coarse_rounding_gives_a_lower_bound_and_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaled, "PRECISION_BITS", 6)
    for seed in range(10):
        encoding = plain(random_polynomial(7, 2, seed))
        result = CpSat().solve(Instance(encoding=encoding), seed=0)
        assert (result.status, result.proven) == ("feasible", False)
        assert result.bound is not None
        assert result.bound < lowest_feasible(encoding) <= result.energy


def test_whole_numbers_are_proven_without_any_gap() -> None:
    encoding = plain(
        BinaryPolynomial.of(
            7, {t: round(9 * c) for t, c in random_polynomial(7, 3, 8).terms.items()}
        )
    )
    result = CpSat().solve(Instance(encoding=encoding), seed=0)
    assert result.info["rounding_error"] == 0.0
    assert result.bound == result.energy == lowest_feasible(encoding)


def test_more_threads_find_the_same_energy() -> None:
    encoding = plain(random_polynomial(12, 2, 1))
    assert CpSat(threads=2).solve(Instance(encoding=encoding), seed=0).energy == pytest.approx(
        lowest_feasible(encoding)
    )
