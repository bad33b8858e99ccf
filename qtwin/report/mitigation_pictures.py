"""Pictures of a study of mitigation: errors of an energy, and what samples are worth, method by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.chart import Figure, Row, colour, data_chart, fixed_chart, line_at, rows, tips, with_interval
from qtwin.report.number import number

if TYPE_CHECKING:
    import altair as alt

CHEMICAL_ACCURACY_MILLIHARTREE = 1.6
_WORDS = {"best": "best qubits", "typical": "typical qubits", "none": "no device"}
_STYLES = {
    "best qubits": (look.BLUE, "circle"),
    "typical qubits": (look.ORANGE, "diamond"),
    "no device": (look.GREY, "square"),
}

_ENDS = ("value", "low", "high")
Rows = Sequence[Mapping[str, Any]]


def _methods(data: Sequence[Row], titles: Mapping[str, str]) -> tuple[alt.Chart, alt.Shape]:
    """A row a method and in it a place a line of qubits, with the shapes of its points."""
    import altair as alt

    labels = list(dict.fromkeys(row["method"] for row in data))
    lines = [name for name in _STYLES if any(row["line"] == name for row in data)]
    base = data_chart().encode(
        y=alt.Y("method:N", sort=labels, title=None, scale=alt.Scale(type="band", paddingInner=0.35)),
        yOffset=alt.YOffset("line:N", sort=lines),
        color=alt.Color("line:N", scale=colour(lines, [_STYLES[name][0] for name in lines])),
        tooltip=tips(data, {"method": "method", "line": "qubits", **titles}),
    )
    return base, alt.Shape("line:N", scale=colour(lines, [_STYLES[name][1] for name in lines]))


def energy_picture(found: Rows) -> Figure:
    """Root mean square error of the energy of H2 by method."""
    import altair as alt

    data = rows(
        ["line", "method", "rms_millihartree", "low", "high", "bias_millihartree", "standard_error_millihartree", "shots"],
        [
            (
                *(_WORDS[r["line"]], r["label"], *(r["rms_millihartree"][k] for k in _ENDS)),
                *(r["bias_millihartree"]["value"], r["standard_error_millihartree"], r["shots"]),
            )
            for r in found
        ],
    )
    base, shape = _methods(
        data,
        {
            "rms_millihartree": "error (millihartree)",
            "low": "95 % from",
            "high": "to",
            "bias_millihartree": "bias",
            "standard_error_millihartree": "standard error",
            "shots": "shots",
        },
    )
    x = alt.X("rms_millihartree:Q", title="root mean square error (millihartree)").scale(zero=True, padding=8)
    band = fixed_chart([{"from": 0.0, "to": CHEMICAL_ACCURACY_MILLIHARTREE}]).mark_rect(
        color=look.GREEN, opacity=0.18, aria=False
    )
    best = min(found, key=lambda r: r["rms_millihartree"]["value"])
    return Figure(
        name="energy_by_mitigation",
        title="Energy of H2, error by method",
        caption="Bars are bootstrap 95 % intervals over the repetitions; the green band is chemical accuracy. Rows with idle"
        " decay have more noise than the others and are compared with one another only.",
        alt=f"Least error: {best['label']} on {_WORDS[best['line']]}, {number(best['rms_millihartree']['value'])} millihartree.",
        chart=alt.layer(
            band.encode(x=alt.X("from:Q"), x2="to:Q"), *with_interval(base, x, "low", "high", shape=shape)
        ).properties(height={"step": 13}),
        data=data,
    )


def sampling_picture(found: Rows, *, ideal_energy: float, ideal_optimum: float, best: float) -> Figure:
    """Mean energy and probability of the optimum by method, with those of the noiseless circuit."""
    import altair as alt

    data = rows(
        ["line", "method", "energy", "energy_low", "energy_high", "optimum", "optimum_low", "optimum_high"],
        [
            (
                _WORDS[r["line"]],
                r["label"],
                *(None if r[q] is None else r[q][k] for q in ("energy", "optimum") for k in _ENDS),
            )
            for r in found
        ],
    )
    base, shape = _methods(
        data,
        {
            "energy": "mean energy",
            "energy_low": "95 % from",
            "energy_high": "to",
            "optimum": "optimal shots",
            "optimum_low": "95 % from ",
            "optimum_high": "to ",
        },
    )
    energy = with_interval(
        base.transform_filter("isValid(datum.energy)"),
        alt.X("energy:Q", title="mean energy (lower is better)").scale(zero=False, padding=8),
        "energy_low",
        "energy_high",
        shape=shape,
    )
    optimum = with_interval(
        base.transform_filter("isValid(datum.optimum)"),
        alt.X("optimum:Q", title="shots that are optimal").scale(zero=True, padding=8).axis(format="~%"),
        "optimum_low",
        "optimum_high",
        shape=shape,
    )
    lowest = fixed_chart([{"at": best}]).mark_rule(color=look.GREEN, strokeWidth=1.5, aria=False).encode(x="at:Q")
    coins = [r["optimum"]["value"] for r in found if r["label"] == "random bits + one-flip descent"]
    shots = [r["optimum"]["value"] for r in found if r["label"] == "none + one-flip descent"]
    return Figure(
        name="sampling_by_mitigation",
        title="QAOA samples, worth by method",
        caption="Mean energy, and share of optimal shots; bars are bootstrap 95 % intervals over the repetitions. Dashed: the"
        " circuit without noise; green: the optimum. Readout mitigation gives weights and extrapolation gives means, neither"
        " gives shots. Random bits get as many shots and the same repair.",
        alt=f"Repaired random bits are optimal in {100 * max(coins):.1f} % of the shots, repaired shots of the device in"
        f" {100 * max(shots):.1f} % at most.",
        chart=alt.concat(
            alt.layer(line_at(ideal_energy, dashed=True), lowest, *energy).properties(height={"step": 13}, title="Energy"),
            alt.layer(line_at(ideal_optimum, dashed=True), *optimum).properties(height={"step": 13}, title="Optimum"),
            columns=2,
        ).resolve_scale(color="shared", shape="shared"),
        data=data,
        panel_px=260.0,
        rows_shared=True,
    )
