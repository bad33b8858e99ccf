"""The pages of the screen studies, and the rows of their tables, from the typed results alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.coverage import Coverage
from qtwin.problem.interaction_graph import InteractionGraph, graph_of
from qtwin.problem.screen.order import CONSTANT, WORDS, Agreement, Study
from qtwin.report import screen_pictures as interaction_pictures
from qtwin.report import screen_pictures as measured_pictures
from qtwin.report import screen_pictures as order_pictures
from qtwin.report.chart import Figure
from qtwin.report.number import number, percent, seconds
from qtwin.report.sheet import Section, Sheet, Table
from qtwin.studies.screen.quantum import BASELINES
from qtwin.studies.screen.result import (
    ContextNoise,
    ContextRow,
    CoverageCurve,
    InteractionsResult,
    Interval,
    OrderResult,
    QuantumPart,
    ScreenResult,
    SurrogateAgreement,
)

Rows = list[tuple[str, ...]]
UNITS: Mapping[str, str] = {"score": "score", "ratio": "log2 ratio", "growth": "log growth"}
SURROGATE_HEADER = (
    "Surrogate",
    "Error (RMSE)",
    "Less that of a constant",
    "Correlation",
    "Right side of no interaction",
)
CHOICE_HEADER = ("Choice", "Drugs", "Value", "Proven", "Time")
QUANTUM_HEADER = (
    "Problem",
    "Method",
    "Probability",
    "95 % confidence interval",
    "Two-qubit gates",
    "Evaluations",
)
_SIMPLE = ("greedy", "greedy + swap")


def screen_header(result: ScreenResult) -> tuple[str, ...]:
    """Columns of the contexts' table."""
    noises = result.data.noise_sd
    return (
        *("Context", "Optimum", "Value", "Greedy", "Greedy + swap"),
        *(f"P(best), {n}" for n in noises),
        *(f"Expected / measured, {n}" for n in noises),
    )


def screen_rows(result: ScreenResult) -> Rows:
    """A row a context."""
    noises = result.data.noise_sd
    return [
        (
            c.context,
            " + ".join(c.optimum),
            number(c.value),
            *(_gap(c, name) for name in _SIMPLE),
            *(percent(c.noise[n].p_best) if n in c.noise else number(None) for n in noises),
            *(number(c.noise[n].ratio, 2) if n in c.noise else number(None) for n in noises),
        )
        for c in result.contexts
    ]


def _gap(row: ContextRow, name: str) -> str:
    if row.baselines[name] is None:
        return "none found"
    gap = row.gap(name)
    return "optimal" if gap == 0.0 else f"−{100 * gap:.1f} %" if np.isfinite(gap) else number(None)


def screen_sheet(r: ScreenResult) -> Sheet:
    """The page of a screen."""
    noises, data = r.data.noise_sd, r.data
    text = (
        []
        if r.shown.sets
        else ["No pair was measured twice, and no noise was stated: no probability can be given."]
    )
    sections = [
        Section(
            anchor="open",
            title="What the noise leaves open",
            text=text,
            pictures=_doubt_pictures(r),
        )
    ]
    if r.coverage:
        sections.append(
            Section(anchor="samplers", title="What samplers find", pictures=[_coverage_picture(r)])
        )
    gaps = {name: np.array([c.gap(name) for c in r.contexts]) for name in r.contexts[0].baselines}
    gaps = {name: gap for name, gap in gaps.items() if np.isfinite(gap).all()}
    simple: list[Figure] = []
    if len(r.contexts) > 2 and gaps:
        simple.append(
            measured_pictures.baseline_picture([c.context for c in r.contexts], gaps, size=r.size)
        )
    table = Table(
        title="Proven optimum of each context",
        header=screen_header(r),
        rows=screen_rows(r),
        numeric=frozenset({2, *range(5, 5 + 2 * len(noises))}),
    )
    sections.append(
        Section(anchor="optima", title="Optima and simple search", pictures=simple, tables=[table])
    )
    g, s = (r.baselines[name] for name in _SIMPLE)
    cards = [
        ("Greedy", f"{g.optimal} of {g.of}", f"optimal; worst {percent(g.worst_gap)} below"),
        (
            "Greedy + swap",
            f"{s.optimal} of {s.of}",
            "optimal; all optima proven by listing every set",
        ),
    ]
    for name, d in r.noise.items():
        words = (
            f"median context; noise SD {number(noises[name])}, reliability "
            f"{data.reliability[name]:.2f}"
        )
        cards.append(
            (f"Truly best ({name} noise)", f"{100 * (d.p_best.median or 0.0):.0f} %", words)
        )
    return Sheet(
        kind="combination screen",
        title=f"{r.title}: {r.size} drugs, {r.objective} objective",
        verdict=r.verdict,
        points=_points(r),
        cards=cards,
        warnings=r.warnings,
        sections=sections,
        facts={
            "Data": f"{len(data.drugs)} drugs, {len(data.contexts)} contexts, {data.pairs} of "
            f"{data.pairs_possible} pairs",
            "Files": ", ".join(d[:12] for d in data.sha256) or "given in Python",
            "Read": "; ".join(data.notes) or "nothing was averaged or left out",
            "Draws": f"{r.draws:,}, seed {r.seed}",
            "Versions": f"qtwin {r.versions['qtwin']}",
            "Time": f"{r.wall_s:.1f} s",
        },
    )


def _points(r: ScreenResult) -> list[str]:
    if not r.noise:
        return []
    name, d = next(iter(r.noise.items()))
    return [
        f"A median of {d.within.median:.0f} sets lie within {100 * r.tolerance:.0f} % of "
        f"the optimum as measured; under {name}"
        f" noise {d.credible.median:.0f} sets are needed to hold the best one with 90 % "
        "probability",
        "So the answer to report is a set of sets with probabilities, and a sampler is to "
        "be judged on covering it",
    ]


def _doubt_pictures(r: ScreenResult) -> list[Figure]:
    noises, out = r.data.noise_sd, []
    if r.shown.sets:
        out.append(
            measured_pictures.near_optimal_picture(
                [measured_pictures.Candidate(**s.to_json()) for s in r.shown.sets],
                context=r.shown.context,
                noises=noises,
                unit=r.unit,
                n_draws=r.draws,
                tolerance=r.tolerance,
            )
        )
    judged = [c for c in r.contexts if noises and all(n in c.noise for n in noises)]
    if len(judged) > 2:
        optimal = {n: np.array([c.noise[n].p_best for c in judged]) for n in noises}
        ratio = {
            n: np.array([np.nan if (x := c.noise[n].ratio) is None else x for c in judged])
            for n in noises
        }
        out.append(
            measured_pictures.doubt_picture([c.context for c in judged], optimal, ratio, noises)
        )
    return out


def _coverage_picture(r: ScreenResult) -> Figure:
    curves = {name: _curve(c) for name, c in r.coverage.items()}
    row = next(c for c in r.contexts if c.context == r.shown.context)
    first: ContextNoise = next(iter(row.noise.values()))
    uniform = curves.pop("uniform")
    return measured_pictures.coverage_picture(
        curves, uniform, context=row.context, n_targets=first.sets_within, n_sets=row.n_sets
    )


def _curve(c: CoverageCurve) -> Coverage:
    def floats(values: tuple[float | None, ...]) -> NDArray[np.float64]:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    return Coverage(
        shots=np.array(c.shots, dtype=np.int64),
        mean=np.array(c.mean),
        low=floats(c.low),
        high=floats(c.high),
        runs=np.array(c.runs, dtype=np.int64),
    )


def order_rows(result: OrderResult) -> Rows:
    """A row a surrogate, over all sets."""
    return [_surrogate(a) for a in result.agreement if a.order == 0]


def _interval(value: Interval) -> str:
    if value[0] is None or value[1] is None:
        return number(value[0])
    return f"{number(value[0])} ({number(value[1])} to {number(value[2])})"


def _surrogate(a: SurrogateAgreement) -> tuple[str, ...]:
    less = (None, None, None) if a.surrogate == CONSTANT else a.excess
    return (
        WORDS[a.surrogate],
        _interval(a.rmse),
        _interval(less),
        _interval(a.r),
        _interval(a.sign),
    )


def order_sheet(r: OrderResult) -> Sheet:
    """The page of an order study."""
    unit = UNITS[r.kind]
    found = _study(r)
    labels = [" + ".join(s.set) for s in r.sets]
    agreed = [_agreement(a) for a in r.agreement]
    overall = [a for a in r.agreement if a.order == 0]
    surrogates = Table(
        title="All sets, with 95 % confidence intervals",
        header=SURROGATE_HEADER,
        rows=order_rows(r),
        flagged=frozenset(
            k for k, a in enumerate(overall) if a.excess[1] is not None and a.excess[1] > 0.0
        ),
        numeric=frozenset({1, 2, 3, 4}),
    )
    names = ("sum of pairs", "mean of pairs", "second order", "mean, calibrated", CONSTANT)
    by_order = Table(
        title="Means by number of drugs",
        header=("Drugs", "Sets", "Measured", *(WORDS[n] for n in names)),
        rows=[
            (k, str(o.n), number(o.measured), *(number(o.predicted[n]) for n in names))
            for k, o in r.orders.items()
        ],
        numeric=frozenset(range(1, 3 + len(names))),
    )
    side = float((found.measured < found.base).mean())
    points = [
        f"{100 * max(side, 1 - side):.0f} % of the sets lie on one side of no interaction, "
        "so a constant is on the right side"
        " as often"
    ]
    if r.n_unpredictable:
        points.append(
            f"{r.n_unpredictable} further sets have a pair that was not measured; nothing "
            "is predicted for them"
        )
    pictures = [
        order_pictures.error_picture(agreed, unit=unit),
        order_pictures.predicted_picture(found, labels, unit=unit),
    ]
    return Sheet(
        kind="combination screen",
        title=f"{r.title}: what pairs predict",
        verdict=r.verdict,
        points=points,
        warnings=r.warnings,
        sections=[
            Section(
                anchor="order",
                title="Prediction by number of drugs",
                pictures=[order_pictures.scaling_picture(found, unit=unit)],
                tables=[by_order],
            ),
            Section(
                anchor="surrogates", title="Surrogates", pictures=pictures, tables=[surrogates]
            ),
        ],
        facts={
            "File": r.sha256[:12] + (f", sheet {r.sheet_name}" if r.sheet_name else ""),
            "Read": "; ".join(r.notes) or "every line",
            "Versions": f"qtwin {r.versions['qtwin']}",
            "Time": f"{r.wall_s:.1f} s, seed {r.seed} of the bootstrap",
        },
    )


def _agreement(a: SurrogateAgreement) -> Agreement:
    """The same with NaN for what is unknown."""

    def known(interval: Interval) -> tuple[float, float, float]:
        value, low, high = (float("nan") if v is None else v for v in interval)
        return value, low, high

    return Agreement(
        surrogate=a.surrogate,
        order=a.order,
        n=a.n,
        predicted_mean=a.predicted_mean,
        measured_mean=a.measured_mean,
        rmse=known(a.rmse),
        r=known(a.r),
        sign=known(a.sign),
        excess=known(a.excess),
    )


def _study(r: OrderResult) -> Study:
    drugs = sorted({d for s in r.sets for d in s.set})
    place = {d: k for k, d in enumerate(drugs)}
    predicted = {
        name: np.array([s.predicted[name] for s in r.sets]) for name in r.sets[0].predicted
    }
    return Study(
        members=tuple(tuple(place[d] for d in s.set) for s in r.sets),
        order=np.array([len(s.set) for s in r.sets]),
        measured=np.array([s.measured for s in r.sets]),
        base=predicted["none"],
        predicted=predicted,
        n_unpredictable=r.n_unpredictable,
    )


def choice_rows(r: InteractionsResult) -> Rows:
    """The choices of an interaction study and the simple searches beside them."""
    safe, found = r.safe_subset, r.synergy
    rows: Rows = [
        (
            "maximum safe subset",
            str(safe.size),
            str(safe.size),
            _yes(safe.proven),
            seconds(safe.wall_s),
        ),
        ("fewest partners first", str(safe.greedy), str(safe.greedy), "", ""),
    ]
    if found is not None:
        drugs, took = ", ".join(found.optimum), seconds(found.wall_s)
        rows.append(
            (f"synergy among {found.size}", drugs, number(found.value), _yes(found.proven), took)
        )
        rows += [
            (name, str(found.size), number(value), "", "") for name, value in found.greedy.items()
        ]
    return rows


def _yes(proven: bool) -> str:
    return "yes" if proven else "no"


def quantum_rows(part: QuantumPart) -> Rows:
    """A row a method and problem of the published comparison."""
    return [
        (
            r.problem,
            r.method if r.is_quantum or r.method in BASELINES else f"{r.method} (no circuit)",
            number(r.probability),
            f"{number(r.low)} to {number(r.high)}",
            "" if r.two_qubit_gates is None else f"{r.two_qubit_gates:,}",
            f"{r.evaluations:,}",
        )
        for r in part.rows
    ]


def interactions_sheet(r: InteractionsResult) -> Sheet:
    """The page of an interaction study."""
    safe, synergy = r.safe_subset, r.synergy
    graph = _graph(r)
    small = graph.n <= interaction_pictures.DRAWN
    draw = interaction_pictures.graph_picture if small else interaction_pictures.degree_picture
    caption = (
        "Filled drugs are the largest set in which no two are joined by a harmful interaction."
        if small
        else "Drugs of the list by the number of others that they must not be combined with; "
        "those kept have no harmful pair"
        " among them."
    )
    kept = [graph.drugs.index(name) for name in safe.drugs]
    title = f"{safe.size} of {graph.n} drugs without a harmful pair"
    sections = [
        Section(
            anchor="safe",
            title="Maximum safe subset",
            text=[", ".join(safe.drugs) + "."] if safe.drugs else [],
            pictures=[draw(graph, kept, name="safe_subset", title=title, caption=caption)],
        )
    ]
    if synergy is not None:
        members = [graph.drugs.index(name) for name in synergy.optimum]
        title = f"The most synergistic {synergy.size}"
        caption = (
            f"Synergistic weights less {r.harm:g} times harmful ones; proven by listing "
            f"{synergy.n_sets:,} sets"
            f"{', and again by ' + synergy.solver if synergy.solver_proven else ''}."
        )
        shown = (
            [
                interaction_pictures.graph_picture(
                    graph, members, name="synergy", title=title, caption=caption
                )
            ]
            if small
            else []
        )
        sections.append(Section(anchor="synergy", title=title, pictures=shown))
    choices = Table(
        title="Choices", header=CHOICE_HEADER, rows=choice_rows(r), numeric=frozenset({2, 4})
    )
    sections.append(Section(anchor="values", title="Values", tables=[choices]))
    if r.quantum is not None:
        compared = Table(
            title="Probability of the optimum in one shot",
            header=QUANTUM_HEADER,
            rows=quantum_rows(r.quantum),
            numeric=frozenset({2, 4, 5}),
        )
        text = [f"{sentence}." for sentence in r.quantum.verdicts]
        sections.append(
            Section(
                anchor="quantum",
                title="Quantum methods beside their classical twins",
                text=text,
                tables=[compared],
            )
        )
    return Sheet(
        kind="drug interactions",
        title=r.title,
        verdict=r.verdict,
        cards=[
            (
                "Safe together",
                f"{safe.size} of {graph.n}",
                "proven" if safe.proven else "not proven",
            ),
            (
                "Harmful pairs",
                f"{r.graph.harmful_pairs:,}",
                f"{r.graph.synergistic_pairs:,} synergistic",
            ),
            ("Penalty that suffices", number(r.penalty.suffices_above), f"asked for {r.harm:g}"),
        ],
        warnings=r.warnings,
        sections=sections,
        facts={
            "Source": r.source,
            "File": r.graph.sha256[:12] or "shipped with qtwin",
            "Read": "; ".join(r.graph.notes) or "every line",
            "Versions": f"qtwin {r.versions['qtwin']}",
            "Time": f"{r.wall_s:.1f} s",
        },
    )


def _graph(r: InteractionsResult) -> InteractionGraph:
    return graph_of(
        [(e.drug_1, e.drug_2, e.kind, e.weight, r.title) for e in r.graph.edges],
        title=r.title,
        source=r.source,
    )
