"""Pictures of a twin's validation: ranks and coverage, cohorts forecast, and published figures
beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.exposures import ObservedRatio
from qtwin.report import style
from qtwin.report.chart import (
    DATA,
    Figure,
    colour,
    data_chart,
    fixed_chart,
    line_at,
    rows,
    tips,
    toggle,
    with_interval,
)
from qtwin.report.number import number, plain_key
from qtwin.twin.cohort import Forecast, Score
from qtwin.twin.published import Compared
from qtwin.twin.synthetic import AHEAD, HORIZON_YEARS
from qtwin.twin.validation import Validation

_WORDS = {
    "kin": "Amyloid build-up",
    "r": "Speed of decline",
    "tau_gain": "Tau growth",
    "amyloid_0": "Amyloid at start",
    "p_tau_0": "p-tau217 at start",
    "tau_0": "Tau at start",
    "hippocampus_0": "Hippocampus",
    "cdr_sb_0": "CDR-SB at start",
    AHEAD: f"CDR-SB in {HORIZON_YEARS:g} years",
}
_PANELS = 3


def ranks_picture(validation: Validation) -> Figure:
    """Rank histogram of every quantity.

    Args:
        validation: From `qtwin.twin.validation.validate`.
    """
    import altair as alt

    ranks = validation.ranks
    names = {r.quantity: _WORDS.get(r.quantity, plain_key(r.quantity)) for r in ranks}
    data = rows(
        [
            "quantity",
            "bin",
            "from_rank",
            "to_rank",
            "count",
            "of",
            "low",
            "high",
            "p_chi_square",
            "p_kolmogorov",
        ],
        [
            (
                *(
                    names[r.quantity],
                    k,
                    k * (r.n_draws + 1) / len(r.counts),
                    (k + 1) * (r.n_draws + 1) / len(r.counts),
                ),
                *(int(count), len(r.ranks), *r.band_99, r.chi_square_p, r.kolmogorov_p),
            )
            for r in ranks
            for k, count in enumerate(r.counts)
        ],
    )
    base = alt.Chart().encode(
        x=alt.X("from_rank:Q", title=f"rank (0 to {ranks[0].n_draws})")
        .scale(nice=False)
        .axis(tickCount=3),
        x2="to_rank:Q",
        tooltip=tips(
            data,
            {
                "quantity": "quantity",
                "from_rank": "rank from",
                "to_rank": "to",
                "count": "patients",
                "low": "99 % band from",
                "high": "to ",
                "p_chi_square": "p, chi-square",
                "p_kolmogorov": "p, Kolmogorov",
            },
        ),
    )
    band = base.mark_rect(color=style.GREY, opacity=0.25, aria=False).encode(
        y=alt.Y("low:Q", title=None), y2="high:Q"
    )
    bars = base.mark_rect(color=style.SKY, stroke=style.PAPER, strokeWidth=1).encode(
        y=alt.Y("count:Q", title=None).axis(tickCount=3), y2=alt.datum(0)
    )
    edges = [
        base.mark_rule(style="ink", strokeDash=[3, 2], strokeWidth=0.9, aria=False).encode(
            y=alt.Y(f"{end}:Q")
        )
        for end in ("low", "high")
    ]
    outside = sum(int(((r.counts < r.band_99[0]) | (r.counts > r.band_99[1])).sum()) for r in ranks)
    p = validation.smallest_p
    chance = (
        "no sign that the ranks are uneven" if p > 0.01 else "the ranks are uneven beyond chance"
    )
    return Figure(
        name="twin_validation_ranks",
        title="Is the posterior right? Ranks of the truth among posterior draws",
        caption=f"Rank of the true value among {ranks[0].n_draws} posterior draws for "
        f"{len(ranks[0].ranks)} simulated patients,"
        " who are counted in bins; a right posterior gives even bars, 99 % of them between "
        "the dashed lines.",
        alt=f"{outside} of {sum(len(r.counts) for r in ranks)} bars lie outside the 99 % band; "
        "smallest p-value times the number"
        f" of tests {p:.2g}: {chance}.",
        chart=alt.layer(band, bars, *edges)
        .properties(height=95)
        .facet(
            facet=alt.Facet("quantity:N", sort=list(names.values()), title=None),
            columns=_PANELS,
            data=alt.NamedData(DATA),
        ),
        data=data,
        panel_px=150.0,
    )


def coverage_picture(validation: Validation) -> Figure:
    """Coverage of the forecast against the number of visits, with what the intervals claim."""
    import altair as alt

    groups = [
        (validation.model, validation.coverage),
        (validation.other_model, validation.misspecified),
    ]
    data = rows(
        [
            "patients_of",
            "n_visits",
            "level",
            "interval",
            "share",
            "inside",
            "of",
            "low",
            "high",
            "fitted_model",
        ],
        [
            (
                *(
                    who,
                    c.n_visits,
                    c.level,
                    f"{100 * c.level:.0f} % interval",
                    c.share,
                    c.inside,
                    c.n_patients,
                    c.low,
                    c.high,
                ),
                "its own" if group is validation.coverage else "another",
            )
            for who, group in groups
            for c in group
        ],
    )
    intervals = list(dict.fromkeys(row["interval"] for row in data))
    colours = [style.BLUE, style.VERMILLION, style.GREEN][: len(intervals)]
    visits = sorted({row["n_visits"] for row in data})
    picked, opacity = toggle("interval")
    legend = alt.Color("interval:N", scale=colour(intervals, colours), sort=intervals)
    base = (
        data_chart()
        .transform_calculate(
            series="datum.interval + (datum.fitted_model == 'another' ? ', other' : '')"
        )
        .encode(
            x=alt.X(
                "n_visits:O",
                title="number of half-yearly visits",
                sort=visits,
                scale=alt.Scale(type="band"),
            ).axis(labelAngle=0, grid=False, labelExpr="datum.label"),
            xOffset=alt.XOffset("series:N"),
            color=legend,
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "interval": "interval",
                    "n_visits": "visits",
                    "patients_of": "patients of",
                    "share": "inside",
                    "low": "95 % from",
                    "high": "to",
                    "of": "patients",
                },
            ),
        )
    )
    y = (
        alt.Y("share:Q", title="patients whose truth is inside")
        .scale(zero=False, padding=8)
        .axis(format="~%")
    )
    claims = fixed_chart(
        [
            {"interval": f"{100 * v:.0f} % interval", "level": v}
            for v in sorted({c.level for c in validation.coverage})
        ]
    )
    shape = alt.Shape(
        "fitted_model:N", scale=colour(["its own", "another"], ["circle", "square"]), legend=None
    )
    said = [
        f"{100 * c.level:.0f} % interval, {c.n_visits} "
        f"visit{'s' if c.n_visits > 1 else ''}{who}: {100 * c.share:.0f} %"
        f" ({100 * c.low:.0f} to {100 * c.high:.0f} %)"
        for who, group in (
            ("", validation.coverage),
            (f", patients of {validation.other_model}", validation.misspecified),
        )
        for c in group
    ]
    other = ""
    if validation.other_model:
        other = (
            f" Squares: patients of the model {validation.other_model}, fitted with "
            f"{validation.model}."
        )
    return Figure(
        name="twin_validation_coverage",
        title=f"Coverage of the {HORIZON_YEARS:g}-year CDR-SB forecast",
        caption=f"How often the interval for the error-free CDR-SB {HORIZON_YEARS:g} years after "
        "the last visit holds the truth;"
        f" bars are exact 95 % confidence intervals, dashed lines what the interval claims.{other}",
        alt="Coverage: " + "; ".join(said) + ".",
        chart=alt.layer(
            claims.mark_rule(strokeDash=[5, 3], aria=False).encode(
                y=alt.Y("level:Q"), color=legend
            ),
            *with_interval(base, y, "low", "high", shape=shape),
        )
        .add_params(picked)
        .properties(height=300),
        data=data,
    )


# Pictures of a cohort's forecasts: error of each way to forecast, and each forecast against what
# was measured.

_FORECAST = (
    *("subject", "visits", "horizon_years", "measured", "median"),
    *("low_80", "high_80", "low_95", "high_95", "carried", "sloped"),
)


def error_picture(scores: Sequence[Score]) -> Figure:
    """Mean absolute error with intervals."""
    import altair as alt

    data = rows(
        ["forecast", "mae", "mae_low", "mae_high", "rmse", "rmse_low", "rmse_high"],
        [(s.name, s.mae, s.mae_low, s.mae_high, s.rmse, s.rmse_low, s.rmse_high) for s in scores],
    )
    base = data_chart().encode(
        y=alt.Y("forecast:N", sort=[s.name for s in scores], title=None),
        color=alt.condition(
            alt.datum.forecast == "twin", alt.value(style.BLUE), alt.value(style.GREY)
        ),
        tooltip=tips(
            data,
            {
                "forecast": "forecast",
                "mae": "mean absolute error",
                "mae_low": "95 % from",
                "mae_high": "to",
                "rmse": "RMSE",
            },
        ),
    )
    x = alt.X("mae:Q", title="mean absolute error of the last MMSE (points)").scale(zero=True)
    return Figure(
        name="cohort_error",
        title="Error of the forecast",
        caption="Mean absolute error over subjects with bootstrap 95 % confidence intervals.",
        alt="; ".join(
            f"{s.name} {number(s.mae)} ({number(s.mae_low)} to {number(s.mae_high)})"
            for s in scores
        ),
        chart=alt.layer(*with_interval(base, x, "mae_low", "mae_high")).properties(
            height={"step": 30}
        ),
        data=data,
    )


def forecast_picture(forecasts: Sequence[Forecast]) -> Figure:
    """Every forecast with its 80 % prediction interval against the measured value."""
    import altair as alt

    data = rows(
        _FORECAST,
        [(f.subject, f.n_visits, *(getattr(f, name) for name in _FORECAST[2:])) for f in forecasts],
    )
    places = {"inside its 80 % prediction interval": style.BLUE, "outside": style.ORANGE}
    picked, opacity = toggle("place")
    base = (
        data_chart()
        .transform_calculate(
            place="datum.measured >= datum.low_80 && datum.measured <= datum.high_80"
            " ? 'inside its 80 % prediction interval' : 'outside'"
        )
        .encode(
            x=alt.X("median:Q", title="forecast MMSE (points, median)").scale(zero=False),
            color=alt.Color("place:N", scale=colour(list(places), list(places.values()))),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "subject": "subject",
                    "measured": "measured",
                    "median": "forecast",
                    "low_80": "80 % from",
                    "high_80": "to",
                    "visits": "visits",
                    "horizon_years": "years ahead",
                },
            ),
        )
    )
    low = min((min(f.median, f.measured, f.low_80) for f in forecasts), default=0.0)
    same = fixed_chart([{"x": low, "y": low}, {"x": 30.0, "y": 30.0}]).mark_line(
        color=style.GREY, strokeWidth=1, aria=False
    )
    y = alt.Y("measured:Q", title="measured MMSE (points)").scale(zero=False)
    inside = sum(f.low_80 <= f.measured <= f.high_80 for f in forecasts)
    return Figure(
        name="cohort_forecasts",
        title="Forecast against measured",
        caption="A point is a subject's last visit; the bar through its forecast is the 80 % "
        "prediction interval, orange"
        " where it misses.",
        alt=f"{len(forecasts)} forecasts; {inside} lie in their 80 % prediction interval.",
        chart=alt.layer(
            same.encode(x="x:Q", y="y:Q"),
            base.mark_rule(strokeOpacity=0.35, aria=False).encode(
                y=alt.Y("low_80:Q", title="measured MMSE (points)"), y2="high_80:Q"
            ),
            base.mark_point(size=26, aria=len(forecasts) <= 400).encode(y=y),
        )
        .add_params(picked)
        .properties(height=340),
        data=data,
    )


# Pictures of the twin beside published figures: trials and cohorts, exposure ratios, heart rate by
# receptor variant.

_WIDEST = 3.2
_ROLES = {"target": "fitted to", "check": "never fitted"}


def figures_picture(found: Sequence[Compared]) -> Figure:
    """Every published figure with its interval drawn to the same width, the model's value on it."""
    import altair as alt

    ordered = [c for role in _ROLES for c in found if c.figure.role == role]

    def place(c: Compared, value: float) -> float:
        half = (
            c.figure.high - c.figure.value
            if value >= c.figure.value
            else c.figure.value - c.figure.low
        )
        return float(np.clip((value - c.figure.value) / half, -_WIDEST, _WIDEST))

    data = rows(
        [
            *(
                "figure",
                "role",
                "published",
                "low",
                "high",
                "model",
                "model_low",
                "model_high",
                "unit",
                "source",
            ),
            *("inside", "place", "place_low", "place_high"),
        ],
        [
            (
                *(
                    c.figure.words,
                    _ROLES[c.figure.role],
                    c.figure.value,
                    c.figure.low,
                    c.figure.high,
                ),
                *(
                    c.model,
                    c.model_low,
                    c.model_high,
                    c.figure.unit,
                    c.figure.source,
                    "inside" if c.holds else "outside",
                ),
                *(place(c, c.model), place(c, c.model_low), place(c, c.model_high)),
            )
            for c in ordered
        ],
    )
    base = data_chart().encode(
        y=alt.Y("figure:N", sort=[c.figure.words for c in ordered], title=None),
        color=alt.Color(
            "inside:N", scale=colour(["inside", "outside"], [style.BLUE, style.VERMILLION])
        ),
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
    x = x.scale(domain=[-_WIDEST - 0.2, _WIDEST + 0.2], nice=False).axis(
        values=[-3, -2, -1, 0, 1, 2, 3]
    )
    shape = alt.Shape("role:N", scale=colour(list(_ROLES.values()), ["circle", "diamond"]))
    band = fixed_chart([{"from": -1.0, "to": 1.0}]).mark_rect(
        color=style.SKY, opacity=0.22, aria=False
    )
    missed = [c.figure.words for c in ordered if not c.holds]
    return Figure(
        name="published",
        title="The twin beside published figures",
        caption="The band is each figure's published interval or stated margin, drawn to one "
        "width. Circles are"
        " targets that the calibration may fit, diamonds are checks that were never "
        "fitted; what lies outside"
        " is in vermillion. Bars are bootstrap 95 % confidence intervals over the "
        "simulated people.",
        alt=f"{len(ordered) - len(missed)} of {len(ordered)} lie inside; outside: "
        f"{'; '.join(missed) or 'none'}.",
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
        return (
            "gene"
            if not r.beside
            else "gene and drug"
            if r.gene or r.background
            else "drug on drug"
        )

    data = rows(
        [
            "case",
            "measured",
            "low",
            "high",
            "predicted",
            "measure",
            "fitted",
            "status",
            "source",
            "kind",
            "test",
        ],
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
        "drug on drug": (style.BLUE, "circle"),
        "gene": (style.ORANGE, "square"),
        "gene and drug": (style.VERMILLION, "diamond"),
    }
    kinds = {
        name: style for name, style in kinds.items() if any(row["kind"] == name for row in data)
    }
    low, high = 0.25, 12.0
    ends = fixed_chart(
        [
            {"x": v, "half": v / 2.0, "double": v * 2.0, "less": v / 1.25, "more": v * 1.25}
            for v in (low, high)
        ]
    )
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
        caption=f"{words} Each point is a drug with other drugs, in carriers of a genotype, or "
        "both; the band is two-fold, the"
        " dashed lines 1.25-fold. Open symbols: the formulary was fitted to them, so they "
        "are no test." + (f" Off by more than 1.5-fold: {'; '.join(far)}." if far else ""),
        alt=words
        + " "
        + "; ".join(
            f"{r.label}: measured {number(r.value)}, predicted {number(p)}" for r, p in found
        ),
        chart=alt.layer(
            along.mark_area(color=style.SKY, opacity=0.22, clip=True, aria=False).encode(
                y=alt.Y("half:Q", scale=scale), y2="double:Q"
            ),
            along.mark_line(color=style.INK, strokeWidth=1, clip=True, aria=False).encode(
                y=alt.Y("x:Q")
            ),
            *(
                along.mark_line(
                    color=style.GREY, strokeWidth=0.8, strokeDash=[3, 2], clip=True, aria=False
                ).encode(y=f"{end}:Q")
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
    """Fall of the resting heart rate on metoprolol by ADRB1 389 genotype, measured and modelled
    (fractions).
    """
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
        color=alt.Color("genotype:N", scale=colour(names, [style.BLUE, style.VERMILLION])),
        opacity=opacity,
        tooltip=tips(
            data,
            {"genotype": "ADRB1 389", "dose_mg": "dose (mg)", "measured_fall": "measured fall"},
        ),
    )
    return Figure(
        name="heart_rate_by_variant",
        title="Heart rate on metoprolol by ADRB1 Arg389Gly",
        caption="Lines are the operational model of the beta-1 receptor, points are Liu 2003; the "
        "two constants and the gain of"
        " Gly389 were fitted to these six points. Exploratory: the variant has weight 0 "
        "unless a spec switches it on, as CPIC"
        " finds the evidence insufficient.",
        alt="; ".join(
            f"{name}: measured {', '.join(f'{100 * x:.1f} %' for x in values)}"
            for name, values in measured.items()
        ),
        chart=alt.layer(
            base.transform_filter("isValid(datum.model_fall)")
            .mark_line(aria=False)
            .encode(
                y=alt.Y("model_fall:Q", title="fall of the heart rate").axis(format="~%"),
                strokeDash=alt.StrokeDash(
                    "genotype:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3]])
                ),
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
