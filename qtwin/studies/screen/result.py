"""Results of the three questions about combination screens, typed.

Intervals named `low` and `high` are 95 % ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from qtwin.errors import unknown_name
from qtwin.studies.result import Part, SheetResult

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.report.sheet import Sheet

Number = float | None
"""None where it is unknown, or not finite."""
Interval = tuple[Number, Number, Number]
"""A value with the ends of its 95 % interval."""


class _Result(SheetResult):
    """What the three have in common."""

    title: str
    seed: int
    wall_s: float


class Replication(Part):
    """What pairs measured more than once say of the error of one measurement."""

    n: int
    pooled_sd: float
    median_sd: float
    distinct_pairs: int
    contexts: int
    mean_synergy: float


class ScreenData(Part):
    """The screen, and how well it is known; `noise_sd` and `reliability` by noise level."""

    drugs: tuple[str, ...]
    contexts: tuple[str, ...]
    pairs: int
    pairs_possible: int
    measured_values: int
    signal_sd: float
    mean_synergy: float
    replicates: Replication | None
    noise_sd: dict[str, float]
    reliability: dict[str, float]
    sha256: tuple[str, ...]
    notes: tuple[str, ...]


class BaselineSet(Part):
    """The set that a simple search found in one context, and how far below the optimum it is,
    relative.
    """

    set: tuple[str, ...]
    value: float
    gap: Number


class ContextNoise(Part):
    """What a noise level leaves open of one context's optimum."""

    p_best: float
    ratio: Number
    shortfall: float
    regret: float
    sets_within: int
    sets_credible_90: int


class ContextRow(Part):
    """One context: the proven optimum, simple search beside it (None where it found no set), and
    what the noise leaves open.
    """

    context: str
    n_sets: int
    optimum: tuple[str, ...]
    value: float
    second: Number
    proven: bool
    wall_s: float
    baselines: dict[str, BaselineSet | None]
    noise: dict[str, ContextNoise]

    def gap(self, baseline: str) -> float:
        """How far a baseline lies below the optimum, relative; infinite where it found no set."""
        found = self.baselines[baseline]
        return float("inf") if found is None or found.gap is None else found.gap


class BaselineRow(Part):
    """In how many contexts a simple search is optimal, the share's interval (None below ten), and
    how far it falls short.
    """

    optimal: int
    of: int
    low: Number
    high: Number
    worst_gap: Number
    median_gap: Number


class Spread(Part):
    """A number over the contexts."""

    mean: Number
    median: Number
    low: Number
    high: Number


class NoiseRow(Part):
    """What a noise level leaves open, over the contexts that were looked at."""

    contexts: int
    p_best: Spread
    ratio: Spread
    shortfall: Spread
    regret: Spread
    credible: Spread
    within: Spread


class CandidateSet(Part):
    """One set of drugs under every noise level: mean, standard deviation, P(best) and P(within the
    tolerance of the best).
    """

    words: str
    value: float
    mean: dict[str, float]
    sd: dict[str, float]
    optimal: dict[str, float]
    near: dict[str, float]
    nominal: bool


class ShownContext(Part):
    """The context whose optimum is the best with the median probability, and its likeliest sets."""

    context: str
    sets: tuple[CandidateSet, ...]


class CoverageCurve(Part):
    """Weight of the near-optimal sets that a sampler hit, against shots."""

    shots: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[Number, ...]
    high: tuple[Number, ...]
    runs: tuple[int, ...]


class ScreenResult(_Result):
    """The best `size` drugs of a screen in each context, proven, and how likely each optimum is
    truly the best.

    Example:
        >>> import qtwin as qt
        >>> sorted(set(qt.ScreenResult.model_fields) & {'contexts', 'verdict'})
        ['contexts', 'verdict']
    """

    schema_: Literal["qtwin.screen/1"] = Field(default="qtwin.screen/1", alias="schema")
    size: int
    objective: str
    unit: str
    full_effect: float
    floor: float
    tolerance: float
    data: ScreenData
    contexts: tuple[ContextRow, ...]
    baselines: dict[str, BaselineRow]
    noise: dict[str, NoiseRow]
    draws: int
    shown: ShownContext
    coverage: dict[str, CoverageCurve]

    def sheet(self) -> Sheet:
        from qtwin.studies.screen.page import screen_sheet

        return screen_sheet(self)

    def to_pandas(
        self, table: Literal["contexts", "candidates", "baselines"] = "contexts"
    ) -> pd.DataFrame:
        """A table of the result.

        Args:
            table: "contexts", a row each with its optimum, simple search and the noise;
                "candidates", the sets that may be the best in the context that is shown;
                "baselines", simple search over all contexts.
        """
        import pandas as pd

        rows: list[dict[str, Any]]
        if table == "contexts":
            rows = [
                {
                    "context": c.context,
                    "optimum": " + ".join(c.optimum),
                    "value": c.value,
                    "proven": c.proven,
                    "sets": c.n_sets,
                }
                | {f"{name} gap": c.gap(name) for name in c.baselines}
                | {f"p_best_{n}": d.p_best for n, d in c.noise.items()}
                | {f"expected_over_measured_{n}": d.ratio for n, d in c.noise.items()}
                | {"seconds": c.wall_s}
                for c in self.contexts
            ]
        elif table == "candidates":
            rows = [
                {
                    "context": self.shown.context,
                    "set": c.words,
                    "value": c.value,
                    "nominal": c.nominal,
                }
                | {f"p_best_{n}": p for n, p in c.optimal.items()}
                | {f"mean_{n}": m for n, m in c.mean.items()}
                | {f"sd_{n}": s for n, s in c.sd.items()}
                for c in self.shown.sets
            ]
        elif table == "baselines":
            rows = [{"baseline": name} | b.to_json() for name, b in self.baselines.items()]
        else:
            raise unknown_name("table", table, ("contexts", "candidates", "baselines"))
        return pd.DataFrame(rows)


class OrderMeans(Part):
    """Means over the sets of one size: as measured, and by every surrogate."""

    n: int
    measured: float
    predicted: dict[str, float]


class SurrogateAgreement(Part):
    """How well one surrogate predicts, over all sets (`order` 0) or those of one size."""

    surrogate: str
    order: int
    n: int
    predicted_mean: float
    measured_mean: float
    rmse: Interval
    r: Interval
    sign: Interval
    excess: Interval


class PredictedSet(Part):
    """One set: measured, and predicted by every surrogate."""

    set: tuple[str, ...]
    measured: float
    predicted: dict[str, float]


class OrderResult(_Result):
    """Whether singles and pairs predict what three and more drugs do together."""

    schema_: Literal["qtwin.screen-order/1"] = Field(default="qtwin.screen-order/1", alias="schema")
    kind: str
    sheet_name: str = Field(alias="sheet")
    n_sets: int
    n_unpredictable: int
    orders: dict[str, OrderMeans]
    agreement: tuple[SurrogateAgreement, ...]
    sets: tuple[PredictedSet, ...]
    sha256: str
    notes: tuple[str, ...]

    def sheet(self) -> Sheet:
        from qtwin.studies.screen.page import order_sheet

        return order_sheet(self)

    def to_pandas(self, table: Literal["surrogates", "sets"] = "surrogates") -> pd.DataFrame:
        """A table of the result.

        Args:
            table: "surrogates", a row each and size of set (0: all) with its errors; "sets", a row
                each with its predictions.
        """
        import pandas as pd

        rows: list[dict[str, Any]]
        if table == "surrogates":
            rows = [
                {"surrogate": a.surrogate, "order": a.order, "n": a.n}
                | {"predicted_mean": a.predicted_mean, "measured_mean": a.measured_mean}
                | {
                    f"{what}{end}": value
                    for what in ("rmse", "r", "sign", "excess")
                    for end, value in zip(("", "_low", "_high"), getattr(a, what), strict=True)
                }
                for a in self.agreement
            ]
        elif table == "sets":
            rows = [
                {"set": " + ".join(s.set), "drugs": len(s.set), "measured": s.measured}
                | s.predicted
                for s in self.sets
            ]
        else:
            raise unknown_name("table", table, ("surrogates", "sets"))
        return pd.DataFrame(rows)


class EdgeRow(Part):
    """An interacting pair."""

    drug_1: str
    drug_2: str
    kind: Literal["harm", "synergy"]
    weight: float


class GraphPart(Part):
    """The list of interacting drugs."""

    drugs: tuple[str, ...]
    harmful_pairs: int
    synergistic_pairs: int
    edges: tuple[EdgeRow, ...]
    sha256: str
    notes: tuple[str, ...]


class SafeSubset(Part):
    """The largest set without a harmful pair; `greedy` is the size that fewest-partners-first
    finds.
    """

    drugs: tuple[str, ...]
    size: int
    bound: Number
    proven: bool
    solver: str
    wall_s: float
    greedy: int


class HarmPenalty(Part):
    """What a penalty on harmful pairs does; the minimum of the polynomial where it can be
    listed.
    """

    weight: float
    suffices_above: float
    suffices: bool
    minimum: Number = None
    minimisers: tuple[tuple[str, ...], ...] | None = None
    harmful_pairs_in_minimisers: tuple[int, ...] | None = None


class SynergyPart(Part):
    """The most synergistic drugs of a size, proven by listing every set, and by a solver."""

    size: int
    optimum: tuple[str, ...]
    value: float
    second: Number
    proven: bool
    n_sets: int
    harmful_pairs: int
    solver: str
    solver_value: Number
    solver_proven: bool
    wall_s: float
    greedy: dict[str, Number]
    size_weight: float
    size_weight_sufficient: float


class QuantumRow(Part):
    """One method on one problem: its chance of a lowest-energy answer in one shot, with its
    interval.

    Attributes:
        problem, method: Which.
        is_quantum: Whether a circuit could do all of it.
        probability, low, high: Per shot.
        two_qubit_gates: Of one shot, all-to-all; None where they cannot be counted.
        evaluations: Circuit evaluations, or steps.
    """

    problem: str
    method: str
    is_quantum: bool
    probability: float
    low: float
    high: float
    two_qubit_gates: int | None
    evaluations: int


class QuantumPart(Part):
    """The published comparison of quantum methods with its ablation."""

    shots: int
    rows: tuple[QuantumRow, ...]
    verdicts: tuple[str, ...]


class InteractionsResult(_Result):
    """The largest safe subset of interacting drugs, and the most synergistic few, with proof."""

    schema_: Literal["qtwin.screen-interactions/1"] = Field(
        default="qtwin.screen-interactions/1", alias="schema"
    )
    source: str
    graph: GraphPart
    safe_subset: SafeSubset
    penalty: HarmPenalty
    synergy: SynergyPart | None
    quantum: QuantumPart | None
    harm: float

    def sheet(self) -> Sheet:
        from qtwin.studies.screen.page import interactions_sheet

        return interactions_sheet(self)

    def to_pandas(self, table: Literal["choices", "quantum", "edges"] = "choices") -> pd.DataFrame:
        """A table of the result.

        Args:
            table: "choices", the safe subset and the synergistic choice with the simple searches
                beside them; "quantum", a row each method and problem of the published comparison;
                "edges", the interacting pairs.
        """
        import pandas as pd

        rows: list[dict[str, Any]]
        if table == "choices":
            safe, found = self.safe_subset, self.synergy
            rows = [
                {
                    "choice": "maximum safe subset",
                    "drugs": " + ".join(safe.drugs),
                    "value": safe.size,
                    "proven": safe.proven,
                },
                {
                    "choice": "fewest partners first",
                    "drugs": "",
                    "value": safe.greedy,
                    "proven": False,
                },
            ]
            if found is not None:
                name, drugs = f"synergy among {found.size}", " + ".join(found.optimum)
                rows.append(
                    {"choice": name, "drugs": drugs, "value": found.value, "proven": found.proven}
                )
                rows += [
                    {"choice": n, "drugs": "", "value": v, "proven": False}
                    for n, v in found.greedy.items()
                ]
        elif table == "quantum":
            rows = [] if self.quantum is None else [r.to_json() for r in self.quantum.rows]
        elif table == "edges":
            rows = [e.to_json() for e in self.graph.edges]
        else:
            raise unknown_name("table", table, ("choices", "quantum", "edges"))
        return pd.DataFrame(rows)
