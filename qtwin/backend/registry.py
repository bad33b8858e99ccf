"""Backends by name: the table of this room and the entry points of others, imported only when asked for.

A name may carry options: ``fake:fez``, ``aer:density_matrix,depolarising_2q=0.01``. What stands first and without a key is the
first option of the backend's constructor.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from qtwin.backend import TABLE
from qtwin.backend.base import Backend, Capabilities
from qtwin.errors import InputError, QtwinError, unknown_name
from qtwin.options import checked_options, options_of

GROUP = "qtwin.backends"


def places() -> dict[str, str]:
    """Every known name and its import path ``module:Class``; the table wins over an entry point of the same name."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | TABLE


def find(name: str) -> type[Backend]:
    """The class behind a name without options.

    Raises:
        InputError: for an unknown name, or a plug-in that cannot be imported or is no `Backend`.
    """
    known = places()
    if name not in known:
        raise unknown_name("backend", name, known)
    module, _, attribute = known[name].partition(":")
    try:
        made = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(f"backend {name!r} at {known[name]} cannot be loaded: {error}", hint="reinstall its package") from error
    if not (isinstance(made, type) and issubclass(made, Backend)):
        raise InputError(f"{known[name]} is no Backend", hint="derive it from qtwin.backend.base.Backend")
    return made


def load(name: str, options: Mapping[str, Any] | None = None) -> Backend:
    """A backend, ready to run.

    Args:
        name: A name in the table or among the entry points, with options behind a colon or without.
        options: Further options of its constructor.

    Raises:
        InputError: for an unknown name or option, an option given twice, a wrong type, or a plug-in that cannot be loaded.
        MissingVendorError: when the package it drives is not installed.
    """
    kind, colon, text = name.partition(":")
    made = find(kind)
    written = _written(name, text, list(options_of(made))) if colon else {}
    twice = written.keys() & (options or {}).keys()
    if twice:
        raise InputError(f"option {min(twice)!r} of backend {name!r} is given twice", hint="in the name or beside it, not both")
    return made(**checked_options(made, f"backend {kind!r}", written | dict(options or {})))


def _written(name: str, text: str, known: list[str]) -> dict[str, Any]:
    """The options in a name."""
    found: dict[str, Any] = {}
    for place, part in enumerate(text.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            if place or not known or not part:
                raise InputError(
                    f"{part!r} in the backend's name {name!r} came, key=value was wanted",
                    hint="only the first option may stand without its key, as in fake:fez",
                )
            key, value = known[0], part
        if key in found:
            raise InputError(f"option {key!r} of backend {name!r} is given twice", hint="take one out")
        found[key.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def available() -> dict[str, Capabilities | QtwinError]:
    """What each known backend can do with its default options, or the error that says what it misses."""
    found: dict[str, Capabilities | QtwinError] = {}
    for name in sorted(places()):
        try:
            found[name] = load(name).capabilities()
        except QtwinError as error:
            found[name] = error
    return found
