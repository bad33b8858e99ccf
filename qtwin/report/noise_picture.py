"""The picture of noise: success of a shot against the two-qubit error rate, with the fits and what a guess has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.report.bench_pictures import by_name
from qtwin.report.chart import PLAIN, Figure, data_chart, decades, fixed_chart, rows, tips, toggle


def noise_picture(entries: Sequence[Mapping[str, Any]], family: str) -> Figure:
    """One curve for each size and solver; the dotted line of each is the chance of a guess."""
    import altair as alt

    data = rows(
        ["family", "n", "solver", "error", "hits", "shots", "low", "high", "chance"],
        [
            (e["family"], e["n"], e["solver"], v["error"], v["hits"], v["shots"], v["low"], v["high"], e["chance"])
            for e in entries
            for v in e["levels"]
        ],
    )
    smallest = min((v["error"] for e in entries for v in e["levels"] if v["error"] > 0), default=1e-4)
    left = smallest / 3.0  # where no noise is drawn on the logarithmic axis
    right = 1.4 * max((v["error"] for e in entries for v in e["levels"]), default=left)
    seen = [v for row in data for v in (row["hits"] / row["shots"], row["chance"], row["high"]) if v]
    floor = min(seen, default=1e-3) / 2.0
    names = [_words(e) for e in entries]
    style = by_name("curve", names)
    picked, opacity = toggle("curve")
    named = {"color": style["color"], "opacity": opacity}
    x = alt.X("at:Q", title=f"two-qubit error rate (log scale; at {left:.1g}: none)")
    x = x.scale(type="log", domain=[left / 1.3, max(right, 2.0 * left)], nice=False)
    x = x.axis(labelExpr=PLAIN, values=decades(left, max(right, 2.0 * left)))
    y = alt.Y("success:Q", title="success of a shot (log scale)").scale(type="log", domain=[floor, 1.0], nice=False)
    y = y.axis(labelExpr=PLAIN, values=decades(floor, 1.0))
    base = (
        data_chart()
        .transform_calculate(
            curve="'n = ' + datum.n + ', ' + datum.solver",
            at=f"max(datum.error, {left})",
            success="datum.hits / datum.shots",
            least=f"max(datum.low, {floor})",
        )
        .encode(
            x=x,
            tooltip=tips(
                data,
                {
                    "n": "n",
                    "solver": "solver",
                    "error": "two-qubit error",
                    "hits": "hits",
                    "shots": "of shots",
                    "low": "95 % from",
                }
                | {"high": "to", "chance": "chance of a guess"},
            ),
            **named,
        )
    )
    curves, chances = [], []
    for e in entries:
        top = max(max(v["error"], left) for v in e["levels"])
        for at in np.geomspace(left, top, 60):
            whole = math.exp(-e["gates"] * at) if "refused" not in e else 0.0
            if "refused" not in e:
                curves.append({"curve": _words(e), "at": float(at), "success": whole * e["p0"] + (1 - whole) * e["chance"]})
        if e["chance"]:
            chances.append({"curve": _words(e), "success": e["chance"]})
    end = alt.Y("least:Q", title="success of a shot (log scale)")
    layers: list[Any] = [
        fixed_chart(chances).mark_rule(strokeDash=[2, 3], aria=False).encode(y=y, **named),
        fixed_chart(curves).mark_line(strokeWidth=1.6, clip=True, aria=False).encode(x=x, y=y, **named),
        base.mark_rule(strokeWidth=1.4, aria=False).encode(y=end, y2="high:Q"),
        base.transform_filter("datum.hits > 0").mark_point(size=55).encode(y=y, shape=style["shape"]),
    ]
    told = [f"n = {e['n']}: half of the gain over guessing is left at {e['budget']:.2g}" for e in entries if _has_budget(e)]
    return Figure(
        name=f"noise_{''.join(c if c.isalnum() else '_' for c in family)}",
        title=f"Success against the two-qubit error, {family}",
        caption="Points with exact 95 % confidence intervals; curves p = F p0 + (1 - F) c with F = exp(-g error); dotted: the"
        " chance c of a guess.",
        alt="; ".join(told) + "." if told else "No circuit was better than a guess.",
        chart=alt.layer(*layers).add_params(picked).properties(height=320),
        data=data,
    )


def _words(entry: Mapping[str, Any]) -> str:
    return f"n = {entry['n']}, {entry['solver']}"


def _has_budget(entry: Mapping[str, Any]) -> bool:
    return entry.get("budget") is not None and math.isfinite(entry["budget"])
