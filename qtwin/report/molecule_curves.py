"""Curves of energy against a distance, and what each method is off by, in a second panel below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.report import look
from qtwin.report.chart import PLAIN, Figure, colour, data_chart, fixed_chart, legend, line_at, rows, symmetric, tips, toggle
from qtwin.report.number import number

_COLOURS = (look.GREY, look.BLUE, look.GREEN, look.ORANGE, look.PURPLE, look.SKY, look.INK)
_SHAPES = ("circle", "square", "triangle-up", "triangle-down", "cross", "triangle-left", "triangle-right")
_QUANTUM_SHAPES = ("diamond", "cross", "square")
_DASHES = ([6, 2], [2, 2], [8, 2, 2, 2])


def _styles(kinds: Mapping[str, str]) -> list[tuple[str, str, list[int]]]:
    """Colour, shape and dash of each method: quantum methods red and dashed, the others solid in colours of their own."""
    styles: list[tuple[str, str, list[int]]] = []
    quantum = other = 0
    for kind in kinds.values():
        if kind == "quantum":
            styles.append((look.VERMILLION, _QUANTUM_SHAPES[quantum % 3], _DASHES[quantum % 3]))
            quantum += 1
        else:
            styles.append((_COLOURS[other % 7], _SHAPES[(other + other // 7) % 7], [1, 0]))
            other += 1
    return styles


def curve_picture(
    points: Sequence[Mapping[str, Any]],
    *,
    name: str,
    title: str,
    x_label: str,
    y_label: str,
    value: str,
    reference: Mapping[str, str],
    error_label: str,
    factor: float,
    band: float,
    caption: str,
) -> Figure:
    """Two panels over one distance: values above, differences to a reference method below.

    Args:
        points: Each with "x" and "methods", rows with "name", "kind" and the key `value`.
        name: Of the file.
        title: Of the figure.
        x_label: Of the distance.
        y_label: Of the values.
        value: Key of a row that is drawn.
        reference: Method that the others are compared with, by what they treat: "molecule" or "active space".
        error_label: Of the second axis.
        factor: From the value's unit to that of the second axis.
        band: Half width of the band of chemical accuracy on the second axis.
        caption: How to read it.
    """
    import altair as alt

    x = np.array([p["x"] for p in points])
    kinds = {r["name"]: r["kind"] for r in points[0]["methods"]}
    scopes = {r["name"]: r["scope"] for r in points[0]["methods"]}
    names = list(kinds)

    def values(method: str) -> Any:
        found = [next((r[value] for r in p["methods"] if r["name"] == method), None) for p in points]
        return np.array([np.nan if v is None else v for v in found], dtype=float)

    base = {m: values(reference[scopes[m]]) for m in names}
    data = rows(
        ["x", "method", value, "difference_to_reference"],
        [
            (p["x"], r["name"], r[value], None if r[value] is None or not np.isfinite(b) else (r[value] - b) * factor)
            for k, p in enumerate(points)
            for r in p["methods"]
            for b in (base[r["name"]][k],)
        ],
    )
    styles = _styles(kinds)
    picked, opacity = toggle("method")
    drawn = data_chart().encode(
        x=alt.X("x:Q", title=x_label).scale(zero=False, nice=False, padding=8),
        color=alt.Color("method:N", scale=colour(names, [s[0] for s in styles]), legend=legend(names), sort=names),
        shape=alt.Shape("method:N", scale=colour(names, [s[1] for s in styles]), sort=names),
        opacity=opacity,
        tooltip=tips(data, {"method": "method", "x": x_label, value: y_label, "difference_to_reference": error_label}),
    )
    dash = alt.StrokeDash("method:N", scale=alt.Scale(domain=names, range=[s[2] for s in styles]), sort=names)

    def curves(chart: alt.Chart, y: alt.Y) -> Any:
        placed = chart.encode(y=y)
        return placed.mark_line(strokeWidth=1.5, clip=True, aria=False).encode(strokeDash=dash) + placed.mark_point(
            size=34, clip=True
        )

    domain = _domain([v for m in names for v in values(m)], values(next(iter(reference.values()))))
    scale = alt.Scale(zero=False, nice=False) if domain is None else alt.Scale(zero=False, nice=False, domain=domain)
    above = curves(drawn, alt.Y(f"{value}:Q", title=y_label, scale=scale).axis(format="~g"))
    errors = [row["difference_to_reference"] for row in data if row["difference_to_reference"] is not None]
    axis = alt.Y("difference_to_reference:Q", title=error_label)
    if max(map(abs, errors), default=0.0) > 20 * band:
        symlog, ticks = symmetric(errors, band, low=-band)
        axis = axis.scale(symlog).axis(values=ticks, labelExpr=PLAIN)
    compared = drawn.transform_filter(
        alt.FieldOneOfPredicate(field="method", oneOf=[name for name in names if name not in reference.values()])
    )
    helper = fixed_chart([{"low": -band, "high": band}])
    below = [
        helper.mark_rect(color=look.SKY, opacity=0.25, aria=False).encode(y=alt.Y("low:Q", title=error_label), y2="high:Q"),
        line_at(0.0, "y"),
        curves(compared, axis),
    ]
    lowest = [(m, values(m)) for m in names if np.isfinite(values(m)).any()]
    return Figure(
        name=name,
        title=title,
        caption=caption,
        alt="; ".join(f"{m} lowest {number(float(np.nanmin(v)), 6)} at {x[int(np.nanargmin(v))]:g}" for m, v in lowest),
        chart=alt.concat(
            above.add_params(picked).properties(height=260), alt.layer(*below).properties(height=170), columns=1
        ).resolve_scale(color="shared", shape="shared"),
        data=data,
    )


def _domain(every: Sequence[float], base: Any) -> list[float] | None:
    """Leaves out of sight what plunges far below the reference: a perturbation series that has broken down."""
    known, trusted = np.array([v for v in every if np.isfinite(v)]), base[np.isfinite(base)]
    if not len(known) or not len(trusted):
        return None
    span = max(float(np.ptp(trusted)), 1e-3)
    low, high = max(known.min(), trusted.min() - 0.6 * span), min(known.max(), trusted.max() + 1.2 * span)
    return [float(low - 0.05 * (high - low)), float(high + 0.08 * (high - low))]
