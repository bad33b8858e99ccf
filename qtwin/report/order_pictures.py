"""Pictures of what singles and pairs predict for larger sets, beside what was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.problem.screen.order import CONSTANT, WORDS, Agreement, Study
from qtwin.report import look
from qtwin.report.chart import Figure, colour, data_chart, fixed_chart, folded, legend, line_at, rows, tips, toggle
from qtwin.report.number import number

_SHOWN = ("sum of pairs", "mean of pairs", "second order", "mean, calibrated")
_STYLES: Mapping[str, tuple[str, str, list[int]]] = {
    "sum of pairs": (look.VERMILLION, "diamond", [6, 2]),
    "mean of pairs": (look.BLUE, "square", [1, 0]),
    "second order": (look.GREEN, "triangle-up", [3, 1, 1, 1]),
    CONSTANT: (look.GREY, "triangle-down", [2, 2]),
}
_ORDERS = (
    (look.BLUE, "circle"),
    (look.ORANGE, "square"),
    (look.GREEN, "triangle-up"),
    (look.VERMILLION, "diamond"),
    (look.PURPLE, "triangle-down"),
    (look.SKY, "cross"),
)
_VERDICTS = {
    "better than the constant": (look.BLUE, "circle"),
    "worse": (look.VERMILLION, "diamond"),
    "neither beyond chance": (look.INK, "square"),
    "the constant": (look.GREY, "square"),
}


def scaling_picture(found: Study, *, unit: str) -> Figure:
    """Mean prediction against mean measurement by number of drugs, every measured set as a point."""
    import altair as alt

    orders = sorted(set(found.order.tolist()))
    means = {name: [float(found.predicted[name][found.order == k].mean()) for k in orders] for name in _STYLES}
    measured = [float(found.measured[found.order == k].mean()) for k in orders]
    data = rows(
        ["drugs", "n", "measured", *means],
        [
            (k, int((found.order == k).sum()), y, *(means[n][a] for n in means))
            for a, (k, y) in enumerate(zip(orders, measured, strict=True))
        ],
    )
    jitter = np.random.default_rng(0).uniform(-0.08, 0.08, len(found.order))  # so that equal values do not hide each other
    sets = fixed_chart(
        [{"drugs": float(k), "value": float(y)} for k, y in zip(found.order + jitter, found.measured, strict=True)]
    )
    names = ["measured mean", *(WORDS[name] for name in _STYLES)]
    styles = [(look.INK, "circle", [1, 0]), *_STYLES.values()]
    picked, opacity = toggle("of")
    style: dict[str, Any] = {
        "color": alt.Color("of:N", scale=colour(names, [s[0] for s in styles]), sort=names, legend=legend(names)),
        "opacity": opacity,
    }
    shape = alt.Shape("of:N", scale=colour(names, [s[1] for s in styles]), sort=names)
    dash = alt.StrokeDash("of:N", scale=alt.Scale(domain=names, range=[s[2] for s in styles]), sort=names)
    x = alt.X("drugs:Q", title="drugs in the set").scale(zero=False, nice=False, padding=18).axis(values=orders, format="d")
    y = alt.Y("value:Q", title=unit).scale(zero=False)

    def panel(title: str, *columns: str) -> Any:
        layers: list[Any] = [
            sets.mark_point(style="ink", fillOpacity=0.3, strokeWidth=0, size=22, aria=False).encode(x=x, y=y),
            line_at(0.0, "y"),
        ]
        for column in columns:
            words = "measured mean" if column == "measured" else WORDS[column]
            one = data_chart().transform_calculate(of=json.dumps(words), value=f"datum[{json.dumps(column)}]").encode(x=x, y=y)
            told = tips(data, {"drugs": "drugs", "n": "sets", "measured": "measured mean", column: words})
            layers += [
                one.mark_line(strokeWidth=2.4 if column == "measured" else 1.7, aria=False).encode(strokeDash=dash, **style),
                one.mark_point(size=55).encode(shape=shape, tooltip=told, **style),
            ]
        return alt.layer(*layers).properties(height=260, title=title)

    words = "; ".join(
        f"{k} drugs: sum of pairs {number(s)}, mean of pairs {number(m)}, measured {number(y)}"
        for k, s, m, y in zip(orders, means["sum of pairs"], means["mean of pairs"], measured, strict=True)
    )
    first = panel("With the sum of pairs", *_STYLES, "measured").add_params(picked)
    second = panel("Without it, closer", *(name for name in _STYLES if name != "sum of pairs"), "measured")
    return Figure(
        name="prediction_by_order",
        title="What pairs predict as drugs are added",
        caption="Mean over the sets of each size; small points are the measured sets. A sum of pair scores grows with the"
        " number of pairs, k (k - 1) / 2; what is measured does not.",
        alt=words,
        chart=alt.concat(first, second, columns=2).resolve_scale(color="shared", shape="shared", strokeDash="shared"),
        data=data,
        panel_px=300.0,
    )


def predicted_picture(found: Study, labels: Sequence[str], *, unit: str) -> Figure:
    """Predicted against measured for four surrogates, a marker and colour an order."""
    import altair as alt

    orders = sorted(set(found.order.tolist()))
    data = rows(
        ["set", "drugs", "measured", *found.predicted],
        [
            (words, int(found.order[t]), found.measured[t], *(p[t] for p in found.predicted.values()))
            for t, words in enumerate(labels)
        ],
    )
    names = [f"{k} drugs" for k in orders]
    styles = [_ORDERS[k % len(_ORDERS)] for k in range(len(orders))]
    picked, opacity = toggle("size")
    span = 0.08 * float(np.ptp(found.measured) or 1.0)
    low, high = float(found.measured.min()) - span, float(found.measured.max()) + span
    y = alt.Y("measured:Q", title=f"measured {unit}").scale(domain=[low, high], nice=False)

    def panel(name: str) -> Any:
        p = found.predicted[name]
        room = 0.08 * float(np.ptp(p) or 1.0)
        ends = [float(p.min()) - room, float(p.max()) + room]
        x = alt.X("predicted:Q", title=f"predicted {unit}").scale(domain=ends, nice=False).axis(tickCount=4)
        same = fixed_chart([{"predicted": v, "measured": v} for v in (min(low, ends[0]), max(high, ends[1]))])
        points = (
            data_chart()
            .transform_calculate(size="datum.drugs + ' drugs'", predicted=f"datum[{json.dumps(name)}]")
            .mark_point(size=42, stroke=look.PAPER, strokeWidth=0.5)
            .encode(
                color=alt.Color("size:N", scale=colour(names, [s[0] for s in styles]), sort=names, legend=legend(names)),
                shape=alt.Shape("size:N", scale=colour(names, [s[1] for s in styles]), sort=names),
                opacity=opacity,
                tooltip=tips(data, {"set": "set", "measured": "measured", name: "predicted"}),
            )
        )
        line = same.mark_line(style="ink", color=look.INK, strokeWidth=1, clip=True, aria=False)
        return alt.layer(line.encode(x=x, y=y), points.encode(x=x, y=y)).properties(height=190, title=look.short(WORDS[name], 30))

    panels = [panel(name) for name in _SHOWN]
    panels[0] = panels[0].add_params(picked)
    return Figure(
        name="predicted_against_measured",
        title="Predicted against measured",
        caption="Each point is a set whose pairs were all measured; on the line the prediction is right. The horizontal axes"
        " differ. Regression and calibration were fitted without the set that they predict.",
        alt=f"{len(found.measured)} sets of {min(orders)} to {max(orders)} drugs.",
        chart=alt.concat(*panels, columns=4).resolve_scale(color="shared", shape="shared"),
        data=data,
        panel_px=190.0,
        rows_shared=True,
    )


def error_picture(told: Sequence[Agreement], *, unit: str) -> Figure:
    """Root mean square error of every surrogate over all sets, beside that of a constant."""
    import altair as alt

    shown = [a for a in told if a.order == 0]
    null = next(a for a in shown if a.surrogate == CONSTANT)
    data = rows(
        ["surrogate", "n", "rmse", "low", "high", "less_constant", "less_constant_low", "less_constant_high"],
        [(a.surrogate, a.n, *a.rmse, *a.excess) for a in shown],
    )
    better, worse, neither, constant = _VERDICTS
    judged = (
        f"datum.surrogate == {json.dumps(CONSTANT)} ? '{constant}'"
        f" : isValid(datum.less_constant_high) && datum.less_constant_high < 0 ? '{better}'"
        f" : isValid(datum.less_constant_low) && datum.less_constant_low > 0 ? '{worse}' : '{neither}'"
    )
    axis, step = folded([WORDS[a.surrogate] for a in shown], width=21)
    picked, opacity = toggle("verdict")
    known = [row[key] for row in data for key in ("rmse", "low", "high") if row[key] is not None and row[key] > 0]
    floor = min(known, default=1.0) / 1.2
    x = alt.X("rmse:Q", title=f"RMSE ({unit}, log scale)").axis(format="~g")
    x = x.scale(type="log", domain=[floor, max([1.0001 * floor, *known]) * 1.2], nice=False, clamp=True)
    base = (
        data_chart()
        .transform_calculate(
            words=f"{json.dumps(WORDS)}[datum.surrogate]",
            verdict=judged,
            least=f"max(datum.low, {floor})",
            at=f"max(datum.rmse, {floor})",
        )
        .encode(
            y=alt.Y(
                "words:N",
                sort=[WORDS[a.surrogate] for a in shown],
                title=None,
                scale=alt.Scale(type="point", padding=0.6),
                axis=axis,
            ),
            color=alt.Color(
                "verdict:N", scale=colour(list(_VERDICTS), [c for c, _ in _VERDICTS.values()]), legend=legend(list(_VERDICTS))
            ),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "surrogate": "surrogate",
                    "rmse": "RMSE",
                    "low": "95 % from",
                    "high": "to",
                    "less_constant": "less that of the constant",
                    "less_constant_low": "95 % from",
                    "less_constant_high": "to",
                },
            ),
        )
    )
    end = alt.X("least:Q", title=f"RMSE ({unit}, log scale)")
    return Figure(
        name="error_by_surrogate",
        title="Error of each surrogate",
        caption=f"Root mean square error (RMSE) over {null.n} sets, with bootstrap 95 % confidence intervals; the dashed line is"
        " the error of a constant. Better or worse is meant beyond chance: by the interval of the difference on the same"
        " resampled sets.",
        alt="; ".join(f"{WORDS[a.surrogate]} {number(a.rmse[0])}" for a in shown),
        chart=alt.layer(
            line_at(max(floor, null.rmse[0]), dashed=True),
            base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.7, aria=False).encode(x=end, x2="high:Q"),
            base.mark_point(size=60).encode(
                x=x, shape=alt.Shape("verdict:N", scale=colour(list(_VERDICTS), [s for _, s in _VERDICTS.values()]))
            ),
        )
        .add_params(picked)
        .properties(height={"step": max(26, step)}),
        data=data,
    )
