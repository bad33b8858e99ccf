"""What a spec may set of a class: its constructor's keyword arguments, checked by name and type
before anything runs.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from qtwin.errors import InputError, unknown_name


def options_of(made: type[Any]) -> dict[str, inspect.Parameter]:
    """The constructor's keyword arguments: what a spec may set."""
    parameters = inspect.signature(made).parameters
    return {
        name: p
        for name, p in parameters.items()
        if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)
    }


def _hints(made: type[Any]) -> dict[str, Any]:
    """Types of the options; those of a dataclass are resolved in the module of the class that
    declares them.
    """
    return get_type_hints(made if "__dataclass_fields__" in vars(made) else made.__init__)


def checked_options(made: type[Any], who: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as the constructor of `made` takes them; unknown ones and wrong types are refused
    (InputError).
    """
    known = options_of(made)
    hints = _hints(made)
    checked: dict[str, Any] = {}
    for option, value in options.items():
        if option not in known:
            raise unknown_name(f"option of {who}:", option, known)
        wanted = hints.get(option, Any)
        fits, checked[option] = _fit(value, wanted)
        if not fits:
            raise InputError(
                f"expected {_words(wanted)} as option {option!r} of {who}, "
                f"got {value!r} ({type(value).__name__})",
                hint=f"the default is {known[option].default!r}",
            )
    return checked


def takes(made: type[Any], option: str, value: Any) -> bool:
    """Whether the constructor has this option and the value is of its type."""
    return option in options_of(made) and _fit(value, _hints(made).get(option, Any))[0]


def _fit(value: Any, wanted: Any) -> tuple[bool, Any]:
    """Whether `value` is of the type `wanted`, and the value as that type; a bool is no number, a
    whole number may be a float.
    """
    origin = get_origin(wanted)
    if wanted is Any:
        return True, value
    if origin is Literal:
        return any(
            value is w or (type(value) is type(w) and value == w) for w in get_args(wanted)
        ), value
    if origin in (Union, types.UnionType):
        for member in get_args(wanted):
            fits, converted = _fit(value, member)
            if fits:
                return True, converted
        return False, value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            return False, value
        pairs = [_fit(v, get_args(wanted)[0]) for v in value]
        return all(fits for fits, _ in pairs), tuple(v for _, v in pairs)
    if wanted is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return fits, float(value) if fits else value
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool), value
    return isinstance(value, typing.cast(type, origin or wanted)), value


def _words(wanted: Any) -> str:
    """A type as a reader of TOML would name it."""
    origin = get_origin(wanted)
    if origin is Literal:
        return "one of " + ", ".join(repr(w) for w in get_args(wanted))
    if origin in (Union, types.UnionType):
        return " or ".join(_words(w) for w in get_args(wanted) if w is not type(None))
    if origin is tuple:
        return f"a list, each item {_words(get_args(wanted)[0])}"
    plain = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return plain.get(wanted, getattr(wanted, "__name__", str(wanted)))
