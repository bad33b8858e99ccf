"""Penalties: zero on what is allowed, and the minimiser is allowed and optimal above the proven
bound.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qtwin.backend.base import Samples
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.penalty import check_sufficiency, encode, write_constraints
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Constraint, NotBoth
from qtwin.problem.feasible import feasible_bits

N = 7
GROUPS = ((0, 1, 2), (3, 4), (5, 6))


@st.composite
def treatment_rules(draw: st.DrawFn) -> list[Constraint]:
    """Classes as the regimen problem makes them, covers of one to three classes, pairs, and a
    limit.
    """
    rules: list[Constraint] = [AtMostOne(name=f"one of {g}", members=g) for g in GROUPS]
    for k in range(draw(st.integers(0, 2))):
        members = draw(st.lists(st.integers(0, N - 1), min_size=1, max_size=5, unique=True))
        rules.append(AtLeastOne(name=f"cover {k}", members=tuple(sorted(members))))
    if draw(st.booleans()):
        a, b = draw(st.lists(st.integers(0, N - 1), min_size=2, max_size=2, unique=True))
        rules.append(NotBoth(name="pair", pair=(a, b)))
    if draw(st.booleans()):
        barred = draw(st.lists(st.integers(0, N - 1), min_size=1, max_size=3, unique=True))
        rules.append(AtMost(name="barred", limit=0, members=tuple(sorted(barred))))
    if draw(st.booleans()):
        begun = draw(st.lists(st.integers(0, N - 1), min_size=2, max_size=4, unique=True))
        rules.append(AtMost(name="one begun", limit=1, members=tuple(sorted(begun))))
    rules.append(AtMost(name="few", limit=draw(st.integers(1, 3)), members=tuple(range(N))))
    return rules


def _utility(seed: int) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    singles = {(i,): float(rng.normal()) for i in range(N)}
    pairs = {(i, j): float(rng.normal()) for i in range(N) for j in range(i + 1, N)}
    return BinaryPolynomial.of(N, singles | pairs | {(): 0.3})


@given(rules=treatment_rules(), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_the_minimiser_is_feasible_and_optimal(rules: list[Constraint], seed: int) -> None:
    allowed = feasible_bits(N, rules)
    assume(len(allowed) > 0)
    utility = _utility(seed)
    encoding = encode(
        utility, names=[f"x{i}" for i in range(N)], constraints=rules, feasible=allowed[:1]
    )
    n = encoding.polynomial.n_variables
    energy = encoding.polynomial.values()
    bits = index_to_bits(np.arange(2**n), n)
    winner = bits[[int(np.argmin(energy))]]
    assert encoding.is_feasible(winner)[0]
    assert energy.min() == pytest.approx(-utility.evaluate(allowed).max(), abs=1e-9)


@given(rules=treatment_rules())
@settings(max_examples=40, deadline=None)
def test_energy_is_the_objective_on_every_feasible_choice_and_every_violation_costs_at_least_m(
    rules: list[Constraint],
) -> None:
    written, slack = write_constraints(N, rules)
    n = N + len(slack)
    bits = index_to_bits(np.arange(2**n), n)
    cost = sum(w.multiple * w.polynomial.widened(n).values() for w in written)
    feasible = np.all([c.holds(bits[:, :N]) for c in rules], axis=0)
    decision = bits[:, :N] @ (1 << np.arange(N))
    best_slack = np.full(2**N, np.inf)
    np.minimum.at(best_slack, decision, cost)
    allowed = np.unique(decision[feasible])
    assert np.abs(best_slack[allowed]).max(initial=0.0) < 1e-9
    if (~feasible).any():
        assert cost[~feasible].min() >= 1.0 - 1e-9


def test_at_most_one_and_barred_options_cost_no_slack() -> None:
    rules: list[Constraint] = [
        AtMost(name="barred", limit=0, members=(0, 1)),
        AtMost(name="one begun", limit=1, members=(0, 2, 3)),
        AtLeastOne(name="cover", members=(0, 1, 4)),
        AtMost(name="few", limit=5, members=tuple(range(N))),
    ]
    assert write_constraints(N, rules)[1] == []


def test_the_check_finds_weights_that_are_too_small_and_the_tightest_that_holds() -> None:
    utility = BinaryPolynomial.of(3, {(0,): 2.0, (1,): 3.0, (2,): 1.0})
    rules = [AtMostOne(name="one", members=(0, 1))]
    encoding = encode(utility, names="abc", constraints=rules, feasible=np.array([[0, 1, 1]]))
    checked = check_sufficiency(encoding)
    assert checked is not None
    assert checked.holds
    # breaking the rule gains exactly the second-best member
    assert checked.tightest_weight == pytest.approx(2.0)
    assert (
        encoding.penalties[0].weight > encoding.penalties[0].sufficient_weight == pytest.approx(2.0)
    )
    from dataclasses import replace

    weak = replace(
        encoding,
        polynomial=encoding.objective + BinaryPolynomial.of(3, {(0, 1): 1.9}),
        penalties=(),
    )
    assert not check_sufficiency(weak).holds  # type: ignore[union-attr]


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
@pytest.mark.parametrize("n", [1, 3])
def test_what_is_forbidden_never_ties_with_the_optimum(scale: float, n: int) -> None:
    """Known choices of one worth, among them the best of all, leave no spread to count a margin
    in.
    """
    utility = BinaryPolynomial.of(n + 2, {(i,): scale for i in range(n)})
    best = np.array([[1] * n + [0, 0], [1] * n + [1, 0]])
    rules = [AtMostOne(name="one", members=(n, n + 1)), NotBoth(name="pair", pair=(0, n))]
    for known in (best[:1], np.zeros((1, n + 2))):
        encoding = encode(
            utility, names=[f"x{i}" for i in range(n + 2)], constraints=rules, feasible=known
        )
        energy = encoding.polynomial.values()
        bits = index_to_bits(np.arange(2 ** (n + 2)), n + 2)
        allowed = encoding.is_feasible(bits)
        gap = energy[~allowed].min() - energy[allowed].min()
        assert gap > 1e-3 * scale
        checked = check_sufficiency(encoding)
        assert checked is not None
        assert checked.holds
        assert checked.margin == pytest.approx(gap)
        assert all(
            p.margin > 1e-3 * scale and "a margin of" in p.reason for p in encoding.penalties
        )


def test_a_margin_that_rounding_hides_is_none() -> None:
    utility = BinaryPolynomial.of(2, {(0,): 1.0})
    rule = AtMostOne(name="one", members=(0, 1))
    hidden = encode(
        utility, names="ab", constraints=[rule], feasible=np.array([[1, 0]]), weight=5e-11
    )
    checked = check_sufficiency(hidden)
    assert checked is not None
    assert not checked.holds
    assert checked.margin < checked.least_margin


@pytest.mark.parametrize(
    "changes",
    [
        {"variables": ("a",)},
        {"n_decision": 3},
        {"n_decision": -1},
        {"constraints": (AtMostOne(name="one", members=(0, 2)),)},
        {"constraints": (NotBoth(name="pair", pair=(-1, 0)),)},
        {"polynomial": BinaryPolynomial(n_variables=2, terms={(0,): float("nan")})},
        {"objective": BinaryPolynomial(n_variables=2, terms={(0,): float("inf")})},
    ],
)
def test_an_encoding_whose_parts_do_not_fit_is_refused(changes: dict[str, object]) -> None:
    polynomial = BinaryPolynomial.of(2, {(0,): 1.0})
    parts = {
        "polynomial": polynomial,
        "objective": polynomial,
        "variables": ("a", "b"),
        "n_decision": 2,
    }
    with pytest.raises(InputError):
        BinaryModel(**(parts | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bits", "counts"),
    [
        ([[0, 1]], [1, 1]),
        ([0, 1], [1, 1]),
        ([[0, 2]], [1]),
        ([[0, -1]], [1]),
        ([[0, 1]], [0]),
        ([[0, 1]], [-3]),
        ([[0, 1]], [0.5]),
    ],
)
def test_samples_of_another_shape_or_value_are_refused(
    bits: list[list[int]], counts: list[int]
) -> None:
    with pytest.raises(InputError):
        Samples(bits=np.array(bits), counts=np.array(counts))
