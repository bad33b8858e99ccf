"""Where a geometry comes from: an xyz file, the library of molecules that ship, or a SMILES string.

The library holds one TOML a molecule beside its xyz file, each geometry with its provenance.
Geometries from SMILES are one conformer by RDKit, embedded with ETKDG and relaxed with MMFF94.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.fragments import Fragments, Part
from qtwin.chemistry.molecule import Molecule, atomic_number
from qtwin.errors import InputError, QtwinError, require_vendor, unknown_name

_MOST_ATOMS = 500
_MOST_CHARACTERS = 200_000
Geometry = tuple[tuple[str, ...], NDArray[np.float64], str]


def parse_xyz(text: str, *, where: str) -> Geometry:
    """Symbols, (n, 3) coordinates in angstrom, and the comment line.

    Args:
        text: The file's content; a further frame is refused.
        where: Its name, for errors.

    Raises:
        InputError: naming the line that cannot be read.
    """
    lines = text.splitlines()
    try:
        count = int(lines[0].split()[0])
    except (IndexError, ValueError):
        raise InputError(
            f"{where}: the first line must be the number of atoms", hint="see any xyz file"
        ) from None
    if not 1 <= count <= _MOST_ATOMS:
        raise InputError(
            f"{where}: expected 1 to {_MOST_ATOMS} atoms, got {count}",
            hint="cut out the part that matters",
        )
    body = [line for line in lines[2:] if line.strip()]
    if len(body) != count:
        raise InputError(
            f"{where}: expected {count} lines of atoms, as announced, got {len(body)}",
            hint="one frame, one line an atom, no more",
        )
    symbols, rows = [], []
    for k, line in enumerate(body):
        try:
            symbol, *place = line.split()[:4]
            x, y, z = (float(text) for text in place)
        except ValueError:
            raise InputError(
                f"{where}: the line of atom {k + 1} is not element x y z",
                hint="such as O 0.0 0.0 0.1173, in angstrom",
            ) from None
        symbols.append(symbol[0].upper() + symbol[1:].lower())
        rows.append([x, y, z])
    return tuple(symbols), np.array(rows), lines[1].strip()


def read_xyz(path: Path) -> Geometry:
    """Read a file.

    Raises:
        InputError: if it is missing or no xyz file.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_MOST_CHARACTERS + 1)
    except FileNotFoundError:
        raise InputError(
            f"no geometry at {path}", hint="paths are relative to the spec file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read {path} as text ({type(error).__name__})",
            hint="give a text file in xyz format",
        ) from None
    if len(text) > _MOST_CHARACTERS:
        raise InputError(
            f"{path} has more than {_MOST_CHARACTERS:,} characters",
            hint="one frame of at most 500 atoms",
        )
    return parse_xyz(text, where=path.name)


def format_xyz(
    symbols: tuple[str, ...], coordinates_angstrom: NDArray[np.float64], comment: str = ""
) -> str:
    """The text of an xyz file."""
    rows = [
        f"{s:2s} {x:14.8f} {y:14.8f} {z:14.8f}"
        for s, (x, y, z) in zip(symbols, np.asarray(coordinates_angstrom), strict=True)
    ]
    return "\n".join([str(len(symbols)), " ".join(comment.split()), *rows, ""])


SEED = 7


def is_smiles(text: str) -> bool:
    """Whether RDKit reads it; False as well where RDKit is not installed."""
    try:
        return bool(text.strip()) and _parsed(text) is not None
    except QtwinError:
        return False


def _parsed(text: str) -> object | None:
    require_vendor("rdkit", package="rdkit", needed_by=f"the SMILES {text!r}")
    chem, logger = importlib.import_module("rdkit.Chem"), importlib.import_module("rdkit.RDLogger")
    logger.DisableLog("rdApp.*")
    try:
        found: object | None = chem.MolFromSmiles(text)
    finally:
        logger.EnableLog("rdApp.error")
    return found


def from_smiles(text: str) -> tuple[Geometry, int, int]:
    """Geometry, charge, and multiplicity by the count of radical electrons.

    The geometry is a force field's (Riniker, Landrum 2015, JCIM 55:2562; Halgren 1996, JCC 17:490),
    good to some hundredths of an angstrom; the comment says so.

    Raises:
        MissingVendorError: without RDKit.
        InputError: for text that is no SMILES, or a molecule that cannot be embedded.
    """
    molecule = _parsed(text)
    if molecule is None:
        raise InputError(f"{text!r} is no SMILES", hint="such as CC(=O)[O-] for acetate")
    chem: Any = importlib.import_module("rdkit.Chem")
    embed: Any = importlib.import_module("rdkit.Chem.AllChem")
    whole = chem.AddHs(molecule)
    options = embed.ETKDGv3()
    options.randomSeed = SEED
    if embed.EmbedMolecule(whole, options) != 0:
        raise InputError(f"RDKit finds no geometry for {text!r}", hint="give an xyz file")
    relaxed = "MMFF94"
    if embed.MMFFOptimizeMolecule(whole, maxIters=2000) == -1:
        relaxed = "UFF" if embed.UFFOptimizeMolecule(whole, maxIters=2000) == 0 else "ETKDG alone"
    symbols = tuple(atom.GetSymbol() for atom in whole.GetAtoms())
    where = np.array(whole.GetConformer().GetPositions(), dtype=np.float64)
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in whole.GetAtoms())
    comment = f"{text} by RDKit, ETKDG (seed {SEED}) and {relaxed}: a force field's geometry"
    return (symbols, where, comment), int(chem.GetFormalCharge(whole)), unpaired + 1


_KEYS = {
    "title",
    "kind",
    "charge",
    "multiplicity",
    "basis",
    "provenance",
    "informs",
    "fragments",
    "active",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One molecule of the library.

    Attributes:
        name: As a spec calls it.
        title: In words.
        kind: "validation", "monomer" or "fragment" (a contact that a twin leads to).
        geometry: Symbols, coordinates in angstrom, comment.
        charge, multiplicity: Of the whole.
        basis: Recommended, or empty.
        provenance: Where the geometry comes from.
        informs: The decision about a patient that its energy informs; empty for the others.
        fragments: The two parts of a contact, or None.
        labels: Atomic orbitals of its active space.
    """

    name: str
    title: str
    kind: str
    geometry: Geometry
    charge: int
    multiplicity: int
    basis: str
    provenance: str
    informs: str
    fragments: Fragments | None = None
    labels: tuple[str, ...] = field(default_factory=tuple)


@lru_cache(maxsize=1)
def library_names() -> tuple[str, ...]:
    """Every molecule that ships."""
    folder = resources.files("qtwin") / "data" / "molecules"
    return tuple(
        sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml"))
    )


@lru_cache(maxsize=64)
def library_entry(name: str) -> Entry:
    """A molecule by its name.

    Raises:
        InputError: for an unknown name, or an entry that is not whole.
    """
    if name not in library_names():
        raise unknown_name("molecule", name, library_names())
    folder = resources.files("qtwin") / "data" / "molecules"
    raw = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    for key in raw:
        if key not in _KEYS:
            raise unknown_name(f"key in molecules/{name}.toml", key, _KEYS)
    geometry = parse_xyz(
        (folder / f"{name}.xyz").read_text(encoding="utf-8"), where=f"molecules/{name}.xyz"
    )
    if not raw.get("provenance"):
        raise InputError(
            f"molecules/{name}.toml has no provenance", hint="say where the geometry comes from"
        )
    active = raw.get("active", {})
    return Entry(
        name=name,
        title=str(raw["title"]),
        kind=str(raw["kind"]),
        geometry=geometry,
        charge=int(raw.get("charge", 0)),
        multiplicity=int(raw.get("multiplicity", 1)),
        basis=str(raw.get("basis", "")),
        provenance=str(raw["provenance"]),
        informs=str(raw.get("informs", "")),
        fragments=_fragments(raw["fragments"], active, len(geometry[0]))
        if "fragments" in raw
        else None,
        labels=tuple(active.get("labels", ())),
    )


def _fragments(raw: Mapping[str, Any], active: Mapping[str, Any], n_atoms: int) -> Fragments:
    first, second = raw["first"], raw["second"]
    cut = int(first["atoms"])
    held = range(cut), range(cut, n_atoms)
    parts = [
        Part(
            name=str(part["name"]),
            atoms=tuple(atoms),
            charge=int(part["charge"]),
            multiplicity=int(part.get("multiplicity", 1)),
            electrons=sizes.get("electrons"),
            orbitals=sizes.get("orbitals"),
        )
        for part, atoms, sizes in zip(
            (first, second), held, (active.get("first", {}), active.get("second", {})), strict=True
        )
    ]
    left, right = raw["contact"]
    ring = tuple(k for k in range(cut)) if left == "centre" else (int(left) - 1,)
    return Fragments(
        first=parts[0],
        second=parts[1],
        contact=(ring, (int(right) - 1,)),
        distances_angstrom=tuple(float(d) for d in raw["distances_angstrom"]),
    )


DEFAULT_BASIS = "sto-3g"


def resolve(
    geometry: str,
    *,
    folder: Path,
    charge: int | None = None,
    multiplicity: int | None = None,
    basis: str | None = None,
) -> tuple[Molecule, Entry | None]:
    """A molecule, and its entry if it comes from the library.

    Args:
        geometry: "file.xyz", a name of the library, or SMILES (also as "smiles:..." where a name
            reads the same).
        folder: Where relative paths start.
        charge: None for that of the library or SMILES, else 0.
        multiplicity: None for that of the library or SMILES, else 1, or 2 with an odd number of
            electrons.
        basis: None for that of the library, else STO-3G.

    Raises:
        InputError: for a file that cannot be read, a name that is neither, or an impossible
            molecule.
        MissingVendorError: for SMILES without RDKit.
    """
    entry: Entry | None = None
    given_charge, given_multiplicity = 0, None
    if geometry.lower().endswith(".xyz"):
        symbols, where, comment = read_xyz(folder / geometry)
        name, provenance = Path(geometry).stem, f"{geometry}: {comment}" if comment else geometry
    elif geometry in library_names():
        entry = library_entry(geometry)
        symbols, where, _ = entry.geometry
        name, provenance = entry.name, entry.provenance
        given_charge, given_multiplicity = entry.charge, entry.multiplicity
    elif geometry.startswith("smiles:") or is_smiles(geometry):
        (symbols, where, provenance), given_charge, given_multiplicity = from_smiles(
            geometry.removeprefix("smiles:")
        )
        name = geometry.removeprefix("smiles:")
    else:
        raise unknown_name(
            "geometry (no xyz file, no SMILES that RDKit reads, no molecule of the library):",
            geometry,
            library_names(),
        )
    charged = given_charge if charge is None else charge
    spin = multiplicity if multiplicity is not None else given_multiplicity
    if spin is None or (charge is not None and charge != given_charge and multiplicity is None):
        spin = 1 + _electrons(symbols, charged) % 2
    molecule = Molecule(
        symbols=symbols,
        coordinates_angstrom=where,
        charge=charged,
        multiplicity=spin,
        basis=basis or (entry.basis if entry and entry.basis else DEFAULT_BASIS),
        name=name,
        provenance=provenance,
    )
    return molecule, entry


def _electrons(symbols: tuple[str, ...], charge: int) -> int:
    return sum(atomic_number(s) for s in symbols) - charge
