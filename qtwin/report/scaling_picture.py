"""The picture of a scaling study: expected samples against size, the fit with its interval, and what a guess needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.benchmark.regression import Line
from qtwin.report import look
from qtwin.report.chart import PLAIN, Figure, colour, data_chart, decades, fixed_chart, legend, rows, tips, toggle


def scaling_picture(
    found: Sequence[Mapping[str, Any]], line: Line, *, fitted: Sequence[int], layers: int, published: float | None
) -> Figure:
    """1 / p against n, filled where the fit saw it; the published slope through the middle of the fit."""
    import altair as alt

    data = rows(
        ["n", "instance", "probability", "ground_states", "in_fit"],
        [(r["n"], r["instance"], r["probability"], r["ground_states"], r["n"] in fitted) for r in found],
    )
    guess, sampled = "uniform guess", f"QAOA, {layers} fixed layers"
    law, known = f"fit, {line.base:.2f}^n", "" if published is None else f"published, {published:g}^n"
    names = [guess, sampled, law, *([known] if known else [])]
    paints = [look.GREY, look.VERMILLION, look.VERMILLION, look.INK][: len(names)]
    shapes = ["square", "circle", "stroke", "stroke"][: len(names)]
    picked, opacity = toggle("of")
    style = {
        "color": alt.Color("of:N", scale=colour(names, paints), sort=names, legend=legend(names)),
        "opacity": opacity,
    }
    shape = alt.Shape("of:N", scale=colour(names, shapes), sort=names)
    samples = [1.0 / r["probability"] for r in found]
    guesses = [2.0 ** r["n"] / r["ground_states"] for r in found]
    ends = [max(0.7, min(*samples, *guesses) / 2.0), 2.0 * max(*samples, *guesses)]
    x = alt.X("n:Q", title="variables").scale(zero=False, nice=False, padding=10).axis(format="d", tickMinStep=1)
    y = alt.Y("samples:Q", title="expected samples until a ground state (log scale)").scale(type="log", domain=ends, nice=False)
    y = y.axis(labelExpr=PLAIN, values=decades(*ends))
    titles = {"n": "variables", "instance": "instance", "probability": "success of a sample", "ground_states": "ground states"}
    base = data_chart().encode(x=x, y=y, shape=shape, tooltip=tips(data, titles), **style)
    qaoa = base.transform_calculate(of=f"'{sampled}'", samples="1 / datum.probability")
    at = np.linspace(min(fitted), max(fitted), 30)
    middle = 0.5 * (at[0] + at[-1])
    curves = [{"of": law, "n": float(n), "samples": line.at(n)} for n in at]
    if published is not None:
        curves += [{"of": known, "n": float(n), "samples": line.at(middle) * published ** float(n - middle)} for n in at]
    lines = fixed_chart(curves).encode(x=x, y=y, **style)
    drawn = [
        base.transform_calculate(of=f"'{guess}'", samples="pow(2, datum.n) / datum.ground_states").mark_point(size=32),
        qaoa.transform_filter("datum.in_fit").mark_point(size=50),
        qaoa.transform_filter("!datum.in_fit").mark_point(size=50, filled=False, strokeWidth=1.6),
        lines.transform_filter(alt.FieldEqualPredicate(field="of", equal=law)).mark_line(clip=True, aria=False),
    ]
    if known:
        other = lines.transform_filter(alt.FieldEqualPredicate(field="of", equal=known))
        drawn.append(other.mark_line(clip=True, strokeDash=[6, 3], aria=False))
    low, high = line.base_interval
    return Figure(
        name="samples_against_size",
        title="Samples until a ground state",
        caption="Exact probabilities, no shot noise; open marks are sizes that the fit did not see. The dashed line has the"
        " published slope through the middle of the fit.",
        alt=f"Samples grow as {line.base:.2f} to the n, 95 % confidence interval {low:.2f} to {high:.2f};"
        " a guess needs 2 to the n.",
        chart=alt.layer(*drawn).add_params(picked).properties(height=320),
        data=data,
    )
