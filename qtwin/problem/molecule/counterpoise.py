"""A complex and its parts in one basis, so that none borrows functions from its neighbour (Boys, Bernardi 1970, Mol Phys 19:553).

    E_int = E(AB) - E(A with the basis of AB) - E(B with the basis of AB),   all at the geometry of the complex

Methods of an active space get spaces that fit: the same atomic orbitals, and the sum of the parts' sizes in the complex. Of them
only the correlation energy is compared,

    E_int = E_int(HF) + [E_c(AB) - E_c(A) - E_c(B)],   E_c = E - E_HF,

since energies of three active spaces that were chosen freely would differ by more than any bond.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from qtwin.errors import InputError
from qtwin.problem.molecule.fragments import Fragments, Part, checked, part_of
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.problem import Choice, MolecularProblem, pose

LEAST_KEPT = 0.02
"""An active orbital with less of the reference orbitals is chosen by chance, and another may be chosen in another geometry."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trio:
    """The three problems of one geometry.

    Attributes:
        complex, first, second: Posed in the basis of the complex.
        active: Whether their active spaces fit each other; without, only methods of the whole molecule may be compared.
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
        choice: Atomic orbitals of the active space, if there is to be one; its sizes are the sums of the parts'.
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
    active = bool(choice.labels) and all(p.electrons is not None and p.orbitals is not None for p in parts)
    options = {"iterations": iterations, "follow": follow, "memory_bytes": memory_bytes, "informs": informs}

    def posed(of: Molecule, electrons: int, orbitals: int) -> MolecularProblem:
        if not active or electrons == 0:
            return pose(of, Choice(scheme="all", frozen_core=choice.frozen_core), **options)  # type: ignore[arg-type]
        sized = replace(choice, scheme="avas", electrons=electrons, orbitals=orbitals, labels=labels_of(of, choice.labels))
        found = pose(of, sized, **options)  # type: ignore[arg-type]
        if found.space.kept and min(found.space.kept) < LEAST_KEPT:
            raise InputError(
                f"an active orbital of {of.name} has {min(found.space.kept):.3f} of {', '.join(choice.labels)}: chance would"
                " choose it, and another one in the complex",
                hint="take fewer active orbitals, or name more atomic orbitals",
            )
        return found

    total = [sum(x or 0 for x in sizes) for sizes in ((p.electrons for p in parts), (p.orbitals for p in parts))]
    return Trio(
        complex=posed(molecule, *total),
        first=posed(part_of(molecule, parts[0], ghosts=True), *_sizes(parts[0])),
        second=posed(part_of(molecule, parts[1], ghosts=True), *_sizes(parts[1])),
        active=active,
    )


def _sizes(part: Part) -> tuple[int, int]:
    return part.electrons or 0, part.orbitals or 0


def labels_of(molecule: Molecule, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The labels that begin with the number of an atom that is there and no ghost; others as they are."""
    return tuple(t for t in labels if not t.split()[0].isdigit() or int(t.split()[0]) not in molecule.ghosts)
