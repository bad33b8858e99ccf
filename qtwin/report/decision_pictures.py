"""How sure the choice is, and which numbers could change it: bars of P(optimal), and a tornado."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtwin.report import style
from qtwin.report.chart import (
    ROW_BAR,
    ROW_STEP,
    Figure,
    colour,
    data_chart,
    fixed_chart,
    row_labels,
    rows,
    tips,
    wrapped,
)
from qtwin.report.number import finite, percent, plain, plain_key, qaly

_SHOWN = 12


def dose_label(drug: Mapping[str, Any]) -> str:
    """A dose of result.json as a reader calls it."""
    return f"{drug.get('inn')} {plain(drug.get('amount_mg'))} mg /{plain(drug.get('interval_h'))} h"


def labels(drugs: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """Several doses, as a reader calls them."""
    return [dose_label(d) for d in drugs or []]


def against(drugs: Sequence[str], chosen: Sequence[str]) -> str:
    """How a regimen differs from the chosen one, in words."""
    more, less = [d for d in drugs if d not in chosen], [d for d in chosen if d not in drugs]
    if not more and not less:
        return "the chosen regimen"
    if not more:
        return f"without {', '.join(less)}"
    return f"{', '.join(more)} {'instead of ' + ', '.join(less) if less else 'added'}"


def set_picture(result: Mapping[str, Any]) -> Figure | None:
    """P(optimal) of the regimens that hold 90 % of it; None where the result does not report
    them.
    """
    import altair as alt

    found = [r for r in result.get("set90") or [] if finite(r.get("p_optimal")) is not None]
    if not found:
        return None
    chosen = labels(result.get("chosen"))
    names = [against(labels(r.get("drugs")), chosen) for r in found]
    data = rows(
        ["rank", "difference", "regimen", "p_optimal", "expected_regret_qaly"],
        [
            (
                k,
                wrapped(name),
                " + ".join(labels(r.get("drugs"))) or "no drug",
                r["p_optimal"],
                r.get("expected_regret_qaly"),
            )
            for k, (name, r) in enumerate(zip(names, found, strict=True), start=1)
        ],
    )
    order = [row["difference"] for row in data[:_SHOWN]]
    base = data_chart().transform_filter(alt.FieldLTEPredicate(field="rank", lte=_SHOWN))
    y, words = row_labels(base, "difference", order)
    bars = base.mark_bar(**ROW_BAR).encode(
        y=y,
        x=alt.X("p_optimal:Q", title="P(optimal)").axis(format="~%"),
        color=alt.condition(
            alt.datum.difference == "the chosen regimen",
            alt.value(style.BLUE),
            alt.value(style.SKY),
        ),
        tooltip=tips(
            data,
            {
                "regimen": "regimen",
                "p_optimal": "P(optimal)",
                "expected_regret_qaly": "expected regret (QALY)",
            },
        ),
    )
    shares = base.mark_text(align="left", dx=5, yOffset=ROW_BAR["yOffset"]).encode(
        y=y, x="p_optimal:Q", text=alt.Text("p_optimal:Q", format=".1%")
    )
    more = (
        f" The {len(found) - _SHOWN} least probable are in the CSV file alone."
        if len(found) > _SHOWN
        else ""
    )
    return Figure(
        name="p_optimal",
        title="Which regimen is best, over everything that is not known",
        caption="Share of the draws of what is not known in which each regimen is the best; "
        "together they hold 90 %."
        f" Each is named by its difference to the chosen one.{more}",
        alt="; ".join(
            f"{n}: {percent(r['p_optimal'])}" for n, r in zip(names[:_SHOWN], found, strict=False)
        )
        + " of the draws.",
        chart=(bars + shares + words).properties(height={"step": ROW_STEP}),
        data=data,
    )


def tornado_picture(result: Mapping[str, Any]) -> Figure | None:
    """What the choice loses when one number moves to either end of its range; None where nothing
    was moved.
    """
    import altair as alt

    bars = [
        b
        for b in (result.get("certainty") or {}).get("tornado") or []
        if finite(b.get("regret_low_qaly")) is not None
    ]
    if not bars:
        return None
    moving = [b for b in bars if b.get("regret_low_qaly") or b.get("regret_high_qaly")]
    shown = (moving or bars)[:_SHOWN]
    order = [wrapped(plain_key(b.get("number"))) for b in shown]
    header = [
        "number",
        "unit",
        "status",
        "value",
        "low",
        "high",
        "regret_low_qaly",
        "regret_high_qaly",
        "flips",
    ]
    data = rows(
        [*header, "words"],
        [(*(b.get(name) for name in header), wrapped(plain_key(b.get("number")))) for b in bars],
    )
    ends = {"low": "at its 5th percentile", "high": "at its 95th percentile"}
    base = (
        data_chart()
        .transform_filter(alt.FieldOneOfPredicate(field="words", oneOf=order))
        .transform_calculate(lost="-datum.regret_low_qaly")
        .encode(
            tooltip=tips(
                data,
                {
                    "number": "number",
                    "value": "value",
                    "low": "5th percentile",
                    "high": "95th percentile",
                    "unit": "unit",
                    "status": "status",
                    "regret_low_qaly": "QALY lost at the 5th",
                    "regret_high_qaly": "QALY lost at the 95th",
                },
            )
        )
    )
    y, words = row_labels(base, "words", order)
    reach = 1.1 * max(
        [*(float(b.get(f"regret_{end}_qaly") or 0.0) for b in shown for end in ends), 1e-6]
    )
    sides = [
        base.transform_calculate(end=f"'{ends[end]}'")
        .mark_bar(**ROW_BAR)
        .encode(
            y=y,
            x=alt.X(
                f"{field}:Q", title="QALY lost by the chosen regimen against the best one there"
            )
            .scale(domain=[-reach, reach], nice=False)
            .axis(labelExpr="format(abs(datum.value), '~g')"),
            color=alt.Color("end:N", scale=colour(list(ends.values()), [style.ORANGE, style.BLUE])),
        )
        for end, field in (("low", "lost"), ("high", "regret_high_qaly"))
    ]
    zero = fixed_chart([{"zero": 0}]).mark_rule(style="ink").encode(x="zero:Q")
    flips = sum(bool(b.get("flips")) for b in bars)
    return Figure(
        name="tornado",
        title="What would change the choice",
        caption="One number at a time moves to its 5th or 95th percentile, all others at their "
        "medians. A bar is what the chosen"
        " regimen then loses against the best one; without a bar the choice holds.",
        alt=f"{flips} of the {len(bars)} numbers that matter most change the choice; "
        + "; ".join(
            f"{plain_key(b.get('number'))}: {qaly(b.get('regret_low_qaly'))} and "
            f"{qaly(b.get('regret_high_qaly'))} QALY"
            for b in shown
        )
        + ".",
        chart=alt.layer(*sides, zero, words).properties(height={"step": ROW_STEP}),
        data=data,
    )
