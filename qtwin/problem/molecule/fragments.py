"""Two parts of a complex: their atoms and electrons, the contact between them, and the complex at another distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.problem.molecule.molecule import Molecule


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a complex.

    Attributes:
        name: In words.
        atoms: Numbers from 0 in the complex.
        charge, multiplicity: Of its own.
        electrons, orbitals: What it gives to the active space of the complex; None when no active space is asked for.
    """

    name: str
    atoms: tuple[int, ...]
    charge: int
    multiplicity: int = 1
    electrons: int | None = None
    orbitals: int | None = None


@dataclass(frozen=True, kw_only=True)
class Fragments:
    """The two parts, and what counts as their distance.

    Attributes:
        first, second: The parts; the second one moves.
        contact: Atoms of the first and of the second part whose mean places are the ends of the distance.
        distances_angstrom: Of a scan, rising.
    """

    first: Part
    second: Part
    contact: tuple[tuple[int, ...], tuple[int, ...]]
    distances_angstrom: tuple[float, ...] = ()

    @property
    def parts(self) -> tuple[Part, Part]:
        """Both."""
        return self.first, self.second


def checked(fragments: Fragments, molecule: Molecule) -> Fragments:
    """The fragments of a molecule, refused unless they share out its atoms, charge and spin.

    Raises:
        InputError: for atoms in both or in neither part, charges that do not add up, or spins that cannot couple.
    """
    first, second = fragments.parts
    every = sorted([*first.atoms, *second.atoms])
    if every != list(range(molecule.n_atoms)):
        raise InputError(
            f"the parts hold atoms {[k + 1 for k in first.atoms]} and {[k + 1 for k in second.atoms]}, every one of the"
            f" {molecule.n_atoms} once was wanted",
            hint="atoms count from 1; each belongs to one part",
        )
    if first.charge + second.charge != molecule.charge:
        raise InputError(
            f"charges {first.charge:+d} and {second.charge:+d} of the parts do not add up to {molecule.charge:+d}",
            hint="correct one of the three",
        )
    most, least = first.multiplicity + second.multiplicity - 1, abs(first.multiplicity - second.multiplicity) + 1
    if molecule.multiplicity not in range(least, most + 1, 2):
        raise InputError(
            f"parts of multiplicity {first.multiplicity} and {second.multiplicity} cannot couple to {molecule.multiplicity}",
            hint=f"one of {list(range(least, most + 1, 2))}",
        )
    ends = fragments.contact
    if not ends[0] or not ends[1] or not set(ends[0]) <= set(first.atoms) or not set(ends[1]) <= set(second.atoms):
        raise InputError("the contact names atoms that are not in its parts", hint="one atom of each part, first part first")
    return fragments


def distance_angstrom(molecule: Molecule, fragments: Fragments) -> float:
    """Between the ends of the contact."""
    return float(np.linalg.norm(_axis(molecule.coordinates_angstrom, fragments)))


def _axis(where: NDArray[np.float64], fragments: Fragments) -> NDArray[np.float64]:
    left, right = (where[list(atoms)].mean(axis=0) for atoms in fragments.contact)
    return np.asarray(right - left)


def at_distance(molecule: Molecule, fragments: Fragments, wanted_angstrom: float) -> Molecule:
    """The complex with its second part moved along the axis of the contact.

    Raises:
        InputError: for a distance that is not positive, or at which atoms overlap.
    """
    if not wanted_angstrom > 0.0 or not np.isfinite(wanted_angstrom):
        raise InputError(f"a distance of {wanted_angstrom} angstrom came", hint="give positive ones")
    axis = _axis(molecule.coordinates_angstrom, fragments)
    length = float(np.linalg.norm(axis))
    return molecule.moved(fragments.second.atoms, axis / length * (wanted_angstrom - length))


def part_of(molecule: Molecule, part: Part, *, ghosts: bool) -> Molecule:
    """One part alone: in the basis of the whole complex (the rest are ghosts), or in its own."""
    others = frozenset(range(molecule.n_atoms)) - frozenset(part.atoms)
    name = f"{part.name}{' in the basis of the complex' if ghosts else ''}"
    if ghosts:
        return replace(molecule, charge=part.charge, multiplicity=part.multiplicity, ghosts=others, name=name)
    kept: Sequence[int] = part.atoms
    return Molecule(
        symbols=tuple(molecule.symbols[k] for k in kept),
        coordinates_angstrom=molecule.coordinates_angstrom[list(kept)],
        charge=part.charge,
        multiplicity=part.multiplicity,
        basis=molecule.basis,
        name=name,
        provenance=molecule.provenance,
    )
