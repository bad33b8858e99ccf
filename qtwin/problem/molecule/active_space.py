"""Which electrons in which orbitals a method treats; the determinant of Hartree-Fock stays the reference of every choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.problem.molecule.mean_field import MeanField

Floats = NDArray[np.float64]
SAME_LEVEL_HARTREE = 1e-4
"""Orbitals this close in energy belong to one degenerate shell."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ActiveSpace:
    """Orbitals of the frozen core and of the active electrons.

    Attributes:
        core: (n_basis, n_core) doubly occupied and frozen.
        orbitals: (n_basis, n) active; those occupied in Hartree-Fock stand first.
        n_alpha, n_beta: Active electrons.
        words: How it was chosen, for the report.
        kept: For AVAS, how much of each active orbital lies in the reference orbitals (1: all of it).
    """

    core: Floats
    orbitals: Floats
    n_alpha: int
    n_beta: int
    words: str
    kept: tuple[float, ...] = ()

    @property
    def n_electrons(self) -> int:
        """Active electrons."""
        return self.n_alpha + self.n_beta

    @property
    def n_orbitals(self) -> int:
        """Active orbitals."""
        return self.orbitals.shape[1]


def require_sizes(field: MeanField, electrons: int, orbitals: int) -> None:
    """Refuse sizes that no active space of this molecule can have.

    Raises:
        InputError: for too many electrons or orbitals, too few orbitals for the electrons, or electrons that cannot pair.
    """
    unpaired = int((field.occupations == 1.0).sum())
    if electrons < 1 or orbitals < 1:
        raise InputError(f"{electrons} active electrons in {orbitals} orbitals came", hint="at least one of each")
    if electrons > field.n_electrons or orbitals > field.n_orbitals:
        raise InputError(
            f"an active space of {electrons} electrons in {orbitals} orbitals is larger than the molecule, which has"
            f" {field.n_electrons} electrons in {field.n_orbitals} orbitals",
            hint="take a smaller active space or a larger basis",
        )
    if electrons < unpaired or (electrons - unpaired) % 2:
        raise InputError(
            f"{electrons} active electrons cannot hold {unpaired} unpaired ones and pairs", hint="add or take away one electron"
        )
    if orbitals < (electrons + unpaired) // 2:
        raise InputError(
            f"{electrons} electrons ({unpaired} unpaired) do not fit in {orbitals} orbitals",
            hint=f"at least {(electrons + unpaired) // 2} orbitals",
        )
    frozen = (field.n_electrons - electrons) // 2
    if frozen + orbitals > field.n_orbitals:
        raise InputError(
            f"{orbitals} active orbitals and {frozen} frozen ones came, the molecule has {field.n_orbitals}",
            hint="take fewer active orbitals or more active electrons",
        )


def spins(field: MeanField, electrons: int) -> tuple[int, int]:
    """Active electrons of each spin."""
    unpaired = int((field.occupations == 1.0).sum())
    return (electrons + unpaired) // 2, (electrons - unpaired) // 2


def everything(field: MeanField, frozen: int = 0) -> ActiveSpace:
    """All electrons in all orbitals but `frozen` of the lowest, which stay doubly occupied."""
    n_alpha, n_beta = spins(field, field.n_electrons - 2 * frozen)
    words = "all electrons in all orbitals" if not frozen else f"all but the {frozen} lowest orbitals, which are frozen"
    return ActiveSpace(
        core=field.orbitals[:, :frozen], orbitals=field.orbitals[:, frozen:], n_alpha=n_alpha, n_beta=n_beta, words=words
    )


def frontier(field: MeanField, electrons: int, orbitals: int) -> ActiveSpace:
    """The highest occupied and lowest empty canonical orbitals.

    Raises:
        InputError: for impossible sizes.
    """
    require_sizes(field, electrons, orbitals)
    first = (field.n_electrons - electrons) // 2
    return by_hand(field, electrons, range(first + 1, first + orbitals + 1), words="around the frontier, canonical orbitals")


def by_hand(field: MeanField, electrons: int, numbers: Sequence[int], *, words: str = "") -> ActiveSpace:
    """Canonical orbitals by their numbers, counted from 1; of the others the lowest are frozen.

    Raises:
        InputError: for numbers that are none, that leave occupied orbitals out, or impossible sizes.
    """
    require_sizes(field, electrons, len(numbers))
    chosen = [k - 1 for k in numbers]
    if len(set(chosen)) != len(chosen) or not all(0 <= k < field.n_orbitals for k in chosen):
        raise InputError(
            f"active orbitals {list(numbers)} came, different numbers from 1 to {field.n_orbitals} were wanted",
            hint="orbitals count from 1, the lowest in energy",
        )
    held = int(field.occupations[chosen].sum())
    if held != electrons:
        raise InputError(
            f"orbitals {list(numbers)} hold {held} electrons in Hartree-Fock, {electrons} active electrons came",
            hint="name as many occupied orbitals as the electrons fill",
        )
    chosen.sort(key=lambda k: (-field.occupations[k], k))
    core = [k for k in range(field.n_orbitals) if field.occupations[k] == 2.0 and k not in chosen]
    n_alpha, n_beta = spins(field, electrons)
    return ActiveSpace(
        core=field.orbitals[:, core],
        orbitals=field.orbitals[:, chosen],
        n_alpha=n_alpha,
        n_beta=n_beta,
        words=words or f"canonical orbitals {', '.join(str(k) for k in numbers)}, by hand",
    )


def assembled(
    field: MeanField, electrons: int, orbitals: int, occupied: Floats, empty: Floats, *, words: str, kept: Sequence[float] = ()
) -> ActiveSpace:
    """Out of rotated doubly occupied and empty orbitals, each ordered with the most wanted first; unpaired ones always join.

    Args:
        field: The mean field; (n_basis, n) `occupied` spans its doubly occupied and `empty` its empty orbitals.
        electrons: Active.
        orbitals: Active.
        occupied: Most wanted first.
        empty: Most wanted first.
        words: How it was chosen.
        kept: See `ActiveSpace`.
    """
    require_sizes(field, electrons, orbitals)
    single = field.orbitals[:, field.occupations == 1.0]
    pairs = (electrons - single.shape[1]) // 2
    rest = orbitals - pairs - single.shape[1]
    if rest > empty.shape[1] or pairs > occupied.shape[1]:
        raise InputError(
            f"{orbitals} active orbitals came with {electrons} electrons; {occupied.shape[1]} occupied and {empty.shape[1]} empty"
            " orbitals are there to choose from",
            hint="take a smaller active space",
        )
    n_alpha, n_beta = spins(field, electrons)
    return ActiveSpace(
        core=occupied[:, pairs:],
        orbitals=np.hstack([occupied[:, :pairs], single, empty[:, :rest]]),
        n_alpha=n_alpha,
        n_beta=n_beta,
        words=words,
        kept=tuple(float(k) for k in kept),
    )


def cut_shells(field: MeanField, space: ActiveSpace) -> tuple[tuple[int, int], ...]:
    """Pairs of canonical orbitals, counted from 1, of one energy and occupation of which only the first is active.

    Which of them is in the space is then an accident, and its energies are those of a molecule of lower symmetry. Rotated spaces
    (AVAS, natural orbitals) hold no canonical orbitals and are not examined.
    """
    there = [bool((space.orbitals == field.orbitals[:, [k]]).all(axis=0).any()) for k in range(field.n_orbitals)]
    if sum(there) != space.n_orbitals:
        return ()
    levels, occupied = field.orbital_energies_hartree, field.occupations
    return tuple(
        (i + 1, j + 1)
        for i in np.flatnonzero(there)
        for j in np.flatnonzero(np.abs(levels - levels[i]) < SAME_LEVEL_HARTREE)
        if not there[j] and occupied[j] == occupied[i]
    )
