"""Pictures of a molecule's energies: structure, orbitals, who was how near how fast, convergence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.molecule_verdict import CHEMICAL_ACCURACY_MHA
from qtwin.report.number import number, seconds
from qtwin.report.picture import Picture, table
from qtwin.report.words import sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ELEMENTS = {
    "H": ("#f4f4f2", 0.31),
    "C": ("#6b6f76", 0.76),
    "N": ("#4a78c8", 0.71),
    "O": ("#d1493f", 0.66),
    "Li": ("#a05fc0", 1.28),
    "Mg": ("#5aa454", 1.41),
    "Cu": ("#c07f3c", 1.32),
    "S": ("#d9b72e", 1.05),
    "F": ("#79b85a", 0.57),
    "Cl": ("#4f9f4a", 1.02),
}
_OTHER = ("#b07aa1", 1.2)
_FLOOR_MHA = 1e-5
_UP = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def draw_atoms(
    axes: Axes,
    symbols: Sequence[str],
    seen: Any,
    *,
    contact: tuple[Any, Any] | None = None,
    names: bool = True,
    size: float = 1.0,
) -> None:
    """Balls and sticks from (n, 3) right, up, towards the viewer; the far ones first."""
    where = np.asarray(seen)
    radii = [_ELEMENTS.get(s, _OTHER)[1] for s in symbols]
    sticks = [
        (i, j)
        for i in range(len(symbols))
        for j in range(i + 1, len(symbols))
        if np.linalg.norm(where[i] - where[j]) < 1.25 * (radii[i] + radii[j]) and "Mg" not in (symbols[i], symbols[j])
    ]
    order = sorted(range(len(symbols)), key=lambda k: where[k, 2])
    for i, j in sticks:
        axes.plot(*where[[i, j], :2].T, color="#8c8f94", linewidth=3.2 * size, zorder=1, solid_capstyle="round")
    if contact is not None:
        ends = np.array([np.asarray(end)[:2] for end in contact])
        axes.plot(*ends.T, color=look.VERMILLION, linewidth=1.6, linestyle=(0, (2, 2)), zorder=2)
    from matplotlib.patches import Circle

    for rank, k in enumerate(order):
        colour = _ELEMENTS.get(symbols[k], _OTHER)[0]
        radius = (0.18 + 0.22 * radii[k]) * size
        axes.add_patch(
            Circle(
                (float(where[k, 0]), float(where[k, 1])),
                radius,
                facecolor=colour,
                edgecolor="#33363b",
                linewidth=0.8,
                zorder=3 + rank * 0.01,
            )
        )
        if names and symbols[k] != "H":
            axes.text(
                float(where[k, 0]),
                float(where[k, 1]),
                symbols[k],
                ha="center",
                va="center",
                fontsize=7.5,
                color="white",
                zorder=5,
                fontweight="bold",
            )
    axes.set_aspect("equal")
    axes.axis("off")


def log_axis(axes: Axes, *, x: bool, most: int) -> None:
    """A logarithmic axis with plain numbers, and powers of ten below a hundredth."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    (axes.set_xscale if x else axes.set_yscale)("log")
    axis = axes.xaxis if x else axes.yaxis
    axis.set_major_locator(LogLocator(numticks=most))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(
        FuncFormatter(lambda v, _: number(v, 1) if v >= 0.01 else f"10{str(round(np.log10(v))).translate(_UP)}")
    )


def structure_picture(molecule: Mapping[str, Any]) -> Picture:
    """The geometry as balls and sticks, with the contact that is asked about."""
    seen = np.array(molecule["seen_angstrom"])
    contact = molecule.get("contact_ends_angstrom")

    def draw(width_in: float) -> Figure:
        spread = np.ptp(seen[:, :2], axis=0) + 1.6
        height = float(np.clip(width_in * 0.62 * spread[1] / spread[0], 1.3, 3.6))
        figure = look.new_figure(width_in, height)
        axes = figure.add_subplot()
        draw_atoms(axes, molecule["symbols"], seen, contact=contact)
        if contact is not None:
            middle = np.mean(np.array(contact), axis=0)
            axes.annotate(
                f"{molecule['distance_angstrom']:.2f} Å",
                middle[:2],
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                color=look.VERMILLION,
                fontsize=8,
            )
        axes.set_xlim(seen[:, 0].min() - 0.7, seen[:, 0].max() + 0.7)
        axes.set_ylim(seen[:, 1].min() - 0.7, seen[:, 1].max() + 0.7)
        return figure

    wide, narrow = both(draw)
    rows = [(s, *x) for s, x in zip(molecule["symbols"], molecule["coordinates_angstrom"], strict=True)]
    return Picture(
        name="structure",
        title=molecule["title"],
        caption=f"{molecule['formula']}. {sentence(molecule['provenance'])}",
        alt=f"{molecule['formula']}, {len(rows)} atoms.",
        wide=wide,
        narrow=narrow,
        csv=table(["element", "x_angstrom", "y_angstrom", "z_angstrom"], rows),
    )


def orbital_picture(molecule: Mapping[str, Any], seen: Mapping[str, Any]) -> Picture:
    """The active orbitals from the side, occupied in Hartree-Fock first."""
    values, extent, atoms = np.asarray(seen["values"]), seen["extent_angstrom"], np.asarray(seen["atoms_angstrom"])
    labels = seen["labels"]

    def draw(width_in: float) -> Figure:
        columns = min(4 if width_in > 5 else 2, len(values))
        lines = -(-len(values) // columns)
        shape = (extent[3] - extent[2]) / (extent[1] - extent[0])
        width = min(width_in, 2.4 * columns)
        height = lines * (width / columns * float(np.clip(shape, 0.35, 1.2)) + 0.28)
        figure = look.new_figure(width_in, min(height, 9.0))
        for k, (value, label) in enumerate(zip(values, labels, strict=True)):
            axes = figure.add_subplot(lines, columns, k + 1)
            top = float(np.abs(value).max()) or 1.0
            levels = top * np.array([0.12, 0.3, 0.55, 0.8, 1.01])
            grid = np.linspace(extent[0], extent[1], value.shape[1]), np.linspace(extent[2], extent[3], value.shape[0])
            axes.contourf(*grid, value, levels=levels, colors=["#cfe2ee", "#9fc6e0", "#5ba3cf", look.BLUE], zorder=0)
            axes.contourf(*grid, -value, levels=levels, colors=["#f8dccb", "#f0b995", "#e28a53", look.VERMILLION], zorder=0)
            draw_atoms(axes, molecule["symbols"], atoms, names=False, size=0.55)
            axes.set_xlim(extent[0], extent[1])
            axes.set_ylim(extent[2], extent[3])
            axes.set_title(label, fontsize=7.5, fontweight="normal", loc="center")
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="orbitals",
        title="Active orbitals",
        caption="Along each line of sight the amplitude of the largest size; blue and orange are the two signs. Each is scaled to"
        " its own maximum.",
        alt=", ".join(labels),
        wide=wide,
        narrow=narrow,
        csv=table(["orbital", "occupied_in_hartree_fock"], [(t, t.endswith("occupied")) for t in labels]),
    )


def race_picture(rows: Sequence[Mapping[str, Any]], *, whole_is_active: bool = False) -> Picture | None:
    """Distance to the exact energy of the active space against time."""
    shown = [r for r in rows if r["error_mHa"] is not None and r["wall_s"] is not None and r["name"] != "casci"]
    exact = next((r for r in rows if r["name"] == "casci" and r["energy_hartree"] is not None), None)
    if exact is None or not shown:
        return None

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 0.34 * (len(shown) + 1) + 1.0)
        left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"width_ratios": [1.25, 1]})
        for k, row in enumerate([exact, *shown]):
            colour = look.KIND_COLOURS.get(row["kind"], look.GREY)
            size = max(abs(row["error_mHa"]), _FLOOR_MHA)
            active = row["scope"] == "active space" or whole_is_active
            mark = look.KIND_MARKERS.get(row["kind"], "o")
            left.plot(size, k, marker=mark, color=colour, fillstyle="full" if active else "none")
            if row["standard_error"]:
                left.errorbar(size, k, xerr=row["standard_error"] * 1e3, color=colour, capsize=2)
            right.plot(max(row["wall_s"], 1e-6), k, marker=mark, color=colour)
        log_axis(left, x=True, most=6 if width_in > 5 else 4)
        left.set_xlim(_FLOOR_MHA / 2, max(max(abs(r["error_mHa"]) for r in shown), 10.0) * 3)
        left.axvline(CHEMICAL_ACCURACY_MHA, color=look.GREY, linewidth=1.0, linestyle=(0, (4, 2)))
        left.set_yticks(range(len(shown) + 1), [r["name"] for r in (exact, *shown)])
        left.set_ylim(len(shown) + 0.6, -0.6)
        left.set_xlabel("off the exact energy (mHa)" if width_in > 5 else "error (mHa)")
        look.log_seconds(right)
        right.set_xlabel("time")
        if width_in <= 5:
            from matplotlib.ticker import LogLocator

            right.xaxis.set_major_locator(LogLocator(numticks=4))
        return figure

    wide, narrow = both(draw)
    return Picture(
        name="methods",
        title="How near, and how fast",
        caption="Distance from the exact energy of the active space (CASCI) and time on this machine. The dashed line is chemical"
        " accuracy, 1.6 mHa; everything nearer than 10⁻⁵ mHa stands at the left end."
        + (
            ""
            if whole_is_active
            else " Open marks treat the whole molecule: what they differ by is correlation outside it, not an error."
        )
        + " Circles are classical, diamonds quantum, the square is Hartree-Fock.",
        alt="; ".join(f"{r['name']} {number(r['error_mHa'])} mHa in {seconds(r['wall_s'])}" for r in shown),
        wide=wide,
        narrow=narrow,
        csv=table(
            ["method", "kind", "scope", "energy_hartree", "standard_error_hartree", "error_mHa", "wall_s"],
            [
                (r["name"], r["kind"], r["scope"], r["energy_hartree"], r["standard_error"], r["error_mHa"], r["wall_s"])
                for r in rows
            ],
        ),
    )


def convergence_picture(rows: Sequence[Mapping[str, Any]]) -> Picture | None:
    """The energy while it fell, above the exact one."""
    exact = next((r["energy_hartree"] for r in rows if r["name"] == "casci"), None)
    shown = [r for r in rows if len(r["trace"]) > 2]
    if exact is None or not shown:
        return None
    colours = (look.VERMILLION, look.BLUE, look.GREEN, look.PURPLE, look.ORANGE, look.SKY, look.GREY)
    dashes: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1, 1.5)))

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.2 if width_in > 5 else 3.0)
        axes = figure.add_subplot()
        for k, row in enumerate(shown):
            evaluations = [point[1] for point in row["trace"]]
            above = [max((point[2] - exact) * 1e3, _FLOOR_MHA) for point in row["trace"]]
            axes.step(
                evaluations,
                above,
                where="post",
                color=colours[k % len(colours)],
                linestyle=dashes[k % len(dashes)],
                linewidth=1.6,
                label=row["name"],
            )
        axes.axhline(CHEMICAL_ACCURACY_MHA, color=look.GREY, linewidth=1.0, linestyle=(0, (4, 2)))
        log_axis(axes, x=True, most=6)
        log_axis(axes, x=False, most=6)
        axes.set_xlabel("evaluations of energy and gradient")
        axes.set_ylabel("above the exact energy (mHa)")
        axes.legend(loc="best")
        return figure

    wide, narrow = both(draw)
    rows_csv = [(r["name"], p[0], p[1], p[2], (p[2] - exact) * 1e3) for r in shown for p in r["trace"]]
    return Picture(
        name="convergence",
        title="Convergence",
        caption="The lowest energy so far. The dashed line is chemical accuracy, 1.6 mHa.",
        alt="; ".join(
            f"{r['name']} ends {number((r['trace'][-1][2] - exact) * 1e3)} mHa above after {r['trace'][-1][1]:,}" for r in shown
        ),
        wide=wide,
        narrow=narrow,
        csv=table(["method", "time_s", "evaluations", "energy_hartree", "above_exact_mHa"], rows_csv),
    )
