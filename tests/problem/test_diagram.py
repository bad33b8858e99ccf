"""Counting, listing and drawing without a list, against brute force over all 2^n."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from qtwin.encoding.polynomial import index_to_bits
from qtwin.problem.constraint import (
    AtLeastOne,
    AtMost,
    AtMostOne,
    Cap,
    Constraint,
    Exactly,
    Linear,
    NotBoth,
)
from qtwin.problem.diagram import Row, _order, diagram, whole_row
from qtwin.problem.feasible import groups_of

N = 8


@st.composite
def constraint_sets(draw: st.DrawFn) -> list[Constraint]:
    members = st.lists(st.integers(0, N - 1), min_size=1, max_size=5, unique=True).map(tuple)
    pairs = st.lists(st.integers(0, N - 1), min_size=2, max_size=2, unique=True).map(
        lambda p: (p[0], p[1])
    )
    some = draw(members)
    weights = st.lists(
        st.integers(-8, 8).map(lambda w: w / 4), min_size=len(some), max_size=len(some)
    ).map(tuple)
    sums = st.lists(
        st.integers(0, 30).map(lambda w: w / 10), min_size=len(some), max_size=len(some)
    ).map(tuple)
    one = st.builds(AtMostOne, name=st.just("class"), members=members)
    cover = st.builds(AtLeastOne, name=st.just("cover"), members=members)
    pair = st.builds(NotBoth, name=st.just("pair"), pair=pairs)
    most = st.builds(AtMost, name=st.just("few"), limit=st.integers(0, N), members=members)
    exact = st.builds(Exactly, name=st.just("exactly"), count=st.integers(0, 4), members=members)
    cap = st.builds(
        Cap,
        name=st.just("cap"),
        members=st.just(some),
        weights=sums,
        limit=st.integers(0, 60).map(lambda w: w / 10),
    )
    sense = st.sampled_from(["<=", ">=", "=="])
    row = st.builds(
        Linear,
        name=st.just("row"),
        members=st.just(some),
        weights=weights,
        sense=sense,
        limit=st.integers(-2, 3),
    )
    return draw(st.lists(st.one_of(one, cover, pair, most, exact, cap, row), max_size=6))


def _rows(constraints: list[Constraint]) -> list[Row]:
    found = [whole_row(c) for c in constraints]
    assert all(r is not None for r in found)
    return [r for r in found if r is not None]


def _brute(constraints: list[Constraint]) -> set[tuple[int, ...]]:
    everything = index_to_bits(np.arange(2**N), N)
    keep = (
        np.all([c.holds(everything) for c in constraints], axis=0)
        if constraints
        else np.ones(2**N, dtype=bool)
    )
    return {tuple(row) for row in everything[keep].tolist()}


@given(constraints=constraint_sets())
@settings(max_examples=150, deadline=None)
def test_count_and_list_are_what_brute_force_finds(constraints: list[Constraint]) -> None:
    found = diagram(N, _rows(constraints), groups_of(N, constraints))
    expected = _brute(constraints)
    assert found is not None
    assert found.count == len(expected)
    rows = found.listed()
    assert len(rows) == len(expected)
    assert {tuple(row) for row in rows.tolist()} == expected


def test_every_choice_is_drawn_equally_often() -> None:
    constraints: list[Constraint] = [
        AtMostOne(name="class", members=(0, 1, 2)),
        AtLeastOne(name="cover", members=(2, 3, 4)),
        NotBoth(name="pair", pair=(4, 6)),
        AtMost(name="few", limit=4, members=tuple(range(N))),
    ]
    found = diagram(N, _rows(constraints), groups_of(N, constraints))
    assert found is not None
    expected = _brute(constraints)
    drawn = found.draw(200 * len(expected), np.random.default_rng(3))
    distinct, counts = np.unique(drawn, axis=0, return_counts=True)
    assert {tuple(row) for row in distinct.tolist()} == expected
    assert ((counts - 200) ** 2 / 200).sum() < chi2.ppf(0.999, len(expected) - 1)


def test_large_counts_are_exact_by_the_binomial_formula() -> None:
    from math import comb

    rows = _rows([AtMost(name="few", limit=10, members=tuple(range(120)))])
    found = diagram(120, rows, [(i,) for i in range(120)])
    assert found is not None
    assert found.count == sum(comb(120, k) for k in range(11))


def test_too_many_nodes_are_given_up() -> None:
    rng = np.random.default_rng(1)
    row = Cap(
        name="cap",
        members=tuple(range(30)),
        weights=tuple(rng.integers(1, 10**6, 30).tolist()),
        limit=5e6,
    )
    assert diagram(30, _rows([row]), [(i,) for i in range(30)], most_nodes=1000) is None


def _slow_order(rows: list[Row], groups: list[tuple[int, ...]]) -> list[int]:
    """The definition: next comes the group after which the fewest options wait, then the largest,
    then the first.
    """
    n, order = sum(map(len, groups)), list[int]()
    short = [set(row[0]) for row in rows if len(row[0]) < n]

    def waiting(group: tuple[int, ...]) -> tuple[int, int]:
        decided = {*order, *group}
        return len({i for row in short if not row <= decided for i in row & decided}), -len(group)

    while len(order) < n:
        order.extend(min((g for g in groups if g[0] not in order), key=waiting))
    return order


@given(constraints=constraint_sets())
@settings(max_examples=150, deadline=None)
def test_options_are_decided_in_the_greedy_order(constraints: list[Constraint]) -> None:
    rows, groups = _rows(constraints), groups_of(N, constraints)
    assert _order(rows, groups) == _slow_order(rows, groups)


def test_thousands_of_options_are_counted_by_the_power_of_two_and_by_the_pairs_kept_apart() -> None:
    free = diagram(3_000, [], [(i,) for i in range(3_000)])
    assert free is not None
    assert free.count == 2**3_000
    pairs = [NotBoth(name=f"pair {i}", pair=(2 * i, 2 * i + 1)) for i in range(100)]
    apart = diagram(2_000, _rows(list(pairs)), [(i,) for i in range(2_000)])
    assert apart is not None
    assert apart.count == 3**100 * 2**1_800
