"""Slack completed against a look at every pattern."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.variational.sampled import fill_slack
from tests.oracles.instances import RULES, constrained, random_polynomial


def _with_slack(polynomial: BinaryPolynomial, n_decision: int) -> BinaryModel:
    n = polynomial.n_variables
    return BinaryModel(
        polynomial=polynomial,
        objective=polynomial,
        variables=tuple(f"x{i}" for i in range(n)),
        n_decision=n_decision,
    )


@given(seed=st.integers(0, 10_000), degree=st.integers(1, 4), n_decision=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_slack_is_the_best_there_is(seed: int, degree: int, n_decision: int) -> None:
    encoding = _with_slack(random_polynomial(7, degree, seed), n_decision)
    choices = np.array(list(itertools.product((0, 1), repeat=n_decision)), dtype=np.uint8)
    filled = fill_slack(encoding, choices)
    assert np.array_equal(filled[:, :n_decision], choices)
    for choice, energy in zip(choices, encoding.polynomial.evaluate(filled), strict=True):
        patterns = itertools.product((0, 1), repeat=7 - n_decision)
        assert energy == pytest.approx(
            min(encoding.polynomial.evaluate(np.array([[*choice, *s] for s in patterns]))),
            abs=1e-12,
        )


def test_blocks_that_share_nothing_are_completed_apart() -> None:
    # 40 slack variables in pairs: 2^40 patterns together, four in each block
    pairs = {(0, 2 + 2 * k): -1.0 for k in range(20)} | {(1, 3 + 2 * k): -2.0 for k in range(20)}
    joined = {(2 + 2 * k, 3 + 2 * k): 1.5 for k in range(20)}
    encoding = _with_slack(BinaryPolynomial.of(42, pairs | joined), 2)
    energies = encoding.polynomial.evaluate(
        fill_slack(encoding, np.array([[0, 0], [1, 0], [0, 1], [1, 1]]))
    )
    assert energies.tolist() == [0.0, -20.0, -40.0, -40.0]


def test_a_feasible_choice_pays_no_penalty_at_its_best_slack() -> None:
    encoding = constrained(9)
    choices = np.array(list(itertools.product((0, 1), repeat=6)), dtype=np.uint8)
    holds = np.all([c.holds(choices) for c in RULES], axis=0)
    filled = fill_slack(encoding, choices)
    penalty = encoding.polynomial.evaluate(filled) - encoding.objective.evaluate(filled)
    assert penalty[holds] == pytest.approx(0.0, abs=1e-9)
    assert (penalty[~holds] > 0).all()


def test_nonsense_is_refused() -> None:
    chain = _with_slack(BinaryPolynomial.of(30, {(i, i + 1): 1.0 for i in range(29)}), 1)
    with pytest.raises(InputError, match="at most 20"):
        fill_slack(chain, np.zeros((1, 1)))
    with pytest.raises(InputError, match=r"\(m, 1\)"):
        fill_slack(chain, np.zeros((1, 2)))
