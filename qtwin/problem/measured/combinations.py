"""Measured singles and pairs in several contexts (cell lines, strains, media), and how well they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Replicates:
    """What pairs measured more than once say of the error of one measurement.

    Attributes:
        n: Pairs measured more than once, over all contexts.
        pooled_sd: Square root of the mean variance, weighted by degrees of freedom; heavy tails raise it.
        median_sd: Median of the standard deviations; heavy tails leave it alone.
    """

    n: int
    pooled_sd: float
    median_sd: float


@dataclass(frozen=True, kw_only=True)
class MeasuredCombinations:
    """Single effects and pair synergies, in the unit of the table.

    Attributes:
        drugs: (n) names.
        contexts: (c) names.
        single: (c, n) effect of each drug alone.
        single_sd: (c, n) standard deviation between its measurements, NaN where there was one.
        pairs: (p, 2) drug indices, the smaller first; every pair measured anywhere.
        synergy: (c, p) mean synergy, NaN where the pair was not measured in the context: there it is a forbidden pair.
        synergy_sd: (c, p) standard deviation between repeated measurements, NaN where there was at most one.
        repeats: (c, p) number of measurements.
        sha256: Digests of the files.
        notes: What was averaged or read past.
    """

    drugs: tuple[str, ...]
    contexts: tuple[str, ...]
    single: Array
    single_sd: Array
    pairs: NDArray[np.int64]
    synergy: Array
    synergy_sd: Array
    repeats: NDArray[np.int64]
    sha256: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        c, n, p = len(self.contexts), len(self.drugs), len(self.pairs)
        found = (self.single.shape, self.single_sd.shape, self.synergy.shape, self.synergy_sd.shape, self.repeats.shape)
        if found != ((c, n), (c, n), (c, p), (c, p), (c, p)) or self.pairs.shape != (p, 2):
            raise InputError(f"arrays of shapes {found} came for {c} contexts, {n} drugs and {p} pairs", hint="rebuild the table")
        for array in (self.single, self.single_sd, self.pairs, self.synergy, self.synergy_sd, self.repeats):
            array.setflags(write=False)

    @property
    def n(self) -> int:
        """Number of drugs."""
        return len(self.drugs)

    def place(self, context: str) -> int:
        """The index of a context.

        Raises:
            InputError: for one that is not in the table, with the nearest name.
        """
        by_name = {name.casefold(): k for k, name in enumerate(self.contexts)}
        if context.casefold() not in by_name:
            raise unknown_name("context", context, self.contexts)
        return by_name[context.casefold()]

    def matrix(self, values: Array) -> Array:
        """(..., p) pair values as (..., n, n) symmetric matrices; NaN where no pair is, 0 on the diagonal."""
        out = np.full((*values.shape[:-1], self.n, self.n), np.nan)
        i, j = self.pairs.T
        out[..., i, j] = out[..., j, i] = values
        out[..., range(self.n), range(self.n)] = 0.0
        return out

    def forbidden(self, context: int) -> NDArray[np.bool_]:
        """(n, n) pairs that were not measured in a context."""
        return np.asarray(np.isnan(self.matrix(self.synergy[context])))

    @property
    def signal_sd(self) -> float:
        """Standard deviation of the measured pair synergies over all pairs and contexts, noise included."""
        return float(np.nanstd(self.synergy))

    @property
    def replicates(self) -> Replicates | None:
        """The error of one pair measurement, None where nothing was measured twice."""
        twice = self.repeats > 1
        if not twice.any():
            return None
        freedom, sd = self.repeats[twice] - 1, self.synergy_sd[twice]
        return Replicates(
            n=int(twice.sum()),
            pooled_sd=float(np.sqrt(np.average(sd**2, weights=freedom))),
            median_sd=float(np.median(sd)),
        )

    def reliability(self, noise_sd: float) -> float:
        """Share of the variance of the pair synergies that is not measurement error: 1 - noise^2 / signal^2, at least 0."""
        variance = self.signal_sd**2
        return max(0.0, 1.0 - noise_sd**2 / variance) if variance > 0.0 else 0.0
