"""The picture of a scaling study: expected samples against size, the fit with its interval, and what a guess needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.benchmark.regression import Line
from qtwin.report import look
from qtwin.report.chart import PLAIN, Figure, colour, data_chart, decades, rows, tips


def scaling_picture(
    points: Sequence[Mapping[str, Any]], line: Line, *, fitted: Sequence[int], layers: int, published: float | None
) -> Figure:
    """1 / p against n, filled where the fit saw it; the published slope through the middle of the fit."""
    import altair as alt

    sizes = np.array([r["n"] for r in points])
    used = np.isin(sizes, fitted)
    x = np.linspace(min(fitted), max(fitted), 30)
    middle = 0.5 * (x[0] + x[-1])
    qaoa, fit, guess = f"QAOA, {layers} fixed layers", f"{line.base:.2f}^n", "uniform guess"
    shown = {qaoa: look.VERMILLION, fit: look.VERMILLION, guess: look.GREY}
    curves = [(fit, float(n), line.at(n)) for n in x]
    if published is not None:
        shown[f"{published:g}^n, published"] = look.INK
        curves += [(f"{published:g}^n, published", float(n), line.at(middle) * published ** (n - middle)) for n in x]
    data = rows(
        ["what", "n", "samples", "instance", "probability", "ground_states", "in_fit"],
        [
            *(
                (qaoa, r["n"], 1.0 / r["probability"], r["instance"], r["probability"], r["ground_states"], bool(u))
                for r, u in zip(points, used, strict=True)
            ),
            *((guess, r["n"], 2.0 ** r["n"] / r["ground_states"], r["instance"], None, r["ground_states"], True) for r in points),
            *((what, n, value, None, None, None, None) for what, n, value in curves),
        ],
    )
    values = [row["samples"] for row in data]
    y = alt.Y("samples:Q", title="expected samples until a ground state").scale(type="log")
    base = data_chart().encode(
        x=alt.X("n:Q", title="variables").scale(zero=False, padding=10).axis(format="d"),
        y=y.axis(labelExpr=PLAIN, values=decades(min(values) / 2.0, max(values) * 2.0)),
        color=alt.Color("what:N", scale=colour(list(shown), list(shown.values())), sort=list(shown)),
        tooltip=tips(
            data, {"what": "", "n": "variables", "samples": "samples", "instance": "instance", "ground_states": "ground states"}
        ),
    )
    shape = alt.Shape("what:N", scale=colour([qaoa, guess], ["circle", "square"]), legend=None)
    low, high = line.base_interval
    return Figure(
        name="samples_against_size",
        title="Samples until a ground state",
        caption="Exact probabilities, no shot noise; open circles are not in the fit."
        + (" The dashed line has the published slope through the middle of the fit." if published is not None else ""),
        alt=f"Samples grow as {line.base:.2f} to the n, 95 % interval {low:.2f} to {high:.2f}; a guess needs 2 to the n.",
        chart=alt.layer(
            *(
                base.transform_filter(alt.FieldEqualPredicate(field="what", equal=name)).mark_line(strokeDash=dash, aria=False)
                for name, dash in zip([n for n in shown if n not in (qaoa, guess)], ([1, 0], [6, 4]), strict=False)
            ),
            base.transform_filter("datum.in_fit === true").mark_point(size=55).encode(shape=shape),
            base.transform_filter("datum.in_fit === false")
            .mark_point(size=55, filled=False, strokeWidth=1.6)
            .encode(shape=shape),
        ).properties(height=310),
        data=data,
    )
