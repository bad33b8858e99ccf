"""Slack variables completed: the energy of a choice is that of its best slack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.levels import Recoded
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial, Term, index_to_bits
from qtwin.errors import InputError

LIMIT = 20
"""Slack variables that may depend on each other: 2^20 patterns a choice are tried."""


def fill_slack(encoding: BinaryModel, decisions: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Complete choices with the slack bits of minimal energy, exactly.

    For a fixed choice x the energy is sum_T c_T(x) prod_{i in T} s_i over sets T of slack variables. Sets that share no variable
    are minimised apart from each other, each over all its patterns; ties go to the smallest pattern. The auxiliaries of a
    quadratised polynomial are no part of this: they are known functions of what comes before them, whatever their number.

    Args:
        encoding: The polynomial and its number of decision variables.
        decisions: (m, n_decision) bits.

    Returns:
        (m, n_variables) bits.

    Raises:
        InputError: when more than `LIMIT` slack variables depend on each other.
    """
    if encoding.quadratised is not None:
        before = _over(encoding, encoding.quadratised.original, recoded=encoding.recoded)
        return encoding.quadratised.complete(fill_slack(before, decisions))
    if encoding.recoded is not None:
        before = _over(encoding, encoding.recoded.objective, recoded=None)
        return encoding.recoded.encode(fill_slack(before, decisions))
    x = np.asarray(decisions).astype(np.uint8)
    n, n_decision = encoding.polynomial.n_variables, encoding.n_decision
    if x.ndim != 2 or x.shape[1] != n_decision:
        raise InputError(f"choices of shape {x.shape} came, (m, {n_decision}) was wanted", hint="one row a choice")
    filled = np.zeros((len(x), n), dtype=np.uint8)
    filled[:, :n_decision] = x
    factors = _by_slack(encoding.polynomial, n_decision)
    for block in _connected(range(n_decision, n), factors):
        if len(block) > LIMIT:
            raise InputError(
                f"{len(block)} slack variables depend on each other, at most {LIMIT} can be completed",
                hint="write fewer constraints",
            )
        inside = {t: p for t, p in factors.items() if t[0] in block}
        if inside:
            filled[:, block] = _best_patterns(block, inside, x)
    return filled


def _over(encoding: BinaryModel, polynomial: BinaryPolynomial, *, recoded: Recoded | None) -> BinaryModel:
    """The encoding with an earlier polynomial, its variables by number."""
    names = tuple(f"x{i}" for i in range(polynomial.n_variables))
    return replace(encoding, polynomial=polynomial, variables=names, recoded=recoded, quadratised=None)


def _by_slack(polynomial: BinaryPolynomial, n_decision: int) -> dict[Term, BinaryPolynomial]:
    """Non-empty slack part of each monomial to its factor, a polynomial in the decision variables."""
    terms: dict[Term, list[tuple[Term, float]]] = {}
    for term, c in polynomial.terms.items():
        slack = tuple(i for i in term if i >= n_decision)
        if slack:
            terms.setdefault(slack, []).append((tuple(i for i in term if i < n_decision), c))
    return {slack: BinaryPolynomial.of(n_decision, parts) for slack, parts in terms.items()}


def _connected(variables: range, sets: dict[Term, BinaryPolynomial]) -> list[list[int]]:
    """The slack variables split into blocks that no set joins."""
    blocks = [{i} for i in variables]
    for joined in sets:
        touched = [b for b in blocks if b & set(joined)]
        blocks = [b for b in blocks if not b & set(joined)] + [set().union(*touched)]
    return [sorted(b) for b in blocks]


def _best_patterns(block: list[int], factors: dict[Term, BinaryPolynomial], x: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(m, len(block)) slack bits of minimal energy for (m, n_decision) choices."""
    patterns = index_to_bits(np.arange(1 << len(block)), len(block))
    place = {i: k for k, i in enumerate(block)}
    products = np.stack([patterns[:, [place[i] for i in t]].prod(axis=1) for t in factors]).astype(np.float64)
    best = np.empty(len(x), dtype=np.int64)
    rows = max(1, (1 << 22) // len(patterns))
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        weights = np.stack([p.evaluate(part) for p in factors.values()], axis=1)
        best[start : start + rows] = np.argmin(weights @ products, axis=1)
    return patterns[best]
