"""What every variational optimiser does at its end: measure the trained circuit, pick the best
feasible shot, tell the costs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer, Samples
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import PauliSum, diagonal, transverse_field
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, TracePoint
from qtwin.solver.variational import resources
from qtwin.solver.variational.sampled import best_feasible, collect, summary

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Angles and what they cost.

    Attributes:
        theta: (n_parameters,) in radians.
        evaluations: Circuit evaluations, each with its gradient where there is one.
        shots: Measurements during the training.
        wall_s: Time.
        complete: Whether the optimiser ended by its own criterion.
        trace: Objective of the training against time.
    """

    theta: Floats
    evaluations: int
    shots: int = 0
    wall_s: float
    complete: bool = True
    trace: tuple[TracePoint, ...] = ()


def check_width(instance: Instance, most: int, method: str) -> None:
    """Refuse more variables than the method can hold, and constraints that its energy lacks
    (InputError).
    """
    instance.encoding.check_written(method)
    n = instance.encoding.polynomial.n_variables
    if not 1 <= n <= most:
        raise InputError(
            f"expected 1 to {most} variables for {method}, got {n}",
            hint="take candidates out, or use a classical solver",
        )


def check_positive(**options: float) -> None:
    """Refuse options that are not positive (InputError)."""
    for name, value in options.items():
        if not value > 0:
            raise InputError(f"expected a positive {name}, got {value}", hint=f"raise {name}")


def measured(
    name: str,
    instance: Instance,
    backend: Backend,
    circuit: Ansatz,
    trained: Trained,
    *,
    shots: int,
    seed: int,
    info: Mapping[str, Any],
    counted: Ansatz | None = None,
) -> Result:
    """Measure the circuit at the trained angles and answer with the best feasible shot; idle qubits
    come after the variables.

    `counted` is the circuit whose gates are counted, where it is another one with the same gates in
    a better order.
    """
    mark = time.perf_counter()
    raw = backend.sample(circuit, trained.theta, shots=shots, seed=seed)
    executed = time.perf_counter()
    return answered(
        name,
        instance.encoding,
        collect(raw.bits[:, : instance.encoding.polynomial.n_variables], raw.counts),
        backend=backend.capabilities().name,
        evaluations=trained.evaluations,
        training_shots=trained.shots,
        complete=trained.complete,
        wall_s={"training": trained.wall_s, "execution": executed - mark},
        seed=seed,
        info={
            "theta": trained.theta.tolist(),
            "n_qubits": circuit.n_qubits,
            "parameters": circuit.n_parameters,
            "resources": resources.of_circuit(
                circuit if counted is None else counted,
                shots=shots,
                evaluations=trained.evaluations,
                training_shots=trained.shots,
            ),
            **info,
        },
    )


def answered(
    name: str,
    encoding: BinaryModel,
    samples: Samples,
    *,
    backend: str,
    evaluations: int,
    training_shots: int,
    complete: bool,
    wall_s: Mapping[str, float],
    seed: int,
    info: Mapping[str, Any],
) -> Result:
    """The result of samples that were drawn already."""
    mark = time.perf_counter()
    bits, energy = best_feasible(encoding, samples.bits)
    seen = summary(encoding, samples)
    wall = {**wall_s, "reading out": time.perf_counter() - mark}
    trace = (
        ()
        if bits is None
        else (
            TracePoint(
                time_s=sum(wall.values()), evaluations=max(evaluations, 1), best_energy=energy
            ),
        )
    )
    return Result(
        solver=name,
        backend=backend,
        status="infeasible" if bits is None else "feasible" if complete else "time limit",
        bits=bits,
        energy=energy,
        samples=samples,
        trace=trace,
        shots=samples.shots + training_shots,
        evaluations=max(evaluations, 1),
        wall_s=wall,
        seed=seed,
        info=seen | dict(info),
    )


def drawn(probabilities: Floats, shots: int, seed: int) -> Samples:
    """Shots from a distribution over all 2^n assignments."""
    n = int(probabilities.size).bit_length() - 1
    weight = np.maximum(probabilities, 0.0)
    counts = np.random.default_rng(seed).multinomial(shots, weight / weight.sum())
    kept = np.flatnonzero(counts)
    bits = (kept[:, None] >> np.arange(n) & 1).astype(np.uint8)
    return collect(bits, counts[kept])


def observable_of(values: Floats) -> PauliSum:
    """The diagonal operator with these 2^n eigenvalues, by a Walsh-Hadamard transform; for few
    qubits, it has 2^n strings.
    """
    coefficients = np.array(values, dtype=np.float64)
    n = coefficients.size.bit_length() - 1
    for i in range(n):
        halves = coefficients.reshape(-1, 2, 1 << i)
        low, high = halves[:, 0].copy(), halves[:, 1].copy()
        halves[:, 0], halves[:, 1] = (low + high) / 2.0, (low - high) / 2.0
    z = (np.arange(coefficients.size)[:, None] >> np.arange(n) & 1).astype(np.bool_)
    return PauliSum(x=np.zeros_like(z), z=z, coefficients=coefficients)


# The circuit of QAOA.
#
#     |theta> = prod_l exp(-i beta_l B) exp(-i gamma_l C) |+>,   B = sum_i X_i,   theta = (gamma_1,
#     beta_1, gamma_2, beta_2, ...)
#
# C is the encoded energy without its constant, divided by `cost_scale`, so that good angles are of
# order one whatever the unit of the energy. |+> is the top state of B, hence of -B the bottom: the
# schedule that leads down to the minimum of C has gamma > 0 and beta < 0 (or both signs turned,
# which gives the same energy).


def cost_scale(polynomial: BinaryPolynomial) -> float:
    """Root mean square, over the qubits, of the local field that the Ising terms exert on a qubit
    in a random assignment.

    With C / scale a cost layer of angle gamma turns a typical qubit by about 2 gamma (compare
    Sureshbabu et al. 2024, Quantum 8:1231, who scale by the root mean square coupling). 1 for a
    constant.
    """
    h = diagonal(polynomial)
    squares = float((h.z.sum(axis=1) * h.coefficients**2).sum()) / max(h.n_qubits, 1)
    return float(np.sqrt(squares)) if squares > 0 else 1.0


def scaled_cost(polynomial: BinaryPolynomial) -> PauliSum:
    """The scaled cost Hamiltonian, without the identity."""
    h = diagonal(polynomial)
    kept = h.z.any(axis=1)
    return PauliSum(
        x=h.x[kept], z=h.z[kept], coefficients=h.coefficients[kept] / cost_scale(polynomial)
    )


def mean_energy(polynomial: BinaryPolynomial) -> float:
    """Mean energy over all assignments: what the scaled cost leaves out."""
    return sum(c / 2.0 ** len(t) for t, c in polynomial.terms.items())


def ansatz(polynomial: BinaryPolynomial, layers: int) -> Ansatz:
    """The circuit: |+>, then `layers` times the scaled cost (gamma_l) and the mixer (beta_l); 2 x
    layers parameters.

    Raises:
        InputError: for fewer than one layer or no variable.
    """
    n = polynomial.n_variables
    if layers < 1 or n < 1:
        raise InputError(
            f"expected at least 1 layer and 1 qubit, got {layers} and {n}", hint="raise layers"
        )
    cost, mixer = scaled_cost(polynomial), transverse_field(n)
    pairs = [
        (Layer(generator=cost, parameter=2 * k), Layer(generator=mixer, parameter=2 * k + 1))
        for k in range(layers)
    ]
    return Ansatz(
        n_qubits=n,
        reference=np.full(n, -1, dtype=np.int8),
        layers=tuple(layer for pair in pairs for layer in pair),
        n_parameters=2 * layers,
    )


# Circuits that several quantum solvers share.


def brickwork(n: int, layers: int) -> Ansatz:
    """From |0...0>: Y rotations, then `layers` times ZX entanglers along a line and Y rotations;
    all angles free.
    """
    found: list[Layer] = []

    def add(x: list[int], z: list[int]) -> None:
        flips, signs = np.zeros((1, n), dtype=np.bool_), np.zeros((1, n), dtype=np.bool_)
        flips[0, x], signs[0, z] = True, True
        found.append(
            Layer(
                generator=PauliSum(x=flips, z=signs, coefficients=np.ones(1)), parameter=len(found)
            )
        )

    for i in range(n):
        add([i], [i])
    for _ in range(layers):
        for first in (0, 1):
            for i in range(first, n - 1, 2):
                add([i + 1], [i])
        for i in range(n):
            add([i], [i])
    return Ansatz(
        n_qubits=n,
        reference=np.zeros(n, dtype=np.int8),
        layers=tuple(found),
        n_parameters=len(found),
    )


# Circuits with turns that nobody trains: preparations, changes of basis, angles computed
# beforehand.
#
# An ansatz knows only parameters. Here every fixed turn exp(-i a H) is the layer of a H that
# belongs to one parameter more, the last, which is held at 1. So every backend runs such circuits
# as it runs all others.

Array = NDArray[np.float64]
Turn = tuple[PauliSum, int | None]
"""A generator, and its free parameter; None for a fixed turn by its own coefficients."""


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """An ansatz and how many of its parameters are free; the rest is the one held at 1.

    Attributes:
        ansatz: What backends run.
        free: Number of free parameters, the first ones.
    """

    ansatz: Ansatz
    free: int

    def full(self, theta: Array) -> Array:
        """(n_parameters,) angles of the ansatz from the (free,) free ones."""
        return np.append(theta, np.ones(self.ansatz.n_parameters - self.free))


def circuit(
    n_qubits: int, turns: Sequence[Turn], *, free: int, reference: NDArray[np.int8] | None = None
) -> Circuit:
    """The circuit of these turns in order, from |0...0> or another reference."""
    start = (
        np.zeros(n_qubits, dtype=np.int8)
        if reference is None
        else np.asarray(reference, dtype=np.int8)
    )
    held = any(place is None for _, place in turns)
    layers = tuple(
        Layer(generator=h, parameter=free if place is None else place) for h, place in turns
    )
    return Circuit(
        ansatz=Ansatz(n_qubits=n_qubits, reference=start, layers=layers, n_parameters=free + held),
        free=free,
    )


def scaled(h: PauliSum, factor: float) -> PauliSum:
    """The sum times a number."""
    return PauliSum(x=h.x, z=h.z, coefficients=h.coefficients * factor)


def strings(n_qubits: int, words: Sequence[tuple[Sequence[int], Sequence[int], float]]) -> PauliSum:
    """A sum from (qubits with an X part, qubits with a Z part, coefficient); both parts make a
    Y.
    """
    x, z = (
        np.zeros((len(words), n_qubits), dtype=np.bool_),
        np.zeros((len(words), n_qubits), dtype=np.bool_),
    )
    for row, (flips, signs, _) in enumerate(words):
        x[row, list(flips)], z[row, list(signs)] = True, True
    return PauliSum(x=x, z=z, coefficients=np.array([c for *_, c in words], dtype=np.float64))
