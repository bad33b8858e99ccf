"""The contract of a method that finds an energy: electrons and integrals go in, an `Energy` comes
out.
"""

from __future__ import annotations

import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import FrameType
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
        variational: Whether the energy cannot lie below the exact one of this active space (beyond
            the standard error).
        converged: Whether the method ended by its own criterion.
        energies_hartree: All states that were asked for.
        evaluations, shots: Circuit evaluations with their gradients; measurements.
        wall_s: Seconds by stage.
        trace: Anytime.
        seed: Of everything random.
        spin_squared: <S^2> of the state (of several the one farthest from what was asked for); None
            where it is not known.
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
    def solve(
        self, molecule: Electrons, *, seed: int = 0, time_limit_s: float | None = None
    ) -> Energy:
        """Find the energy. Raises InputError when the active space is too large for the method."""


# How much of a method's time is left, and an end to what does not look at the clock: linear
# algebra, other packages, set-up.

_AGAIN_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """When a method that began at `began` (of `time.perf_counter`) has to end; never without a
    limit.
    """

    began: float
    limit_s: float | None

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, at least 0."""
        return (
            None
            if self.limit_s is None
            else max(0.0, self.began + self.limit_s - time.perf_counter())
        )

    def is_past(self) -> bool:
        """Whether nothing is left."""
        return self.left_s == 0.0

    def share(self, part: float) -> float | None:
        """That part of what is left, in seconds."""
        left = self.left_s
        return None if left is None else part * left


class OutOfTime(BaseException):
    """The time of a method is over."""


def grace_s(limit_s: float) -> float:
    """What a method that minds the clock itself gets beyond its limit to end in good order: 8 %, or
    0.8 s.
    """
    return 0.8 * max(0.1 * limit_s, 1.0)


@contextmanager
def ended_after(limit_s: float | None) -> Iterator[None]:
    """Raise `OutOfTime` in the body when the limit and its grace are over, and again until it ends.

    Without a limit, in other threads than the main one and where the system has no timers, nothing
    is raised.
    """
    timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if limit_s is None or not timed:
        yield
        return

    def over(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, over)
    try:
        signal.setitimer(signal.ITIMER_REAL, limit_s + grace_s(limit_s), _AGAIN_S)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


# Machine code of the determinant simulators, made or loaded before the clock of a method starts.


@lru_cache(maxsize=1)
def load_compiled_code() -> None:
    """Run everything that is compiled once, on a bond in two orbitals, about that of H2 in a
    minimal basis.
    """
    from qtwin.chemistry.determinants.complex_simulator import ComplexDeterminantSimulator
    from qtwin.chemistry.determinants.hamiltonian import product_threaded
    from qtwin.chemistry.determinants.minimise import Limits
    from qtwin.chemistry.determinants.simulator import DeterminantSimulator
    from qtwin.chemistry.excitation import lucj, uccsd

    same = np.eye(2)
    h1, h2 = np.diag([-1.25, -0.48]), 0.67 * np.einsum("pq,rs->pqrs", same, same)
    for p, q in ((0, 1), (1, 0)):
        h2[p, q, p, q] = h2[p, q, q, p] = 0.18
    few = Limits(evaluations=2)
    real = DeterminantSimulator(h1, h2, 0.71, uccsd(2, 1, 1), symmetric=True)
    zero = np.zeros(real.ansatz.n_parameters)
    state = real.state(zero)
    real.minimise(zero, few)
    real.value_and_gradient(zero, repelled_by=[state], shift_hartree=1.0)
    real.slopes(state)
    phased = ComplexDeterminantSimulator(h1, h2, 0.71, lucj(2, 1, 1))
    phased.minimise(np.zeros(phased.ansatz.n_parameters), few)
    phased.value_and_gradient(np.zeros(phased.ansatz.n_parameters))
    h = real.hamiltonian
    product_threaded(h.start, h.column, h.value_hartree, state, np.empty_like(state))
