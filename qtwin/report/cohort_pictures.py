"""Pictures of a cohort's forecasts: error of each way to forecast, and each forecast against what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from qtwin.report import look
from qtwin.report.chart import Figure, colour, data_chart, fixed_chart, rows, tips, toggle, with_interval
from qtwin.report.number import number
from qtwin.twin.cohort import Forecast, Score

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
        color=alt.condition(alt.datum.forecast == "twin", alt.value(look.BLUE), alt.value(look.GREY)),
        tooltip=tips(
            data,
            {"forecast": "forecast", "mae": "mean absolute error", "mae_low": "95 % from", "mae_high": "to", "rmse": "RMSE"},
        ),
    )
    x = alt.X("mae:Q", title="mean absolute error of the last MMSE (points)").scale(zero=True)
    return Figure(
        name="cohort_error",
        title="Error of the forecast",
        caption="Mean absolute error over subjects with bootstrap 95 % confidence intervals.",
        alt="; ".join(f"{s.name} {number(s.mae)} ({number(s.mae_low)} to {number(s.mae_high)})" for s in scores),
        chart=alt.layer(*with_interval(base, x, "mae_low", "mae_high")).properties(height={"step": 30}),
        data=data,
    )


def forecast_picture(forecasts: Sequence[Forecast]) -> Figure:
    """Every forecast with its 80 % prediction interval against the measured value."""
    import altair as alt

    data = rows(
        _FORECAST,
        [(f.subject, f.n_visits, *(getattr(f, name) for name in _FORECAST[2:])) for f in forecasts],
    )
    places = {"inside its 80 % prediction interval": look.BLUE, "outside": look.ORANGE}
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
    same = fixed_chart([{"x": low, "y": low}, {"x": 30.0, "y": 30.0}]).mark_line(color=look.GREY, strokeWidth=1, aria=False)
    y = alt.Y("measured:Q", title="measured MMSE (points)").scale(zero=False)
    inside = sum(f.low_80 <= f.measured <= f.high_80 for f in forecasts)
    return Figure(
        name="cohort_forecasts",
        title="Forecast against measured",
        caption="A point is a subject's last visit; the bar through its forecast is the 80 % prediction interval, orange"
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
