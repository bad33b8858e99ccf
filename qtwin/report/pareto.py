"""Benefit against harm: which regimens no other beats in both, whatever the weights between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import qaly
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture(result: Mapping[str, Any]) -> Picture | None:
    """Every feasible regimen, the front, and the chosen one; None without them."""
    found = result.get("pareto") or {}
    front = found.get("front") or []
    if not front:
        return None
    unit = str((result.get("problem") or {}).get("unit") or "QALY")

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.6 if width_in > 5 else 3.2)
        axes = figure.add_subplot()
        axes.plot(
            found["harm"],
            found["benefit"],
            linestyle="none",
            marker="o",
            markersize=2.2,
            color=look.GREY,
            alpha=0.45,
            label="feasible",
        )
        axes.plot(
            [p["harm"] for p in front],
            [p["benefit"] for p in front],
            color=look.ORANGE,
            marker="s",
            markersize=3.5,
            linewidth=1.3,
            label="Pareto-optimal",
        )
        chosen = found["chosen"]
        axes.plot(chosen["harm"], chosen["benefit"], linestyle="none", marker="D", markersize=7, color=look.BLUE, label="chosen")
        axes.set_xlabel(f"harm ({unit} lost)")
        axes.set_ylabel(f"benefit ({unit} gained)")
        axes.legend(loc="lower right")
        look.few_ticks(axes)
        return figure

    with look.style():
        wide, narrow = look.png(draw(look.WIDE_IN)), look.png(draw(look.NARROW_IN))
    first, last = front[0], front[-1]
    words = (
        f"{len(front)} regimens are Pareto-optimal (no other is better in both): from"
        f" {qaly(first['benefit'])} gained at {qaly(first['harm'])} lost to"
        f" {qaly(last['benefit'])} at {qaly(last['harm'])} {unit}."
    )
    return Picture(
        name="pareto",
        title="Benefit against harm",
        caption=f"{words} The objective weighs one against the other; who weighs harm more takes a regimen further left.",
        alt=words,
        wide=wide,
        narrow=narrow,
        csv=table(["regimen", "benefit", "harm"], [(" + ".join(p["regimen"]), p["benefit"], p["harm"]) for p in front]),
    )
