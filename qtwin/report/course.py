"""Time courses as small multiples: what the twin makes of the visits, and where each regimen leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import finite, number, plain
from qtwin.report.picture import Picture, table
from qtwin.report.words import biomarker_words, unit_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_WIDE_IN, _PANEL_NARROW_IN = 2.15, 1.6


def fit_picture(result: Mapping[str, Any]) -> Picture | None:
    """The posterior course through the visits with its 95 % band, one panel a biomarker; None without a fit."""
    fit = (result.get("twin") or {}).get("fit") or {}
    bands, observed = fit.get("bands") or [], fit.get("observed") or []
    if not bands:
        return None

    def paint(axes: Axes, band: Mapping[str, Any]) -> None:
        _fan(axes, band, colour=look.BLUE, dash="-")
        _points(axes, _observations(observed, band["biomarker"]))

    with look.style():
        wide = look.png(_panels(bands, paint, columns=3, width_in=look.WIDE_IN, panel_in=_PANEL_WIDE_IN, legend=_fit_legend))
        narrow = look.png(
            _panels(bands, paint, columns=2, width_in=look.NARROW_IN, panel_in=_PANEL_NARROW_IN, legend=_fit_legend)
        )
    inside, total = _coverage(bands, observed)
    rows = [["observed", o.get("biomarker"), o.get("unit"), o.get("time_years"), None, o.get("value"), None] for o in observed]
    rows += [["twin", b["biomarker"], b.get("unit"), *point] for b in bands for point in _rows(b)]
    parts = [f"{biomarker_words(b['biomarker'])} {_now(b, -1)}" for b in bands]
    words = f" {inside} of {total} measurements lie inside the band." if total else " No measurements to compare with."
    return Picture(
        name="twin_fit",
        title="The twin's past against the visits",
        caption="Points are measurements, lines the posterior median, shaded areas 95 % credible intervals of the simulated state"
        f" (measurement error not added). Time 0 is the last visit.{words}",
        alt=f"{len(bands)} panels of the fitted course.{words} At the last visit the twin has, with 95 % intervals: "
        + "; ".join(parts)
        + ".",
        wide=wide,
        narrow=narrow,
        csv=table(["source", "biomarker", "unit", "time_years", "low", "median_or_value", "high"], rows),
    )


def course_picture(result: Mapping[str, Any]) -> Picture | None:
    """Each biomarker's future under each regimen with 95 % intervals; None without courses."""
    regimens = [r for r in result.get("regimens") or [] if r.get("course")]
    if not regimens:
        return None
    observed = ((result.get("twin") or {}).get("fit") or {}).get("observed") or []
    names = list(dict.fromkeys(band["biomarker"] for r in regimens for band in r["course"]))
    first = [next(b for r in regimens for b in r["course"] if b["biomarker"] == name) for name in names]

    def paint(axes: Axes, band: Mapping[str, Any]) -> None:
        for place, regimen in reversed(list(enumerate(regimens))):
            own = next((b for b in regimen["course"] if b["biomarker"] == band["biomarker"]), None)
            if own is not None:
                colour, dash = look.regimen_colour(str(regimen["key"]), place), look.DASHES.get(str(regimen["key"]), "-")
                _fan(axes, own, colour=colour, dash=dash, filled=place == 0)
        points = _observations(observed, band["biomarker"])
        _points(axes, points)
        if points:
            axes.axvline(0.0, color="#9a9a96", linewidth=0.8)

    def legend() -> tuple[list[Any], list[str]]:
        from matplotlib.lines import Line2D

        handles: list[Any] = [
            Line2D(
                [], [], color=look.regimen_colour(str(r["key"]), i), linestyle=look.DASHES.get(str(r["key"]), "-"), linewidth=1.8
            )
            for i, r in enumerate(regimens)
        ]
        labels = [look.short(r.get("title") or r["key"]) for r in regimens]
        if observed:
            handles.append(Line2D([], [], color=look.INK, marker="o", markersize=4, linestyle="none"))
            labels.append("measured")
        return handles, labels

    with look.style():
        wide = look.png(_panels(first, paint, columns=3, width_in=look.WIDE_IN, panel_in=_PANEL_WIDE_IN, legend=legend))
        narrow = look.png(_panels(first, paint, columns=2, width_in=look.NARROW_IN, panel_in=_PANEL_NARROW_IN, legend=legend))
    ends = []
    for name in names:
        at = [f"{r.get('title') or r['key']} {_now(b, -1)}" for r in regimens for b in r["course"] if b["biomarker"] == name]
        ends.append(f"{biomarker_words(name)}: " + ", ".join(at))
    years = max(number_of(b["time_years"][-1]) for b in first if b["time_years"])
    return Picture(
        name="patient_course",
        title="The patient's course under each regimen",
        caption="Thick lines are posterior medians. The shaded area (first regimen) and the thin lines (the others) are 95 %"
        " credible intervals; most of that spread is uncertainty about the patient and common to all regimens.",
        alt=f"{len(names)} panels, {len(regimens)} regimens. Median and 95 % credible interval after {plain(years)} years. "
        + ". ".join(ends)
        + ".",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["regimen", "biomarker", "unit", "time_years", "low", "median", "high"],
            [[r["key"], b["biomarker"], b.get("unit"), *point] for r in regimens for b in r["course"] for point in _rows(b)],
        ),
    )


def number_of(value: Any) -> float:
    """`value` as a float, 0 when it is missing."""
    return finite(value) or 0.0


def _panels(
    bands: Sequence[Mapping[str, Any]], paint: Any, *, columns: int, width_in: float, panel_in: float, legend: Any
) -> Figure:
    columns = min(columns, len(bands))
    rows = -(-len(bands) // columns)
    figure = look.new_figure(width_in, panel_in * rows + 0.55)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
    flat = list(grid.flat)
    for axes, band in zip(flat, bands, strict=False):
        paint(axes, band)
        axes.set_title(
            look.short(biomarker_words(band["biomarker"]), 30 if width_in > 6 else 19), fontsize=9.5 if width_in > 6 else 8.4
        )
        axes.set_ylabel(look.short(unit_words(band.get("unit")), 20))
        look.few_ticks(axes)
    for axes in flat[len(bands) :]:
        axes.remove()
    for column in range(columns):  # the last panel of every column carries the time labels
        flat[max(i for i in range(len(bands)) if i % columns == column)].tick_params(labelbottom=True)
    figure.supxlabel("years from the last visit", fontsize=8.5, color="#474a50")
    handles, labels = legend()
    per_row = len(labels) if width_in > 6 else 2
    figure.legend(handles, labels, loc="outside upper left", ncols=per_row, columnspacing=1.6)
    return figure


def _fit_legend() -> tuple[list[Any], list[str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=look.INK, marker="o", markersize=4, linestyle="none"),
        Line2D([], [], color=look.BLUE, linewidth=1.8),
        Patch(color=look.BLUE, alpha=0.18, linewidth=0),
    ]
    return handles, ["measured", "twin, median", "95 % interval"]


def _fan(axes: Axes, band: Mapping[str, Any], *, colour: str, dash: Any, filled: bool = True) -> None:
    """Median and interval; unfilled intervals are thin lines, because three shaded bands on each other read as mud."""
    time, low, median, high = (_numbers(band.get(key)) for key in ("time_years", "low", "median", "high"))
    if len(low) == len(time) == len(high):
        if filled:
            axes.fill_between(time, low, high, color=colour, alpha=0.17, linewidth=0)
        else:
            axes.plot(time, low, time, high, color=colour, linestyle=dash, linewidth=0.8, alpha=0.8)
    if len(median) == len(time):
        axes.plot(time, median, color=colour, linestyle=dash, linewidth=1.8)


def _points(axes: Axes, observed: Sequence[Mapping[str, Any]]) -> None:
    axes.plot(
        [number_of(o.get("time_years")) for o in observed],
        _numbers([o.get("value") for o in observed]),
        linestyle="none",
        marker="o",
        markersize=4.2,
        color=look.INK,
        markeredgecolor="white",
        markeredgewidth=0.7,
        zorder=5,
    )


def _observations(observed: Sequence[Mapping[str, Any]], biomarker: str) -> list[Mapping[str, Any]]:
    return [o for o in observed if o.get("biomarker") == biomarker]


def _numbers(values: Any) -> list[float]:
    return [x if (x := finite(v)) is not None else float("nan") for v in values or []]


def _rows(band: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return list(
        zip(band.get("time_years") or [], band.get("low") or [], band.get("median") or [], band.get("high") or [], strict=False)
    )


def _now(band: Mapping[str, Any], index: int) -> str:
    rows = _rows(band)
    if not rows:
        return "not reported"
    _, low, median, high = rows[index]
    return f"{number(median)} ({number(low)} to {number(high)})"


def _coverage(bands: Sequence[Mapping[str, Any]], observed: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """How many measurements lie inside their band, and how many could be compared."""
    import numpy as np

    inside = total = 0
    for band in bands:
        time, low, high = (np.asarray(_numbers(band.get(key))) for key in ("time_years", "low", "high"))
        if not (len(time) == len(low) == len(high)) or len(time) == 0:
            continue
        for point in _observations(observed, band["biomarker"]):
            at, value = finite(point.get("time_years")), finite(point.get("value"))
            if at is None or value is None or not time.min() - 1e-6 <= at <= time.max() + 1e-6:
                continue
            total += 1
            inside += int(np.interp(at, time, low) <= value <= np.interp(at, time, high))
    return inside, total
