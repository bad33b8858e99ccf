"""Who won: every solver's time and quality with intervals, random guessing among them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import style
from qtwin.report.chart import (
    PERCENT,
    SECONDS,
    Figure,
    Row,
    colour,
    data_chart,
    decades,
    rows,
    tips,
    toggle,
)
from qtwin.report.number import finite, interval, percent, qaly, seconds

if TYPE_CHECKING:
    import altair as alt

_KIND_WORDS = {"classical": "classical", "quantum": "quantum", "null": "random baseline"}


def ranked(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Solvers by regret on the twin, then by wall time; those without a feasible answer last."""

    def key(solver: Mapping[str, Any]) -> tuple[float, float]:
        regret, wall = finite(solver.get("regret_twin")), finite(solver.get("total_wall_s"))
        return (
            float("inf") if regret is None else round(regret, 9),
            float("inf") if wall is None else wall,
        )

    return sorted(result.get("solvers") or [], key=key)


def solver_label(solver: Mapping[str, Any]) -> str:
    """What a reader calls the solver."""
    return str(
        solver.get("label")
        or " · ".join(str(p) for p in (solver.get("name"), solver.get("backend")) if p)
    )


def picture(result: Mapping[str, Any]) -> Figure | None:
    """Time, regret and success probability with its interval, a row a solver; None without
    solvers.
    """
    import altair as alt

    solvers = ranked(result)
    if not solvers:
        return None
    unit = str((result.get("problem") or {}).get("unit") or "QALY")
    data = rows(
        [
            *(
                "rank",
                "row",
                "solver",
                "backend",
                "label",
                "kind",
                "total_wall_s",
                "regret_twin",
                "objective_twin",
            ),
            *("success", "success_low", "success_high"),
        ],
        [
            [
                place,
                f"{place}  {style.short(solver_label(s), 40)}",
                s.get("name"),
                s.get("backend"),
                solver_label(s),
            ]
            + [
                _KIND_WORDS.get(str(s.get("kind")), str(s.get("kind") or "other")),
                finite(s.get("total_wall_s")),
            ]
            + [finite(s.get("regret_twin")), finite(s.get("objective_twin"))]
            + [
                finite((s.get("success_probability") or {}).get(k))
                for k in ("value", "low", "high")
            ]
            for place, s in enumerate(solvers, start=1)
        ],
    )
    panels = [_time(data), _regret(data, unit)]
    if any(row["success"] is not None for row in data):
        panels.append(_success(data))
    parts = []
    for place, solver in enumerate(solvers, start=1):
        chance = solver.get("success_probability") or {}
        words = f"{place} {solver_label(solver)}: {seconds(solver.get('total_wall_s'))}, "
        words += (
            "no feasible answer"
            if finite(solver.get("regret_twin")) is None
            else f"regret {qaly(solver['regret_twin'])} {unit}"
        )
        if finite(chance.get("value")) is not None:
            words += f", success {percent(chance['value'])} ({interval(chance, percent)})"
        parts.append(words)
    return Figure(
        name="solver_comparison",
        title="Time against quality",
        caption="A row a solver, by regret and then by time, as in the table below. Regret is the "
        f"{unit} lost on the twin"
        " against the best regimen known. Success is the probability that one sample gives "
        "the target, with its 95 % confidence"
        " interval; the dotted line is random guessing. Further left is better for time "
        "and regret, further right for success.",
        alt=f"{len(solvers)} solvers by regret, then time. " + "; ".join(parts) + ".",
        chart=alt.concat(*panels, columns=len(panels)).resolve_scale(
            color="shared", shape="shared"
        ),
        data=data,
        panel_px=215.0,
        rows_shared=True,
    )


def _kinds(data: Sequence[Row], *, shape: bool = True) -> dict[str, Any]:
    """Colour and shape by kind of solver."""
    import altair as alt

    kinds = {
        _KIND_WORDS[k]: (style.KIND_COLOURS[k], style.KIND_SHAPES[k]) for k in style.KIND_COLOURS
    } | {
        row["kind"]: (style.GREEN, "circle")
        for row in data
        if row["kind"] not in _KIND_WORDS.values()
    }
    kinds = {
        name: style for name, style in kinds.items() if any(row["kind"] == name for row in data)
    }
    found = {
        "color": alt.Color("kind:N", scale=colour(list(kinds), [c for c, _ in kinds.values()]))
    }
    return found | (
        {"shape": alt.Shape("kind:N", scale=colour(list(kinds), [s for _, s in kinds.values()]))}
        if shape
        else {}
    )


def _rows_of(data: Sequence[Row]) -> alt.Chart:
    import altair as alt

    return data_chart().encode(
        y=alt.Y(
            "row:N",
            sort=[row["row"] for row in data],
            title=None,
            scale=alt.Scale(type="point", padding=0.6),
        ),
        tooltip=tips(
            data,
            {
                "label": "solver",
                "total_wall_s": "wall time (s)",
                "regret_twin": "regret",
                "objective_twin": "utility on the twin",
                "success": "success per sample",
                "success_low": "95 % from",
                "success_high": "to",
            },
        ),
    )


def _panel(title: str, *layers: Any) -> Any:
    import altair as alt

    return alt.layer(*layers).properties(height={"step": 24}, title=title)


def _time(data: Sequence[Row]) -> Any:
    import altair as alt

    known = [row["total_wall_s"] for row in data if row["total_wall_s"]]
    shortest = min(known, default=1e-3)
    ends = [shortest / 2.6, max([*known, shortest]) * 2.6]
    x = alt.X("shown:Q", title="wall time (log scale)").scale(type="log", nice=False, domain=ends)
    x = x.axis(labelExpr=SECONDS, values=decades(*ends))
    picked, opacity = toggle("kind")
    marks = (
        _rows_of(data)
        .transform_filter("isValid(datum.total_wall_s)")
        .transform_calculate(shown=f"max(datum.total_wall_s, {shortest / 2.0})")
        .mark_point(size=80)
    )
    return _panel("Time", marks.encode(x=x, opacity=opacity, **_kinds(data)).add_params(picked))


def _regret(data: Sequence[Row], unit: str) -> Any:
    import altair as alt

    known = [max(0.0, row["regret_twin"]) for row in data if row["regret_twin"] is not None]
    positive = sorted(x for x in known if x > 1e-9)
    worst = positive[-1] if positive else 1.0
    scale = alt.Scale(domain=[0.0, worst * 1.1], nice=True)
    ticks: Any = alt.Undefined
    if positive and positive[-1] / positive[0] > 30.0:
        scale = alt.Scale(type="symlog", constant=positive[0], domain=[0.0, worst * 1.3])
        ticks = [0.0, *decades(positive[0] / 1.5, worst * 1.3, most=4)]
    x = alt.X("regret_twin:Q", title=f"regret on the twin ({unit})", scale=scale).axis(
        format="~g", tickCount=4, values=ticks
    )
    base = _rows_of(data)
    marks = (
        base.transform_filter("isValid(datum.regret_twin)")
        .mark_point(size=80)
        .encode(x=x, **_kinds(data))
    )
    none = base.transform_filter("!isValid(datum.regret_twin)").mark_text(
        align="left", style="soft", text="no feasible answer"
    )
    return _panel("Regret", marks, none.encode(x=alt.value(2)))


def _success(data: Sequence[Row]) -> Any:
    import altair as alt

    floor = _floor(data)
    scale = (
        alt.Scale(type="log", domain=[floor, 1.0], clamp=True)
        if floor
        else alt.Scale(domain=[0.0, 1.0])
    )
    x = alt.X(
        "success:Q", title="success per sample" + (" (log scale)" if floor else ""), scale=scale
    )
    x = x.axis(
        labelExpr=PERCENT,
        **({"values": decades(floor, 1.0, most=5)} if floor else {"tickCount": 4}),
    )
    base = _rows_of(data)
    sampled = base.transform_filter("isValid(datum.success)").transform_calculate(
        success=f"max(datum.success, {floor})",
        low=f"max(datum.success_low, {floor})",
        high=f"max(datum.success_high, {floor})",
    )
    null = data_chart().transform_filter(
        alt.FieldEqualPredicate(field="kind", equal=_KIND_WORDS["null"])
    )
    not_sampled = base.transform_filter("!isValid(datum.success)").mark_text(
        align="left", style="soft", text="not sampled"
    )
    return _panel(
        "Success",
        null.mark_rule(strokeDash=[2, 3], aria=False).encode(x=x, **_kinds(data, shape=False)),
        sampled.mark_rule(strokeWidth=6, strokeOpacity=0.4).encode(
            x=alt.X("low:Q"), x2="high:Q", **_kinds(data, shape=False)
        ),
        sampled.mark_point(size=60).encode(x=x, **_kinds(data)),
        not_sampled.encode(x=alt.value(2)),
    )


def _floor(data: Sequence[Row]) -> float:
    """Left end of a logarithmic axis, a power of ten under every interval; 0 (a linear axis) when
    no chance is below 3 %.
    """
    values = [
        row[key] for row in data for key in ("success", "success_low") if row[key] is not None
    ]
    if not values or min(values) >= 0.03:
        return 0.0
    ends = [
        row[key] for row in data for key in ("success", "success_low", "success_high") if row[key]
    ]
    return float(10.0 ** max(-9, math.floor(math.log10(min(ends, default=1e-3)) - 0.01)))
