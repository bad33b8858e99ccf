"""Errors that say what was expected, what was got and what to do next.

Every error a user can cause is a `QtwinError` with a one-line message and a hint; the command line
prints ``error: message`` and ``hint: ...`` on stderr and exits with the error's code, without a
traceback.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable


class QtwinError(Exception):
    """A run that failed for a reason we understand (exit code 1).

    Args:
        message: What was expected and what was got, in one line.
        hint: What to do next, in one line.

    Example:
        >>> import qtwin as qt
        >>> try:
        ...     qt.solve(qt.BinaryModel.from_qubo([[-1.0]]), 'cpsat')
        ... except qt.QtwinError as error:
        ...     print(error.hint.partition('?')[0])
        did you mean 'cp-sat'
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(QtwinError):
    """Bad input: a record, a spec, an option or a file that cannot be used as it is (exit code 2).

    Example:
        >>> import qtwin as qt
        >>> try:
        ...     qt.BinaryModel.from_qubo([[1.0, 2.0]])
        ... except qt.InputError as error:
        ...     print(error, '|', error.hint)
        expected a square matrix, got shape (1, 2) | x' Q x needs one row a variable
    """

    exit_code = 2


class TooLargeError(InputError):
    """More than this method or this machine can hold; a smaller problem or another method may still
    be answered.
    """


class InfeasibleError(InputError):
    """The constraints contradict each other: no regimen satisfies them all.

    Example:
        >>> import qtwin as qt
        >>> issubclass(qt.InfeasibleError, qt.InputError)
        True
    """


class MissingVendorError(InputError):
    """An optional package that the request needs is not installed."""


class ConsentError(InputError):
    """The person has not allowed what was asked for, or not any more."""


class AuditError(QtwinError):
    """The audit log is not what was written: an entry was changed, removed, inserted, moved or cut
    off (exit code 1).
    """


class InterruptedRunError(QtwinError):
    """The user stopped the run; what was finished is kept and the same command resumes (exit code
    3).
    """

    exit_code = 3


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """An `InputError` for a name that is not in a table, with the nearest known name as the
    suggestion.
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = (
        f"did you mean {close[0]!r}? known: {', '.join(names)}"
        if close
        else f"known: {', '.join(names)}"
    )
    return InputError(f"unknown {kind} {name!r}", hint=hint)


def unknown_drug(kind: str, name: str, known: Iterable[str], *, hint: str = "") -> InputError:
    """An `InputError` for a drug that is not in a table: never with another drug as a suggestion,
    however alike the names.
    """
    return InputError(
        f"unknown {kind} {name!r}",
        hint=f"{hint + '; ' if hint else ''}known: {', '.join(sorted(known))}",
    )


def require_vendor(module: str, *, package: str, needed_by: str) -> None:
    """Refuse, with the command that installs it, when an importable `module` is missing.

    Raises:
        MissingVendorError: if `module` cannot be found.
    """
    try:
        found = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise MissingVendorError(
            f"{needed_by} needs the package {package!r}, which is not installed",
            hint=f"install it with `pip install {package}`, or take {needed_by} out of the spec",
        )
