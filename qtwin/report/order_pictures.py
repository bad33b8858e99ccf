"""Pictures of what singles and pairs predict for larger sets, beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtwin.problem.measured.order import CONSTANT, WORDS, Agreement, Study
from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.number import number
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN = ("sum of pairs", "mean of pairs", "second order", "mean, calibrated")
_STYLES: Mapping[str, tuple[str, str, object]] = {
    "sum of pairs": (look.VERMILLION, "D", (0, (5, 1.5))),
    "mean of pairs": (look.BLUE, "s", "-"),
    "second order": (look.GREEN, "^", (0, (3, 1, 1, 1))),
    CONSTANT: (look.GREY, "v", (0, (1.2, 1.2))),
}
_ORDERS = ((look.BLUE, "o"), (look.ORANGE, "s"), (look.GREEN, "^"), (look.VERMILLION, "D"), (look.PURPLE, "v"), (look.SKY, "P"))


def scaling_picture(found: Study, *, unit: str) -> Picture:
    """Mean prediction against mean measurement by number of drugs, every measured set as a point."""
    orders = sorted(set(found.order.tolist()))
    means = {name: [float(found.predicted[name][found.order == k].mean()) for k in orders] for name in _STYLES}
    measured = [float(found.measured[found.order == k].mean()) for k in orders]
    jitter = np.random.default_rng(0).uniform(-0.08, 0.08, len(found.order))  # so that equal values do not hide each other

    def panel(axes: Axes, *, with_sum: bool) -> None:
        axes.plot(found.order + jitter, found.measured, "o", color=look.INK, alpha=0.35, markersize=4, label="measured sets")
        axes.plot(orders, measured, color=look.INK, marker="o", linewidth=2.2, markersize=6, label="measured mean", zorder=4)
        for name, (colour, marker, dash) in _STYLES.items():
            if with_sum or name != "sum of pairs":
                axes.plot(
                    orders,
                    means[name],
                    color=colour,
                    marker=marker,
                    linestyle=dash,
                    linewidth=1.6,
                    markersize=5.5,
                    label=WORDS[name],
                )
        axes.axhline(0.0, color="#9a9a96", linewidth=0.8)
        axes.set_xticks(orders)
        axes.set_xlabel("drugs in the set")
        axes.set_title("with the sum of pairs" if with_sum else "without it, closer")

    def draw(width_in: float) -> Figure:
        wide = width_in > 5
        figure = look.new_figure(width_in, 3.9 if wide else 6.6)
        panels = figure.subplots(1, 2) if wide else figure.subplots(2, 1)
        for axes, with_sum in zip(panels, (True, False), strict=True):
            panel(axes, with_sum=with_sum)
            axes.set_ylabel(unit)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3 if wide else 1, fontsize=8)
        return figure

    wide, narrow = both(draw)
    words = "; ".join(
        f"{k} drugs: sum of pairs {number(s)}, mean of pairs {number(m)}, measured {number(y)}"
        for k, s, m, y in zip(orders, means["sum of pairs"], means["mean of pairs"], measured, strict=True)
    )
    return Picture(
        name="prediction_by_order",
        title="What pairs predict as drugs are added",
        caption="Mean over the sets of each size. A sum of pair scores grows with the number of pairs, k (k - 1) / 2; what is"
        " measured does"
        " not.",
        alt=words,
        wide=wide,
        narrow=narrow,
        csv=table(
            ["drugs", "n", "measured", *means],
            [
                (k, int((found.order == k).sum()), y, *(means[n][a] for n in means))
                for a, (k, y) in enumerate(zip(orders, measured, strict=True))
            ],
        ),
    )


def predicted_picture(found: Study, labels: Sequence[str], *, unit: str) -> Picture:
    """Predicted against measured for four surrogates, a marker and colour an order."""
    orders = sorted(set(found.order.tolist()))

    def panel(axes: Axes, name: str) -> None:
        p = found.predicted[name]
        low, high = min(p.min(), found.measured.min()), max(p.max(), found.measured.max())
        margin = 0.06 * (high - low or 1.0)
        axes.plot([low - margin, high + margin], [low - margin, high + margin], color=look.INK, linewidth=0.9)
        for k, (colour, marker) in zip(orders, _ORDERS, strict=False):
            of = found.order == k
            axes.plot(
                p[of],
                found.measured[of],
                linestyle="none",
                marker=marker,
                color=colour,
                markersize=5.5,
                markeredgecolor="white",
                markeredgewidth=0.5,
                label=f"{k} drugs",
            )
        span = 0.08 * float(np.ptp(found.measured) or 1.0)
        axes.set_ylim(found.measured.min() - span, found.measured.max() + span)
        axes.set_xlim(p.min() - 0.08 * float(np.ptp(p) or 1.0), p.max() + 0.08 * float(np.ptp(p) or 1.0))
        axes.set_title(look.short(WORDS[name], 30))
        look.few_ticks(axes, x=4, y=4)

    def draw(width_in: float) -> Figure:
        wide = width_in > 5
        figure = look.new_figure(width_in, 3.1 if wide else 7.7)
        panels = figure.subplots(1, 4, sharey=True) if wide else figure.subplots(4, 1)
        for axes, name in zip(panels, _SHOWN, strict=True):
            panel(axes, name)
        figure.supxlabel(f"predicted {unit}", fontsize=8.5, color="#474a50")
        figure.supylabel(f"measured {unit}", fontsize=8.5, color="#474a50")
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=len(names) if wide else 2, fontsize=8)
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="predicted_against_measured",
        title="Predicted against measured",
        caption="Each point is a set whose pairs were all measured; on the line the prediction is right. The horizontal axes"
        " differ."
        " Regression and calibration were fitted without the set that they predict.",
        alt=f"{len(found.measured)} sets of {min(orders)} to {max(orders)} drugs.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["set", "drugs", "measured", *found.predicted],
            [
                (words, int(found.order[t]), found.measured[t], *(p[t] for p in found.predicted.values()))
                for t, words in enumerate(labels)
            ],
        ),
    )


def error_picture(told: Sequence[Agreement], *, unit: str) -> Picture:
    """Root mean square error of every surrogate over all sets, beside that of a constant."""
    rows = [a for a in told if a.order == 0]
    null = next(a for a in rows if a.surrogate == CONSTANT)

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 0.34 * len(rows) + 0.9)
        axes = figure.add_subplot()
        for k, a in enumerate(rows):
            value, low, high = a.rmse
            colour = (
                look.GREY
                if a.surrogate == CONSTANT
                else look.BLUE
                if a.excess[2] < 0
                else look.VERMILLION
                if a.excess[1] > 0
                else look.INK
            )
            marker = {look.BLUE: "o", look.VERMILLION: "D"}.get(colour, "s")
            if math.isfinite(low):
                axes.plot([low, high], [k, k], color=colour, linewidth=1.6, solid_capstyle="butt")
            axes.plot(value, k, marker=marker, color=colour, markersize=5.5, linestyle="none")
        axes.axvline(null.rmse[0], color=look.GREY, linewidth=0.9, linestyle=(0, (4, 2)))
        axes.set_xscale("log")
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(rows)), [WORDS[a.surrogate] for a in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"root mean square error ({unit})")
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="error_by_surrogate",
        title="Error of each surrogate",
        caption=f"Over {null.n} sets, with bootstrap 95 % intervals; the dashed line is the error of a constant. Vermillion"
        " diamonds are worse"
        " than the constant and blue circles better beyond chance (interval of the difference on the same resampled sets);"
        " squares are"
        " neither.",
        alt="; ".join(f"{WORDS[a.surrogate]} {number(a.rmse[0])}" for a in rows),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["surrogate", "n", "rmse", "low", "high", "less_constant", "less_constant_low", "less_constant_high"],
            [(a.surrogate, a.n, *a.rmse, *a.excess) for a in rows],
        ),
    )
