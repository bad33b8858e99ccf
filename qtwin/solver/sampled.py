"""What samplers share: distinct assignments with counts, and the best feasible one among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.encoding.model import BinaryModel
from qtwin.solver.slack import fill_slack


def collect(bits: NDArray[np.generic], counts: NDArray[np.integer] | None = None) -> Samples:
    """Equal rows of (m, n) bits merged, in the order of their bits; each row counts once, or (m,) `counts` times."""
    rows = np.asarray(bits).astype(np.uint8)
    distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
    weight = np.ones(len(rows), dtype=np.int64) if counts is None else np.asarray(counts, dtype=np.int64)
    total = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(total, inverse.reshape(-1), weight)
    return Samples(bits=distinct, counts=total)


def best_feasible(encoding: BinaryModel, bits: NDArray[np.generic]) -> tuple[NDArray[np.uint8] | None, float]:
    """The feasible choice of lowest energy (the first of equals) and its energy; (None, NaN) if no row is feasible.

    Slack variables only keep the books of a constraint: a sampled choice is judged with its best slack, whatever came with it.
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
    """Mean energy with its standard error, lowest energy of any sample, feasible share, number of distinct assignments."""
    energies = encoding.polynomial.evaluate(samples.bits)
    mean = float(np.average(energies, weights=samples.counts))
    variance = float(np.average((energies - mean) ** 2, weights=samples.counts))
    return {
        "mean_energy": mean,
        "mean_energy_standard_error": float(np.sqrt(variance / max(samples.shots - 1, 1))),
        "lowest_energy": float(energies.min()),
        "feasible_share": float(samples.counts[encoding.is_feasible(samples.bits)].sum() / samples.shots),
        "distinct": len(samples.counts),
    }
