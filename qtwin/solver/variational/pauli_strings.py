"""Commutators and norms of sums of Pauli strings, string by string; for few qubits and short
strings.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend
from qtwin.encoding.pauli import PauliSum
from qtwin.solver.variational.circuit import Circuit, Turn, brickwork, circuit, strings

Strings = dict[tuple[int, int], complex]
"""(X mask, Z mask) to the coefficient of i^(number of Y) X^x Z^z, which is the product of the
letters.
"""


def of(h: PauliSum) -> Strings:
    """A sum as masks; equal strings add."""
    powers = [1 << i for i in range(h.n_qubits)]
    found: Strings = {}
    for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
        key = (
            sum(p for p, b in zip(powers, x, strict=True) if b),
            sum(p for p, b in zip(powers, z, strict=True) if b),
        )
        found[key] = found.get(key, 0.0) + complex(c)
    return found


def commutator(a: Strings, b: Strings) -> Strings:
    """[A, B]: twice the product of every two strings that anticommute."""
    found: Strings = {}
    for (ax, az), ac in a.items():
        for (bx, bz), bc in b.items():
            if ((ax & bz).bit_count() + (az & bx).bit_count()) % 2 == 0:
                continue
            x, z = ax ^ bx, az ^ bz
            # letters are i^|x & z| X^x Z^z; moving Z^az past X^bx gives (-1)^|az & bx|
            turns = (
                (ax & az).bit_count()
                + (bx & bz).bit_count()
                - (x & z).bit_count()
                + 2 * (az & bx).bit_count()
            )
            found[x, z] = found.get((x, z), 0.0) + 2.0 * ac * bc * 1j ** (turns % 4)
    return found


def combined(a: Strings, by: float, b: Strings, by_b: float) -> Strings:
    """By A + by_b B."""
    found = {k: by * c for k, c in a.items()}
    for k, c in b.items():
        found[k] = found.get(k, 0.0) + by_b * c
    return found


def norm_squared(a: Strings) -> float:
    """Trace of A^dagger A over 2^n."""
    return float(np.sum([abs(c) ** 2 for c in a.values()])) if a else 0.0


# Correlators of few qubits that stand for many variables: which string is whose, and how three
# settings measure all of them.

BASES = ("X", "Y", "Z")
Floats = NDArray[np.float64]
Words = list[tuple[str, tuple[int, ...]]]
"""Letter and qubits of each variable's string."""


def qubits_for(variables: int, k: int) -> int:
    """The fewest qubits q with 3 C(q, k) correlators for the variables."""
    q = k
    while 3 * comb(q, k) < variables:
        q += 1
    return q


def correlators(variables: int, k: int) -> Words:
    """(letter, qubits) of each variable: all subsets in X, then in Y, then in Z, dealt in turns so
    that settings are even.
    """
    subsets = list(combinations(range(qubits_for(variables, k)), k))
    return [(letter, s) for s in subsets for letter in BASES][:variables]


def settings(layers: int, q: int) -> tuple[Ansatz, dict[str, Circuit]]:
    """The trained circuit, and the same with each change of basis, after which Z is measured."""
    plain = brickwork(q, layers)
    turns: list[Turn] = [(layer.generator, layer.parameter) for layer in plain.layers]
    # exp(i pi/4 Y) turns X into Z, exp(-i pi/4 X) turns Y into Z
    change: dict[str, list[Turn]] = {
        "X": [(strings(q, [([i], [i], -np.pi / 4) for i in range(q)]), None)],
        "Y": [(strings(q, [([i], [], np.pi / 4) for i in range(q)]), None)],
        "Z": [],
    }
    return plain, {
        b: circuit(q, [*turns, *change[b]], free=plain.n_parameters, reference=plain.reference)
        for b in BASES
    }


def exact(
    simulators: dict[str, Any], measured: dict[str, Circuit], theta: Floats, words: Words
) -> Floats:
    """(m,) <P_i>, from three distributions."""
    out = np.empty(len(words))
    for basis, made in measured.items():
        p = simulators[basis].probabilities(made.ansatz, made.full(theta))
        signs = 1.0 - 2.0 * (np.arange(p.size)[:, None] >> np.arange(made.ansatz.n_qubits) & 1)
        for i, (letter, qubits) in enumerate(words):
            if letter == basis:
                out[i] = p @ signs[:, list(qubits)].prod(axis=1)
    return out


def sampled(
    backend: Backend,
    measured: dict[str, Circuit],
    theta: Floats,
    words: Words,
    shots: int,
    seed: int,
) -> Floats:
    """(m,) the same from `shots` measurements of each setting."""
    out = np.empty(len(words))
    for number, (basis, made) in enumerate(measured.items()):
        samples = backend.sample(
            made.ansatz, made.full(theta), shots=shots, seed=(3 * seed + number) % 2**32
        )
        signs = 1.0 - 2.0 * samples.bits.astype(np.float64)
        for i, (letter, qubits) in enumerate(words):
            if letter == basis:
                out[i] = float(samples.counts @ signs[:, list(qubits)].prod(axis=1)) / samples.shots
    return out


def weighted(words: Words, weight: Floats, q: int) -> PauliSum:
    """sum_i weight_i P_i."""
    return strings(
        q,
        [
            (list(s) if letter != "Z" else [], list(s) if letter != "X" else [], float(w))
            for (letter, s), w in zip(words, weight, strict=True)
        ],
    )


# State vectors under a diagonal energy and single-qubit rotations, in plain NumPy: for schemes that
# are no fixed circuit.

State = NDArray[np.complex128]


def uniform(n: int) -> State:
    """(2^n,) |+...+>."""
    return np.full(1 << n, 2.0 ** (-n / 2), dtype=np.complex128)


def turn_x(state: State, angle: float) -> None:
    """exp(-i angle sum_i X_i), in place."""
    c, s = np.cos(angle), -1j * np.sin(angle)
    n = state.size.bit_length() - 1
    for i in range(n):
        halves = state.reshape(-1, 2, 1 << i)
        low = halves[:, 0].copy()
        halves[:, 0] = c * low + s * halves[:, 1]
        halves[:, 1] = s * low + c * halves[:, 1]


def flip_sum(state: State) -> State:
    """(2^n,) sum_i X_i |state>."""
    out = np.zeros_like(state)
    n = state.size.bit_length() - 1
    for i in range(n):
        out += state.reshape(-1, 2, 1 << i)[:, ::-1].reshape(-1)
    return out
