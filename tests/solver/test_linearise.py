"""The linear model has the polynomial's values and nothing below, at every choice; its rows hold
where the constraints hold.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
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
from qtwin.solver.exact.linearise import LinearModel, Row, linearise, native_rows, posed
from tests.oracles.brute_force import allowed
from tests.oracles.instances import constrained, random_polynomial
from tests.oracles.ruled import ruled, under


def _points(n: int) -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=n))


def _range_of_products(model: LinearModel, x: tuple[int, ...], cost: np.ndarray) -> float:
    """The lowest cost of the product columns that the rows leave when the choices are x."""
    starts, columns, values, lower, upper = model.csr()
    matrix = np.zeros((len(lower), len(model.cost)))
    for k in range(len(lower)):
        matrix[k, columns[starts[k] : starts[k + 1]]] = values[starts[k] : starts[k + 1]]
    fixed = matrix[:, : model.n] @ np.array(x, dtype=float)
    y = matrix[:, model.n :]
    above, below = np.isfinite(upper), np.isfinite(lower)
    solved = linprog(
        cost[model.n :],
        A_ub=np.concatenate([y[above], -y[below]]),
        b_ub=np.concatenate([(upper - fixed)[above], (fixed - lower)[below]]),
        bounds=(0, 1),
    )
    assert solved.status == 0
    return float(solved.fun + cost[: model.n] @ np.array(x))


@given(seed=st.integers(0, 10_000), degree=st.integers(2, 4), tighten=st.booleans())
@settings(max_examples=15, deadline=None)
def test_the_products_can_not_be_cheaper_than_they_are(
    seed: int, degree: int, tighten: bool
) -> None:
    encoding = ruled(seed, degree, n=5)
    model = linearise(encoding, tighten=tighten)
    for x in _points(5):
        point = model.point(np.array(x))
        if allowed(encoding, x):
            assert all(row.holds(point) for row in model.rows)
            wanted = encoding.objective.evaluate(np.array([x]))[0]
            assert model.constant + point @ model.cost == pytest.approx(wanted, abs=1e-9)
            if model.products:
                assert model.constant + _range_of_products(model, x, model.cost) == pytest.approx(
                    wanted, abs=1e-7
                )
        else:
            assert not all(row.holds(point) for row in model.rows)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_with_the_rows_of_both_sides_a_product_is_the_product_at_any_cost(seed: int) -> None:
    model = linearise(plain(random_polynomial(4, 3, seed)), both_sides=True)
    for x in _points(4):
        for sign in (1.0, -1.0):
            cost = np.concatenate([np.zeros(4), np.full(len(model.products), sign)])
            assert _range_of_products(model, x, cost) == pytest.approx(
                sign * model.point(np.array(x))[4:].sum(), abs=1e-7
            )


def test_one_sided_rows_as_fortet_and_glover_write_them() -> None:
    model = linearise(plain(BinaryPolynomial.of(3, {(0, 1, 2): 2.0, (0, 1): -1.0})))
    assert model.products == ((0, 1), (0, 1, 2))
    assert set(model.rows) == {
        Row(columns=(3, 0), values=(1, -1), sense="<=", rhs=0),
        Row(columns=(3, 1), values=(1, -1), sense="<=", rhs=0),
        Row(columns=(4, 0, 1, 2), values=(1, -1, -1, -1), sense=">=", rhs=-2),
    }


def test_an_exact_size_times_each_choice_fixes_the_products_by_itself() -> None:
    """Adams and Sherali: sum_{j != i} y_ij = (k - 1) x_i leaves the products no other value,
    whatever they cost.
    """
    n, k = 6, 3
    pairs = list(itertools.combinations(range(n), 2))
    rule = Exactly(name="three", count=k, members=tuple(range(n)))
    model = linearise(under(BinaryPolynomial.of(n, dict.fromkeys(pairs[1:], 1.0)), rule))
    assert set(model.products) == set(pairs), "the one missing pair gets a column"
    multiplied = [r for r in model.rows if r.sense == "==" and r.rhs == 0]
    assert len(multiplied) == n
    alone = LinearModel(
        n=n,
        products=model.products,
        cost=model.cost,
        constant=0.0,
        rows=tuple(multiplied),
        target=model.target,
    )
    for x in _points(n):
        if sum(x) == k:
            for sign in (1.0, -1.0):
                cost = np.concatenate([np.zeros(n), np.full(len(pairs), sign)])
                assert _range_of_products(alone, x, cost) == pytest.approx(sign * k * (k - 1) / 2)


def test_products_that_no_choice_takes_get_no_column() -> None:
    objective = BinaryPolynomial.of(4, {(0, 1): -1.0, (1, 2, 3): -2.0, (2, 3): -3.0})
    model = linearise(
        under(objective, AtMostOne(name="a", members=(0, 1)), NotBoth(name="b", pair=(2, 1)))
    )
    assert model.products == ((2, 3),)


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        (AtMostOne(name="", members=(0, 2)), Row(columns=(0, 2), values=(1, 1), sense="<=", rhs=1)),
        (
            AtLeastOne(name="", members=(0, 2)),
            Row(columns=(0, 2), values=(1, 1), sense=">=", rhs=1),
        ),
        (NotBoth(name="", pair=(0, 2)), Row(columns=(0, 2), values=(1, 1), sense="<=", rhs=1)),
        (
            AtMost(name="", limit=2, members=(0, 1, 2)),
            Row(columns=(0, 1, 2), values=(1, 1, 1), sense="<=", rhs=2),
        ),
        (
            Exactly(name="", count=2, members=(0, 1, 2)),
            Row(columns=(0, 1, 2), values=(1, 1, 1), sense="==", rhs=2),
        ),
        (
            Cap(name="", members=(0, 1, 2), weights=(0.5, 0.0, 1.25), limit=1.6),
            Row(columns=(0, 2), values=(2, 5), sense="<=", rhs=6),
        ),
        (
            Linear(name="", members=(0, 1), weights=(0.5, -1.0), sense=">=", limit=-0.75),
            Row(columns=(0, 1), values=(-1, 2), sense="<=", rhs=1),
        ),
        (
            Linear(name="", members=(0, 1), weights=(3.0, -1.0), sense="==", limit=2.0),
            Row(columns=(0, 1), values=(3, -1), sense="==", rhs=2),
        ),
    ],
)
def test_native_rows(rule: Constraint, row: Row) -> None:
    assert native_rows(rule) == [row]


@pytest.mark.parametrize("sense", ["<=", ">=", "=="])
@pytest.mark.parametrize("seed", range(6))
def test_weights_that_no_step_makes_whole_give_rows_that_hold_where_the_constraint_does(
    sense: str, seed: int
) -> None:
    rng = np.random.default_rng([seed, 3])
    weights = rng.normal(size=6) * 10.0 ** rng.integers(-3, 4)
    bits = index_to_bits(np.arange(64), 6)
    # a sum that is met, or none
    limit = float(bits[rng.integers(64)] @ weights) if seed % 2 else float(rng.normal())
    rule = Linear(
        name="", members=tuple(range(6)), weights=tuple(weights), sense=sense, limit=limit
    )  # type: ignore[arg-type]
    rows = native_rows(rule)
    assert all(isinstance(v, int) for r in rows for v in (*r.values, r.rhs))
    np.testing.assert_array_equal([all(r.holds(b) for r in rows) for b in bits], rule.holds(bits))
    for r in rows:
        values, rhs = r.in_floats
        assert max(map(abs, values)) < 2.0
        assert rhs * r.values[0] == pytest.approx(values[0] * r.rhs)


def test_a_need_that_nothing_covers_contradicts_itself() -> None:
    assert linearise(
        under(random_polynomial(3, 2, 0), AtLeastOne(name="nobody", members=()))
    ).contradictory
    assert not linearise(
        under(random_polynomial(3, 2, 0), AtMost(name="nothing", limit=0, members=()))
    ).contradictory


def test_native_constraints_are_posed_without_their_penalties() -> None:
    encoding = constrained(3)
    target, n = posed(encoding)
    assert target is encoding.objective
    assert n == encoding.n_decision < encoding.polynomial.n_variables
    target, n = posed(plain(encoding.polynomial))
    assert (target, n) == (encoding.polynomial, encoding.polynomial.n_variables)


def test_what_cannot_be_stated_is_refused() -> None:
    class Odd(Constraint):
        def holds(self, bits: np.ndarray) -> np.ndarray:
            return np.asarray(bits).sum(axis=1) % 2 == 1

    with pytest.raises(InputError, match="'odd' of type Odd is no linear row"):
        linearise(under(random_polynomial(3, 2, 0), Odd(name="odd")))
    with pytest.raises(InputError, match="weights of"):
        linearise(
            under(
                random_polynomial(3, 2, 0),
                Linear(name="c", members=(0, 1), weights=(1e18, -1e18 / 3), sense="<=", limit=0.1),
            )
        )
    objective = random_polynomial(4, 2, 0)
    slack = BinaryModel(
        polynomial=objective,
        objective=objective,
        variables=tuple("abcd"),
        n_decision=3,
        constraints=(AtMostOne(name="one", members=(0, 1)),),
    )
    with pytest.raises(InputError, match="first 3 variables alone"):
        linearise(slack)
