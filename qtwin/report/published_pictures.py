"""Pictures of the twin beside published figures: trials and cohorts, exposure ratios, heart rate by receptor variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.exposures import ObservedRatio
from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.number import number
from qtwin.report.picture import Picture, table
from qtwin.twin.published import Compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDEST = 3.2


def figures_picture(found: Sequence[Compared]) -> Picture:
    """Every published figure with its interval drawn to the same width, the model's value on it."""
    rows = [c for role in ("target", "check") for c in found if c.figure.role == role]

    def place(c: Compared, value: float) -> float:
        half = c.figure.high - c.figure.value if value >= c.figure.value else c.figure.value - c.figure.low
        return float(np.clip((value - c.figure.value) / half, -_WIDEST, _WIDEST))

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 0.27 * len(rows) + 1.0)
        axes = figure.add_subplot()
        axes.axvspan(-1.0, 1.0, color=look.SKY, alpha=0.22, linewidth=0)
        axes.axvline(0.0, color="#9a9a96", linewidth=0.8)
        for k, c in enumerate(rows):
            colour = look.BLUE if c.holds else look.VERMILLION
            axes.plot([place(c, c.model_low), place(c, c.model_high)], [k, k], color=colour, linewidth=1.6, solid_capstyle="butt")
            axes.plot(place(c, c.model), k, color=colour, marker="o" if c.figure.role == "target" else "D", markersize=5)
        targets = sum(c.figure.role == "target" for c in rows)
        axes.axhline(targets - 0.5, color=look.INK, linewidth=0.8)
        width = 60 if width_in > 5 else 26
        axes.set_yticks(range(len(rows)), [look.short(c.figure.words, width) for c in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(-_WIDEST - 0.2, _WIDEST + 0.2)
        axes.set_xticks([-3, -2, -1, 0, 1, 2, 3])
        axes.set_xlabel("model less published, in half widths of the published interval")
        axes.grid(visible=False, axis="y")
        return figure

    wide, narrow = both(draw)
    missed = [c.figure.words for c in rows if not c.holds]
    return Picture(
        name="published",
        title="The twin beside published figures",
        caption="The band is each figure's published interval or stated margin, drawn to one width. Circles above the line are"
        " targets that the calibration may fit, diamonds below it are checks that were never fitted; what lies outside"
        " is in vermillion."
        " Bars are bootstrap 95 % intervals over the simulated people.",
        alt=f"{len(rows) - len(missed)} of {len(rows)} lie inside; outside: {'; '.join(missed) or 'none'}.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["figure", "role", "published", "low", "high", "model", "model_low", "model_high", "unit", "source"],
            [
                (
                    *(c.figure.words, c.figure.role, c.figure.value, c.figure.low, c.figure.high),
                    *(c.model, c.model_low, c.model_high, c.figure.unit, c.figure.source),
                )
                for c in rows
            ],
        ),
    )


def exposure_picture(found: Sequence[tuple[ObservedRatio, float]]) -> Picture:
    """Predicted against observed exposure ratios with the two-fold band."""

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 5.2 if width_in > 5 else 3.9)
        axes = figure.add_subplot()
        low, high = 0.25, 12.0
        line = np.array([low, high])
        axes.fill_between(line, line / 2.0, line * 2.0, color=look.SKY, alpha=0.22, linewidth=0)
        axes.plot(line, line, color=look.INK, linewidth=0.9)
        axes.plot(line, line * 1.25, color=look.GREY, linewidth=0.7, linestyle=(0, (3, 2)))
        axes.plot(line, line / 1.25, color=look.GREY, linewidth=0.7, linestyle=(0, (3, 2)))
        kinds = {
            "drug on drug": (look.BLUE, "o", [p for p in found if p[0].beside and not (p[0].gene or p[0].background)]),
            "gene": (look.ORANGE, "s", [p for p in found if not p[0].beside]),
            "gene and drug": (look.VERMILLION, "D", [p for p in found if p[0].beside and (p[0].gene or p[0].background)]),
        }
        for name, (colour, marker, points) in kinds.items():
            if not points:
                continue
            for fitted in (False, True):
                some = [(r, p) for r, p in points if r.fitted == fitted]
                axes.plot(
                    [r.value for r, _ in some],
                    [p for _, p in some],
                    linestyle="none",
                    marker=marker,
                    markersize=5.5,
                    color=colour,
                    markerfacecolor="white" if fitted else colour,
                    label=f"{name} ({len(points)})" if not fitted else None,
                )
        if width_in > 5:
            far = sorted((r.value, p, r.label) for r, p in found if max(p / r.value, r.value / p) > 1.5)
            for k, (x, y, label) in enumerate(far):  # at two heights in turn, so that neighbours do not meet
                axes.annotate(
                    look.short(label, 44),
                    (x, y),
                    xytext=(0, -15 - 11 * (k % 2)),
                    textcoords="offset points",
                    horizontalalignment="center" if x < 4.0 else "right",
                    fontsize=7,
                    color="#474a50",
                )
        axes.set_xscale("log")
        axes.set_yscale("log")
        ticks = [0.25, 0.5, 1, 2, 4, 8]
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_xlabel("measured exposure ratio")
        axes.set_ylabel("predicted exposure ratio")
        axes.legend(loc="upper left")
        return figure

    wide, narrow = both(draw)
    inside = sum(0.5 <= p / r.value <= 2.0 for r, p in found)
    near = sum(0.8 <= p / r.value <= 1.25 for r, p in found)
    words = f"{inside} of {len(found)} lie within two-fold, {near} within 1.25-fold."
    return Picture(
        name="exposure_ratios",
        title="Exposure ratios, predicted against measured",
        caption=f"{words} Each point is a drug with other drugs, in carriers of a genotype, or both; the band is two-fold, the"
        " dashed lines 1.25-fold. Open symbols: the formulary was fitted to them, so they are no test. Names where the model is"
        " off by more than 1.5-fold.",
        alt=words + " " + "; ".join(f"{r.label}: measured {number(r.value)}, predicted {number(p)}" for r, p in found),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["case", "measured", "low", "high", "predicted", "measure", "fitted", "status", "source"],
            [(r.label, r.value, r.low, r.high, p, r.measure, r.fitted, r.status, r.source) for r, p in found],
        ),
    )


def heart_rate_picture(
    doses_mg: Sequence[float],
    measured: Mapping[str, Sequence[float]],
    smooth_mg: NDArray[np.float64],
    model: Mapping[str, NDArray[np.float64]],
) -> Picture:
    """Fall of the resting heart rate on metoprolol by ADRB1 389 genotype, measured and modelled (fractions)."""
    styles = {"Arg/Arg": (look.BLUE, "o", "-"), "Gly/Gly": (look.VERMILLION, "s", (0, (4, 2)))}

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.0)
        axes = figure.add_subplot()
        for name, (colour, marker, dash) in styles.items():
            axes.plot(smooth_mg, 100.0 * model[name], color=colour, linestyle=dash, linewidth=1.7, label=f"model, {name}389")
            axes.plot(
                doses_mg,
                [100.0 * x for x in measured[name]],
                color=colour,
                marker=marker,
                linestyle="none",
                label=f"Liu 2003, {name}389",
            )
        axes.set_xlabel("metoprolol every 8 h (mg)")
        axes.set_ylabel("fall of the heart rate (%)")
        axes.set_ylim(0, None)
        axes.legend(loc="upper left", fontsize=7.5 if width_in < 5 else 8.5)
        look.few_ticks(axes)
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="heart_rate_by_variant",
        title="Heart rate on metoprolol by ADRB1 Arg389Gly",
        caption="The operational model of the beta-1 receptor; its two constants and the gain of Gly389 were fitted to these six"
        " points. Exploratory: the variant has weight 0 unless a spec switches it on, as CPIC finds the evidence insufficient.",
        alt="; ".join(f"{name}: measured {', '.join(f'{100 * x:.1f} %' for x in values)}" for name, values in measured.items()),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["genotype", "dose_mg", "measured_fall"],
            [(n, d, v) for n, vs in measured.items() for d, v in zip(doses_mg, vs, strict=True)],
        ),
    )
