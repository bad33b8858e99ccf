"""The contract between an algorithm and a machine: an `Ansatz` goes in, `Samples` or an `Estimate` come out.

To add a backend: write one file with a final subclass of `Backend`, add one line to `qtwin.backend.TABLE` (or an entry
point in the group ``qtwin.backends``), and run ``tests/contracts/test_backends.py``, which reads the table.
No vendor circuit crosses this file: every backend compiles the Pauli sums of the ansatz its own way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.pauli import PauliSum


@dataclass(frozen=True, kw_only=True)
class Layer:
    """exp(-i theta[parameter] H) for a sum H of mutually commuting Pauli strings."""

    generator: PauliSum
    parameter: int


@dataclass(frozen=True, kw_only=True)
class Ansatz:
    """A parameterised circuit: a reference state, then layers in order.

    Attributes:
        n_qubits: Width.
        reference: (n,) values: 0 or 1 for |0>, |1>; -1 for |+>.
        layers: Applied first to last.
        n_parameters: Length of the parameter vector; several layers may share one.
    """

    n_qubits: int
    reference: NDArray[np.int8]
    layers: tuple[Layer, ...]
    n_parameters: int


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Distinct measured bit strings and how often each came.

    Attributes:
        bits: (m, n) uint8; column i is qubit i.
        counts: (m,) int64, all positive.
    """

    bits: NDArray[np.uint8]
    counts: NDArray[np.int64]

    @property
    def shots(self) -> int:
        """Total number of shots."""
        return int(self.counts.sum())


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """An expectation value. `standard_error` is 0 when it was computed exactly."""

    value: float
    standard_error: float
    unit: str = "1"


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a backend can do, for listings and for refusing early."""

    name: str
    summary: str
    max_qubits: int
    exact: bool
    vendor: str = ""
    versions: dict[str, str] = field(default_factory=dict)


class Backend(ABC):
    """A machine, real or simulated, on which an `Ansatz` runs."""

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this backend can do."""

    @abstractmethod
    def sample(self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int) -> Samples:
        """Measure all qubits `shots` times at the (n_parameters,) angles `theta` in radians; equal seeds give equal samples."""

    @abstractmethod
    def expectation(
        self, ansatz: Ansatz, theta: NDArray[np.float64], observable: PauliSum, *, shots: int | None = None, seed: int = 0
    ) -> Estimate:
        """<observable>, exactly when `shots` is None, else from that many shots with its standard error."""
