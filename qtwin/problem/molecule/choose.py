"""From a molecule and what the spec says of the active space to a problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qtwin.errors import InputError, unknown_name
from qtwin.problem.molecule.active_space import ActiveSpace, by_hand, everything, frontier
from qtwin.problem.molecule.avas import avas
from qtwin.problem.molecule.driver import pyscf_molecule
from qtwin.problem.molecule.mean_field import MeanField, mean_field
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.natural_orbitals import natural_orbitals
from qtwin.problem.molecule.problem import MolecularProblem


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How the active space is chosen.

    Attributes:
        scheme: A name in `SCHEMES`; "auto" takes the first of hand, AVAS, frontier, all that what is given allows.
        electrons, orbitals: Sizes; both or neither.
        numbers: Canonical orbitals by hand, counted from 1.
        labels: Atomic orbitals for AVAS.
        threshold, cutoff: Where AVAS and natural orbitals stop when no sizes are given.
        frozen_core: Whether chemical cores are left out of everything correlated.
    """

    scheme: str = "auto"
    electrons: int | None = None
    orbitals: int | None = None
    numbers: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    threshold: float = 0.2
    cutoff: float = 0.02
    frozen_core: bool = False


def _all(molecule: Molecule, field: MeanField, choice: Choice, frozen: int) -> ActiveSpace:
    if choice.electrons is not None:
        raise InputError('active_space = "all" came with sizes', hint="leave active_electrons and active_orbitals out")
    return everything(field, frozen)


def _sizes(choice: Choice) -> tuple[int, int]:
    if choice.electrons is None or choice.orbitals is None:
        raise InputError(
            "active_space by the frontier needs active_electrons and active_orbitals", hint="give both, such as 4 and 4"
        )
    return choice.electrons, choice.orbitals


def _frontier(molecule: Molecule, field: MeanField, choice: Choice, frozen: int) -> ActiveSpace:
    return frontier(field, *_sizes(choice))


def _by_hand(molecule: Molecule, field: MeanField, choice: Choice, frozen: int) -> ActiveSpace:
    if choice.electrons is None or choice.orbitals not in (None, len(choice.numbers)):
        raise InputError(
            f"{len(choice.numbers)} orbitals by hand came with active_electrons {choice.electrons} and active_orbitals"
            f" {choice.orbitals}",
            hint="give active_electrons, and as many orbitals as active_orbitals says",
        )
    return by_hand(field, choice.electrons, choice.numbers)


def _natural(molecule: Molecule, field: MeanField, choice: Choice, frozen: int) -> ActiveSpace:
    sizes = {"electrons": choice.electrons, "orbitals": choice.orbitals}
    return natural_orbitals(molecule, field, **sizes, cutoff=choice.cutoff, frozen=frozen)


def _avas(molecule: Molecule, field: MeanField, choice: Choice, frozen: int) -> ActiveSpace:
    sizes = {"electrons": choice.electrons, "orbitals": choice.orbitals}
    return avas(molecule, field, choice.labels, **sizes, threshold=choice.threshold, frozen=frozen)


SCHEMES: dict[str, Callable[[Molecule, MeanField, Choice, int], ActiveSpace]] = {
    "all": _all,
    "frontier": _frontier,
    "by hand": _by_hand,
    "natural": _natural,
    "avas": _avas,
}


def scheme_of(choice: Choice) -> str:
    """The scheme that "auto" stands for.

    Raises:
        InputError: for an unknown scheme, or one size without the other.
    """
    if choice.scheme != "auto" and choice.scheme not in SCHEMES:
        raise unknown_name("active_space", choice.scheme, ["auto", *SCHEMES])
    if not choice.numbers and (choice.electrons is None) != (choice.orbitals is None):
        raise InputError(
            f"active_electrons {choice.electrons} and active_orbitals {choice.orbitals} came", hint="give both, or neither"
        )
    if choice.scheme != "auto":
        return choice.scheme
    return "by hand" if choice.numbers else "avas" if choice.labels else "all" if choice.electrons is None else "frontier"


def frozen_orbitals(molecule: Molecule) -> int:
    """Chemical core orbitals of all atoms: 1s from Li on, and so on."""
    from pyscf.data import elements

    return int(elements.chemcore(pyscf_molecule(molecule)))


def pose(
    molecule: Molecule,
    choice: Choice,
    *,
    field: MeanField | None = None,
    iterations: int = 100,
    follow: bool = False,
    memory_bytes: int | None = None,
    informs: str = "",
) -> MolecularProblem:
    """Converge the mean field, unless it is given, and choose the active space.

    Raises:
        ConvergenceError: for a mean field that does not converge.
        InputError: for an active space that is impossible.
    """
    scheme = scheme_of(choice)
    converged = field or mean_field(molecule, iterations=iterations, follow=follow)
    frozen = frozen_orbitals(molecule) if choice.frozen_core else 0
    return MolecularProblem(
        molecule=molecule,
        mean_field=converged,
        space=SCHEMES[scheme](molecule, converged, choice, frozen),
        n_frozen=frozen,
        memory_bytes=memory_bytes,
        informs=informs,
    )
