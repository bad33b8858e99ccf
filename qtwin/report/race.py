"""Who won: every solver's time and quality with intervals, random guessing among them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import finite, interval, percent, qaly, seconds
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KIND_WORDS = {"classical": "classical", "quantum": "quantum", "null": "random baseline"}


def ranked(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Solvers by regret on the twin, then by wall time; those without a feasible answer last."""

    def key(solver: Mapping[str, Any]) -> tuple[float, float]:
        regret, wall = finite(solver.get("regret_twin")), finite(solver.get("total_wall_s"))
        return (float("inf") if regret is None else round(regret, 9), float("inf") if wall is None else wall)

    return sorted(result.get("solvers") or [], key=key)


def solver_label(solver: Mapping[str, Any]) -> str:
    """What a reader calls the solver."""
    return str(solver.get("label") or " · ".join(str(p) for p in (solver.get("name"), solver.get("backend")) if p))


def picture(result: Mapping[str, Any]) -> Picture | None:
    """Time against regret, and success probability with its interval; None without solvers."""
    solvers = ranked(result)
    if not solvers:
        return None
    unit = str((result.get("problem") or {}).get("unit") or "QALY")
    with look.style():
        wide = look.png(_figure(solvers, unit, wide=True))
        narrow = look.png(_figure(solvers, unit, wide=False))
    parts = []
    for place, solver in enumerate(solvers, start=1):
        chance = solver.get("success_probability") or {}
        words = f"{place} {solver_label(solver)}: {seconds(solver.get('total_wall_s'))}, "
        words += (
            "no feasible answer" if finite(solver.get("regret_twin")) is None else f"regret {qaly(solver['regret_twin'])} {unit}"
        )
        if finite(chance.get("value")) is not None:
            words += f", success {percent(chance['value'])} ({interval(chance, percent)})"
        parts.append(words)
    return Picture(
        name="solver_comparison",
        title="Time against quality",
        caption=f"Left: wall time against regret, the {unit} lost on the twin against the best regimen known;"
        " lower and further left is better. A marker that would cover another is lifted; its line leads to where it stands."
        " Right: probability that one sample gives the target, with its interval; the dotted line is random guessing."
        " The numbers are the ranks of the table below, by regret and then by time.",
        alt=f"{len(solvers)} solvers by regret, then time. " + "; ".join(parts) + ".",
        wide=wide,
        narrow=narrow,
        csv=table(
            [
                "rank",
                "solver",
                "backend",
                "label",
                "kind",
                "total_wall_s",
                "regret_twin",
                "objective_twin",
                "success",
                "success_low",
                "success_high",
            ],
            [
                [
                    place,
                    s.get("name"),
                    s.get("backend"),
                    solver_label(s),
                    s.get("kind"),
                    s.get("total_wall_s"),
                    s.get("regret_twin"),
                ]
                + [s.get("objective_twin")]
                + [(s.get("success_probability") or {}).get(k) for k in ("value", "low", "high")]
                for place, s in enumerate(solvers, start=1)
            ],
        ),
    )


def _figure(solvers: Sequence[Mapping[str, Any]], unit: str, *, wide: bool) -> Figure:
    from matplotlib.lines import Line2D

    rows_in = 0.27 * len(solvers) + 0.75
    if wide:
        figure = look.new_figure(look.WIDE_IN, max(3.9, rows_in + 0.45))
        left, right = figure.subplots(1, 2, width_ratios=[1.0, 0.72])
    else:
        figure = look.new_figure(look.NARROW_IN, 3.4 + rows_in + 0.6)
        left, right = figure.subplots(2, 1, height_ratios=[3.1, rows_in])
    points = _tradeoff(left, solvers, unit)
    _success(right, solvers, 30 if wide else 24)
    kinds = [k for k in look.KIND_COLOURS if any(s.get("kind") == k for s in solvers)]
    handles = [
        Line2D([], [], linestyle="none", marker=look.KIND_MARKERS[k], markersize=7, color=look.KIND_COLOURS[k]) for k in kinds
    ]
    figure.legend(
        handles, [_KIND_WORDS[k] for k in kinds], loc="outside upper left", ncols=3, columnspacing=1.2, handletextpad=0.3
    )
    look.settle(figure)
    _numbered_points(left, solvers, points, figure.dpi / 72.0)
    return figure


def _colour(solver: Mapping[str, Any]) -> str:
    return look.KIND_COLOURS.get(str(solver.get("kind")), look.GREEN)


def _marker(solver: Mapping[str, Any]) -> str:
    return look.KIND_MARKERS.get(str(solver.get("kind")), "o")


def _tradeoff(axes: Axes, solvers: Sequence[Mapping[str, Any]], unit: str) -> list[tuple[float, float]]:
    """Axes of time and regret; returns where each solver stands, without drawing it yet."""
    regrets = [finite(s.get("regret_twin")) for s in solvers]
    times = [finite(s.get("total_wall_s")) for s in solvers]
    known = [max(0.0, r) for r in regrets if r is not None]
    positive = sorted(r for r in known if r > 1e-9)
    worst = positive[-1] if positive else 1.0
    logarithmic = bool(positive) and positive[-1] / positive[0] > 30.0
    shortest = min((t for t in times if t is not None and t > 0.0), default=1e-3)
    longest = max((t for t in times if t is not None), default=1.0)
    look.log_seconds(axes)
    axes.set_xlim(shortest / 2.6, max(longest, shortest) * 2.6)
    none_y = worst * (3.0 if logarithmic else 1.22)
    if logarithmic:
        look.symmetric_log(axes, positive[0])
    failed = any(r is None for r in regrets)
    bottom = -0.22 * (positive[0] if logarithmic else worst)
    axes.set_ylim(bottom, none_y * (1.6 if logarithmic else 1.08) if failed else worst * (2.2 if logarithmic else 1.2))
    axes.axhline(0.0, color="#6f6f6b", linewidth=0.9)
    if failed:
        axes.axhline(none_y, color="#b9b6ae", linewidth=0.9, linestyle=(0, (1.5, 2)))
        axes.annotate(
            "no feasible answer",
            (0.02, none_y),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4),
            textcoords="offset points",
            fontsize=7.5,
            color="#6f6f6b",
        )
    axes.set_xlabel("wall time (log scale)")
    axes.set_ylabel(f"regret on the twin ({unit})")
    axes.set_title("Time and regret")
    return [(max(t or shortest, shortest), none_y if r is None else max(0.0, r)) for r, t in zip(regrets, times, strict=True)]


def _numbered_points(
    axes: Axes, solvers: Sequence[Mapping[str, Any]], points: Sequence[tuple[float, float]], per_point: float
) -> None:
    """Markers with ranks inside; one that would cover another is lifted, with a thin line to where it belongs."""
    size_pt = 13.0
    taken: list[tuple[float, float]] = []
    for place, (solver, point) in enumerate(zip(solvers, points, strict=True), start=1):
        px, py = (float(v) / per_point for v in axes.transData.transform(point))
        lift = 0.0
        while any(abs(px - qx) < size_pt and abs(py + lift - qy) < size_pt for qx, qy in taken):
            lift += 3.0
        taken.append((px, py + lift))
        colour = _colour(solver)
        x, y = axes.transData.inverted().transform((px * per_point, (py + lift) * per_point))
        if lift:
            axes.plot([point[0], x], [point[1], y], color=colour, linewidth=0.9, zorder=3)
        axes.plot(
            x, y, marker=_marker(solver), markersize=size_pt - 1.5, color=colour, markeredgecolor="white", clip_on=False, zorder=4
        )
        axes.annotate(
            str(place), (x, y), color="white", fontsize=7.5, fontweight="bold", ha="center", va="center_baseline", zorder=5
        )


def _success(axes: Axes, solvers: Sequence[Mapping[str, Any]], width: int) -> None:
    chances = [s.get("success_probability") or {} for s in solvers]
    values = [finite(c.get("value")) for c in chances]
    floor = _floor(chances)
    for row, (solver, chance, value) in enumerate(zip(solvers, chances, values, strict=True)):
        colour = _colour(solver)
        if value is None:
            axes.text(0.012, row, "not sampled", transform=axes.get_yaxis_transform(), fontsize=7, color="#8a8a86", va="center")
            continue
        low, high = finite(chance.get("low")), finite(chance.get("high"))
        if low is not None and high is not None:
            axes.plot(
                [max(low, floor), max(high, floor)], [row, row], color=colour, linewidth=5.5, alpha=0.38, solid_capstyle="butt"
            )
        axes.plot(max(value, floor), row, marker=_marker(solver), markersize=4.6, color=colour, clip_on=False)
        right = max(high or 0.0, value, floor) < (0.3 if floor else 0.7)
        at = max((high if right else low) or value, floor)
        words = f"{percent(value)} [{percent(low)} – {percent(high)}]" if width > 24 else percent(value)
        axes.annotate(words, (at, row), xytext=(6 if right else -6, 0), textcoords="offset points", fontsize=7.2, color=look.INK,
                      ha="left" if right else "right", va="center")  # fmt: skip
        if solver.get("kind") == "null":
            axes.axvline(max(value, floor), color=look.GREY, linewidth=1.0, linestyle=(0, (1.5, 2)), zorder=0)
    axes.set_yticks(
        range(len(solvers)), [f"{look.short(solver_label(s), width)}  {place}" for place, s in enumerate(solvers, start=1)]
    )
    axes.set_ylim(len(solvers) - 0.4, -0.7)
    if floor:
        look.log_percent(axes, floor)
    else:
        axes.set_xlim(0.0, 1.0)
        axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"])
    axes.tick_params(axis="y", length=0, labelsize=7.8)
    axes.grid(False, axis="y")
    axes.set_xlabel("success per sample" + (" (log scale)" if floor else ""))
    axes.set_title("Success")


def _floor(chances: Sequence[Mapping[str, Any]]) -> float:
    """Left end of a logarithmic axis, a power of ten under every interval; 0 (a linear axis) when no chance is below 3 %."""
    values = [x for c in chances for key in ("value", "low") if (x := finite(c.get(key))) is not None]
    if not values or min(values) >= 0.03:
        return 0.0
    ends = [x for c in chances for key in ("value", "low", "high") if (x := finite(c.get(key))) is not None and x > 0.0]
    return 10.0 ** max(-9, math.floor(math.log10(min(ends, default=1e-3)) - 0.01))
