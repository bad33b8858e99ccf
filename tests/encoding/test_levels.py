"""Codes for dose levels: the same objective at every valid choice, round trips, and weights that
suffice and no more.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.integers import CODES, recode
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError
from qtwin.problem.constraint import AtMostOne
from qtwin.problem.feasible import feasible_bits
from tests.oracles.instances import RULES, random_polynomial

# 4 is in no group, and one group is not in the order of its indices
GROUPS = ((0, 1, 2), (5, 3), (6,))
N = 7
EVERYTHING = index_to_bits(np.arange(2**N), N)


def _one_dose_each(bits: np.ndarray, groups: tuple[tuple[int, ...], ...]) -> np.ndarray:
    return np.all([bits[:, list(g)].sum(axis=1) <= 1 for g in groups], axis=0)


VALID = EVERYTHING[_one_dose_each(EVERYTHING, GROUPS)]


def _all_code_bits(n: int) -> np.ndarray:
    return index_to_bits(np.arange(2**n), n)


@pytest.mark.parametrize("code", CODES)
@given(seed=st.integers(0, 10_000), degree=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_every_valid_choice_keeps_its_value_and_comes_back(
    code: str, seed: int, degree: int
) -> None:
    objective = random_polynomial(N, degree, seed)
    made = recode(objective, GROUPS, code)
    bits = made.encode(VALID)
    assert made.valid(bits).all()
    assert np.array_equal(made.decode(bits), VALID)
    assert made.polynomial.evaluate(bits) == pytest.approx(objective.evaluate(VALID), abs=1e-9)
    assert made.energy().evaluate(bits) == pytest.approx(objective.evaluate(VALID), abs=1e-9)


@pytest.mark.parametrize("code", CODES)
@given(seed=st.integers(0, 10_000), degree=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_the_minimiser_is_valid_and_optimal_and_the_sufficient_weight_suffices(
    code: str, seed: int, degree: int
) -> None:
    objective = random_polynomial(N, degree, seed)
    made = recode(objective, GROUPS, code)
    bits = _all_code_bits(made.polynomial.n_variables)
    optimum = objective.evaluate(VALID).min()
    just_enough = made.energy(margin=0.0).values()
    assert just_enough.min() == pytest.approx(optimum, abs=1e-9)
    energy = made.energy().values()
    assert energy.min() == pytest.approx(optimum, abs=1e-9)
    lowest = bits[energy <= energy.min() + 1e-9]
    assert made.valid(lowest).all()
    assert _one_dose_each(made.decode(lowest), GROUPS).all()


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("levels", range(1, 10))
def test_each_code_has_a_pattern_for_every_level_and_its_number_of_bits(
    code: str, levels: int
) -> None:
    made = CODES[code](levels)
    n = made.words.shape[1]
    assert n == (math.ceil(math.log2(levels + 1)) if code == "binary" else levels)
    assert len(np.unique(made.words, axis=0)) == len(made.words) == levels + 1
    assert not made.words[0].any()
    bits = _all_code_bits(n)
    at = np.stack([p.evaluate(bits) for p in made.options], axis=1)
    assert np.array_equal(
        np.stack([p.evaluate(made.words) for p in made.options], axis=1), np.eye(levels + 1)[:, 1:]
    )
    valid = made.violation.evaluate(bits) == 0.0
    assert (made.violation.evaluate(bits)[~valid] >= 1.0).all()
    if code == "binary":  # no pattern is lost: each is none or exactly one level
        assert valid.all()
        assert set(at.sum(axis=1)) == {0.0, 1.0}
        assert (at.sum(axis=1) == 0.0).sum() == 1
    else:
        assert valid.sum() == levels + 1
        assert max(p.degree for p in made.options) == 1
        assert made.violation.n_terms == (
            math.comb(levels, 2) if code == "one_hot" else 2 * (levels - 1)
        )


@pytest.mark.parametrize("levels", range(1, 7))
def test_a_domain_wall_of_chancellor_2019(levels: int) -> None:
    # Level k is k ones and then zeros; an invalid chain costs one for every rise.
    made = CODES["domain_wall"](levels)
    assert made.words.tolist() == [[1] * k + [0] * (levels - k) for k in range(levels + 1)]
    for pattern in itertools.product((0, 1), repeat=levels):
        rises = sum(a == 0 and b == 1 for a, b in itertools.pairwise(pattern))
        assert made.violation.evaluate(np.array([pattern])) == [rises]


def test_counts_of_variables_terms_and_degree() -> None:
    objective = random_polynomial(6, 2, 1)
    groups = ((0, 1, 2), (3, 4, 5))
    after = {code: recode(objective, groups, code).after for code in CODES}
    assert recode(objective, groups, "binary").before.degree == 2
    # One hot: 6 single bits, 9 pairs of doses of different drugs, 3 pairs a drug. A domain wall's
    # chain has 2.
    assert (after["one_hot"].variables, after["one_hot"].terms, after["one_hot"].degree) == (
        6,
        6 + 9 + 6,
        2,
    )
    assert (
        after["domain_wall"].variables,
        after["domain_wall"].terms,
        after["domain_wall"].degree,
    ) == (6, 6 + 9 + 4, 2)
    assert (after["binary"].variables, after["binary"].terms, after["binary"].degree) == (4, 15, 4)


def test_the_weights_are_the_least_that_will_do_for_one_drug() -> None:
    gains = BinaryPolynomial.of(3, {(0,): -2.0, (1,): -3.0, (2,): 1.0})
    one_hot, wall = recode(gains, [(0, 1, 2)], "one_hot"), recode(gains, [(0, 1, 2)], "domain_wall")
    assert one_hot.groups[0].sufficient_weight == 2.0  # the second-best dose
    # a valley has no level that exceeds one below it and one above it
    assert wall.groups[0].sufficient_weight == 0.0
    assert wall.energy(margin=0.0).values().min() == -3.0
    hill = recode(
        BinaryPolynomial.of(3, {(0,): 1.0, (1,): 3.0, (2,): -3.0}), [(0, 1, 2)], "domain_wall"
    )
    assert hill.groups[0].sufficient_weight == 3.0  # level 2 is 3 above level 0 and 6 above level 3
    for made in (one_hot, hill):
        assert made.energy(margin=0.0).values().min() == pytest.approx(-3.0)
        weaker = made.polynomial + made.penalty(margin=0.0) * 0.99
        assert weaker.values().min() < -3.0 - 1e-3


@pytest.mark.parametrize("code", ["one_hot", "domain_wall"])
@given(gains=st.lists(st.integers(-9, 9), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_smaller_weight_will_do_for_one_drug(code: str, gains: list[int]) -> None:
    made = recode(
        BinaryPolynomial.of(len(gains), {(k,): g for k, g in enumerate(gains)}),
        [range(len(gains))],
        code,
    )
    weight, best = made.groups[0].sufficient_weight, min(0, *gains)
    assert made.energy(margin=0.0).values().min() == best
    if weight > 0.0:
        assert (made.polynomial + made.penalty(margin=0.0) * (1.0 - 1e-3)).values().min() < best


def test_a_whole_encoding_with_its_constraints_and_slack_can_be_recoded() -> None:
    groups = ((0, 1, 2),)
    utility = random_polynomial(6, 2, 5)
    allowed = feasible_bits(6, RULES)
    encoding = encode(
        utility, names=[str(i) for i in range(6)], constraints=RULES, feasible=allowed[:2]
    )
    for code in CODES:
        made = recode(encoding.polynomial, groups, code)
        energy = made.energy().values()
        bits = _all_code_bits(made.polynomial.n_variables)
        winner = made.decode(bits[[int(np.argmin(energy))]])
        assert encoding.is_feasible(winner)[0]
        assert energy.min() == pytest.approx(-utility.evaluate(allowed).max(), abs=1e-8)
        # A constraint on the options holds of a code where it holds of what is decoded.
        decoded = made.decode(bits[made.valid(bits)])
        assert AtMostOne(name="one dose", members=groups[0]).holds(decoded).all()
        kept = np.unique(decoded[encoding.is_feasible(decoded)][:, :6], axis=0)
        assert kept.tolist() == np.unique(allowed, axis=0).tolist()


def test_nonsense_is_refused() -> None:
    objective = random_polynomial(4, 2, 1)
    with pytest.raises(InputError, match="one_hut"):
        recode(objective, [(0, 1)], "one_hut")
    for groups in ([(0, 1), (1, 2)], [()], [(0, 4)], [(0, 0)]):
        with pytest.raises(InputError, match="disjoint"):
            recode(objective, groups, "one_hot")
    made = recode(objective, [(0, 1)], "binary")
    with pytest.raises(InputError, match="two of the options"):
        made.encode(np.array([[1, 1, 0, 0]]))
    for action in (made.encode, made.decode, made.valid):
        with pytest.raises(InputError, match="expected"):
            action(np.zeros((2, 7)))
