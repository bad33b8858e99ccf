"""The map as a figure: cells coloured and named by verdict, marks for where their instances come
from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtwin.benchmark.advantage.point import Axes as MapAxes
from qtwin.benchmark.advantage.point import Origin, in_practice
from qtwin.benchmark.advantage.verdict import AXES_WORDS, LEVELS, Cell, column_of, column_words
from qtwin.benchmark.advantage.verdict import SIZES as ENDS
from qtwin.report import style
from qtwin.report.chart import (
    Figure,
    Row,
    colour,
    data_chart,
    fixed_chart,
    folded,
    legend,
    rows,
    tips,
)

if TYPE_CHECKING:
    pass

SHORT = {
    "classical proven": "proven",
    "classical heuristic": "heuristic",
    "open": "open",
    "quantum plausible": "quantum?",
}
WORDS = {
    "classical proven": "classical, proven",
    "classical heuristic": "classical heuristic, no proof",
    "open": "open",
    "quantum plausible": "quantum plausible, with requirements",
}
_STYLES = {
    "classical proven": (style.BLUE, 0.92, style.PAPER),
    "classical heuristic": (style.SKY, 0.42, style.INK),
    "open": (style.ORANGE, 0.4, style.INK),
    "quantum plausible": (style.PURPLE, 0.5, style.INK),
}
"""Verdict to the colour of its cell, how opaque it is, and the colour of what stands on it."""
_STAR = (
    "M0,-1L0.2245,-0.309L0.9511,-0.309L0.3633,0.118L0.5878,0.809L0,0.382L-0.5878,0.809L-0.3633,0.118L-0.9511,-0.309"
    "L-0.2245,-0.309Z"
)
MARKS: dict[Origin, tuple[str, str]] = {
    "patient": (_STAR, "a patient's question"),
    "twin": ("triangle-up", "twins of invented patients"),
    "measured": ("diamond", "measured data"),
    "generated": ("circle", "generated family"),
    "file": ("triangle-left", "own files"),
    "molecule": ("square", "molecule"),
    "published": ("cross", "published estimate, not measured here"),
}
_TITLES: dict[MapAxes, str] = {"regimen": "Which drugs together", "molecule": "Molecular energies"}
_PRACTICE = "in practice"
_ROW_PX = 46
_PHONE = "windowSize()[0] < 560"


def map_picture(cells: Sequence[Cell]) -> Figure:
    """Both maps, those that hold a cell; the data behind it are one line a place."""
    import altair as alt

    shown: list[MapAxes] = [axes for axes in ENDS if any(c.axes == axes for c in cells)]
    data = rows(
        [
            *("map", "cell", "sizes", "level", "cell_verdict"),
            *("place", "origin", "size", "verdict", "instances", "proven", "words"),
        ],
        [
            (
                *(
                    c.axes,
                    c.key,
                    _sizes(c.axes, c.column),
                    LEVELS[c.axes][c.row][1],
                    c.verdict.kind,
                ),
                *(p.name, p.origin, p.size, v.kind, p.instances, p.proven, v.words),
            )
            for c in cells
            for p, v in c.places
        ],
    )
    kinds = [k for k in _STYLES if any(c.verdict.kind == k for c in cells)]
    origins = [o for o in MARKS if any(row["origin"] == o for row in data)]
    told = "; ".join(f"{c.title}: {WORDS[c.verdict.kind]}" for c in cells)
    return Figure(
        name="map",
        title="Where classical wins, and where it is open",
        caption="Each cell takes the least settled verdict of the families, data sets, patients "
        "and molecules in it; empty cells"
        " were not measured. Marks say where the instances come from; the top row of the "
        "upper map says how large the questions"
        " of practice are. On a phone a letter stands for the verdict.",
        alt=told + ".",
        chart=alt.concat(
            *(_panel(axes, data, kinds, origins) for axes in shown), columns=1
        ).resolve_scale(color="shared", shape="shared", fillOpacity="shared"),
        data=data,
    )


def _sizes(axes: MapAxes, column: int) -> str:
    return column_words(axes, column).replace("up to ", "≤ ").replace(" to ", "–")


def _panel(
    which: MapAxes, data: Sequence[Row], kinds: Sequence[str], origins: Sequence[Origin]
) -> Any:
    import altair as alt

    sizes = [_sizes(which, k) for k in range(len(ENDS[which]))]
    levels = [words for _, words in reversed(LEVELS[which])]
    pointed = [_PRACTICE] if which == "regimen" else []
    axis, step = folded([*pointed, *levels], width=13, most=3)
    two_lines = json.dumps({words: words.replace("–", "–\n").split("\n") for words in sizes})
    x = alt.X(
        "sizes:N",
        title=AXES_WORDS[which][0],
        sort=sizes,
        scale=alt.Scale(domain=sizes, paddingInner=0.05, paddingOuter=0.02),
        axis=alt.Axis(
            labelAngle=0,
            labelOverlap=False,
            labelExpr=f"{_PHONE} ? {two_lines}[datum.label] : datum.label",
        ),
    )
    y = alt.Y(
        "level:N",
        title=None,
        scale=alt.Scale(domain=[*pointed, *levels], paddingInner=0.06, paddingOuter=0.02),
        axis=axis,
    )
    empty = [{"sizes": size, "level": level} for size in sizes for level in levels]
    here = data_chart().transform_filter(alt.FieldEqualPredicate(field="map", equal=which))
    cells = here.transform_aggregate(
        places="count()", words="max(words)", groupby=["cell", "sizes", "level", "cell_verdict"]
    ).transform_calculate(
        verdict=f"{json.dumps(WORDS)}[datum.cell_verdict]",
        short=f"{_PHONE} ? upper(slice({json.dumps(SHORT)}[datum.cell_verdict], 0, 1)) : "
        f"{json.dumps(SHORT)}[datum.cell_verdict]",
    )
    names = [WORDS[k] for k in kinds]
    initials = {WORDS[k]: f"{SHORT[k][0].upper()}: {WORDS[k]}" for k in kinds}
    letters = f"{_PHONE} ? {json.dumps(initials)}[datum.label] : datum.label"
    ink = alt.Color(
        "cell_verdict:N", scale=colour(list(_STYLES), [s[2] for s in _STYLES.values()]), legend=None
    )
    boxes = cells.mark_rect().encode(
        x=x,
        y=y,
        fill=alt.Fill(
            "verdict:N",
            scale=colour(names, [_STYLES[k][0] for k in kinds]),
            sort=names,
            legend=legend(names, labelExpr=letters),
        ),
        fillOpacity=alt.FillOpacity(
            "verdict:N",
            scale=alt.Scale(type="ordinal", domain=names, range=[_STYLES[k][1] for k in kinds]),
            sort=names,
        ),
        tooltip=[
            alt.Tooltip("verdict:N", title="verdict"),
            alt.Tooltip("level:N", title="of"),
            alt.Tooltip("sizes:N", title=AXES_WORDS[which][0]),
            alt.Tooltip("places:Q", title="places"),
        ],
    )
    shares = ["cell", "sizes", "level", "cell_verdict", "origin"]
    marks = (
        here.transform_aggregate(places="count()", groupby=[*shares])
        .transform_calculate(
            order=f"indexof({json.dumps(origins)}, datum.origin)",
            source=f"{json.dumps({o: MARKS[o][1] for o in origins})}[datum.origin]",
        )
        .transform_window(place="row_number()", sort=[alt.SortField("order")], groupby=["cell"])
        .transform_joinaggregate(of="count()", groupby=["cell"])
    )
    sources = [MARKS[o][1] for o in origins]
    gap = f"({_PHONE} ? 6.5 : 14)"
    origin = marks.mark_point(
        xOffset=alt.expr(f"(datum.place - (datum.of + 1) / 2) * {gap}"),
        yOffset=10,
        size=alt.expr(f"({_PHONE} ? 20 : 46) * (datum.origin == 'patient' ? 0.9 : 1)"),
    ).encode(
        x=x,
        y=y,
        color=ink,
        shape=alt.Shape(
            "source:N",
            scale=colour(sources, [MARKS[o][0] for o in origins]),
            sort=sources,
            legend=legend(sources, orient="bottom", symbolFillColor=style.INK, symbolStrokeWidth=0),
        ),
        tooltip=[
            alt.Tooltip("source:N", title="instances"),
            alt.Tooltip("places:Q", title="places"),
        ],
    )
    layers: list[Any] = [
        fixed_chart(empty).mark_rect(color=style.RULE, opacity=0.45, aria=False).encode(x=x, y=y),
        boxes,
        cells.mark_text(fontWeight=600, yOffset=-8, aria=False).encode(
            x=x, y=y, text="short:N", color=ink
        ),
        origin,
    ]
    if pointed:
        asked = [
            {
                "sizes": sizes[column_of("regimen", p.size)],
                "level": _PRACTICE,
                "label": p.label,
                "size": p.size,
            }
            | {"words": f"{p.short}\n{p.size}"}
            for p in in_practice()
        ]
        few = (
            fixed_chart(asked)
            .transform_calculate(told=f"{_PHONE} ? '' + datum.size : datum.words")
            .encode(x=x, y=y, tooltip=tips(asked, {"label": "question", "size": "variables"}))
        )
        layers.append(
            few.mark_point(shape="triangle-down", style="ink", size=60, yOffset=_ROW_PX / 2 - 8)
        )
        layers.append(
            few.mark_text(
                lineBreak="\n", fontSize=10, baseline="middle", yOffset=-14, aria=False
            ).encode(text="told:N")
        )
    height = {"step": max(_ROW_PX, step)}
    return alt.layer(*layers).properties(height=height, title=_TITLES[which])
