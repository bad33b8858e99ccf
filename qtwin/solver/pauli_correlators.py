"""Correlators of few qubits that stand for many variables: which string is whose, and how three settings measure all of them."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Backend
from qtwin.encoding.pauli import PauliSum
from qtwin.solver.pinned import Circuit, Turn, circuit, strings
from qtwin.solver.quantum_ansatz import brickwork

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
    """(letter, qubits) of each variable: all subsets in X, then in Y, then in Z, dealt in turns so that settings are even."""
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
    return plain, {b: circuit(q, [*turns, *change[b]], free=plain.n_parameters, reference=plain.reference) for b in BASES}


def exact(simulators: dict[str, Any], measured: dict[str, Circuit], theta: Floats, words: Words) -> Floats:
    """(m,) <P_i>, from three distributions."""
    out = np.empty(len(words))
    for basis, made in measured.items():
        p = simulators[basis].probabilities(made.ansatz, made.full(theta))
        signs = 1.0 - 2.0 * (np.arange(p.size)[:, None] >> np.arange(made.ansatz.n_qubits) & 1)
        for i, (letter, qubits) in enumerate(words):
            if letter == basis:
                out[i] = p @ signs[:, list(qubits)].prod(axis=1)
    return out


def sampled(backend: Backend, measured: dict[str, Circuit], theta: Floats, words: Words, shots: int, seed: int) -> Floats:
    """(m,) the same from `shots` measurements of each setting."""
    out = np.empty(len(words))
    for number, (basis, made) in enumerate(measured.items()):
        samples = backend.sample(made.ansatz, made.full(theta), shots=shots, seed=(3 * seed + number) % 2**32)
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
