"""Pictures of measured combinations as choices: which sets may be best, what greedy misses, what samplers cover."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.coverage import Coverage
from qtwin.report import look
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
NOISES: Mapping[str, tuple[str, str]] = {"median": (look.BLUE, "circle"), "pooled": (look.VERMILLION, "diamond")}
"""Noise level to colour and shape."""
_FALLBACK = (look.GREEN, "triangle-up")
_SAMPLERS = (
    (look.BLUE, "circle", [1, 0]),
    (look.VERMILLION, "diamond", [6, 2]),
    (look.GREEN, "triangle-up", [3, 1, 1, 1]),
    (look.PURPLE, "triangle-down", [1, 0]),
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
        "color": alt.Color("noise:N", scale=colour(names, [c for c, _ in styles]), sort=names, legend=legend(names)),
        "shape": alt.Shape("noise:N", scale=colour(names, [s for _, s in styles]), sort=names),
    }


def _of(base: alt.Chart, words: Mapping[str, str], name: str, **columns: str) -> alt.Chart:
    """The rows of one noise level: each of `columns` (name to prefix) holds its values."""
    return base.transform_calculate(
        noise=json.dumps(words[name]), **{new: f"datum['{prefix}_{name}']" for new, prefix in columns.items()}
    )


def near_optimal_picture(
    found: Sequence[Candidate], *, context: str, noises: Mapping[str, float], unit: str, n_draws: int, tolerance: float
) -> Figure:
    """The likeliest sets: measured and expected value, and probability of being the best."""
    import altair as alt

    levels = list(noises)
    data = rows(
        ["set", "value", *(f"{what}_{n}" for n in levels for what in ("mean", "sd", "p_best", f"p_within_{tolerance:g}"))],
        [(c.words, c.value, *(x for n in levels for x in (c.mean[n], c.sd[n], c.optimal[n], c.near[n]))) for c in found],
    )
    words, style = _noise(noises)
    picked, opacity = toggle("noise")
    order = [c.words for c in found]
    bold = f"indexof({json.dumps([c.words for c in found if c.nominal])}, datum.value) >= 0"
    axis, step = folded(order, labelFontWeight={"condition": {"test": bold, "value": 700}, "value": "normal"})
    titles = {"set": "set", "value": f"measured ({unit})"}
    titles |= {f"mean_{n}": f"mean, {n} noise" for n in levels} | {f"p_best_{n}": f"P(best), {n} noise" for n in levels}
    base = data_chart().encode(
        y=alt.Y("set:N", sort=order, title=None, scale=alt.Scale(type="point", padding=0.6), axis=axis),
        tooltip=tips(data, titles),
    )
    across = f"value ({unit})"
    x, chance = alt.X("mean:Q", title=across).scale(zero=False, padding=8), alt.X("p_best:Q", title="probability")
    chance = chance.axis(labelExpr=PERCENT).scale(zero=True)
    values: list[Any] = [base.mark_tick(style="ink", thickness=2, size=22).encode(x=alt.X("value:Q", title=across))]
    chances: list[Any] = []
    for place, name in enumerate(levels):
        down = 9.0 * (place - 0.5 * (len(levels) - 1))
        one = _of(base, words, name, mean="mean", sd="sd", p_best="p_best").encode(opacity=opacity, color=style["color"])
        one = one.transform_calculate(low="datum.mean - 1.96 * datum.sd", high="datum.mean + 1.96 * datum.sd", zero="0")
        values += [
            one.mark_rule(strokeWidth=1.5, yOffset=down, aria=False).encode(
                x=alt.X("low:Q", title=f"value ({unit})"), x2="high:Q"
            ),
            one.mark_point(size=42, yOffset=down).encode(x=x, shape=style["shape"]),
        ]
        chances += [
            one.mark_rule(strokeWidth=1.5, strokeOpacity=0.5, yOffset=down, aria=False).encode(x=chance, x2=alt.datum(0)),
            one.mark_point(size=52, yOffset=down).encode(x=chance, shape=style["shape"]),
        ]
    height = {"step": max(28, step)}
    panels = [
        alt.layer(*layers).properties(height=height, title=title)
        for layers, title in ((values, "Value"), (chances, "Probability of being best"))
    ]
    panels[0] = panels[0].add_params(picked)
    told = "; ".join(f"{c.words}: " + ", ".join(f"{percent(c.optimal[n])} ({n})" for n in levels) for c in found[:6])
    return Figure(
        name="near_optimal_sets",
        title=f"Sets that may be the best in {context}",
        caption=f"The {len(found)} likeliest sets, in bold the one that is best as measured. Value: as measured (upright bar),"
        f" mean and 95 % range over {n_draws:,} draws of the pair coefficients. Probability: share of the draws in which the set"
        " is the best.",
        alt=told,
        chart=alt.concat(*panels, columns=2).resolve_scale(color="shared", shape="shared"),
        data=data,
        panel_px=300.0,
        rows_shared=True,
    )


def doubt_picture(
    contexts: Sequence[str], optimal: Mapping[str, Array], ratio: Mapping[str, Array], noises: Mapping[str, float]
) -> Figure:
    """Every context: the chance that its nominal optimum is the best, against the share of its value that should remain."""
    import altair as alt

    data = rows(
        ["context", *(f"{what}_{n}" for n in noises for what in ("p_best", "expected_over_measured"))],
        [(c, *(x for n in noises for x in (optimal[n][k], ratio[n][k]))) for k, c in enumerate(contexts)],
    )
    words, style = _noise(noises)
    picked, opacity = toggle("noise")
    x = alt.X("kept:Q", title="expected over measured value of the optimum").scale(zero=False, padding=8)
    x = x.axis(labelExpr=PERCENT)
    y = alt.Y("chance:Q", title="probability of being best").axis(labelExpr=PERCENT).scale(domain=[0.0, 1.0])
    layers: list[Any] = []
    for name in noises:
        paint = NOISES.get(name, _FALLBACK)[0]
        points = _of(data_chart(), words, name, chance="p_best", kept="expected_over_measured")
        titles = {"context": "context", f"p_best_{name}": "P(best)", f"expected_over_measured_{name}": "expected over measured"}
        layers += [
            line_at(float(np.median(optimal[name])), "y", dashed=True).mark_rule(color=paint, strokeDash=[4, 3], aria=False),
            points.mark_point(size=55, stroke=look.PAPER, strokeWidth=0.7).encode(
                x=x, y=y, opacity=opacity, tooltip=tips(data, titles), **style
            ),
        ]
    told = "; ".join(
        f"{n}: the nominal optimum is the best with probability {percent(float(np.median(optimal[n])))} (median context), and"
        f" is worth {percent(float(np.median(ratio[n])))} of what was measured"
        for n in noises
    )
    return Figure(
        name="doubt_by_context",
        title="How far the best measured set can be trusted",
        caption="Each point is a context; dashed lines are medians. Low means that other sets are likelier to be the best than"
        " not; left of 100 % is the winner's curse: what was chosen for its measured value is worth less than measured.",
        alt=told,
        chart=alt.layer(*layers).add_params(picked).properties(height=300),
        data=data,
    )


def baseline_picture(contexts: Sequence[str], gaps: Mapping[str, Array], *, size: int) -> Figure:
    """How far greedy and greedy with exchanges fall short of the proven optimum, over the contexts."""
    import altair as alt

    data = rows(["context", *gaps], [(c, *(g[k] for g in gaps.values())) for k, c in enumerate(contexts)])
    styles = {"greedy": (look.VERMILLION, "diamond"), "greedy + swap": (look.BLUE, "circle")}
    names = list(gaps)
    chosen = [styles.get(name, (look.GREY, "square")) for name in names]
    most = max(0.01, *(float(g.max()) for g in gaps.values()))
    picked, opacity = toggle("search")
    style = {
        "color": alt.Color("search:N", scale=colour(names, [c for c, _ in chosen]), sort=names, legend=legend(names)),
        "opacity": opacity,
    }
    shape = alt.Shape("search:N", scale=colour(names, [s for _, s in chosen]), sort=names)
    x = alt.X("gap:Q", title="value below the proven optimum").scale(domain=[0.0, 1.05 * most], nice=False)
    x = x.axis(labelExpr=PERCENT)
    y = alt.Y("share:Q", title="contexts at most so far below").scale(domain=[0.0, 1.0]).axis(labelExpr=PERCENT)
    layers: list[Any] = []
    shown = tips([{"gap": 0.0, "share": 0.0}], {"search": "", "context": "context", "gap": "below", "share": "contexts at most"})
    for name in names:
        field = f"datum[{json.dumps(name)}]"
        one = (
            data_chart()
            .transform_calculate(search=json.dumps(name), gap=f"{field} > 1e-9 ? {field} : 0")
            .transform_window(share="cume_dist()", sort=[alt.SortField("gap")])
            .encode(x=x, y=y, **style)
        )
        layers += [
            one.transform_aggregate(share="max(share)", groupby=["gap", "search"]).mark_line(
                interpolate="step-after", strokeWidth=1.9, aria=False
            ),
            one.mark_point(size=70, fillOpacity=0, strokeOpacity=0).encode(tooltip=shown),  # unseen
        ]
    optimal = [{"search": name, "gap": 0.0, "share": float((g <= 1e-9).mean())} for name, g in gaps.items()]
    layers.append(fixed_chart(optimal).mark_point(size=75, aria=False).encode(x=x, y=y, shape=shape, **style))
    told = "; ".join(
        f"{name} is optimal in {int((g <= 1e-9).sum())} of {len(g)}, worst {percent(float(g.max()))} below"
        for name, g in gaps.items()
    )
    return Figure(
        name="baseline_gaps",
        title=f"What simple search misses at {size} drugs",
        caption="Share of contexts whose set is at most so far below the optimum, which is proven by listing every permitted"
        f" set. The marks at the left show the share that is optimal: {told}.",
        alt=told,
        chart=alt.layer(*layers).add_params(picked).properties(height=280),
        data=data,
    )


def coverage_picture(samplers: Mapping[str, Coverage], uniform: Coverage, *, context: str, n_targets: int, n_sets: int) -> Figure:
    """Weight of the near-optimal sets that samplers hit, against shots, beside uniform draws."""
    import altair as alt

    told = {_UNIFORM: uniform, **samplers}
    data = rows(
        ["sampler", "shots", "mean", "low", "high", "runs"],
        [(name, *row) for name, c in told.items() for row in zip(c.shots, c.mean, c.low, c.high, c.runs, strict=True)],
    )
    names = [*samplers, _UNIFORM]
    styles = [*(_SAMPLERS[k % len(_SAMPLERS)] for k in range(len(samplers))), (look.GREY, "square", [2, 2])]
    picked, opacity = toggle("sampler")
    every = [row["shots"] for row in data]
    ends = [min(every) / 1.15, max(every) * 1.15]
    share = alt.Y("mean:Q", title="coverage of the near-optimal sets").scale(domain=[0.0, 1.0]).axis(labelExpr=PERCENT)
    base = data_chart().encode(
        x=alt.X("shots:Q", title="shots (log scale)")
        .scale(type="log", domain=ends, nice=False)
        .axis(labelExpr=PLAIN, values=decades(*ends)),
        color=alt.Color("sampler:N", scale=colour(names, [s[0] for s in styles]), sort=names, legend=legend(names)),
        opacity=opacity,
        tooltip=tips(
            data, {"sampler": "sampler", "shots": "shots", "mean": "coverage", "low": "95 % from", "high": "to", "runs": "runs"}
        ),
    )
    band = base.transform_filter(alt.FieldEqualPredicate(field="sampler", equal=_UNIFORM))
    others = base.transform_filter(alt.FieldOneOfPredicate(field="sampler", oneOf=list(samplers)))
    low = alt.Y("low:Q", title="coverage of the near-optimal sets")
    dash = alt.StrokeDash("sampler:N", scale=alt.Scale(domain=names, range=[s[2] for s in styles]), sort=names)
    return Figure(
        name="coverage",
        title=f"What samplers find of the near-optimal sets in {context}",
        caption=f"The {n_targets} sets within the tolerance of the optimum, weighted by their probability of being the best;"
        f" {n_sets:,} sets are permitted. Band: 95 % of single runs of uniform draws among permitted sets. Whiskers: 95 %"
        " confidence interval of the sampler's mean.",
        alt="; ".join(f"{name} at {c.shots[-1]:,} shots: {percent(float(c.mean[-1]))}" for name, c in told.items()),
        chart=alt.layer(
            band.mark_area(fillOpacity=0.2, aria=False).encode(y=low, y2="high:Q"),
            others.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.5, aria=False).encode(y=low, y2="high:Q"),
            base.mark_line(strokeWidth=1.7, aria=False).encode(y=share, strokeDash=dash),
            base.mark_point(size=55).encode(
                y=share, shape=alt.Shape("sampler:N", scale=colour(names, [s[1] for s in styles]), sort=names)
            ),
        )
        .add_params(picked)
        .properties(height=300),
        data=data,
    )
