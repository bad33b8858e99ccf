"""To and from the quadratic programs of qiskit-optimization."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError, require_vendor
from qtwin.problem.constraint import Constraint, linear, row_of


def to_quadratic_program(encoding: BinaryModel, *, native: bool = True) -> Any:
    """A `qiskit_optimization.QuadraticProgram` to be minimised; variable i is its variable i.

    Args:
        encoding: What to write; names of variables are kept where they are distinct.
        native: The objective under its constraints, where there are some; otherwise the energy with its penalties.

    Raises:
        InputError: for a degree above 2, or a constraint that is no linear row.
        MissingVendorError: if qiskit-optimization is not installed.
    """
    require_vendor("qiskit_optimization", package="qiskit-optimization", needed_by="to_quadratic_program")
    from qiskit_optimization import QuadraticProgram

    own = native and bool(encoding.constraints)
    target = encoding.objective if own else encoding.polynomial
    n = encoding.n_decision if own else encoding.polynomial.n_variables
    names = [f"option {i}" for i in range(n)] if own and encoding.recoded is not None else list(encoding.variables[:n])
    if len(set(names)) != n:
        raise InputError("two variables have one name", hint="give each its own")
    constant, weights, pairs = target.quadratic_form
    program = QuadraticProgram("qtwin")
    for name in names:
        program.binary_var(name)
    quadratic = {(names[i], names[j]): float(pairs[i, j]) for i, j in np.argwhere(pairs)}
    program.minimize(constant=constant, linear=[float(w) for w in weights[:n]], quadratic=quadratic)
    for k, c in enumerate(encoding.constraints if own else ()):
        members, values, sense, limit = row_of(c)
        row = {names[i]: w for i, w in zip(members, values, strict=True)}
        program.linear_constraint(row, sense, limit, f"c{k} {c.name}")
    return program


def from_quadratic_program(program: Any) -> BinaryModel:
    """The objective under native constraints, and the same as an energy with proven penalties; a maximum becomes a minimum.

    Raises:
        InputError: for a variable that is not binary, or quadratic constraints.
    """
    other = [v.name for v in program.variables if v.vartype.name != "BINARY"]
    if other:
        raise InputError(
            f"variable {other[0]!r} is not binary", hint="convert it with qiskit_optimization.converters.IntegerToBinary"
        )
    if program.get_num_quadratic_constraints():
        raise InputError("a quadratic constraint came, linear ones were wanted", hint="put it into the objective as a penalty")
    sign = float(program.objective.sense.value)
    names = [v.name for v in program.variables]
    terms: list[tuple[tuple[int, ...], float]] = [((), sign * float(program.objective.constant))]
    terms += [((i,), sign * float(c)) for i, c in program.objective.linear.to_dict().items()]
    terms += [(pair, sign * float(c)) for pair, c in program.objective.quadratic.to_dict().items()]
    objective = BinaryPolynomial.of(len(names), terms)
    constraints: list[Constraint] = []
    for c in program.linear_constraints:
        row = c.linear.to_dict()
        sense = {"LE": "<=", "GE": ">=", "EQ": "=="}[c.sense.name]
        constraints.append(linear(c.name, list(row), [float(v) for v in row.values()], sense, float(c.rhs)))  # type: ignore[arg-type]
    if not constraints:
        return BinaryModel(polynomial=objective, objective=objective, variables=tuple(names), n_decision=len(names))
    return encode(objective * -1.0, names=names, constraints=constraints, feasible=None, leave_out=True)
