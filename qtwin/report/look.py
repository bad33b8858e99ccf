"""How every figure looks: one palette safe for colour-blind readers, one font, quiet axes, no global plotting state."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qtwin.report.number import number, seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito, "Color universal design", 2008, with a grey for baselines.
BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY, INK = "#CC79A7", "#56B4E9", "#767676", "#22252a"
RULE = "#e4e2dc"
SOFT, PAPER = "#5c6066", "#ffffff"

_DARK = {
    BLUE: "#4a9fd8",
    ORANGE: "#f0b03c",
    GREEN: "#2dbd94",
    VERMILLION: "#f0803c",
    PURPLE: "#dd9cc3",
    SKY: "#9fd6f5",
    GREY: "#9a9a9a",
    INK: "#e9e6df",
    SOFT: "#a9adb3",
    RULE: "#343a42",
    PAPER: "#1c2026",
}
"""Every colour of a chart, and what stands for it on a dark page."""


def colour_pairs() -> dict[str, str]:
    """Light colour to dark colour, as the page swaps them."""
    return dict(_DARK)


def dark(value: Any) -> Any:
    """A spec with its colours swapped for those of a dark page."""
    if isinstance(value, dict):
        return {k: dark(v) for k, v in value.items()}
    if isinstance(value, list):
        return [dark(v) for v in value]
    return _DARK.get(value, value) if isinstance(value, str) else value


def config() -> dict[str, Any]:
    """Vega-Lite's settings in light colours: one font, quiet axes, legends on top, room to breathe."""
    return {
        "background": "transparent",
        "font": "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif",
        "padding": 2,
        "view": {"stroke": None},
        "axis": {
            "domainColor": GREY,
            "gridColor": RULE,
            "labelColor": SOFT,
            "labelFontSize": 11,
            "labelLimit": 270,
            "labelOverlap": "greedy",
            "tickColor": GREY,
            "tickCount": 5,
            "tickSize": 4,
            "titleColor": SOFT,
            "titleFontSize": 11.5,
            "titleFontWeight": "normal",
            "titlePadding": 8,
        },
        "axisBand": {"grid": False, "domain": False, "ticks": False, "labelPadding": 6},
        "axisPoint": {"grid": False},
        "concat": {"spacing": 22},
        "facet": {"spacing": 22},
        "header": {"labelAnchor": "start", "labelColor": INK, "labelFontSize": 12.5, "labelFontWeight": 600, "labelPadding": 6},
        "legend": {
            "labelColor": INK,
            "labelFontSize": 11.5,
            "labelLimit": 300,
            "orient": "top",
            "symbolSize": 90,
            "title": None,
            "columnPadding": 16,
        },
        "title": {"anchor": "start", "color": INK, "fontSize": 12.5, "fontWeight": 600, "offset": 8},
        "text": {"color": INK, "fontSize": 11},
        "rule": {"color": GREY},
        "line": {"strokeWidth": 2},
        "point": {"filled": True, "opacity": 1, "size": 55},
        "bar": {"color": BLUE},
        "style": {"ink": {"color": INK, "fill": INK}, "soft": {"color": SOFT, "fill": SOFT}},
        "range": {"category": [BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, GREY]},
    }


REGIMEN_COLOURS = {"chosen": BLUE, "current": ORANGE, "none": GREY}
SPARE_COLOURS = (GREEN, PURPLE, SKY, VERMILLION)
DASHES: dict[str, Any] = {"chosen": "-", "current": (0, (5, 1.5)), "none": (0, (1.2, 1.2))}
KIND_COLOURS = {"classical": BLUE, "quantum": VERMILLION, "null": GREY}
KIND_SHAPES = {"classical": "circle", "quantum": "diamond", "null": "square"}
SERIES = (GREY, BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY)
"""Colours of series that have no names of their own, the comparator first."""
SHAPES = ("square", "circle", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right")
KIND_MARKERS = {"classical": "o", "quantum": "D", "null": "s"}

WIDE_IN, NARROW_IN = 9.6, 3.9
"""Figure widths in inches at 96 CSS pixels an inch: a desk and a phone."""
_DPI = 192
_STEPS = (1, 2, 2.5, 5, 10)

_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # a label with dollar signs is a label, never a formula
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # a fixed place: searching for one costs a seventh of the drawing time
    "axes.labelsize": 8.5,
    "axes.labelcolor": "#474a50",
    "axes.edgecolor": "#9a9a96",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": "#9a9a96",
    "ytick.color": "#9a9a96",
    "xtick.labelcolor": "#474a50",
    "ytick.labelcolor": "#474a50",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 2.2,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}


@contextmanager
def style() -> Iterator[None]:
    """The settings above over matplotlib's own defaults, put back afterwards."""
    import matplotlib

    hands_off = ("backend", "interactive", "toolbar")
    settings: dict[Any, Any] = {k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith(hands_off)}
    with matplotlib.rc_context(settings | _SETTINGS):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure, width and height in inches; nothing of it is known to pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")


def settle(figure: Figure) -> None:
    """Lay the figure out once and keep that layout; saving would otherwise draw everything twice to find it."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def png(figure: Figure) -> bytes:
    """The figure at twice the CSS resolution, without a software stamp, so equal figures are equal bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    settle(figure)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def both(draw: Callable[[float], Figure]) -> tuple[bytes, bytes]:
    """The figure for a desk and for a phone."""
    with style():
        return png(draw(WIDE_IN)), png(draw(NARROW_IN))


def regimen_colour(key: str, place: int) -> str:
    """The colour of a regimen: fixed for the usual three, by place for others."""
    return REGIMEN_COLOURS.get(key, SPARE_COLOURS[place % len(SPARE_COLOURS)])


def series(n: int) -> list[str]:
    """Colours of `n` series without names of their own, the comparator first."""
    return [SERIES[k % len(SERIES)] for k in range(n)]


def many(n: int) -> list[str]:
    """Colours of `n` series of one rank, none of them a comparator."""
    colours = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, GREY, INK)
    return [colours[k % len(colours)] for k in range(n)]


def dashes(n: int) -> list[list[float]]:
    """Line patterns of `n` series, so that colour is never all that tells them apart."""
    patterns = ([1.0, 0.0], [7.0, 3.0], [2.0, 2.5], [8.0, 3.0, 2.0, 3.0], [12.0, 3.0], [4.0, 2.0, 1.0, 2.0])
    return [list(patterns[k % len(patterns)]) for k in range(n)]


def shapes(n: int) -> list[str]:
    """Marker shapes of `n` series, so that colour is never all that tells them apart."""
    return [SHAPES[k % len(SHAPES)] for k in range(n)]


def dash(key: str) -> list[float]:
    """The line pattern of a regimen: lengths of strokes and gaps."""
    return {"current": [7.0, 3.0], "none": [2.0, 2.5]}.get(key, [1.0, 0.0])


def few_ticks(axes: Axes, *, x: int = 5, y: int = 4) -> None:
    """At most `x` and `y` intervals between ticks, printed with a true minus sign."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(x, steps=_STEPS))
    axes.yaxis.set_major_locator(MaxNLocator(y, steps=_STEPS))


def log_seconds(axes: Axes, *, y: bool = False) -> None:
    """A logarithmic axis of times, x or y, labelled as people say them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    (axes.set_yscale if y else axes.set_xscale)("log")
    axis = axes.yaxis if y else axes.xaxis
    axis.set_major_locator(LogLocator(numticks=7))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda v, _: seconds(v, 1)))


def log_ratio(axes: Axes) -> None:
    """A logarithmic x axis of ratios."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=7))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))


def log_percent(axes: Axes, floor: float) -> None:
    """A logarithmic x axis of shares from `floor` to 1, labelled in percent."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    axes.set_xlim(floor, 1.0)
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100.0 * v:g} %"))


def symmetric_log(axes: Axes, threshold: float) -> None:
    """A y axis that is linear up to `threshold` and logarithmic beyond, zero included."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    axes.set_yscale("symlog", linthresh=threshold, linscale=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, 1)))
    axes.yaxis.set_minor_locator(NullLocator())


def short(text: Any, width: int = 34) -> str:
    """`text` on one line, cut at `width` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
