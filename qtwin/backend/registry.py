"""Backends by name: the table of this room and the entry points of others, imported only when asked
for.

A name may carry options: ``fake:fez``, ``aer:density_matrix,depolarising_2q=0.01``. What stands
first and without a key is the first option of the backend's constructor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin import plugins
from qtwin.backend import TABLE
from qtwin.backend.base import Backend, Capabilities
from qtwin.errors import InputError, QtwinError
from qtwin.options import checked_options, options_of

GROUP = "qtwin.backends"


def places() -> dict[str, str]:
    """Every known name and its import path ``module:Class``; the table wins over an entry point of
    the same name.
    """
    return plugins.places(GROUP, TABLE)


def find(name: str) -> type[Backend]:
    """The class behind a name without options.

    Raises:
        InputError: for an unknown name, or a plug-in that cannot be imported or is no `Backend`.
    """
    return plugins.find(name, places(), Backend, "backend")


def load(name: str, options: Mapping[str, Any] | None = None) -> Backend:
    """A backend, ready to run.

    Args:
        name: A name in the table or among the entry points, with options behind a colon or without.
        options: Further options of its constructor.

    Raises:
        InputError: for an unknown name or option, an option given twice, a wrong type, or a plug-in
            that cannot be loaded.
        MissingVendorError: when the package it drives is not installed.
    """
    kind, colon, text = name.partition(":")
    made = find(kind)
    written = _written(name, text, list(options_of(made))) if colon else {}
    twice = written.keys() & (options or {}).keys()
    if twice:
        raise InputError(
            f"option {min(twice)!r} of backend {name!r} is given twice",
            hint="in the name or beside it, not both",
        )
    return made(**checked_options(made, f"backend {kind!r}", written | dict(options or {})))


def _written(name: str, text: str, known: list[str]) -> dict[str, Any]:
    """The options in a name."""
    found: dict[str, Any] = {}
    for place, part in enumerate(text.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            if place or not known or not part:
                raise InputError(
                    f"expected key=value in the backend's name {name!r}, got {part!r}",
                    hint="only the first option may stand without its key, as in fake:fez",
                )
            key, value = known[0], part
        if key in found:
            raise InputError(
                f"option {key!r} of backend {name!r} is given twice", hint="take one out"
            )
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
    """What each known backend can do with its default options, or the error that says what it
    misses.

    Example:
        >>> import qtwin as qt
        >>> sorted(qt.backends())
        ['aer', 'fake', 'ibm', 'pennylane', 'statevector']
    """
    found: dict[str, Capabilities | QtwinError] = {}
    for name in sorted(places()):
        try:
            found[name] = load(name).capabilities()
        except QtwinError as error:
            found[name] = error
    return found
