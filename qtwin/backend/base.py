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
from qtwin.errors import InputError


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


def check(ansatz: Ansatz) -> None:
    """Refuse an ansatz that no backend could run; every backend calls this first.

    Raises:
        InputError: for a width, a reference value or a parameter index that does not fit, or for a layer whose strings do
            not commute (it is then no product of rotations), naming the first such pair.
    """
    n = ansatz.n_qubits
    if np.shape(ansatz.reference) != (n,) or not np.isin(ansatz.reference, (-1, 0, 1)).all():
        raise InputError(f"the reference is {ansatz.reference!r}, {n} values out of 0, 1 and -1 were wanted", hint="one a qubit")
    seen: list[PauliSum] = []
    for k, layer in enumerate(ansatz.layers):
        if layer.generator.n_qubits != n:
            raise InputError(f"layer {k} acts on {layer.generator.n_qubits} qubits, the ansatz has {n}", hint="widen the layer")
        if not 0 <= layer.parameter < ansatz.n_parameters:
            raise InputError(f"layer {k} wants parameter {layer.parameter} of {ansatz.n_parameters}", hint="count from 0")
        if not any(layer.generator is g for g in seen):
            seen.append(layer.generator)
            pair = anticommuting_pair(layer.generator)
            if pair:
                raise InputError(
                    f"layer {k} holds {pair[0]} and {pair[1]}, which do not commute", hint="put them in layers of their own"
                )


def check_observable(ansatz: Ansatz, observable: PauliSum) -> None:
    """Refuse an observable of another width than the ansatz (InputError)."""
    if observable.n_qubits != ansatz.n_qubits:
        raise InputError(
            f"the observable acts on {observable.n_qubits} qubits, the ansatz has {ansatz.n_qubits}",
            hint="use one variable order",
        )


def check_angles(ansatz: Ansatz, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (n_parameters,) angles as finite float64; InputError otherwise."""
    angles = np.asarray(theta, dtype=np.float64)
    if angles.shape != (ansatz.n_parameters,) or not np.isfinite(angles).all():
        raise InputError(f"angles of shape {angles.shape} came, {ansatz.n_parameters} finite ones were wanted", hint="in radians")
    return angles


def label(x: NDArray[np.bool_], z: NDArray[np.bool_]) -> str:
    """A Pauli string as text, for messages: X0 Z3; I for the identity."""
    return " ".join(f"{'IXZY'[int(a) + 2 * int(b)]}{i}" for i, (a, b) in enumerate(zip(x, z, strict=True)) if a or b) or "I"


def anticommuting_pair(generator: PauliSum) -> tuple[str, str] | None:
    """The first two strings that anticommute, as text; None when all commute."""
    if generator.is_diagonal or not generator.z.any():
        return None
    x, z = generator.x.astype(np.float32), generator.z.astype(np.float32)
    clash = np.argwhere((x @ z.T + z @ x.T) % 2 == 1)
    return (
        None
        if not len(clash)
        else (
            label(generator.x[clash[0][0]], generator.z[clash[0][0]]),
            label(generator.x[clash[0][1]], generator.z[clash[0][1]]),
        )
    )


def check_shots(shots: int) -> None:
    """Refuse fewer than one shot (InputError)."""
    if shots < 1:
        raise InputError(f"{shots} shots came, at least 1 was wanted", hint="leave shots out for an exact expectation")


def tally(bits: NDArray[np.uint8]) -> Samples:
    """(shots, n) single measurements to distinct rows with counts, in lexicographic order."""
    rows, counts = np.unique(np.ascontiguousarray(bits, dtype=np.uint8), axis=0, return_counts=True)
    return Samples(bits=rows, counts=counts.astype(np.int64))


def sampled_estimate(samples: Samples, observable: PauliSum) -> Estimate:
    """Mean of a diagonal observable over samples, with the standard error s / sqrt(shots) (NaN from one shot).

    Raises:
        InputError: when a string is not diagonal: measuring all qubits in the Z basis says nothing about it.
    """
    if not observable.is_diagonal:
        raise InputError(
            "an observable with X or Y came, shots are taken in the Z basis", hint="leave shots out for the exact expectation"
        )
    parity = (samples.bits.astype(np.float64) @ observable.z.T.astype(np.float64)) % 2
    values = (1.0 - 2.0 * parity) @ observable.coefficients
    shots = samples.shots
    mean = float(samples.counts @ values) / shots
    spread = float(samples.counts @ (values - mean) ** 2)
    error = float(np.sqrt(spread / (shots - 1) / shots)) if shots > 1 else float("nan")
    return Estimate(value=mean, standard_error=error)
