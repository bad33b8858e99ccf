"""Benefit and harm by kind: what the chosen regimen gives and costs, beside the current medicines
and no drugs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtwin.report import style
from qtwin.report.chart import Figure, colour, data_chart, fixed_chart, rows, tips, toggle
from qtwin.report.number import finite, qaly


def picture(result: Mapping[str, Any]) -> Figure | None:
    """Bars with 95 % intervals, one group a kind and one bar a regimen; None without kinds."""
    import altair as alt

    regimens = [r for r in result.get("regimens") or [] if r.get("kinds")]
    if not regimens:
        return None
    unit = str((result.get("problem") or {}).get("unit") or "QALY")
    drawn = [r for r in regimens if any(finite(k.get("mean")) for k in r["kinds"])] or regimens
    silent = [str(r.get("title") or r["key"]) for r in regimens if r not in drawn]
    places = {id(r): i for i, r in enumerate(result.get("regimens") or [])}
    names = {id(r): style.short(r.get("title") or r["key"]) for r in regimens}
    data = rows(
        ["regimen", "kind", "group", "mean", "low", "high", "unit"],
        [
            [
                names[id(r)],
                k["kind"],
                k.get("group"),
                finite(k.get("mean")),
                finite(k.get("low")),
                finite(k.get("high")),
                unit,
            ]
            for r in regimens
            for k in r["kinds"]
        ],
    )
    kinds = [*_kinds(drawn, "benefit"), *_kinds(drawn, "harm")]
    shown = [names[id(r)] for r in drawn]
    picked, opacity = toggle("regimen")
    base = (
        data_chart()
        .transform_filter(alt.FieldOneOfPredicate(field="regimen", oneOf=shown))
        .transform_filter(alt.FieldOneOfPredicate(field="kind", oneOf=kinds))
        .encode(
            y=alt.Y("kind:N", sort=kinds, title=None, scale=alt.Scale(paddingInner=0.25)),
            yOffset=alt.YOffset("regimen:N", sort=shown),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "kind": "kind",
                    "regimen": "regimen",
                    "mean": unit,
                    "low": "95 % from",
                    "high": "to",
                },
            ),
        )
        .properties(height={"step": 15})
    )
    bars = base.mark_bar().encode(
        x=alt.X("mean:Q", title=f"{unit} against no drug (negative: lost)"),
        color=alt.Color(
            "regimen:N",
            scale=colour(
                shown, [style.regimen_colour(str(r["key"]), places[id(r)]) for r in drawn]
            ),
            sort=shown,
        ),
    )
    whiskers = base.mark_rule(style="ink", strokeWidth=1.2).encode(x="low:Q", x2="high:Q")
    zero = fixed_chart([{"zero": 0}]).mark_rule().encode(x="zero:Q")
    parts = []
    for regimen in regimens:
        told = ", ".join(
            f"{k['kind']} {qaly(k.get('mean'))} ({qaly(k.get('low'))} to {qaly(k.get('high'))})"
            for k in regimen["kinds"]
        )
        parts.append(f"{regimen.get('title') or regimen['key']}: {told}")
    note = f" {' and '.join(silent)}: zero on every row, not drawn." if silent else ""
    return Figure(
        name="benefit_harm",
        title="Benefit and harm by kind",
        caption=f"Expected {unit} by kind, gains to the right and losses to the left;"
        f" whiskers are 95 % credible intervals.{note}",
        alt=f"Bar chart in {unit} with 95 % credible intervals. " + ". ".join(parts) + ".",
        chart=(bars + whiskers + zero).add_params(picked),
        data=data,
    )


def _kinds(regimens: Sequence[Mapping[str, Any]], group: str) -> list[str]:
    """Kinds of `group`, the largest effect of the first regimen first, rows that are zero
    everywhere left out.
    """
    size: dict[str, tuple[float, float]] = {}
    for place, regimen in enumerate(regimens):
        for kind in regimen["kinds"]:
            if kind.get("group") == group:
                mean = abs(finite(kind.get("mean")) or 0.0)
                first, largest = size.get(kind["kind"], (0.0, 0.0))
                size[kind["kind"]] = (mean if place == 0 else first, max(largest, mean))
    kept = {name: s for name, s in size.items() if s[1] > 0.0}
    return sorted(kept, key=lambda name: kept[name], reverse=True)
