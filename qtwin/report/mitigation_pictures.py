"""Pictures of a study of mitigation: errors of an energy, and what samples are worth, method by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.number import number
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHEMICAL_ACCURACY_MILLIHARTREE = 1.6
_COLOURS = {"best": look.BLUE, "typical": look.ORANGE, "none": look.GREY}
_MARKERS = {"best": "o", "typical": "D", "none": "s"}
_WORDS = {"best": "best qubits", "typical": "typical qubits", "none": "no device"}

_ENDS = ("value", "low", "high")
Rows = Sequence[Mapping[str, Any]]


def _dots(axes: Axes, rows: Rows, key: str, labels: Sequence[str], scale: float = 1.0) -> None:
    """Value and interval of every method, one colour a line of qubits."""
    lines = list(dict.fromkeys(r["line"] for r in rows))
    devices = [line for line in lines if line != "none"]
    for line in lines:
        mine = [(labels.index(r["label"]), r[key]) for r in rows if r["line"] == line and r[key] is not None]
        shift = 0.16 * (2 * devices.index(line) - len(devices) + 1) if line in devices else 0.0
        at = [k + shift for k, _ in mine]
        axes.hlines(
            at, [scale * v["low"] for _, v in mine], [scale * v["high"] for _, v in mine], color=_COLOURS[line], linewidth=1.6
        )
        values = [scale * v["value"] for _, v in mine]
        axes.plot(values, at, linestyle="none", marker=_MARKERS[line], color=_COLOURS[line], markersize=5, label=_WORDS[line])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def energy_picture(rows: Rows) -> Picture:
    """Root mean square error of the energy of H2 by method."""
    labels = list(dict.fromkeys(r["label"] for r in rows))

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 0.34 * len(labels) + 1.1)
        axes = figure.add_subplot()
        axes.axvspan(0.0, CHEMICAL_ACCURACY_MILLIHARTREE, color=look.GREEN, alpha=0.18, linewidth=0)
        _dots(axes, rows, "rms_millihartree", labels)
        axes.set_yticks(range(len(labels)), [look.short(label, 60 if width_in > 5 else 24) for label in labels])
        axes.set_xlim(left=0.0)
        axes.set_xlabel("root mean square error (millihartree)")
        axes.legend(loc="center right")
        return figure

    wide, narrow = both(draw)
    best = min(rows, key=lambda r: r["rms_millihartree"]["value"])
    return Picture(
        name="energy_by_mitigation",
        title="Energy of H2, error by method",
        caption="Bars are bootstrap 95 % intervals over the repetitions; the green band is chemical accuracy. Rows with idle"
        " decay have more noise than the others and are compared with one another only.",
        alt=f"Least error: {best['label']} on {_WORDS[best['line']]}, {number(best['rms_millihartree']['value'])} millihartree.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["line", "method", "rms_millihartree", "low", "high", "bias_millihartree", "standard_error_millihartree", "shots"],
            [
                (
                    *(r["line"], r["label"], *(r["rms_millihartree"][k] for k in _ENDS)),
                    *(r["bias_millihartree"]["value"], r["standard_error_millihartree"], r["shots"]),
                )
                for r in rows
            ],
        ),
    )


def sampling_picture(rows: Rows, *, ideal_energy: float, ideal_optimum: float, best: float) -> Picture:
    """Mean energy and probability of the optimum by method, with those of the noiseless circuit."""
    labels = list(dict.fromkeys(r["label"] for r in rows))

    def draw(width_in: float) -> Figure:
        desk = width_in > 5
        figure = look.new_figure(width_in, 0.32 * len(labels) + 1.2 if desk else 0.6 * len(labels) + 2.2)
        panels = figure.subplots(1, 2, sharey=True) if desk else figure.subplots(2, 1)
        for axes, key, scale, mark, words in (
            (panels[0], "energy", 1.0, ideal_energy, "mean energy (lower is better)"),
            (panels[1], "optimum", 100.0, ideal_optimum, "shots that are optimal (%)"),
        ):
            axes.axvline(scale * mark, color=look.INK, linewidth=1.0, linestyle=(0, (4, 2)), label="circuit without noise")
            _dots(axes, rows, key, labels, scale)
            axes.set_xlabel(words)
            axes.set_yticks(range(len(labels)), [look.short(label, 40 if desk else 22) for label in labels])
            look.few_ticks(axes, x=5, y=len(labels))
            axes.set_yticks(range(len(labels)), [look.short(label, 40 if desk else 22) for label in labels])
        panels[0].axvline(best, color=look.GREEN, linewidth=1.0, label="optimum")
        panels[0].legend(loc="upper right")
        return figure

    wide, narrow = both(draw)
    coins = [r["optimum"]["value"] for r in rows if r["label"] == "random bits + one-flip descent"]
    shots = [r["optimum"]["value"] for r in rows if r["label"] == "none + one-flip descent"]
    return Picture(
        name="sampling_by_mitigation",
        title="QAOA samples, worth by method",
        caption="Mean energy, and share of optimal shots; bars are bootstrap 95 % intervals over the repetitions. Readout"
        " mitigation gives weights and extrapolation gives means, neither gives shots. Random bits get as many shots and the"
        " same repair.",
        alt=f"Repaired random bits are optimal in {100 * max(coins):.1f} % of the shots, repaired shots of the device in"
        f" {100 * max(shots):.1f} % at most.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["line", "method", "energy", "energy_low", "energy_high", "optimum", "optimum_low", "optimum_high"],
            [
                (
                    r["line"],
                    r["label"],
                    *(None if r[q] is None else r[q][k] for q in ("energy", "optimum") for k in _ENDS),
                )
                for r in rows
            ],
        ),
    )
