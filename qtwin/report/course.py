"""Time courses as small multiples: what the twin makes of the visits, and where each regimen
leads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtwin.report import style
from qtwin.report.chart import DATA, Figure, Row, colour, rows, tips, toggle
from qtwin.report.number import biomarker_words, finite, number, plain, unit_words

_HEADER = ["regimen", "biomarker", "unit", "time_years", "low", "median", "high", "measured"]


def fit_picture(result: Mapping[str, Any]) -> Figure | None:
    """The posterior course through the visits with its 95 % band, one panel a biomarker; None
    without a fit.
    """
    fit = (result.get("twin") or {}).get("fit") or {}
    bands, observed = fit.get("bands") or [], fit.get("observed") or []
    if not bands:
        return None
    data = rows(
        _HEADER,
        [("twin", b["biomarker"], b.get("unit"), *p, None) for b in bands for p in _rows(b)]
        + _measured(observed),
    )
    inside, total = _coverage(bands, observed)
    words = (
        f" {inside} of {total} measurements lie inside the band."
        if total
        else " No measurements to compare with."
    )
    parts = [f"{biomarker_words(b['biomarker'])} {_now(b, -1)}" for b in bands]
    return Figure(
        name="twin_fit",
        title="The twin's past against the visits",
        caption="Points are measurements, lines the posterior median, shaded areas 95 % credible "
        "intervals of the simulated state"
        f" (measurement error not added). Time 0 is the last visit.{words}",
        alt=f"{len(bands)} panels of the fitted course.{words} At the last visit the twin has, "
        "with 95 % intervals: " + "; ".join(parts) + ".",
        chart=_panels(
            data, bands, [("twin", "twin, median and 95 % interval", style.BLUE, [1, 0])]
        ),
        data=data,
        panel_px=160.0,
    )


def course_picture(result: Mapping[str, Any]) -> Figure | None:
    """Each biomarker's future under each regimen with 95 % intervals; None without courses."""
    regimens = [r for r in result.get("regimens") or [] if r.get("course")]
    if not regimens:
        return None
    observed = ((result.get("twin") or {}).get("fit") or {}).get("observed") or []
    names = list(dict.fromkeys(band["biomarker"] for r in regimens for band in r["course"]))
    first = [
        next(b for r in regimens for b in r["course"] if b["biomarker"] == name) for name in names
    ]
    data = rows(
        _HEADER,
        [
            (r["key"], b["biomarker"], b.get("unit"), *p, None)
            for r in regimens
            for b in r["course"]
            for p in _rows(b)
        ]
        + _measured([o for o in observed if o.get("biomarker") in names]),
    )
    shown = [
        (
            str(r["key"]),
            style.short(r.get("title") or r["key"]),
            style.regimen_colour(str(r["key"]), i),
            style.dash(str(r["key"])),
        )
        for i, r in enumerate(regimens)
    ]
    ends = []
    for name in names:
        at = [
            f"{r.get('title') or r['key']} {_now(b, -1)}"
            for r in regimens
            for b in r["course"]
            if b["biomarker"] == name
        ]
        ends.append(f"{biomarker_words(name)}: " + ", ".join(at))
    years = max(number_of(b["time_years"][-1]) for b in first if b["time_years"])
    return Figure(
        name="patient_course",
        title="The patient's course under each regimen",
        caption="Thick lines are posterior medians. The shaded area (first regimen) and the thin "
        "lines (the others) are 95 %"
        " credible intervals; most of that spread is uncertainty about the patient and "
        "common to all regimens.",
        alt=f"{len(names)} panels, {len(regimens)} regimens. Median and 95 % credible interval "
        f"after {plain(years)} years. " + ". ".join(ends) + ".",
        chart=_panels(data, first, shown),
        data=data,
        panel_px=160.0,
    )


def number_of(value: Any) -> float:
    """`value` as a float, 0 when it is missing."""
    return finite(value) or 0.0


def _panels(
    data: Sequence[Row],
    bands: Sequence[Mapping[str, Any]],
    shown: Sequence[tuple[str, str, str, list[float]]],
) -> Any:
    """A panel a biomarker: intervals, medians, measurements; `shown` are (key, words, colour, dash)
    of the curves.
    """
    import altair as alt

    keys = [s[0] for s in shown]
    legend = alt.Legend(
        labelExpr=f"{ {s[0]: s[1] for s in shown} | {'measured': 'measured'} }[datum.label]"
    )
    domain = [*keys, *(["measured"] if any(r["regimen"] == "measured" for r in data) else [])]
    picked, opacity = toggle("regimen")
    base = alt.Chart().encode(  # its data is that of the facet below
        x=alt.X("time_years:Q", title="years from the last visit"),
        color=alt.Color(
            "regimen:N",
            scale=colour(domain, [*(s[2] for s in shown), style.INK]),
            legend=legend,
            sort=domain,
        ),
        opacity=opacity,
        tooltip=tips(
            data,
            {
                "regimen": "",
                "time_years": "years",
                "median": "median",
                "low": "95 % from",
                "high": "to",
            },
        ),
    )
    y = alt.Y("median:Q", title=None).scale(zero=False)
    curves = base.transform_filter("datum.regimen != 'measured'")
    dash = alt.StrokeDash(
        "regimen:N", scale=alt.Scale(domain=keys, range=[s[3] for s in shown]), legend=None
    )
    band = curves.transform_filter(alt.FieldEqualPredicate(field="regimen", equal=keys[0]))
    layers: list[Any] = [
        band.mark_area(fillOpacity=0.18, aria=False).encode(
            y=alt.Y("low:Q", title=None).scale(zero=False), y2="high:Q"
        ),
        curves.mark_line(aria=False).encode(y=y, strokeDash=dash),
        curves.transform_window(place="row_number()", groupby=["regimen", "biomarker"])
        .transform_filter(
            f"datum.place % {max(1, len(bands[0].get('time_years') or []) // 18)} == 0"
        )
        .mark_point(size=170, fillOpacity=0, strokeOpacity=0)
        .encode(y=y),  # unseen: holds the tooltip
        base.transform_filter("datum.regimen == 'measured'")
        .mark_point(size=42, stroke=style.PAPER, strokeWidth=0.8)
        .encode(
            y="measured:Q",
            tooltip=tips(data, {"regimen": "", "time_years": "years", "measured": "value"}),
        ),
    ]
    if len(keys) > 1:
        others = curves.transform_filter(alt.FieldOneOfPredicate(field="regimen", oneOf=keys[1:]))
        thin = others.mark_line(strokeWidth=0.9, strokeOpacity=0.75, aria=False)
        layers[1:1] = [
            thin.encode(y=alt.Y(f"{end}:Q", title=None), strokeDash=dash) for end in ("low", "high")
        ]
    names = {str(b["biomarker"]): _title(b) for b in bands}
    panel = alt.Facet(
        "biomarker:N",
        sort=list(names),
        title=None,
        header=alt.Header(labelExpr=f"{names}[datum.value]"),
    )
    return (
        alt.layer(*layers)
        .add_params(picked)
        .properties(height=150)
        .facet(facet=panel, columns=min(3, len(names)), data=alt.NamedData(DATA))
        .resolve_scale(y="independent")
    )


def _title(band: Mapping[str, Any]) -> str:
    unit = unit_words(band.get("unit"))
    return style.short(biomarker_words(band["biomarker"]) + (f", {unit}" if unit else ""), 34)


def _measured(observed: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (
            "measured",
            o.get("biomarker"),
            o.get("unit"),
            o.get("time_years"),
            None,
            None,
            None,
            o.get("value"),
        )
        for o in observed
    ]


def _observations(observed: Sequence[Mapping[str, Any]], biomarker: str) -> list[Mapping[str, Any]]:
    return [o for o in observed if o.get("biomarker") == biomarker]


def _numbers(values: Any) -> list[float]:
    return [x if (x := finite(v)) is not None else float("nan") for v in values or []]


def _rows(band: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    times = band.get("time_years") or []
    return list(
        zip(
            times,
            *(band.get(k) or [None] * len(times) for k in ("low", "median", "high")),
            strict=False,
        )
    )


def _now(band: Mapping[str, Any], index: int) -> str:
    found = _rows(band)
    if not found:
        return "not reported"
    _, low, median, high = found[index]
    return f"{number(median)} ({number(low)} to {number(high)})"


def _coverage(
    bands: Sequence[Mapping[str, Any]], observed: Sequence[Mapping[str, Any]]
) -> tuple[int, int]:
    """How many measurements lie inside their band, and how many could be compared."""
    import numpy as np

    inside = total = 0
    for band in bands:
        time, low, high = (
            np.asarray(_numbers(band.get(key))) for key in ("time_years", "low", "high")
        )
        if not (len(time) == len(low) == len(high)) or len(time) == 0:
            continue
        for point in _observations(observed, band["biomarker"]):
            at, value = finite(point.get("time_years")), finite(point.get("value"))
            if at is None or value is None or not time.min() - 1e-6 <= at <= time.max() + 1e-6:
                continue
            total += 1
            inside += int(np.interp(at, time, low) <= value <= np.interp(at, time, high))
    return inside, total
