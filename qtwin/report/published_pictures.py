"""Pictures of the twin beside published figures: trials and cohorts, exposure ratios, heart rate by receptor variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.exposures import ObservedRatio
from qtwin.report import look
from qtwin.report.chart import Figure, colour, data_chart, fixed_chart, line_at, rows, tips, toggle, with_interval
from qtwin.report.number import number
from qtwin.twin.published import Compared

_WIDEST = 3.2
_ROLES = {"target": "fitted to", "check": "never fitted"}


def figures_picture(found: Sequence[Compared]) -> Figure:
    """Every published figure with its interval drawn to the same width, the model's value on it."""
    import altair as alt

    ordered = [c for role in _ROLES for c in found if c.figure.role == role]

    def place(c: Compared, value: float) -> float:
        half = c.figure.high - c.figure.value if value >= c.figure.value else c.figure.value - c.figure.low
        return float(np.clip((value - c.figure.value) / half, -_WIDEST, _WIDEST))

    data = rows(
        [
            *("figure", "role", "published", "low", "high", "model", "model_low", "model_high", "unit", "source"),
            *("inside", "place", "place_low", "place_high"),
        ],
        [
            (
                *(c.figure.words, _ROLES[c.figure.role], c.figure.value, c.figure.low, c.figure.high),
                *(c.model, c.model_low, c.model_high, c.figure.unit, c.figure.source, "inside" if c.holds else "outside"),
                *(place(c, c.model), place(c, c.model_low), place(c, c.model_high)),
            )
            for c in ordered
        ],
    )
    base = data_chart().encode(
        y=alt.Y("figure:N", sort=[c.figure.words for c in ordered], title=None),
        color=alt.Color("inside:N", scale=colour(["inside", "outside"], [look.BLUE, look.VERMILLION])),
        tooltip=tips(
            data,
            {
                "figure": "figure",
                "published": "published",
                "low": "from",
                "high": "to",
                "model": "model",
                "model_low": "95 % from",
                "model_high": "95 % to",
                "unit": "unit",
                "role": "role",
                "source": "source",
            },
        ),
    )
    x = alt.X("place:Q", title="model less published, in half widths of the published interval")
    x = x.scale(domain=[-_WIDEST - 0.2, _WIDEST + 0.2], nice=False).axis(values=[-3, -2, -1, 0, 1, 2, 3])
    shape = alt.Shape("role:N", scale=colour(list(_ROLES.values()), ["circle", "diamond"]))
    band = fixed_chart([{"from": -1.0, "to": 1.0}]).mark_rect(color=look.SKY, opacity=0.22, aria=False)
    missed = [c.figure.words for c in ordered if not c.holds]
    return Figure(
        name="published",
        title="The twin beside published figures",
        caption="The band is each figure's published interval or stated margin, drawn to one width. Circles are"
        " targets that the calibration may fit, diamonds are checks that were never fitted; what lies outside"
        " is in vermillion. Bars are bootstrap 95 % confidence intervals over the simulated people.",
        alt=f"{len(ordered) - len(missed)} of {len(ordered)} lie inside; outside: {'; '.join(missed) or 'none'}.",
        chart=alt.layer(
            band.encode(x=alt.X("from:Q"), x2="to:Q"),
            line_at(0.0),
            *with_interval(base, x, "place_low", "place_high", shape=shape),
        ).properties(height={"step": 21}),
        data=data,
    )


def exposure_picture(found: Sequence[tuple[ObservedRatio, float]]) -> Figure:
    """Predicted against observed exposure ratios with the two-fold band."""
    import altair as alt

    def kind(r: ObservedRatio) -> str:
        return "gene" if not r.beside else "gene and drug" if r.gene or r.background else "drug on drug"

    data = rows(
        ["case", "measured", "low", "high", "predicted", "measure", "fitted", "status", "source", "kind", "test"],
        [
            (
                r.label,
                r.value,
                r.low,
                r.high,
                p,
                r.measure,
                r.fitted,
                r.status,
                r.source,
                kind(r),
                "fitted to" if r.fitted else "test",
            )
            for r, p in found
        ],
    )
    kinds = {
        "drug on drug": (look.BLUE, "circle"),
        "gene": (look.ORANGE, "square"),
        "gene and drug": (look.VERMILLION, "diamond"),
    }
    kinds = {name: style for name, style in kinds.items() if any(row["kind"] == name for row in data)}
    low, high = 0.25, 12.0
    ends = fixed_chart([{"x": v, "half": v / 2.0, "double": v * 2.0, "less": v / 1.25, "more": v * 1.25} for v in (low, high)])
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    axis = alt.Axis(values=[0.25, 0.5, 1, 2, 4, 8], format="~g")
    along = ends.encode(x="x:Q")
    picked, opacity = toggle("kind")
    points = (
        data_chart()
        .mark_point(size=55, strokeWidth=1.6, clip=True)
        .encode(
            x=alt.X("measured:Q", scale=scale, axis=axis, title="measured exposure ratio"),
            y=alt.Y("predicted:Q", scale=scale, axis=axis, title="predicted exposure ratio"),
            stroke=alt.Stroke("kind:N", scale=colour(list(kinds), [c for c, _ in kinds.values()])),
            fill=alt.Fill("kind:N", scale=colour(list(kinds), [c for c, _ in kinds.values()])),
            shape=alt.Shape("kind:N", scale=colour(list(kinds), [s for _, s in kinds.values()])),
            fillOpacity=alt.condition("datum.fitted", alt.value(0.0), alt.value(1.0)),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "case": "case",
                    "measured": "measured",
                    "low": "from",
                    "high": "to",
                    "predicted": "predicted",
                    "measure": "measure",
                    "test": "used as",
                    "source": "source",
                },
            ),
        )
        .add_params(picked)
    )
    inside = sum(0.5 <= p / r.value <= 2.0 for r, p in found)
    near = sum(0.8 <= p / r.value <= 1.25 for r, p in found)
    words = f"{inside} of {len(found)} lie within two-fold, {near} within 1.25-fold."
    far = sorted((r.label for r, p in found if max(p / r.value, r.value / p) > 1.5), key=str)
    return Figure(
        name="exposure_ratios",
        title="Exposure ratios, predicted against measured",
        caption=f"{words} Each point is a drug with other drugs, in carriers of a genotype, or both; the band is two-fold, the"
        " dashed lines 1.25-fold. Open symbols: the formulary was fitted to them, so they are no test."
        + (f" Off by more than 1.5-fold: {'; '.join(far)}." if far else ""),
        alt=words + " " + "; ".join(f"{r.label}: measured {number(r.value)}, predicted {number(p)}" for r, p in found),
        chart=alt.layer(
            along.mark_area(color=look.SKY, opacity=0.22, clip=True, aria=False).encode(
                y=alt.Y("half:Q", scale=scale), y2="double:Q"
            ),
            along.mark_line(color=look.INK, strokeWidth=1, clip=True, aria=False).encode(y=alt.Y("x:Q")),
            *(
                along.mark_line(color=look.GREY, strokeWidth=0.8, strokeDash=[3, 2], clip=True, aria=False).encode(y=f"{end}:Q")
                for end in ("less", "more")
            ),
            points,
        ).properties(height=430),
        data=data,
    )


def heart_rate_picture(
    doses_mg: Sequence[float],
    measured: Mapping[str, Sequence[float]],
    smooth_mg: NDArray[np.float64],
    model: Mapping[str, NDArray[np.float64]],
) -> Figure:
    """Fall of the resting heart rate on metoprolol by ADRB1 389 genotype, measured and modelled (fractions)."""
    import altair as alt

    names = ["Arg/Arg", "Gly/Gly"]
    data = rows(
        ["genotype", "dose_mg", "measured_fall", "model_fall"],
        [
            *((n, d, v, None) for n in names for d, v in zip(doses_mg, measured[n], strict=True)),
            *((n, d, None, v) for n in names for d, v in zip(smooth_mg, model[n], strict=True)),
        ],
    )
    picked, opacity = toggle("genotype")
    base = data_chart().encode(
        x=alt.X("dose_mg:Q", title="metoprolol every 8 h (mg)"),
        color=alt.Color("genotype:N", scale=colour(names, [look.BLUE, look.VERMILLION])),
        opacity=opacity,
        tooltip=tips(data, {"genotype": "ADRB1 389", "dose_mg": "dose (mg)", "measured_fall": "measured fall"}),
    )
    return Figure(
        name="heart_rate_by_variant",
        title="Heart rate on metoprolol by ADRB1 Arg389Gly",
        caption="Lines are the operational model of the beta-1 receptor, points are Liu 2003; the two constants and the gain of"
        " Gly389 were fitted to these six points. Exploratory: the variant has weight 0 unless a spec switches it on, as CPIC"
        " finds the evidence insufficient.",
        alt="; ".join(f"{name}: measured {', '.join(f'{100 * x:.1f} %' for x in values)}" for name, values in measured.items()),
        chart=alt.layer(
            base.transform_filter("isValid(datum.model_fall)")
            .mark_line(aria=False)
            .encode(
                y=alt.Y("model_fall:Q", title="fall of the heart rate").axis(format="~%"),
                strokeDash=alt.StrokeDash("genotype:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3]])),
            ),
            base.transform_filter("isValid(datum.measured_fall)")
            .mark_point(size=60)
            .encode(
                y=alt.Y("measured_fall:Q", title="fall of the heart rate"),
                shape=alt.Shape("genotype:N", scale=colour(names, ["circle", "square"])),
            ),
        )
        .add_params(picked)
        .properties(height=250),
        data=data,
    )
