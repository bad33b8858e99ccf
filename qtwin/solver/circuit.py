"""What every variational optimiser does at its end: measure the trained circuit, pick the best feasible shot, tell the costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Samples
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError
from qtwin.solver import resources
from qtwin.solver.base import Instance, Result, TracePoint
from qtwin.solver.sampled import best_feasible, collect, summary

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
    """Refuse more variables than the method can hold, and constraints that its energy lacks (InputError)."""
    instance.encoding.check_written(method)
    n = instance.encoding.polynomial.n_variables
    if not 1 <= n <= most:
        raise InputError(
            f"{n} variables came, 1 to {most} were wanted by {method}", hint="take candidates out, or use a classical solver"
        )


def check_positive(**options: float) -> None:
    """Refuse options that are not positive (InputError)."""
    for name, value in options.items():
        if not value > 0:
            raise InputError(f"{name} = {value} came, a positive value was wanted", hint=f"raise {name}")


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
    """Measure the circuit at the trained angles and answer with the best feasible shot; idle qubits come after the variables.

    `counted` is the circuit whose gates are told, where it is another one with the same gates in a better order.
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
    trace = () if bits is None else (TracePoint(time_s=sum(wall.values()), evaluations=max(evaluations, 1), best_energy=energy),)
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
    """The diagonal operator with these 2^n eigenvalues, by a Walsh-Hadamard transform; for few qubits, it has 2^n strings."""
    coefficients = np.array(values, dtype=np.float64)
    n = coefficients.size.bit_length() - 1
    for i in range(n):
        halves = coefficients.reshape(-1, 2, 1 << i)
        low, high = halves[:, 0].copy(), halves[:, 1].copy()
        halves[:, 0], halves[:, 1] = (low + high) / 2.0, (low - high) / 2.0
    z = (np.arange(coefficients.size)[:, None] >> np.arange(n) & 1).astype(np.bool_)
    return PauliSum(x=np.zeros_like(z), z=z, coefficients=coefficients)
