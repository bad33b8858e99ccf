"""Every exact solver against a look at every assignment: all constraint kinds, degrees 1 to 4,
ties, nothing feasible.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.converters import quadratised, recoded
from qtwin.encoding.model import plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.problem.constraint import AtLeastOne, AtMost, Cap, Exactly, linear
from qtwin.solver import registry
from qtwin.solver.base import Instance, Result
from tests.oracles.brute_force import allowed, energy_of, lowest_feasible
from tests.oracles.exact_solvers import EXACT, Case, load, name_of
from tests.oracles.instances import constrained, random_polynomial
from tests.oracles.ruled import KINDS, constraint, ruled, under


def _agree(result: Result, encoding: Any) -> None:
    optimum = lowest_feasible(encoding)
    if np.isinf(optimum):
        assert (result.status, result.bits, result.bound, result.proven) == (
            "infeasible",
            None,
            None,
            False,
        )
        assert result.info["infeasibility_proven"]
        return
    rounding = 1e-11 * sum(abs(c) for c in encoding.polynomial.terms.values())
    assert result.bits is not None
    bits = tuple(int(b) for b in result.bits)
    assert allowed(encoding, bits)
    assert result.energy == pytest.approx(energy_of(encoding, bits), abs=rounding)
    assert (result.status, result.proven) == ("optimal", True)
    assert result.energy <= optimum + result.info.get("tolerance", 0.0) + rounding
    assert result.bound is not None
    assert result.bound <= optimum + rounding
    assert result.bound <= result.energy
    assert result.gap is not None
    assert result.gap >= 0.0


@pytest.mark.parametrize("case", EXACT, ids=name_of)
@given(seed=st.integers(0, 100_000), degree=st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_random_constraints_and_degrees(case: Case, seed: int, degree: int) -> None:
    solver = load(case)
    encoding = ruled(seed, min(degree, 2) if "quadratic" in case[1].values() else degree)
    _agree(solver.solve(Instance(encoding=encoding), seed=0), encoding)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
@pytest.mark.parametrize("case", EXACT, ids=name_of)
def test_each_constraint_by_itself(case: Case, kind: Any) -> None:
    solver, rng = load(case), np.random.default_rng(7)
    for seed in range(3):
        encoding = under(random_polynomial(6, 2, seed), constraint(kind, 6, rng))
        _agree(solver.solve(Instance(encoding=encoding), seed=0), encoding)


@pytest.mark.parametrize("case", EXACT, ids=name_of)
def test_penalties_and_slack_are_left_out_and_their_energy_is_told(case: Case) -> None:
    solver = load(case)
    for seed in range(3):
        encoding = constrained(seed)
        _agree(solver.solve(Instance(encoding=encoding), seed=0), encoding)


@pytest.mark.parametrize("code", ["binary", "domain_wall"])
@pytest.mark.parametrize("case", EXACT, ids=name_of)
def test_options_in_another_code_are_chosen_as_they_are_and_answered_in_the_code(
    case: Case, code: str
) -> None:
    solver = load(case)
    plainly = constrained(1)
    encoding = recoded(plainly, code)
    result = solver.solve(Instance(encoding=encoding), seed=0)
    assert result.proven
    assert result.bits is not None
    assert len(result.bits) == encoding.polynomial.n_variables
    assert encoding.is_feasible(result.bits[None, :])[0]
    assert result.energy == pytest.approx(lowest_feasible(plainly), abs=1e-9)
    assert result.energy == pytest.approx(
        encoding.polynomial.evaluate(result.bits[None, :])[0], abs=1e-12
    )
    start = encoding.decode(result.bits[None, :])[0]
    again = solver.solve(Instance(encoding=encoding, warm_start=start), seed=0)
    assert again.energy == pytest.approx(result.energy, abs=1e-9)


@pytest.mark.parametrize("method", ["rosenberg", "cover"])
@pytest.mark.parametrize("case", EXACT, ids=name_of)
def test_a_quadratised_polynomial_has_the_same_optimum(case: Case, method: str) -> None:
    solver, cubic = load(case), plain(random_polynomial(5, 3, 4))
    encoding = quadratised(cubic, method)
    result = solver.solve(Instance(encoding=encoding), seed=0)
    assert result.proven
    assert result.energy == pytest.approx(lowest_feasible(cubic), abs=1e-8)


@pytest.mark.parametrize("exponent", [-8, 8])
@pytest.mark.parametrize("case", EXACT, ids=name_of)
def test_units_make_no_difference(case: Case, exponent: int) -> None:
    solver, encoding = load(case), plain(random_polynomial(6, 2, 5, scale=10.0**exponent))
    _agree(solver.solve(Instance(encoding=encoding), seed=0), encoding)


@pytest.mark.parametrize("case", EXACT, ids=name_of)
def test_ties_are_one_answer_and_whole_numbers_leave_no_gap(case: Case) -> None:
    ring = BinaryPolynomial.of(
        6,
        [((i,), -1.0) for i in range(6)]
        + [(tuple(sorted((i, (i + 1) % 6))), 1.0) for i in range(6)],
    )
    result = load(case).solve(Instance(encoding=plain(ring)), seed=0)
    assert (result.energy, result.bound, result.gap, result.proven) == (-3.0, -3.0, 0.0, True)
    flat = plain(BinaryPolynomial.of(4, {(): 2.5}))
    result = load(case).solve(Instance(encoding=flat), seed=0)
    assert (result.energy, result.bound, result.proven) == (2.5, 2.5, True)


@pytest.mark.parametrize("case", EXACT, ids=name_of)
@pytest.mark.parametrize(
    "rules",
    [
        (AtLeastOne(name="nobody", members=()),),
        (Exactly(name="seven of five", count=7, members=(0, 1, 2, 3, 4)),),
        (AtLeastOne(name="one", members=(0, 1)), AtMost(name="none", limit=0, members=(0, 1))),
        (
            Exactly(name="two", count=2, members=(0, 1)),
            Cap(name="cap", members=(0, 1), weights=(1.0, 1.5), limit=2.0),
        ),
    ],
    ids=lambda rules: rules[0].name,
)
def test_nothing_feasible_is_proven(case: Case, rules: Any) -> None:
    encoding = under(random_polynomial(5, 2, 1), *rules)
    _agree(load(case).solve(Instance(encoding=encoding), seed=0), encoding)


@pytest.mark.parametrize("case", [c for c in EXACT if c[0] != "enumeration"], ids=name_of)
def test_a_problem_without_variables(case: Case) -> None:
    solver = load(case)
    result = solver.solve(Instance(encoding=plain(BinaryPolynomial.of(0, {(): -1.5}))), seed=0)
    assert (result.energy, result.bound, result.proven) == (-1.5, -1.5, True)
    assert result.bits is not None
    assert len(result.bits) == 0


@pytest.mark.parametrize("name", ["cp-sat", "highs"])
def test_rounding_of_the_penalties_takes_no_proof_away(name: str) -> None:
    """Nothing to minimise, so whatever satisfies the rows is optimal."""
    rng = np.random.default_rng(0)
    planted = rng.integers(0, 2, size=12)
    rows = []
    for k in range(6):
        members = np.sort(rng.choice(12, size=5, replace=False))
        weights = np.round(rng.uniform(0.05, 30.0, size=5), 2)
        limit = float(np.round(weights @ planted[members], 2))
        rows.append(linear(f"row {k}", members.tolist(), weights.tolist(), "==", limit))
    model = encode(
        BinaryPolynomial.of(12, {}),
        names=[f"x{i}" for i in range(12)],
        constraints=rows,
        feasible=None,
    )
    at_planted = float(model.polynomial.evaluate(planted[None, :])[0])
    assert 0.0 < abs(at_planted) < 1e-8  # squares of decimal weights do not cancel to the last bit
    found = registry.load(name, {}).solve(Instance(encoding=model), seed=1, time_limit_s=20.0)
    assert (found.status, found.proven) == ("optimal", True)
    assert found.energy == pytest.approx(0.0, abs=1e-8)
