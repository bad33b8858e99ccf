"""The map as a figure: cells coloured and worded by verdict, marks for where their instances come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtwin.benchmark.advantage.grid import AXES_WORDS, LEVELS, Cell, column_of, column_words
from qtwin.benchmark.advantage.grid import SIZES as ENDS
from qtwin.benchmark.advantage.place import Axes as MapAxes
from qtwin.benchmark.advantage.place import Origin
from qtwin.benchmark.advantage.practice import in_practice
from qtwin.report import look
from qtwin.report.chart import Figure, Row, colour, data_chart, fixed_chart, rows

SHORT = {"classical proven": "proven", "classical heuristic": "heuristic", "open": "open", "quantum plausible": "quantum?"}
WORDS = {
    "classical proven": "classical, proven",
    "classical heuristic": "classical heuristic, no proof",
    "open": "open",
    "quantum plausible": "quantum plausible, with requirements",
}
_FACES = {  # the same on a dark page, as each cell has its own ink
    "classical proven": ("#0b6aa8", "#fefefe"),
    "classical heuristic": ("#a6d4f2", "#10242f"),
    "open": ("#f3d08a", "#2c1f00"),
    "quantum plausible": ("#7a3b69", "#fefefe"),
}
_MARKS: dict[Origin, tuple[str, str]] = {
    "patient": ("★", "a patient's question"),
    "twin": ("▲", "twins of invented patients"),
    "measured": ("◆", "measured data"),
    "generated": ("●", "a generated family"),
    "molecule": ("■", "a molecule"),
    "published": ("✚", "a published estimate, not measured here"),
}
_TITLES: dict[MapAxes, str] = {"regimen": "Which drugs together", "molecule": "Molecular energies"}


def map_picture(cells: Sequence[Cell]) -> Figure:
    """Both maps, those that hold a cell; the data behind it are one line a place."""
    import altair as alt

    shown: list[MapAxes] = [axes for axes in ENDS if any(c.axes == axes for c in cells)]
    header = [
        "map",
        "cell",
        "cell_verdict",
        "place",
        "origin",
        "size",
        "verdict",
        "instances",
        "proven",
        "words",
        "column",
        "row",
    ]
    data = rows(
        header,
        [
            (
                *(c.axes, c.key, WORDS[c.verdict.kind], p.name, p.origin, p.size, v.kind, p.instances, p.proven, v.words),
                *(_column(c.axes, c.column), LEVELS[c.axes][c.row][1]),
            )
            for c in cells
            for p, v in c.places
        ],
    )
    used = [o for o in _MARKS if any(row["origin"] == o for row in data)]
    words = "; ".join(f"{c.title}: {WORDS[c.verdict.kind]}" for c in cells)
    marks = ", ".join(f"{_MARKS[o][0]} {_MARKS[o][1]}" for o in used)
    pointed = "; the pointers above the upper map say how large the questions of practice are" if "regimen" in shown else ""
    return Figure(
        name="map",
        title="Where classical wins, and where it is open",
        caption="Each cell takes the least settled verdict of the families, data sets, patients and molecules in it; empty cells"
        f" were not measured{pointed}. Where the instances come from: {marks}.",
        alt=words + ".",
        chart=alt.concat(*(_panel(axes, [c for c in cells if c.axes == axes], data) for axes in shown), columns=1).resolve_scale(
            color="shared"
        ),
        data=data,
        panel_px=300.0,
        least_px=560.0,
    )


def _column(which: MapAxes, place: int) -> str:
    return column_words(which, place).replace("up to ", "≤ ").replace(" to ", "–")


def _panel(which: MapAxes, cells: Sequence[Cell], data: Sequence[Row]) -> Any:
    import altair as alt

    columns = [_column(which, k) for k in range(len(ENDS[which]))]
    levels = [words for _, words in reversed(LEVELS[which])]
    kinds = [k for k in WORDS if any(row["cell_verdict"] == WORDS[k] for row in data)]
    x = alt.X("column:N", sort=columns, title=AXES_WORDS[which][0], scale=alt.Scale(domain=columns, paddingInner=0.06)).axis(
        labelAngle=0
    )
    y = alt.Y("row:N", sort=levels, title=None, scale=alt.Scale(domain=levels, paddingInner=0.08))
    empty = fixed_chart([{"column": column, "row": level} for column in columns for level in levels])
    layers: list[Any] = [empty.mark_rect(color=look.RULE, opacity=0.55, aria=False).encode(x=x, y=y)]
    layers.append(
        data_chart()
        .transform_filter(alt.FieldEqualPredicate(field="map", equal=which))
        .transform_aggregate(places="count()", instances="sum(instances)", groupby=["column", "row", "cell_verdict"])
        .mark_rect(cornerRadius=3)
        .encode(
            x=x,
            y=y,
            color=alt.Color("cell_verdict:N", scale=colour([WORDS[k] for k in kinds], [_FACES[k][0] for k in kinds])),
            tooltip=[
                alt.Tooltip("cell_verdict:N", title="verdict"),
                alt.Tooltip("column:N", title="size"),
                alt.Tooltip("row:N", title="kind"),
                alt.Tooltip("places:Q", title="places"),
                alt.Tooltip("instances:Q", title="instances"),
            ],
        )
    )
    for kind in kinds:
        found = [
            {
                "column": _column(c.axes, c.column),
                "row": LEVELS[c.axes][c.row][1],
                "text": SHORT[kind],
                "marks": " ".join(_MARKS[o][0] for o in _MARKS if any(p.origin == o for p, _ in c.places)),
            }
            for c in cells
            if c.verdict.kind == kind
        ]
        if found:
            base = fixed_chart(found).encode(x=x, y=y)
            ink: dict[str, Any] = {"color": _FACES[kind][1], "aria": False}
            layers.append(base.mark_text(dy=-8, fontWeight="bold", **ink).encode(text="text:N"))
            layers.append(base.mark_text(dy=10, fontSize=12, **ink).encode(text="marks:N"))
    if which == "regimen":
        pointers: dict[str, list[str]] = {}
        for p in in_practice():
            pointers.setdefault(columns[column_of("regimen", p.size)], []).extend([*p.short.split(), str(p.size)])
        above = fixed_chart([{"column": c, "text": "\n".join([*lines, "▼"])} for c, lines in pointers.items()])
        most = max((len(lines) for lines in pointers.values()), default=1)
        for place, lines in pointers.items():
            one = above.transform_filter(alt.FieldEqualPredicate(field="column", equal=place))
            layers.append(
                one.mark_text(style="soft", fontSize=10, lineBreak="\n", baseline="top", aria=False).encode(
                    x=x, y=alt.value(-13 * (len(lines) + 1)), text="text:N"
                )
            )
        title = alt.Title(_TITLES[which], offset=13 * most + 10)
    else:
        title = alt.Title(_TITLES[which])
    return alt.layer(*layers).properties(height={"step": 54}, title=title)
