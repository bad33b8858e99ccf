"""Round trips with qiskit-optimization, judged by its own objective and feasibility on every
assignment.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from qtwin.backend.exchange import from_quadratic_program, to_quadratic_program
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint
from tests.encoding.instance.test_formats import BITS, N, constraints, polynomials

qiskit_optimization = pytest.importorskip("qiskit_optimization")


@given(polynomial=polynomials(2), rules=constraints())
@settings(max_examples=30, deadline=None)
def test_objective_and_constraints_are_those_of_the_program(
    polynomial: BinaryPolynomial, rules: list[Constraint]
) -> None:
    encoding = BinaryModel(
        polynomial=polynomial,
        objective=polynomial,
        variables=tuple(f"drug{i}" for i in range(N)),
        n_decision=N,
        constraints=tuple(rules),
    )
    program = to_quadratic_program(encoding)
    expected, feasible = polynomial.evaluate(BITS), encoding.is_feasible(BITS)
    for row, value, holds in zip(BITS, expected, feasible, strict=True):
        assert program.objective.evaluate(row) == pytest.approx(value, abs=1e-9)
        assert program.is_feasible(row) == holds
    back = from_quadratic_program(program)
    np.testing.assert_allclose(back.value(BITS), expected, atol=1e-9)
    np.testing.assert_array_equal(
        np.all([c.holds(BITS) for c in back.constraints], axis=0)
        if back.constraints
        else np.ones(len(BITS), bool),
        feasible,
    )
    assert back.variables[:N] == encoding.variables


@given(polynomial=polynomials(2), rules=constraints())
@settings(max_examples=15, deadline=None)
def test_energies_with_penalties_go_over_whole(
    polynomial: BinaryPolynomial, rules: list[Constraint]
) -> None:
    encoding = encode(
        polynomial, names=[f"x{i}" for i in range(N)], constraints=rules, feasible=None
    )
    program = to_quadratic_program(encoding, native=False)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 2, size=(20, encoding.polynomial.n_variables))
    for row, value in zip(rows, encoding.polynomial.evaluate(rows), strict=True):
        assert program.objective.evaluate(row) == pytest.approx(value, rel=1e-9, abs=1e-6)


def test_a_maximum_becomes_a_minimum() -> None:
    program = qiskit_optimization.QuadraticProgram()
    for name in "ab":
        program.binary_var(name)
    program.maximize(constant=1.0, linear=[2.0, -1.0], quadratic={("a", "b"): 3.0})
    found = from_quadratic_program(program)
    bits = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    np.testing.assert_allclose(found.polynomial.evaluate(bits), [-1.0, -3.0, 0.0, -5.0])


def test_what_is_no_qubo_is_refused() -> None:
    program = qiskit_optimization.QuadraticProgram()
    program.integer_var(0, 5, "n")
    with pytest.raises(InputError, match="binary"):
        from_quadratic_program(program)
    other = qiskit_optimization.QuadraticProgram()
    other.binary_var("a")
    other.quadratic_constraint({}, {("a", "a"): 1.0}, "<=", 1.0, "q")
    with pytest.raises(InputError, match="quadratic"):
        from_quadratic_program(other)
    cubic = BinaryPolynomial.of(3, {(0, 1, 2): 1.0})
    with pytest.raises(InputError, match="degree"):
        to_quadratic_program(
            BinaryModel(polynomial=cubic, objective=cubic, variables=("a", "b", "c"), n_decision=3)
        )
