"""How much of the near-optimal set a sampler finds, against uniform random draws of permitted sets.

Where the data cannot tell the best set from others, an optimiser that returns one set answers the
wrong question. Here every target set has a weight (how likely it is to be the best), and a
sampler's coverage at M shots is the weight of the targets that M shots hit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from qtwin.errors import InputError

Array = NDArray[np.float64]
_RUNS = 2000


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Weight of the targets that were hit, against the number of shots.

    Attributes:
        shots: (s,) numbers of shots M.
        mean: (s,) mean over runs of M shots.
        low, high: (s,) 95 % interval; see the functions for what of. NaN where there is none.
        runs: (s,) runs of M shots behind each mean; 0 where it is exact.
    """

    shots: NDArray[np.int64]
    mean: Array
    low: Array
    high: Array
    runs: NDArray[np.int64]


def sampler_coverage(
    bits: NDArray[np.generic],
    counts: NDArray[np.integer],
    targets: NDArray[np.integer],
    weights: Array,
    shots: Sequence[int],
    *,
    seed: int,
) -> Coverage:
    """Coverage of a sampler, from one record of its shots.

    The shots, which carry no order, are dealt at random into as many hands of M as there are; every
    hand is a run of M shots. The interval is that of the mean (Student's t over the hands), so it
    is NaN where the record holds fewer than two hands.

    Args:
        bits: (r, n) distinct assignments of the decision variables.
        counts: (r,) how often each was seen.
        targets: (m, k) members of the target sets.
        weights: (m,) their weights, at least 0; coverage is in units of their sum.
        shots: Numbers of shots M, each at most the number of shots in the record.
        seed: Of the deal.

    Raises:
        InputError: for weights that do not add up to anything, or more shots than were recorded.
    """
    share = _shares(weights)
    hit = _hits(np.asarray(bits).astype(np.uint8), np.asarray(targets))
    record = np.repeat(hit, counts)
    np.random.default_rng(seed).shuffle(record)
    rows = []
    for m in _checked(shots, most=len(record)):
        hands = record[: len(record) // m * m].reshape(-1, m)
        covered = np.array([share[np.unique(hand[hand >= 0])].sum() for hand in hands])
        mean, half = float(covered.mean()), float("nan")
        if len(covered) > 1:
            half = float(
                student.ppf(0.975, len(covered) - 1) * covered.std(ddof=1) / np.sqrt(len(covered))
            )
        rows.append(
            (
                m,
                mean,
                max(mean - half, 0.0) if half == half else half,
                min(mean + half, 1.0) if half == half else half,
                len(hands),
            )
        )
    return _coverage(rows)


def uniform_coverage(n_sets: int, weights: Array, shots: Sequence[int], *, seed: int) -> Coverage:
    """Coverage of uniform draws, with replacement, among all permitted sets.

    The mean is exact, 1 - (1 - 1/F)^M whatever the weights; the interval holds 95 % of single runs
    (simulated).

    Args:
        n_sets: Number of permitted sets F.
        weights: (m,) weights of the targets.
        shots: Numbers of shots M.
        seed: Of the simulated runs.

    Raises:
        InputError: for more targets than sets, or weights that do not add up to anything.
    """
    share = _shares(weights)
    if len(share) > n_sets:
        raise InputError(
            f"got {len(share)} targets among {n_sets} sets", hint="targets are permitted sets"
        )
    rng = np.random.default_rng(seed)
    rows = []
    for m in _checked(shots, most=2**62):
        counts = rng.multinomial(
            m, [*np.full(len(share), 1.0 / n_sets), max(0.0, 1.0 - len(share) / n_sets)], size=_RUNS
        )
        covered = (counts[:, :-1] > 0) @ share
        low, high = np.quantile(covered, (0.025, 0.975))
        rows.append(
            (
                m,
                -np.expm1(m * np.log1p(-1.0 / n_sets)) if n_sets > 1 else 1.0,
                float(low),
                float(high),
                0,
            )
        )
    return _coverage(rows)


def _shares(weights: Array) -> Array:
    array = np.asarray(weights, dtype=np.float64)
    if array.ndim != 1 or (array < 0.0).any() or not array.sum() > 0.0:
        raise InputError(
            "the weights of the targets do not add up to a positive number",
            hint="give every target a weight >= 0",
        )
    return np.asarray(array / array.sum())


def _checked(shots: Sequence[int], *, most: int) -> list[int]:
    wrong = [m for m in shots if not 1 <= m <= most]
    if wrong:
        raise InputError(
            f"expected 1 to {most} shots, got {wrong[0]}",
            hint="ask for no more shots than were recorded",
        )
    return list(shots)


def _hits(bits: NDArray[np.uint8], targets: NDArray[np.integer]) -> NDArray[np.int64]:
    """(r,) index of the target that each row is, -1 where it is none."""
    wanted = {tuple(sorted(int(i) for i in row)): k for k, row in enumerate(targets)}
    return np.array(
        [wanted.get(tuple(int(i) for i in np.flatnonzero(row)), -1) for row in bits], dtype=np.int64
    )


def _coverage(rows: Sequence[tuple[int, float, float, float, int]]) -> Coverage:
    shots, mean, low, high, runs = (np.array(column) for column in zip(*rows, strict=True))
    return Coverage(shots=shots, mean=mean, low=low, high=high, runs=runs)
