"""What samplers share: distinct assignments with counts, and the best feasible one among them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.encoding.integers import Recoded
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial, Term, index_to_bits
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Status, TracePoint
from qtwin.solver.interruptible import run_interruptibly

_FIRST_BATCH = 256


def collect(bits: NDArray[np.generic], counts: NDArray[np.integer] | None = None) -> Samples:
    """Equal rows of (m, n) bits merged, in the order of their bits; each row counts once, or (m,)
    `counts` times.
    """
    rows = np.asarray(bits).astype(np.uint8)
    weight = (
        np.ones(len(rows), dtype=np.int64) if counts is None else np.asarray(counts, dtype=np.int64)
    )
    if not rows.size or rows.max() > 1:
        distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
        total = np.zeros(len(distinct), dtype=np.int64)
        np.add.at(total, inverse.reshape(-1), weight)
        return Samples(bits=distinct, counts=total)
    words = _words(rows)
    order = np.lexsort(words.T[::-1])
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = (words[order[1:]] != words[order[:-1]]).any(axis=1)
    begins = np.flatnonzero(first)
    return Samples(bits=rows[order[begins]], counts=np.add.reduceat(weight[order], begins))


def _words(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(m, ceil(n / 64)) whole numbers that stand in the order of the (m, n) bits: a tenth of the
    time of sorting bytes.
    """
    packed = np.packbits(rows, axis=1)
    wide = np.zeros((len(rows), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide.view(">u8").astype(np.uint64)


def batch_sizes(most: int, *, limited: bool) -> Iterator[int]:
    """How many samples to draw at once: as many as memory allows, and few at first where the time
    is limited.
    """
    size = min(most, _FIRST_BATCH) if limited else most
    while True:
        yield size
        size = min(2 * size, most)


def best_feasible(
    encoding: BinaryModel, bits: NDArray[np.generic]
) -> tuple[NDArray[np.uint8] | None, float]:
    """The feasible choice of lowest energy (the first of equals) and its energy; (None, NaN) if no
    row is feasible.

    Slack variables only keep the books of a constraint: a sampled choice is judged with its best
    slack.
    """
    rows = np.asarray(bits).astype(np.uint8)
    rows = rows[encoding.is_feasible(rows)]
    if not len(rows):
        return None, float("nan")
    rows = fill_slack(encoding, np.unique(encoding.decode(rows), axis=0))
    energies = encoding.polynomial.evaluate(rows)
    best = int(np.argmin(energies))
    return rows[best], float(energies[best])


def summary(encoding: BinaryModel, samples: Samples) -> dict[str, float | int]:
    """Mean energy with its standard error, lowest energy of any sample, feasible share, number of
    distinct assignments.
    """
    energies = encoding.polynomial.evaluate(samples.bits)
    mean = float(np.average(energies, weights=samples.counts))
    variance = float(np.average((energies - mean) ** 2, weights=samples.counts))
    return {
        "mean_energy": mean,
        "mean_energy_standard_error": float(np.sqrt(variance / max(samples.shots - 1, 1))),
        "lowest_energy": float(energies.min()),
        "feasible_share": float(
            samples.counts[encoding.is_feasible(samples.bits)].sum() / samples.shots
        ),
        "distinct": len(samples.counts),
    }


# Independent reads of a sampler, batch by batch: a trace, a time limit, a target and Ctrl-C between
# the batches.

Draw = Callable[[int, int, Callable[[], bool], float | None], NDArray[np.uint8]]
"""(reads, seed, whether to stop, seconds left) to (m, n) bits; equal reads and seeds give equal
bits while time is left.
"""


def sizes_of(reads: int, batches: int) -> list[int]:
    """`reads` split as evenly as whole numbers allow into at most so many batches."""
    batches = min(batches, reads)
    return [reads // batches + (k < reads % batches) for k in range(batches)]


def draw_in_batches(
    solver: str,
    instance: Instance,
    draw: Draw,
    *,
    sizes: Sequence[int],
    evaluations: Callable[[int], int],
    flag: NDArray[np.uint8] | None = None,
    seed: int,
    time_limit_s: float | None,
    wall_s: Mapping[str, float],
    info: Mapping[str, Any],
) -> Result:
    """Run a sampler's batches and judge what they return.

    Args:
        solver: Its name in the table.
        instance: What is asked.
        draw: One batch.
        sizes: Reads in each batch.
        evaluations: Number of reads that were drawn to the number of variable updates that they
            took.
        flag: (1,) set when a batch under way should end: at the time limit and on Ctrl-C.
        seed: Every batch gets its own, derived from this one.
        time_limit_s: No batch begins after this long, and one under way ends where there is a
            `flag`.
        wall_s: Seconds spent before, by stage.
        info: Further numbers.
    """
    encoding = instance.encoding
    started = time.perf_counter()
    earlier = sum(wall_s.values())
    seeds = [int(s) & 0x7FFFFFFF for s in np.random.SeedSequence(seed).generate_state(len(sizes))]
    parts: list[NDArray[np.uint8]] = []
    trace: list[TracePoint] = []
    stop = threading.Event()

    def elapsed() -> float:
        return earlier + time.perf_counter() - started

    def reached() -> bool:
        return (
            bool(trace)
            and instance.target_energy is not None
            and trace[-1].best_energy <= instance.target_energy
        )

    def work() -> None:
        for size, batch_seed in zip(sizes, seeds, strict=True):
            left = None if time_limit_s is None else time_limit_s - elapsed()
            if stop.is_set() or reached() or (parts and left is not None and left < 0):
                break
            bits = draw(size, batch_seed, stop.is_set, left)
            if not len(bits):
                continue
            parts.append(bits)
            energy = best_feasible(encoding, bits)[1]
            if energy < (trace[-1].best_energy if trace else np.inf):
                taken = evaluations(sum(len(p) for p in parts))
                trace.append(TracePoint(time_s=elapsed(), evaluations=taken, best_energy=energy))

    def halt() -> None:
        stop.set()
        late()

    def late() -> None:
        if flag is not None:
            flag[0] = 1

    clock = (
        None
        if flag is None or time_limit_s is None
        else threading.Timer(max(time_limit_s - elapsed(), 0.0), late)
    )
    if clock is not None:
        clock.daemon = True
        clock.start()
    try:
        _, interrupted = run_interruptibly(work, halt)
    finally:
        if clock is not None:
            clock.cancel()
    drawn = sum(len(p) for p in parts)
    cut = drawn < sum(sizes) or (flag is not None and bool(flag[0]))
    samples = collect(np.concatenate(parts)) if parts else None
    winner, best = (
        best_feasible(encoding, samples.bits) if samples is not None else (None, float("nan"))
    )
    status: Status = (
        "interrupted" if interrupted else "time limit" if cut and not reached() else "feasible"
    )
    if status == "feasible" and winner is None:
        status = "infeasible"
    counted = summary(encoding, samples) if samples is not None else {}
    return Result(
        solver=solver,
        status=status,
        bits=winner,
        energy=best,
        samples=samples,
        trace=tuple(trace),
        evaluations=evaluations(drawn),
        wall_s={**wall_s, "sampling": time.perf_counter() - started},
        seed=seed,
        info={**counted, "reads": drawn, "target_reached": reached(), **info},
    )


# Slack variables completed: the energy of a choice is that of its best slack.

LIMIT = 20
"""Slack variables that may depend on each other: 2^20 patterns a choice are tried."""


def fill_slack(encoding: BinaryModel, decisions: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Complete choices with the slack bits of minimal energy, exactly.

    For a fixed choice x the energy is sum_T c_T(x) prod_{i in T} s_i over sets T of slack
    variables. Sets that share no variable are minimised apart from each other, each over all its
    patterns; ties go to the smallest pattern. The auxiliaries of a quadratised polynomial are no
    part of this: they are known functions of what comes before them, whatever their number.

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
        raise InputError(
            f"expected choices of shape (m, {n_decision}), got {x.shape}", hint="one row a choice"
        )
    filled = np.zeros((len(x), n), dtype=np.uint8)
    filled[:, :n_decision] = x
    if n == n_decision:
        return filled
    for block, factors in _connected(_by_slack(encoding.polynomial, n_decision)):
        if len(block) > LIMIT:
            raise InputError(
                f"{len(block)} slack variables depend on each other, at most {LIMIT} can be "
                "completed",
                hint="write fewer constraints",
            )
        filled[:, block] = _best_patterns(block, factors, x)
    return filled


def _over(
    encoding: BinaryModel, polynomial: BinaryPolynomial, *, recoded: Recoded | None
) -> BinaryModel:
    """The encoding with an earlier polynomial, its variables by number."""
    names = tuple(f"x{i}" for i in range(polynomial.n_variables))
    return replace(
        encoding, polynomial=polynomial, variables=names, recoded=recoded, quadratised=None
    )


def _by_slack(polynomial: BinaryPolynomial, n_decision: int) -> dict[Term, BinaryPolynomial]:
    """Non-empty slack part of each monomial to its factor, a polynomial in the decision
    variables.
    """
    terms: dict[Term, list[tuple[Term, float]]] = {}
    for term, c in polynomial.terms.items():
        slack = tuple(i for i in term if i >= n_decision)
        if slack:
            terms.setdefault(slack, []).append((tuple(i for i in term if i < n_decision), c))
    return {slack: BinaryPolynomial.of(n_decision, parts) for slack, parts in terms.items()}


def _connected(
    sets: dict[Term, BinaryPolynomial],
) -> list[tuple[list[int], dict[Term, BinaryPolynomial]]]:
    """Slack variables in blocks that no set joins, each with the factors of its sets."""
    above: dict[int, int] = {}

    def root(i: int) -> int:
        while above.setdefault(i, i) != i:
            above[i] = i = above[above[i]]
        return i

    for first, *others in sets:
        for i in others:
            above[root(i)] = root(first)
    blocks: dict[int, dict[Term, BinaryPolynomial]] = {}
    for term, factor in sets.items():
        blocks.setdefault(root(term[0]), {})[term] = factor
    return [(sorted({i for term in factors for i in term}), factors) for factors in blocks.values()]


def _values(factors: Sequence[BinaryPolynomial], x: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(m, number of factors) values at (m, n) choices; linear factors, as quadratic penalties have,
    all at once.
    """
    if any(f.degree > 1 for f in factors):
        return np.stack([f.evaluate(x) for f in factors], axis=1)
    members = sorted({t[0] for f in factors for t in f.terms if t})
    place = {i: k for k, i in enumerate(members)}
    weights = np.zeros((len(members), len(factors)))
    for k, f in enumerate(factors):
        for t, c in f.terms.items():
            if t:
                weights[place[t[0]], k] = c
    return np.array([f.constant for f in factors]) + x[:, members].astype(np.float64) @ weights


def _best_patterns(
    block: list[int], factors: dict[Term, BinaryPolynomial], x: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """(m, len(block)) slack bits of minimal energy for (m, n_decision) choices."""
    patterns = index_to_bits(np.arange(1 << len(block)), len(block))
    place = {i: k for k, i in enumerate(block)}
    products = np.stack([patterns[:, [place[i] for i in t]].prod(axis=1) for t in factors]).astype(
        np.float64
    )
    best = np.empty(len(x), dtype=np.int64)
    rows = max(1, (1 << 22) // len(patterns))
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        best[start : start + rows] = np.argmin(
            _values(list(factors.values()), part) @ products, axis=1
        )
    return patterns[best]
