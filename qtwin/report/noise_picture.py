"""The picture of noise: success of a shot against the two-qubit error rate, with the fits and what a guess has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.report import look
from qtwin.report.chart import PLAIN, Figure, colour, data_chart, decades, rows, tips, toggle, with_interval


def noise_picture(entries: Sequence[Mapping[str, Any]], family: str) -> Figure:
    """One curve for each size and solver; the dotted line across is the chance of a guess."""
    import altair as alt

    smallest = min((v["error"] for e in entries for v in e["levels"] if v["error"] > 0), default=1e-4)
    left = smallest / 3.0  # where no noise is drawn on the logarithmic axis
    labels = [f"n = {e['n']}, {e['solver']}" for e in entries]
    measured, curves = [], []
    for label, e in zip(labels, entries, strict=True):
        measured += [
            (
                *(label, e["family"], e["n"], e["solver"], v["error"], v["hits"] / v["shots"]),
                *(v["hits"], v["shots"], v["low"], v["high"], e["chance"], None),
            )
            for v in e["levels"]
        ]
        if not e.get("refused"):
            grid = np.geomspace(left, max([left, *(v["error"] for v in e["levels"])]), 60)
            whole = np.exp(-e["gates"] * grid)
            fitted = whole * e["p0"] + (1 - whole) * e["chance"]
            curves += [
                (label, e["family"], e["n"], e["solver"], float(x), *(None,) * 6, float(y))
                for x, y in zip(grid, fitted, strict=True)
            ]
    header = ["circuit", "family", "n", "solver", "error", "success", "hits", "shots", "low", "high", "chance", "fit"]
    data = rows(header, [*measured, *curves])
    seen = [row[k] for row in data for k in ("success", "low", "high", "chance", "fit") if row[k]]
    floor, ceiling = min(seen, default=1e-3) / 1.5, min(1.0, max(seen, default=1.0) * 1.5)
    rates = [left, max([row["error"] for row in data] or [1e-2])]
    picked, opacity = toggle("circuit")
    scale = alt.Scale(type="log", domain=[floor, ceiling], nice=False, clamp=True)
    axis = alt.Axis(labelExpr=PLAIN, values=decades(floor, ceiling))
    base = (
        data_chart()
        .transform_calculate(
            at=f"max(datum.error, {left})", base=f"max(datum.low, {floor})", found=f"max(datum.success, {floor})"
        )
        .encode(
            x=alt.X("at:Q", title=f"two-qubit error rate (at {left:.1g}: none)")
            .scale(type="log", nice=False, padding=10)
            .axis(labelExpr=PLAIN, values=decades(*rates)),
            color=alt.Color("circuit:N", scale=colour(labels, look.many(len(labels)))),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "circuit": "circuit",
                    "error": "two-qubit error",
                    "success": "success of a shot",
                    "low": "95 % from",
                    "high": "to",
                    "hits": "hits",
                    "shots": "shots",
                    "chance": "chance of a guess",
                },
            ),
        )
    )
    points = base.transform_filter("isValid(datum.shots)")
    title = "success of a shot"
    told = [f"n = {e['n']}: half of the gain over guessing is left at {e['budget']:.2g}" for e in entries if _has_budget(e)]
    return Figure(
        name=f"noise_{''.join(c if c.isalnum() else '_' for c in family)}",
        title=f"Success against the two-qubit error, {family}",
        caption="Points with exact 95 % confidence intervals; curves p = F p0 + (1 - F) c with F = exp(-g error); dotted: the"
        " chance c of a guess.",
        alt="; ".join(told) + "." if told else "No circuit was better than a guess.",
        chart=alt.layer(
            data_chart()
            .transform_filter("datum.chance > 0")
            .transform_aggregate(chance="min(chance)", groupby=["circuit"])
            .mark_rule(strokeDash=[2, 3], aria=False)
            .encode(y=alt.Y("chance:Q", title=title, scale=scale), color="circuit:N"),
            base.transform_filter("isValid(datum.fit)")
            .mark_line(strokeWidth=1.5, aria=False)
            .encode(y=alt.Y("fit:Q", title=title)),
            *with_interval(
                points,
                alt.Y("found:Q", title=title, scale=scale, axis=axis),
                "base",
                "high",
                shape=alt.Shape("circuit:N", scale=colour(labels, look.shapes(len(labels)))),
            ),
        )
        .add_params(picked)
        .properties(height=320),
        data=data,
    )


def _has_budget(entry: Mapping[str, Any]) -> bool:
    return entry.get("budget") is not None and math.isfinite(entry["budget"])
