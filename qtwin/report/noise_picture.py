"""The picture of noise: success of a shot against the two-qubit error rate, with the fits and what a guess has."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qtwin.report import look
from qtwin.report.bench_pictures import COLOURS, MARKERS
from qtwin.report.look import both
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def noise_picture(entries: Sequence[Mapping[str, Any]], family: str) -> Picture:
    """One curve for each size and solver; the short line across each is the chance of a guess."""
    smallest = min((v["error"] for e in entries for v in e["levels"] if v["error"] > 0), default=1e-4)
    left = smallest / 3.0  # where no noise is drawn on the logarithmic axis

    def draw(width_in: float) -> Figure:
        from matplotlib.ticker import FuncFormatter, NullFormatter

        figure = look.new_figure(width_in, 3.8)
        axes = figure.add_subplot()
        for k, e in enumerate(entries):
            colour, marker = COLOURS[k % len(COLOURS)], MARKERS[k % len(MARKERS)]
            x = np.array([max(v["error"], left) for v in e["levels"]])
            p = np.array([v["hits"] / v["shots"] for v in e["levels"]])
            bars = np.array([[q - v["low"], v["high"] - q] for q, v in zip(p, e["levels"], strict=True)]).T
            label = f"n = {e['n']}, {e['solver']}"
            axes.errorbar(x, p, yerr=np.maximum(bars, 0.0), fmt=marker, color=colour, capsize=2, linewidth=1.0, label=label)
            if "refused" not in e:
                grid = np.geomspace(left, x.max(), 60)
                whole = np.exp(-e["gates"] * grid)
                axes.plot(grid, whole * e["p0"] + (1 - whole) * e["chance"], color=colour, linewidth=1.4)
            if e["chance"]:
                axes.axhline(e["chance"], color=colour, linestyle=":", linewidth=1.0)
        axes.set_xscale("log")
        axes.set_yscale("log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
            axis.set_minor_formatter(NullFormatter())
        axes.set_xlabel(f"two-qubit error rate (at {left:.1g}: none)")
        axes.set_ylabel("success of a shot")
        figure.legend(loc="outside lower center", ncols=3 if width_in > 5 else 1, fontsize=8)
        return figure

    wide, narrow = both(draw)
    told = [f"n = {e['n']}: half of the gain over guessing is left at {e['budget']:.2g}" for e in entries if _has_budget(e)]
    return Picture(
        name=f"noise_{''.join(c if c.isalnum() else '_' for c in family)}",
        title=f"Success against the two-qubit error, {family}",
        caption="Points with exact 95 % intervals; curves p = F p0 + (1 - F) c with F = exp(-g error); dotted: the chance c of a"
        " guess.",
        alt="; ".join(told) + "." if told else "No circuit was better than a guess.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["family", "n", "solver", "error", "hits", "shots", "low", "high", "chance"],
            [
                (e["family"], e["n"], e["solver"], v["error"], v["hits"], v["shots"], v["low"], v["high"], e["chance"])
                for e in entries
                for v in e["levels"]
            ],
        ),
    )


def _has_budget(entry: Mapping[str, Any]) -> bool:
    return entry.get("budget") is not None and math.isfinite(entry["budget"])
