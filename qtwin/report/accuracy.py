"""Was the encoded problem the real one?

The polynomial's utility against the twin's, regimen by regimen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin.report import style
from qtwin.report.chart import Figure, colour, data_chart, fixed_chart, rows
from qtwin.report.number import finite, number, qaly

_PARTS = {"used in the fit": style.SKY, "held out": style.VERMILLION}


def picture(result: Mapping[str, Any]) -> Figure | None:
    """Scatter with the diagonal, and the error along the twin's utility; None without points."""
    import altair as alt
    import numpy as np

    encoding = result.get("encoding") or {}
    scatter = encoding.get("scatter") or {}
    pairs = list(zip(scatter.get("encoded") or [], scatter.get("true") or [], strict=False))
    trained = list(scatter.get("trained") or []) + [False] * len(pairs)
    kept = [
        (x, y, int(bool(t)))
        for (a, b), t in zip(pairs, trained, strict=False)
        if (x := finite(a)) is not None and (y := finite(b)) is not None
    ]
    if not kept:
        return None
    unit = str((result.get("problem") or {}).get("unit") or "QALY")
    data = rows(["encoded", "true", "trained"], kept)
    encoded, true, fitted = (np.array(c) for c in zip(*kept, strict=True))
    error = encoded - true
    low, high = float(min(encoded.min(), true.min())), float(max(encoded.max(), true.max()))
    base = (
        data_chart()
        .transform_calculate(
            error="datum.encoded - datum.true",
            part="datum.trained ? 'used in the fit' : 'held out'",
        )
        .mark_circle(size=max(6.0, min(30.0, 18000.0 / len(true))), opacity=0.55, aria=False)
        .encode(
            x=alt.X("true:Q", title=f"utility on the twin ({unit})").scale(zero=False),
            color=alt.Color("part:N", scale=colour(list(_PARTS), list(_PARTS.values()))),
            tooltip=[
                alt.Tooltip("true:Q", format=".4~g", title="on the twin"),
                alt.Tooltip("encoded:Q", format=".4~g", title="in the encoding"),
                alt.Tooltip("part:N", title=""),
            ],
        )
    )
    chosen = _chosen(result)
    ring = fixed_chart(
        [{"true": chosen[1], "encoded": chosen[0], "error": chosen[0] - chosen[1]}]
        if chosen
        else []
    )
    ring = ring.mark_point(
        style="ink", shape="circle", size=150, filled=False, strokeWidth=1.8
    ).encode(x="true:Q", stroke=alt.value(style.INK), tooltip=alt.value("the chosen regimen"))
    ends = fixed_chart(
        [{"true": low, "encoded": low, "error": 0.0}, {"true": high, "encoded": high, "error": 0.0}]
    )
    ideal = ends.mark_line(strokeDash=[4, 3], strokeWidth=1, color=style.GREY).encode(x="true:Q")
    panels = [
        alt.layer(
            ideal.encode(y=alt.Y(f"{field}:Q")),
            base.encode(y=alt.Y(f"{field}:Q", title=words).scale(zero=False)),
            *([ring.encode(y=f"{field}:Q")] if chosen else []),
        ).properties(height=290, title=title)
        for field, words, title in (
            ("encoded", f"utility in the encoding ({unit})", "Utility"),
            ("error", f"encoded minus true ({unit})", "Error of the encoding"),
        )
    ]
    found = encoding.get("accuracy") or {}
    words = (
        f" On held-out regimens: R² {number(found.get('r2'))}, rank correlation "
        f"{number(found.get('rank_correlation'))},"
        f" regret of the encoded optimum {qaly(found.get('regret'))} {unit},"
        f" largest error {qaly(found.get('max_error'))} {unit}."
        if found
        else ""
    )
    drawn = (
        f"{len(true):,} feasible regimens, {int(fitted.sum()):,} used in the fit and "
        f"{int((1 - fitted).sum()):,} held out."
    )
    return Figure(
        name="encoded_against_true",
        title="Encoded against true utility",
        caption="Every point is a feasible regimen: its utility simulated on the twin against its "
        "utility in the polynomial"
        " that the solvers saw. On the diagonal the two agree; order matters more than distance."
        + (" The ring is the chosen regimen." if chosen else "")
        + words,
        alt=f"Scatter of {drawn} True utility spans {qaly(true.min())} to {qaly(true.max())} "
        f"{unit};"
        f" the encoded minus true difference spans {qaly(error.min())} to "
        f"{qaly(error.max())} {unit}"
        f" with root mean square {qaly(np.sqrt(np.mean(error**2)))}.{words}",
        chart=alt.concat(*panels, columns=2).resolve_scale(color="shared"),
        data=data,
        panel_px=300.0,
    )


def _chosen(result: Mapping[str, Any]) -> tuple[float, float] | None:
    """(encoded, true) utility of the chosen regimen, from a solver that returned it."""
    drugs = next(
        (
            set(r.get("drugs") or [])
            for r in result.get("regimens") or []
            if r.get("key") == "chosen"
        ),
        None,
    )
    for solver in result.get("solvers") or []:
        x, y = finite(solver.get("objective_encoded")), finite(solver.get("objective_twin"))
        if (
            drugs is not None
            and solver.get("regimen") is not None
            and set(solver["regimen"]) == drugs
            and x is not None
            and y is not None
        ):
            return x, y
    return None
