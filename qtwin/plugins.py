"""Names of what can be plugged in: a room's own table first, then the entry points of other
packages, imported when asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module, metadata
from typing import Any

from qtwin.captured import captured
from qtwin.errors import InputError, unknown_name


def places(group: str, table: Mapping[str, str]) -> dict[str, str]:
    """Every known name and its import path ``module:Class``; the table wins over an entry point of
    the same name.
    """
    return _points(metadata.entry_points, group, tuple(sys.path)) | dict(table)


@lru_cache(maxsize=32)
def _points(read: Callable[..., Any], group: str, path: tuple[str, ...]) -> dict[str, str]:
    """Entry points of the packages on this path: reading all their metadata takes 50 ms."""
    return {point.name: point.value for point in read(group=group)}


def find(name: str, known: Mapping[str, str], contract: type[Any], noun: str) -> type[Any]:
    """The class behind a name.

    Args:
        name: A key of `known`.
        known: From `places`.
        contract: What the class must derive from; it may be abstract.
        noun: What such a thing is called in an error.

    Raises:
        InputError: for an unknown name, with the nearest known one, or one that leads to nothing
            usable.
    """
    if name not in known:
        raise unknown_name(noun, name, known)
    module, _, attribute = known[name].partition(":")
    try:
        with captured():
            found = getattr(import_module(module), attribute)
    # a package of somebody else may do anything while it is imported
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{noun} {name!r} at {known[name]} cannot be loaded: {type(error).__name__}: {error}",
            hint="reinstall its package, or remove it",
        ) from error
    if not (isinstance(found, type) and issubclass(found, contract)):
        raise InputError(
            f"{noun} {name!r} leads to {known[name]}, which is no {contract.__name__}",
            hint=f"derive it from {contract.__module__}.{contract.__qualname__}, or correct its "
            "entry point",
        )
    return found
