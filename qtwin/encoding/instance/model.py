"""To and from dimod: quadratic and higher-order models of an energy, and models with native
constraints.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial, from_spins
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, linear, row_of

_SENSES: dict[str, Any] = {"Le": "<=", "Ge": ">=", "Eq": "=="}


def to_bqm(encoding: BinaryModel) -> Any:
    """The energy as a `dimod.BinaryQuadraticModel`, penalties included; labels are the names of the
    variables.

    Raises:
        InputError: for a degree above 2, or names that are not distinct.
    """
    dimod: Any = import_module("dimod")
    constant, weights, pairs = encoding.polynomial.quadratic_form
    names = _distinct(encoding.variables)
    model = dimod.BinaryQuadraticModel("BINARY")
    for name, weight in zip(names, weights, strict=True):
        model.add_linear(name, float(weight))
    for i, j in np.argwhere(pairs):
        model.add_quadratic(names[i], names[j], float(pairs[i, j]))
    model.offset = constant
    return model


def from_bqm(model: Any) -> BinaryModel:
    """A plain energy over the model's variables, in their order; spins become bits, x = (1 + s) /
    2.
    """
    names = [str(v) for v in model.variables]
    place = {v: i for i, v in enumerate(model.variables)}
    terms: list[tuple[tuple[int, ...], float]] = [((), float(model.offset))]
    terms += [((place[v],), float(c)) for v, c in model.linear.items()]
    terms += [((place[u], place[v]), float(c)) for (u, v), c in model.quadratic.items()]
    return _named(_polynomial(model, len(names), terms), names)


def to_polynomial_model(encoding: BinaryModel) -> Any:
    """The energy of any degree as a `dimod.BinaryPolynomial`."""
    dimod: Any = import_module("dimod")
    names = _distinct(encoding.variables)
    return dimod.BinaryPolynomial(
        {tuple(names[i] for i in t): c for t, c in encoding.polynomial.terms.items()}, "BINARY"
    )


def from_polynomial_model(model: Any) -> BinaryModel:
    """A plain energy; variables in the order of their names' first occurrence."""
    order = list(dict.fromkeys(v for term in model for v in sorted(term, key=str)))
    place = {v: i for i, v in enumerate(order)}
    terms = [(tuple(place[v] for v in term), float(c)) for term, c in model.items()]
    return _named(_polynomial(model, len(order), terms), [str(v) for v in order])


def to_cqm(encoding: BinaryModel) -> Any:
    """A `dimod.ConstrainedQuadraticModel`: the objective under its native constraints; without
    constraints the whole energy.

    Raises:
        InputError: for an objective of degree above 2, or a constraint that is no linear row.
    """
    dimod: Any = import_module("dimod")
    native = bool(encoding.constraints)
    target = encoding.objective if native else encoding.polynomial
    names = _distinct(encoding.variables if encoding.recoded is None else _options(encoding))[
        : encoding.n_decision if native else None
    ]
    constant, weights, pairs = target.quadratic_form
    model = dimod.ConstrainedQuadraticModel()
    for name in names:
        model.add_variable("BINARY", name)
    objective = dimod.QuadraticModel(vartypes=dict.fromkeys(names, "BINARY"))
    for name, weight in zip(names, weights, strict=False):
        objective.set_linear(name, float(weight))
    for i, j in np.argwhere(pairs):
        objective.add_quadratic(names[i], names[j], float(pairs[i, j]))
    objective.offset = constant
    model.set_objective(objective)
    for k, c in enumerate(encoding.constraints):
        members, values, sense, limit = row_of(c)
        row = dimod.QuadraticModel(vartypes={names[i]: "BINARY" for i in members})
        for i, w in zip(members, values, strict=True):
            row.add_linear(names[i], w)
        model.add_constraint_from_model(row, sense, rhs=limit, label=f"c{k} {c.name}")
    return model


def from_cqm(
    model: Any, name: str = "the model", order: Sequence[str] | None = None
) -> BinaryModel:
    """The objective under native constraints, and the same as an energy with proven penalties.

    Args:
        model: A `dimod.ConstrainedQuadraticModel`.
        name: Of the file, for messages.
        order: Labels of the variables in their order, also of such that the model does not have;
            its own order if left out.

    Raises:
        InputError: for a variable that is not binary, or a constraint with products.
    """
    variables = list(model.variables) if order is None else list(order)
    other = [str(v) for v in model.variables if model.vartype(v).name != "BINARY"]
    if other:
        raise InputError(
            f"{name}: {other[0]!r} is no binary variable", hint="write integers as bits first"
        )
    place = {v: i for i, v in enumerate(variables)}
    view = model.objective
    terms: list[tuple[tuple[int, ...], float]] = [((), float(view.offset))]
    terms += [((place[v],), float(view.get_linear(v))) for v in view.variables]
    terms += [((place[u], place[v]), float(c)) for u, v, c in view.iter_quadratic()]
    objective = BinaryPolynomial.of(len(variables), terms)
    constraints: list[Constraint] = []
    for label, c in model.constraints.items():
        if c.lhs.num_interactions:
            raise InputError(
                f"{name}: constraint {label!r} holds products",
                hint="linearise them, or put them into the objective",
            )
        inside = list(c.lhs.variables)
        weights = [float(c.lhs.get_linear(v)) for v in inside]
        limit = float(c.rhs) - float(c.lhs.offset)
        constraints.append(
            linear(str(label), [place[v] for v in inside], weights, _SENSES[c.sense.name], limit)
        )
    names = [str(v) for v in variables]
    if not constraints:
        return _named(objective, names)
    return encode(
        objective * -1.0, names=names, constraints=constraints, feasible=None, leave_out=True
    )


def _polynomial(model: Any, n: int, terms: list[tuple[tuple[int, ...], float]]) -> BinaryPolynomial:
    """The terms over bits; dimod's spin is s = 2 x - 1, ours is 1 - 2 x, so that odd terms of spins
    change their sign.
    """
    if model.vartype.name == "SPIN":
        return from_spins(n, [(t, c * (-1.0) ** len(t)) for t, c in terms])
    return BinaryPolynomial.of(n, terms)


def _named(polynomial: BinaryPolynomial, names: list[str]) -> BinaryModel:
    made = plain(polynomial)
    return BinaryModel(
        polynomial=polynomial,
        objective=polynomial,
        variables=tuple(names),
        n_decision=made.n_decision,
    )


def _options(encoding: BinaryModel) -> tuple[str, ...]:
    return tuple(f"option {i}" for i in range(encoding.n_decision))


def _distinct(names: tuple[str, ...]) -> list[str]:
    if len(set(names)) != len(names):
        raise InputError("two variables have one name", hint="give each its own")
    return list(names)
