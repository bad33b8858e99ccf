"""Pictures of a cohort's forecasts: error of each way to forecast, and each forecast against what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtwin.report import look
from qtwin.report.number import number
from qtwin.report.picture import Picture, table
from qtwin.report.trial_pictures import both
from qtwin.twin.cohort import Forecast, Score

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def error_picture(scores: Sequence[Score]) -> Picture:
    """Mean absolute error with intervals."""

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 0.45 * len(scores) + 0.9)
        axes = figure.add_subplot()
        for k, s in enumerate(scores):
            colour = look.BLUE if s.name == "twin" else look.GREY
            axes.errorbar(s.mae, k, xerr=[[s.mae - s.mae_low], [s.mae_high - s.mae]], color=colour, marker="o", capsize=3)
        axes.set_yticks(range(len(scores)), [s.name for s in scores])
        axes.set_ylim(len(scores) - 0.5, -0.5)
        axes.set_xlim(0, None)
        axes.set_xlabel("mean absolute error of the last MMSE (points)")
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="cohort_error",
        title="Error of the forecast",
        caption="Mean absolute error over subjects with bootstrap 95 % intervals.",
        alt="; ".join(f"{s.name} {number(s.mae)} ({number(s.mae_low)} to {number(s.mae_high)})" for s in scores),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["forecast", "mae", "mae_low", "mae_high", "rmse", "rmse_low", "rmse_high"],
            [(s.name, s.mae, s.mae_low, s.mae_high, s.rmse, s.rmse_low, s.rmse_high) for s in scores],
        ),
    )


def forecast_picture(forecasts: Sequence[Forecast]) -> Picture:
    """Every forecast with its 80 % interval against the measured value."""

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 4.4 if width_in > 5 else 3.7)
        axes = figure.add_subplot()
        axes.plot([0, 30], [0, 30], color=look.INK, linewidth=0.9)
        for f in forecasts:
            inside = f.low_80 <= f.measured <= f.high_80
            axes.plot(
                [f.median, f.median],
                [f.low_80, f.high_80],
                color=look.SKY if inside else look.ORANGE,
                linewidth=0.8,
                alpha=0.5,
                zorder=1,
            )
        axes.plot(
            [f.median for f in forecasts],
            [f.measured for f in forecasts],
            linestyle="none",
            marker="o",
            markersize=3.5,
            color=look.BLUE,
        )
        lowest = min(min(f.measured, f.low_80) for f in forecasts)
        axes.set_xlim(min(f.median for f in forecasts) - 1, 30.5)
        axes.set_ylim(lowest - 1, 30.8)
        axes.set_xlabel("forecast MMSE (points, median)")
        axes.set_ylabel("measured MMSE (points)")
        return figure

    wide, narrow = both(draw)
    inside = sum(f.low_80 <= f.measured <= f.high_80 for f in forecasts)
    return Picture(
        name="cohort_forecasts",
        title="Forecast against measured",
        caption="A point is a subject's last visit; the bar through its forecast is the 80 % interval, orange where it misses.",
        alt=f"{len(forecasts)} forecasts; {inside} lie in their 80 % interval.",
        wide=wide,
        narrow=narrow,
        csv=table(
            [
                "subject",
                "visits",
                "horizon_years",
                "measured",
                "median",
                "low_80",
                "high_80",
                "low_95",
                "high_95",
                "carried",
                "sloped",
            ],
            [
                (
                    f.subject,
                    f.n_visits,
                    f.horizon_years,
                    f.measured,
                    f.median,
                    f.low_80,
                    f.high_80,
                    f.low_95,
                    f.high_95,
                    f.carried,
                    f.sloped,
                )
                for f in forecasts
            ],
        ),
    )
