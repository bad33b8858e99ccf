"""Mixers that keep a constraint, as ordered pairs of qubits and as layers of commuting Pauli
strings.

The XY mixer of a pair, H_ij = (X_i X_j + Y_i Y_j) / 2, swaps |01> and |10> and so keeps the Hamming
weight (Hadfield et al. 2019, Algorithms 12:34; Wang, Rubin, Dominy, Rieffel 2020, PRA 101:012320).
Pairs that share a qubit do not commute: a mixer over many pairs is the ordered product of exp(-i
beta H_ij), here in rounds of disjoint pairs, each of which is one layer of a circuit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError

Pair = tuple[int, int]
Rounds = tuple[tuple[Pair, ...], ...]


def ring_rounds(members: Sequence[int]) -> Rounds:
    """Neighbours on a ring of qubits: even pairs, odd pairs, and for an odd ring the pair that
    closes it. Empty for one qubit.
    """
    q, n = _distinct(members), len(members)
    pairs = (
        [(q[i], q[(i + 1) % n]) for i in range(n)] if n > 2 else [(q[0], q[1])] if n == 2 else []
    )
    rounds = (pairs[0 : n - n % 2 : 2], pairs[1::2], pairs[n - 1 :] if n % 2 else [])
    return tuple(tuple(r) for r in rounds if r)


def complete_rounds(members: Sequence[int]) -> Rounds:
    """Every pair once, in n - 1 (even n) or n (odd n) rounds of disjoint pairs: the circle method
    of tournaments.
    """
    q = list(_distinct(members))
    if len(q) < 2:
        return ()
    seats: list[int | None] = [*q, None] if len(q) % 2 else [*q]
    rounds: list[tuple[Pair, ...]] = []
    for _ in range(len(seats) - 1):
        half = len(seats) // 2
        facing = zip(seats[:half], reversed(seats[half:]), strict=True)
        rounds.append(tuple((a, b) for a, b in facing if a is not None and b is not None))
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return tuple(rounds)


def block_rounds(blocks: Sequence[Sequence[int]], *, complete: bool = False) -> Rounds:
    """The rounds of several disjoint blocks side by side: round k holds round k of every block that
    has one.
    """
    _distinct([i for block in blocks for i in block])
    each = [(complete_rounds if complete else ring_rounds)(block) for block in blocks]
    deepest = max((len(rounds) for rounds in each), default=0)
    return tuple(
        tuple(pair for rounds in each if k < len(rounds) for pair in rounds[k])
        for k in range(deepest)
    )


def xy_layers(n_qubits: int, rounds: Rounds) -> tuple[PauliSum, ...]:
    """One sum of commuting strings a round: sum over its pairs of (X_i X_j + Y_i Y_j) / 2.

    Raises:
        InputError: for a pair outside 0 .. n_qubits - 1, or a round in which a qubit comes twice.
    """
    layers = []
    for pairs in rounds:
        _distinct([i for pair in pairs for i in pair])
        if any(not 0 <= i < n_qubits for pair in pairs for i in pair):
            raise InputError(
                f"pairs {pairs} came for {n_qubits} qubits", hint="count qubits from 0"
            )
        x = np.zeros((2 * len(pairs), n_qubits), dtype=np.bool_)
        z = np.zeros_like(x)
        for row, pair in enumerate(pairs):
            x[2 * row : 2 * row + 2, list(pair)] = True
            z[2 * row + 1, list(pair)] = True
        layers.append(PauliSum(x=x, z=z, coefficients=np.full(2 * len(pairs), 0.5)))
    return tuple(layers)


def _distinct(members: Sequence[int]) -> tuple[int, ...]:
    if any(isinstance(i, bool) or not isinstance(i, int | np.integer) for i in members) or len(
        set(members)
    ) < len(members):
        raise InputError(
            f"expected distinct qubits, got {tuple(members)}",
            hint="name each qubit once, counted from 0",
        )
    return tuple(int(i) for i in members)
