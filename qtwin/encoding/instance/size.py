"""How large an instance may be, so that a few bytes never ask for gigabytes."""

from __future__ import annotations

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError

MOST_VARIABLES = 10_000
"""Variables that a file may announce without naming each; more only where it holds as many entries."""
_LARGEST = 1e100
"""Sum of the magnitudes of all coefficients, beyond which products of them overflow."""


def check_size(polynomial: BinaryPolynomial, name: str) -> None:
    """Refuse coefficients that cannot be multiplied in floating point (InputError)."""
    total = sum(map(abs, polynomial.terms.values()))
    if not total < _LARGEST:
        raise InputError(f"{name}: coefficients of {total:.0e} in all came, below {_LARGEST:.0e} was wanted", hint="rescale them")


def check_announced(n: int, entries: int, where: str) -> None:
    """Refuse more variables than the file can mean (InputError)."""
    if n > max(MOST_VARIABLES, entries):
        raise InputError(
            f"{where}: {str(n)[:12]} variables are announced with {entries} entries, at most {MOST_VARIABLES:,} were wanted, "
            "or as many as there are entries",
            hint="correct the number of variables",
        )
