"""The count is never below what is listed, and exact where classes and one limit are all there
is.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.problem.constraint import AtMost, AtMostOne, Exactly
from qtwin.problem.feasible import feasible_bits
from qtwin.solver.base import most_choices
from tests.oracles.ruled import ruled


@given(seed=st.integers(0, 100_000), n=st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_never_fewer_than_there_are(seed: int, n: int) -> None:
    constraints = ruled(seed, 1, n=n).constraints
    assert most_choices(n, constraints) >= len(feasible_bits(n, constraints))


def test_exact_for_a_limit_and_for_classes() -> None:
    everything = tuple(range(60))
    limit = AtMost(name="four", limit=4, members=everything)
    assert most_choices(60, (limit,)) == sum(math.comb(60, k) for k in range(5))
    # listing exactly 4 of 60 extends partial choices of up to 4
    assert most_choices(60, (Exactly(name="four", count=4, members=everything),)) == most_choices(
        60, (limit,)
    )
    assert most_choices(60, ()) == 2**60
    classes = tuple(
        AtMostOne(name=str(k), members=tuple(range(3 * k, 3 * k + 3))) for k in range(3)
    )
    rules = (*classes, AtMost(name="two", limit=2, members=tuple(range(9))))
    assert most_choices(9, rules) == len(feasible_bits(9, rules)) == 1 + 9 + 27


@pytest.mark.parametrize("limit", [0, -1])
def test_nothing_may_be_taken(limit: int) -> None:
    rules = (AtMost(name="none", limit=limit, members=(0, 1, 2)),)
    assert most_choices(3, rules) >= len(feasible_bits(3, rules))
    assert np.size(feasible_bits(3, rules)) in (0, 3)
