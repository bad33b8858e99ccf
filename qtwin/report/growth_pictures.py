"""Pictures of noise: success against the error rate, growth with size, and what mitigation is
worth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qtwin.benchmark.scaling import Line
from qtwin.report import style
from qtwin.report.bench_pictures import by_name
from qtwin.report.chart import (
    PERCENT,
    PLAIN,
    Figure,
    colour,
    data_chart,
    decades,
    fixed_chart,
    folded,
    legend,
    line_at,
    rows,
    tips,
    toggle,
)
from qtwin.report.number import number

if TYPE_CHECKING:
    import altair as alt


def noise_picture(entries: Sequence[Mapping[str, Any]], family: str) -> Figure:
    """One curve for each size and solver; the dotted line of each is the chance of a guess."""
    import altair as alt

    data = rows(
        ["family", "n", "solver", "error", "hits", "shots", "low", "high", "chance"],
        [
            (
                e["family"],
                e["n"],
                e["solver"],
                v["error"],
                v["hits"],
                v["shots"],
                v["low"],
                v["high"],
                e["chance"],
            )
            for e in entries
            for v in e["levels"]
        ],
    )
    smallest = min(
        (v["error"] for e in entries for v in e["levels"] if v["error"] > 0), default=1e-4
    )
    left = smallest / 3.0  # where no noise is drawn on the logarithmic axis
    right = 1.4 * max((v["error"] for e in entries for v in e["levels"]), default=left)
    seen = [
        v for row in data for v in (row["hits"] / row["shots"], row["chance"], row["high"]) if v
    ]
    floor = min(seen, default=1e-3) / 2.0
    names = [_words(e) for e in entries]
    encoded = by_name("curve", names)
    picked, opacity = toggle("curve")
    named = {"color": encoded["color"], "opacity": opacity}
    x = alt.X("at:Q", title=f"two-qubit error rate (log scale; at {left:.1g}: none)")
    x = x.scale(type="log", domain=[left / 1.3, max(right, 2.0 * left)], nice=False)
    x = x.axis(labelExpr=PLAIN, values=decades(left, max(right, 2.0 * left)))
    y = alt.Y("success:Q", title="success of a shot (log scale)").scale(
        type="log", domain=[floor, 1.0], nice=False
    )
    y = y.axis(labelExpr=PLAIN, values=decades(floor, 1.0))
    base = (
        data_chart()
        .transform_calculate(
            curve="'n = ' + datum.n + ', ' + datum.solver",
            at=f"max(datum.error, {left})",
            success="datum.hits / datum.shots",
            least=f"max(datum.low, {floor})",
        )
        .encode(
            x=x,
            tooltip=tips(
                data,
                {
                    "n": "n",
                    "solver": "solver",
                    "error": "two-qubit error",
                    "hits": "hits",
                    "shots": "of shots",
                    "low": "95 % from",
                }
                | {"high": "to", "chance": "chance of a guess"},
            ),
            **named,
        )
    )
    curves, chances = [], []
    for e in entries:
        top = max(max(v["error"], left) for v in e["levels"])
        for at in np.geomspace(left, top, 60):
            whole = math.exp(-e["gates"] * at) if not e.get("refused") else 0.0
            if not e.get("refused"):
                curves.append(
                    {
                        "curve": _words(e),
                        "at": float(at),
                        "success": whole * e["p0"] + (1 - whole) * e["chance"],
                    }
                )
        if e["chance"]:
            chances.append({"curve": _words(e), "success": e["chance"]})
    end = alt.Y("least:Q", title="success of a shot (log scale)")
    layers: list[Any] = [
        fixed_chart(chances).mark_rule(strokeDash=[2, 3], aria=False).encode(y=y, **named),
        fixed_chart(curves)
        .mark_line(strokeWidth=1.6, clip=True, aria=False)
        .encode(x=x, y=y, **named),
        base.mark_rule(strokeWidth=1.4, aria=False).encode(y=end, y2="high:Q"),
        base.transform_filter("datum.hits > 0")
        .mark_point(size=55)
        .encode(y=y, shape=encoded["shape"]),
    ]
    told = [
        f"n = {e['n']}: half of the gain over guessing is left at {e['budget']:.2g}"
        for e in entries
        if _has_budget(e)
    ]
    return Figure(
        name=f"noise_{''.join(c if c.isalnum() else '_' for c in family)}",
        title=f"Success against the two-qubit error, {family}",
        caption="Points with exact 95 % confidence intervals; curves p = F p0 + (1 - F) c with F = "
        "exp(-g error); dotted: the"
        " chance c of a guess.",
        alt="; ".join(told) + "." if told else "No circuit was better than a guess.",
        chart=alt.layer(*layers).add_params(picked).properties(height=320),
        data=data,
    )


def _words(entry: Mapping[str, Any]) -> str:
    return f"n = {entry['n']}, {entry['solver']}"


def _has_budget(entry: Mapping[str, Any]) -> bool:
    return entry.get("budget") is not None and math.isfinite(entry["budget"])


# The picture of a scaling study: expected samples against size, the fit with its interval, and what
# a guess needs.


def scaling_picture(
    found: Sequence[Mapping[str, Any]],
    line: Line,
    *,
    fitted: Sequence[int],
    layers: int,
    published: float | None,
) -> Figure:
    """1 / p against n, filled where the fit saw it; the published slope through the middle of the
    fit.
    """
    import altair as alt

    data = rows(
        ["n", "instance", "probability", "ground_states", "in_fit"],
        [
            (r["n"], r["instance"], r["probability"], r["ground_states"], r["n"] in fitted)
            for r in found
        ],
    )
    guess, sampled = "uniform guess", f"QAOA, {layers} fixed layers"
    law, known = (
        f"fit, {line.base:.2f}^n",
        "" if published is None else f"published, {published:g}^n",
    )
    names = [guess, sampled, law, *([known] if known else [])]
    paints = [style.GREY, style.VERMILLION, style.VERMILLION, style.INK][: len(names)]
    shapes = ["square", "circle", "stroke", "stroke"][: len(names)]
    picked, opacity = toggle("of")
    encoded = {
        "color": alt.Color("of:N", scale=colour(names, paints), sort=names, legend=legend(names)),
        "opacity": opacity,
    }
    shape = alt.Shape("of:N", scale=colour(names, shapes), sort=names)
    samples = [1.0 / r["probability"] for r in found]
    guesses = [2.0 ** r["n"] / r["ground_states"] for r in found]
    ends = [max(0.7, min(*samples, *guesses) / 2.0), 2.0 * max(*samples, *guesses)]
    x = (
        alt.X("n:Q", title="variables")
        .scale(zero=False, nice=False, padding=10)
        .axis(format="d", tickMinStep=1)
    )
    y = alt.Y("samples:Q", title="expected samples until a ground state (log scale)").scale(
        type="log", domain=ends, nice=False
    )
    y = y.axis(labelExpr=PLAIN, values=decades(*ends))
    titles = {
        "n": "variables",
        "instance": "instance",
        "probability": "success of a sample",
        "ground_states": "ground states",
    }
    base = data_chart().encode(x=x, y=y, shape=shape, tooltip=tips(data, titles), **encoded)
    qaoa = base.transform_calculate(of=f"'{sampled}'", samples="1 / datum.probability")
    at = np.linspace(min(fitted), max(fitted), 30)
    middle = 0.5 * (at[0] + at[-1])
    curves = [{"of": law, "n": float(n), "samples": line.at(n)} for n in at]
    if published is not None:
        curves += [
            {
                "of": known,
                "n": float(n),
                "samples": line.at(middle) * published ** float(n - middle),
            }
            for n in at
        ]
    lines = fixed_chart(curves).encode(x=x, y=y, **encoded)
    drawn = [
        base.transform_calculate(
            of=f"'{guess}'", samples="pow(2, datum.n) / datum.ground_states"
        ).mark_point(size=32),
        qaoa.transform_filter("datum.in_fit").mark_point(size=50),
        qaoa.transform_filter("!datum.in_fit").mark_point(size=50, filled=False, strokeWidth=1.6),
        lines.transform_filter(alt.FieldEqualPredicate(field="of", equal=law)).mark_line(
            clip=True, aria=False
        ),
    ]
    if known:
        other = lines.transform_filter(alt.FieldEqualPredicate(field="of", equal=known))
        drawn.append(other.mark_line(clip=True, strokeDash=[6, 3], aria=False))
    low, high = line.base_interval
    return Figure(
        name="samples_against_size",
        title="Samples until a ground state",
        caption="Exact probabilities, no shot noise; open marks are sizes that the fit did not "
        "see. The dashed line has the"
        " published slope through the middle of the fit.",
        alt=f"Samples grow as {line.base:.2f} to the n, 95 % confidence interval {low:.2f} to "
        f"{high:.2f};"
        " a guess needs 2 to the n.",
        chart=alt.layer(*drawn).add_params(picked).properties(height=320),
        data=data,
    )


# Pictures of a study of mitigation: errors of an energy, and what samples are worth, method by
# method.

CHEMICAL_ACCURACY_MILLIHARTREE = 1.6
_STYLES = {
    "best": (style.BLUE, "circle"),
    "typical": (style.ORANGE, "diamond"),
    "none": (style.GREY, "square"),
}
_WORDS = {"best": "best qubits", "typical": "typical qubits", "none": "no device"}

_ENDS = ("value", "low", "high")
Rows = Sequence[Mapping[str, Any]]


def _dots(
    found: Rows, value: alt.X, low: str, high: str, told: Sequence[Any], opacity: Any
) -> tuple[list[Any], int]:
    """Value and interval of every method, one colour a line of qubits: the layers, and the height
    of a row.
    """
    import altair as alt

    order = list(dict.fromkeys(r["label"] for r in found))
    lines = list(dict.fromkeys(r["line"] for r in found))
    devices = [line for line in lines if line != "none"]
    axis, step = folded(order, width=20)
    words = [_WORDS[line] for line in lines]
    encoded = {
        "color": alt.Color(
            "qubits:N",
            scale=colour(words, [_STYLES[k][0] for k in lines]),
            sort=words,
            legend=legend(words),
        ),
        "opacity": opacity,
        "y": alt.Y(
            "method:N",
            sort=order,
            title=None,
            scale=alt.Scale(type="point", padding=0.6, domain=order),
            axis=axis,
        ),
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
            .encode(**encoded)
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
        [
            "line",
            "method",
            "rms_millihartree",
            "low",
            "high",
            "bias_millihartree",
            "standard_error_millihartree",
            "shots",
        ],
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
    band = fixed_chart([{"from": 0.0, "to": CHEMICAL_ACCURACY_MILLIHARTREE}]).mark_rect(
        color=style.GREEN, opacity=0.2, aria=False
    )
    best = min(found, key=lambda r: r["rms_millihartree"]["value"])
    return Figure(
        name="energy_by_mitigation",
        title="Energy of H2, error by method",
        caption="Bars are bootstrap 95 % confidence intervals over the repetitions; the green band "
        "is chemical accuracy. Rows"
        " with idle decay have more noise than the others and are compared with one another only.",
        alt=f"Least error: {best['label']} on {_WORDS[best['line']]}, "
        f"{number(best['rms_millihartree']['value'])} millihartree.",
        chart=alt.layer(band.encode(x=alt.X("from:Q", title=x["title"]), x2="to:Q"), *layers)
        .add_params(picked)
        .properties(height={"step": step}),
        data=data,
    )


def sampling_picture(
    found: Rows, *, ideal_energy: float, ideal_optimum: float, best: float
) -> Figure:
    """Mean energy and probability of the optimum by method, with those of the noiseless circuit."""
    import altair as alt

    data = rows(
        [
            "line",
            "method",
            "energy",
            "energy_low",
            "energy_high",
            "optimum",
            "optimum_low",
            "optimum_high",
        ],
        [
            (
                r["line"],
                r["label"],
                *(None if r[q] is None else r[q][k] for q in ("energy", "optimum") for k in _ENDS),
            )
            for r in found
        ],
    )
    picked, opacity = toggle("qubits")
    panels = []
    for key, ideal, words, label in (
        ("energy", ideal_energy, "mean energy (lower is better)", alt.Undefined),
        ("optimum", ideal_optimum, "shots that are optimal", PERCENT),
    ):
        x = (
            alt.X(f"{key}:Q", title=words)
            .scale(zero=key == "optimum", padding=8)
            .axis(tickCount=4, labelExpr=label)
        )
        titles = {"method": "method", key: words, f"{key}_low": "95 % from", f"{key}_high": "to"}
        layers, step = _dots(found, x, f"{key}_low", f"{key}_high", tips(data, titles), opacity)
        marks = [line_at(ideal, dashed=True)]
        if key == "energy":
            marks.append(line_at(best).mark_rule(color=style.GREEN, strokeWidth=1.6, aria=False))
        panels.append(
            alt.layer(*marks, *layers).properties(
                height={"step": step}, title=words.split(" (")[0].capitalize()
            )
        )
    panels[0] = panels[0].add_params(picked)
    coins = [r["optimum"]["value"] for r in found if r["label"] == "random bits + one-flip descent"]
    shots = [r["optimum"]["value"] for r in found if r["label"] == "none + one-flip descent"]
    return Figure(
        name="sampling_by_mitigation",
        title="QAOA samples, worth by method",
        caption="Mean energy, and share of optimal shots; bars are bootstrap 95 % confidence "
        "intervals over the repetitions, the"
        " dashed lines the circuit without noise, the green line the optimum. Readout "
        "mitigation gives weights and extrapolation"
        " gives means, neither gives shots. Random bits get as many shots and the same repair.",
        alt=f"Repaired random bits are optimal in {100 * max(coins):.1f} % of the shots, "
        "repaired shots of the device in"
        f" {100 * max(shots):.1f} % at most.",
        chart=alt.concat(*panels, columns=2).resolve_scale(color="shared", shape="shared"),
        data=data,
        panel_px=300.0,
        rows_shared=True,
    )
