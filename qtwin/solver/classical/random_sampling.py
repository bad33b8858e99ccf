"""Uniform random assignments, and random assignments improved by descent: the null baselines of
every sampler.
"""

from __future__ import annotations

import time
from typing import final

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo, TracePoint
from qtwin.solver.variational.sampled import batch_sizes, best_feasible, collect, summary

_CLOSING = 4.5
"""Sorting, weighing and judging all samples at the end, as a multiple of judging them batch by
batch.
"""


@final
class RandomSampling(Solver):
    """Toss a coin for every variable, slack included, as often as the quantum solver measures.

    Args:
        shots: Number of assignments.
        descent: Improve each by the best single flip until none helps; the twin of any sampler that
            is post-processed so.
    """

    def __init__(self, *, shots: int = 4096, descent: bool = False) -> None:
        if shots < 1:
            raise InputError(f"expected shots of at least 1, got {shots}", hint="raise shots")
        self.shots, self.descent = shots, descent

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="random",
            summary="uniform random assignments, optionally with one-flip descent",
            kind="null",
            guarantee="none",
            citation="none needed",
            max_variables=10_000,
            limits="any degree",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        started = time.perf_counter()
        encoding = instance.encoding
        n = encoding.polynomial.n_variables
        rng = np.random.default_rng(seed)
        sizes = batch_sizes(max(1, 2_000_000 // max(n, 1)), limited=time_limit_s is not None)
        parts: list[NDArray[np.uint8]] = []
        trace: list[TracePoint] = []
        drawn = evaluations = 0
        best = np.inf
        winners: list[NDArray[np.uint8]] = []
        closing_s = 0.0  # at the end all samples are sorted and weighed once more

        def in_time() -> bool:
            return time_limit_s is None or time.perf_counter() - started + closing_s < time_limit_s

        while drawn < self.shots and (not drawn or in_time()):
            bits = rng.integers(
                0, 2, size=(min(next(sizes), self.shots - drawn), n), dtype=np.uint8
            )
            drawn += len(bits)
            evaluations += len(bits)
            if self.descent:
                bits, tried = descend(encoding.polynomial, bits)
                evaluations += tried
            parts.append(bits)
            mark = time.perf_counter()
            row, energy = best_feasible(encoding, bits)
            closing_s += _CLOSING * (time.perf_counter() - mark)
            winners += [] if row is None else [row]
            if energy < best:
                best = energy
                trace.append(
                    TracePoint(
                        time_s=time.perf_counter() - started,
                        evaluations=evaluations,
                        best_energy=best,
                    )
                )
        samples = collect(np.concatenate(parts))
        winner, energy = best_feasible(encoding, np.array(winners, dtype=np.uint8).reshape(-1, n))
        cut = drawn < self.shots
        return Result(
            solver="random",
            status="time limit" if cut else "infeasible" if winner is None else "feasible",
            bits=winner,
            energy=energy,
            samples=samples,
            trace=tuple(trace),
            evaluations=evaluations,
            wall_s={"sampling": time.perf_counter() - started},
            seed=seed,
            info=summary(encoding, samples) | {"descent": self.descent},
        )


def descend(polynomial: BinaryPolynomial, bits: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """Flip the bit that lowers the energy most until no flip does.

    Args:
        polynomial: What to lower.
        bits: (m, n) starts.

    Returns:
        (m, n) local minima, and the number of energy differences that were evaluated.
    """
    x = bits.copy()
    moving = np.arange(len(x))
    evaluated = 0
    # A flip must help by more than rounding, or equal neighbours could swap for ever.
    least = 1e-12 * max(1.0, sum(abs(c) for c in polynomial.terms.values()))
    while len(moving) and x.shape[1]:
        gains = _flip_changes(polynomial, x[moving])
        evaluated += gains.size
        flip = np.argmin(gains, axis=1)
        helps = gains[np.arange(len(moving)), flip] < -least
        moving, flip = moving[helps], flip[helps]
        x[moving, flip] ^= 1
    return x, evaluated


def _flip_changes(polynomial: BinaryPolynomial, bits: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(m, n) change of energy when one bit of a row is flipped."""
    if polynomial.degree <= 2:
        _, linear, pairs = polynomial.quadratic_form
        x = bits.astype(np.float64)
        return np.asarray((1.0 - 2.0 * x) * (linear + x @ (pairs + pairs.T)))
    before = polynomial.evaluate(bits)
    changes = np.empty(bits.shape)
    for i in range(bits.shape[1]):
        flipped = bits.copy()
        flipped[:, i] ^= 1
        changes[:, i] = polynomial.evaluate(flipped) - before
    return changes
