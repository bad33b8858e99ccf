"""PySCF with its doors to foreign code shut, basis sets and core potentials by name, and where its
molecules are made.

As installed, PySCF executes `.pyscf_conf.py` of the working folder and of the home, and the file
that PYSCF_CONFIG_FILE names; it adds the folders of PYSCF_EXT_PATH to itself; it takes the name of
a basis, of a core potential or of a geometry for a file where one of that name lies in the working
folder; and it evaluates as Python what it cannot read as a number there. Whoever imports PySCF, or
a package that does, calls `shut` first. Its objects never leave this package and the classical
solvers of molecules.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, final

from qtwin.errors import InputError

if TYPE_CHECKING:
    from qtwin.chemistry.molecule import Molecule


_CONFIG = "pyscf.__config__"


@final
class _Defaults(MetaPathFinder, Loader):
    """PySCF's configuration: its own defaults, evaluation off, and no file."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == _CONFIG else None

    def exec_module(self, module: ModuleType) -> None:
        defaults = {
            "DEBUG": False,
            "MAX_MEMORY": 4000,
            "TMPDIR": tempfile.gettempdir(),
            "ARGPARSE": False,
            "VERBOSE": 3,
        }
        module.__dict__.update(defaults, UNIT="angstrom", DISABLE_EVAL=True)


def shut() -> None:
    """See to it that PySCF, which is not imported here, will find its defaults and nobody's
    configuration.
    """
    os.environ.pop("PYSCF_EXT_PATH", None)
    if not any(isinstance(finder, _Defaults) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Defaults())


@final
class _NoFiles:
    """`os` as PySCF's readers of names see it: nothing that is asked for is a file."""

    def __init__(self) -> None:
        kept = {name: getattr(os.path, name) for name in os.path.__all__}
        self.path = SimpleNamespace(**{**kept, "isfile": lambda _: False})

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


def basis_library() -> Any:
    """PySCF's table of basis sets, which reads names and never a file of the working folder."""
    shut()
    from pyscf.gto import basis, mole
    from pyscf.gto.basis import parse_cp2k, parse_molpro, parse_nwchem, parse_nwchem_ecp

    for module in (mole, parse_cp2k, parse_molpro, parse_nwchem, parse_nwchem_ecp):
        module.DISABLE_EVAL = True
    if not isinstance(basis.os, _NoFiles):
        basis.os = mole.os = _NoFiles()
    return basis


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
    if (
        len(name) > _LONGEST
        or not name.strip()
        or not name.isprintable()
        or set(name) & set("/\\.#")
    ):
        raise InputError(
            "expected the name of a basis, got a path or a text",
            hint="take sto-3g, 6-31g*, cc-pvdz, ...; files are not read",
        )
    close = difflib.get_close_matches(plain, known, n=3, cutoff=0.6)
    raise InputError(
        f"unknown basis {name!r}",
        hint=f"did you mean {' or '.join(close)}?"
        if close
        else "take sto-3g, 6-31g*, cc-pvdz, def2-svp, ...",
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
                f"basis {name!r} has no functions for {symbol}",
                hint="take def2-svp or ano-rcc-mb for heavy elements",
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


_THREADED_FROM = 60


def threads(n_orbitals: int) -> AbstractContextManager[Any]:
    """One thread for small problems, where PySCF's threads only wait for each other; else all of
    them.
    """
    from pyscf import lib

    found: AbstractContextManager[Any] = lib.with_omp_threads(
        1 if n_orbitals < _THREADED_FROM else None
    )
    return found


def pyscf_molecule(molecule: Molecule) -> Any:
    """PySCF's `Mole`, without point-group symmetry, silent; basis sets that come with a core
    potential get it.
    """
    from pyscf import gto

    atoms = [
        (f"ghost-{s}" if k in molecule.ghosts else s, tuple(x))
        for k, (s, x) in enumerate(
            zip(molecule.symbols, molecule.coordinates_angstrom, strict=True)
        )
    ]
    real = {s for k, s in enumerate(molecule.symbols) if k not in molecule.ghosts}
    lent = {molecule.symbols[k] for k in molecule.ghosts}
    held = functions(molecule.basis, real | lent)
    kinds = {s: held[s] for s in real} | {f"ghost-{s}": held[s] for s in lent}
    return gto.M(
        atom=atoms,
        unit="Angstrom",
        basis=kinds,
        ecp=core_potentials(molecule.basis, real),
        charge=molecule.charge,
        spin=molecule.multiplicity - 1,
        symmetry=False,
        verbose=0,
    )
