"""An encoding written otherwise: doses in another code, or as a QUBO."""

from __future__ import annotations

from dataclasses import replace

from qtwin.encoding.integers import recode
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.quadratise import quadratise
from qtwin.errors import InputError
from qtwin.problem.feasible import groups_of


def recoded(encoding: BinaryModel, code: str) -> BinaryModel:
    """The same problem with each group of options that exclude one another in another code; slack
    variables keep their bits.

    Groups are those of the constraints `AtMostOne`, the larger first. The objective stays over the
    options.

    Raises:
        InputError: for an unknown code, or an encoding that was recoded or quadratised before.
    """
    if encoding.recoded is not None or encoding.quadratised is not None:
        raise InputError(
            "this encoding is recoded or quadratised already",
            hint="recode the encoding that it was made from",
        )
    groups = [g for g in groups_of(encoding.n_decision, encoding.constraints) if len(g) > 1]
    made = recode(encoding.polynomial, groups, code)
    names = [""] * made.polynomial.n_variables
    for option, bit in made.single:
        names[bit] = encoding.variables[option]
    for group in made.groups:
        stem = " or ".join(encoding.variables[i] for i in group.options)
        for k, bit in enumerate(group.bits):
            names[bit] = f"{code.replace('_', ' ')} bit {k} of {stem}"
    return replace(encoding, polynomial=made.energy(), variables=tuple(names), recoded=made)


def quadratised(encoding: BinaryModel, method: str = "cover") -> BinaryModel:
    """The same problem as a QUBO: auxiliaries follow the slack variables, and `n_decision` stays.

    The energy of a choice at its best slack and auxiliaries is what it was, so the weights of the
    penalties remain sufficient. The objective without penalties keeps its degree: it is what
    solvers take that handle constraints, and degrees, as they are.

    Raises:
        InputError: for an unknown method, or an encoding that was quadratised before.
    """
    if encoding.quadratised is not None:
        raise InputError(
            "this encoding is quadratised already",
            hint="quadratise the encoding that it was made from",
        )
    made = quadratise(encoding.polynomial, method)
    names = list(encoding.variables)
    for auxiliary in made.auxiliaries:
        names.append(auxiliary.says(names))
    return replace(
        encoding,
        polynomial=made.polynomial,
        objective=encoding.objective.widened(made.polynomial.n_variables),
        variables=tuple(names),
        quadratised=made,
    )
