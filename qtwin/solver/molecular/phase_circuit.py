"""Iterative phase estimation as circuits: one ancilla, the evolution in Trotter steps, controlled string by string.

exp(-i t P) controlled by the ancilla is exp(-i t/2 P) exp(+i t/2 Z_a P): layers of commuting strings again, so every backend
runs it. Each bit is the majority of its shots, from a fresh start each time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend, Layer
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import TooLargeError
from qtwin.solver.molecular.trotter import fragments, product

Floats = NDArray[np.float64]
MOST_QUBITS = 8
MOST_LAYERS = 200_000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Energy, the step between two readings, the layers of the longest circuit, and how sure each bit was, the last first."""

    energy_hartree: float
    step_hartree: float
    layers: int
    majorities: tuple[float, ...]


def controlled(ansatz: Ansatz) -> tuple[Layer, ...]:
    """The layers, each acting only where the qubit behind the last one is 1."""
    found = []
    known: dict[int, PauliSum] = {}
    for layer in ansatz.layers:
        h = layer.generator
        if id(h) not in known:
            m = len(h.coefficients)
            off, on = np.zeros((m, 1), dtype=np.bool_), np.ones((m, 1), dtype=np.bool_)
            known[id(h)] = PauliSum(
                x=np.vstack([np.hstack([h.x, off])] * 2),
                z=np.vstack([np.hstack([h.z, off]), np.hstack([h.z, on])]),
                coefficients=0.5 * np.concatenate([h.coefficients, -h.coefficients]),
            )
        found.append(Layer(generator=known[id(h)], parameter=layer.parameter))
    return tuple(found)


def read_phase(
    backend: Backend, hamiltonian: PauliSum, start: NDArray[np.integer], *, bits: int, shots: int, steps: int, seed: int
) -> Reading:
    """The energy that the start leads to, of U = exp(2 pi i (H - low) / span) with bounds from the coefficients.

    Args:
        backend: Where the circuits run.
        hamiltonian: On the qubits of the start.
        start: (n,) bits.
        bits: Of the phase.
        shots: For each bit.
        steps: Trotter steps, of second order, for each application of U.
        seed: Of the shots.

    Raises:
        TooLargeError: for more qubits or longer circuits than can be run.
    """
    n = hamiltonian.n_qubits
    identity = ~(hamiltonian.x | hamiltonian.z).any(axis=1)
    rest = PauliSum(x=hamiltonian.x[~identity], z=hamiltonian.z[~identity], coefficients=hamiltonian.coefficients[~identity])
    parts = tuple(p for p in fragments(rest) if len(p.coefficients))
    longest = 2 ** (bits - 1) * steps * 2 * len(parts)
    if n > MOST_QUBITS or longest > MOST_LAYERS:
        raise TooLargeError(
            f"{n} qubits and about {longest:,} layers came, at most {MOST_QUBITS} and {MOST_LAYERS:,} are run as circuits",
            hint='fewer bits or steps, mapping = "tapered", or backend = "determinants"',
        )
    constant, bound = float(hamiltonian.coefficients[identity].sum()), float(np.abs(rest.coefficients).sum())
    low, span = constant - 1.02 * bound, 2.1 * bound
    read, most, sure = 0, 0, []
    for k in range(bits):
        power = 2 ** (bits - 1 - k)
        times = np.full((power * steps, len(parts)), -2.0 * np.pi / span / steps)
        evolution, angles = product(parts, start, times, 2)
        half_phase = np.pi * (power * (constant - low) / span - read / 2.0 ** (k + 1))
        last = np.arange(n + 1)[None, :] == n
        ends = [
            PauliSum(x=np.zeros_like(last), z=last, coefficients=np.ones(1)),
            PauliSum(x=last, z=last, coefficients=np.ones(1)),
        ]
        m = evolution.n_parameters
        layers = controlled(evolution) + tuple(Layer(generator=g, parameter=m + i) for i, g in enumerate(ends))
        reference = np.append(np.asarray(start, dtype=np.int8), np.int8(-1))
        circuit = Ansatz(n_qubits=n + 1, reference=reference, layers=layers, n_parameters=m + 2)
        drawn = backend.sample(circuit, np.concatenate([angles, [half_phase, np.pi / 4]]), shots=shots, seed=seed + k)
        zeros = float(drawn.counts[drawn.bits[:, n] == 0].sum() / drawn.shots)  # the last turn takes X to -Z
        read += int(zeros > 0.5) << k
        sure.append(max(zeros, 1.0 - zeros))
        most = max(most, len(layers))
    return Reading(
        energy_hartree=low + span * read / 2.0**bits, step_hartree=span / 2.0**bits, layers=most, majorities=tuple(sure)
    )
