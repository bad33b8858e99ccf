"""Pictures of combination screens: which sets may be best, what pairs predict of larger sets, and
interaction graphs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.coverage import Coverage
from qtwin.problem.interaction_graph import InteractionGraph
from qtwin.problem.screen.order import CONSTANT, WORDS, Agreement, Study
from qtwin.report import style
from qtwin.report.chart import (
    PERCENT,
    PLAIN,
    Figure,
    colour,
    data_chart,
    decades,
    fixed_chart,
    folded,
    legend,
    line_at,
    rows,
    tips,
    toggle,
)
from qtwin.report.number import number, percent

if TYPE_CHECKING:
    import altair as alt


Array = NDArray[np.float64]
NOISES: Mapping[str, tuple[str, str]] = {
    "median": (style.BLUE, "circle"),
    "pooled": (style.VERMILLION, "diamond"),
}
"""Noise level to colour and shape."""
_FALLBACK = (style.GREEN, "triangle-up")
_SAMPLERS = (
    (style.BLUE, "circle", [1, 0]),
    (style.VERMILLION, "diamond", [6, 2]),
    (style.GREEN, "triangle-up", [3, 1, 1, 1]),
    (style.PURPLE, "triangle-down", [1, 0]),
)
_UNIFORM = "uniform random sets"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One set of drugs under every noise level.

    Attributes:
        words: The set as text.
        value: As measured.
        mean, sd: Noise level to mean and standard deviation over the draws.
        optimal: Noise level to the probability that it is the best.
        near: Noise level to the probability that it lies within the tolerance of the best.
        nominal: Whether it is the nominal optimum.
    """

    words: str
    value: float
    mean: Mapping[str, float]
    sd: Mapping[str, float]
    optimal: Mapping[str, float]
    near: Mapping[str, float]
    nominal: bool


def _noise(noises: Mapping[str, float]) -> tuple[dict[str, str], dict[str, Any]]:
    """Noise level to its words in the legend, and the encoding of colour and shape by them."""
    import altair as alt

    words = {name: f"{name} noise, SD {number(sd)}" for name, sd in noises.items()}
    styles = [NOISES.get(name, _FALLBACK) for name in noises]
    names = list(words.values())
    return words, {
        "color": alt.Color(
            "noise:N", scale=colour(names, [c for c, _ in styles]), sort=names, legend=legend(names)
        ),
        "shape": alt.Shape("noise:N", scale=colour(names, [s for _, s in styles]), sort=names),
    }


def _of(base: alt.Chart, words: Mapping[str, str], name: str, **columns: str) -> alt.Chart:
    """The rows of one noise level: each of `columns` (name to prefix) holds its values."""
    return base.transform_calculate(
        noise=json.dumps(words[name]),
        **{new: f"datum['{prefix}_{name}']" for new, prefix in columns.items()},
    )


def near_optimal_picture(
    found: Sequence[Candidate],
    *,
    context: str,
    noises: Mapping[str, float],
    unit: str,
    n_draws: int,
    tolerance: float,
) -> Figure:
    """The likeliest sets: measured and expected value, and probability of being the best."""
    import altair as alt

    levels = list(noises)
    data = rows(
        [
            "set",
            "value",
            *(
                f"{what}_{n}"
                for n in levels
                for what in ("mean", "sd", "p_best", f"p_within_{tolerance:g}")
            ),
        ],
        [
            (
                c.words,
                c.value,
                *(x for n in levels for x in (c.mean[n], c.sd[n], c.optimal[n], c.near[n])),
            )
            for c in found
        ],
    )
    words, encoded = _noise(noises)
    picked, opacity = toggle("noise")
    order = [c.words for c in found]
    bold = f"indexof({json.dumps([c.words for c in found if c.nominal])}, datum.value) >= 0"
    axis, step = folded(
        order, labelFontWeight={"condition": {"test": bold, "value": 700}, "value": "normal"}
    )
    titles = {"set": "set", "value": f"measured ({unit})"}
    titles |= {f"mean_{n}": f"mean, {n} noise" for n in levels} | {
        f"p_best_{n}": f"P(best), {n} noise" for n in levels
    }
    base = data_chart().encode(
        y=alt.Y(
            "set:N", sort=order, title=None, scale=alt.Scale(type="point", padding=0.6), axis=axis
        ),
        tooltip=tips(data, titles),
    )
    across = f"value ({unit})"
    x, chance = (
        alt.X("mean:Q", title=across).scale(zero=False, padding=8),
        alt.X("p_best:Q", title="probability"),
    )
    chance = chance.axis(labelExpr=PERCENT).scale(zero=True)
    values: list[Any] = [
        base.mark_tick(style="ink", thickness=2, size=22).encode(x=alt.X("value:Q", title=across))
    ]
    chances: list[Any] = []
    for place, name in enumerate(levels):
        down = 9.0 * (place - 0.5 * (len(levels) - 1))
        one = _of(base, words, name, mean="mean", sd="sd", p_best="p_best").encode(
            opacity=opacity, color=encoded["color"]
        )
        one = one.transform_calculate(
            low="datum.mean - 1.96 * datum.sd", high="datum.mean + 1.96 * datum.sd", zero="0"
        )
        values += [
            one.mark_rule(strokeWidth=1.5, yOffset=down, aria=False).encode(
                x=alt.X("low:Q", title=f"value ({unit})"), x2="high:Q"
            ),
            one.mark_point(size=42, yOffset=down).encode(x=x, shape=encoded["shape"]),
        ]
        chances += [
            one.mark_rule(strokeWidth=1.5, strokeOpacity=0.5, yOffset=down, aria=False).encode(
                x=chance, x2=alt.datum(0)
            ),
            one.mark_point(size=52, yOffset=down).encode(x=chance, shape=encoded["shape"]),
        ]
    height = {"step": max(28, step)}
    panels = [
        alt.layer(*layers).properties(height=height, title=title)
        for layers, title in ((values, "Value"), (chances, "Probability of being best"))
    ]
    panels[0] = panels[0].add_params(picked)
    told = "; ".join(
        f"{c.words}: " + ", ".join(f"{percent(c.optimal[n])} ({n})" for n in levels)
        for c in found[:6]
    )
    return Figure(
        name="near_optimal_sets",
        title=f"Sets that may be the best in {context}",
        caption=f"The {len(found)} likeliest sets, in bold the one that is best as measured. "
        "Value: "
        "as measured (upright bar),"
        f" mean and 95 % range over {n_draws:,} draws of the pair coefficients. "
        "Probability: share of the draws in which the set"
        " is the best.",
        alt=told,
        chart=alt.concat(*panels, columns=2).resolve_scale(color="shared", shape="shared"),
        data=data,
        panel_px=300.0,
        rows_shared=True,
    )


def doubt_picture(
    contexts: Sequence[str],
    optimal: Mapping[str, Array],
    ratio: Mapping[str, Array],
    noises: Mapping[str, float],
) -> Figure:
    """Every context: the chance that its nominal optimum is the best, against the share of its
    value that should remain.
    """
    import altair as alt

    data = rows(
        [
            "context",
            *(f"{what}_{n}" for n in noises for what in ("p_best", "expected_over_measured")),
        ],
        [
            (c, *(x for n in noises for x in (optimal[n][k], ratio[n][k])))
            for k, c in enumerate(contexts)
        ],
    )
    words, encoded = _noise(noises)
    picked, opacity = toggle("noise")
    x = alt.X("kept:Q", title="expected over measured value of the optimum").scale(
        zero=False, padding=8
    )
    x = x.axis(labelExpr=PERCENT)
    y = (
        alt.Y("chance:Q", title="probability of being best")
        .axis(labelExpr=PERCENT)
        .scale(domain=[0.0, 1.0])
    )
    layers: list[Any] = []
    for name in noises:
        paint = NOISES.get(name, _FALLBACK)[0]
        points = _of(data_chart(), words, name, chance="p_best", kept="expected_over_measured")
        titles = {
            "context": "context",
            f"p_best_{name}": "P(best)",
            f"expected_over_measured_{name}": "expected over measured",
        }
        layers += [
            line_at(float(np.median(optimal[name])), "y", dashed=True).mark_rule(
                color=paint, strokeDash=[4, 3], aria=False
            ),
            points.mark_point(size=55, stroke=style.PAPER, strokeWidth=0.7).encode(
                x=x, y=y, opacity=opacity, tooltip=tips(data, titles), **encoded
            ),
        ]
    told = "; ".join(
        f"{n}: the nominal optimum is the best with probability "
        f"{percent(float(np.median(optimal[n])))} (median context), and"
        f" is worth {percent(float(np.median(ratio[n])))} of what was measured"
        for n in noises
    )
    return Figure(
        name="doubt_by_context",
        title="How far the best measured set can be trusted",
        caption="Each point is a context; dashed lines are medians. Low means that other sets are "
        "likelier to be the best than"
        " not; left of 100 % is the winner's curse: what was chosen for its measured value "
        "is worth less than measured.",
        alt=told,
        chart=alt.layer(*layers).add_params(picked).properties(height=300),
        data=data,
    )


def baseline_picture(contexts: Sequence[str], gaps: Mapping[str, Array], *, size: int) -> Figure:
    """How far greedy and greedy with exchanges fall short of the proven optimum, over the
    contexts.
    """
    import altair as alt

    data = rows(
        ["context", *gaps], [(c, *(g[k] for g in gaps.values())) for k, c in enumerate(contexts)]
    )
    styles = {"greedy": (style.VERMILLION, "diamond"), "greedy + swap": (style.BLUE, "circle")}
    names = list(gaps)
    chosen = [styles.get(name, (style.GREY, "square")) for name in names]
    most = max(0.01, *(float(g.max()) for g in gaps.values()))
    picked, opacity = toggle("search")
    encoded = {
        "color": alt.Color(
            "search:N",
            scale=colour(names, [c for c, _ in chosen]),
            sort=names,
            legend=legend(names),
        ),
        "opacity": opacity,
    }
    shape = alt.Shape("search:N", scale=colour(names, [s for _, s in chosen]), sort=names)
    x = alt.X("gap:Q", title="value below the proven optimum").scale(
        domain=[0.0, 1.05 * most], nice=False
    )
    x = x.axis(labelExpr=PERCENT)
    y = (
        alt.Y("share:Q", title="contexts at most so far below")
        .scale(domain=[0.0, 1.0])
        .axis(labelExpr=PERCENT)
    )
    layers: list[Any] = []
    shown = tips(
        [{"gap": 0.0, "share": 0.0}],
        {"search": "", "context": "context", "gap": "below", "share": "contexts at most"},
    )
    for name in names:
        field = f"datum[{json.dumps(name)}]"
        one = (
            data_chart()
            .transform_calculate(search=json.dumps(name), gap=f"{field} > 1e-9 ? {field} : 0")
            .transform_window(share="cume_dist()", sort=[alt.SortField("gap")])
            .encode(x=x, y=y, **encoded)
        )
        layers += [
            one.transform_aggregate(share="max(share)", groupby=["gap", "search"]).mark_line(
                interpolate="step-after", strokeWidth=1.9, aria=False
            ),
            one.mark_point(size=70, fillOpacity=0, strokeOpacity=0).encode(tooltip=shown),  # unseen
        ]
    optimal = [
        {"search": name, "gap": 0.0, "share": float((g <= 1e-9).mean())} for name, g in gaps.items()
    ]
    layers.append(
        fixed_chart(optimal)
        .mark_point(size=75, aria=False)
        .encode(x=x, y=y, shape=shape, **encoded)
    )
    told = "; ".join(
        f"{name} is optimal in {int((g <= 1e-9).sum())} of {len(g)}, worst "
        f"{percent(float(g.max()))} below"
        for name, g in gaps.items()
    )
    return Figure(
        name="baseline_gaps",
        title=f"What simple search misses at {size} drugs",
        caption="Share of contexts whose set is at most so far below the optimum, which is proven "
        "by listing every permitted"
        f" set. The marks at the left show the share that is optimal: {told}.",
        alt=told,
        chart=alt.layer(*layers).add_params(picked).properties(height=280),
        data=data,
    )


def coverage_picture(
    samplers: Mapping[str, Coverage],
    uniform: Coverage,
    *,
    context: str,
    n_targets: int,
    n_sets: int,
) -> Figure:
    """Weight of the near-optimal sets that samplers hit, against shots, beside uniform draws."""
    import altair as alt

    told = {_UNIFORM: uniform, **samplers}
    data = rows(
        ["sampler", "shots", "mean", "low", "high", "runs"],
        [
            (name, *row)
            for name, c in told.items()
            for row in zip(c.shots, c.mean, c.low, c.high, c.runs, strict=True)
        ],
    )
    names = [*samplers, _UNIFORM]
    styles = [
        *(_SAMPLERS[k % len(_SAMPLERS)] for k in range(len(samplers))),
        (style.GREY, "square", [2, 2]),
    ]
    picked, opacity = toggle("sampler")
    every = [row["shots"] for row in data]
    ends = [min(every) / 1.15, max(every) * 1.15]
    share = (
        alt.Y("mean:Q", title="coverage of the near-optimal sets")
        .scale(domain=[0.0, 1.0])
        .axis(labelExpr=PERCENT)
    )
    base = data_chart().encode(
        x=alt.X("shots:Q", title="shots (log scale)")
        .scale(type="log", domain=ends, nice=False)
        .axis(labelExpr=PLAIN, values=decades(*ends)),
        color=alt.Color(
            "sampler:N",
            scale=colour(names, [s[0] for s in styles]),
            sort=names,
            legend=legend(names),
        ),
        opacity=opacity,
        tooltip=tips(
            data,
            {
                "sampler": "sampler",
                "shots": "shots",
                "mean": "coverage",
                "low": "95 % from",
                "high": "to",
                "runs": "runs",
            },
        ),
    )
    band = base.transform_filter(alt.FieldEqualPredicate(field="sampler", equal=_UNIFORM))
    others = base.transform_filter(alt.FieldOneOfPredicate(field="sampler", oneOf=list(samplers)))
    low = alt.Y("low:Q", title="coverage of the near-optimal sets")
    dash = alt.StrokeDash(
        "sampler:N", scale=alt.Scale(domain=names, range=[s[2] for s in styles]), sort=names
    )
    return Figure(
        name="coverage",
        title=f"What samplers find of the near-optimal sets in {context}",
        caption=f"The {n_targets} sets within the tolerance of the optimum, weighted by their "
        "probability of being the best;"
        f" {n_sets:,} sets are permitted. Band: 95 % of single runs of uniform draws among "
        "permitted sets. Whiskers: 95 %"
        " confidence interval of the sampler's mean.",
        alt="; ".join(
            f"{name} at {c.shots[-1]:,} shots: {percent(float(c.mean[-1]))}"
            for name, c in told.items()
        ),
        chart=alt.layer(
            band.mark_area(fillOpacity=0.2, aria=False).encode(y=low, y2="high:Q"),
            others.transform_filter("isValid(datum.low)")
            .mark_rule(strokeWidth=1.5, aria=False)
            .encode(y=low, y2="high:Q"),
            base.mark_line(strokeWidth=1.7, aria=False).encode(y=share, strokeDash=dash),
            base.mark_point(size=55).encode(
                y=share,
                shape=alt.Shape(
                    "sampler:N", scale=colour(names, [s[1] for s in styles]), sort=names
                ),
            ),
        )
        .add_params(picked)
        .properties(height=300),
        data=data,
    )


# Pictures of what singles and pairs predict for larger sets, beside what was measured.

_SHOWN = ("sum of pairs", "mean of pairs", "second order", "mean, calibrated")
_STYLES: Mapping[str, tuple[str, str, list[int]]] = {
    "sum of pairs": (style.VERMILLION, "diamond", [6, 2]),
    "mean of pairs": (style.BLUE, "square", [1, 0]),
    "second order": (style.GREEN, "triangle-up", [3, 1, 1, 1]),
    CONSTANT: (style.GREY, "triangle-down", [2, 2]),
}
_ORDERS = (
    (style.BLUE, "circle"),
    (style.ORANGE, "square"),
    (style.GREEN, "triangle-up"),
    (style.VERMILLION, "diamond"),
    (style.PURPLE, "triangle-down"),
    (style.SKY, "cross"),
)
_VERDICTS = {
    "better than the constant": (style.BLUE, "circle"),
    "worse": (style.VERMILLION, "diamond"),
    "neither beyond chance": (style.INK, "square"),
    "the constant": (style.GREY, "square"),
}


def scaling_picture(found: Study, *, unit: str) -> Figure:
    """Mean prediction against mean measurement by number of drugs, every measured set as a
    point.
    """
    import altair as alt

    orders = sorted(set(found.order.tolist()))
    means = {
        name: [float(found.predicted[name][found.order == k].mean()) for k in orders]
        for name in _STYLES
    }
    measured = [float(found.measured[found.order == k].mean()) for k in orders]
    data = rows(
        ["drugs", "n", "measured", *means],
        [
            (k, int((found.order == k).sum()), y, *(means[n][a] for n in means))
            for a, (k, y) in enumerate(zip(orders, measured, strict=True))
        ],
    )
    # so that equal values do not hide each other
    jitter = np.random.default_rng(0).uniform(-0.08, 0.08, len(found.order))
    sets = fixed_chart(
        [
            {"drugs": float(k), "value": float(y)}
            for k, y in zip(found.order + jitter, found.measured, strict=True)
        ]
    )
    names = ["measured mean", *(WORDS[name] for name in _STYLES)]
    styles = [(style.INK, "circle", [1, 0]), *_STYLES.values()]
    picked, opacity = toggle("of")
    encoded: dict[str, Any] = {
        "color": alt.Color(
            "of:N", scale=colour(names, [s[0] for s in styles]), sort=names, legend=legend(names)
        ),
        "opacity": opacity,
    }
    shape = alt.Shape("of:N", scale=colour(names, [s[1] for s in styles]), sort=names)
    dash = alt.StrokeDash(
        "of:N", scale=alt.Scale(domain=names, range=[s[2] for s in styles]), sort=names
    )
    x = (
        alt.X("drugs:Q", title="drugs in the set")
        .scale(zero=False, nice=False, padding=18)
        .axis(values=orders, format="d")
    )
    y = alt.Y("value:Q", title=unit).scale(zero=False)

    def panel(title: str, *columns: str) -> Any:
        layers: list[Any] = [
            sets.mark_point(
                style="ink", fillOpacity=0.3, strokeWidth=0, size=22, aria=False
            ).encode(x=x, y=y),
            line_at(0.0, "y"),
        ]
        for column in columns:
            words = "measured mean" if column == "measured" else WORDS[column]
            one = (
                data_chart()
                .transform_calculate(of=json.dumps(words), value=f"datum[{json.dumps(column)}]")
                .encode(x=x, y=y)
            )
            told = tips(
                data, {"drugs": "drugs", "n": "sets", "measured": "measured mean", column: words}
            )
            layers += [
                one.mark_line(strokeWidth=2.4 if column == "measured" else 1.7, aria=False).encode(
                    strokeDash=dash, **encoded
                ),
                one.mark_point(size=55).encode(shape=shape, tooltip=told, **encoded),
            ]
        return alt.layer(*layers).properties(height=260, title=title)

    words = "; ".join(
        f"{k} drugs: sum of pairs {number(s)}, mean of pairs {number(m)}, measured {number(y)}"
        for k, s, m, y in zip(
            orders, means["sum of pairs"], means["mean of pairs"], measured, strict=True
        )
    )
    first = panel("With the sum of pairs", *_STYLES, "measured").add_params(picked)
    second = panel(
        "Without it, closer", *(name for name in _STYLES if name != "sum of pairs"), "measured"
    )
    return Figure(
        name="prediction_by_order",
        title="What pairs predict as drugs are added",
        caption="Mean over the sets of each size; small points are the measured sets. A sum of "
        "pair scores grows with the"
        " number of pairs, k (k - 1) / 2; what is measured does not.",
        alt=words,
        chart=alt.concat(first, second, columns=2).resolve_scale(
            color="shared", shape="shared", strokeDash="shared"
        ),
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
            (
                words,
                int(found.order[t]),
                found.measured[t],
                *(p[t] for p in found.predicted.values()),
            )
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
        x = (
            alt.X("predicted:Q", title=f"predicted {unit}")
            .scale(domain=ends, nice=False)
            .axis(tickCount=4)
        )
        same = fixed_chart(
            [{"predicted": v, "measured": v} for v in (min(low, ends[0]), max(high, ends[1]))]
        )
        points = (
            data_chart()
            .transform_calculate(
                size="datum.drugs + ' drugs'", predicted=f"datum[{json.dumps(name)}]"
            )
            .mark_point(size=42, stroke=style.PAPER, strokeWidth=0.5)
            .encode(
                color=alt.Color(
                    "size:N",
                    scale=colour(names, [s[0] for s in styles]),
                    sort=names,
                    legend=legend(names),
                ),
                shape=alt.Shape("size:N", scale=colour(names, [s[1] for s in styles]), sort=names),
                opacity=opacity,
                tooltip=tips(data, {"set": "set", "measured": "measured", name: "predicted"}),
            )
        )
        line = same.mark_line(style="ink", color=style.INK, strokeWidth=1, clip=True, aria=False)
        return alt.layer(line.encode(x=x, y=y), points.encode(x=x, y=y)).properties(
            height=190, title=style.short(WORDS[name], 30)
        )

    panels = [panel(name) for name in _SHOWN]
    panels[0] = panels[0].add_params(picked)
    return Figure(
        name="predicted_against_measured",
        title="Predicted against measured",
        caption="Each point is a set whose pairs were all measured; on the line the prediction is "
        "right. The horizontal axes"
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
        [
            "surrogate",
            "n",
            "rmse",
            "low",
            "high",
            "less_constant",
            "less_constant_low",
            "less_constant_high",
        ],
        [(a.surrogate, a.n, *a.rmse, *a.excess) for a in shown],
    )
    better, worse, neither, constant = _VERDICTS
    judged = (
        f"datum.surrogate == {json.dumps(CONSTANT)} ? '{constant}'"
        f" : isValid(datum.less_constant_high) && datum.less_constant_high < 0 ? '{better}'"
        f" : isValid(datum.less_constant_low) && datum.less_constant_low > 0 ? '{worse}' : "
        f"'{neither}'"
    )
    axis, step = folded([WORDS[a.surrogate] for a in shown], width=21)
    picked, opacity = toggle("verdict")
    known = [
        row[key]
        for row in data
        for key in ("rmse", "low", "high")
        if row[key] is not None and row[key] > 0
    ]
    floor = min(known, default=1.0) / 1.2
    x = alt.X("rmse:Q", title=f"RMSE ({unit}, log scale)").axis(format="~g")
    x = x.scale(
        type="log", domain=[floor, max([1.0001 * floor, *known]) * 1.2], nice=False, clamp=True
    )
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
                "verdict:N",
                scale=colour(list(_VERDICTS), [c for c, _ in _VERDICTS.values()]),
                legend=legend(list(_VERDICTS)),
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
        caption=f"Root mean square error (RMSE) over {null.n} sets, with bootstrap 95 % confidence "
        "intervals; the dashed line is"
        " the error of a constant. Better or worse is meant beyond chance: by the interval "
        "of the difference on the same"
        " resampled sets.",
        alt="; ".join(f"{WORDS[a.surrogate]} {number(a.rmse[0])}" for a in shown),
        chart=alt.layer(
            line_at(max(floor, null.rmse[0]), dashed=True),
            base.transform_filter("isValid(datum.low)")
            .mark_rule(strokeWidth=1.7, aria=False)
            .encode(x=end, x2="high:Q"),
            base.mark_point(size=60).encode(
                x=x,
                shape=alt.Shape(
                    "verdict:N", scale=colour(list(_VERDICTS), [s for _, s in _VERDICTS.values()])
                ),
            ),
        )
        .add_params(picked)
        .properties(height={"step": max(26, step)}),
        data=data,
    )


# Pictures of an interaction graph and the drugs that were chosen on it.

DRAWN = 40
"""Drugs up to which the graph itself can be read."""
_KINDS = {
    "harm": ("harmful pair", style.VERMILLION, [1, 0]),
    "synergy": ("synergistic pair", style.BLUE, [6, 3]),
}
_HEIGHT = 350.0
_LEVEL = 16
"""Drugs up to which their names fit around the circle without being turned."""


def graph_picture(
    graph: InteractionGraph, chosen: Sequence[int], *, name: str, title: str, caption: str
) -> Figure:
    """Drugs in a circle, harmful and synergistic pairs between them, the chosen ones filled."""
    import altair as alt

    turn = np.pi / 2 - 2 * np.pi * np.arange(graph.n) / graph.n
    at = [
        (float(round(x, 4)), float(round(y, 4)))
        for x, y in zip(np.cos(turn), np.sin(turn), strict=True)
    ]
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
        {
            "drug": drug,
            "x": x,
            "y": y,
            "state": "chosen" if i in taken else "left out",
            "words": style.short(drug, 16),
        }
        for i, (drug, (x, y)) in enumerate(zip(graph.drugs, at, strict=True))
    ]
    heaviest = {
        k: max((row["weight"] for row in data if row["kind"] == k), default=1.0) for k in _KINDS
    }
    kinds = [k for k in _KINDS if any(row["kind"] == k for row in data)]
    picked, opacity = toggle("kind")
    radial = graph.n > _LEVEL
    reach = f"min({_HEIGHT / (3.5 if radial else 2.6):.5g}, width / 4.2)"

    def placed(chart: alt.Chart, x: str, y: str, **more: Any) -> alt.Chart:
        def scale(size: str) -> alt.Scale:
            ends = [alt.ExprRef(expr=f"{sign}{size} / (2 * {reach})") for sign in ("-", "")]
            return alt.Scale(domain=ends, nice=False, zero=False)

        return chart.encode(
            x=alt.X(f"{x}:Q", scale=scale("width"), axis=None),
            y=alt.Y(f"{y}:Q", scale=scale(str(_HEIGHT)), axis=None),
            **more,
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
            legend=legend(
                [_KINDS[k][0] for k in kinds],
                labelExpr=f"{ {k: _KINDS[k][0] for k in kinds} }[datum.label]",
            ),
        ),
        strokeDash=alt.StrokeDash(
            "kind:N", scale=alt.Scale(domain=kinds, range=[_KINDS[k][2] for k in kinds])
        ),
        strokeWidth=alt.StrokeWidth(
            "heavy:Q", scale=alt.Scale(domain=[0, 1], range=[0.8, 3.4]), legend=None
        ),
        opacity=opacity,
        tooltip=tips(
            data, {"drug_1": "drug", "drug_2": "with", "kind": "interaction", "weight": "weight"}
        ),
    )
    layers: list[Any] = [edges.add_params(picked)] if len(data) else []
    state = alt.Fill(
        "state:N",
        scale=colour(["chosen", "left out"], [style.INK, style.PAPER]),
        sort=["chosen", "left out"],
    )
    base = fixed_chart(drugs)
    layers.append(
        placed(
            base.mark_circle(size=170, stroke=style.INK, strokeWidth=1.6, opacity=1.0), "x", "y"
        ).encode(fill=state, tooltip=tips(drugs, {"drug": "drug", "state": ""}))
    )
    side = (
        "datum.x < 0 ? 'right' : 'left'"
        if radial
        else "abs(datum.x) <= 0.15 ? 'center' : datum.x < 0 ? 'right' : 'left'"
    )
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
        caption=f"{caption} Lines are as wide as the interaction is heavy; filled circles are the "
        "chosen drugs.",
        alt=f"Chosen: {', '.join(graph.drugs[i] for i in sorted(taken))}.",
        chart=alt.layer(*layers).properties(height=_HEIGHT),
        data=data,
    )


def degree_picture(
    graph: InteractionGraph, chosen: Sequence[int], *, name: str, title: str, caption: str
) -> Figure:
    """For large graphs: how many harmful partners the chosen drugs have, and those left out."""
    import altair as alt

    degree = graph.adjacency().sum(axis=1)
    inside = np.zeros(graph.n, dtype=np.bool_)
    inside[list(chosen)] = True
    data = rows(
        ["drug", "harmful_partners", "kept"],
        [(d, int(degree[i]), bool(inside[i])) for i, d in enumerate(graph.drugs)],
    )
    step = int(1 + degree.max() // 30)  # whole numbers of partners
    names = [f"kept ({inside.sum()})", f"left out ({(~inside).sum()})"]
    picked, opacity = toggle("state")
    return Figure(
        name=name,
        title=title,
        caption=caption,
        alt=f"{inside.sum()} drugs kept with {degree[inside].mean():.1f} partners on average, "
        f"{(~inside).sum()} left out with"
        f" {degree[~inside].mean() if (~inside).any() else 0.0:.1f}.",
        chart=data_chart()
        .transform_calculate(
            state=f"datum.kept ? '{names[0]}' : '{names[1]}'",
            low=f"{step} * floor(datum.harmful_partners / {step}) - 0.5",
            high=f"{step} * floor(datum.harmful_partners / {step}) + {step - 0.5}",
        )
        .mark_bar(stroke=style.PAPER, strokeWidth=0.6)
        .encode(
            x=alt.X("low:Q", title="harmful partners of a drug in the list").axis(tickMinStep=1),
            x2="high:Q",
            y=alt.Y("count():Q", title="drugs").axis(tickMinStep=1),
            color=alt.Color(
                "state:N",
                scale=colour(names, [style.BLUE, style.ORANGE]),
                sort=names,
                legend=legend(names),
            ),
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
