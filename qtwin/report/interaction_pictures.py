"""Pictures of an interaction graph and the drugs that were chosen on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qtwin.problem.interaction_graph import InteractionGraph
from qtwin.report import look
from qtwin.report.chart import Figure, colour, data_chart, fixed_chart, legend, rows, tips, toggle

DRAWN = 40
"""Drugs up to which the graph itself can be read."""
_KINDS = {"harm": ("harmful pair", look.VERMILLION, [1, 0]), "synergy": ("synergistic pair", look.BLUE, [6, 3])}
_HEIGHT = 350.0
_LEVEL = 16
"""Drugs up to which their names fit around the circle without being turned."""


def graph_picture(graph: InteractionGraph, chosen: Sequence[int], *, name: str, title: str, caption: str) -> Figure:
    """Drugs in a circle, harmful and synergistic pairs between them, the chosen ones filled."""
    import altair as alt

    turn = np.pi / 2 - 2 * np.pi * np.arange(graph.n) / graph.n
    at = [(float(round(x, 4)), float(round(y, 4))) for x, y in zip(np.cos(turn), np.sin(turn), strict=True)]
    taken = set(chosen)
    data = rows(
        ["drug_1", "drug_2", "kind", "weight"],
        [
            (graph.drugs[i], graph.drugs[j], kind, w)
            for kind, pairs, weights in (
                ("harm", graph.harm, graph.harm_weight),
                ("synergy", graph.synergy, graph.synergy_weight),
            )
            for (i, j), w in zip(pairs, weights, strict=True)
        ],
    )
    drugs = [
        {"drug": drug, "x": x, "y": y, "state": "chosen" if i in taken else "left out", "words": look.short(drug, 16)}
        for i, (drug, (x, y)) in enumerate(zip(graph.drugs, at, strict=True))
    ]
    heaviest = {k: max((row["weight"] for row in data if row["kind"] == k), default=1.0) for k in _KINDS}
    kinds = [k for k in _KINDS if any(row["kind"] == k for row in data)]
    picked, opacity = toggle("kind")
    radial = graph.n > _LEVEL
    reach = f"min({_HEIGHT / (3.5 if radial else 2.6):.5g}, width / 4.2)"

    def placed(chart: alt.Chart, x: str, y: str, **more: Any) -> alt.Chart:
        def scale(size: str) -> alt.Scale:
            ends = [alt.ExprRef(expr=f"{sign}{size} / (2 * {reach})") for sign in ("-", "")]
            return alt.Scale(domain=ends, nice=False, zero=False)

        return chart.encode(
            x=alt.X(f"{x}:Q", scale=scale("width"), axis=None), y=alt.Y(f"{y}:Q", scale=scale(str(_HEIGHT)), axis=None), **more
        )

    where = alt.LookupData(data=alt.InlineData(values=drugs), key="drug", fields=["x", "y"])
    ends = data_chart()
    for end in (1, 2):
        ends = ends.transform_lookup(lookup=f"drug_{end}", from_=where, as_=[f"x{end}", f"y{end}"])
    ends = ends.transform_calculate(heavy=f"datum.weight / {heaviest}[datum.kind]")
    edges = placed(ends.mark_rule(), "x1", "y1", x2="x2:Q", y2="y2:Q").encode(
        color=alt.Color(
            "kind:N",
            scale=colour(kinds, [_KINDS[k][1] for k in kinds]),
            legend=legend([_KINDS[k][0] for k in kinds], labelExpr=f"{ {k: _KINDS[k][0] for k in kinds} }[datum.label]"),
        ),
        strokeDash=alt.StrokeDash("kind:N", scale=alt.Scale(domain=kinds, range=[_KINDS[k][2] for k in kinds])),
        strokeWidth=alt.StrokeWidth("heavy:Q", scale=alt.Scale(domain=[0, 1], range=[0.8, 3.4]), legend=None),
        opacity=opacity,
        tooltip=tips(data, {"drug_1": "drug", "drug_2": "with", "kind": "interaction", "weight": "weight"}),
    )
    layers: list[Any] = [edges.add_params(picked)] if len(data) else []
    state = alt.Fill("state:N", scale=colour(["chosen", "left out"], [look.INK, look.PAPER]), sort=["chosen", "left out"])
    base = fixed_chart(drugs)
    layers.append(
        placed(base.mark_circle(size=170, stroke=look.INK, strokeWidth=1.6, opacity=1.0), "x", "y").encode(
            fill=state, tooltip=tips(drugs, {"drug": "drug", "state": ""})
        )
    )
    side = "datum.x < 0 ? 'right' : 'left'" if radial else "abs(datum.x) <= 0.15 ? 'center' : datum.x < 0 ? 'right' : 'left'"
    turned = "(datum.x < 0 ? 180 : 0) - 180 / PI * atan2(datum.y, datum.x)" if radial else "0"
    away = "(abs(datum.x) <= 0.15 ? 1.17 : 1.13)"
    words = base.transform_calculate(at_x=f"{away} * datum.x", at_y=f"{away} * datum.y").mark_text(
        align=alt.expr(side),
        angle=alt.expr(turned),
        baseline="middle",
        fontWeight=alt.expr("datum.state == 'chosen' ? 'bold' : 'normal'"),
        aria=False,
    )
    layers.append(placed(words, "at_x", "at_y", text="words:N"))
    return Figure(
        name=name,
        title=title,
        caption=f"{caption} Lines are as wide as the interaction is heavy; filled circles are the chosen drugs.",
        alt=f"Chosen: {', '.join(graph.drugs[i] for i in sorted(taken))}.",
        chart=alt.layer(*layers).properties(height=_HEIGHT),
        data=data,
    )


def degree_picture(graph: InteractionGraph, chosen: Sequence[int], *, name: str, title: str, caption: str) -> Figure:
    """For large graphs: how many harmful partners the chosen drugs have, and those left out."""
    import altair as alt

    degree = graph.adjacency().sum(axis=1)
    inside = np.zeros(graph.n, dtype=np.bool_)
    inside[list(chosen)] = True
    data = rows(["drug", "harmful_partners", "kept"], [(d, int(degree[i]), bool(inside[i])) for i, d in enumerate(graph.drugs)])
    step = int(1 + degree.max() // 30)  # whole numbers of partners
    names = [f"kept ({inside.sum()})", f"left out ({(~inside).sum()})"]
    picked, opacity = toggle("state")
    return Figure(
        name=name,
        title=title,
        caption=caption,
        alt=f"{inside.sum()} drugs kept with {degree[inside].mean():.1f} partners on average, {(~inside).sum()} left out with"
        f" {degree[~inside].mean() if (~inside).any() else 0.0:.1f}.",
        chart=data_chart()
        .transform_calculate(
            state=f"datum.kept ? '{names[0]}' : '{names[1]}'",
            low=f"{step} * floor(datum.harmful_partners / {step}) - 0.5",
            high=f"{step} * floor(datum.harmful_partners / {step}) + {step - 0.5}",
        )
        .mark_bar(stroke=look.PAPER, strokeWidth=0.6)
        .encode(
            x=alt.X("low:Q", title="harmful partners of a drug in the list").axis(tickMinStep=1),
            x2="high:Q",
            y=alt.Y("count():Q", title="drugs").axis(tickMinStep=1),
            color=alt.Color("state:N", scale=colour(names, [look.BLUE, look.ORANGE]), sort=names, legend=legend(names)),
            order=alt.Order("kept:Q", sort="descending"),
            opacity=opacity,
            tooltip=[
                alt.Tooltip("state:N", title=""),
                alt.Tooltip("min(harmful_partners):Q", title="harmful partners from"),
                alt.Tooltip("max(harmful_partners):Q", title="to"),
                alt.Tooltip("count():Q", title="drugs"),
            ],
        )
        .add_params(picked)
        .properties(height=260),
        data=data,
    )
