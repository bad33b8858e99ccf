"""What order of interaction the choice has: whether a QUBO is the right question for this patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin.report import look
from qtwin.report.chart import PLAIN, Figure, colour, data_chart, rows, tips, toggle
from qtwin.report.number import number

_ORDERS = 4
_WORDS = {1: "singles", 2: "pairs (QUBO)", 3: "triples", 4: "fours"}


def picture(result: Mapping[str, Any]) -> Figure | None:
    """Unexplained variance by order of interaction, over all choices and over the allowed ones; None without a spectrum."""
    import altair as alt

    found = (result.get("encoding") or {}).get("spectrum") or {}
    explained, allowed = found.get("explained") or [], found.get("allowed_explained") or []
    if not explained:
        return None
    sets = {f"all choices of {found['n']} options": explained, "allowed regimens": allowed}
    data = rows(
        ["set", "order", "explained", "unexplained_percent", "share", "largest_coefficient"],
        [
            (
                name,
                k,
                x,
                max(100.0 * (1.0 - x), 1e-3),
                *((found["share"][k], found["largest"][k]) if values is explained else (None, None)),
            )
            for name, values in sets.items()
            for k, x in enumerate(values)
        ],
    )
    picked, opacity = toggle("set")
    chart = (
        data_chart()
        .transform_filter(alt.FieldRangePredicate(field="order", range=[1, _ORDERS]))
        .mark_line(point={"size": 60})
        .encode(
            x=alt.X(
                "order:O",
                title="terms up to this order",
                axis=alt.Axis(labelExpr=f"{_WORDS}[datum.value]", labelAngle=0, grid=False),
            ),
            y=alt.Y("unexplained_percent:Q", title="variance left unexplained (%)").scale(type="log").axis(labelExpr=PLAIN),
            color=alt.Color("set:N", scale=colour(list(sets), [look.BLUE, look.ORANGE])),
            strokeDash=alt.StrokeDash("set:N", scale=alt.Scale(domain=list(sets), range=[[1, 0], [6, 3]])),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "set": "over",
                    "order": "order",
                    "unexplained_percent": "left unexplained (%)",
                    "share": "share of this order",
                    "largest_coefficient": "largest coefficient",
                },
            ),
        )
        .add_params(picked)
        .properties(height=230)
    )
    words = (
        f"Pairs explain {100.0 * explained[2]:.2f} % of the variance over all choices"
        + (f" and {100.0 * allowed[2]:.2f} % among the allowed regimens" if len(allowed) > 2 else "")
        + (f"; triples {100.0 * explained[3]:.2f} %." if len(explained) > 3 else ".")
    )
    return Figure(
        name="interaction_spectrum",
        title="Is a QUBO the right question?",
        caption=f"{words} Over all choices by the exact Walsh-Hadamard transform of {2 ** found['n']:,} simulated utilities"
        f" ({found['n_members']} posterior members), over the allowed regimens by least squares."
        + (f" Left out of the choices: {', '.join(found['left_out'])}." if found.get("left_out") else ""),
        alt=words + f" Largest third-order coefficient {number((found.get('largest') or [0, 0, 0, 0])[3])} QALY.",
        chart=chart,
        data=data,
    )
