"""To and from dimod: binary quadratic models, and constrained ones; labels are the names of the
variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, linear, row_of

if TYPE_CHECKING:
    import dimod


_SENSES: dict[str, Literal["<=", ">=", "=="]] = {"Le": "<=", "Ge": ">=", "Eq": "=="}


def to_bqm(model: BinaryModel) -> dimod.BinaryQuadraticModel:
    """The energy with its penalties, over the names of the variables; an Ising model is its
    `.spin`.

    Raises:
        InputError: for a degree above 2.
    """
    import dimod

    polynomial = model.polynomial
    if polynomial.degree > 2:
        raise InputError(
            f"expected a quadratic energy, got one of degree {polynomial.degree}",
            hint='quadratise it: problem.to_model(..., quadratise="cover")',
        )
    names = _distinct_names(model.variables)
    constant, weights, pairs = polynomial.quadratic_form
    bqm = dimod.BinaryQuadraticModel(
        {names[i]: float(w) for i, w in enumerate(weights)}, {}, constant, dimod.BINARY
    )
    for i, j in np.argwhere(pairs):
        bqm.add_quadratic(names[i], names[j], float(pairs[i, j]))
    return bqm


def to_cqm(model: BinaryModel) -> Any:
    """A `dimod.ConstrainedQuadraticModel`: the objective over the options, without penalties, under
    the native constraints.

    Raises:
        InputError: for a degree above 2, or a constraint that is no linear row.
    """
    import dimod

    objective, n = model.objective, model.n_decision
    if objective.degree > 2:
        raise InputError(
            f"expected a quadratic objective, got one of degree {objective.degree}",
            hint="take a quadratic surrogate",
        )
    names = _distinct_names(model.options)
    cqm: Any = dimod.ConstrainedQuadraticModel()  # type: ignore[no-untyped-call]
    for name in names:
        cqm.add_variable("BINARY", name)
    constant, weights, pairs = objective.quadratic_form
    terms: list[tuple[Any, ...]] = [(names[i], float(w)) for i, w in enumerate(weights[:n]) if w]
    terms += [(names[i], names[j], float(pairs[i, j])) for i, j in np.argwhere(pairs)]
    cqm.set_objective([*terms, (constant,)])
    for k, c in enumerate(model.constraints):
        members, values, sense, limit = row_of(c)
        row = [(names[i], float(w)) for i, w in zip(members, values, strict=True)]
        label = c.name if c.name not in cqm.constraints else f"{c.name} {k}"
        cqm.add_constraint_from_iterable(
            [*row, (0.0,)] if row else [(0.0,)], sense, rhs=float(limit), label=label
        )
    return cqm


def from_bqm(bqm: Any) -> BinaryModel:
    """A dimod BinaryQuadraticModel as a model without constraints; spins become bits as dimod has
    it, x = (1 + s) / 2.
    """
    import dimod

    bits = bqm.change_vartype(dimod.BINARY, inplace=False)
    names = list(bits.variables)
    place = {v: i for i, v in enumerate(names)}
    terms: list[tuple[tuple[int, ...], float]] = [((), float(bits.offset))]
    terms += [((place[v],), float(c)) for v, c in bits.linear.items()]
    terms += [((place[u], place[v]), float(c)) for (u, v), c in bits.quadratic.items()]
    return plain(BinaryPolynomial.of(len(names), terms), names=[str(v) for v in names])


def from_cqm(cqm: Any) -> BinaryModel:
    """A dimod ConstrainedQuadraticModel of binary variables with linear constraints, and its energy
    with proven penalties.

    Raises:
        InputError: for a variable that is not binary, or a quadratic or soft constraint.
    """
    names = list(cqm.variables)
    place = {v: i for i, v in enumerate(names)}
    for v in names:
        if cqm.vartype(v).name != "BINARY":
            raise InputError(
                f"expected binary variables, got {v!r} of type {cqm.vartype(v).name}",
                hint="convert it to bits",
            )
    terms: list[tuple[tuple[int, ...], float]] = [((), float(cqm.objective.offset))]
    terms += [((place[v],), float(c)) for v, c in cqm.objective.linear.items()]
    terms += [((place[u], place[v]), float(c)) for (u, v), c in cqm.objective.quadratic.items()]
    objective = BinaryPolynomial.of(len(names), terms)
    constraints: list[Constraint] = []
    for label, c in cqm.constraints.items():
        if c.lhs.num_interactions:
            raise InputError(
                f"expected linear constraints, got {label!r}",
                hint="put it into the objective as a penalty",
            )
        if getattr(c.lhs, "is_soft", lambda: False)():
            raise InputError(
                f"expected hard constraints, got the soft {label!r}",
                hint="put it into the objective as a penalty",
            )
        row = {place[v]: float(w) for v, w in c.lhs.linear.items()}
        sense = _SENSES[c.sense.name]
        constraints.append(
            linear(
                str(label), list(row), list(row.values()), sense, float(c.rhs) - float(c.lhs.offset)
            )
        )
    if not constraints:
        return plain(objective, names=[str(v) for v in names])
    return encode(
        objective * -1.0,
        names=[str(v) for v in names],
        constraints=constraints,
        feasible=None,
        leave_out=True,
    )


def from_qubo(qubo: Any, *, offset: float = 0.0) -> BinaryModel:
    """A QUBO to be minimised, as a model without constraints.

    Args:
        qubo: (n, n) matrix, x' Q x; or {(u, v): coefficient} with any labels.
        offset: Constant energy.

    Raises:
        InputError: for a matrix that is not square, or a coefficient that is not finite.
    """
    if isinstance(qubo, Mapping):
        names = list(dict.fromkeys(v for pair in qubo for v in pair))
        if all(isinstance(v, int | np.integer) for v in names):
            names = list(range(max((int(v) for v in names), default=-1) + 1))
        place = {v: i for i, v in enumerate(names)}
        terms = [((place[u], place[v]), float(c)) for (u, v), c in qubo.items()]
    else:
        matrix = np.asarray(qubo, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise InputError(
                f"expected a square matrix, got shape {matrix.shape}",
                hint="x' Q x needs one row a variable",
            )
        names = list(range(len(matrix)))
        terms = [((int(i), int(j)), float(matrix[i, j])) for i, j in np.argwhere(matrix)]
    labels = [f"x{v}" if isinstance(v, int | np.integer) else str(v) for v in names]
    return plain(BinaryPolynomial.of(len(names), [*terms, ((), float(offset))]), names=labels)


def _distinct_names(names: Any) -> list[str]:
    if len(set(names)) != len(names):
        raise InputError("expected one name a variable, got one twice", hint="give each its own")
    return list(names)
