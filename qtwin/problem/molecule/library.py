"""The molecules that ship: one TOML a molecule beside its xyz file, each geometry with its provenance."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from qtwin.errors import InputError, unknown_name
from qtwin.problem.molecule.fragments import Fragments, Part
from qtwin.problem.molecule.xyz import Geometry, parse_xyz

_KEYS = {"title", "kind", "charge", "multiplicity", "basis", "provenance", "informs", "fragments", "active"}


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
def names() -> tuple[str, ...]:
    """Every molecule that ships."""
    folder = resources.files("qtwin") / "data" / "molecules"
    return tuple(sorted(p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")))


@lru_cache(maxsize=64)
def entry(name: str) -> Entry:
    """A molecule by its name.

    Raises:
        InputError: for an unknown name, or an entry that is not whole.
    """
    if name not in names():
        raise unknown_name("molecule", name, names())
    folder = resources.files("qtwin") / "data" / "molecules"
    raw = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    for key in raw:
        if key not in _KEYS:
            raise unknown_name(f"key in molecules/{name}.toml", key, _KEYS)
    geometry = parse_xyz((folder / f"{name}.xyz").read_text(encoding="utf-8"), where=f"molecules/{name}.xyz")
    if not raw.get("provenance"):
        raise InputError(f"molecules/{name}.toml has no provenance", hint="say where the geometry comes from")
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
        fragments=_fragments(raw["fragments"], active, len(geometry[0])) if "fragments" in raw else None,
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
        for part, atoms, sizes in zip((first, second), held, (active.get("first", {}), active.get("second", {})), strict=True)
    ]
    left, right = raw["contact"]
    ring = tuple(k for k in range(cut)) if left == "centre" else (int(left) - 1,)
    return Fragments(
        first=parts[0],
        second=parts[1],
        contact=(ring, (int(right) - 1,)),
        distances_angstrom=tuple(float(d) for d in raw["distances_angstrom"]),
    )
