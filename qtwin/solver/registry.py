"""Solvers by name: the project's own table, and third parties' entry points in the group
``qtwin.solvers``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from qtwin import plugins
from qtwin.captured import captured
from qtwin.errors import InputError, MissingVendorError, QtwinError, require_vendor
from qtwin.options import checked_options
from qtwin.options import options_of as options_of
from qtwin.plugins import places
from qtwin.solver import TABLE
from qtwin.solver.base import Solver, SolverInfo, backed

GROUP = "qtwin.solvers"
_MEND = "mend its package, or remove it"


def names() -> dict[str, str]:
    """Name to import path (``module:Class``); the project's own table wins over an entry point of
    the same name.
    """
    return places(GROUP, TABLE)


def find(name: str) -> type[Solver]:
    """The class behind a name.

    Raises:
        InputError: for a name that nobody registered, or one that leads to something that is no
            solver.
    """
    return plugins.find(name, names(), Solver, "solver")


def card(name: str) -> SolverInfo:
    """How a solver introduces itself; no vendor is imported for it.

    Raises:
        InputError: for a name that nobody registered, or a solver that does not introduce itself.
    """
    solver = find(name)
    with _foreign(name):
        shown = solver.card()
    if not isinstance(shown, SolverInfo):
        raise InputError(
            f"expected a SolverInfo from solver {name!r}, got {type(shown).__name__}", hint=_MEND
        )
    return shown


def cards() -> dict[str, SolverInfo]:
    """How every registered solver introduces itself; one of another package that cannot is left
    out.

    Example:
        >>> import qtwin as qt
        >>> sorted(name for name, info in qt.solvers().items() if info.kind == 'null')
        ['random', 'random-feasible']
    """
    found: dict[str, SolverInfo] = {}
    for name in names():
        try:
            found[name] = card(name)
        except InputError:
            if name in TABLE:
                raise
    return found


def how_to_get(card: SolverInfo) -> str:
    """The command that installs what a solver misses; empty where it can run.

    Nothing is imported for it.
    """
    if card.vendor is None:
        return ""
    try:
        require_vendor(card.vendor[0], package=card.vendor[1], needed_by=card.name)
    except MissingVendorError:
        return f"pip install {card.vendor[1]}"
    return ""


def load(name: str, options: Mapping[str, Any]) -> Solver:
    """A solver, ready to be asked.

    Args:
        name: A name in the table or among the entry points.
        options: Keyword arguments of its constructor, checked against the signature.

    Raises:
        InputError: for an unknown name or option, a value of the wrong type, or one outside its
            range.
        MissingVendorError: when the package that it needs is not installed.
    """
    solver = find(name)
    vendor = card(name).vendor
    if vendor is not None:
        require_vendor(vendor[0], package=vendor[1], needed_by=f"solver {name!r}")
    with _foreign(name):
        return solver(
            **checked_options(
                solver, f"solver {name!r}", backed(solver, f"solver {name!r}", options)
            )
        )


@contextmanager
def _foreign(name: str) -> Iterator[None]:
    """What code of another package does in this process: what it prints is kept back, and it ends
    nothing.
    """
    with captured():
        try:
            yield
        except QtwinError:
            raise
        except (Exception, SystemExit) as error:
            raise InputError(
                f"solver {name!r} cannot be made: {type(error).__name__}: {error}", hint=_MEND
            ) from error
