"""How large interactions are: the order of a choice, and whether a QUBO is the right question for
this patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qtwin.report import style
from qtwin.report.chart import PLAIN, Figure, colour, data_chart, rows, tips, toggle
from qtwin.report.number import number

_SAME_QALY = 1e-9
_FAITHFUL = 0.9
"""R2 on unseen regimens under which an encoding is not the patient's question, whatever its optimum
happens to be.
"""
_CLOSE = 0.95
"""R2 from which on a loss counts only where the posterior tells it from none."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Whether a quadratic surrogate does what a cubic one does.

    Attributes:
        pairs_suffice: The most faithful quadratic surrogate chooses as well on the twin as the most
            faithful cubic one, as far as the posterior can tell, and it is faithful, or no less so
            than the cubic one.
        words: The sentences, with the numbers.
    """

    pairs_suffice: bool
    words: str


def right_order(encoding: Mapping[str, Any]) -> Order | None:
    """Compare the most faithful surrogate of degree 2 with the most faithful one of a higher
    degree; None without both.

    Faithful is a high R2 on regimens that the fit did not see; among equals, a low regret.
    """
    rows = list(encoding.get("surrogates") or [])
    pairs, higher = (
        [r for r in rows if r["degree"] in degrees] for degrees in ((1, 2), range(3, 100))
    )
    if not pairs or not higher:
        return None
    quadratic, cubic = max(pairs, key=_faithful), max(higher, key=_faithful)
    behind = quadratic["accuracy"]["regret"] > cubic["accuracy"]["regret"] + _SAME_QALY
    worse = behind and (quadratic["regret_low"] > 0.0 or _faithful(quadratic)[0] < _CLOSE)
    unlike = _faithful(quadratic)[0] < min(_FAITHFUL, _faithful(cubic)[0])
    regrets = (
        f"On the twin the best of pairs loses {_regret(quadratic)} QALY, the best of "
        f"triples {_regret(cubic)}; of the variance"
        f" among regimens that the fit did not see, pairs ({quadratic['name']}) leave "
        f"{_left(quadratic)} unexplained, triples"
        f" ({cubic['name']}) {_left(cubic)}."
    )
    spectrum = encoding.get("spectrum") or {}
    share = spectrum.get("share") or []
    exactly = (
        f" Over all choices of {spectrum['n']} options, interactions of three and more "
        f"carry {_percent(sum(share[3:]))} of the"
        " variance."
        if len(share) > 3
        else ""
    )
    if worse or unlike:
        start = (
            "A QUBO is not the right question for this patient; a polynomial with triples "
            "(HUBO) is."
        )
    elif behind:
        start = (
            "A QUBO can ask this patient's question: the posterior does not tell what triples "
            "add from nothing."
        )
    else:
        start = "A QUBO can ask this patient's question: triples choose no better."
    return Order(pairs_suffice=not (worse or unlike), words=f"{start} {regrets}{exactly}")


def _faithful(row: Mapping[str, Any]) -> tuple[float, float]:
    r2 = row["accuracy"]["r2"]
    return (round(r2, 6) if r2 is not None and r2 == r2 else float("-inf")), -row["accuracy"][
        "regret"
    ]


def _regret(row: Mapping[str, Any]) -> str:
    interval = (
        f" (95 % interval {row['regret_low']:.4f} to {row['regret_high']:.4f})"
        if row["regret_high"]
        else ""
    )
    return f"{row['accuracy']['regret']:.4f}{interval}"


def _left(row: Mapping[str, Any]) -> str:
    r2 = row["accuracy"]["r2"]
    return "an unknown share" if r2 is None or r2 != r2 else _percent(max(1.0 - r2, 0.0))


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{100.0 * share:.0f} %"


# What order of interaction the choice has: whether a QUBO is the right question for this patient.

_ORDERS = 4
_WORDS = {1: "singles", 2: "pairs (QUBO)", 3: "triples", 4: "fours"}


def picture(result: Mapping[str, Any]) -> Figure | None:
    """Unexplained variance by order of interaction, over all choices and over the allowed ones;
    None without a spectrum.
    """
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
                *(
                    (found["share"][k], found["largest"][k])
                    if values is explained
                    else (None, None)
                ),
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
            y=alt.Y("unexplained_percent:Q", title="variance left unexplained (%)")
            .scale(type="log")
            .axis(labelExpr=PLAIN),
            color=alt.Color("set:N", scale=colour(list(sets), [style.BLUE, style.ORANGE])),
            strokeDash=alt.StrokeDash(
                "set:N", scale=alt.Scale(domain=list(sets), range=[[1, 0], [6, 3]])
            ),
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
        + (
            f" and {100.0 * allowed[2]:.2f} % among the allowed regimens"
            if len(allowed) > 2
            else ""
        )
        + (f"; triples {100.0 * explained[3]:.2f} %." if len(explained) > 3 else ".")
    )
    return Figure(
        name="interaction_spectrum",
        title="Is a QUBO the right question?",
        caption=f"{words} Over all choices by the exact Walsh-Hadamard transform of "
        f"{2 ** found['n']:,} simulated utilities"
        f" ({found['n_members']} posterior members), over the allowed regimens by least squares."
        + (
            f" Left out of the choices: {', '.join(found['left_out'])}."
            if found.get("left_out")
            else ""
        ),
        alt=words + " Largest third-order coefficient "
        f"{number((found.get('largest') or [0, 0, 0, 0])[3])} QALY.",
        chart=chart,
        data=data,
    )
