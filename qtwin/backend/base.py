"""The contract between an algorithm and a machine: an `Ansatz` goes in, `Samples` or an `Estimate`
come out.

To add a backend: write one file with a final subclass of `Backend`, add one line to
`qtwin.backend.TABLE` (or an entry point in the group ``qtwin.backends``), and run
``tests/contracts/test_backends.py``, which reads the table. No vendor circuit crosses this file:
every backend compiles the Pauli sums of the ansatz its own way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.pauli import Group, Grouping, PauliSum, groups
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

    Example:
        >>> import qtwin as qt
        >>> from qtwin.solver.quantum.qaoa import ansatz
        >>> circuit = ansatz(qt.BinaryPolynomial.of(2, {(0, 1): 1.0}), 3)
        >>> circuit.n_qubits, circuit.n_parameters
        (2, 6)
    """

    n_qubits: int
    reference: NDArray[np.int8]
    layers: tuple[Layer, ...]
    n_parameters: int


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Distinct measured bit strings and how often each was measured.

    Attributes:
        bits: (m, n) uint8; column i is qubit i.
        counts: (m,) int64, all positive.

    Raises:
        InputError: for other shapes or values.

    Example:
        >>> import qtwin as qt
        >>> import numpy as np
        >>> samples = qt.Samples(bits=np.array([[0, 1], [1, 1]]), counts=np.array([60, 40]))
        >>> samples.shots
        100
    """

    bits: NDArray[np.uint8]
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        bits, counts = np.asarray(self.bits), np.asarray(self.counts)
        if bits.ndim != 2 or counts.shape != (len(bits),):
            raise InputError(
                f"expected bits (m, n) and counts (m,), got shapes {bits.shape} and {counts.shape}",
                hint="one count a row of bits",
            )
        if counts.dtype.kind not in "iu" or (counts <= 0).any():
            raise InputError(
                "expected positive whole numbers as counts, got others",
                hint="leave out what was never measured",
            )
        if bits.dtype.kind not in "iub" or (
            bits.size and not 0 <= int(bits.min()) <= int(bits.max()) <= 1
        ):
            raise InputError("expected bits 0 and 1, got others", hint="spins are 1 - 2 x")

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
    """A machine, real or simulated, on which an `Ansatz` runs.

    Example:
        >>> import qtwin as qt
        >>> from qtwin.backend import registry
        >>> registry.load('fake:fez').capabilities().exact
        False
    """

    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this backend can do."""

    @abstractmethod
    def sample(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int
    ) -> Samples:
        """Measure all qubits `shots` times at the (n_parameters,) angles `theta` in radians; equal
        seeds give equal samples.
        """

    @abstractmethod
    def expectation(
        self,
        ansatz: Ansatz,
        theta: NDArray[np.float64],
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        """<observable>, exactly when `shots` is None, else from that many shots with its standard
        error.
        """


@runtime_checkable
class Broadcasting(Protocol):
    """A backend that compiles an ansatz once and runs many angle sets as one job."""

    def sample_many(
        self, ansatz: Ansatz, thetas: NDArray[np.float64], *, shots: int, seed: int
    ) -> list[Samples]:
        """One `Samples` for each of the (k, n_parameters) angle sets."""


@runtime_checkable
class Noisy(Protocol):
    """A backend whose errors can be measured and raised: what mitigation needs."""

    def calibration(self, ansatz: Ansatz, *, shots: int, seed: int) -> tuple[Samples, Samples]:
        """All qubits prepared in 0, then in 1, and read out where this ansatz is; `shots` each."""

    def sample_amplified(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int, factor: int
    ) -> Samples:
        """As `sample`, with every two-qubit gate played `factor` times, an odd number (forwards and
        backwards in turn).
        """


def sample_many(
    backend: Backend, ansatz: Ansatz, thetas: NDArray[np.float64], *, shots: int, seed: int
) -> list[Samples]:
    """One `Samples` for each of the (k, n_parameters) angle sets: one job where the backend can,
    else one after another.
    """
    if isinstance(backend, Broadcasting):
        return backend.sample_many(ansatz, thetas, shots=shots, seed=seed)
    seeds = np.random.default_rng(seed).integers(2**62, size=len(thetas))
    return [
        backend.sample(ansatz, theta, shots=shots, seed=int(s))
        for theta, s in zip(thetas, seeds, strict=True)
    ]


def check(ansatz: Ansatz) -> None:
    """Refuse an ansatz that no backend could run; every backend calls this first.

    Raises:
        InputError: for a width, a reference value or a parameter index that does not fit, or for a
            layer whose strings do not commute (it is then no product of rotations), naming the
            first such pair.
    """
    n = ansatz.n_qubits
    if np.shape(ansatz.reference) != (n,) or not np.isin(ansatz.reference, (-1, 0, 1)).all():
        raise InputError(
            f"expected a reference of {n} values out of 0, 1 and -1, got {ansatz.reference!r}",
            hint="one a qubit",
        )
    seen: list[PauliSum] = []
    for k, layer in enumerate(ansatz.layers):
        if layer.generator.n_qubits != n:
            raise InputError(
                f"layer {k} acts on {layer.generator.n_qubits} qubits, the ansatz has {n}",
                hint="widen the layer",
            )
        if not 0 <= layer.parameter < ansatz.n_parameters:
            raise InputError(
                f"layer {k} names parameter {layer.parameter} of {ansatz.n_parameters}",
                hint="count from 0",
            )
        if not any(layer.generator is g for g in seen):
            seen.append(layer.generator)
            pair = anticommuting_pair(layer.generator)
            if pair:
                raise InputError(
                    f"layer {k} holds {pair[0]} and {pair[1]}, which do not commute",
                    hint="put them in layers of their own",
                )


def check_observable(ansatz: Ansatz, observable: PauliSum) -> None:
    """Refuse an observable of another width than the ansatz (InputError)."""
    if observable.n_qubits != ansatz.n_qubits:
        raise InputError(
            f"the observable acts on {observable.n_qubits} qubits, the ansatz has "
            f"{ansatz.n_qubits}",
            hint="use one variable order",
        )


def check_angles(n_parameters: int, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (n_parameters,) angles as contiguous finite float64; InputError otherwise."""
    angles = np.ascontiguousarray(theta, dtype=np.float64)
    if angles.shape != (n_parameters,) or not np.isfinite(angles).all():
        raise InputError(
            f"expected {n_parameters} finite angles, got shape {angles.shape}", hint="in radians"
        )
    return angles


def label(x: NDArray[np.bool_], z: NDArray[np.bool_]) -> str:
    """A Pauli string as text, for messages: X0 Z3; I for the identity."""
    return (
        " ".join(
            f"{'IXZY'[int(a) + 2 * int(b)]}{i}"
            for i, (a, b) in enumerate(zip(x, z, strict=True))
            if a or b
        )
        or "I"
    )


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
        raise InputError(
            f"expected at least 1 shot, got {shots}",
            hint="leave shots out for an exact expectation",
        )


def tally(bits: NDArray[np.uint8]) -> Samples:
    """(shots, n) single measurements to distinct rows with counts, in lexicographic order."""
    n = bits.shape[1]
    if n > 62:
        rows, counts = np.unique(
            np.ascontiguousarray(bits, dtype=np.uint8), axis=0, return_counts=True
        )
        return Samples(bits=rows, counts=counts.astype(np.int64))
    # the first column is the highest bit: numbers in order are rows in order
    places = np.arange(n - 1, -1, -1, dtype=np.int64)
    numbers, counts = np.unique(bits.astype(np.int64) @ (np.int64(1) << places), return_counts=True)
    return Samples(
        bits=(numbers[:, None] >> places & 1).astype(np.uint8), counts=counts.astype(np.int64)
    )


class Sampler(Protocol):
    """`Backend.sample`."""

    def __call__(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int
    ) -> Samples:
        """Measure all qubits."""


def sampled_expectation(
    sample: Sampler,
    ansatz: Ansatz,
    theta: NDArray[np.float64],
    observable: PauliSum,
    *,
    shots: int,
    seed: int,
    grouping: Grouping = "qubit-wise",
    allocation: Literal["weight", "variance"] = "weight",
) -> Estimate:
    """<observable> from shots: each group of strings that can be measured together in its own
    basis, with its share of the shots.

    Shots are shared in proportion to the root of the summed squares of a group's coefficients, or,
    by "variance", a tenth of them in that way (ten a group at least) and the others in proportion
    to the spread that these show (Neyman). Spreads include the covariances within a group; groups
    are independent. A diagonal observable is one group in the basis there is.

    Raises:
        InputError: for fewer than two shots a group (four by "variance"), or what `sample` refuses.
    """
    check_observable(ansatz, observable)
    check_shots(shots)
    if observable.is_diagonal:
        return sampled_estimate(sample(ansatz, theta, shots=shots, seed=seed), observable)
    found = groups(observable, grouping)
    least = 2 if allocation == "weight" else 4
    if shots < least * len(found):
        raise InputError(
            f"expected at least {least} shots a group, got {shots} for {len(found)} groups "
            "of strings",
            hint="take more shots, or group by general commutation",
        )
    constant = float(observable.coefficients[~(observable.x | observable.z).any(axis=1)].sum())
    weights = np.array([float(np.linalg.norm(g.diagonal.coefficients)) for g in found])
    rng = np.random.default_rng(seed)
    seen: list[list[Samples]] = [[] for _ in found]

    def draw(share: NDArray[np.int64]) -> list[tuple[float, float, int]]:
        for g, (group, m) in enumerate(zip(found, share, strict=True)):
            if m:
                seen[g].append(
                    sample(
                        *in_basis(ansatz, theta, group), shots=int(m), seed=int(rng.integers(2**62))
                    )
                )
        results = [moments(s, g.diagonal) for s, g in zip(seen, found, strict=True)]
        # one shot of the spread that strings of random signs would have: few shots may show no
        # spread by chance
        return [
            (mean, (v * (m - 1) + w**2) / m, m)
            for (mean, v, m), w in zip(results, weights, strict=True)
        ]

    if allocation == "weight":
        results = draw(shared(shots, weights))
    else:
        pilot = min(shots // 2, max(shots // 10, 10 * len(found)))
        spread = np.sqrt([variance for _, variance, _ in draw(shared(pilot, weights))])
        results = draw(shared(shots - pilot, np.maximum(spread, 0.1 * weights), least=0))
    error = float(np.sqrt(sum(variance / m for _, variance, m in results)))
    return Estimate(value=constant + sum(mean for mean, _, _ in results), standard_error=error)


def shared(total: int, weights: NDArray[np.float64], *, least: int = 2) -> NDArray[np.int64]:
    """(k,) whole shots that add up to `total`, `least` each and the others in proportion to the
    weights.
    """
    free = total - least * len(weights)
    exact = free * weights / weights.sum()
    share: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    share[np.argsort(share - exact, kind="stable")[: free - int(share.sum())]] += 1
    share += least
    return share


def in_basis(
    ansatz: Ansatz, theta: NDArray[np.float64], group: Group
) -> tuple[Ansatz, NDArray[np.float64]]:
    """The ansatz with the group's change of basis behind it, and its angles."""
    if not group.rotations:
        return ansatz, theta
    turns = tuple(Layer(generator=q, parameter=ansatz.n_parameters) for q in group.rotations)
    longer = Ansatz(
        n_qubits=ansatz.n_qubits,
        reference=ansatz.reference,
        layers=ansatz.layers + turns,
        n_parameters=ansatz.n_parameters + 1,
    )
    return longer, np.append(check_angles(ansatz.n_parameters, theta), np.pi / 4)


def moments(samples: Sequence[Samples], observable: PauliSum) -> tuple[float, float, int]:
    """Mean and variance of a shot of a diagonal observable, and the number of shots; the variance
    is NaN for one shot.
    """
    bits = np.concatenate([s.bits for s in samples]).astype(np.float64)
    counts = np.concatenate([s.counts for s in samples])
    values = (
        1.0 - 2.0 * ((bits @ observable.z.T.astype(np.float64)) % 2)
    ) @ observable.coefficients
    shots = int(counts.sum())
    mean = float(counts @ values) / shots
    spread = float(counts @ (values - mean) ** 2)
    return mean, spread / (shots - 1) if shots > 1 else float("nan"), shots


def sampled_estimate(samples: Samples, observable: PauliSum) -> Estimate:
    """Mean of a diagonal observable over samples, with the standard error s / sqrt(shots) (NaN from
    one shot).

    Raises:
        InputError: when a string is not diagonal: measuring all qubits in the Z basis says nothing
            about it.
    """
    if not observable.is_diagonal:
        raise InputError(
            "expected an observable of Z alone with shots, got one with X or Y",
            hint="leave shots out for the exact expectation",
        )
    mean, variance, shots = moments([samples], observable)
    return Estimate(value=mean, standard_error=float(np.sqrt(variance / shots)))
