"""Enumeration against slower ways to look at everything, on the polynomial and on a twin."""

from __future__ import annotations

import _thread
import itertools
import math
import threading
import time
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import AtMost, AtMostOne, Exactly, NotBoth
from qtwin.solver.base import Instance
from qtwin.solver.classical.enumeration import Enumeration
from qtwin.solver.exact.complete import minimise_polynomial as minimise_any
from qtwin.solver.exact.complete import minimise_quadratic as minimise
from tests.oracles.brute_force import lowest_feasible
from tests.oracles.instances import RULES, constrained, random_polynomial
from tests.oracles.ruled import ruled, under


@given(n=st.integers(1, 16), seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_walk_finds_the_minimum_of_the_whole_table(n: int, seed: int) -> None:
    polynomial = random_polynomial(n, 2, seed)
    _, linear, pairs = polynomial.quadratic_form
    found = minimise(linear, pairs)
    assert found.complete
    assert found.evaluations == 2**n
    assert polynomial.evaluate(found.bits[None, :])[0] == pytest.approx(
        polynomial.values().min(), abs=1e-10
    )


@given(
    n=st.integers(1, 15),
    degree=st.integers(3, 5),
    seed=st.integers(0, 10_000),
    sparse=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_higher_degrees_find_the_minimum_of_the_whole_table(
    n: int, degree: int, seed: int, sparse: bool
) -> None:
    rng = np.random.default_rng(seed)
    terms = [
        tuple(rng.choice(n, size=min(n, int(rng.integers(1, degree + 1))), replace=False))
        for _ in range(8 if sparse else 60)
    ]
    polynomial = BinaryPolynomial.of(n, [(t, rng.normal()) for t in terms])
    found = minimise_any(polynomial)
    assert (found.complete, found.evaluations) == (True, 2**n)
    assert polynomial.evaluate(found.bits[None, :])[0] == pytest.approx(
        polynomial.values().min(), abs=1e-10
    )


def test_a_cubic_of_many_chunks() -> None:
    """24 bits, low, middle and high ones, in blocks of three that know nothing of each other."""
    n = 24
    planted = np.random.default_rng(1).integers(0, 2, size=n)
    terms: dict[tuple[int, ...], float] = {}
    for i in range(0, n, 3):
        terms[(i, i + 1, i + 2)] = 0.5
    terms |= {(i,): -1.0 if planted[i] else 1.0 for i in range(n)}
    polynomial = BinaryPolynomial.of(n, terms)
    found = minimise_any(polynomial)
    # Each block of three is its own problem.
    best = sum(
        min(
            sum(terms[(i + d,)] * x[d] for d in range(3)) + 0.5 * math.prod(x)
            for x in itertools.product((0, 1), repeat=3)
        )
        for i in range(0, n, 3)
    )
    assert polynomial.evaluate(found.bits[None, :])[0] == best


@pytest.mark.parametrize("where", [0, 5, 9, 10, 14, 19, 20, 22])
def test_every_bit_place_is_walked(where: int) -> None:
    """One bit alone pays, and its neighbour only together with it: low, middle and high bits are
    told apart.
    """
    n = 23
    terms = {(i,): 1.0 for i in range(n)} | {
        (where,): -1.0,
        tuple(sorted((where, (where + 1) % n))): -1.5,
    }
    bits = Enumeration().solve(Instance(encoding=plain(BinaryPolynomial.of(n, terms))), seed=0).bits
    assert bits is not None
    assert sorted(np.flatnonzero(bits)) == sorted((where, (where + 1) % n))


def test_a_walk_cut_short_claims_nothing() -> None:
    rng = np.random.default_rng(0)
    encoding = plain(
        BinaryPolynomial.of(
            42, {(i, (7 * i + k) % 42): rng.normal() for i in range(42) for k in (1, 2)}
        )
    )
    result = Enumeration().solve(Instance(encoding=encoding), seed=0, time_limit_s=0.2)
    assert result.status == "time limit"
    assert not result.proven
    assert result.bound is None
    assert result.bits is not None
    assert 0 < result.evaluations < 2**42


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
        encoding = BinaryModel(
            polynomial=energy,
            objective=objective,
            variables=("a", "b"),
            n_decision=2,
            constraints=(rule,),
        )
        result = Enumeration().solve(Instance(encoding=encoding), seed=0)
        assert result.info["minimiser_is_feasible"] is feasible
        assert result.info["penalised_minimum"] == lowest
        assert (result.energy, result.proven) == (-1.25, True)


def test_few_feasible_choices_among_very_many_assignments() -> None:
    n = 60
    gains = np.random.default_rng(5).permutation(n) + 1.0
    objective = BinaryPolynomial.of(
        n, {(i,): -float(g) for i, g in enumerate(gains)} | {(int(np.argmax(gains)), 0): 100.0}
    )
    rule = AtMost(name="two", limit=2, members=tuple(range(n)))
    encoding = BinaryModel(
        polynomial=objective,
        objective=objective,
        variables=tuple(f"x{i}" for i in range(n)),
        n_decision=n,
        constraints=(rule,),
    )
    result = Enumeration().solve(Instance(encoding=encoding), seed=0)
    assert result.proven
    assert result.energy == -(n + (n - 1))


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_choices_under_any_rows(seed: int) -> None:
    encoding = ruled(seed, 2)
    result = Enumeration().solve(Instance(encoding=encoding), seed=0)
    optimum = lowest_feasible(encoding)
    if math.isinf(optimum):
        assert (result.bits, result.status, result.info["infeasibility_proven"]) == (
            None,
            "infeasible",
            True,
        )
        return
    assert result.bits is not None
    assert result.energy == pytest.approx(optimum, abs=1e-9)
    assert (result.status, result.bound) == ("optimal", result.energy)
    assert result.trace[-1].best_energy == result.energy


@pytest.mark.parametrize("k", range(10))
@pytest.mark.parametrize("apart", [False, True])
def test_sets_of_each_size(k: int, apart: bool) -> None:
    n = 9
    pairs_apart = ((0, 3), (2, 7), (7, 8)) if apart else ()
    rules = (
        Exactly(name="size", count=k, members=tuple(range(n))),
        *(NotBoth(name=f"{p}", pair=p) for p in pairs_apart),
    )
    encoding = under(random_polynomial(n, 2, 10 + k), *rules)
    result = Enumeration().solve(Instance(encoding=encoding), seed=0)
    optimum = lowest_feasible(encoding)
    if math.isinf(optimum):
        assert result.bits is None
        return
    assert result.energy == pytest.approx(optimum, abs=1e-9)
    assert result.proven
    assert result.evaluations == math.comb(n, k)


@pytest.mark.slow
def test_a_hundred_choose_five_take_less_than_a_second_of_processor_time() -> None:
    n = 100
    rng = np.random.default_rng(3)
    planted = sorted(int(i) for i in rng.choice(n, size=5, replace=False))
    terms = {p: float(rng.integers(0, 20)) for p in itertools.combinations(range(n), 2)}
    # no other set of five has ten such pairs
    terms |= dict.fromkeys(itertools.combinations(planted, 2), -30.0)
    encoding = under(
        BinaryPolynomial.of(n, terms), Exactly(name="five", count=5, members=tuple(range(n)))
    )
    Enumeration().solve(
        Instance(
            encoding=under(
                random_polynomial(9, 2, 0), Exactly(name="f", count=4, members=tuple(range(9)))
            )
        ),
        seed=0,
    )
    began = time.process_time()
    result = Enumeration().solve(Instance(encoding=encoding), seed=0)
    assert time.process_time() - began < 1.0
    assert result.bits is not None
    assert np.flatnonzero(result.bits).tolist() == planted
    assert (result.energy, result.proven, result.evaluations) == (-300.0, True, math.comb(n, 5))


def test_limits_and_ctrl_c_under_constraints() -> None:
    size = under(
        random_polynomial(70, 2, 0), Exactly(name="size", count=7, members=tuple(range(70)))
    )
    rows = under(random_polynomial(80, 2, 0), AtMost(name="few", limit=6, members=tuple(range(80))))
    for encoding in (size, rows):
        result = Enumeration().solve(Instance(encoding=encoding), seed=0, time_limit_s=0.2)
        assert (result.status, result.proven, result.bound) == ("time limit", False, None)
        assert result.bits is not None
        assert encoding.is_feasible(result.bits[None, :]).all()
        energies = [p.best_energy for p in result.trace]
        assert energies == sorted(energies, reverse=True)
    wide = plain(random_polynomial(42, 2, 0))
    threading.Timer(0.5, _thread.interrupt_main).start()
    stopped = Enumeration().solve(Instance(encoding=wide), seed=0)
    assert (stopped.status, stopped.proven) == ("interrupted", False)
    assert stopped.bits is not None
    many = under(
        random_polynomial(80, 2, 0), AtMost(name="many", limit=40, members=tuple(range(80)))
    )
    with pytest.raises(InputError, match="choices satisfy the constraints"):
        Enumeration().solve(Instance(encoding=many), seed=0)


def test_penalties_that_shift_allowed_choices_are_seen() -> None:
    """An energy that differs from the objective on feasible choices is minimised as it is, over the
    listed ones.
    """
    objective = BinaryPolynomial.of(3, {(0,): -2.0, (1,): -1.0})
    rule = AtMost(name="two", limit=2, members=(0, 1, 2))
    energy = objective + BinaryPolynomial.of(3, {(0,): 3.0, (2,): -0.5})
    names = ("a", "b", "c")
    encoding = BinaryModel(
        polynomial=energy, objective=objective, variables=names, n_decision=3, constraints=(rule,)
    )
    result = Enumeration().solve(Instance(encoding=encoding), seed=0)
    assert (result.energy, result.proven) == (-1.5, True)


def test_too_large_names_the_limit() -> None:
    for degree, limit in ((2, 42), (3, 34)):
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
def test_on_a_twin_the_best_utility_wins_whatever_the_encoding_says(
    time_limit_s: float | None,
) -> None:
    encoding = constrained(6)
    points = np.array(list(itertools.product((0, 1), repeat=6)), dtype=np.uint8)
    rows = points[np.all([c.holds(points) for c in RULES], axis=0)]
    twin = _Twin(rows=rows)
    result = Enumeration().solve(
        Instance(encoding=encoding, problem=twin), seed=0, time_limit_s=time_limit_s
    )
    utilities = [float(twin.objective(row[None, :])[0]) for row in rows]
    assert result.bits is not None
    assert (result.status, result.proven, result.scope, result.bound) == (
        "optimal",
        True,
        "twin",
        None,
    )
    assert np.array_equal(result.bits[:6], rows[int(np.argmax(utilities))])
    assert result.energy == encoding.polynomial.evaluate(result.bits[None, :])[0]
    assert result.info["n_feasible"] == result.evaluations == len(rows)
    assert result.info["best_utility"] == pytest.approx(max(utilities))
    assert result.info["second_best_gap"] == pytest.approx(max(utilities) - sorted(utilities)[-2])
