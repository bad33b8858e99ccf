"""Copies of an instance that cannot be changed: what a solver does to its own spoils nothing for the next one."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, NoReturn, TypeVar

import numpy as np

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.solver.base import Instance

T = TypeVar("T")
_DENSE = 4_000
"""Variables up to which the dense form of a quadratic polynomial is made, to be handed over read-only."""


class FrozenDict(dict[Any, Any]):
    """A dict that refuses every change, and remembers that somebody tried."""

    tried = False

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        FrozenDict.tried = True
        raise TypeError("an instance is frozen: copy what you want to change")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


def copied(instance: Instance) -> Instance:
    """The instance with polynomials of its own, their terms frozen, and nothing in them that another solver computed."""
    encoding = instance.encoding
    energy = _fresh(encoding.polynomial)
    own = energy if encoding.objective is encoding.polynomial else _fresh(encoding.objective)
    warm = None if instance.warm_start is None else _read_only(instance.warm_start.copy())
    return replace(
        instance, encoding=replace(encoding, polynomial=energy, objective=own, fit=None, problem=None), warm_start=warm
    )


def freeze(instance: Instance) -> None:
    """Make every array of an instance that is nobody else's read-only, and every dict of it frozen; the twin is left as it is."""
    for polynomial in (instance.encoding.polynomial, instance.encoding.objective):
        if polynomial.degree <= 2 and polynomial.n_variables <= _DENSE:
            _ = polynomial.quadratic_form
    object.__setattr__(instance, "encoding", _frozen(instance.encoding))
    if instance.warm_start is not None:
        _read_only(instance.warm_start)


def _fresh(polynomial: BinaryPolynomial) -> BinaryPolynomial:
    return BinaryPolynomial(n_variables=polynomial.n_variables, terms=FrozenDict(polynomial.terms))


def _read_only(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    array.flags.writeable = False
    return array


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _read_only(value)
    if isinstance(value, dict):
        return FrozenDict({k: _frozen(v) for k, v in value.items()})
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_frozen(v) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        for name in {f.name for f in fields(value)} | set(getattr(value, "__dict__", {})):
            object.__setattr__(value, name, _frozen(getattr(value, name)))
    return value
