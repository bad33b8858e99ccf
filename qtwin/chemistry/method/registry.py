"""Methods of energy by name: the table of this package, and third parties' entry points in the
group ``qtwin.energies``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin import plugins
from qtwin.chemistry.method import TABLE
from qtwin.chemistry.method.base import EnergyMethod
from qtwin.errors import require_vendor
from qtwin.options import checked_options
from qtwin.plugins import places
from qtwin.solver.base import SolverInfo, backed

GROUP = "qtwin.energies"


def names() -> dict[str, str]:
    """Name to import path (``module:Class``); the table wins over an entry point of the same
    name.
    """
    return places(GROUP, TABLE)


def find(name: str) -> type[EnergyMethod]:
    """The class behind a name.

    Raises:
        InputError: for a name that nobody registered, or one that leads to something else.
    """
    return plugins.find(name, names(), EnergyMethod, "method")


def cards() -> dict[str, SolverInfo]:
    """How every method introduces itself; no vendor is imported for it."""
    return {name: find(name).card() for name in names()}


def load(name: str, options: Mapping[str, Any]) -> EnergyMethod:
    """A method, ready to be asked.

    Args:
        name: A name in the table or among the entry points.
        options: Keyword arguments of its constructor, checked against the signature.

    Raises:
        InputError: for an unknown name or option, a value of the wrong type, or one outside its
            range.
        MissingVendorError: when the package that it needs is not installed.
    """
    method = find(name)
    vendor = method.card().vendor
    if vendor is not None:
        require_vendor(vendor[0], package=vendor[1], needed_by=f"method {name!r}")
    return method(
        **checked_options(method, f"method {name!r}", backed(method, f"method {name!r}", options))
    )
