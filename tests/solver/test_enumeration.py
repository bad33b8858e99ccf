"""Enumeration against slower ways to look at everything, on the polynomial and on a twin."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.encoding import Encoding, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import AtMost, AtMostOne
from qtwin.solver.base import Instance
from qtwin.solver.classical.enumeration import Enumeration
from qtwin.solver.quadratic_minimum import minimise
from tests.oracles.brute_force import lowest_feasible
from tests.oracles.instances import RULES, constrained, random_polynomial


@given(n=st.integers(1, 16), seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_walk_finds_the_minimum_of_the_whole_table(n: int, seed: int) -> None:
    polynomial = random_polynomial(n, 2, seed)
    _, linear, pairs = polynomial.quadratic_form
    found = minimise(linear, pairs)
    assert found.complete
    assert found.evaluations == 2**n
    assert polynomial.evaluate(found.bits[None, :])[0] == pytest.approx(polynomial.values().min(), abs=1e-10)


@pytest.mark.parametrize("where", [0, 5, 9, 10, 14, 19, 20, 22])
def test_every_bit_place_is_walked(where: int) -> None:
    """One bit alone pays, and its neighbour only together with it: low, middle and high bits are told apart."""
    n = 23
    terms = {(i,): 1.0 for i in range(n)} | {(where,): -1.0, tuple(sorted((where, (where + 1) % n))): -1.5}
    bits = Enumeration().solve(Instance(encoding=plain(BinaryPolynomial.of(n, terms))), seed=0).bits
    assert bits is not None
    assert sorted(np.flatnonzero(bits)) == sorted((where, (where + 1) % n))


def test_a_walk_cut_short_claims_nothing() -> None:
    rng = np.random.default_rng(0)
    encoding = plain(BinaryPolynomial.of(34, {(i, (7 * i + k) % 34): rng.normal() for i in range(34) for k in (1, 2)}))
    result = Enumeration().solve(Instance(encoding=encoding), seed=0, time_limit_s=0.2)
    assert result.status == "time limit"
    assert not result.proven
    assert result.bound is None
    assert result.bits is not None
    assert 0 < result.evaluations < 2**34


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_cubic_polynomials_and_constraints(seed: int) -> None:
    cubic = plain(random_polynomial(8, 3, seed))
    ruled = constrained(seed)
    for encoding in (cubic, ruled):
        result = Enumeration().solve(Instance(encoding=encoding), seed=0)
        assert result.proven
        assert result.energy == pytest.approx(lowest_feasible(encoding), abs=1e-9)
        assert result.bound == result.energy


def test_penalties_that_do_not_suffice_are_told_and_the_answer_is_feasible_still() -> None:
    objective = BinaryPolynomial.of(2, {(0,): -1.0, (1,): -1.25})
    rule = AtMostOne(name="one of two", members=(0, 1))
    for weight, feasible, lowest in ((0.5, False, -1.75), (1.5, True, -1.25)):
        energy = objective + BinaryPolynomial.of(2, {(0, 1): weight})
        encoding = Encoding(polynomial=energy, objective=objective, variables=("a", "b"), n_decision=2, constraints=(rule,))
        result = Enumeration().solve(Instance(encoding=encoding), seed=0)
        assert result.info["minimiser_is_feasible"] is feasible
        assert result.info["penalised_minimum"] == lowest
        assert (result.energy, result.proven) == (-1.25, True)


def test_few_feasible_choices_among_very_many_assignments() -> None:
    n = 60
    gains = np.random.default_rng(5).permutation(n) + 1.0
    objective = BinaryPolynomial.of(n, {(i,): -float(g) for i, g in enumerate(gains)} | {(int(np.argmax(gains)), 0): 100.0})
    rule = AtMost(name="two", limit=2, members=tuple(range(n)))
    encoding = Encoding(
        polynomial=objective, objective=objective, variables=tuple(f"x{i}" for i in range(n)), n_decision=n, constraints=(rule,)
    )
    result = Enumeration().solve(Instance(encoding=encoding), seed=0)
    assert result.proven
    assert result.energy == -(n + (n - 1))


def test_too_large_names_the_limit() -> None:
    for degree, limit in ((2, 36), (3, 26)):
        wide = plain(BinaryPolynomial.of(limit + 1, {tuple(range(degree)): 1.0}))
        with pytest.raises(InputError, match=str(limit)):
            Enumeration().solve(Instance(encoding=wide), seed=0)


@dataclass(frozen=True, kw_only=True)
class _Twin:
    """A utility that no quadratic reproduces."""

    rows: np.ndarray

    def feasible_bits(self) -> np.ndarray:
        return self.rows

    def objective(self, bits: np.ndarray) -> np.ndarray:
        return np.sin(3.0 * (bits @ np.arange(1.0, bits.shape[1] + 1))) + 0.01 * bits[:, 0]


@pytest.mark.parametrize("time_limit_s", [None, 60.0])
def test_on_a_twin_the_best_utility_wins_whatever_the_encoding_says(time_limit_s: float | None) -> None:
    encoding = constrained(6)
    points = np.array(list(itertools.product((0, 1), repeat=6)), dtype=np.uint8)
    rows = points[np.all([c.holds(points) for c in RULES], axis=0)]
    twin = _Twin(rows=rows)
    result = Enumeration().solve(Instance(encoding=encoding, problem=twin), seed=0, time_limit_s=time_limit_s)
    utilities = [float(twin.objective(row[None, :])[0]) for row in rows]
    assert result.bits is not None
    assert (result.status, result.proven, result.scope, result.bound) == ("optimal", True, "twin", None)
    assert np.array_equal(result.bits[:6], rows[int(np.argmax(utilities))])
    assert result.energy == encoding.polynomial.evaluate(result.bits[None, :])[0]
    assert result.info["n_feasible"] == result.evaluations == len(rows)
    assert result.info["best_utility"] == pytest.approx(max(utilities))
    assert result.info["second_best_gap"] == pytest.approx(max(utilities) - sorted(utilities)[-2])
