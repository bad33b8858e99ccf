"""What the minimiser of an approximate encoding is: feasible, optimal, or neither, counted on the
assignments themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial, bits_to_index, index_to_bits
from qtwin.errors import InputError

EXHAUSTIVE_UP_TO = 20
_LOWEST = 20
_STARTS = 1 << 10


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the approximation did.

    Attributes:
        checked: Assignments looked at.
        exhaustive: Whether these were all; if not, the figures only hold of those seen.
        feasible: Whether the assignment of lowest energy satisfies every constraint.
        optimal: Whether its objective is the lowest of all feasible ones, to rounding.
        regret: Its objective minus the lowest feasible one where it is feasible; None where it is
            not.
        infeasible_below: Infeasible assignments whose energy lies below that of every feasible one.
        infeasible_share: Share of infeasible ones among the 20 assignments of lowest energy.
    """

    checked: int
    exhaustive: bool
    feasible: bool
    optimal: bool
    regret: float | None
    infeasible_below: int
    infeasible_share: float


def standing(encoding: BinaryModel, feasible: NDArray[np.generic], *, seed: int = 0) -> Standing:
    """What the minimiser of an encoding without slack is: on all assignments up to 20 variables,
    else on descents' ends.

    Args:
        encoding: Without slack variables.
        feasible: (m, n) known feasible choices, m >= 1.
        seed: Of the starts of the descents.

    Raises:
        InputError: if there are slack variables.
    """
    n = encoding.polynomial.n_variables
    if n != encoding.n_decision:
        raise InputError(
            f"expected no slack variables, got {n - encoding.n_decision}",
            hint="use check_sufficiency",
        )
    exhaustive = n <= EXHAUSTIVE_UP_TO
    if exhaustive:
        rows = index_to_bits(np.arange(1 << n), n)
        energy, objective = encoding.polynomial.values(), encoding.objective.values()
    else:
        rng = np.random.default_rng(seed)
        known = np.asarray(feasible).astype(np.uint8)
        random = (rng.random((_STARTS, n)) < rng.random((_STARTS, 1))).astype(np.uint8)
        starts = np.concatenate([known[rng.permutation(len(known))[:_STARTS]], random])
        ends = _descended(encoding.polynomial, starts)
        rows = distinct(np.concatenate([known, neighbours(ends)]))
        energy, objective = encoding.polynomial.evaluate(rows), encoding.objective.evaluate(rows)
    allowed = encoding.is_feasible(rows)
    lowest, optimum = int(np.argmin(energy)), float(objective[allowed].min())
    tolerance = 1e-9 * max(1.0, float(np.abs(objective).max()))
    regret = float(objective[lowest]) - optimum if allowed[lowest] else None
    first = np.argsort(energy, kind="stable")[:_LOWEST]
    return Standing(
        checked=len(rows),
        exhaustive=exhaustive,
        feasible=bool(allowed[lowest]),
        optimal=regret is not None and regret <= tolerance,
        regret=regret,
        infeasible_below=int((energy[~allowed] < energy[allowed].min()).sum()),
        infeasible_share=float(np.mean(~allowed[first])),
    )


def distinct(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The rows without repetition, in an order of their own."""
    if rows.shape[1] > 64:
        return np.asarray(np.unique(rows, axis=0))
    return np.asarray(rows[np.unique(bits_to_index(rows), return_index=True)[1]])


def neighbours(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The rows and all that differ from one of them in one bit."""
    n = rows.shape[1]
    flipped = (rows[:, None, :] ^ np.eye(n, dtype=np.uint8)).reshape(-1, n)
    return distinct(np.concatenate([rows, flipped]))


def _changes(
    polynomial: BinaryPolynomial, rows: NDArray[np.uint8], energy: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(m, n) change of the energy by each single flip."""
    if polynomial.degree <= 2:
        _, linear, pairs = polynomial.quadratic_form
        return np.asarray((1.0 - 2.0 * rows) * (linear + rows @ (pairs + pairs.T)))
    changes = np.empty(rows.shape)
    for i in range(rows.shape[1]):
        flipped = rows.copy()
        flipped[:, i] ^= 1
        changes[:, i] = polynomial.evaluate(flipped) - energy
    return changes


def _descended(polynomial: BinaryPolynomial, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The local minima that steepest one-flip descent reaches from each row."""
    rows = distinct(rows)
    energy = polynomial.evaluate(rows)
    while True:
        changes = _changes(polynomial, rows, energy)
        steepest = changes.argmin(axis=1)
        down = changes[np.arange(len(rows)), steepest] < -1e-12 * np.maximum(1.0, np.abs(energy))
        if not down.any():
            return distinct(rows)
        rows[down, steepest[down]] ^= 1
        energy = polynomial.evaluate(rows)
