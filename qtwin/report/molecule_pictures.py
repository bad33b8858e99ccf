"""Pictures of a molecule's energies: structure, orbitals, who was how near how fast,
convergence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from qtwin.report import style
from qtwin.report.chart import (
    PLAIN,
    SECONDS,
    Figure,
    Row,
    colour,
    data_chart,
    decades,
    fixed_chart,
    legend,
    line_at,
    rows,
    tips,
    toggle,
)
from qtwin.report.molecule_verdict import CHEMICAL_ACCURACY_MHA
from qtwin.report.number import number, seconds, sentence

if TYPE_CHECKING:
    import altair as alt

_ELEMENTS = {
    "H": (style.PAPER, 0.31),
    "C": (style.GREY, 0.76),
    "N": (style.BLUE, 0.71),
    "O": (style.VERMILLION, 0.66),
    "Li": (style.PURPLE, 1.28),
    "Mg": (style.GREEN, 1.41),
    "Cu": (style.ORANGE, 1.32),
    "S": (style.ORANGE, 1.05),
    "F": (style.SKY, 0.57),
    "Cl": (style.GREEN, 1.02),
}
_OTHER = (style.PURPLE, 1.2)
_FLOOR_MHA = 1e-5
_KINDS = {"classical": "classical", "quantum": "quantum", "null": "Hartree-Fock"}
_LEVELS = (0.12, 0.3, 0.55, 0.8)
"""Shares of the largest amplitude at which an orbital is shaded one step darker."""


def _sticks(symbols: Sequence[str], seen: Any) -> list[Row]:
    """Lines between bonded atoms, whose (n, 3) places are right, up, towards the viewer."""
    where = np.asarray(seen)
    radii = [_ELEMENTS.get(s, _OTHER)[1] for s in symbols]
    return [
        {
            "x": float(where[i, 0]),
            "y": float(where[i, 1]),
            "x2": float(where[j, 0]),
            "y2": float(where[j, 1]),
        }
        for i in range(len(symbols))
        for j in range(i + 1, len(symbols))
        if np.linalg.norm(where[i] - where[j]) < 1.25 * (radii[i] + radii[j])
        and "Mg" not in (symbols[i], symbols[j])
    ]


def _element_colours(symbols: Sequence[str]) -> alt.Scale:
    found = list(dict.fromkeys(symbols))
    return colour(found, [_ELEMENTS.get(s, _OTHER)[0] for s in found])


def structure_picture(molecule: Mapping[str, Any]) -> Figure:
    """The geometry as balls and sticks, with the contact that is asked about."""
    import altair as alt

    seen, symbols = np.array(molecule["seen_angstrom"]), molecule["symbols"]
    data = rows(
        [
            "element",
            "x_angstrom",
            "y_angstrom",
            "z_angstrom",
            "right_angstrom",
            "up_angstrom",
            "towards_angstrom",
            "drawn_angstrom",
        ],
        [
            (s, *at, *flat, round(0.18 + 0.22 * _ELEMENTS.get(s, _OTHER)[1], 4))
            for s, at, flat in zip(symbols, molecule["coordinates_angstrom"], seen, strict=True)
        ],
    )
    low, high = seen[:, :2].min(axis=0) - 0.7, seen[:, :2].max(axis=0) + 0.7
    spread, middle = high - low, (low + high) / 2.0
    height = float(min(np.clip(480.0 * spread[1] / spread[0], 120.0, 330.0), 80.0 * spread[1]))
    per_angstrom = f"min({height} / {spread[1]:.5g}, width / {spread[0]:.5g})"

    def axis(side: int, size: str) -> alt.Scale:
        half = f"{size} / (2 * {per_angstrom})"
        ends = [alt.ExprRef(expr=f"{middle[side]:.5g} {sign} {half}") for sign in "-+"]
        return alt.Scale(domain=ends, nice=False, zero=False)

    def placed(chart: alt.Chart, x: str, y: str, **more: Any) -> alt.Chart:
        across, up = axis(0, "width"), axis(1, str(height))
        return chart.encode(
            x=alt.X(f"{x}:Q", scale=across, axis=None),
            y=alt.Y(f"{y}:Q", scale=up, axis=None),
            **more,
        )

    atoms = placed(
        data_chart(), "right_angstrom", "up_angstrom", order=alt.Order("towards_angstrom:Q")
    )
    bonds = fixed_chart(_sticks(symbols, seen))
    layers: list[Any] = [
        placed(
            bonds.mark_rule(strokeWidth=6, strokeCap="round", aria=False),
            "x",
            "y",
            x2="x2",
            y2="y2",
        ),
    ]
    contact = molecule.get("contact_ends_angstrom")
    if contact is not None:
        (x, y, *_), (x2, y2, *_) = (np.asarray(end, dtype=float).tolist() for end in contact)
        line = fixed_chart([{"x": x, "y": y, "x2": x2, "y2": y2}])
        layers.append(
            placed(
                line.mark_rule(color=style.VERMILLION, strokeWidth=2, strokeDash=[3, 3]),
                "x",
                "y",
                x2="x2",
                y2="y2",
            )
        )
    size = alt.expr(f"PI * pow(datum.drawn_angstrom * {per_angstrom}, 2)")
    layers += [
        atoms.mark_circle(stroke=style.INK, strokeWidth=1.0, size=size, opacity=1.0).encode(
            color=alt.Color("element:N", scale=_element_colours(symbols), legend=None),
            tooltip=tips(
                data,
                {
                    "element": "element",
                    "x_angstrom": "x (Å)",
                    "y_angstrom": "y (Å)",
                    "z_angstrom": "z (Å)",
                },
            ),
        ),
        atoms.transform_filter("datum.element != 'H'")
        .mark_text(color=style.PAPER, fontWeight=600, fontSize=10, aria=False)
        .encode(text="element:N"),
    ]
    if contact is not None:
        words = fixed_chart(
            [
                {
                    "x": (x + x2) / 2,
                    "y": (y + y2) / 2,
                    "words": f"{molecule['distance_angstrom']:.2f} Å",
                }
            ]
        )
        layers.append(
            placed(
                words.mark_text(color=style.VERMILLION, dy=-10, fontWeight=600),
                "x",
                "y",
                text="words:N",
            )
        )
    return Figure(
        name="structure",
        title=molecule["title"],
        caption=f"{molecule['formula']}. {sentence(molecule['provenance'])}",
        alt=f"{molecule['formula']}, {len(data)} atoms.",
        chart=alt.layer(*layers).properties(height=height),
        data=data,
    )


def orbital_picture(molecule: Mapping[str, Any], seen: Mapping[str, Any]) -> Figure:
    """The active orbitals from the side, occupied in Hartree-Fock first."""
    import altair as alt

    labels, extent, symbols = seen["labels"], seen["extent_angstrom"], molecule["symbols"]
    atoms = np.asarray(seen["atoms_angstrom"])
    data = rows(
        ["orbital", "occupied_in_hartree_fock"], [(t, t.endswith("occupied")) for t in labels]
    )
    shape = (extent[3] - extent[2]) / (extent[1] - extent[0])
    sticks = fixed_chart(_sticks(symbols, atoms)).mark_rule(strokeWidth=1.5, aria=False)
    balls = fixed_chart(
        [
            {"element": s, "x": float(x), "y": float(y)}
            for s, (x, y, _) in zip(symbols, atoms, strict=True)
        ]
    )
    skeleton = (
        sticks.encode(longitude="x:Q", latitude="y:Q", longitude2="x2:Q", latitude2="y2:Q"),
        balls.mark_circle(
            size=26, stroke=style.INK, strokeWidth=0.8, opacity=1.0, aria=False
        ).encode(
            longitude="x:Q",
            latitude="y:Q",
            color=alt.Color("element:N", scale=_element_colours(symbols), legend=None),
        ),
    )

    def panel(value: Any, label: str) -> Any:
        shades = [
            fixed_chart(orbital_regions(sign * np.asarray(value), extent)).mark_geoshape(
                color=paint,
                fillOpacity=0.3,
                stroke=paint,
                strokeOpacity=0.35,
                strokeWidth=0.6,
                aria=False,
            )
            for sign, paint in ((1.0, style.BLUE), (-1.0, style.VERMILLION))
        ]
        name = (
            data_chart()
            .transform_filter(alt.FieldEqualPredicate(field="orbital", equal=label))
            .mark_text(align="left", baseline="bottom", style="soft")
            .encode(x=alt.value(0), y=alt.value(-4), text="orbital:N")
        )
        layers = [layer.project(type="identity", reflectY=True) for layer in (*shades, *skeleton)]
        return alt.layer(*layers, name).properties(
            height=float(np.clip(140.0 * shape, 60.0, 190.0))
        )

    return Figure(
        name="orbitals",
        title="Active orbitals",
        caption="Along each line of sight the amplitude of the largest size; blue and orange are "
        "the two signs. Each is scaled to"
        " its own maximum.",
        alt=", ".join(labels),
        chart=alt.concat(*map(panel, seen["values"], labels), columns=4).resolve_scale(
            color="shared"
        ),
        data=data,
        panel_px=150.0,
    )


def orbital_regions(value: Any, extent: Sequence[float]) -> list[Row]:
    """Where `value` exceeds each level, as polygons with holes in angstrom: GeoJSON features, the
    largest first.
    """
    from contourpy import FillType, contour_generator

    top = float(np.abs(value).max()) or 1.0
    across, up = (
        np.linspace(extent[0], extent[1], value.shape[1]),
        np.linspace(extent[2], extent[3], value.shape[0]),
    )
    found = contour_generator(across, up, value, fill_type=FillType.OuterOffset)
    features = []
    for level in _LEVELS:
        rings = [
            [np.round(line[a:b], 2).tolist() for a, b in pairwise(offsets)]
            for line, offsets in zip(*found.filled(level * top, 2.0 * top), strict=True)
        ]
        if rings:
            features.append(
                {
                    "type": "Feature",
                    "level": level,
                    "geometry": {"type": "MultiPolygon", "coordinates": rings},
                }
            )
    return features


def race_picture(
    methods: Sequence[Mapping[str, Any]], *, whole_is_active: bool = False
) -> Figure | None:
    """Distance to the exact energy of the active space against time."""
    import altair as alt

    shown = [
        r
        for r in methods
        if r["error_mHa"] is not None and r["wall_s"] is not None and r["name"] != "casci"
    ]
    exact = next(
        (r for r in methods if r["name"] == "casci" and r["energy_hartree"] is not None), None
    )
    if exact is None or not shown:
        return None
    data = rows(
        [
            "method",
            "kind",
            "scope",
            "energy_hartree",
            "standard_error_hartree",
            "error_mHa",
            "wall_s",
        ],
        [
            (
                r["name"],
                r["kind"],
                r["scope"],
                r["energy_hartree"],
                r["standard_error"],
                r["error_mHa"],
                r["wall_s"],
            )
            for r in methods
        ],
    )
    order = [r["name"] for r in (exact, *shown)]
    kinds = [k for k in _KINDS if any(r["kind"] == k for r in (exact, *shown))]
    picked, opacity = toggle("kind")
    key = alt.Legend(labelExpr=f"{_KINDS}[datum.label]")
    base = (
        data_chart()
        .transform_filter(alt.FieldOneOfPredicate(field="method", oneOf=order))
        .transform_calculate(
            distance=f"max(abs(datum.error_mHa), {_FLOOR_MHA})",
            low=f"max(abs(datum.error_mHa) - 1000 * datum.standard_error_hartree, {_FLOOR_MHA})",
            high=f"max(abs(datum.error_mHa) + 1000 * datum.standard_error_hartree, {_FLOOR_MHA})",
            time="max(datum.wall_s, 1e-6)",
        )
        .encode(
            y=alt.Y("method:N", sort=order, title=None, scale=alt.Scale(type="point", padding=0.6)),
            color=alt.Color(
                "kind:N",
                scale=colour(kinds, [style.KIND_COLOURS[k] for k in kinds]),
                sort=kinds,
                legend=key,
            ),
            shape=alt.Shape(
                "kind:N", scale=colour(kinds, [style.KIND_SHAPES[k] for k in kinds]), sort=kinds
            ),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "method": "method",
                    "scope": "treats",
                    "energy_hartree": "energy (hartree)",
                    "error_mHa": "off the exact energy (mHa)",
                    "wall_s": "wall time (s)",
                },
            ),
        )
    )
    ends = [_FLOOR_MHA / 2.0, 3.0 * max(10.0, *(abs(r["error_mHa"]) for r in shown))]
    x = alt.X("distance:Q", title="off the exact energy (mHa, log scale)").scale(
        type="log", domain=ends, nice=False
    )
    x = x.axis(labelExpr=PLAIN, values=decades(*ends, most=4))
    open_ = "false" if whole_is_active else "datum.scope != 'active space'"
    sampled = base.transform_filter("datum.standard_error_hartree > 0")
    near = alt.layer(
        line_at(CHEMICAL_ACCURACY_MHA, dashed=True),
        sampled.mark_rule(strokeWidth=1.4, aria=False).encode(x="low:Q", x2="high:Q"),
        base.transform_filter(f"!({open_})").mark_point(size=70).encode(x=x),
        base.transform_filter(open_).mark_point(size=60, filled=False, strokeWidth=1.7).encode(x=x),
    )
    times = [max(r["wall_s"], 1e-6) for r in (exact, *shown)]
    span = [min(times) / 2.0, max(times) * 2.0]
    across = alt.X("time:Q", title="wall time (log scale)").scale(
        type="log", domain=span, nice=False
    )
    fast = base.mark_point(size=70).encode(
        x=across.axis(labelExpr=SECONDS, values=decades(*span, most=4))
    )
    panels = [
        panel.properties(height={"step": 24}, title=words)
        for panel, words in ((near.add_params(picked), "Error"), (alt.layer(fast), "Time"))
    ]
    return Figure(
        name="methods",
        title="How near, and how fast",
        caption="Distance from the exact energy of the active space (CASCI) and time on this "
        "machine. The dashed line is chemical"
        " accuracy, 1.6 mHa; everything nearer than 10⁻⁵ mHa stands at the left end."
        + (
            ""
            if whole_is_active
            else " Open marks treat the whole molecule: what they differ by is correlation "
            "outside it, not an error."
        ),
        alt="; ".join(
            f"{r['name']} {number(r['error_mHa'])} mHa in {seconds(r['wall_s'])}" for r in shown
        ),
        chart=alt.concat(*panels, columns=2).resolve_scale(color="shared", shape="shared"),
        data=data,
        panel_px=260.0,
        rows_shared=True,
    )


def convergence_picture(methods: Sequence[Mapping[str, Any]]) -> Figure | None:
    """The energy while it fell, above the exact one."""
    import altair as alt

    exact = next((r["energy_hartree"] for r in methods if r["name"] == "casci"), None)
    shown = [r for r in methods if len(r["trace"]) > 2]
    if exact is None or not shown:
        return None
    colours = (
        style.VERMILLION,
        style.BLUE,
        style.GREEN,
        style.PURPLE,
        style.ORANGE,
        style.SKY,
        style.GREY,
    )
    dashes = ([1, 0], [7, 3], [2, 2], [8, 2, 2, 2])
    data = rows(
        ["method", "time_s", "evaluations", "energy_hartree", "above_exact_mHa"],
        [(r["name"], p[0], p[1], p[2], (p[2] - exact) * 1e3) for r in shown for p in r["trace"]],
    )
    names = [r["name"] for r in shown]
    paint = colour(names, [colours[k % 7] for k in range(len(names))])
    picked, opacity = toggle("method")
    ends = [1.0, 1.1 * max(2.0, *(row["evaluations"] for row in data))]
    heights = [max(row["above_exact_mHa"], _FLOOR_MHA) for row in data]
    span = [min(*heights, CHEMICAL_ACCURACY_MHA) / 2.0, max(*heights, CHEMICAL_ACCURACY_MHA) * 2.0]
    base = (
        data_chart()
        .transform_calculate(
            above=f"max(datum.above_exact_mHa, {_FLOOR_MHA})", at="max(datum.evaluations, 1)"
        )
        .encode(
            x=alt.X("at:Q", title="evaluations of energy and gradient (log scale)")
            .scale(type="log", domain=ends, nice=False)
            .axis(labelExpr=PLAIN, values=decades(*ends)),
            y=alt.Y("above:Q", title="above the exact energy (mHa, log scale)")
            .scale(type="log", domain=span, nice=False)
            .axis(labelExpr=PLAIN, values=decades(*span)),
            color=alt.Color("method:N", scale=paint, sort=names, legend=legend(names)),
            opacity=opacity,
        )
    )
    dash = alt.StrokeDash(
        "method:N",
        scale=alt.Scale(domain=names, range=[dashes[k % 4] for k in range(len(names))]),
        sort=names,
    )
    words = {
        "method": "method",
        "evaluations": "evaluations",
        "time_s": "time (s)",
        "energy_hartree": "energy (hartree)",
        "above_exact_mHa": "above the exact (mHa)",
    }
    return Figure(
        name="convergence",
        title="Convergence",
        caption="The lowest energy so far. The dashed line is chemical accuracy, 1.6 mHa.",
        alt="; ".join(
            f"{r['name']} ends {number((r['trace'][-1][2] - exact) * 1e3)} mHa above after "
            f"{r['trace'][-1][1]:,}"
            for r in shown
        ),
        chart=alt.layer(
            line_at(CHEMICAL_ACCURACY_MHA, "y", dashed=True),
            base.mark_line(interpolate="step-after", strokeWidth=1.8, aria=False).encode(
                strokeDash=dash
            ),
            # unseen
            base.mark_point(size=90, fillOpacity=0, strokeOpacity=0).encode(
                tooltip=tips(data, words)
            ),
        )
        .add_params(picked)
        .properties(height=280),
        data=data,
    )
