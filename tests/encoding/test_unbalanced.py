"""Inequalities without slack: the polynomial is the paper's, its account is true, and tuning does
what its rule says.
"""

from __future__ import annotations

import dimod
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.encoding.standing import standing
from qtwin.encoding.unbalanced import (
    PUBLISHED,
    Inequality,
    Strength,
    published,
    room,
    split,
    tuned,
    unbalanced,
)
from qtwin.errors import InputError
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
from qtwin.problem.feasible import feasible_bits

N = 8
FEW = AtMost(name="few", limit=3, members=tuple(range(N)))
BURDEN = Cap(name="burden", members=(0, 2, 3, 5, 7), weights=(1.0, 2.5, 0.5, 3.0, 1.0), limit=4.0)
NEED = AtLeastOne(name="need", members=(0, 3, 5, 6))
CLASSES = (
    AtMostOne(name="first class", members=(0, 1)),
    AtMostOne(name="second class", members=(2, 3)),
)
RULES: tuple[Constraint, ...] = (*CLASSES, NotBoth(name="pair", pair=(4, 7)), FEW, BURDEN, NEED)
KNAPSACK = Cap(
    name="weight", members=(0, 1, 2, 3, 4), weights=(3.0, 11.0, 14.0, 19.0, 5.0), limit=26.0
)
VALUES = BinaryPolynomial.of(5, {(i,): v for i, v in enumerate((8.0, 47.0, 10.0, 5.0, 16.0))})


def _utility(seed: int, n: int = N) -> BinaryPolynomial:
    rng = np.random.default_rng(seed)
    singles = [((i,), rng.normal(0.05, 0.1)) for i in range(n)]
    return BinaryPolynomial.of(
        n, singles + [((i, j), rng.normal(0.0, 0.04)) for i in range(n) for j in range(i + 1, n)]
    )


def _names(n: int = N) -> list[str]:
    return [f"option {i}" for i in range(n)]


@pytest.mark.parametrize("constraint", [FEW, BURDEN, NEED, KNAPSACK], ids=lambda c: c.name)
def test_the_penalty_is_that_of_an_independent_implementation(constraint: Inequality) -> None:
    strengths = [Strength(constraint=constraint.name, linear=0.96, quadratic=0.0371)]
    nothing = BinaryPolynomial.of(N, {})
    feasible = feasible_bits(N, [constraint])[:1]
    made = unbalanced(
        nothing, names=_names(), constraints=[constraint], feasible=feasible, strengths=strengths
    ).encoding
    sign = -1 if isinstance(constraint, AtLeastOne) else 1
    weights = (
        constraint.weights if isinstance(constraint, Cap) else (1.0,) * len(constraint.members)
    )
    limit = 1 if isinstance(constraint, AtLeastOne) else constraint.limit
    scale = 2  # half weights there are: dimod wants whole numbers, so it counts half steps
    model = dimod.BinaryQuadraticModel(dict.fromkeys(range(N), 0.0), {}, "BINARY")
    model.add_linear_inequality_constraint(
        [(i, int(sign * scale * w)) for i, w in zip(constraint.members, weights, strict=True)],
        [0.96 / scale, 0.0371 / scale**2],
        "limit",
        lb=np.iinfo(np.int32).min,
        ub=int(sign * scale * limit),
        penalization_method="unbalanced",
    )
    bits = index_to_bits(np.arange(2**N), N)
    values, expected = made.polynomial.evaluate(bits), model.energies((bits, range(N)))
    # Up to the constant, to which dimod 0.12 adds the limit itself, not lambda_1 times the limit.
    assert values - values[0] == pytest.approx(expected - expected[0], abs=1e-9)
    assert values[0] == pytest.approx(-0.96 * limit * sign + 0.0371 * limit**2)


def test_the_published_knapsack_is_solved_by_the_published_strengths() -> None:
    # Five items, worth 71 at best; the strengths of arXiv:2211.13914 as they are, without a unit.
    strengths = [Strength(constraint="weight", linear=PUBLISHED[0], quadratic=PUBLISHED[1])]
    feasible = feasible_bits(5, [KNAPSACK])
    made = unbalanced(
        VALUES, names="abcde", constraints=[KNAPSACK], feasible=feasible, strengths=strengths
    )
    winner = index_to_bits(np.array([np.argmin(made.encoding.polynomial.values())]), 5)
    assert winner.tolist() == [[1, 1, 0, 0, 1]]
    assert VALUES.evaluate(winner) == [71.0]
    assert (made.standing.feasible, made.standing.optimal, made.standing.regret) == (
        True,
        True,
        0.0,
    )
    assert made.encoding.polynomial.n_variables == 5
    with_slack = encode(VALUES, names="abcde", constraints=[KNAPSACK], feasible=feasible)
    assert with_slack.polynomial.n_variables == 10


@given(seed=st.integers(0, 10_000), linear=st.floats(0.0, 1.0), quadratic=st.floats(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_the_account_is_true(seed: int, linear: float, quadratic: float) -> None:
    utility = _utility(seed)
    feasible = feasible_bits(N, RULES)
    strengths = [
        Strength(constraint=c.name, linear=linear, quadratic=quadratic) for c in split(N, RULES)[1]
    ]
    made = unbalanced(
        utility, names=_names(), constraints=RULES, feasible=feasible[:3], strengths=strengths
    )
    bits = index_to_bits(np.arange(2**N), N)
    energy = made.encoding.polynomial.evaluate(bits)
    allowed = np.all([c.holds(bits) for c in RULES], axis=0)
    winner = bits[[int(np.argmin(energy))]]
    ordered = np.sort(energy)
    assume(ordered[1] - ordered[0] > 1e-9)
    best = utility.evaluate(feasible).max()
    assert made.standing.exhaustive
    assert made.standing.checked == 2**N
    assert made.standing.feasible == all(c.holds(winner)[0] for c in RULES)
    assert made.standing.optimal == (
        made.standing.feasible and utility.evaluate(winner)[0] >= best - 1e-9
    )
    if made.standing.feasible:
        assert made.standing.regret == pytest.approx(best - utility.evaluate(winner)[0], abs=1e-9)
    assert made.standing.infeasible_below == (energy[~allowed] < energy[allowed].min()).sum()
    exact = split(N, RULES)[0]
    assert all(c.holds(winner)[0] for c in exact)  # what has an exact form is never broken
    penalty = sum(
        linear * -h + quadratic * h**2
        for h in (room(c, N).evaluate(feasible) for c in split(N, RULES)[1])
    )
    assert made.encoding.polynomial.evaluate(feasible) == pytest.approx(
        penalty - utility.evaluate(feasible), abs=1e-9
    )


def test_only_what_needs_slack_is_approximated() -> None:
    exact, loose = split(N, RULES)
    assert [c.name for c in loose] == ["few", "burden", "need"]
    one_class = AtLeastOne(name="met by one class", members=(0, 1))
    two_classes = AtLeastOne(name="met by two classes", members=(0, 1, 2))
    size = Exactly(name="size", count=2, members=tuple(range(N)))
    never = AtMost(name="kept by the classes", limit=2, members=(0, 1, 2, 3))
    assert split(N, [*CLASSES, one_class, two_classes, size, never])[1] == []
    feasible = feasible_bits(N, exact)
    made = unbalanced(_utility(1), names=_names(), constraints=exact, feasible=feasible)
    assert made.strengths == ()
    assert made.standing.optimal


@pytest.mark.parametrize("seed", range(6))
def test_tuned_strengths_break_nothing_where_published_ones_do(seed: int) -> None:
    utility, feasible = _utility(seed), feasible_bits(N, RULES)
    made = unbalanced(utility, names=_names(), constraints=RULES, feasible=feasible)
    as_published = [published(utility, c) for c in split(N, RULES)[1]]
    plain = unbalanced(
        utility, names=_names(), constraints=RULES, feasible=feasible, strengths=as_published
    )
    assert made.standing.feasible
    assert (made.standing.infeasible_below, made.standing.regret) <= (
        plain.standing.infeasible_below,
        np.inf if plain.standing.regret is None else plain.standing.regret,
    )
    assert made.encoding.polynomial.n_variables == made.encoding.n_decision == N
    assert made.encoding.constraints == RULES
    factors = [
        (s.linear / p.linear, s.quadratic / p.quadratic)
        for s, p in zip(made.strengths, as_published, strict=True)
    ]
    # one pair of factors for all
    assert np.ptp(factors, axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert made.strengths == tuned(utility, RULES, feasible=feasible)


def test_units_do_not_matter() -> None:
    utility, feasible = _utility(4), feasible_bits(N, RULES)
    milligrams = Cap(
        name="burden",
        members=BURDEN.members,
        weights=tuple(1000 * w for w in BURDEN.weights),
        limit=4000.0,
    )
    small = {s.constraint: s for s in tuned(utility, RULES, feasible=feasible)}
    rules = [milligrams if c is BURDEN else c for c in RULES]
    large = {s.constraint: s for s in tuned(utility * 8.0, rules, feasible=feasible)}
    assert large["burden"].linear == pytest.approx(8.0 * small["burden"].linear / 1000)
    assert large["burden"].quadratic == pytest.approx(8.0 * small["burden"].quadratic / 1000**2)
    assert large["few"].linear == pytest.approx(8.0 * small["few"].linear)


def test_above_twenty_variables_the_account_says_that_it_saw_only_some() -> None:
    n = 22
    rules: list[Constraint] = [
        AtMost(name="few", limit=3, members=tuple(range(n))),
        AtLeastOne(name="need", members=(0, 4, 9, 15)),
    ]
    utility = _utility(7, n)
    feasible = feasible_bits(n, rules)
    made = unbalanced(utility, names=_names(n), constraints=rules, feasible=feasible)
    assert not made.standing.exhaustive
    assert made.standing.checked < 2**n
    energy = made.encoding.polynomial.values()  # all 4 million after all
    winner = index_to_bits(np.array([np.argmin(energy)]), n)
    assert made.standing.feasible == all(c.holds(winner)[0] for c in rules)
    assert made.standing.optimal == (
        made.standing.feasible
        and utility.evaluate(winner)[0] >= utility.evaluate(feasible).max() - 1e-9
    )


def test_nonsense_is_refused() -> None:
    utility, feasible = _utility(1), feasible_bits(N, RULES)
    good = [published(utility, c) for c in split(N, RULES)[1]]

    def attempt(strengths: list[Strength], rows: np.ndarray = feasible) -> None:
        unbalanced(utility, names=_names(), constraints=RULES, feasible=rows, strengths=strengths)

    for wrong in (
        good[:-1],
        [*good, good[0]],
        [*good[:-1], Strength(constraint="nobody", linear=1.0, quadratic=1.0)],
    ):
        with pytest.raises(InputError, match="expected"):
            attempt(wrong)
    for value in (-1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="at least 0"):
            attempt(
                [Strength(constraint=good[0].constraint, linear=value, quadratic=1.0), *good[1:]]
            )
    for rows in (feasible[:0], np.zeros((1, N)), feasible[:, :3]):
        with pytest.raises(InputError, match="feasible"):
            attempt(good, rows)
    slack = encode(utility, names=_names(), constraints=[FEW], feasible=np.zeros((1, N)))
    with pytest.raises(InputError, match="slack"):
        standing(slack, feasible)


def test_a_linear_row_is_its_cap_from_either_side() -> None:
    """A row of positive weights is a cap, whichever way it is spelled; so are its strengths and its
    polynomial.
    """
    row = Linear(
        name="burden",
        members=BURDEN.members,
        weights=BURDEN.weights,
        sense="<=",
        limit=BURDEN.limit,
    )
    turned = Linear(
        name="burden",
        members=BURDEN.members,
        weights=tuple(-w for w in BURDEN.weights),
        sense=">=",
        limit=-BURDEN.limit,
    )
    feasible = feasible_bits(N, [BURDEN])
    made = [
        unbalanced(_utility(3), names=_names(), constraints=[c], feasible=feasible)
        for c in (BURDEN, row, turned)
    ]
    for other in made[1:]:
        assert other.strengths == made[0].strengths
        assert other.standing == made[0].standing
        assert other.encoding.polynomial.terms == pytest.approx(made[0].encoding.polynomial.terms)


@pytest.mark.parametrize("sense", ["<=", ">="])
@pytest.mark.parametrize("seed", range(4))
def test_rows_of_either_sign_need_no_slack(sense: str, seed: int) -> None:
    rng = np.random.default_rng([seed, 21])
    weights = tuple(rng.normal(size=4) * 3.0)
    row = Linear(
        name="row", members=(0, 2, 4, 7), weights=weights, sense=sense, limit=float(rng.normal())
    )  # type: ignore[arg-type]
    exact, loose = split(N, [row])
    sums = index_to_bits(np.arange(16), 4) @ np.array(weights)
    signed = sums - row.limit if sense == "<=" else row.limit - sums
    assert bool(loose) == (signed.min() < 0.0 < signed.max())
    bits = index_to_bits(np.arange(2**N), N)
    h = room(row, N).evaluate(bits)
    np.testing.assert_array_equal(h >= 0.0, row.holds(bits))
    feasible = bits[row.holds(bits)]
    if len(feasible) and loose:
        made = unbalanced(
            _utility(seed), names=_names(), constraints=[row, *exact], feasible=feasible
        )
        assert made.encoding.polynomial.n_variables == N
        assert [s.constraint for s in made.strengths] == ["row"]


def test_rows_that_always_hold_or_hold_once_need_no_strength() -> None:
    always = Linear(name="always", members=(0, 1), weights=(2.0, -1.0), sense="<=", limit=5.0)
    once = Linear(name="once", members=(2, 3), weights=(2.0, -1.0), sense="<=", limit=-1.0)
    equal = Linear(name="equal", members=(4, 5), weights=(1.0, -1.0), sense="==", limit=0.0)
    feasible = feasible_bits(N, [always, once, equal])
    made = unbalanced(
        _utility(1), names=_names(), constraints=(always, once, equal), feasible=feasible
    )
    assert made.strengths == ()
    assert made.standing.feasible
    assert made.standing.optimal
