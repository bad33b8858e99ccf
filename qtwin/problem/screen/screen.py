"""A combination screen: single drugs and pairs measured in several contexts (cell lines, strains,
media), and their error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.encoding.model import BinaryModel

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Replicates:
    """What pairs measured more than once say of the error of one measurement.

    Attributes:
        n: Pairs measured more than once, over all contexts.
        pooled_sd: Square root of the mean variance, weighted by degrees of freedom; heavy tails
            raise it.
        median_sd: Median of the standard deviations; heavy tails leave it alone.
    """

    n: int
    pooled_sd: float
    median_sd: float


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Screen:
    r"""Single effects and pair synergies, in the unit of the table; from `qtwin.read_screen`.

    Attributes:
        drugs: (n) names.
        contexts: (c) names.
        singles: (c, n) effect of each drug alone.
        singles_sd: (c, n) standard deviation between its measurements, NaN where there was one.
        pairs: (p, 2) drug indices, the smaller first; every pair measured anywhere.
        synergy: (c, p) mean synergy, NaN where the pair was not measured in the context: there it
            is a forbidden pair.
        synergy_sd: (c, p) standard deviation between repeated measurements, NaN where there was at
            most one.
        repeats: (c, p) number of measurements.
        sha256: Digests of the files.
        notes: What was averaged or read past.

    Example:
        >>> import qtwin as qt
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / 'matrix.csv'
        >>> _ = file.write_text('HeLa,A,B,C\nA,30,5,-2\nB,,40,9\nC,,,20\n')
        >>> screen = qt.read_screen(file, diagonal='effect')
        >>> screen.drugs, screen.contexts
        (('A', 'B', 'C'), ('HeLa',))
    """

    drugs: tuple[str, ...]
    contexts: tuple[str, ...]
    singles: Array
    singles_sd: Array
    pairs: NDArray[np.int64]
    synergy: Array
    synergy_sd: Array
    repeats: NDArray[np.int64]
    sha256: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        c, n, p = len(self.contexts), len(self.drugs), len(self.pairs)
        found = (
            self.singles.shape,
            self.singles_sd.shape,
            self.synergy.shape,
            self.synergy_sd.shape,
            self.repeats.shape,
        )
        if found != ((c, n), (c, n), (c, p), (c, p), (c, p)) or self.pairs.shape != (p, 2):
            raise InputError(
                f"expected arrays for {c} contexts, {n} drugs and {p} pairs, got shapes {found}",
                hint="rebuild it",
            )
        for array in (
            self.singles,
            self.singles_sd,
            self.pairs,
            self.synergy,
            self.synergy_sd,
            self.repeats,
        ):
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
        """(..., p) pair values as (..., n, n) symmetric matrices; NaN where no pair is, 0 on the
        diagonal.
        """
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
        """Standard deviation of the measured pair synergies over all pairs and contexts, noise
        included.
        """
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
        """Share of the variance of the pair synergies that is not measurement error: 1 - noise^2 /
        signal^2, at least 0.
        """
        variance = self.signal_sd**2
        return max(0.0, 1.0 - noise_sd**2 / variance) if variance > 0.0 else 0.0

    def to_model(
        self,
        size: int = 3,
        *,
        context: str | None = None,
        objective: str = "mean",
        full_effect: float = 100.0,
        floor: float = 0.01,
    ) -> BinaryModel:
        """The choice of exactly `size` drugs as a model to minimise: energy = -value, with proven
        penalties.

        Pairs that were not measured in the context are forbidden. Both objectives are exactly
        quadratic, so nothing is fitted.

        Args:
            size: Number of drugs to choose.
            context: One of the screen's; may be left out where it has only one.
            objective: "mean" (mean single effect + mean pair synergy) or "log-linear" (-log
                growth).
            full_effect: Effect at which nothing grows (log-linear only).
            floor: Least growth that is told apart from none (log-linear only).

        Raises:
            InputError: for an unknown context or objective, or a size outside 1..n.
            InfeasibleError: if no set of the size was found free of pairs that were not measured.
        """
        from qtwin.encoding.screen import screen_model

        if context is None and len(self.contexts) > 1:
            raise InputError(
                f"expected the name of one of {len(self.contexts)} contexts, got none",
                hint=f"context={self.contexts[0]!r}, or another of {', '.join(self.contexts)}",
            )
        at = 0 if context is None else self.place(context)
        return screen_model(
            self, at, size=size, objective=objective, full_effect=full_effect, floor=floor
        )

    def to_pandas(self, table: Literal["pairs", "singles"] = "pairs") -> pd.DataFrame:
        """A long table.

        Args:
            table: "pairs", a row each measured pair and context (drug_1, drug_2, context, synergy,
                synergy_sd, repeats), or "singles" (drug, context, effect, effect_sd). Both are read
                back by `qtwin.read_screen` when written as CSV.
        """
        import pandas as pd

        columns: dict[str, Any]
        if table == "singles":
            row, column = np.indices(self.singles.shape)
            columns = {"drug": _named(self.drugs, column), "context": _named(self.contexts, row)}
            columns |= {"effect": self.singles.ravel(), "effect_sd": self.singles_sd.ravel()}
            return pd.DataFrame(columns)
        if table != "pairs":
            raise unknown_name("table", table, ("pairs", "singles"))
        row, column = np.nonzero(~np.isnan(self.synergy))
        first, second = self.pairs[column].T
        columns = {"drug_1": _named(self.drugs, first), "drug_2": _named(self.drugs, second)}
        columns |= {"context": _named(self.contexts, row), "synergy": self.synergy[row, column]}
        columns |= {
            "synergy_sd": self.synergy_sd[row, column],
            "repeats": self.repeats[row, column],
        }
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        n, c = self.n, len(self.contexts)
        known = self.replicates
        noise = (
            "no pair measured twice"
            if known is None
            else f"noise SD {known.median_sd:.3g} median, {known.pooled_sd:.3g} pooled"
        )
        return (
            f"Screen({n} drugs, {c} {'context' if c == 1 else 'contexts'}, "
            f"{len(self.pairs)} of {n * (n - 1) // 2} pairs, "
            f"{int((~np.isnan(self.synergy)).sum()):,} values, {noise})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.to_pandas().head(20).to_html(index=False)}"


def _named(names: tuple[str, ...], places: NDArray[np.int64]) -> list[str]:
    return [names[k] for k in places.ravel()]
