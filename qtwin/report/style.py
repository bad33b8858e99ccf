"""How every figure looks: one palette safe for colour-blind readers, one font, quiet axes, no
global plotting state.
"""

from __future__ import annotations

from typing import Any

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
    """Vega-Lite's settings in light colours: one font, quiet axes, legends on top, room to
    breathe.
    """
    return {
        "background": "transparent",
        "font": "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, "
        "sans-serif",
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
        "header": {
            "labelAnchor": "start",
            "labelColor": INK,
            "labelFontSize": 12.5,
            "labelFontWeight": 600,
            "labelPadding": 6,
        },
        "legend": {
            "labelColor": INK,
            "labelFontSize": 11.5,
            "labelLimit": 300,
            "orient": "top",
            "symbolSize": 90,
            "title": None,
            "columnPadding": 16,
        },
        "title": {
            "anchor": "start",
            "color": INK,
            "fontSize": 12.5,
            "fontWeight": 600,
            "offset": 8,
        },
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
KIND_COLOURS = {"classical": BLUE, "quantum": VERMILLION, "null": GREY}
KIND_SHAPES = {"classical": "circle", "quantum": "diamond", "null": "square"}
SERIES = (GREY, BLUE, ORANGE, GREEN, PURPLE, VERMILLION, SKY)
"""Colours of series that have no names of their own, the comparator first."""
SHAPES = ("square", "circle", "diamond", "triangle-up", "triangle-down", "cross", "triangle-right")


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
    patterns = (
        [1.0, 0.0],
        [7.0, 3.0],
        [2.0, 2.5],
        [8.0, 3.0, 2.0, 3.0],
        [12.0, 3.0],
        [4.0, 2.0, 1.0, 2.0],
    )
    return [list(patterns[k % len(patterns)]) for k in range(n)]


def shapes(n: int) -> list[str]:
    """Marker shapes of `n` series, so that colour is never all that tells them apart."""
    return [SHAPES[k % len(SHAPES)] for k in range(n)]


def dash(key: str) -> list[float]:
    """The line pattern of a regimen: lengths of strokes and gaps."""
    return {"current": [7.0, 3.0], "none": [2.0, 2.5]}.get(key, [1.0, 0.0])


def short(text: Any, width: int = 34) -> str:
    """`text` on one line, cut at `width` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"
