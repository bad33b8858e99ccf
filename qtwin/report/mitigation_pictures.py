"""Pictures of a study of mitigation: errors of an energy, and what samples are worth, method by method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.chart import PERCENT, Figure, colour, data_chart, fixed_chart, folded, legend, line_at, rows, tips, toggle
from qtwin.report.number import number

if TYPE_CHECKING:
    import altair as alt

CHEMICAL_ACCURACY_MILLIHARTREE = 1.6
_STYLES = {"best": (look.BLUE, "circle"), "typical": (look.ORANGE, "diamond"), "none": (look.GREY, "square")}
_WORDS = {"best": "best qubits", "typical": "typical qubits", "none": "no device"}

_ENDS = ("value", "low", "high")
Rows = Sequence[Mapping[str, Any]]


def _dots(found: Rows, value: alt.X, low: str, high: str, told: Sequence[Any], opacity: Any) -> tuple[list[Any], int]:
    """Value and interval of every method, one colour a line of qubits: the layers, and the height of a row."""
    import altair as alt

    order = list(dict.fromkeys(r["label"] for r in found))
    lines = list(dict.fromkeys(r["line"] for r in found))
    devices = [line for line in lines if line != "none"]
    axis, step = folded(order, width=20)
    words = [_WORDS[line] for line in lines]
    style = {
        "color": alt.Color("qubits:N", scale=colour(words, [_STYLES[k][0] for k in lines]), sort=words, legend=legend(words)),
        "opacity": opacity,
        "y": alt.Y("method:N", sort=order, title=None, scale=alt.Scale(type="point", padding=0.6, domain=order), axis=axis),
        "tooltip": told,
    }
    shape = alt.Shape("qubits:N", scale=colour(words, [_STYLES[k][1] for k in lines]), sort=words)
    end = alt.X(low, type="quantitative", title=value["title"])
    layers: list[Any] = []
    for line in lines:
        down = 7.0 * (2 * devices.index(line) - len(devices) + 1) / 2.0 if line in devices else 0.0
        one = (
            data_chart()
            .transform_filter(alt.FieldEqualPredicate(field="line", equal=line))
            .transform_calculate(qubits=f"'{_WORDS[line]}'")
            .transform_filter(f"isValid(datum.{low})")
            .encode(**style)
        )
        layers += [
            one.mark_rule(strokeWidth=1.7, yOffset=down, aria=False).encode(x=end, x2=high),
            one.mark_point(size=50, yOffset=down).encode(x=value, shape=shape),
        ]
    return layers, max(26, step)


def energy_picture(found: Rows) -> Figure:
    """Root mean square error of the energy of H2 by method."""
    import altair as alt

    data = rows(
        ["line", "method", "rms_millihartree", "low", "high", "bias_millihartree", "standard_error_millihartree", "shots"],
        [
            (
                *(r["line"], r["label"], *(r["rms_millihartree"][k] for k in _ENDS)),
                *(r["bias_millihartree"]["value"], r["standard_error_millihartree"], r["shots"]),
            )
            for r in found
        ],
    )
    picked, opacity = toggle("qubits")
    words = tips(
        data,
        {
            "method": "method",
            "rms_millihartree": "RMS error (mHa)",
            "low": "95 % from",
            "high": "to",
            "bias_millihartree": "bias (mHa)",
            "shots": "shots",
        },
    )
    x = alt.X("rms_millihartree:Q", title="root mean square error (mHa)").scale(zero=True)
    layers, step = _dots(found, x, "low", "high", words, opacity)
    band = fixed_chart([{"from": 0.0, "to": CHEMICAL_ACCURACY_MILLIHARTREE}]).mark_rect(color=look.GREEN, opacity=0.2, aria=False)
    best = min(found, key=lambda r: r["rms_millihartree"]["value"])
    return Figure(
        name="energy_by_mitigation",
        title="Energy of H2, error by method",
        caption="Bars are bootstrap 95 % confidence intervals over the repetitions; the green band is chemical accuracy. Rows"
        " with idle decay have more noise than the others and are compared with one another only.",
        alt=f"Least error: {best['label']} on {_WORDS[best['line']]}, {number(best['rms_millihartree']['value'])} millihartree.",
        chart=alt.layer(band.encode(x=alt.X("from:Q", title=x["title"]), x2="to:Q"), *layers)
        .add_params(picked)
        .properties(height={"step": step}),
        data=data,
    )


def sampling_picture(found: Rows, *, ideal_energy: float, ideal_optimum: float, best: float) -> Figure:
    """Mean energy and probability of the optimum by method, with those of the noiseless circuit."""
    import altair as alt

    data = rows(
        ["line", "method", "energy", "energy_low", "energy_high", "optimum", "optimum_low", "optimum_high"],
        [
            (r["line"], r["label"], *(None if r[q] is None else r[q][k] for q in ("energy", "optimum") for k in _ENDS))
            for r in found
        ],
    )
    picked, opacity = toggle("qubits")
    panels = []
    for key, ideal, words, label in (
        ("energy", ideal_energy, "mean energy (lower is better)", alt.Undefined),
        ("optimum", ideal_optimum, "shots that are optimal", PERCENT),
    ):
        x = alt.X(f"{key}:Q", title=words).scale(zero=key == "optimum", padding=8).axis(tickCount=4, labelExpr=label)
        titles = {"method": "method", key: words, f"{key}_low": "95 % from", f"{key}_high": "to"}
        layers, step = _dots(found, x, f"{key}_low", f"{key}_high", tips(data, titles), opacity)
        marks = [line_at(ideal, dashed=True)]
        if key == "energy":
            marks.append(line_at(best).mark_rule(color=look.GREEN, strokeWidth=1.6, aria=False))
        panels.append(alt.layer(*marks, *layers).properties(height={"step": step}, title=words.split(" (")[0].capitalize()))
    panels[0] = panels[0].add_params(picked)
    coins = [r["optimum"]["value"] for r in found if r["label"] == "random bits + one-flip descent"]
    shots = [r["optimum"]["value"] for r in found if r["label"] == "none + one-flip descent"]
    return Figure(
        name="sampling_by_mitigation",
        title="QAOA samples, worth by method",
        caption="Mean energy, and share of optimal shots; bars are bootstrap 95 % confidence intervals over the repetitions, the"
        " dashed lines the circuit without noise, the green line the optimum. Readout mitigation gives weights and extrapolation"
        " gives means, neither gives shots. Random bits get as many shots and the same repair.",
        alt=f"Repaired random bits are optimal in {100 * max(coins):.1f} % of the shots, repaired shots of the device in"
        f" {100 * max(shots):.1f} % at most.",
        chart=alt.concat(*panels, columns=2).resolve_scale(color="shared", shape="shared"),
        data=data,
        panel_px=300.0,
        rows_shared=True,
    )
