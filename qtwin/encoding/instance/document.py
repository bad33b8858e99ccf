"""Our own JSON: any degree, native constraints, names and penalties, without loss. `SCHEMA` says which form it has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qtwin.encoding.encoding import Encoding, Penalty
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


class _Document(_Strict):
    schema_: Literal["qtwin.instance/1"] = Field(alias="schema")
    sense: Literal["minimise"] = "minimise"
    variables: tuple[str, ...]
    n_decision: int = Field(ge=0)
    polynomial: tuple[_Term, ...]
    objective: tuple[_Term, ...]
    constraints: tuple[dict[str, Any], ...] = ()
    penalties: tuple[_Penalty, ...] = ()


def write(encoding: Encoding) -> str:
    """Everything but the fidelity.

    Raises:
        InputError: for a recoded or quadratised encoding, whose way back to the options JSON does not hold.
    """
    if encoding.recoded is not None or encoding.quadratised is not None:
        raise InputError(
            "a recoded or quadratised encoding came, whose way back to the options this format does not hold",
            hint="write the encoding that it was made from, or its polynomial alone as .qubo",
        )
    document = {
        "schema": SCHEMA,
        "sense": "minimise",
        "variables": list(encoding.variables),
        "n_decision": encoding.n_decision,
        "polynomial": _terms(encoding.polynomial),
        "objective": _terms(encoding.objective),
        "constraints": [{"kind": type(c).__name__, **vars(c)} for c in encoding.constraints],
        "penalties": [
            {**vars(p), "sufficient_weight": p.sufficient_weight if p.sufficient_weight < float("inf") else None}
            for p in encoding.penalties
        ],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def read(text: str, name: str) -> Encoding:
    """The encoding again.

    Raises:
        InputError: for text that is no JSON, an unknown key or kind, or variables that are not there.
    """
    try:
        parsed = json.loads(text)
        if isinstance(parsed, dict) and parsed.get("type") == "BinaryQuadraticModel":
            return _of_dimod(parsed, name)
        document = _Document.model_validate(parsed)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}, line {error.lineno}: {error.msg}", hint="is it a whole JSON file?") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{name}: {where}: {first['msg'].lower()}",
            hint=f"a file of schema {SCHEMA}, or of dimod's to_serializable, was wanted",
        ) from None
    n = len(document.variables)
    if document.n_decision > n:
        raise InputError(f"{name}: {document.n_decision} decision variables of {n}", hint="correct n_decision")
    return Encoding(
        polynomial=BinaryPolynomial.of(n, [(t.variables, t.coefficient) for t in document.polynomial]),
        objective=BinaryPolynomial.of(n, [(t.variables, t.coefficient) for t in document.objective]),
        variables=document.variables,
        n_decision=document.n_decision,
        constraints=tuple(_constraint(c, name, document.n_decision) for c in document.constraints),
        penalties=tuple(
            Penalty(
                constraint=p.constraint,
                weight=p.weight,
                sufficient_weight=float("inf") if p.sufficient_weight is None else p.sufficient_weight,
                reason=p.reason,
            )
            for p in document.penalties
        ),
    )


def _of_dimod(parsed: Mapping[str, Any], name: str) -> Encoding:
    """A file of dimod's `BinaryQuadraticModel.to_serializable`."""
    from qtwin.encoding.instance.model import from_bqm

    dimod: Any = import_module("dimod")
    try:
        model = dimod.BinaryQuadraticModel.from_serializable(parsed)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"{name} says that it is dimod's and cannot be read: {error}", hint="write it with bqm.to_serializable()"
        ) from None
    return from_bqm(model)


def _terms(polynomial: BinaryPolynomial) -> list[dict[str, Any]]:
    return [{"variables": list(t), "coefficient": c} for t, c in polynomial.terms.items()]


def _constraint(raw: Mapping[str, Any], name: str, n: int) -> Constraint:
    fields = dict(raw)
    kind = _KINDS.get(str(fields.pop("kind", "")))
    if kind is None:
        raise InputError(f"{name}: a constraint of kind {raw.get('kind')!r} came", hint=f"one of {', '.join(_KINDS)} was wanted")
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    try:
        made = kind(**fields)
        members = kinds.row_of(made)[0]
    except TypeError as error:
        raise InputError(f"{name}: constraint {raw.get('name')!r}: {error}", hint="correct its fields") from None
    if not all(isinstance(i, int) and 0 <= i < n for i in members):
        raise InputError(f"{name}: constraint {made.name!r} names a variable outside 0..{n - 1}", hint="correct its members")
    return made
