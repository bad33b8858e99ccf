"""Mixers that keep a constraint, as ordered pairs of qubits and as layers of commuting Pauli strings.

The XY mixer of a pair, H_ij = (X_i X_j + Y_i Y_j) / 2, swaps |01> and |10> and so keeps the Hamming weight (Hadfield et al. 2019,
Algorithms 12:34; Wang, Rubin, Dominy, Rieffel 2020, PRA 101:012320). Pairs that share a qubit do not commute: a mixer over many
pairs is the ordered product of exp(-i beta H_ij), here in rounds of disjoint pairs, each of which is one layer of a circuit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qtwin.encoding.model import BinaryModel, Penalty
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.penalty import write_constraints
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError
from qtwin.problem.fixed_size import Array, FixedSize

Pair = tuple[int, int]
Rounds = tuple[tuple[Pair, ...], ...]


def ring_rounds(members: Sequence[int]) -> Rounds:
    """Neighbours on a ring of qubits: even pairs, odd pairs, and for an odd ring the pair that closes it. Empty for one qubit."""
    q, n = _distinct(members), len(members)
    pairs = [(q[i], q[(i + 1) % n]) for i in range(n)] if n > 2 else [(q[0], q[1])] if n == 2 else []
    rounds = (pairs[0 : n - n % 2 : 2], pairs[1::2], pairs[n - 1 :] if n % 2 else [])
    return tuple(tuple(r) for r in rounds if r)


def complete_rounds(members: Sequence[int]) -> Rounds:
    """Every pair once, in n - 1 (even n) or n (odd n) rounds of disjoint pairs: the circle method of tournaments."""
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
    """The rounds of several disjoint blocks side by side: round k holds round k of every block that has one."""
    _distinct([i for block in blocks for i in block])
    each = [(complete_rounds if complete else ring_rounds)(block) for block in blocks]
    deepest = max((len(rounds) for rounds in each), default=0)
    return tuple(tuple(pair for rounds in each if k < len(rounds) for pair in rounds[k]) for k in range(deepest))


def xy_layers(n_qubits: int, rounds: Rounds) -> tuple[PauliSum, ...]:
    """One sum of commuting strings a round: sum over its pairs of (X_i X_j + Y_i Y_j) / 2.

    Raises:
        InputError: for a pair outside 0 .. n_qubits - 1, or a round in which a qubit comes twice.
    """
    layers = []
    for pairs in rounds:
        _distinct([i for pair in pairs for i in pair])
        if any(not 0 <= i < n_qubits for pair in pairs for i in pair):
            raise InputError(f"pairs {pairs} came for {n_qubits} qubits", hint="count qubits from 0")
        x = np.zeros((2 * len(pairs), n_qubits), dtype=np.bool_)
        z = np.zeros_like(x)
        for row, pair in enumerate(pairs):
            x[2 * row : 2 * row + 2, list(pair)] = True
            z[2 * row + 1, list(pair)] = True
        layers.append(PauliSum(x=x, z=z, coefficients=np.full(2 * len(pairs), 0.5)))
    return tuple(layers)


def _distinct(members: Sequence[int]) -> tuple[int, ...]:
    if any(isinstance(i, bool) or not isinstance(i, int | np.integer) for i in members) or len(set(members)) < len(members):
        raise InputError(
            f"qubits {tuple(members)} came, distinct numbers were wanted", hint="name each qubit once, counted from 0"
        )
    return tuple(int(i) for i in members)


# Exactly k drugs as one polynomial, with a penalty weight that is proven from the size itself.
#
# The penalty is P(x) = (sum x - k)^2 + sum over forbidden pairs x_i x_j. A set of m drugs is worth at most
#
#     U_m = sum of the m largest over i of  a_i + (sum of the m - 1 largest b_ij over j) / 2,
#
# because its value is sum_i (a_i + sum_j b_ij / 2) over its m members, each of which has m - 1
# partners. If q_f is the value of a known permitted set and M > (U_m - q_f) / (m - k)^2 for every m
# other than k, and M > U_k - q_f where pairs are forbidden, then any x that breaks something has
# energy -q(x) + M P(x) > -q_f: the minimiser is permitted, and optimal. On measured data this M is
# far smaller than one from the sum of all positive coefficients, which a sampler would feel.


def most_by_size(instance: FixedSize) -> Array:
    """(n + 1,) U_m for m = 0..n: no set of m drugs is worth more."""
    n = instance.n
    partners = np.where(np.eye(n, dtype=np.bool_), -np.inf, instance.pairs)
    ordered = -np.sort(-partners, axis=1)[:, : n - 1]
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(ordered, axis=1)], axis=1)  # column m - 1: the m - 1 largest
    shares = instance.linear[:, None] + 0.5 * sums
    largest = -np.sort(-shares, axis=0)
    return np.array([0.0, *(float(largest[:m, m - 1].sum()) for m in range(1, n + 1))])


def sufficient_weight(instance: FixedSize, known: float) -> float:
    """The M above which the minimiser is proven to be permitted.

    Args:
        instance: The choice.
        known: Value of a known permitted set.
    """
    most = most_by_size(instance)
    distance = np.arange(instance.n + 1) - instance.size
    off = distance != 0
    needed = [0.0, *((most[off] - known) / distance[off] ** 2)]
    if instance.forbidden.any():
        needed.append(float(most[instance.size]) - known)
    return float(max(needed))


def encode_fixed_size(
    instance: FixedSize, known: Sequence[int], *, margin: float = 0.05, weight: float | None = None
) -> BinaryModel:
    """Maximise the value of exactly k drugs as one polynomial to minimise, energy = -value + M P; no slack variables.

    Args:
        instance: The choice.
        known: A permitted set; the better it is, the smaller the weight.
        margin: By how much the weight exceeds the proven bound, relative.
        weight: M itself, where another one is wanted (a published one); nothing is proven of it.

    Raises:
        InputError: if `known` is not permitted, or for a weight that is not positive.
    """
    if not instance.permitted(known):
        raise InputError(
            f"the set {tuple(known)} is not {instance.size} drugs free of forbidden pairs", hint="give one that greedy finds"
        )
    if weight is not None and not weight > 0.0:
        raise InputError(f"a penalty weight of {weight} came, a positive one was wanted", hint="leave it out for the proven one")
    value = instance.value(known)
    bound = sufficient_weight(instance, value)
    scale = float(np.abs(instance.linear).max(initial=0.0) + np.abs(instance.pairs).max(initial=0.0)) or 1.0
    proven = bound * (1.0 + margin) + margin * scale
    chosen = proven if weight is None else weight
    why = (
        "M > (U_m - q_f) / (m - k)^2 for every size m" if chosen > bound else f"as given, not above the proven bound {bound:.6g}"
    )
    n = instance.n
    low, high = np.nonzero(np.triu(instance.pairs))
    objective: dict[Term, float] = {(int(i),): -float(instance.linear[i]) for i in range(n)}
    objective |= {(int(i), int(j)): -float(instance.pairs[i, j]) for i, j in zip(low, high, strict=True)}
    constraints = instance.constraints()
    written, _ = write_constraints(n, constraints)
    added = [(term, chosen * c) for w in written for term, c in w.polynomial.terms.items()]
    return BinaryModel(
        polynomial=BinaryPolynomial.of(n, [*objective.items(), *added]),
        objective=BinaryPolynomial.of(n, objective.items()),
        variables=instance.names,
        n_decision=n,
        constraints=constraints,
        penalties=tuple(
            Penalty(constraint=w.constraint.name, weight=chosen, sufficient_weight=bound, reason=f"{w.reason}; {why}")
            for w in written
        ),
    )
