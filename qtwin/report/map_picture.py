"""The map as a figure: cells coloured and lettered by verdict, marks for where their instances come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtwin.benchmark.advantage.grid import AXES_WORDS, LEVELS, Cell, column_of, column_words
from qtwin.benchmark.advantage.grid import SIZES as ENDS
from qtwin.benchmark.advantage.place import Axes as MapAxes
from qtwin.benchmark.advantage.place import Origin
from qtwin.benchmark.advantage.practice import in_practice
from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHORT = {"classical proven": "proven", "classical heuristic": "heuristic", "open": "open", "quantum plausible": "quantum?"}
WORDS = {
    "classical proven": "classical, proven",
    "classical heuristic": "classical heuristic, no proof",
    "open": "open",
    "quantum plausible": "quantum plausible, with requirements",
}
COLOURS = {
    "classical proven": (look.BLUE, "white"),
    "classical heuristic": ("#a6d4f2", look.INK),
    "open": ("#f3d08a", look.INK),
    "quantum plausible": ("#7a3b69", "white"),
}
HATCHES = {"classical proven": "", "classical heuristic": "", "open": "//", "quantum plausible": ".."}
MARKS: dict[Origin, tuple[str, str]] = {
    "patient": ("*", "a patient's question"),
    "twin": ("^", "twins of invented patients"),
    "measured": ("D", "measured data"),
    "generated": ("o", "generated family"),
    "molecule": ("s", "molecule"),
    "published": ("P", "published estimate, not measured here"),
}
_ORDER: tuple[Origin, ...] = ("patient", "twin", "measured", "generated", "molecule", "published")


def map_picture(cells: Sequence[Cell]) -> Picture:
    """Both maps, those that hold a cell; the data behind it are one line a place."""
    shown: list[MapAxes] = [axes for axes in ENDS if any(c.axes == axes for c in cells)]

    def draw(width_in: float) -> Figure:
        rows = sum(len(LEVELS[axes]) for axes in shown)
        wide = width_in > 5
        figure = look.new_figure(width_in, (0.72 if wide else 0.6) * rows + (1.0 if wide else 1.15) * len(shown) + 0.9)
        grid = figure.add_gridspec(len(shown), 1, height_ratios=[len(LEVELS[axes]) for axes in shown])
        for k, axes in enumerate(shown):
            _panel(figure.add_subplot(grid[k]), axes, [c for c in cells if c.axes == axes], wide=wide)
        _legend(figure, cells, wide=wide)
        return figure

    wide, narrow = both(draw)
    words = "; ".join(f"{c.title}: {WORDS[c.verdict.kind]}" for c in cells)
    return Picture(
        name="map",
        title="Where classical wins, and where it is open",
        caption="Each cell takes the least settled verdict of the families, data sets, patients and molecules in it; empty cells"
        " were not measured. Marks say where the instances come from; the pointers above the upper map say how large the"
        " questions of practice are.",
        alt=words + ".",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["map", "cell", "cell_verdict", "place", "origin", "size", "verdict", "instances", "proven", "words"],
            [
                (c.axes, c.key, c.verdict.kind, p.name, p.origin, p.size, v.kind, p.instances, p.proven, v.words)
                for c in cells
                for p, v in c.places
            ],
        ),
    )


def _panel(axes: Axes, which: MapAxes, cells: Sequence[Cell], *, wide: bool) -> None:
    from matplotlib.patches import Rectangle

    columns, rows = len(ENDS[which]), len(LEVELS[which])
    for x in range(columns):
        for y in range(rows):
            axes.add_patch(Rectangle((x + 0.03, y + 0.04), 0.94, 0.92, facecolor="#f4f3ef", edgecolor="none"))
    for c in cells:
        face, ink = COLOURS[c.verdict.kind]
        corner = (c.column + 0.03, c.row + 0.04)
        axes.add_patch(Rectangle(corner, 0.94, 0.92, facecolor=face, edgecolor="none"))
        hatch = HATCHES[c.verdict.kind]
        if hatch:
            axes.add_patch(Rectangle(corner, 0.94, 0.92, facecolor="none", edgecolor=ink, linewidth=0, hatch=hatch, alpha=0.25))
        axes.text(
            c.column + 0.5,
            c.row + 0.66,
            SHORT[c.verdict.kind],
            ha="center",
            va="center",
            color=ink,
            fontsize=8.5 if wide else 4.9,
            fontweight="bold",
        )
        origins = [o for o in _ORDER if any(p.origin == o for p, _ in c.places)]
        for k, origin in enumerate(origins):
            at = c.column + 0.5 + (k - (len(origins) - 1) / 2) * (0.2 if wide else 0.27)
            size = (9 if origin == "patient" else 6) * (1.0 if wide else 0.6)
            axes.plot([at], [c.row + 0.3], MARKS[origin][0], color=ink, markersize=size, markeredgewidth=0)
    axes.set_xlim(0, columns)
    axes.set_ylim(0, rows)
    axes.set_xticks([k + 0.5 for k in range(columns)], [column_words(which, k).replace("up to ", "≤ ") for k in range(columns)])
    axes.set_yticks([k + 0.5 for k in range(rows)], [_folded(words, wide) for _, words in LEVELS[which]])
    if not wide:
        axes.tick_params(labelsize=6)
    axes.set_xticklabels([t.get_text().replace(" to ", "–") for t in axes.get_xticklabels()])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(AXES_WORDS[which][0])
    pointed = which == "regimen"
    if pointed:
        _point_out(axes, rows, wide=wide)
    axes.set_title(
        {"regimen": "Which drugs together", "molecule": "Molecular energies"}[which],
        pad=(34 if wide else 24) if pointed else None,
    )


def _point_out(axes: Axes, top: int, *, wide: bool) -> None:
    """How large the questions of practice are, above the columns in which they fall."""
    for p in in_practice():
        at = column_of("regimen", p.size) + 0.5
        axes.plot([at], [top + 0.1], "v", color=look.INK, markersize=6 if wide else 3.5, markeredgewidth=0, clip_on=False)
        axes.text(at, top + 0.26, f"{p.short}: {p.size}", ha="center", va="bottom", color=look.INK, fontsize=8 if wide else 4.6)


def _folded(words: str, wide: bool) -> str:
    return words if wide else words.replace(" ", "\n", 1)


def _legend(figure: Figure, cells: Sequence[Cell], *, wide: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    kinds = [k for k in COLOURS if any(c.verdict.kind == k for c in cells)]
    origins = [o for o in _ORDER if any(p.origin == o for c in cells for p, _ in c.places)]
    handles = [Patch(facecolor=COLOURS[k][0], label=WORDS[k]) for k in kinds]
    marks = [
        Line2D([], [], linestyle="none", marker=MARKS[o][0], color=look.INK, markersize=7, markeredgewidth=0, label=MARKS[o][1])
        for o in origins
    ]
    figure.legend(
        handles=[*handles, *marks],
        loc="outside lower center",
        ncols=4 if wide else 2,
        fontsize=8 if wide else 6,
        columnspacing=1.4,
    )
