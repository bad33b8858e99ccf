"""Quadratisation: the minimum over the auxiliaries is the original at every assignment, with the
published numbers of bits.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qtwin.encoding.converters import quadratised
from qtwin.encoding.model import plain
from qtwin.encoding.penalty import check_sufficiency, encode
from qtwin.encoding.polynomial import BinaryPolynomial, Term, index_to_bits
from qtwin.encoding.quadratise import METHODS, choose_pairs, quadratise
from qtwin.errors import InputError
from qtwin.problem.feasible import feasible_bits
from qtwin.solver.base import Instance
from qtwin.solver.classical.cp_sat import CpSat
from qtwin.solver.classical.enumeration import Enumeration
from qtwin.solver.variational.sampled import best_feasible, fill_slack
from tests.oracles.instances import RULES, random_polynomial

N = 7
sparse = st.dictionaries(
    st.lists(st.integers(0, N - 1), max_size=N, unique=True).map(lambda t: tuple(sorted(t))),
    st.floats(-5, 5),
    max_size=7,
)


def _least(polynomial: BinaryPolynomial, n: int) -> np.ndarray:
    """(2^n,) minimum over the variables from n on, by looking at all their patterns."""
    return polynomial.values().reshape(-1, 2**n).min(axis=0)


def _product(degree: int, coefficient: float) -> BinaryPolynomial:
    return BinaryPolynomial.of(degree, {tuple(range(degree)): coefficient})


@pytest.mark.parametrize("method", METHODS)
@given(terms=sparse)
@settings(max_examples=60, deadline=None)
def test_the_minimum_over_the_auxiliaries_is_the_original_everywhere(
    method: str, terms: dict[Term, float]
) -> None:
    polynomial = BinaryPolynomial.of(N, terms)
    made = quadratise(polynomial, method)
    assume(len(made.auxiliaries) <= 11)
    assert made.polynomial.degree <= 2
    assert made.polynomial.n_variables == N + len(made.auxiliaries)
    assert _least(made.polynomial, N) == pytest.approx(polynomial.values(), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_a_dense_cubic_too(method: str, seed: int) -> None:
    polynomial = random_polynomial(5, 3, seed)
    assert _least(quadratise(polynomial, method).polynomial, 5) == pytest.approx(
        polynomial.values(), abs=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "degree"), [(6, 6), (7, 4), (12, 3)])
def test_complete_attains_the_original_whatever_the_number_of_auxiliaries(
    method: str, n: int, degree: int
) -> None:
    polynomial = random_polynomial(n, degree, 8)
    made = quadratise(polynomial, method)
    bits = index_to_bits(np.arange(2**n), n)
    whole = made.complete(bits)
    assert np.array_equal(whole[:, :n], bits)
    assert made.polynomial.evaluate(whole) == pytest.approx(polynomial.values(), abs=1e-8)
    rng = np.random.default_rng(1)
    whole[:, n:] = rng.integers(0, 2, (len(whole), len(made.auxiliaries)))
    assert (made.polynomial.evaluate(whole) >= polynomial.values() - 1e-8).all()


@pytest.mark.parametrize("degree", range(3, 10))
def test_published_numbers_of_auxiliaries_for_one_term(degree: int) -> None:
    counted = {
        m: [len(quadratise(_product(degree, c), m).auxiliaries) for c in (1.0, -1.0)]
        for m in METHODS
    }
    assert counted["rosenberg"] == [degree - 2, degree - 2]
    assert counted["freedman"] == [(degree - 1) // 2, 1]  # Ishikawa 2011; Freedman and Drineas 2005
    # Boros, Crama and Rodriguez-Heck 2018
    assert counted["cover"] == [math.ceil(math.log2(degree)) - 1, 1]
    for method, c in itertools.product(METHODS, (2.5, -2.5)):
        assert _least(quadratise(_product(degree, c), method).polynomial, degree) == pytest.approx(
            _product(degree, c).values()
        )


def test_the_product_of_three_is_rosenbergs_and_its_weight_is_the_least_that_will_do() -> None:
    made = quadratise(_product(3, 2.0), "rosenberg")
    assert made.auxiliaries[0].of == (0, 1)
    assert made.auxiliaries[0].is_product
    assert made.polynomial.terms == {
        (3,): 2.0,
        (0, 1): 2.0,
        (0, 3): -2.0,
        (1, 3): -2.0,
        (2, 3): 2.0,
    }
    for weaker in ({(0, 1): -0.01}, {(3,): -0.01}):
        assert _least(made.polynomial + BinaryPolynomial.of(4, weaker), 3) != pytest.approx(
            _product(3, 2.0).values(), abs=1e-3
        )
    # equal weights on both sides: the penalty of 1975
    mixed = BinaryPolynomial.of(4, {(0, 1, 2): 1.0, (0, 1, 3): -1.0})
    assert quadratise(mixed, "rosenberg").polynomial.terms == {
        (4,): 3.0,
        (0, 1): 1.0,
        (0, 4): -2.0,
        (1, 4): -2.0,
        (2, 4): 1.0,
        (3, 4): -1.0,
    }


@pytest.mark.parametrize("n", [6, 9, 10, 14])
def test_a_dense_cubic_takes_the_pairs_inside_two_halves(n: int) -> None:
    # Mantel 1907: no fewer pairs meet every triple
    least = math.comb(n // 2, 2) + math.comb(n - n // 2, 2)
    counted = {m: len(quadratise(random_polynomial(n, 3, n), m).auxiliaries) for m in METHODS}
    assert (
        counted["cover"] == least <= counted["rosenberg"] < counted["freedman"] == math.comb(n, 3)
    )


def test_a_dense_quartic_does_without_one_pair_a_variable() -> None:
    # Every four must split into two chosen pairs, so those left out hold no triangle and meet each
    # variable at most twice.
    counted = {m: len(quadratise(random_polynomial(9, 4, 2), m).auxiliaries) for m in METHODS}
    assert counted["cover"] == math.comb(9, 2) - 9
    assert counted["rosenberg"] > counted["cover"]
    assert counted["freedman"] == math.comb(9, 3) + math.comb(9, 4)


@given(seed=st.integers(0, 10_000), n_terms=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_the_choice_of_pairs_is_as_small_as_the_smallest(seed: int, n_terms: int) -> None:
    rng = np.random.default_rng(seed)
    terms = {
        tuple(sorted(rng.choice(6, rng.integers(3, 5), replace=False).tolist())): 1.0
        for _ in range(n_terms)
    }
    used = choose_pairs(list(terms.items()))
    covered = {k for places in used.values() for k in places}
    found = len(used) + len(terms) - len(covered)

    def left_over(chosen: set[Term]) -> int:
        def splits(t: Term) -> bool:
            rest = {p: tuple(v for v in t if v not in p) for p in itertools.combinations(t, 2)}
            return any(p in chosen and (len(r) == 1 or r in chosen) for p, r in rest.items())

        return sum(not splits(t) for t in terms)

    pairs = sorted({p for t in terms for p in itertools.combinations(t, 2)})
    sizes = range(min(len(terms), len(pairs)) + 1)
    best = min(
        size + left_over(set(chosen))
        for size in sizes
        for chosen in itertools.combinations(pairs, size)
    )
    assert found == best


@given(terms=sparse)
@settings(max_examples=30, deadline=None)
def test_cover_is_never_larger_than_the_others_and_runs_repeat(terms: dict[Term, float]) -> None:
    polynomial = BinaryPolynomial.of(N, terms)
    counted = {m: quadratise(polynomial, m).after.variables for m in METHODS}
    assert counted["cover"] <= min(counted.values())
    assert quadratise(polynomial) == quadratise(polynomial)


def test_counts_before_and_after() -> None:
    made = quadratise(BinaryPolynomial.of(4, {(): 7.0, (0,): 0.5, (0, 1, 2): -4.0}), "freedman")
    assert (made.before.variables, made.before.terms, made.before.degree) == (4, 2, 3)
    assert (made.before.smallest, made.before.largest) == (0.5, 4.0)
    assert (made.after.variables, made.after.terms, made.after.degree) == (5, 5, 2)
    assert (made.after.smallest, made.after.largest) == (0.5, 8.0)
    assert made.n_original == 4
    assert made.polynomial.constant == 7.0


def test_a_quadratic_stays_as_it_is() -> None:
    polynomial = random_polynomial(5, 2, 3)
    for method in METHODS:
        assert quadratise(polynomial, method).polynomial == polynomial
        assert quadratise(polynomial, method).auxiliaries == ()


@pytest.mark.parametrize("method", METHODS)
def test_an_encoding_keeps_its_choices_its_slack_and_its_answer(method: str) -> None:
    utility = random_polynomial(6, 3, 11)
    allowed = feasible_bits(6, RULES)
    before = encode(
        utility, names=[f"option {i}" for i in range(6)], constraints=RULES, feasible=allowed[:2]
    )
    after = quadratised(before, method)
    assert (before.polynomial.degree, after.polynomial.degree) == (3, 2)
    assert after.n_decision == before.n_decision
    assert (
        len(after.variables)
        == len(set(after.variables))
        == after.polynomial.n_variables
        > before.polynomial.n_variables
    )
    choices = index_to_bits(np.arange(2**6), 6)
    filled = fill_slack(after, choices)
    assert np.array_equal(after.decode(filled), choices)
    expected = before.polynomial.evaluate(fill_slack(before, choices))
    assert after.polynomial.evaluate(filled) == pytest.approx(expected, abs=1e-9)
    assert after.objective.evaluate(filled) == pytest.approx(-utility.evaluate(choices))
    assert np.array_equal(
        after.is_feasible(filled), before.is_feasible(fill_slack(before, choices))
    )
    best, energy = best_feasible(after, filled)
    assert best is not None
    assert energy == pytest.approx(-utility.evaluate(allowed).max(), abs=1e-9)
    for solver in (CpSat(), Enumeration()):
        result = solver.solve(Instance(encoding=after), seed=1)
        assert result.proven
        assert result.energy == pytest.approx(energy, abs=1e-6)
    checked = check_sufficiency(after)
    assert checked is None or checked.holds


def test_more_auxiliaries_depend_on_each_other_than_patterns_could_be_tried() -> None:
    polynomial = random_polynomial(10, 4, 5)
    encoding = quadratised(plain(polynomial))
    assert encoding.polynomial.n_variables > 10 + 20
    bits = index_to_bits(np.arange(0, 2**10, 7), 10)
    assert encoding.polynomial.evaluate(fill_slack(encoding, bits)) == pytest.approx(
        polynomial.evaluate(bits), abs=1e-8
    )


def test_auxiliaries_say_what_they_stand_for() -> None:
    names = quadratised(
        plain(BinaryPolynomial.of(4, {(0, 1, 2): 1.0, (0, 1, 3): 1.0})), "rosenberg"
    ).variables
    assert names[-1] == "product of (x0, x1)"
    assert (
        quadratised(plain(_product(4, 1.0)), "freedman").variables[-1]
        == "at least 2 of (x0, x1, x2, x3)"
    )


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="rosenburg"):
        quadratise(_product(3, 1.0), "rosenburg")
    with pytest.raises(InputError, match=r"\(m, 3\)"):
        quadratise(_product(3, 1.0)).complete(np.zeros((2, 4)))
    with pytest.raises(InputError, match="already"):
        quadratised(quadratised(plain(_product(3, 1.0))))
