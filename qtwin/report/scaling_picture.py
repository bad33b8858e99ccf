"""The picture of a scaling study: expected samples against size, the fit with its interval, and what a guess needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qtwin.benchmark.regression import Line
from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scaling_picture(
    rows: Sequence[Mapping[str, Any]], line: Line, *, fitted: Sequence[int], layers: int, published: float | None
) -> Picture:
    """1 / p against n, filled where the fit saw it; the published slope through the middle of the fit."""
    sizes = np.array([r["n"] for r in rows])
    samples = np.array([1.0 / r["probability"] for r in rows])
    guess = np.array([2.0 ** r["n"] / r["ground_states"] for r in rows])
    used = np.isin(sizes, fitted)

    def draw(width_in: float) -> Figure:
        from matplotlib.ticker import FuncFormatter

        figure = look.new_figure(width_in, 3.6)
        axes = figure.add_subplot()
        axes.plot(sizes, guess, "s", color=look.GREY, markersize=4, label="uniform guess")
        axes.plot(sizes[used], samples[used], "o", color=look.VERMILLION, label=f"QAOA, {layers} fixed layers")
        axes.plot(sizes[~used], samples[~used], "o", color=look.VERMILLION, markerfacecolor="white", label="not in the fit")
        x = np.linspace(min(fitted), max(fitted), 30)
        axes.plot(x, [line.at(n) for n in x], color=look.VERMILLION, label=f"{line.base:.2f}^n")
        if published is not None:
            middle = 0.5 * (x[0] + x[-1])
            dashed = line.at(middle) * published ** (x - middle)
            axes.plot(x, dashed, color=look.INK, linestyle="--", label=f"{published:g}^n, published")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
        axes.set_xlabel("variables")
        axes.set_ylabel("expected samples until a ground state")
        axes.legend(loc="upper left")
        return figure

    wide, narrow = both(draw)
    low, high = line.base_interval
    return Picture(
        name="samples_against_size",
        title="Samples until a ground state",
        caption="Exact probabilities, no shot noise. The dashed line has the published slope through the middle of the fit.",
        alt=f"Samples grow as {line.base:.2f} to the n, 95 % interval {low:.2f} to {high:.2f}; a guess needs 2 to the n.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["n", "instance", "probability", "ground_states", "in_fit"],
            [(r["n"], r["instance"], r["probability"], r["ground_states"], bool(u)) for r, u in zip(rows, used, strict=True)],
        ),
    )
