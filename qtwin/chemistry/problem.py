"""The question of energy as every method receives it: molecule, mean field, active space, and the
integrals in it.

The frozen core becomes an energy and a field:

    E_core = E_nuclei + sum_i (h_ii + F_ii),   h_eff = h + sum_i (2 J_i - K_i),

and (pq|rs) of the active orbitals.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.active_space import (
    ActiveSpace,
    avas,
    by_hand,
    everything,
    frontier,
    natural_orbitals,
)
from qtwin.chemistry.mean_field import MeanField, mean_field
from qtwin.chemistry.molecule import Molecule, n_determinants, require_integrals_fit
from qtwin.chemistry.pyscf_access import pyscf_molecule
from qtwin.errors import InputError, unknown_name

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Integrals:
    """What a method needs of an active space.

    Attributes:
        core_hartree: Energy of nuclei and frozen electrons.
        h1_hartree: (n, n).
        h2_hartree: (n, n, n, n) chemists' order (pq|rs).
    """

    core_hartree: float
    h1_hartree: Floats
    h2_hartree: Floats


def integrals(molecule: Molecule, space: ActiveSpace) -> Integrals:
    """Transform them out of the basis."""
    from pyscf import ao2mo, scf

    mole = pyscf_molecule(molecule)
    hcore = scf.hf.get_hcore(mole)
    core, inactive = float(mole.energy_nuc()), hcore
    if space.core.shape[1]:
        density = 2.0 * space.core @ space.core.T
        coulomb, exchange = scf.hf.get_jk(mole, density)
        mean = coulomb - 0.5 * exchange
        inactive = hcore + mean
        core += float(np.einsum("pq,pq->", density, hcore + 0.5 * mean))
    h1 = space.orbitals.T @ inactive @ space.orbitals
    h2 = np.asarray(
        ao2mo.restore(1, ao2mo.kernel(mole, space.orbitals), space.n_orbitals), dtype=np.float64
    )
    h1 = np.ascontiguousarray(0.5 * (h1 + h1.T))
    h1.flags.writeable = h2.flags.writeable = False
    return Integrals(core_hartree=core, h1_hartree=h1, h2_hartree=h2)


@dataclass(frozen=True, kw_only=True, eq=False)
class MolecularProblem:
    """A molecule and the electrons that a method treats.

    Methods of the active space read the integrals, which are made when first asked for; methods of
    the whole molecule start from the mean field.

    Attributes:
        molecule: Nuclei, electrons, basis.
        mean_field: Converged.
        space: The active space.
        n_frozen: Core orbitals that correlated methods of the whole molecule leave alone.
        memory_bytes: What a method may use; None for what is free.
        informs: The decision about the patient that the energy informs; empty for validation
            molecules.
    """

    molecule: Molecule
    mean_field: MeanField
    space: ActiveSpace
    n_frozen: int = 0
    memory_bytes: int | None = None
    informs: str = ""
    _made: dict[str, float] = field(default_factory=dict, repr=False)

    @cached_property
    def integrals(self) -> Integrals:
        """Of the active space.

        Raises:
            TooLargeError: when they do not fit into memory.
        """
        require_integrals_fit(self.space.n_orbitals, limit_bytes=self.memory_bytes)
        began = time.perf_counter()
        found = integrals(self.molecule, self.space)
        self._made["integrals"] = time.perf_counter() - began
        return found

    @property
    def integrals_s(self) -> float:
        """Seconds that the integrals took; 0 before they were asked for."""
        return self._made.get("integrals", 0.0)

    @property
    def core_hartree(self) -> float:
        """Energy of nuclei and frozen electrons."""
        return self.integrals.core_hartree

    @property
    def h1_hartree(self) -> Floats:
        """(n, n) one-electron integrals."""
        return self.integrals.h1_hartree

    @property
    def h2_hartree(self) -> Floats:
        """(n, n, n, n) two-electron integrals (pq|rs), chemists' order."""
        return self.integrals.h2_hartree

    @property
    def n_alpha(self) -> int:
        """Active electrons of spin up."""
        return self.space.n_alpha

    @property
    def n_beta(self) -> int:
        """Active electrons of spin down."""
        return self.space.n_beta

    @property
    def n_determinants(self) -> int:
        """Of the active space."""
        return n_determinants(self.space.n_orbitals, self.n_alpha, self.n_beta)

    @property
    def is_whole(self) -> bool:
        """Whether the active space holds everything that correlated methods of the whole molecule
        treat.
        """
        return (
            self.space.core.shape[1] == self.n_frozen
            and self.space.n_orbitals == self.mean_field.n_orbitals - self.n_frozen
        )

    @cached_property
    def whole(self) -> MolecularProblem:
        """The same molecule with all electrons, but frozen cores, in all orbitals."""
        return MolecularProblem(
            molecule=self.molecule,
            mean_field=self.mean_field,
            space=everything(self.mean_field, self.n_frozen),
            n_frozen=self.n_frozen,
            memory_bytes=self.memory_bytes,
            informs=self.informs,
        )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How the active space is chosen.

    Attributes:
        scheme: A name in `SCHEMES`; "auto" takes the first of hand, AVAS, frontier, all that what
            is given allows.
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
        raise InputError(
            'expected active_space = "all" without sizes, got sizes',
            hint="leave active_electrons and active_orbitals out",
        )
    return everything(field, frozen)


def _sizes(choice: Choice) -> tuple[int, int]:
    if choice.electrons is None or choice.orbitals is None:
        raise InputError(
            "active_space by the frontier needs active_electrons and active_orbitals",
            hint="give both, such as 4 and 4",
        )
    return choice.electrons, choice.orbitals


def _frontier(molecule: Molecule, field: MeanField, choice: Choice, frozen: int) -> ActiveSpace:
    return frontier(field, *_sizes(choice))


def _by_hand(molecule: Molecule, field: MeanField, choice: Choice, frozen: int) -> ActiveSpace:
    if choice.electrons is None or choice.orbitals not in (None, len(choice.numbers)):
        raise InputError(
            f"got {len(choice.numbers)} orbitals by hand with active_electrons "
            f"{choice.electrons} and active_orbitals"
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
            f"got active_electrons {choice.electrons} and active_orbitals {choice.orbitals}",
            hint="give both, or neither",
        )
    if choice.scheme != "auto":
        return choice.scheme
    return (
        "by hand"
        if choice.numbers
        else "avas"
        if choice.labels
        else "all"
        if choice.electrons is None
        else "frontier"
    )


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
