"""Compiled tabu search, descent and greedy against slow and obvious ones, under every kind of
constraint and of any degree.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import AtMost, AtMostOne, Constraint, Exactly, NotBoth
from qtwin.solver.base import Instance
from qtwin.solver.classical.greedy import Greedy
from qtwin.solver.classical.local_search import LocalSearch
from qtwin.solver.classical.tabu import Tabu
from qtwin.solver.local.problem import LocalSearchProblem
from qtwin.solver.local.rows import arrays_of, flip, stand
from tests.oracles.brute_force import allowed, energy_of, lowest_feasible
from tests.oracles.ctrl_c import ctrl_c
from tests.oracles.instances import random_polynomial
from tests.oracles.ruled import ruled, under


def _dense(n: int, seed: int) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    return BinaryPolynomial.of(
        n,
        {
            t: int(rng.integers(-50, 51))
            for k in (1, 2)
            for t in itertools.combinations(range(n), k)
        },
    )


def _choose(n: int, k: int, seed: int, *others: Constraint) -> BinaryModel:
    return under(_dense(n, seed), Exactly(name="size", count=k, members=tuple(range(n))), *others)


@given(seed=st.integers(0, 10_000), degree=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_every_number_follows_a_flip(seed: int, degree: int) -> None:
    encoding = ruled(seed, degree)
    arrays, scale = arrays_of(6, encoding.objective.terms, encoding.constraints)
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, size=6, dtype=np.uint8)
    at, energy, _ = stand(arrays, bits.copy())
    for i in rng.integers(0, 6, size=12):
        energy += at.gain[i]
        flip(arrays, at, int(i))
        bits[i] ^= 1
        fresh, _, _ = stand(arrays, bits.copy())
        for followed, anew in zip(at, fresh, strict=True):
            assert np.allclose(followed, anew, rtol=0, atol=64)
        here = energy_of(encoding, tuple(bits)) - encoding.objective.constant
        assert energy / scale == pytest.approx(here, abs=1e-9)
        for j in range(6):
            there = bits.copy()
            there[j] ^= 1
            assert at.gain[j] / scale == pytest.approx(
                energy_of(encoding, tuple(there)) - energy_of(encoding, tuple(bits)), abs=1e-9
            )


@given(seed=st.integers(0, 10_000), degree=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_small_ones_are_solved_and_nothing_forbidden_is_answered(seed: int, degree: int) -> None:
    encoding = ruled(seed, degree)
    optimum = lowest_feasible(encoding)
    for solver in (Tabu(reads=60), LocalSearch(reads=60), Greedy()):
        result = solver.solve(Instance(encoding=encoding), seed=seed)
        assert (result.bound, result.proven) == (None, False)
        if result.bits is None:
            assert result.status == "infeasible"
            assert not isinstance(solver, Tabu) or math.isinf(optimum)
            continue
        assert allowed(encoding, tuple(int(b) for b in result.bits))
        assert result.energy >= optimum - 1e-9
        if isinstance(solver, Tabu):
            assert result.energy == pytest.approx(optimum, abs=1e-9)


@given(seed=st.integers(0, 10_000), degree=st.integers(2, 3))
@settings(max_examples=20, deadline=None)
def test_no_flip_and_no_pair_of_flips_improves_a_descent(seed: int, degree: int) -> None:
    encoding = ruled(seed, degree)
    samples = LocalSearch(reads=10).solve(Instance(encoding=encoding), seed=seed).samples
    assert samples is not None
    for bits in samples.bits[encoding.is_feasible(samples.bits)]:
        for changed in itertools.chain(
            itertools.combinations(range(6), 1), itertools.combinations(range(6), 2)
        ):
            other = bits.copy()
            other[list(changed)] ^= 1
            if allowed(encoding, tuple(other)):
                assert energy_of(encoding, tuple(other)) >= energy_of(encoding, tuple(bits)) - 1e-9


@given(seed=st.integers(0, 10_000), k=st.integers(0, 14), apart=st.booleans())
@settings(max_examples=25, deadline=None)
def test_exchanges_find_the_best_set_of_each_size(seed: int, k: int, apart: bool) -> None:
    n = 14
    others = (
        (NotBoth(name="apart", pair=(1, 4)), AtMostOne(name="class", members=(2, 3, 5)))
        if apart
        else ()
    )
    encoding = _choose(n, k, seed, *others)
    sets = [
        s
        for s in itertools.combinations(range(n), k)
        if not apart or not ({1, 4} <= set(s) or len({2, 3, 5} & set(s)) > 1)
    ]
    rows = np.zeros((len(sets), n))
    for row, members in zip(rows, sets, strict=True):
        row[list(members)] = 1
    assert LocalSearchProblem(Instance(encoding=encoding)).kind == "swaps"
    result = Tabu(reads=40).solve(Instance(encoding=encoding), seed=seed)
    if not sets:
        assert result.bits is None
        return
    assert result.bits is not None
    assert result.bits.sum() == k
    assert result.energy == encoding.objective.evaluate(rows).min()


@pytest.mark.parametrize(("n", "seed"), [(1, 0), (2, 1), (17, 2), (18, 3)])
def test_flips_find_the_minimum_of_the_whole_table(n: int, seed: int) -> None:
    encoding = plain(random_polynomial(n, 2, seed))
    assert LocalSearchProblem(Instance(encoding=encoding)).kind == "flips"
    result = Tabu(reads=30).solve(Instance(encoding=encoding), seed=seed)
    assert result.energy == pytest.approx(encoding.polynomial.values().min())


def test_the_storage_follows_density_degree_and_constraints() -> None:
    wide = BinaryPolynomial.of(1200, {(i, i + 1): 1.0 for i in range(1199)})
    everything = tuple(range(12))
    kinds = {
        "flips": plain(_dense(12, 0)),
        "swaps": _choose(12, 3, 0),
        "rows": plain(wide),
    }
    for kind, encoding in kinds.items():
        assert LocalSearchProblem(Instance(encoding=encoding)).kind == kind
    for encoding in (
        plain(random_polynomial(6, 3, 0)),
        under(_dense(12, 0), AtMost(name="few", limit=3, members=everything)),
        under(random_polynomial(8, 3, 0), Exactly(name="size", count=3, members=tuple(range(8)))),
        under(_dense(12, 0), Exactly(name="part", count=3, members=everything[:5])),
    ):
        assert LocalSearchProblem(Instance(encoding=encoding)).kind == "rows"
    chain = Tabu(reads=5).solve(Instance(encoding=plain(wide * -1.0)), seed=0)
    assert chain.energy == -1199.0


def test_greedy_adds_as_one_would_by_hand() -> None:
    encoding = _choose(20, 6, 5)
    _, linear, pairs = encoding.objective.quadratic_form
    couplings, chosen = pairs + pairs.T, []  # type: ignore[var-annotated]
    for _ in range(6):
        gains = {
            i: linear[i] + sum(couplings[i, j] for j in chosen)
            for i in range(20)
            if i not in chosen
        }
        chosen.append(min(gains, key=gains.__getitem__))
    result = Greedy().solve(Instance(encoding=encoding), seed=0)
    assert result.bits is not None
    assert np.flatnonzero(result.bits).tolist() == sorted(chosen)
    assert result.evaluations == sum(range(15, 21)) + 14  # and once more over the 14 that are left


def test_coefficients_of_any_size_are_resolved() -> None:
    """Gains of 1e-7 beside a coupling of 1e9: whole numbers of one unit hold both."""
    terms = {(i,): -1e-7 * (i + 1) for i in range(8)} | {(0, 1): 1e9}
    result = Tabu(reads=5).solve(Instance(encoding=plain(BinaryPolynomial.of(8, terms))), seed=0)
    assert result.bits is not None
    assert result.bits.tolist() == [0, 1, 1, 1, 1, 1, 1, 1]
    tiny = BinaryPolynomial.of(3, {(0,): -1e-250, (1,): 1e-250, (0, 2): -1e-251})
    for solver in (Tabu(reads=3), LocalSearch(reads=3), Greedy()):
        found = solver.solve(Instance(encoding=plain(tiny)), seed=0)
        assert found.bits is not None
        assert found.bits.tolist() == [1, 0, 1]
    nothing = Tabu(reads=2).solve(
        Instance(encoding=plain(BinaryPolynomial.of(3, {(): 2.0}))), seed=0
    )
    assert nothing.energy == 2.0


@pytest.mark.parametrize("solver", [Tabu(reads=10**6, moves=10**9), LocalSearch(reads=10**6)])
def test_limits_targets_and_ctrl_c_end_a_search_in_the_middle(solver: Tabu | LocalSearch) -> None:
    encoding = plain(_dense(300, 0))
    limited = solver.solve(Instance(encoding=encoding), seed=0, time_limit_s=0.3)
    assert limited.status == "time limit"  # of a search that would take hours
    assert limited.bits is not None
    aimed = solver.solve(Instance(encoding=encoding, target_energy=-1.0), seed=0)
    assert (aimed.status, aimed.info["target_reached"]) == ("feasible", True)
    with ctrl_c(0.4):
        stopped = solver.solve(Instance(encoding=encoding), seed=0)
    assert stopped.status == "interrupted"
    assert stopped.bits is not None


def test_a_warm_start_is_never_lost() -> None:
    for encoding in (plain(_dense(120, 1)), _choose(60, 12, 1), plain(random_polynomial(12, 3, 1))):
        good = Tabu(reads=30).solve(Instance(encoding=encoding), seed=0)
        for solver in (Tabu(reads=1, moves=1), LocalSearch(reads=1)):
            again = solver.solve(Instance(encoding=encoding, warm_start=good.bits), seed=9)
            assert again.energy <= good.energy + 1e-9
    with pytest.raises(InputError, match="a warm start of shape"):
        Tabu().solve(
            Instance(encoding=plain(_dense(4, 0)), warm_start=np.ones(3, dtype=np.uint8)), seed=0
        )


@pytest.mark.parametrize("options", [{"reads": 0}, {"moves": 0}, {"tenure": -1}, {"spread": 0}])
def test_options_out_of_range_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        Tabu(**options)
    with pytest.raises(InputError, match="reads"):
        LocalSearch(reads=0)


def test_a_constraint_that_is_no_row_is_refused_by_name() -> None:
    class Odd(Constraint):
        def holds(self, bits: np.ndarray) -> np.ndarray:
            return np.asarray(bits).sum(axis=1) % 2 == 1

    for solver in (Tabu(), LocalSearch(), Greedy()):
        with pytest.raises(InputError, match="'odd' of type Odd is no linear row"):
            solver.solve(Instance(encoding=under(_dense(5, 0), Odd(name="odd"))), seed=0)
