"""Pictures of a virtual trial: change over time, who benefits, dose response, power."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtwin.report import look
from qtwin.report.number import number
from qtwin.report.picture import Picture, table
from qtwin.report.words import biomarker_words
from qtwin.twin.trial_analysis import ArmResult, DosePoint, Power, Predictor, Subgroup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = (look.GREY, look.BLUE, look.ORANGE, look.GREEN, look.PURPLE, look.VERMILLION)
_MARKERS = ("s", "o", "D", "^", "v", "P")


def both(draw: Callable[[float], Figure]) -> tuple[bytes, bytes]:
    """The figure for a desk and for a phone."""
    with look.style():
        return look.png(draw(look.WIDE_IN)), look.png(draw(look.NARROW_IN))


def change_picture(arms: Sequence[ArmResult], weeks: Sequence[float], *, endpoint: str, unit: str) -> Picture:
    """Mean change from baseline in each arm with 95 % intervals."""
    at = [0.0, *weeks]

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.4 if width_in > 5 else 3.0)
        axes = figure.add_subplot()
        for k, arm in enumerate(arms):
            shift = 0.35 * (k - 0.5 * (len(arms) - 1))
            axes.errorbar(
                [w + shift for w in at],
                arm.change,
                yerr=[np.subtract(arm.change, arm.low), np.subtract(arm.high, arm.change)],
                color=_COLOURS[k % 6],
                marker=_MARKERS[k % 6],
                markersize=5,
                linewidth=1.6,
                capsize=2.5,
                label=arm.name,
            )
        axes.axhline(0.0, color="#9a9a96", linewidth=0.8)
        axes.set_xlabel("weeks since baseline")
        axes.set_ylabel(f"change of {biomarker_words(endpoint)} ({unit})")
        axes.legend(loc="best")
        look.few_ticks(axes, x=8 if width_in > 5 else 4)
        return figure

    wide, narrow = both(draw)
    rows = [(arm.name, w, arm.n_observed[k], arm.change[k], arm.low[k], arm.high[k]) for arm in arms for k, w in enumerate(at)]
    last = "; ".join(f"{a.name} {number(a.change[-1])} ({number(a.low[-1])} to {number(a.high[-1])})" for a in arms)
    return Picture(
        name="trial_change",
        title="Change from baseline",
        caption="Mean of the measured change in those still in the trial, with 95 % intervals. Points are set a little apart.",
        alt=f"At the last assessment: {last}.",
        wide=wide,
        narrow=narrow,
        csv=table(["arm", "week", "n", "mean_change", "low", "high"], rows),
    )


def subgroup_picture(groups: Sequence[Subgroup], *, arm: str, overall: tuple[float, float, float], unit: str) -> Picture:
    """Forest plot of the effect in subgroups."""

    def draw(width_in: float) -> Figure:
        height = 0.24 * (len(groups) + len({g.biomarker for g in groups})) + 0.9
        figure = look.new_figure(width_in, height)
        axes = figure.add_subplot()
        place, ticks, labels, before = 0.0, [], [], ""
        for group in groups:
            if group.biomarker != before:
                place += 1.5 if before else 0.0
                before = group.biomarker
                ticks.append(place)
                labels.append(look.short(biomarker_words(group.biomarker), 34 if width_in > 5 else 20))
                place += 1.0
            axes.errorbar(
                group.difference,
                place,
                xerr=[[group.difference - group.low], [group.high - group.difference]],
                color=look.BLUE,
                marker="o",
                markersize=4.5,
                capsize=2,
                linewidth=1.4,
            )
            ticks.append(place)
            labels.append(f"{group.label}  (n = {group.n:,})" if width_in > 5 else group.label)
            place += 1.0
        axes.axvline(0.0, color=look.INK, linewidth=0.9)
        axes.axvspan(overall[1], overall[2], color=look.SKY, alpha=0.25, linewidth=0)
        axes.axvline(overall[0], color=look.BLUE, linewidth=1.0, linestyle=(0, (4, 2)))
        axes.set_yticks(ticks, labels)
        axes.set_ylim(place - 0.3, -0.7)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"effect against the comparator ({unit}); left of 0 is slower decline")
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="trial_subgroups",
        title=f"Effect of {arm} by measured baseline",
        caption="Thirds of each biomarker as measured at baseline, and APOE e4 copies, with 95 % intervals not corrected for"
        " their number. The band is the effect in everybody.",
        alt="; ".join(f"{g.biomarker} {g.label}: {number(g.difference)} ({number(g.low)} to {number(g.high)})" for g in groups),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["biomarker", "group", "n", "difference", "low", "high"],
            [(g.biomarker, g.label, g.n, g.difference, g.low, g.high) for g in groups],
        ),
    )


def predictor_picture(found: Sequence[Predictor]) -> Picture:
    """How well each measured baseline tells who benefits."""

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 0.36 * len(found) + 0.8)
        axes = figure.add_subplot()
        for k, p in enumerate(found):
            axes.errorbar(
                p.correlation,
                k,
                xerr=[[p.correlation - p.low], [p.high - p.correlation]],
                color=look.BLUE,
                marker="o",
                capsize=2.5,
            )
        axes.axvline(0.0, color=look.INK, linewidth=0.9)
        axes.set_yticks(range(len(found)), [look.short(biomarker_words(p.biomarker), 30) for p in found])
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.set_xlabel("rank correlation with the patient's true benefit")
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="trial_predictors",
        title="Which baseline biomarker predicts benefit",
        caption="Spearman correlation between the measured baseline and the true effect in each patient, which only a simulation"
        " knows; bootstrap 95 % intervals.",
        alt="; ".join(f"{p.biomarker} {number(p.correlation)} ({number(p.low)} to {number(p.high)})" for p in found),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["biomarker", "correlation", "low", "high", "interaction_p"],
            [(p.biomarker, p.correlation, p.low, p.high, p.interaction_p) for p in found],
        ),
    )


def power_picture(found: Sequence[Power], *, arm: str) -> Picture:
    """Power against the number of patients."""

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.1 if width_in > 5 else 2.8)
        axes = figure.add_subplot()
        n = [p.n_per_arm for p in found]
        axes.plot(n, [100 * p.expected for p in found], color=look.BLUE, linewidth=1.6, label="non-central t")
        axes.errorbar(
            n,
            [100 * p.found for p in found],
            yerr=[[100 * (p.found - p.low) for p in found], [100 * (p.high - p.found) for p in found]],
            color=look.VERMILLION,
            marker="o",
            linestyle="none",
            capsize=2.5,
            label="resampled trials",
        )
        axes.axhline(80.0, color=look.GREY, linewidth=0.9, linestyle=(0, (4, 2)))
        axes.set_xscale("log")
        axes.set_xticks(n, [f"{k:,}" for k in n])
        axes.minorticks_off()
        axes.set_ylim(0, 103)
        axes.set_xlabel("patients randomised to each arm")
        axes.set_ylabel("power (%)")
        axes.legend(loc="lower right")
        return figure

    wide, narrow = both(draw)
    enough = [p.n_per_arm for p in found if p.expected >= 0.8]
    words = f"{enough[0]:,} patients an arm give 80 %." if enough else "80 % is not reached."
    return Picture(
        name="trial_power",
        title=f"Power for {arm}",
        caption="Chance of p < 0.05 in a trial of this size: theory as a line, trials resampled out of this one as points with"
        f" 95 % intervals. {words}",
        alt="; ".join(f"{p.n_per_arm}: {100 * p.expected:.0f} % expected, {100 * p.found:.0f} % found" for p in found),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["n_per_arm", "expected", "found", "low", "high"], [(p.n_per_arm, p.expected, p.found, p.low, p.high) for p in found]
        ),
    )


def dose_picture(points: Sequence[DosePoint], *, unit: str) -> Picture:
    """Effect against dose rate."""

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.0)
        axes = figure.add_subplot()
        x = np.array([100 * p.relative for p in points])
        y = np.array([p.difference for p in points])
        axes.errorbar(
            x,
            y,
            yerr=[y - [p.low for p in points], [p.high for p in points] - y],
            color=look.BLUE,
            marker="o",
            linestyle="none",
            capsize=3,
        )
        axes.axhline(0.0, color=look.INK, linewidth=0.9)
        axes.set_xlim(0, 108)
        axes.set_xlabel("dose rate (% of the highest)")
        axes.set_ylabel(f"effect ({unit})")
        look.few_ticks(axes)
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="trial_dose",
        title="Effect by dose",
        caption="Effect against the comparator at the last assessment with 95 % intervals, by dose rate over the highest.",
        alt="; ".join(f"{100 * p.relative:.0f} %: {number(p.difference)} ({number(p.low)} to {number(p.high)})" for p in points),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["arm", "relative", "difference", "low", "high"], [(p.arm, p.relative, p.difference, p.low, p.high) for p in points]
        ),
    )
