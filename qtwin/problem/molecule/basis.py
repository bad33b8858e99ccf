"""Basis sets and core potentials by their names in PySCF's table; a path, a file or the text of a basis is none."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from qtwin.errors import InputError
from qtwin.problem.molecule.closed import basis_library

_LONGEST = 60
_POPLE = re.compile(r"(321|431|631|6311)\+{0,2}g(\*{0,2}|\((\d?[spdfgh])+(,(\d?[spdfgh])+)?\))")


def normalised(name: str) -> str:
    """A name as PySCF's table has it: in small letters, without hyphens, underscores and blanks.

    Raises:
        InputError: for what is no name of that table, with the nearest ones.
    """
    known = basis_library().ALIAS
    plain = "".join(name.lower().translate(str.maketrans("", "", "-_ ")))
    if plain in known or _POPLE.fullmatch(plain):
        return plain
    if len(name) > _LONGEST or not name.strip() or not name.isprintable() or set(name) & set("/\\.#"):
        raise InputError(
            "the name of a basis was wanted, a path or a text came", hint="take sto-3g, 6-31g*, cc-pvdz, ...; files are not read"
        )
    close = difflib.get_close_matches(plain, known, n=3, cutoff=0.6)
    raise InputError(
        f"unknown basis {name!r}",
        hint=f"did you mean {' or '.join(close)}?" if close else "take sto-3g, 6-31g*, cc-pvdz, def2-svp, ...",
    )


def functions(name: str, symbols: Iterable[str]) -> dict[str, Any]:
    """The functions of each element, as PySCF's molecules take them in place of a name.

    Raises:
        InputError: for an unknown name, or a basis that lacks one of the elements.
    """
    known, library = normalised(name), basis_library()
    found: dict[str, Any] = {}
    for symbol in sorted(set(symbols)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # advice to install another package
                found[symbol] = library.load(known, symbol)
        except Exception:  # PySCF raises many kinds where an element is missing
            found[symbol] = None
        if not found[symbol]:
            raise InputError(
                f"basis {name!r} has no functions for {symbol}", hint="take def2-svp or ano-rcc-mb for heavy elements"
            ) from None
    return found


def core_potentials(name: str, symbols: Iterable[str]) -> Mapping[str, Any]:
    """The potentials that come with a basis, of the elements that have one."""
    known, library = normalised(name), basis_library()
    found: dict[str, Any] = {}
    for symbol in sorted(set(symbols)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                potential = library.load_ecp(known, symbol)
        except Exception:  # PySCF raises many kinds where a basis has no potential
            continue
        if potential:
            found[symbol] = potential
    return found
