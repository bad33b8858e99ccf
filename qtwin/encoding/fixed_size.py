"""Exactly k drugs as one polynomial, with a penalty weight that is proven from the size itself.

The penalty is P(x) = (sum x - k)^2 + sum over forbidden pairs x_i x_j. A set of m drugs is worth at
most

    U_m = sum of the m largest over i of  a_i + (sum of the m - 1 largest b_ij over j) / 2,

because its value is sum_i (a_i + sum_j b_ij / 2) over its m members, each of which has m - 1
partners. If q_f is the value of a known permitted set and M > (U_m - q_f) / (m - k)^2 for every m
other than k, and M > U_k - q_f where pairs are forbidden, then any x that breaks something has
energy -q(x) + M P(x) > -q_f: the minimiser is permitted, and optimal. On measured data this M is
far smaller than one from the sum of all positive coefficients, which a sampler would feel.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qtwin.encoding.model import BinaryModel, Penalty
from qtwin.encoding.penalty import write_constraints
from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError
from qtwin.problem.fixed_size import Array, FixedSize


def most_by_size(instance: FixedSize) -> Array:
    """(n + 1,) U_m for m = 0..n: no set of m drugs is worth more."""
    n = instance.n
    partners = np.where(np.eye(n, dtype=np.bool_), -np.inf, instance.pairs)
    ordered = -np.sort(-partners, axis=1)[:, : n - 1]
    # column m - 1: the m - 1 largest
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(ordered, axis=1)], axis=1)
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
    """Maximise the value of exactly k drugs as one polynomial to minimise, energy = -value + M P;
    no slack variables.

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
            f"the set {tuple(known)} is not {instance.size} drugs free of forbidden pairs",
            hint="give one that greedy finds",
        )
    if weight is not None and not weight > 0.0:
        raise InputError(
            f"expected a positive penalty weight, got {weight}",
            hint="leave it out for the proven one",
        )
    value = instance.value(known)
    bound = sufficient_weight(instance, value)
    scale = (
        float(np.abs(instance.linear).max(initial=0.0) + np.abs(instance.pairs).max(initial=0.0))
        or 1.0
    )
    proven = bound * (1.0 + margin) + margin * scale
    chosen = proven if weight is None else weight
    why = (
        "M > (U_m - q_f) / (m - k)^2 for every size m"
        if chosen > bound
        else f"as given, not above the proven bound {bound:.6g}"
    )
    n = instance.n
    low, high = np.nonzero(np.triu(instance.pairs))
    objective: dict[Term, float] = {(int(i),): -float(instance.linear[i]) for i in range(n)}
    objective |= {
        (int(i), int(j)): -float(instance.pairs[i, j]) for i, j in zip(low, high, strict=True)
    }
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
            Penalty(
                constraint=w.constraint.name,
                weight=chosen,
                sufficient_weight=bound,
                reason=f"{w.reason}; {why}",
            )
            for w in written
        ),
    )
