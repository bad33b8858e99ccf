"""Listing feasible choices against brute force over all 2^n."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.polynomial import index_to_bits
from qtwin.errors import InfeasibleError, InputError
from qtwin.problem import feasible
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Constraint, NotBoth
from qtwin.problem.feasible import explain_infeasible, feasible_bits

N = 8


@st.composite
def constraint_sets(draw: st.DrawFn) -> list[Constraint]:
    members = st.lists(st.integers(0, N - 1), min_size=1, max_size=4, unique=True).map(tuple)
    pairs = st.lists(st.integers(0, N - 1), min_size=2, max_size=2, unique=True).map(
        lambda p: (p[0], p[1])
    )
    one = st.builds(AtMostOne, name=st.just("class"), members=members)
    cover = st.builds(AtLeastOne, name=st.just("cover"), members=members)
    pair = st.builds(NotBoth, name=st.just("pair"), pair=pairs)
    most = st.builds(
        AtMost, name=st.just("few"), limit=st.integers(0, N), members=st.just(tuple(range(N)))
    )
    return draw(st.lists(st.one_of(one, cover, pair, most), max_size=6))


@given(constraints=constraint_sets())
@settings(max_examples=150)
def test_the_list_is_exactly_what_brute_force_finds(constraints: list[Constraint]) -> None:
    everything = index_to_bits(np.arange(2**N), N)
    keep = (
        np.all([c.holds(everything) for c in constraints], axis=0)
        if constraints
        else np.ones(2**N, dtype=bool)
    )
    expected = {tuple(row) for row in everything[keep].tolist()}
    found = feasible_bits(N, constraints)
    assert len(found) == len(expected)
    assert {tuple(row) for row in found.tolist()} == expected


def test_contradictory_constraints_are_named() -> None:
    contradictory = [
        AtLeastOne(name="cover pain", members=(0,)),
        AtLeastOne(name="cover sleep", members=(1,)),
        NotBoth(name="not a with b", pair=(0, 1)),
        AtMost(name="few", limit=5, members=tuple(range(N))),
    ]
    error = explain_infeasible(N, contradictory)
    assert isinstance(error, InfeasibleError)
    assert "'not a with b'" in error.hint
    assert "few" not in error.hint


def test_too_many_choices_are_refused_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feasible, "LIMIT", 1000)
    with pytest.raises(InputError, match="1,000"):
        feasible_bits(20, [])
