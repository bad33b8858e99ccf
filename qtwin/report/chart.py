"""The chart grammar: one Vega-Lite spec a figure gives the page, the notebook, and SVG, PDF and PNG
for a paper.

A figure is a function ``name(part of a result) -> Figure``. Its chart states data, marks, colours
of `qtwin.report.style` and tooltips, never a width, a font or a theme: `spec` sets those. Several
panels are ``altair.concat(..., columns=most)`` or a facet with columns; the page puts as many side
by side as fit. The chart is drawn from `Figure.data`, the very rows that are written as CSV.
"""

from __future__ import annotations

import csv
import io
import json
import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtwin.errors import InputError
from qtwin.report import style

if TYPE_CHECKING:
    import altair as alt

    Drawing = alt.Chart | alt.LayerChart | alt.ConcatChart | alt.FacetChart

Row = dict[str, Any]
DESK_PX = 760.0
"""Width of a figure on paper and in a notebook, in CSS pixels."""
_PANEL_PX, _GAP_PX, _AXIS_PX = 225.0, 22.0, 58.0
_PHONE_PX = 340.0
_DIGITS = 6
_VEGA_LITE = "6.1"
DATA = "data"
"""Name of the figure's own data in its spec."""

ROW_BAR: dict[str, Any] = {"size": 13, "yOffset": 9}
ROW_STEP = 44
"""Height of a row whose words stand above its bar, and how the bar is placed in it."""

SECONDS = (
    "datum.value >= 5400 ? format(datum.value / 3600, '.2~g') + ' h' : datum.value >= 120 "
    "? format(datum.value / 60, '.2~g') +"
    " ' min' : datum.value >= 1 ? format(datum.value, '.3~g') + ' s' : datum.value >= "
    "0.001 ? format(datum.value * 1000, '.3~g')"
    " + ' ms' : datum.value > 0 ? format(datum.value * 1e6, '.3~g') + ' µs' : '0 s'"
)
"""labelExpr of an axis of times in seconds, as people say them."""
PERCENT = "format(100 * datum.value, '~g') + ' %'"
"""labelExpr of an axis of shares."""
PLAIN = (
    "format(datum.value, abs(datum.value) >= 1e5 || abs(datum.value) < 1e-3 && datum.value != "
    "0 ? '~e' : ',~g')"
)
"""labelExpr of a logarithmic axis of numbers."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: a chart with its numbers, and words for those who cannot see it.

    Attributes:
        name: File name without ending, also the anchor on the page.
        title: What is drawn, in a few words.
        caption: How to read it, in a sentence or two.
        alt: What it shows, in numbers.
        chart: The drawing, made from `data_chart` and `fixed_chart`.
        data: The rows behind it, in the order of the CSV file.
        panel_px: Least width of one panel of a chart of several; fewer stand side by side where
            there is less room.
        least_px: Least width at which its words fit; in a narrower place it is drawn at this width
            and shrunk.
        rows_shared: Panels share their rows: side by side, only the first has the labels of the
            rows.
    """

    name: str
    title: str
    caption: str
    alt: str
    chart: Drawing
    data: Sequence[Row]
    panel_px: float = _PANEL_PX
    least_px: float = 0.0
    rows_shared: bool = False

    @property
    def csv(self) -> str:
        """The numbers as CSV text with a header line; what is missing is an empty cell."""
        header = list(dict.fromkeys(key for row in self.data for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, header, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in self.data)
        return text.getvalue()

    def save(self, path: Path | str, *, theme: str = "light", width_px: float = DESK_PX) -> Path:
        """Write it as .svg, .pdf, .png, .json (the spec) or .csv; see `qtwin.report.chart.save`."""
        return save(self, path, theme=theme, width_px=width_px)

    def plot(self) -> Drawing:
        """The chart together with its data."""
        return self.chart.properties(datasets={DATA: list(self.data)})

    @cached_property
    def page_spec(self) -> dict[str, Any]:
        """The spec as the page embeds it, in light colours and without a width, and how its panels
        are laid out.
        """
        made = self.chart.to_dict()
        made.pop("$schema", None)
        columns = made.pop("columns", None)
        made.update(config=style.config(), description=self.alt)
        made["datasets"] = {**made.get("datasets", {}), DATA: list(self.data)}
        layout = {
            "panel_px": self.panel_px,
            "least_px": self.least_px,
            "rows_shared": self.rows_shared,
            "columns": columns,
        }
        return {"spec": _rounded(made), **layout}

    @cached_property
    def svg(self) -> str:
        """The drawing as a stand-alone SVG file in light colours."""
        import vl_convert

        return str(vl_convert.vegalite_to_svg(spec(self), vl_version=_VEGA_LITE))

    @cached_property
    def png(self) -> bytes:
        """The drawing in light colours as PNG, at one and a half times the CSS resolution."""
        import vl_convert

        return bytes(vl_convert.svg_to_png(self.svg, scale=1.5))

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, Any]:
        """What a notebook displays."""
        shown = {
            "application/vnd.vegalite.v6+json": spec(self),
            "image/svg+xml": self.svg,
        }  # not every front end draws Vega-Lite 6
        return {**shown, "text/plain": f"{self.title}. {self.alt}"}


def rows(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> list[Row]:
    """Rows of a figure: `lines` under `header`, numpy scalars as Python's, what is not finite as
    None.
    """
    return [dict(zip(header, map(_cell, line), strict=True)) for line in lines]


def data_chart() -> alt.Chart:
    """A chart of the figure's own data."""
    import altair as alt

    return alt.Chart(alt.NamedData(DATA))


def fixed_chart(data: Sequence[Row]) -> alt.Chart:
    """A chart of a few rows that are no data, such as a line at zero."""
    import altair as alt

    return alt.Chart(alt.InlineData(values=list(data)))


def tips(data: Sequence[Row], titles: Mapping[str, str]) -> list[alt.Tooltip]:
    """Tooltips for the columns named in `titles` (column to words), numbers with four significant
    digits.
    """
    import altair as alt

    def number(column: str) -> bool:
        return any(
            isinstance(row.get(column), numbers.Real) and not isinstance(row.get(column), bool)
            for row in data
        )

    return [
        alt.Tooltip(column, type="quantitative", format=",.4~g", title=words)
        if number(column)
        else alt.Tooltip(column, type="nominal", title=words)
        for column, words in titles.items()
    ]


def colour(domain: Sequence[str], colours: Sequence[str]) -> alt.Scale:
    """A scale that gives each name its colour."""
    import altair as alt

    return alt.Scale(domain=list(domain), range=list(colours))


def with_interval(
    base: alt.Chart, value: alt.X | alt.Y, low: str, high: str, **encoding: Any
) -> list[alt.Chart]:
    """Layers of a point with its interval along x or y; `base` has the other channel, `encoding` is
    for the point alone.
    """
    channel = type(value).__name__.lower()
    import altair as alt

    if value["scale"] is alt.Undefined:
        value = value.scale(padding=8.0)
    shared = {key: value[key] for key in ("title", "scale", "axis")}
    end = type(value)(low, type="quantitative", **shared)
    whiskers = base.mark_rule(strokeWidth=1.6, aria=False).encode(
        **{channel: end, f"{channel}2": high}
    )
    return [whiskers, base.mark_point(size=60).encode(**{channel: value}, **encoding)]


def line_at(value: float, channel: str = "x", *, dashed: bool = False) -> alt.Chart:
    """A thin line across the panel at `value` of channel x or y."""
    import altair as alt

    dash = [4, 3] if dashed else alt.Undefined
    line: alt.Chart = (
        fixed_chart([{"at": value}])
        .mark_rule(aria=False, strokeDash=dash)
        .encode(**{channel: "at:Q"})
    )
    return line


def decades(low: float, high: float, *, most: int = 6) -> list[float]:
    """Powers of ten from `low` to `high`, at most about `most` of them: the ticks of a logarithmic
    axis.

    Where fewer than two fit, twice and five times the powers too.
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / most))
    if last - first < 1:
        return [
            d * 10.0**k
            for k in range(first - 1, last + 1)
            for d in (1.0, 2.0, 5.0)
            if low <= d * 10.0**k <= high
        ]
    return [10.0**k for k in range(first, last + 1, step)]


def toggle(field: str, *, pale: float = 0.12) -> tuple[alt.Parameter, Any]:
    """A legend whose entries are switched by click or Enter: the parameter for ``add_params``, and
    the opacity of the marks.
    """
    import altair as alt

    picked = alt.selection_point(fields=[field], bind="legend", name=f"pick_{field}")
    return picked, alt.condition(picked, alt.value(1.0), alt.value(pale))


def legend(names: Sequence[str], **settings: Any) -> alt.Legend:
    """A legend of `names` in as many columns as a page or a phone has room for."""
    import altair as alt

    count = max(len(names), 1)
    longest = 42.0 + 6.3 * max((len(name) for name in names), default=1)
    wide, narrow = (
        math.ceil(count / math.ceil(count / max(1, int(room // longest))))
        for room in (2.0 * _PHONE_PX, _PHONE_PX)
    )
    return alt.Legend(columns=alt.expr(f"windowSize()[0] < 560 ? {narrow} : {wide}"), **settings)


def symmetric(
    values: Iterable[float | None], threshold: float, *, low: float = 0.0, most: int = 3
) -> tuple[alt.Scale, list[float]]:
    """A scale that is linear up to `threshold` and logarithmic beyond; its ticks are zero and
    powers of ten on either side.
    """
    import altair as alt

    known = [v for v in values if v is not None]
    top, bottom = max([0.0, *known]), min([low, *known])
    ticks = [0.0]
    if top > threshold:
        ticks += decades(threshold, top * 1.01, most=most)
    if -bottom > threshold:
        ticks += [-v for v in decades(threshold, -bottom * 1.01, most=most)]
    room = 0.3 * threshold
    domain = [1.3 * bottom - room, 1.3 * top + room]
    return alt.Scale(type="symlog", constant=threshold, domain=domain, nice=False), sorted(ticks)


def wrapped(text: str, width: int = 46, most: int = 2) -> str:
    """`text` in at most `most` lines of `width` characters, for a label that stands above its
    bar.
    """
    import textwrap

    return "\n".join(textwrap.wrap(text, width, max_lines=most, placeholder=" …"))


def folded(
    names: Sequence[str], *, width: int = 19, most: int = 4, **settings: Any
) -> tuple[alt.Axis, int]:
    """An axis whose long names are folded to `width` characters, and the height of a row of them in
    pixels.
    """
    import textwrap

    import altair as alt

    lines = {
        name: textwrap.wrap(name, width, max_lines=most, placeholder=" …") or [""] for name in names
    }
    counted = json.dumps({name: len(found) for name, found in lines.items()})
    raised = [
        {"test": f"{counted}[datum.value] == {k}", "value": -6.5 * (k - 1)}
        for k in range(2, most + 1)
    ]
    axis = alt.Axis(
        labelExpr=f"{json.dumps(lines)}[datum.label]",
        labelOffset={"condition": raised, "value": 0},
        labelLineHeight=13,
        **settings,
    )
    return axis, 10 + 13 * max((len(found) for found in lines.values()), default=1)


def row_labels(base: alt.Chart, field: str, order: Sequence[str]) -> tuple[alt.Y, Any]:
    """Rows whose words stand above their bar, so that a long name takes no width: the y channel,
    and the layer of the words.

    Bars in these rows are ``mark_bar(**ROW_BAR)``, points and rules have
    ``yOffset=ROW_BAR["yOffset"]``.
    """
    import altair as alt

    y = alt.Y(
        field,
        type="nominal",
        sort=list(order),
        axis=None,
        scale=alt.Scale(paddingInner=0.1, paddingOuter=0.05),
    )

    def words(rows_of: alt.Chart, lines: int) -> alt.Chart:
        text = rows_of.mark_text(
            align="left",
            baseline="bottom",
            lineBreak="\n",
            limit=alt.expr("width"),
            yOffset=1 - 13 * (lines - 1),
            aria=False,
        )
        placed: alt.Chart = text.encode(y=y, x=alt.value(0), text=alt.Text(field, type="nominal"))
        return placed

    if not any("\n" in name for name in order):
        return y, words(base, 1)
    split = f"indexof(datum['{field}'], '\\n') >= 0"
    return y, words(base.transform_filter(f"!({split})"), 1) + words(
        base.transform_filter(split), 2
    )


def spec(figure: Figure, *, theme: str = "light", width_px: float = DESK_PX) -> dict[str, Any]:
    """The whole Vega-Lite spec at one width, as for a paper or a notebook.

    Args:
        figure: The figure.
        theme: "light" or "dark".
        width_px: Width of the drawing in CSS pixels.

    Raises:
        InputError: for another theme.
    """
    if theme not in ("light", "dark"):
        raise InputError(
            f"expected the theme light or dark, got {theme!r}", hint="choose one of them"
        )
    page = figure.page_spec
    made: dict[str, Any] = json.loads(json.dumps(page["spec"]))
    made["config"]["background"] = style.PAPER
    made["$schema"] = f"https://vega.github.io/schema/vega-lite/v{_VEGA_LITE.split('.')[0]}.json"
    if "concat" in made or "facet" in made:
        panels = made.get("concat") or [made["spec"]]
        side = min(
            page["columns"] or len(panels),
            max(1, int((width_px + _GAP_PX) // (figure.panel_px + _GAP_PX))),
        )
        made["columns"] = side
        each = (width_px - _GAP_PX * (side - 1)) / side - _AXIS_PX
        made["config"]["header"]["labelLimit"] = each
        for place, panel in enumerate(panels):
            panel["width"] = each
            if figure.rows_shared and place % side:
                _without_labels(panel)
    else:
        made.update(width=width_px, autosize={"type": "fit-x", "contains": "padding"})
    return style.dark(made) if theme == "dark" else made


def save(
    figure: Figure, path: Path | str, *, theme: str = "light", width_px: float = DESK_PX
) -> Path:
    """Write the figure as ``.svg``, ``.pdf``, ``.png`` (at twice the CSS resolution), ``.json``
    (the spec) or ``.csv``.

    Raises:
        InputError: for another ending, or a path that cannot be written to.
    """
    import vl_convert

    target, made = Path(path), spec(figure, theme=theme, width_px=width_px)
    write = {
        ".svg": lambda: vl_convert.vegalite_to_svg(made, vl_version=_VEGA_LITE).encode(),
        ".pdf": lambda: vl_convert.vegalite_to_pdf(made, vl_version=_VEGA_LITE),
        ".png": lambda: vl_convert.vegalite_to_png(made, vl_version=_VEGA_LITE, scale=2),
        ".json": lambda: json.dumps(made).encode(),
        ".csv": lambda: figure.csv.encode(),
    }.get(target.suffix.lower())
    if write is None:
        raise InputError(
            f"expected .svg, .pdf, .png, .json or .csv, got {target.name}",
            hint="choose one of these endings",
        )
    try:
        target.write_bytes(write())
    except OSError as error:
        raise InputError(
            f"cannot write {target}: {error.strerror}", hint="choose another folder"
        ) from error
    return target


def renamed(figure: Figure, name: str) -> Figure:
    """The same figure under another name, for a page that holds several of a kind."""
    return replace(figure, name=name)


def _cell(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rounded(value: Any) -> Any:
    """Numbers to the digits that a drawing can show, and nothing that JSON lacks."""
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value


def _without_labels(panel: dict[str, Any]) -> None:
    """Take the labels off the rows of a panel; the panel to its left has them."""
    for part in (panel, *panel.get("layer", ())):
        y = part.get("encoding", {}).get("y")
        if y is not None and y.get("axis", {}) is not None:
            y["axis"] = {**y.get("axis", {}), "labels": False, "title": None}
