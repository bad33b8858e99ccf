"""Pictures of a sweep: time to solution against size, with the fits, and performance profiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtwin.benchmark.analysis import Cell
from qtwin.benchmark.profile import performance_profile
from qtwin.benchmark.scaling import Fit
from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (look.BLUE, look.VERMILLION, look.GREEN, look.ORANGE, look.PURPLE, look.SKY, look.GREY, look.INK)
MARKERS = ("o", "D", "^", "s", "v", "P", "X", "*")


def growth_picture(family: str, cells: Sequence[Cell], fits: Mapping[str, Fit]) -> Picture:
    """Median 99 % time to solution of every solver against size; open markers at the top were never solved by half."""
    labels = sorted({c.label for c in cells})
    finite = [c.tts_s for c in cells if math.isfinite(c.tts_s)]
    ceiling = 3.0 * max(finite, default=1.0)

    def draw(width_in: float) -> Figure:
        from matplotlib.ticker import MaxNLocator

        figure = look.new_figure(width_in, 3.6 if width_in > 5 else 3.4)
        axes = figure.add_subplot()
        for k, label in enumerate(labels):
            _curve(axes, [c for c in cells if c.label == label], fits.get(label), k, ceiling)
        look.log_seconds(axes, y=True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
        axes.set_xlabel("variables")
        axes.set_ylabel("99 % time to solution, all costs")
        axes.legend(loc="best", ncols=2 if width_in > 5 else 1)
        return figure

    wide, narrow = both(draw)
    words = "; ".join(
        f"{label} grows by {f.base:.3g} a variable ({f.base_interval.low:.3g} to {f.base_interval.high:.3g})"
        for label, f in sorted(fits.items())
        if f.form == "exponential"
    )
    return Picture(
        name=f"growth_{family.replace('-', '_')}",
        title=f"Time to solution, {family}",
        caption="Medians over instances; lines are the better of an exponential and a power law, bands its 95 % interval."
        " Open markers: fewer than half of the instances were solved.",
        alt=(words or f"Times of {len(labels)} solvers on {family}") + ".",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["solver", "n", "instances", "runs", "successes", "low", "high", "run_s", "tts_s"],
            [(c.label, c.n, c.instances, c.runs, c.successes, c.interval.low, c.interval.high, c.run_s, c.tts_s) for c in cells],
        ),
    )


def _curve(axes: Axes, cells: Sequence[Cell], fit: Fit | None, k: int, ceiling: float) -> None:
    colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
    solved = [c for c in cells if math.isfinite(c.tts_s)]
    axes.plot(
        [c.n for c in solved],
        [c.tts_s for c in solved],
        linestyle="none" if fit else "-",
        linewidth=1.2,
        marker=marker,
        color=colour,
        label=cells[0].label,
    )
    open_ = [c.n for c in cells if not math.isfinite(c.tts_s)]
    axes.plot(open_, [ceiling] * len(open_), linestyle="none", marker=marker, color=colour, markerfacecolor="white")
    if fit is not None:
        sizes = np.linspace(fit.sizes[0], fit.sizes[-1], 40)
        at = [fit.at(float(n)) for n in sizes]
        axes.plot(sizes, [value for value, _ in at], color=colour, linewidth=1.4)
        axes.fill_between(sizes, [i.low for _, i in at], [i.high for _, i in at], color=colour, alpha=0.15, linewidth=0)


def profile_picture(times_s: Mapping[str, Sequence[float]], warning: str) -> Picture:
    """Share of all instances that each solver solves within a factor of the best one."""
    ratios = np.geomspace(1.0, 1e6, 60)
    shares = performance_profile(times_s, ratios.tolist())

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.2)
        axes = figure.add_subplot()
        for k, (label, share) in enumerate(sorted(shares.items())):
            axes.step(ratios, 100.0 * share, where="post", color=COLOURS[k % len(COLOURS)], linewidth=1.7, label=label)
        look.log_ratio(axes)
        axes.set_ylim(-3, 103)
        axes.set_xlabel("99 % time to solution over the best solver's, on the same instance")
        axes.set_ylabel("instances solved (%)")
        axes.legend(loc="best")
        return figure

    wide, narrow = both(draw)
    first = {label: 100.0 * float(share[0]) for label, share in shares.items()}
    best = max(first, key=lambda label: first[label])
    return Picture(
        name="performance_profile",
        title="Performance profiles",
        caption="At the left: how often a solver is the quickest; at the right: how often it solves at all (Dolan, Moré 2002)."
        + (f" {warning}" if warning else ""),
        alt=f"{best} is the quickest on {first[best]:.0f} % of the instances.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["solver", "ratio", "share"],
            [(s, float(r), float(v)) for s, row in shares.items() for r, v in zip(ratios, row, strict=True)],
        ),
    )
