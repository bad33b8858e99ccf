"""A molecule as it is asked about: which nuclei where, how many electrons, how they pair, in which
basis.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.pyscf_access import functions
from qtwin.errors import InputError, TooLargeError, require_vendor

Floats = NDArray[np.float64]
_MOST_CHARGES = 10_000
CLOSEST_SHARE = 0.4
"""Atoms closer than this share of their covalent radii's sum overlap: no bond is that short (H2 is
at 1.2).
"""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Molecule:
    """Nuclei, electrons and basis; checked when made.

        Molecule.from_xyz("water.xyz")
        Molecule.from_smiles("CC(=O)[O-]", basis="6-31g*")
        Molecule.from_library("N2")

    Attributes:
        symbols: (n,) elements.
        coordinates_angstrom: (n, 3), read-only.
        charge: Of the whole, in elementary charges.
        multiplicity: 2 S + 1.
        basis: A name in PySCF's table.
        ghosts: Atoms that lend their basis functions but have neither nucleus nor electrons
            (counterpoise).
        name: How the report calls it.
        provenance: Where the geometry comes from.

    Raises:
        InputError: for unknown elements or basis, coordinates that are not finite, overlapping
            atoms, or a charge and multiplicity that no such molecule can have.

    Example:
        >>> import qtwin as qt
        >>> water = qt.Molecule.from_library('H2O')
        >>> water.formula, water.n_electrons
        ('H2O', 10)
    """

    symbols: tuple[str, ...]
    coordinates_angstrom: Floats
    charge: int = 0
    multiplicity: int = 1
    basis: str = "sto-3g"
    ghosts: frozenset[int] = frozenset()
    name: str = ""
    provenance: str = ""
    _numbers: tuple[int, ...] = field(init=False, default=(), repr=False)

    def __post_init__(self) -> None:
        require_vendor("pyscf", package="pyscf", needed_by="a molecule")
        where = np.array(self.coordinates_angstrom, dtype=np.float64)
        where.flags.writeable = False
        object.__setattr__(self, "coordinates_angstrom", where)
        if not self.symbols or where.shape != (len(self.symbols), 3):
            raise InputError(
                f"expected coordinates ({len(self.symbols)}, 3), one row an atom, got shape "
                f"{where.shape}",
                hint="give every atom x, y and z in angstrom",
            )
        if not np.isfinite(where).all():
            raise InputError(
                "expected finite coordinates, got NaN or infinity",
                hint="give x, y and z of every atom in angstrom",
            )
        object.__setattr__(self, "_numbers", tuple(atomic_number(s) for s in self.symbols))
        self._check_distances()
        functions(self.basis, self.symbols)
        self._check_electrons()

    @classmethod
    def from_xyz(
        cls,
        path: str | Path,
        *,
        charge: int | None = None,
        multiplicity: int | None = None,
        basis: str | None = None,
    ) -> Molecule:
        """The molecule of an xyz file (angstrom).

        Args:
            path: One frame of at most 500 atoms.
            charge: 0 where it is not given.
            multiplicity: 1 where it is not given, or 2 with an odd number of electrons.
            basis: STO-3G where it is not given.

        Raises:
            InputError: for a file that cannot be read, or an impossible molecule.
        """
        from qtwin.chemistry.geometry import resolve

        file = Path(path)
        if file.suffix.lower() != ".xyz":
            raise InputError(
                f"expected an xyz file, got {file.name!r}", hint="its name ends in .xyz"
            )
        return resolve(
            file.name, folder=file.parent, charge=charge, multiplicity=multiplicity, basis=basis
        )[0]

    @classmethod
    def from_smiles(
        cls,
        smiles: str,
        *,
        charge: int | None = None,
        multiplicity: int | None = None,
        basis: str | None = None,
    ) -> Molecule:
        """One conformer of a SMILES string, relaxed with a force field by RDKit.

        Args:
            smiles: Such as "CC(=O)[O-]".
            charge: That of the SMILES where it is not given.
            multiplicity: By the radical electrons of the SMILES where it is not given.
            basis: STO-3G where it is not given.

        Raises:
            InputError: for what is no SMILES.
            MissingVendorError: without RDKit.
        """
        from qtwin.chemistry.geometry import resolve

        return resolve(
            f"smiles:{smiles}", folder=Path(), charge=charge, multiplicity=multiplicity, basis=basis
        )[0]

    @classmethod
    def from_library(cls, name: str, *, basis: str | None = None) -> Molecule:
        """A molecule that ships with qtwin, such as "H2", "N2" or "acetate-methylammonium".

        Args:
            name: A name in `qtwin.chemistry.geometry.library_names()`.
            basis: The recommended one where it is not given.

        Raises:
            InputError: for an unknown name.
        """
        from qtwin.chemistry.geometry import library_entry, resolve

        return resolve(library_entry(name).name, folder=Path(), basis=basis)[0]

    @property
    def n_atoms(self) -> int:
        """Atoms, ghosts included."""
        return len(self.symbols)

    @property
    def nuclear_charge(self) -> int:
        """Of all atoms that are no ghosts."""
        return sum(z for k, z in enumerate(self._numbers) if k not in self.ghosts)

    @property
    def n_electrons(self) -> int:
        """All of them, cores included."""
        return self.nuclear_charge - self.charge

    @property
    def formula(self) -> str:
        """By Hill's order, with the charge."""
        real = [s for k, s in enumerate(self.symbols) if k not in self.ghosts]
        order = sorted(
            set(real), key=lambda s: ({"C": 0, "H": 1}.get(s, 2) if "C" in real else 2, s)
        )
        body = "".join(f"{s}{real.count(s) if real.count(s) > 1 else ''}" for s in order)
        if not self.charge:
            return body
        size = str(abs(self.charge)) if abs(self.charge) > 1 else ""
        return body + size + ("+" if self.charge > 0 else "-")

    def moved(self, atoms: Iterable[int], shift_angstrom: Floats) -> Molecule:
        """The same molecule with some atoms shifted by (3,) angstrom."""
        where = self.coordinates_angstrom.copy()
        where[list(atoms)] += shift_angstrom
        return replace(self, coordinates_angstrom=where)

    def to_xyz(self) -> str:
        """The text of an xyz file (angstrom), its provenance as the comment."""
        from qtwin.chemistry.geometry import format_xyz

        return format_xyz(self.symbols, self.coordinates_angstrom, self.provenance)

    def __repr__(self) -> str:
        spin = "" if self.multiplicity == 1 else f", multiplicity {self.multiplicity}"
        return (
            f"Molecule({self.name or self.formula}: {self.formula}, {self.n_electrons} "
            f"electrons{spin}, {self.basis})"
        )

    def _check_distances(self) -> None:
        from pyscf.data import radii

        where = self.coordinates_angstrom
        sizes = np.array([radii.COVALENT[z] for z in self._numbers]) * BOHR_ANGSTROM
        apart = np.linalg.norm(where[:, None] - where[None, :], axis=2)
        np.fill_diagonal(apart, np.inf)
        ratio = apart / (sizes[:, None] + sizes[None, :])
        i, j = divmod(int(np.argmin(ratio)), len(where))
        if len(where) > 1 and ratio[i, j] < CLOSEST_SHARE:
            raise InputError(
                f"atoms {i + 1} ({self.symbols[i]}) and {j + 1} ({self.symbols[j]}) "
                f"overlap: {apart[i, j]:.3f} angstrom apart,"
                f" expected at least {CLOSEST_SHARE * (sizes[i] + sizes[j]):.2f}",
                hint="check the geometry, and that it is in angstrom",
            )

    def _check_electrons(self) -> None:
        numbers = (self.charge, self.multiplicity)
        if (
            not all(isinstance(k, int) and abs(k) < _MOST_CHARGES for k in numbers)
            or self.multiplicity < 1
        ):
            raise InputError(
                "expected charge and multiplicity as whole numbers below "
                f"{_MOST_CHARGES:,}, multiplicity at least 1, got others",
                hint="multiplicity is 2 S + 1",
            )
        n, unpaired = self.n_electrons, self.multiplicity - 1
        if n < 1:
            raise InputError(
                f"charge {self.charge:+d} leaves {n} electrons to nuclei of {self.nuclear_charge}",
                hint="correct the charge",
            )
        if unpaired > n or (n - unpaired) % 2:
            wanted = "1, 3, 5, ..." if n % 2 == 0 else "2, 4, 6, ..."
            raise InputError(
                f"multiplicity {self.multiplicity} is impossible with {n} electrons (charge "
                f"{self.charge:+d})",
                hint=f"with {n} electrons it is one of {wanted} up to {n + 1}; or correct the "
                "charge",
            )


BOHR_ANGSTROM = 0.529177210903
"""Angstrom a bohr (CODATA 2018)."""


def atomic_number(symbol: str) -> int:
    """Of an element by its symbol.

    Raises:
        InputError: for something that is no element.
    """
    from pyscf.data import elements

    known: Sequence[str] = elements.ELEMENTS[1:]
    if symbol not in known:
        short = symbol if len(symbol) < 3 else "of more than two letters"
        close = difflib.get_close_matches(short.capitalize(), known, n=1, cutoff=0.5)
        raise InputError(
            f"unknown element {short}",
            hint=f"did you mean {close[0]!r}?" if close else "give symbols such as C, H, Cu",
        )
    return known.index(symbol) + 1


# How many determinants an active space has and what its vectors weigh, before anything is computed.

_VECTORS = 16
"""Vectors that Davidson's method holds at once in PySCF: trial vectors, their products, and the
work space of both.
"""


def n_determinants(n_orbitals: int, n_alpha: int, n_beta: int) -> int:
    """C(n, n_alpha) C(n, n_beta)."""
    return comb(n_orbitals, n_alpha) * comb(n_orbitals, n_beta)


def available_bytes() -> int:
    """Memory that is free now, or all there is where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def require_fits(
    n_orbitals: int, n_alpha: int, n_beta: int, *, what: str, limit_bytes: int | None = None
) -> int:
    """The number of determinants, refused when their vectors do not fit.

    Args:
        n_orbitals: Of the active space.
        n_alpha: Its electrons of spin up.
        n_beta: Its electrons of spin down.
        what: Who needs them, for the error.
        limit_bytes: Memory; None for what is free.

    Raises:
        TooLargeError: with determinants and bytes.
    """
    size = n_determinants(n_orbitals, n_alpha, n_beta)
    needed, limit = 8 * size * _VECTORS, available_bytes() if limit_bytes is None else limit_bytes
    if needed > limit:
        raise TooLargeError(
            f"{what} has {size:,} determinants ({n_alpha + n_beta} electrons in "
            f"{n_orbitals} orbitals) and needs"
            f" {needed:,} bytes ({needed / 2**30:,.3g} GiB), {limit / 2**30:.3g} GiB are there",
            hint="take fewer active orbitals, or methods that need no determinants: mp2, ccsd(t)",
        )
    return size


def require_integrals_fit(n_orbitals: int, *, limit_bytes: int | None = None) -> None:
    """Refuse an active space when its two-electron integrals, and a copy of them, do not fit.

    Raises:
        TooLargeError: with integrals and bytes.
    """
    needed, limit = 2 * 8 * n_orbitals**4, available_bytes() if limit_bytes is None else limit_bytes
    if needed > limit:
        raise TooLargeError(
            f"the active space has {n_orbitals**4:,} two-electron integrals ({n_orbitals} "
            "orbitals) and needs"
            f" {needed:,} bytes ({needed / 2**30:,.3g} GiB), {limit / 2**30:.3g} GiB are there",
            hint="take fewer active orbitals",
        )


def require_amplitudes_fit(
    n_occupied: int, n_virtual: int, *, limit_bytes: int | None = None
) -> None:
    """Refuse coupled cluster when its amplitudes and the intermediates of their size do not fit.

    Raises:
        TooLargeError: with amplitudes and bytes.
    """
    amplitudes = n_occupied**2 * n_virtual**2
    needed, limit = 8 * 8 * amplitudes, available_bytes() if limit_bytes is None else limit_bytes
    if needed > limit:
        raise TooLargeError(
            f"coupled cluster has {amplitudes:,} amplitudes ({n_occupied} occupied, "
            f"{n_virtual} empty orbitals) and needs"
            f" {needed:,} bytes ({needed / 2**30:,.3g} GiB), {limit / 2**30:.3g} GiB are there",
            hint="take a smaller basis, frozen_core = true, or mp2",
        )
