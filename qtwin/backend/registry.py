"""Backends by name: the table of this room and the entry points of others, imported only when asked for."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from qtwin.backend import TABLE
from qtwin.backend.base import Backend, Capabilities
from qtwin.errors import InputError, QtwinError, unknown_name

GROUP = "qtwin.backends"


def places() -> dict[str, str]:
    """Every known name and its import path ``module:Class``; the table wins over an entry point of the same name."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | TABLE


def load(name: str) -> Backend:
    """The backend of that name with its default options.

    Raises:
        InputError: for an unknown name, or a plug-in that cannot be imported or is no `Backend`.
        MissingVendorError: when the package it drives is not installed.
    """
    known = places()
    if name not in known:
        raise unknown_name("backend", name, known)
    module, _, attribute = known[name].partition(":")
    try:
        backend = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError) as error:
        raise InputError(f"backend {name!r} at {known[name]} cannot be loaded: {error}", hint="reinstall its package") from error
    if not isinstance(backend, Backend):
        raise InputError(f"{known[name]} is no Backend", hint="derive it from qtwin.backend.base.Backend")
    return backend


def available() -> dict[str, Capabilities | QtwinError]:
    """What each known backend can do, or the error that says what it misses."""
    found: dict[str, Capabilities | QtwinError] = {}
    for name in sorted(places()):
        try:
            found[name] = load(name).capabilities()
        except QtwinError as error:
            found[name] = error
    return found
