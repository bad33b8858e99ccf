"""Examples that ship with the package: a synthetic patient, and experiment files to run or to begin
from.

>>> import qtwin as qt
>>> qt.examples.patient().sex
'female'
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from qtwin.errors import InputError, unknown_name

if TYPE_CHECKING:
    from qtwin.patient.person import Patient

_QUICKSTART = ("quickstart.toml", "data/quickstart_bundle.json", "data/quickstart_pharmcat.json")
_EXAMPLES: dict[str, tuple[str, ...]] = {"quickstart": _QUICKSTART}


def _folder() -> Path:
    """Inside the package where it was built; in a checkout, the folder of experiments beside it."""
    package = Path(str(resources.files("qtwin")))
    built = package / "data" / "examples"
    return built if built.is_dir() else package.parent / "experiments"


def names() -> tuple[str, ...]:
    """Names of the shipped experiments."""
    return tuple(sorted({*_EXAMPLES, *(p.stem for p in _folder().glob("*.toml"))}))


def _files(name: str) -> tuple[str, ...]:
    if name not in names():
        raise unknown_name("example", name, names())
    return _EXAMPLES.get(name, (f"{name}.toml",))


def path(name: str) -> Path:
    """Where a shipped file is, such as "quickstart_bundle.json" (InputError for an unknown one)."""
    known = {p.name: p for p in _folder().rglob("*") if p.is_file()}
    if name not in known:
        raise unknown_name("example file", name, known)
    return known[name]


def spec(name: str = "quickstart") -> Path:
    """The experiment file of an example, ready for `qtwin.run`."""
    return _folder() / _files(name)[0]


def patient() -> Patient:
    """The synthetic patient of the quickstart: a woman of 76 with mild Alzheimer's disease, with
    her genotypes.

    Example:
        >>> import qtwin as qt
        >>> sorted(qt.examples.patient().genotypes)
        ['CYP2C19', 'CYP2D6']
    """
    from qtwin.patient.record import read_patient

    return read_patient(path("quickstart_bundle.json"), path("quickstart_pharmcat.json"))


def copy(name: str, folder: str | Path = ".") -> tuple[Path, ...]:
    """Copy an example's files into a folder; nothing that stands there is overwritten.

    Raises:
        InputError: for an unknown example, or a file of that name that is there already.
    """
    target = Path(folder)
    files = _files(name)
    there = [f for f in files if (target / f).exists()]
    if there:
        raise InputError(
            f"{there[0]} is there already", hint="choose another folder, or move it away"
        )
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_folder() / file, target / file)
    return tuple(target / f for f in files)
