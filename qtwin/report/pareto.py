"""Benefit against harm: which regimens no other beats in both, whatever the weights between
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.report import style
from qtwin.report.chart import Figure, colour, data_chart, rows, tips, toggle
from qtwin.report.number import finite, qaly

_GROUPS = {"feasible": style.GREY, "Pareto-optimal": style.ORANGE, "chosen": style.BLUE}


def picture(result: Mapping[str, Any]) -> Figure | None:
    """Every feasible regimen, the front, and the chosen one; None without them."""
    import altair as alt

    found = result.get("pareto") or {}
    front = found.get("front") or []
    if not front:
        return None
    unit = str((result.get("problem") or {}).get("unit") or "QALY")
    chosen = found.get("chosen") or {}
    data = rows(
        ["group", "regimen", "benefit", "harm"],
        [
            *(
                ("feasible", None, b, h)
                for b, h in zip(found.get("benefit") or [], found.get("harm") or [], strict=False)
            ),
            *(
                (
                    "Pareto-optimal",
                    " + ".join(p.get("regimen") or []) or "no drug",
                    p["benefit"],
                    p["harm"],
                )
                for p in front
            ),
            *(
                [("chosen", "the chosen regimen", chosen["benefit"], chosen["harm"])]
                if finite(chosen.get("harm")) is not None
                else []
            ),
        ],
    )
    picked, opacity = toggle("group")
    base = data_chart().encode(
        x=alt.X("harm:Q", title=f"harm ({unit} lost)"),
        y=alt.Y("benefit:Q", title=f"benefit ({unit} gained)").scale(
            zero=False, padding=12, nice=False
        ),
        color=alt.Color("group:N", scale=colour(list(_GROUPS), list(_GROUPS.values()))),
        opacity=opacity,
    )
    shape = alt.Shape("group:N", scale=colour(list(_GROUPS), ["circle", "square", "diamond"]))
    words = tips(data, {"group": "", "regimen": "regimen", "benefit": "benefit", "harm": "harm"})
    cloud, line, best = (
        base.transform_filter(alt.FieldEqualPredicate(field="group", equal=g)) for g in _GROUPS
    )
    layers = [
        cloud.mark_point(size=12, strokeWidth=0, fillOpacity=0.5, aria=False).encode(shape=shape),
        line.mark_line(strokeWidth=1.5, aria=False),
        line.mark_point(size=36).encode(shape=shape, tooltip=words),
        best.mark_point(size=150).encode(shape=shape, tooltip=words),
    ]
    first, last = front[0], front[-1]
    told = (
        f"{len(front)} regimens are Pareto-optimal (no other is better in both): from"
        f" {qaly(first['benefit'])} gained at {qaly(first['harm'])} lost to"
        f" {qaly(last['benefit'])} at {qaly(last['harm'])} {unit}."
    )
    return Figure(
        name="pareto",
        title="Benefit against harm",
        caption=f"{told} The objective weighs one against the other; who weighs harm more takes a "
        "regimen further left.",
        alt=told,
        chart=alt.layer(*layers).add_params(picked).properties(height=300),
        data=data,
    )


# The Pareto front of benefit against harm: regimens that no other beats in both.


def front(benefit: NDArray[np.float64], harm: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the choices that none other has at least as much benefit and at most as much harm,
    by rising harm.

    Of equal ones the first is kept.
    """
    order = np.lexsort((np.arange(len(benefit)), -benefit, harm))
    kept: list[int] = []
    best = -np.inf
    for k in order:
        if benefit[k] > best:
            kept.append(int(k))
            best = float(benefit[k])
    return np.array(kept, dtype=np.int64)
