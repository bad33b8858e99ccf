"""Pictures of measured combinations as choices: which sets may be best, what greedy misses, what samplers cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.coverage import Coverage
from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.number import number, percent
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
NOISES: Mapping[str, tuple[str, str, float]] = {"median": (look.BLUE, "o", 5.5), "pooled": (look.VERMILLION, "D", 5.0)}
"""Noise level to colour, marker and its size."""
_FALLBACK = (look.BLUE, "o", 5.5)
_SAMPLERS = (
    (look.BLUE, "o", "-"),
    (look.VERMILLION, "D", (0, (5, 1.5))),
    (look.GREEN, "^", (0, (3, 1, 1, 1))),
    (look.PURPLE, "v", "-"),
)


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


def near_optimal_picture(
    found: Sequence[Candidate], *, context: str, noises: Mapping[str, float], unit: str, n_draws: int, tolerance: float
) -> Picture:
    """The likeliest sets: measured and expected value on the left, probability of being the best on the right."""
    levels = list(noises)

    def values(axes: Axes) -> None:
        axes.plot(
            [c.value for c in found],
            range(len(found)),
            marker="|",
            markersize=11,
            markeredgewidth=1.8,
            color=look.INK,
            linestyle="none",
            zorder=3,
            label="as measured",
        )
        for name in levels:
            colour, marker, size = NOISES.get(name, _FALLBACK)
            shift = _shift(levels, name)
            for k, c in enumerate(found):
                low, high = c.mean[name] - 1.96 * c.sd[name], c.mean[name] + 1.96 * c.sd[name]
                axes.plot([low, high], [k + shift, k + shift], color=colour, linewidth=1.3, solid_capstyle="butt")
                axes.plot(c.mean[name], k + shift, marker=marker, markersize=size - 1, color=colour, linestyle="none")
        axes.set_xlabel(f"value ({unit})")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)

    def chances(axes: Axes) -> None:
        for name in levels:
            colour, marker, size = NOISES.get(name, _FALLBACK)
            shift = _shift(levels, name)
            for k, c in enumerate(found):
                axes.plot([0.0, 100 * c.optimal[name]], [k + shift, k + shift], color=colour, linewidth=1.3, alpha=0.5)
            axes.plot(
                [100 * c.optimal[name] for c in found],
                [k + shift for k in range(len(found))],
                marker=marker,
                markersize=size,
                color=colour,
                linestyle="none",
                label=f"{name} noise, SD {number(noises[name])}",
                clip_on=False,
                zorder=3,
            )
        axes.set_xlim(0.0, None)
        axes.set_xlabel("probability of being best (%)")

    def draw(width_in: float) -> Figure:
        wide = width_in > 5
        figure = look.new_figure(width_in, (0.36 if wide else 0.44) * len(found) + 1.3)
        panels = figure.subplots(1, 2, sharey=True, width_ratios=(1.0, 1.0)) if wide else np.array([figure.add_subplot()])
        if wide:
            values(panels[0])
        chances(panels[-1])
        panels[-1].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2 if wide else 1, borderaxespad=0.2)
        labels = [look.short(c.words, 44) if wide else _folded(c.words) for c in found]
        panels[0].set_yticks(range(len(found)), labels)
        for tick, c in zip(panels[0].get_yticklabels(), found, strict=True):
            tick.set_fontweight("bold" if c.nominal else "normal")
        panels[0].set_ylim(len(found) - 0.4, -0.6)
        for axes in panels:
            axes.grid(visible=False, axis="y")
        return figure

    wide, narrow = both(draw)
    words = "; ".join(f"{c.words}: " + ", ".join(f"{percent(c.optimal[n])} ({n})" for n in levels) for c in found[:6])
    return Picture(
        name="near_optimal_sets",
        title=f"Sets that may be the best in {context}",
        caption=f"The {len(found)} likeliest sets, in bold the one that is best as measured. Left: measured value (bar), mean"
        " and 95 % range"
        f" over {n_draws:,} draws of the pair coefficients. Right: share of the draws in which the set is the best.",
        alt=words,
        wide=wide,
        narrow=narrow,
        csv=table(
            ["set", "value", *(f"{what}_{n}" for n in levels for what in ("mean", "sd", "p_best", f"p_within_{tolerance:g}"))],
            [(c.words, c.value, *(x for n in levels for x in (c.mean[n], c.sd[n], c.optimal[n], c.near[n]))) for c in found],
        ),
    )


def _folded(words: str) -> str:
    """A set on two lines, for a phone."""
    drugs = words.split(" + ")
    half = (len(drugs) + 1) // 2
    parts = [" + ".join(drugs[:half]), " + ".join(drugs[half:])]
    return "\n".join(look.short(part, 28) for part in parts if part)


def _shift(levels: Sequence[str], name: str) -> float:
    return 0.26 * (levels.index(name) - 0.5 * (len(levels) - 1))


def doubt_picture(
    contexts: Sequence[str], optimal: Mapping[str, Array], ratio: Mapping[str, Array], noises: Mapping[str, float]
) -> Picture:
    """Every context: the chance that its nominal optimum is the best, against the share of its value that should remain."""

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.8 if width_in > 5 else 3.4)
        axes = figure.add_subplot()
        for name in noises:
            colour, marker, size = NOISES.get(name, _FALLBACK)
            axes.plot(
                100 * ratio[name],
                100 * optimal[name],
                linestyle="none",
                marker=marker,
                markersize=size,
                markerfacecolor=colour,
                markeredgecolor="white",
                markeredgewidth=0.6,
                label=f"{name} noise, SD {number(noises[name])}",
            )
            axes.axhline(100 * float(np.median(optimal[name])), color=colour, linewidth=0.9, linestyle=(0, (4, 2)))
        axes.set_ylim(-2.0, 103.0)
        axes.set_xlabel(
            "expected value of the nominal optimum (% of measured)" if width_in > 5 else "expected value (% of measured)"
        )
        axes.set_ylabel("probability of being best (%)")
        axes.legend(loc="upper left")
        return figure

    wide, narrow = both(draw)
    words = "; ".join(
        f"{n}: the nominal optimum is the best with probability {percent(float(np.median(optimal[n])))} (median context), and"
        " is worth"
        f" {percent(float(np.median(ratio[n])))} of what was measured"
        for n in noises
    )
    return Picture(
        name="doubt_by_context",
        title="How far the best measured set can be trusted",
        caption="Each point is a context; dashed lines are medians. Low means that other sets are likelier to be the best than"
        " not;"
        " left of 100 % is the winner's curse: what was chosen for its measured value is worth less than measured.",
        alt=words,
        wide=wide,
        narrow=narrow,
        csv=table(
            ["context", *(f"{what}_{n}" for n in noises for what in ("p_best", "expected_over_measured"))],
            [(c, *(x for n in noises for x in (optimal[n][k], ratio[n][k]))) for k, c in enumerate(contexts)],
        ),
    )


def baseline_picture(contexts: Sequence[str], gaps: Mapping[str, Array], *, size: int) -> Picture:
    """How far greedy and greedy with exchanges fall short of the proven optimum, over the contexts."""
    styles = {"greedy": (look.VERMILLION, "D"), "greedy + swap": (look.BLUE, "o")}
    most = max(1.0, *(100 * float(g.max()) for g in gaps.values()))

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.2 if width_in > 5 else 3.0)
        axes = figure.add_subplot()
        for name, gap in gaps.items():
            missed = 100 * np.sort(gap[gap > 1e-9])
            share = 100 * np.arange(len(gap) - len(missed), len(gap) + 1) / len(gap)  # the optimal ones first
            colour, marker = styles.get(name, (look.GREY, "s"))
            axes.step(
                [0.0, *missed, 1.05 * most],
                [*share, 100.0],
                where="post",
                color=colour,
                linewidth=1.8,
                marker=marker,
                markevery=[0],
                markersize=6,
                clip_on=False,
                zorder=3,
                label=name,
            )
        axes.set_xlim(0.0, 1.05 * most)
        axes.set_ylim(0.0, 103.0)
        axes.set_xlabel("value below the proven optimum (%)")
        axes.set_ylabel("contexts at most so far below (%)")
        axes.legend(loc="lower right")
        look.few_ticks(axes, x=6, y=4)
        return figure

    wide, narrow = both(draw)
    words = "; ".join(
        f"{name} is optimal in {int((g <= 1e-9).sum())} of {len(g)}, worst {percent(float(g.max()))} below"
        for name, g in gaps.items()
    )
    return Picture(
        name="baseline_gaps",
        title=f"What simple search misses at {size} drugs",
        caption="Share of contexts whose set is at most so far below the optimum, which is proven by listing every permitted"
        " set. The dots"
        f" mark the share that is optimal: {words}.",
        alt=words,
        wide=wide,
        narrow=narrow,
        csv=table(["context", *gaps], [(c, *(g[k] for g in gaps.values())) for k, c in enumerate(contexts)]),
    )


def coverage_picture(
    samplers: Mapping[str, Coverage], uniform: Coverage, *, context: str, n_targets: int, n_sets: int
) -> Picture:
    """Weight of the near-optimal sets that samplers hit, against shots, beside uniform draws."""
    from matplotlib.ticker import FuncFormatter

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.4 if width_in > 5 else 3.1)
        axes = figure.add_subplot()
        axes.fill_between(uniform.shots, 100 * uniform.low, 100 * uniform.high, color=look.GREY, alpha=0.18, linewidth=0)
        axes.plot(
            uniform.shots,
            100 * uniform.mean,
            color=look.GREY,
            linewidth=1.6,
            linestyle=(0, (1.2, 1.2)),
            label="uniform random sets",
        )
        for (name, c), (colour, marker, dash) in zip(samplers.items(), _SAMPLERS, strict=False):
            half = [100 * np.nan_to_num(c.mean - c.low), 100 * np.nan_to_num(c.high - c.mean)]
            axes.errorbar(
                c.shots,
                100 * c.mean,
                yerr=half,
                color=colour,
                marker=marker,
                markersize=5,
                linestyle=dash,
                linewidth=1.5,
                capsize=2.5,
                label=name,
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
        axes.minorticks_off()
        axes.set_ylim(0.0, 103.0)
        axes.set_xlabel("shots")
        axes.set_ylabel("coverage of the near-optimal sets (%)")
        axes.legend(loc="upper left")
        return figure

    wide, narrow = both(draw)
    told = {"uniform": uniform, **samplers}
    return Picture(
        name="coverage",
        title=f"What samplers find of the near-optimal sets in {context}",
        caption=f"The {n_targets} sets within the tolerance of the optimum, weighted by their probability of being the best;"
        f" {n_sets:,} sets"
        " are permitted. Band: 95 % of single runs of uniform draws among permitted sets. Bars: 95 % interval of the sampler's"
        " mean.",
        alt="; ".join(f"{name} at {c.shots[-1]:,} shots: {percent(float(c.mean[-1]))}" for name, c in told.items()),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["sampler", "shots", "mean", "low", "high", "runs"],
            [(name, *row) for name, c in told.items() for row in zip(c.shots, c.mean, c.low, c.high, c.runs, strict=True)],
        ),
    )
