"""Our own JSON: any degree, native constraints, names and penalties, without loss.

`SCHEMA` says which form it has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from qtwin.encoding.instance.entries import check_size
from qtwin.encoding.integers import WholeNumber
from qtwin.encoding.model import BinaryModel, Penalty
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem import constraint as kinds
from qtwin.problem.constraint import Constraint

SCHEMA = "qtwin.instance/1"
_KINDS: Mapping[str, type[Constraint]] = {
    k.__name__: k
    for k in (
        kinds.AtMostOne,
        kinds.AtLeastOne,
        kinds.NotBoth,
        kinds.AtMost,
        kinds.Exactly,
        kinds.Cap,
        kinds.Linear,
    )
}
_MOST_BRACKETS = 4_000_000
"""Lists and objects of a document: each takes some 100 bytes."""
_LARGEST = 1e20
"""Weights and limits of a constraint stay below it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Term(_Strict):
    variables: tuple[int, ...]
    coefficient: float


class _Penalty(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    constraint: str
    weight: float
    sufficient_weight: float | None
    reason: str


class _WholeNumber(_Strict):
    name: str
    lower: int
    bits: tuple[int, ...]
    weights: tuple[int, ...]


class _Document(_Strict):
    schema_: Literal["qtwin.instance/1"] = Field(alias="schema")
    sense: Literal["minimise"] = "minimise"
    variables: tuple[str, ...]
    n_decision: int = Field(ge=0)
    polynomial: tuple[_Term, ...]
    objective: tuple[_Term, ...]
    constraints: tuple[dict[str, Any], ...] = ()
    penalties: tuple[_Penalty, ...] = ()
    unwritten: tuple[str, ...] = ()
    constraints_known: bool = True
    whole_numbers: tuple[_WholeNumber, ...] = ()


def write(encoding: BinaryModel) -> str:
    """Everything but the accuracy.

    Raises:
        InputError: for a recoded or quadratised encoding, whose way back to the options JSON does
            not hold.
    """
    if encoding.recoded is not None or encoding.quadratised is not None:
        raise InputError(
            "expected an encoding in the options themselves, got a recoded or quadratised one, "
            "whose way back this format does not hold",
            hint="write the encoding that it was made from, or its polynomial alone as .qubo",
        )
    document = {
        "schema": SCHEMA,
        "sense": "minimise",
        "variables": list(encoding.variables),
        "n_decision": encoding.n_decision,
        "polynomial": _terms(encoding.polynomial),
        "objective": _terms(encoding.objective),
        "constraints": [plain_constraint(c) for c in encoding.constraints],
        "unwritten": list(encoding.unwritten),
        "constraints_known": encoding.constraints_known,
        "whole_numbers": [vars(z) for z in encoding.whole_numbers],
        "penalties": [
            {
                **vars(p),
                "sufficient_weight": p.sufficient_weight
                if p.sufficient_weight < float("inf")
                else None,
            }
            for p in encoding.penalties
        ],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def read(text: str, name: str) -> BinaryModel:
    """The encoding again.

    Raises:
        InputError: for text that is no JSON, an unknown key or kind, or variables that are not
            there.
    """
    try:
        if text.count("[") + text.count("{") > _MOST_BRACKETS:
            raise InputError(
                f"{name} holds more than {_MOST_BRACKETS:,} lists and objects",
                hint="write it as .qubo",
            )
        parsed = json.loads(text, parse_constant=_no_number)
        if isinstance(parsed, dict) and parsed.get("type") == "BinaryQuadraticModel":
            return _of_dimod(parsed, name)
        document = _Document.model_validate(parsed)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{name}, line {error.lineno}: {error.msg}", hint="is it a whole JSON file?"
        ) from None
    except RecursionError:
        raise InputError(
            f"{name}: lists are nested too deeply to be an instance", hint="is it an instance file?"
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name}: {where}: {first['msg'].lower()}",
            hint=f"give a file of schema {SCHEMA}, or of dimod's to_serializable",
        ) from None
    # a number of thousands of digits, which Python does not read
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{name}: {str(error)[:100]}", hint="write finite numbers of moderate length"
        ) from None
    n = len(document.variables)
    for z in document.whole_numbers:
        if len(z.bits) != len(z.weights) or not all(0 <= i < document.n_decision for i in z.bits):
            raise InputError(
                f"{name}: whole number {z.name[:40]!r}: expected a weight a bit, and bits of "
                f"0..{document.n_decision - 1}",
                hint="correct whole_numbers",
            )
    if document.n_decision > n:
        raise InputError(
            f"{name}: {str(document.n_decision)[:12]} decision variables of {n}",
            hint="correct n_decision",
        )
    polynomial = BinaryPolynomial.of(n, [(t.variables, t.coefficient) for t in document.polynomial])
    check_size(polynomial, name)
    return BinaryModel(
        polynomial=polynomial,
        objective=BinaryPolynomial.of(
            n, [(t.variables, t.coefficient) for t in document.objective]
        ),
        variables=document.variables,
        n_decision=document.n_decision,
        constraints=tuple(
            constraint_of(c, name, document.n_decision) for c in document.constraints
        ),
        unwritten=document.unwritten,
        constraints_known=document.constraints_known,
        whole_numbers=tuple(WholeNumber(**vars(z)) for z in document.whole_numbers),
        penalties=tuple(
            Penalty(
                constraint=p.constraint,
                weight=p.weight,
                sufficient_weight=float("inf")
                if p.sufficient_weight is None
                else p.sufficient_weight,
                reason=p.reason,
            )
            for p in document.penalties
        ),
    )


def _of_dimod(parsed: Mapping[str, Any], name: str) -> BinaryModel:
    """A file of dimod's `BinaryQuadraticModel.to_serializable`."""
    from qtwin.encoding.instance.model import from_bqm

    dimod: Any = import_module("dimod")
    try:
        model = dimod.BinaryQuadraticModel.from_serializable(parsed)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"{name} says that it is dimod's and cannot be read: {error}",
            hint="write it with bqm.to_serializable()",
        ) from None
    found = from_bqm(model)
    check_size(found.polynomial, name)
    return replace(found, constraints_known=False)


def _terms(polynomial: BinaryPolynomial) -> list[dict[str, Any]]:
    return [{"variables": list(t), "coefficient": c} for t, c in polynomial.terms.items()]


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def plain_constraint(constraint: Constraint) -> dict[str, Any]:
    """A constraint as JSON holds it."""
    return {"kind": type(constraint).__name__, **vars(constraint)}


def constraint_of(raw: Any, name: str, n: int) -> Constraint:
    """The constraint again, its fields of the types that its class declares.

    Raises:
        InputError: for an unknown kind or field, a value of another type, or a variable outside
            0..n-1.
    """
    if not isinstance(raw, dict):
        raise InputError(
            f"{name}: expected a constraint that is an object, got type {type(raw).__name__}",
            hint="correct it",
        )
    fields = dict(raw)
    kind = _KINDS.get(str(fields.pop("kind", ""))[:40])
    if kind is None:
        given = str(raw.get("kind"))[:40]
        raise InputError(
            f"{name}: expected a constraint of a known kind, got {given!r}",
            hint=f"take one of {', '.join(_KINDS)}",
        )
    unknown = sorted(set(fields) - {f.name for f in fields_of(kind)})
    if unknown:
        raise InputError(
            f"{name}: constraint {str(raw.get('name'))[:40]!r}: unknown field {unknown[0][:40]!r}",
            hint="take it out",
        )
    try:
        made: Constraint = _fields(kind).validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        label = str(raw.get("name"))[:40]
        raise InputError(
            f"{name}: constraint {label!r}: {where}: {first['msg'].lower()}",
            hint="correct its fields",
        ) from None
    members, weights, _, limit = kinds.row_of(made)
    if len(members) != len(weights) or not all(abs(w) < _LARGEST for w in (*weights, limit)):
        raise InputError(
            f"{name}: constraint {made.name!r}: expected a finite weight for each member and a "
            "finite limit",
            hint="correct its weights",
        )
    if not all(0 <= i < n for i in members):
        raise InputError(
            f"{name}: constraint {made.name!r} names a variable outside 0..{n - 1}",
            hint="correct its members",
        )
    return made


@cache
def _fields(kind: type[Constraint]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
