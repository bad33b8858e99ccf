"""Which electrons in which orbitals a method treats; the determinant of Hartree-Fock stays the
reference of every choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.mean_field import ConvergenceError, MeanField, pyscf_mean_field
from qtwin.chemistry.molecule import BOHR_ANGSTROM, Molecule
from qtwin.chemistry.pyscf_access import functions, pyscf_molecule, threads
from qtwin.errors import InputError

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
        kept: For AVAS, how much of each active orbital lies in the reference orbitals (1: all of
            it).
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
        InputError: for too many electrons or orbitals, too few orbitals for the electrons, or
            electrons that cannot pair.
    """
    unpaired = int((field.occupations == 1.0).sum())
    if electrons < 1 or orbitals < 1:
        raise InputError(
            f"got {electrons} active electrons in {orbitals} orbitals", hint="at least one of each"
        )
    if electrons > field.n_electrons or orbitals > field.n_orbitals:
        raise InputError(
            f"an active space of {electrons} electrons in {orbitals} orbitals is larger "
            "than the molecule, which has"
            f" {field.n_electrons} electrons in {field.n_orbitals} orbitals",
            hint="take a smaller active space or a larger basis",
        )
    if electrons < unpaired or (electrons - unpaired) % 2:
        raise InputError(
            f"{electrons} active electrons cannot hold {unpaired} unpaired ones and pairs",
            hint="add or take away one electron",
        )
    if orbitals < (electrons + unpaired) // 2:
        raise InputError(
            f"{electrons} electrons ({unpaired} unpaired) do not fit in {orbitals} orbitals",
            hint=f"at least {(electrons + unpaired) // 2} orbitals",
        )
    frozen = (field.n_electrons - electrons) // 2
    if frozen + orbitals > field.n_orbitals:
        raise InputError(
            f"expected at most {field.n_orbitals} orbitals, got {orbitals} active and "
            f"{frozen} frozen ones",
            hint="take fewer active orbitals or more active electrons",
        )


def spins(field: MeanField, electrons: int) -> tuple[int, int]:
    """Active electrons of each spin."""
    unpaired = int((field.occupations == 1.0).sum())
    return (electrons + unpaired) // 2, (electrons - unpaired) // 2


def everything(field: MeanField, frozen: int = 0) -> ActiveSpace:
    """All electrons in all orbitals but `frozen` of the lowest, which stay doubly occupied."""
    n_alpha, n_beta = spins(field, field.n_electrons - 2 * frozen)
    words = (
        "all electrons in all orbitals"
        if not frozen
        else f"all but the {frozen} lowest orbitals, which are frozen"
    )
    return ActiveSpace(
        core=field.orbitals[:, :frozen],
        orbitals=field.orbitals[:, frozen:],
        n_alpha=n_alpha,
        n_beta=n_beta,
        words=words,
    )


def frontier(field: MeanField, electrons: int, orbitals: int) -> ActiveSpace:
    """The highest occupied and lowest empty canonical orbitals.

    Raises:
        InputError: for impossible sizes.
    """
    require_sizes(field, electrons, orbitals)
    first = (field.n_electrons - electrons) // 2
    return by_hand(
        field,
        electrons,
        range(first + 1, first + orbitals + 1),
        words="around the frontier, canonical orbitals",
    )


def by_hand(
    field: MeanField, electrons: int, numbers: Sequence[int], *, words: str = ""
) -> ActiveSpace:
    """Canonical orbitals by their numbers, counted from 1; of the others the lowest are frozen.

    Raises:
        InputError: for numbers that are none, that leave occupied orbitals out, or impossible
            sizes.
    """
    require_sizes(field, electrons, len(numbers))
    chosen = [k - 1 for k in numbers]
    if len(set(chosen)) != len(chosen) or not all(0 <= k < field.n_orbitals for k in chosen):
        raise InputError(
            f"expected different active orbitals from 1 to {field.n_orbitals}, got {list(numbers)}",
            hint="orbitals count from 1, the lowest in energy",
        )
    held = int(field.occupations[chosen].sum())
    if held != electrons:
        raise InputError(
            f"expected {held} active electrons, which orbitals {list(numbers)} hold in "
            f"Hartree-Fock, got {electrons}",
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
    field: MeanField,
    electrons: int,
    orbitals: int,
    occupied: Floats,
    empty: Floats,
    *,
    words: str,
    kept: Sequence[float] = (),
) -> ActiveSpace:
    """Out of rotated doubly occupied and empty orbitals, each ordered with the preferred first;
    unpaired ones always join.

    Args:
        field: The mean field; (n_basis, n) `occupied` spans its doubly occupied and `empty` its
            empty orbitals.
        electrons: Active.
        orbitals: Active.
        occupied: Preferred first.
        empty: Preferred first.
        words: How it was chosen.
        kept: See `ActiveSpace`.
    """
    require_sizes(field, electrons, orbitals)
    single = field.orbitals[:, field.occupations == 1.0]
    pairs = (electrons - single.shape[1]) // 2
    rest = orbitals - pairs - single.shape[1]
    if rest > empty.shape[1] or pairs > occupied.shape[1]:
        raise InputError(
            f"got {orbitals} active orbitals with {electrons} electrons; "
            f"{occupied.shape[1]} occupied and {empty.shape[1]} empty"
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
    """Pairs of canonical orbitals, counted from 1, of one energy and occupation of which only the
    first is active.

    Which of them is in the space is then an accident, and its energies are those of a molecule of
    lower symmetry. Rotated spaces (AVAS, natural orbitals) hold no canonical orbitals and are not
    examined.
    """
    there = [
        bool((space.orbitals == field.orbitals[:, [k]]).all(axis=0).any())
        for k in range(field.n_orbitals)
    ]
    if sum(there) != space.n_orbitals:
        return ()
    levels, occupied = field.orbital_energies_hartree, field.occupations
    return tuple(
        (i + 1, j + 1)
        for i in np.flatnonzero(there)
        for j in np.flatnonzero(np.abs(levels - levels[i]) < SAME_LEVEL_HARTREE)
        if not there[j] and occupied[j] == occupied[i]
    )


# AVAS: the active space that overlaps most with chosen atomic orbitals (Sayfutyarova, Sun, Chan,
# Knizia 2017, JCTC 13:4063).
#
# With sizes given, the same number of orbitals is taken in every geometry and in every fragment: an
# active space that changes along a curve or between a complex and its parts would make energies
# that cannot be compared.


def avas(
    molecule: Molecule,
    field: MeanField,
    labels: Sequence[str],
    *,
    electrons: int | None = None,
    orbitals: int | None = None,
    threshold: float = 0.2,
    frozen: int = 0,
) -> ActiveSpace:
    """Rotate occupied and empty orbitals so that as few as possible carry the reference orbitals
    (eqs. 2-6 there).

    Args:
        molecule: What.
        field: Its mean field.
        labels: Of minimal-basis (MINAO) orbitals: "N 2p", "0 O 2pz" (atoms count from 0).
        electrons: Active; None for all orbitals with an overlap above `threshold`.
        orbitals: The same.
        threshold: See there.
        frozen: Core orbitals that are left out.

    Raises:
        InputError: for labels that match nothing, or impossible sizes.
    """
    if not labels:
        raise InputError(
            "expected labels of atomic orbitals for avas, got none", hint='such as avas = ["N 2p"]'
        )
    inner, cross = _reference(molecule, labels)
    projector = cross.T @ np.linalg.solve(inner, cross)

    def rotated(block: Any) -> tuple[Any, Any]:
        weight, turn = np.linalg.eigh(block.T @ projector @ block)
        return weight[::-1], block @ turn[:, ::-1]

    doubly = np.flatnonzero(field.occupations == 2.0)
    w_occupied, occupied = rotated(field.orbitals[:, doubly[frozen:]])
    w_empty, empty = rotated(field.orbitals[:, field.occupations == 0.0])
    unpaired = int((field.occupations == 1.0).sum())
    if electrons is None or orbitals is None:
        pairs, rest = int((w_occupied > threshold).sum()), int((w_empty > threshold).sum())
        electrons, orbitals = 2 * pairs + unpaired, pairs + unpaired + rest
        if electrons == 0 or orbitals == 0:
            raise InputError(
                f"no orbital overlaps with {list(labels)} by more than {threshold}",
                hint="lower avas_threshold",
            )
    pairs = (electrons - unpaired) // 2
    kept = [*w_occupied[:pairs], *w_empty[: max(orbitals - pairs - unpaired, 0)]]
    occupied = np.hstack([occupied, field.orbitals[:, doubly[:frozen]]])
    words = f"AVAS on {', '.join(labels)}"
    return assembled(field, electrons, orbitals, occupied, empty, words=words, kept=kept)


def _reference(molecule: Molecule, labels: Sequence[str]) -> tuple[Any, Any]:
    """Overlaps of the chosen minimal-basis orbitals among themselves, and with the basis."""
    from pyscf import gto

    mole = pyscf_molecule(molecule)
    real = {mole.atom_symbol(k) for k in range(mole.natm) if k not in molecule.ghosts}
    atoms = [(mole.atom_symbol(k), mole.atom_coord(k)) for k in range(mole.natm)]
    minimal = gto.M(
        atom=[a for k, a in enumerate(atoms) if k not in molecule.ghosts],
        unit="Bohr",
        basis=functions("minao", real),
        charge=molecule.charge,
        spin=molecule.multiplicity - 1,
        verbose=0,
    )
    number = [k for k in range(mole.natm) if k not in molecule.ghosts]
    shown = [_renumbered(text, number) for text in minimal.ao_labels()]
    chosen = [k for k, text in enumerate(shown) if any(_matches(label, text) for label in labels)]
    if not chosen:
        raise InputError(
            f"no atomic orbital matches {list(labels)}",
            hint=f"there are {', '.join(t.strip() for t in shown[:12])}, ...",
        )
    inner = minimal.intor_symmetric("int1e_ovlp")[np.ix_(chosen, chosen)]
    cross = gto.intor_cross("int1e_ovlp", minimal, mole)[chosen]
    return inner, cross


def _renumbered(text: str, number: Sequence[int]) -> str:
    """The label with the atom's number in the whole complex, ghosts counted."""
    first, _, rest = text.strip().partition(" ")
    return f"{number[int(first)]} {rest}"


def _matches(label: str, text: str) -> bool:
    """Whether every word of the label is, or begins, the word of the text at its place: "N 2p"
    matches "3 N 2px".
    """
    wanted, there = label.split(), text.split()
    if wanted and not wanted[0].isdigit():
        there = there[1:]
    return len(wanted) <= len(there) and all(
        t == w or (k == len(wanted) - 1 and t.startswith(w) and not w.isalpha())
        for k, (w, t) in enumerate(zip(wanted, there, strict=False))
    )


# An active space by natural occupation: the orbitals whose occupation in MP2 is farthest from two
# or none.
#
# The occupied and the empty orbitals are rotated among themselves, so that the determinant of
# Hartree-Fock stays the reference (Jensen, Jørgensen, Ågren, Olsen 1988, JCP 88:3834).


def natural_orbitals(
    molecule: Molecule,
    field: MeanField,
    *,
    electrons: int | None = None,
    orbitals: int | None = None,
    cutoff: float = 0.02,
    frozen: int = 0,
) -> ActiveSpace:
    """By MP2 occupations.

    Args:
        molecule: What.
        field: Its mean field.
        electrons: Active; None for all orbitals with occupations between `cutoff` and 2 - `cutoff`.
        orbitals: The same.
        cutoff: See there.
        frozen: Core orbitals that stay out of MP2 and of the active space.

    Raises:
        InputError: for impossible sizes, or when no orbital lies between the cutoffs.
    """
    with threads(field.n_orbitals):
        density = _density(molecule, field, frozen)
    overlap = pyscf_molecule(molecule).intor_symmetric("int1e_ovlp")

    def rotated(block: Any) -> tuple[Any, Any]:
        occupation, turn = np.linalg.eigh(block.T @ overlap @ density @ overlap @ block)
        return occupation, block @ turn

    doubly = np.flatnonzero(field.occupations == 2.0)
    # rising: the least occupied first
    n_occupied, occupied = rotated(field.orbitals[:, doubly[frozen:]])
    n_empty, empty = rotated(field.orbitals[:, field.occupations == 0.0])
    n_empty, empty = n_empty[::-1], empty[:, ::-1]
    unpaired = int((field.occupations == 1.0).sum())
    if electrons is None or orbitals is None:
        pairs, rest = int((n_occupied < 2.0 - cutoff).sum()), int((n_empty > cutoff).sum())
        electrons, orbitals = 2 * pairs + unpaired, pairs + unpaired + rest
        if orbitals == 0 or electrons == 0:
            raise InputError(
                f"no natural orbital has an occupation between {cutoff} and {2 - cutoff}",
                hint="lower occupation_cutoff, or give active_electrons and active_orbitals",
            )
        words = f"MP2 natural orbitals with occupations between {cutoff:g} and {2 - cutoff:g}"
    else:
        words = "MP2 natural orbitals with the most fractional occupations"
    occupied = np.hstack([occupied, field.orbitals[:, doubly[:frozen]]])
    return assembled(field, electrons, orbitals, occupied, empty, words=words)


def _density(molecule: Molecule, field: MeanField, frozen: int) -> Any:
    """(n_basis, n_basis) total one-particle density of MP2, in atomic orbitals."""
    from pyscf import mp

    reference = pyscf_mean_field(molecule, field)
    if molecule.multiplicity == 1:
        found = mp.MP2(reference, frozen=frozen or None).run()
        return found.make_rdm1(ao_repr=True)
    unrestricted = reference.to_uhf()
    unrestricted.kernel(dm0=unrestricted.make_rdm1())
    if not unrestricted.converged:
        raise ConvergenceError(
            "unrestricted Hartree-Fock, from which natural orbitals of an open shell are "
            "made, did not converge",
            hint="take another active_space",
        )
    alpha, beta = mp.MP2(unrestricted, frozen=frozen or None).run().make_rdm1(ao_repr=True)
    return alpha + beta


# Orbitals as seen from the side: along each line of sight the value of the largest size, signed.

_MARGIN_ANGSTROM = 1.7


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """Orbitals on a plane that faces the molecule.

    Attributes:
        extent_angstrom: (left, right, bottom, top).
        values: (n, rows, columns) amplitude in bohr^-3/2.
        atoms_angstrom: (n_atoms, 3) right, up, towards the viewer.
    """

    extent_angstrom: tuple[float, float, float, float]
    values: Floats
    atoms_angstrom: Floats


def facing(coordinates_angstrom: Floats) -> Floats:
    """(3, 3) rows right, up, towards the viewer: the molecule is widest to the right, flattest to
    the viewer, a bit tilted.
    """
    centred = coordinates_angstrom - coordinates_angstrom.mean(axis=0)
    _, _, axes = np.linalg.svd(np.vstack([centred, 1e-6 * np.eye(3)]), full_matrices=False)
    axes[2] = np.cross(axes[0], axes[1])
    angle = np.radians(20.0 if np.ptp(centred @ axes[1]) > 0.5 else 0.0)
    tilt = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    return np.asarray(tilt @ axes)


def views(molecule: Molecule, orbitals: Floats, *, points: int = 64, depth: int = 20) -> Views:
    """Look at (n_basis, n) orbitals.

    Args:
        molecule: Its geometry sets the plane.
        orbitals: Coefficients in its basis.
        points: Along the wider side.
        depth: Planes along the line of sight.
    """
    mole = pyscf_molecule(molecule)
    where = molecule.coordinates_angstrom
    axes, centre = facing(where), where.mean(axis=0)
    seen = (where - centre) @ axes.T
    low, high = seen.min(axis=0) - _MARGIN_ANGSTROM, seen.max(axis=0) + _MARGIN_ANGSTROM
    step = max(high[0] - low[0], high[1] - low[1]) / points
    xs, ys = (
        np.linspace(low[k], high[k], max(2, round((high[k] - low[k]) / step))) for k in (0, 1)
    )
    best = np.zeros((orbitals.shape[1], len(ys), len(xs)))
    grid_x, grid_y = np.meshgrid(xs, ys)
    for z in np.linspace(low[2], high[2], depth):
        flat = np.stack([grid_x.ravel(), grid_y.ravel(), np.full(grid_x.size, z)], axis=1)
        real = flat @ axes + centre
        amplitude = (mole.eval_gto("GTOval", real / BOHR_ANGSTROM) @ orbitals).T.reshape(best.shape)
        np.copyto(best, amplitude, where=np.abs(amplitude) > np.abs(best))
    return Views(
        extent_angstrom=(low[0], high[0], low[1], high[1]), values=best, atoms_angstrom=seen
    )
