"""The question of energy as every method receives it: molecule, mean field, active space, integrals."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qtwin.problem.molecule.active_space import ActiveSpace, everything
from qtwin.problem.molecule.integrals import Integrals, integrals
from qtwin.problem.molecule.mean_field import MeanField
from qtwin.problem.molecule.memory import n_determinants, require_integrals_fit
from qtwin.problem.molecule.molecule import Molecule

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class MolecularProblem:
    """A molecule and the electrons that a method treats.

    Methods of the active space read the integrals, which are made when first asked for; methods of the whole molecule start from
    the mean field.

    Attributes:
        molecule: Nuclei, electrons, basis.
        mean_field: Converged.
        space: The active space.
        n_frozen: Core orbitals that correlated methods of the whole molecule leave alone.
        memory_bytes: What a method may use; None for what is free.
        informs: The decision about the patient that the energy informs; empty for validation molecules.
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
        """Whether the active space holds everything that correlated methods of the whole molecule treat."""
        return self.space.core.shape[1] == self.n_frozen and self.space.n_orbitals == self.mean_field.n_orbitals - self.n_frozen

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
