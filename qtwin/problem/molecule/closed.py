"""PySCF with its doors to foreign code shut; whoever imports PySCF, or a package that does, calls `shut` first.

As installed, PySCF executes `.pyscf_conf.py` of the working folder and of the home, and the file that PYSCF_CONFIG_FILE names; it
adds the folders of PYSCF_EXT_PATH to itself; it takes the name of a basis, of a core potential or of a geometry for a file where
one of that name lies in the working folder; and it evaluates as Python what it cannot read as a number there.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any, final

_CONFIG = "pyscf.__config__"


@final
class _Defaults(MetaPathFinder, Loader):
    """PySCF's configuration: its own defaults, evaluation off, and no file."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == _CONFIG else None

    def exec_module(self, module: ModuleType) -> None:
        defaults = {"DEBUG": False, "MAX_MEMORY": 4000, "TMPDIR": tempfile.gettempdir(), "ARGPARSE": False, "VERBOSE": 3}
        module.__dict__.update(defaults, UNIT="angstrom", DISABLE_EVAL=True)


def shut() -> None:
    """See to it that PySCF, which is not imported here, will find its defaults and nobody's configuration."""
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
