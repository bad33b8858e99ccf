"""What result.json says of a geometry, and what a reader should know of its basis."""

from __future__ import annotations

from typing import Any

from qtwin.problem.molecule.fragments import Fragments, distance_angstrom
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.orbital_views import facing


def molecule_part(molecule: Molecule, fragments: Fragments | None, *, title: str, informs: str) -> dict[str, Any]:
    """What result.json says of the geometry, with the view that is drawn."""
    where = molecule.coordinates_angstrom
    axes, centre = facing(where), where.mean(axis=0)
    part: dict[str, Any] = {
        "name": molecule.name,
        "title": title,
        "formula": molecule.formula,
        "symbols": list(molecule.symbols),
        "coordinates_angstrom": where.tolist(),
        "seen_angstrom": ((where - centre) @ axes.T).tolist(),
        "charge": molecule.charge,
        "multiplicity": molecule.multiplicity,
        "basis": molecule.basis,
        "provenance": molecule.provenance,
        "informs": informs,
    }
    if fragments is not None:
        ends = [((where[list(atoms)].mean(axis=0) - centre) @ axes.T).tolist() for atoms in fragments.contact]
        part |= {"contact_ends_angstrom": ends, "distance_angstrom": distance_angstrom(molecule, fragments)}
    return part


def is_small(basis: str) -> bool:
    """Whether a basis lacks polarisation functions: good to compare methods, not to predict."""
    return basis.lower().replace("-", "") in {"sto3g", "sto6g", "minao", "321g", "631g"}
