"""The contract of a method that finds an energy: electrons and integrals go in, an `Energy` comes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.base import SolverInfo, TracePoint

Floats = NDArray[np.float64]


class Electrons(Protocol):
    """What a method needs of a molecule: an active space of real orbitals."""

    @property
    def core_hartree(self) -> float:
        """Energy of nuclei and frozen electrons."""

    @property
    def h1_hartree(self) -> Floats:
        """(n, n) one-electron integrals."""

    @property
    def h2_hartree(self) -> Floats:
        """(n, n, n, n) two-electron integrals (pq|rs), chemists' order."""

    @property
    def n_alpha(self) -> int:
        """Electrons of spin up."""

    @property
    def n_beta(self) -> int:
        """Electrons of spin down."""


@dataclass(frozen=True, kw_only=True)
class Energy:
    """What a method found.

    Attributes:
        method: Its name in the table.
        energy_hartree: The energy; of several states the lowest.
        standard_error_hartree: 0 when computed exactly.
        variational: Whether the energy cannot lie below the exact one of this active space (beyond the standard error).
        converged: Whether the method ended by its own criterion.
        energies_hartree: All states that were asked for.
        evaluations, shots: Circuit evaluations with their gradients; measurements.
        wall_s: Seconds by stage.
        trace: Anytime.
        seed: Of everything random.
        spin_squared: <S^2> of the state (of several the one farthest from what was asked for); None where it is not known.
        backend: Where the energy was measured, "determinants" for our exact simulator.
        info: Further numbers worth printing, JSON-ready.
    """

    method: str
    energy_hartree: float
    standard_error_hartree: float = 0.0
    variational: bool
    converged: bool
    energies_hartree: tuple[float, ...] = ()
    evaluations: int = 0
    shots: int = 0
    wall_s: Mapping[str, float] = field(default_factory=dict)
    trace: tuple[TracePoint, ...] = ()
    seed: int = 0
    spin_squared: float | None = None
    backend: str = "determinants"
    info: Mapping[str, Any] = field(default_factory=dict)


class EnergyMethod(ABC):
    """One method. Options are the constructor's keyword arguments, each with a default."""

    @classmethod
    @abstractmethod
    def card(cls) -> SolverInfo:
        """Name, guarantee and citation; `max_variables` is spin orbitals."""

    @abstractmethod
    def solve(self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None) -> Energy:
        """Find the energy. Raises InputError when the active space is too large for the method."""
