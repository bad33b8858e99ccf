"""Complexes in parts: fragments, counterpoise, and the contact of a drug with its receptor."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.problem import Choice, MolecularProblem, pose
from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology import formulary


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a complex.

    Attributes:
        name: In words.
        atoms: Numbers from 0 in the complex.
        charge, multiplicity: Of its own.
        electrons, orbitals: What it gives to the active space of the complex; None when no active
            space is asked for.
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
        contact: Atoms of the first and of the second part whose mean places are the ends of the
            distance.
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
        InputError: for atoms in both or in neither part, charges that do not add up, or spins that
            cannot couple.
    """
    first, second = fragments.parts
    every = sorted([*first.atoms, *second.atoms])
    if every != list(range(molecule.n_atoms)):
        raise InputError(
            f"expected parts that hold each of the {molecule.n_atoms} atoms once, got "
            f"{[k + 1 for k in first.atoms]} and"
            f" {[k + 1 for k in second.atoms]}",
            hint="atoms count from 1; each belongs to one part",
        )
    if first.charge + second.charge != molecule.charge:
        raise InputError(
            f"charges {first.charge:+d} and {second.charge:+d} of the parts do not add up "
            f"to {molecule.charge:+d}",
            hint="correct one of the three",
        )
    most, least = (
        first.multiplicity + second.multiplicity - 1,
        abs(first.multiplicity - second.multiplicity) + 1,
    )
    if molecule.multiplicity not in range(least, most + 1, 2):
        raise InputError(
            f"parts of multiplicity {first.multiplicity} and {second.multiplicity} cannot "
            f"couple to {molecule.multiplicity}",
            hint=f"one of {list(range(least, most + 1, 2))}",
        )
    ends = fragments.contact
    if (
        not ends[0]
        or not ends[1]
        or not set(ends[0]) <= set(first.atoms)
        or not set(ends[1]) <= set(second.atoms)
    ):
        raise InputError(
            "the contact names atoms that are not in its parts",
            hint="one atom of each part, first part first",
        )
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
        raise InputError(
            f"expected a positive distance, got {wanted_angstrom} angstrom",
            hint="give positive ones",
        )
    axis = _axis(molecule.coordinates_angstrom, fragments)
    length = float(np.linalg.norm(axis))
    return molecule.moved(fragments.second.atoms, axis / length * (wanted_angstrom - length))


def part_of(molecule: Molecule, part: Part, *, ghosts: bool) -> Molecule:
    """One part alone: in the basis of the whole complex (the rest are ghosts), or in its own."""
    others = frozenset(range(molecule.n_atoms)) - frozenset(part.atoms)
    name = f"{part.name}{' in the basis of the complex' if ghosts else ''}"
    if ghosts:
        return replace(
            molecule, charge=part.charge, multiplicity=part.multiplicity, ghosts=others, name=name
        )
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


# A complex and its parts in one basis, so that none borrows functions from its neighbour (Boys,
# Bernardi 1970, Mol Phys 19:553).
#
#     E_int = E(AB) - E(A with the basis of AB) - E(B with the basis of AB),   all at the geometry
#     of the complex
#
# Methods of an active space get spaces that fit: the same atomic orbitals, and the sum of the
# parts' sizes in the complex. Of them only the correlation energy is compared,
#
#     E_int = E_int(HF) + [E_c(AB) - E_c(A) - E_c(B)],   E_c = E - E_HF,
#
# since energies of three active spaces that were chosen freely would differ by more than any bond.

LEAST_KEPT = 0.02
"""An active orbital with less of the reference orbitals is chosen by chance, and another may be
chosen in another geometry.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trio:
    """The three problems of one geometry.

    Attributes:
        complex, first, second: Posed in the basis of the complex.
        active: Whether their active spaces fit each other; without, only methods of the whole
            molecule may be compared.
    """

    complex: MolecularProblem
    first: MolecularProblem
    second: MolecularProblem
    active: bool

    def each(self) -> Iterator[tuple[str, int, MolecularProblem]]:
        """Name, sign in the interaction energy, problem."""
        yield "complex", 1, self.complex
        yield "first", -1, self.first
        yield "second", -1, self.second


def trio(
    molecule: Molecule,
    fragments: Fragments,
    choice: Choice,
    *,
    iterations: int = 100,
    follow: bool = False,
    memory_bytes: int | None = None,
    informs: str = "",
) -> Trio:
    """Pose a complex and its parts.

    Args:
        molecule: The complex.
        fragments: Its parts.
        choice: Atomic orbitals of the active space, if there is to be one; its sizes are the sums
            of the parts'.
        iterations: Of each mean field.
        follow: See `mean_field`.
        memory_bytes: See `MolecularProblem`.
        informs: See `MolecularProblem`.

    Raises:
        InputError: for fragments or active spaces that do not fit.
        ConvergenceError: for a mean field that does not converge.
    """
    checked(fragments, molecule)
    parts = fragments.parts
    active = bool(choice.labels) and all(
        p.electrons is not None and p.orbitals is not None for p in parts
    )
    options = {
        "iterations": iterations,
        "follow": follow,
        "memory_bytes": memory_bytes,
        "informs": informs,
    }

    def posed(of: Molecule, electrons: int, orbitals: int) -> MolecularProblem:
        if not active or electrons == 0:
            return pose(of, Choice(scheme="all", frozen_core=choice.frozen_core), **options)  # type: ignore[arg-type]
        sized = replace(
            choice,
            scheme="avas",
            electrons=electrons,
            orbitals=orbitals,
            labels=labels_of(of, choice.labels),
        )
        found = pose(of, sized, **options)  # type: ignore[arg-type]
        if found.space.kept and min(found.space.kept) < LEAST_KEPT:
            raise InputError(
                f"an active orbital of {of.name} has {min(found.space.kept):.3f} of "
                f"{', '.join(choice.labels)}: chance would"
                " choose it, and another one in the complex",
                hint="take fewer active orbitals, or name more atomic orbitals",
            )
        return found

    total = [
        sum(x or 0 for x in sizes)
        for sizes in ((p.electrons for p in parts), (p.orbitals for p in parts))
    ]
    return Trio(
        complex=posed(molecule, *total),
        first=posed(part_of(molecule, parts[0], ghosts=True), *_sizes(parts[0])),
        second=posed(part_of(molecule, parts[1], ghosts=True), *_sizes(parts[1])),
        active=active,
    )


def _sizes(part: Part) -> tuple[int, int]:
    return part.electrons or 0, part.orbitals or 0


def labels_of(molecule: Molecule, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that begin with the number of an atom that is there and no ghost; others as they
    are.
    """
    return tuple(
        t for t in labels if not t.split()[0].isdigit() or int(t.split()[0]) not in molecule.ghosts
    )


# From a drug and its target to the contact that stands for them, with what it leaves out and which
# decision it informs.

PH_BLOOD = 7.4
_TARGETS_OF_CLASS = {"cholinesterase inhibitor": ("ACHE",), "NMDA antagonist": ("GRIN1",)}


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A residue in the place of the wild type's: its name, the molecule that stands for it, what is
    known of it.
    """

    residue: str
    molecule: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What is computed for a drug at its target.

    Attributes:
        drug, target: INN and gene.
        site: Residue in the human protein.
        title: What kind of contact it is.
        source: Where it is known from.
        wild_type: The molecule of the library.
        alternatives: Variants, or what competes for the site.
        charged_share: Of the drug at pH 7.4, by its pKa (Henderson, Hasselbalch).
        amine: Primary, secondary or tertiary.
        pka: Of that amine.
        decision: The decision about a patient that is informed.
        left_out: What the model does not hold.
    """

    drug: str
    target: str
    site: str
    title: str
    source: str
    wild_type: Alternative
    alternatives: tuple[Alternative, ...]
    charged_share: float
    amine: str
    pka: float
    decision: str
    left_out: tuple[str, ...]


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    return tomllib.loads(
        (resources.files("qtwin") / "data" / "contacts.toml").read_text(encoding="utf-8")
    )


def _kinds() -> dict[str, Mapping[str, Any]]:
    return {k: v for k, v in _table().items() if k != "drug"}


def targets() -> tuple[str, ...]:
    """Genes for which a contact is known."""
    return tuple(sorted(gene for kind in _kinds().values() for gene in kind["receptors"]))


def contact_of(drug: str, target: str) -> Contact:
    """The contact that stands for a drug at its target.

    Raises:
        InputError: for an unknown drug or target, a drug that is not known to bind there, or one
            without a charged amine.
    """
    known = formulary.drug(drug)
    if target not in targets():
        raise unknown_name("receptor with a known contact:", target, targets())
    bound = {*known.affinity, *_TARGETS_OF_CLASS.get(known.drug_class, ())}
    if target not in bound:
        there = (
            ", ".join(sorted(bound & set(targets())))
            or "none of the receptors whose contact is known"
        )
        raise InputError(
            f"{drug} is not known to bind {target}", hint=f"in the formulary it binds {there}"
        )
    amine = _table()["drug"].get(drug)
    if amine is None:
        raise InputError(
            f"no amine of {drug} is known", hint="add it to qtwin/data/contacts.toml with its pKa"
        )
    kind = next(k for k in _kinds().values() if target in k["receptors"])
    pka = float(amine["pka"])
    return Contact(
        drug=drug,
        target=target,
        site=str(kind["receptors"][target]),
        title=str(kind["title"]),
        source=str(kind["source"]),
        wild_type=Alternative(
            residue=str(kind["wild_type_residue"]), molecule=str(kind["wild_type"]), note=""
        ),
        alternatives=tuple(
            Alternative(residue=name, molecule=str(v["molecule"]), note=str(v["note"]))
            for name, v in kind["variants"].items()
        ),
        charged_share=1.0 / (1.0 + 10.0 ** (PH_BLOOD - pka)),
        amine=str(amine["amine"]),
        pka=pka,
        decision=str(kind["decision"]),
        left_out=tuple(kind["left_out"]),
    )
