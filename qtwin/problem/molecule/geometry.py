"""What a spec calls a geometry, an xyz file, a name of the library or a SMILES string, as a molecule."""

from __future__ import annotations

from pathlib import Path

from qtwin.errors import unknown_name
from qtwin.problem.molecule import library
from qtwin.problem.molecule.library import Entry
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.smiles import from_smiles, is_smiles
from qtwin.problem.molecule.xyz import read_xyz

DEFAULT_BASIS = "sto-3g"


def resolve(
    geometry: str, *, folder: Path, charge: int | None = None, multiplicity: int | None = None, basis: str | None = None
) -> tuple[Molecule, Entry | None]:
    """A molecule, and its entry if it comes from the library.

    Args:
        geometry: "file.xyz", a name of the library, or SMILES (also as "smiles:..." where a name reads the same).
        folder: Where relative paths start.
        charge: None for that of the library or SMILES, else 0.
        multiplicity: None for that of the library or SMILES, else 1, or 2 with an odd number of electrons.
        basis: None for that of the library, else STO-3G.

    Raises:
        InputError: for a file that cannot be read, a name that is neither, or an impossible molecule.
        MissingVendorError: for SMILES without RDKit.
    """
    entry: Entry | None = None
    given_charge, given_multiplicity = 0, None
    if geometry.lower().endswith(".xyz"):
        symbols, where, comment = read_xyz(folder / geometry)
        name, provenance = Path(geometry).stem, f"{geometry}: {comment}" if comment else geometry
    elif geometry in library.names():
        entry = library.entry(geometry)
        symbols, where, _ = entry.geometry
        name, provenance = entry.name, entry.provenance
        given_charge, given_multiplicity = entry.charge, entry.multiplicity
    elif geometry.startswith("smiles:") or is_smiles(geometry):
        (symbols, where, provenance), given_charge, given_multiplicity = from_smiles(geometry.removeprefix("smiles:"))
        name = geometry.removeprefix("smiles:")
    else:
        raise unknown_name(
            "geometry (no xyz file, no SMILES that RDKit reads, no molecule of the library):", geometry, library.names()
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
    from qtwin.problem.molecule.molecule import atomic_number

    return sum(atomic_number(s) for s in symbols) - charge
