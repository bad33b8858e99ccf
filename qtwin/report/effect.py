"""Benefit and harm by kind: what the chosen regimen gives and costs, beside the current medicines and no drugs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import finite, qaly
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAR_IN, _GAP_IN = 0.16, 0.14


def picture(result: Mapping[str, Any]) -> Picture | None:
    """Bars with 95 % intervals, one group a kind and one bar a regimen; None without kinds."""
    regimens = [r for r in result.get("regimens") or [] if r.get("kinds")]
    if not regimens:
        return None
    unit = str((result.get("problem") or {}).get("unit") or "QALY")
    drawn = [r for r in regimens if any(finite(k.get("mean")) for k in r["kinds"])] or regimens
    silent = [str(r.get("title") or r["key"]) for r in regimens if r not in drawn]
    groups = {group: _kinds(drawn, group) for group in ("benefit", "harm")}
    groups = {group: kinds for group, kinds in groups.items() if kinds}
    places = {id(r): i for i, r in enumerate(result.get("regimens") or [])}
    colours = [look.regimen_colour(str(r["key"]), places[id(r)]) for r in drawn]
    with look.style():
        wide = look.png(_figure(drawn, groups, colours, unit, look.WIDE_IN))
        narrow = look.png(_figure(drawn, groups, colours, unit, look.NARROW_IN))
    note = f" {' and '.join(silent)}: zero on every row, not drawn." if silent else ""
    parts = []
    for regimen in regimens:
        rows = ", ".join(
            f"{k['kind']} {qaly(k.get('mean'))} ({qaly(k.get('low'))} to {qaly(k.get('high'))})" for k in regimen["kinds"]
        )
        parts.append(f"{regimen.get('title') or regimen['key']}: {rows}")
    return Picture(
        name="benefit_harm",
        title="Benefit and harm by kind",
        caption=f"Expected {unit} by kind, gains to the right and losses to the left;"
        f" whiskers are 95 % credible intervals.{note}",
        alt=f"Bar chart in {unit} with 95 % credible intervals. " + ". ".join(parts) + ".",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["regimen", "kind", "group", "mean", "low", "high", "unit"],
            [
                [r["key"], k["kind"], k.get("group"), k.get("mean"), k.get("low"), k.get("high"), unit]
                for r in regimens
                for k in r["kinds"]
            ],
        ),
    )


def _kinds(regimens: Sequence[Mapping[str, Any]], group: str) -> list[str]:
    """Kinds of `group`, the largest effect of the first regimen first, rows that are zero everywhere left out."""
    size: dict[str, tuple[float, float]] = {}
    for place, regimen in enumerate(regimens):
        for kind in regimen["kinds"]:
            if kind.get("group") == group:
                mean = abs(finite(kind.get("mean")) or 0.0)
                first, largest = size.get(kind["kind"], (0.0, 0.0))
                size[kind["kind"]] = (mean if place == 0 else first, max(largest, mean))
    kept = {name: s for name, s in size.items() if s[1] > 0.0}
    return sorted(kept, key=lambda name: kept[name], reverse=True)


def _figure(
    regimens: Sequence[Mapping[str, Any]], groups: Mapping[str, Sequence[str]], colours: Sequence[str], unit: str, width_in: float
) -> Figure:
    from matplotlib.patches import Patch

    row_in = _BAR_IN * len(regimens) + _GAP_IN
    heights = [row_in * len(kinds) + 0.32 for kinds in groups.values()]
    legend_rows = 1 if width_in > 6 else len(regimens)
    figure = look.new_figure(width_in, sum(heights) + 0.6 + 0.2 * legend_rows)
    panels = figure.subplots(max(1, len(heights)), 1, sharex=True, squeeze=False, height_ratios=heights or [1.0])[:, 0]
    for axes, (group, kinds) in zip(panels, groups.items(), strict=False):
        _bars(axes, regimens, kinds, group, colours)
        axes.set_title({"benefit": "Benefit", "harm": "Harm"}[group])
    from matplotlib.ticker import MaxNLocator

    panels[-1].xaxis.set_major_locator(MaxNLocator(8 if width_in > 6 else 4, steps=(1, 2, 2.5, 5, 10)))
    panels[-1].set_xlabel(f"{unit} against no drug (negative: lost)")
    handles = [Patch(color=c) for c in colours]
    labels = [look.short(r.get("title") or r["key"]) for r in regimens]
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels) if width_in > 6 else 1, handlelength=1.1)
    return figure


def _bars(axes: Axes, regimens: Sequence[Mapping[str, Any]], kinds: Sequence[str], group: str, colours: Sequence[str]) -> None:
    height = 0.78 / len(regimens)
    for place, (regimen, colour) in enumerate(zip(regimens, colours, strict=True)):
        for row, name in enumerate(kinds):
            kind = next((k for k in regimen["kinds"] if k["kind"] == name and k.get("group") == group), None)
            mean = finite(kind.get("mean")) if kind else None
            if kind is None or mean is None:
                continue
            y = row - 0.39 + (place + 0.5) * height
            axes.barh(y, mean, height=0.86 * height, color=colour, linewidth=0)
            low, high = finite(kind.get("low")), finite(kind.get("high"))
            if low is not None and high is not None and high > low:
                axes.plot([low, high], [y, y], color=look.INK, linewidth=1.0, solid_capstyle="butt")
                axes.plot([low, high], [y, y], color=look.INK, linestyle="none", marker="|", markersize=4.5, markeredgewidth=1.0)
    axes.axvline(0.0, color="#6f6f6b", linewidth=0.9)
    axes.set_yticks(range(len(kinds)), [look.short(k, 22) for k in kinds])
    axes.set_ylim(len(kinds) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
