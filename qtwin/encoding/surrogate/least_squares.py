"""Least squares on allowed regimens, weighted to good ones, with the ridge chosen by
cross-validation.

Errors among regimens that nobody would choose matter little, so each training regimen weighs
exp((U - max U) / SD(U)). Sets of options that never occur together in the training set get no
coefficient.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.surrogate import Bits, Fitted, Simulate
from qtwin.errors import InputError

Array = NDArray[np.float64]
RIDGES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)
_FOLDS = 5


def _terms(x: Array, order: int) -> list[tuple[int, ...]]:
    """Sets of up to `order` options that occur together in some row."""
    n = x.shape[1]
    singles = [i for i in range(n) if x[:, i].any()]
    found: list[tuple[int, ...]] = [(i,) for i in singles]
    seen: dict[tuple[int, ...], NDArray[np.bool_]] = {(): np.ones(len(x), dtype=np.bool_)}
    seen |= {(i,): x[:, i] > 0 for i in singles}
    for size in range(2, order + 1):
        for term in combinations(range(n), size):
            before = seen.get(term[:-1])
            if before is not None and (term[-1],) in seen:
                together = before & seen[(term[-1],)]
                if together.any():
                    seen[term] = together
                    found.append(term)
    return found


def _weights(y: Array) -> Array:
    spread = float(y.std()) or 1.0
    weight = np.exp((y - y.max()) / spread)
    return np.asarray(weight / weight.mean())


def _solve(columns: Array, y: Array, weight: Array, ridge: float) -> tuple[float, Array]:
    center, level = (
        np.average(columns, axis=0, weights=weight),
        float(np.average(y, weights=weight)),
    )
    root = np.sqrt(weight)[:, None]
    a, b = (columns - center) * root, (y - level) * root[:, 0]
    if a.shape[1] <= a.shape[0]:
        gram = a.T @ a + ridge * len(y) * np.eye(a.shape[1])
        coefficients = np.linalg.solve(gram, a.T @ b)
    else:  # more terms than regimens: the same solution through the smaller matrix
        gram = a @ a.T + ridge * len(y) * np.eye(a.shape[0])
        coefficients = a.T @ np.linalg.solve(gram, b)
    return level - float(center @ coefficients), np.asarray(coefficients)


def fit(
    bits: NDArray[np.generic],
    utility: Array,
    *,
    order: int = 2,
    ridge: float = 1e-6,
    weighted: bool = True,
) -> BinaryPolynomial:
    """Weighted ridge regression on all sets of up to `order` options that occur.

    Args:
        bits: (m, n) simulated choices.
        utility: (m,) their utility.
        order: Largest number of options in a term.
        ridge: Penalty on the coefficients relative to the mean weight; picks one of the many equal
            fits that rules such as 'exactly one anticoagulant' leave open.
        weighted: Whether good regimens count for more.

    Raises:
        InputError: for no regimen or a utility that is not finite.
    """
    x, y = np.asarray(bits, dtype=np.float64), np.asarray(utility, dtype=np.float64)
    if not len(y) or not np.isfinite(y).all():
        raise InputError(
            f"expected at least one utility and all of them finite, got {len(y)}",
            hint="check the simulation",
        )
    terms = _terms(x, order)
    columns = (
        np.column_stack([x[:, list(t)].prod(axis=1) for t in terms])
        if terms
        else np.zeros((len(y), 0))
    )
    constant, coefficients = _solve(columns, y, _weights(y) if weighted else np.ones_like(y), ridge)
    return BinaryPolynomial.of(
        x.shape[1], [((), constant), *zip(terms, coefficients.tolist(), strict=True)]
    )


def choose_ridge(
    bits: NDArray[np.generic], utility: Array, *, order: int, rng: np.random.Generator
) -> tuple[float, float]:
    """The ridge with the least weighted error on held-out folds, and by how much a held-out regimen
    exceeded its guess.
    """
    x, y = np.asarray(bits, dtype=np.float64), np.asarray(utility, dtype=np.float64)
    weight = _weights(y)
    fold = rng.permutation(len(y)) % min(_FOLDS, len(y))
    errors, exceeded = [], []
    for ridge in RIDGES:
        total, most = 0.0, 0.0
        for k in range(int(fold.max()) + 1):
            inside, outside = fold != k, fold == k
            guess = fit(x[inside], y[inside], order=order, ridge=ridge).evaluate(x[outside])
            total += float(weight[outside] @ (guess - y[outside]) ** 2)
            most = max(most, float(np.max(y[outside] - guess)))
        errors.append(total)
        exceeded.append(most)
    best = int(np.argmin(errors))
    return RIDGES[best], exceeded[best]


def _trained(
    simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator, order: int
) -> Fitted:
    count = min(budget, max(len(feasible) * 2 // 3, 1))
    chosen = np.sort(rng.choice(len(feasible), size=count, replace=False))
    utility = simulate(feasible[chosen])
    ridge = (
        choose_ridge(feasible[chosen], utility, order=order, rng=rng)[0]
        if count >= 2 * _FOLDS
        else RIDGES[1]
    )
    return Fitted(
        polynomial=fit(feasible[chosen], utility, order=order, ridge=ridge),
        bits=feasible[chosen],
        utility=utility,
        words=f"{count} allowed regimens simulated, ridge {ridge:g} by cross-validation",
    )


def pairs(simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator) -> Fitted:
    """A QUBO fitted to a random sample of allowed regimens."""
    return _trained(simulate, feasible, budget, rng, 2)


def triples(simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator) -> Fitted:
    """A cubic polynomial fitted to a random sample of allowed regimens."""
    return _trained(simulate, feasible, budget, rng, 3)
