"""Curves of energy against a distance, and what each method is off by, on a second axis below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.number import number
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = (look.GREY, look.BLUE, look.GREEN, look.ORANGE, look.PURPLE, look.SKY, look.INK, "#8c5a2b")
_QUANTUM = (look.VERMILLION, "#7d2e00", "#ff9a5c")
_MARKERS = ("o", "s", "^", "v", "P", "X", "d", "<")


def _style(k: int, kind: str, seen: dict[str, int]) -> dict[str, Any]:
    """Quantum methods in shades of red with diamonds, the others in colours and marks of their own."""
    place = seen.setdefault((kind == "quantum" and "quantum") or "other", 0)
    seen["quantum" if kind == "quantum" else "other"] = place + 1
    if kind == "quantum":
        return {"color": _QUANTUM[place % 3], "marker": "D", "markersize": 4.0, "linestyle": (0, (4, 1.5)), "linewidth": 1.3}
    return {"color": _COLOURS[place % 8], "marker": _MARKERS[place % 8], "markersize": 3.8, "linestyle": "-", "linewidth": 1.3}


def curve_picture(
    points: Sequence[Mapping[str, Any]],
    *,
    name: str,
    title: str,
    x_label: str,
    y_label: str,
    value: str,
    reference: Mapping[str, str],
    error_label: str,
    factor: float,
    band: float,
    caption: str,
) -> Picture:
    """Two panels over one distance: values above, differences to a reference method below.

    Args:
        points: Each with "x" and "methods", rows with "name", "kind" and the key `value`.
        name: Of the file.
        title: Of the picture.
        x_label: Of the distance.
        y_label: Of the values.
        value: Key of a row that is drawn.
        reference: Method that the others are compared with, by what they treat: "molecule" or "active space".
        error_label: Of the second axis.
        factor: From the value's unit to that of the second axis.
        band: Half width of the band of chemical accuracy on the second axis.
        caption: How to read it.
    """
    x = np.array([p["x"] for p in points])
    names = [r["name"] for r in points[0]["methods"]]
    kinds = {r["name"]: r["kind"] for r in points[0]["methods"]}

    def values(method: str) -> Any:
        found = [next((r[value] for r in p["methods"] if r["name"] == method), None) for p in points]
        return np.array([np.nan if v is None else v for v in found], dtype=float)

    scopes = {r["name"]: r["scope"] for r in points[0]["methods"]}
    base = {m: values(reference[scopes[m]]) for m in names}
    trusted = values(next(iter(reference.values())))

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 5.2 if width_in > 5 else 5.6)
        above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [1.5, 1]})
        seen: dict[str, int] = {}
        for k, method in enumerate(names):
            style = _style(k, kinds[method], seen)
            above.plot(x, values(method), label=method, **style)
            if method not in reference.values():
                below.plot(x, (values(method) - base[method]) * factor, **style)
        above.set_ylabel(y_label)
        _fit(above, np.concatenate([values(m) for m in names]), trusted)
        below.axhspan(-band, band, color=look.SKY, alpha=0.25, linewidth=0)
        below.axhline(0.0, color=look.INK, linewidth=0.8)
        errors = np.concatenate([(values(m) - base[m]) * factor for m in names])
        errors = errors[np.isfinite(errors)]
        if len(errors) and np.abs(errors).max() > 20 * band:
            look.symmetric_log(below, band)
        below.set_xlabel(x_label)
        below.set_ylabel(error_label)
        look.few_ticks(above, x=8 if width_in > 5 else 4)
        lines, words = above.get_legend_handles_labels()
        wide_page = width_in > 5
        figure.legend(
            lines, words, loc="outside right upper" if wide_page else "outside lower center", ncols=1 if wide_page else 2
        )
        return figure

    wide, narrow = both(draw)
    rows = [
        (p["x"], r["name"], r[value], None if r[value] is None or not np.isfinite(b) else (r[value] - b) * factor)
        for k, p in enumerate(points)
        for r in p["methods"]
        for b in (base[r["name"]][k],)
    ]
    lowest = [(m, values(m)) for m in names if np.isfinite(values(m)).any()]
    return Picture(
        name=name,
        title=title,
        caption=caption,
        alt="; ".join(f"{m} lowest {number(float(np.nanmin(v)), 6)} at {x[int(np.nanargmin(v))]:g}" for m, v in lowest),
        wide=wide,
        narrow=narrow,
        csv=table(["x", "method", value, "difference_to_reference"], rows),
    )


def _fit(axes: Axes, every: Any, base: Any) -> None:
    """Leave out of sight what plunges far below the reference: a perturbation series that has broken down."""
    known, trusted = every[np.isfinite(every)], base[np.isfinite(base)]
    if not len(known) or not len(trusted):
        return
    span = max(float(np.ptp(trusted)), 1e-3)
    low, high = max(known.min(), trusted.min() - 0.6 * span), min(known.max(), trusted.max() + 1.2 * span)
    axes.set_ylim(low - 0.05 * (high - low), high + 0.08 * (high - low))
