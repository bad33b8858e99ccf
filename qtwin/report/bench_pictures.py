"""Pictures of a sweep: time to solution against size, with the fits, and performance profiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qtwin.benchmark.analysis import Cell
from qtwin.benchmark.profile import performance_profile
from qtwin.benchmark.scaling import Fit
from qtwin.report import style
from qtwin.report.chart import (
    PERCENT,
    PLAIN,
    SECONDS,
    Figure,
    colour,
    data_chart,
    decades,
    fixed_chart,
    legend,
    rows,
    tips,
    toggle,
    with_interval,
)

if TYPE_CHECKING:
    pass


def by_name(field: str, names: Sequence[str]) -> dict[str, Any]:
    """A colour, a shape and a dash for each name; they repeat after different counts, so that no
    two names share all three.
    """
    import altair as alt

    n, order = len(names), list(names)
    return {
        "color": alt.Color(
            field,
            type="nominal",
            scale=colour(names, style.many(n)),
            sort=order,
            legend=legend(names),
        ),
        "shape": alt.Shape(field, type="nominal", scale=colour(names, style.shapes(n)), sort=order),
        "strokeDash": alt.StrokeDash(
            field,
            type="nominal",
            scale=alt.Scale(domain=order, range=style.dashes(n)),
            sort=order,
            legend=legend(names),
        ),
    }


def growth_picture(family: str, cells: Sequence[Cell], fits: Mapping[str, Fit]) -> Figure:
    """Median 99 % time to solution of every solver against size; open markers at the top were never
    solved by half.
    """
    import altair as alt

    labels = sorted({c.label for c in cells})
    none = (None, None)
    header = [
        "solver",
        "n",
        "instances",
        "runs",
        "successes",
        "low",
        "high",
        "run_s",
        "tts_s",
        "tts_low_s",
        "tts_high_s",
        "kind",
    ]
    header += [
        "samples_to_solution",
        "sample_tts_s",
        "qpu_tts_s",
        "qpu_tts_low_s",
        "qpu_tts_high_s",
    ]
    data = rows(
        header,
        [
            (
                *(
                    c.label,
                    c.n,
                    c.instances,
                    c.runs,
                    c.successes,
                    *(c.interval or none),
                    c.run_s,
                    c.tts_s,
                ),
                *(
                    *(c.tts_interval or none),
                    c.kind,
                    c.reads_to_solution,
                    c.read_tts_s,
                    c.qpu_tts_s,
                ),
                *(c.qpu_tts_interval or none),
            )
            for c in cells
        ],
    )
    known = [c.tts_s for c in cells if math.isfinite(c.tts_s) and c.tts_s > 0]
    ceiling = 3.0 * max(known, default=1.0)
    unsolved = len(known) < len(cells)
    ends = [
        min(known, default=1.0) / 2.0,
        2.0 * ceiling if unsolved else 2.0 * max(known, default=1.0),
    ]
    style = by_name("solver", labels)
    picked, opacity = toggle("solver")
    named = {"color": style["color"], "opacity": opacity}
    x = (
        alt.X("n:Q", title="variables")
        .scale(zero=False, nice=False, padding=10)
        .axis(format="d", tickMinStep=1)
    )
    y = alt.Y("time:Q", title="99 % time to solution, all costs (log scale)").axis(
        labelExpr=SECONDS, values=decades(*ends)
    )
    y = y.scale(type="log", domain=ends, nice=False)
    titles = {
        "solver": "solver",
        "n": "variables",
        "tts_s": "99 % time to solution (s)",
        "run_s": "a run (s)",
    }
    titles |= {"successes": "runs that succeeded", "runs": "of", "instances": "instances"}
    points = data_chart().encode(
        x=x, y=y, shape=style["shape"], tooltip=tips(data, titles), **named
    )
    solved = points.transform_filter("isValid(datum.tts_s)").transform_calculate(time="datum.tts_s")
    never = points.transform_filter("!isValid(datum.tts_s)").transform_calculate(time=str(ceiling))
    layers: list[Any] = []
    curves = [
        {
            "solver": label,
            "n": float(n),
            "time": value,
            "from": interval.low,
            "to": min(interval.high, 1e300),
        }
        for label, fit in fits.items()
        for n in np.linspace(fit.sizes[0], fit.sizes[-1], 40)
        for value, interval in (fit.at(float(n)),)
    ]
    if curves:
        laws = fixed_chart(curves).encode(x=x, **named)
        band = laws.mark_area(fillOpacity=0.16, strokeWidth=0, clip=True, aria=False)
        layers += [
            band.encode(
                y=alt.Y("from:Q", scale=y["scale"], axis=y["axis"], title=y["title"]), y2="to:Q"
            ),
            laws.mark_line(strokeWidth=1.6, clip=True, aria=False).encode(y=y),
        ]
    loose = [
        name
        for name in labels
        if name not in fits and any(c.label == name and math.isfinite(c.tts_s) for c in cells)
    ]
    if loose:
        free = solved.transform_filter(alt.FieldOneOfPredicate(field="solver", oneOf=loose))
        layers.append(
            free.mark_line(strokeWidth=1.3, aria=False).encode(
                shape=alt.Undefined, tooltip=alt.Undefined
            )
        )
    if known:
        layers.append(solved.mark_point(size=60))
    if unsolved:
        layers.append(never.mark_point(size=60, filled=False, strokeWidth=1.6))
    words = "; ".join(
        f"{label} grows by {f.base:.3g} a variable ({f.base_interval.low:.3g} to "
        f"{f.base_interval.high:.3g})"
        for label, f in sorted(fits.items())
        if f.form == "exponential"
    )
    return Figure(
        name=f"growth_{family.replace('-', '_')}",
        title=f"Time to solution, {family}",
        caption="Medians over instances; lines are the better of an exponential and a power law, "
        "bands its 95 % confidence"
        " interval. Open markers: fewer than half of the instances were solved.",
        alt=(words or f"Times of {len(labels)} solvers on {family}") + ".",
        chart=alt.layer(*layers).add_params(picked).properties(height=320),
        data=data,
    )


def outcome_picture(
    family: str, cells: Sequence[Cell], outcomes: Sequence[tuple[str, float]]
) -> Figure:
    """Every run at one size: its energy above the best known, and how often a run reaches that,
    with its interval.

    Args:
        family: Its name in tables.
        cells: One for each solver.
        outcomes: (solver, energy above the best known of the instance) of every feasible answer.
    """
    import altair as alt

    order = [c.label for c in sorted(cells, key=lambda c: (-c.probability, c.label))]
    header = ["solver", "above", "success", "low", "high", "successes", "runs"]
    data = rows(
        header,
        [
            *(
                (c.label, None, c.probability, *(c.interval or (None, None)), c.successes, c.runs)
                for c in cells
            ),
            *((solver, above, *(None,) * 5) for solver, above in sorted(outcomes)),
        ],
    )
    shades = colour(order, style.many(len(order)))
    base = data_chart().encode(
        y=alt.Y("solver:N", sort=order, title=None, scale=alt.Scale(type="band", paddingInner=0.3)),
        color=alt.Color("solver:N", scale=shades, legend=None),
    )
    energies = base.transform_filter("isValid(datum.above)")
    x = alt.X("above:Q", title="energy above the best known").axis(labelExpr=PLAIN)
    told = {"solver": "solver", "above": "above the best known"}
    strip = alt.layer(
        energies.mark_boxplot(extent="min-max", size=14, opacity=0.35).encode(x=x),
        energies.mark_point(size=26, filled=True, opacity=0.7).encode(
            x=x, tooltip=tips(data, told)
        ),
    )
    rates = base.transform_filter("isValid(datum.runs)").encode(
        tooltip=tips(
            data,
            {
                "solver": "solver",
                "successes": "successes",
                "runs": "runs",
                "low": "95 % from",
                "high": "95 % to",
            },
        )
    )
    success = (
        alt.X("success:Q", title="runs at the best known energy")
        .scale(domain=[0.0, 1.0])
        .axis(labelExpr=PERCENT)
    )
    best = max(cells, key=lambda c: c.probability)
    ends = (
        ""
        if best.interval is None
        else f", 95 % interval {100 * best.interval.low:.0f} to {100 * best.interval.high:.0f} %"
    )
    n = max(c.n for c in cells)
    return Figure(
        name=f"runs_{family.replace('-', '_')}",
        title=f"Every run, {family}, {n} variables",
        caption="Left: each feasible answer, with the quartiles and both ends. Right: share of "
        "runs that reach the best known"
        " energy, with its 95 % interval; none for fewer than ten runs.",
        alt=f"{best.label} reaches the best known energy in {best.successes} of {best.runs} "
        f"runs{ends}.",
        chart=alt.concat(
            strip.properties(height=34 * len(order) + 20),
            alt.layer(*with_interval(rates, success, "low", "high")).properties(
                height=34 * len(order) + 20
            ),
            columns=2,
        ),
        data=data,
        rows_shared=True,
    )


def profile_picture(times_s: Mapping[str, Sequence[float]], warning: str) -> Figure:
    """Share of all instances that each solver solves within a factor of the best one."""
    import altair as alt

    ratios = np.geomspace(1.0, 1e6, 60)
    shares = performance_profile(times_s, ratios.tolist())
    data = rows(
        ["solver", "ratio", "share"],
        [
            (s, float(r), float(v))
            for s, row in shares.items()
            for r, v in zip(ratios, row, strict=True)
        ],
    )
    style = by_name("solver", sorted(shares))
    picked, opacity = toggle("solver")
    ends = [1.0, 1e6]
    base = data_chart().encode(
        x=alt.X("ratio:Q", title="time over the best solver's, same instance (log scale)")
        .scale(type="log", domain=ends, nice=False)
        .axis(labelExpr=PLAIN, values=decades(*ends)),
        y=alt.Y("share:Q", title="instances solved")
        .scale(domain=[0.0, 1.0])
        .axis(labelExpr=PERCENT),
        color=style["color"],
        opacity=opacity,
    )
    held = base.transform_window(place="row_number()", groupby=["solver"]).transform_filter(
        "datum.place % 5 == 1"
    )
    first = {label: 100.0 * float(share[0]) for label, share in shares.items()}
    best = max(first, key=lambda label: first[label])
    return Figure(
        name="performance_profile",
        title="Performance profiles",
        caption="Share of instances solved within a factor of the best solver's 99 % time to "
        "solution. At the left: how often a"
        " solver is the quickest; at the right: how often it solves at all (Dolan, Moré 2002)."
        + (f" {warning}" if warning else ""),
        alt=f"{best} is the quickest on {first[best]:.0f} % of the instances.",
        chart=alt.layer(
            base.mark_line(interpolate="step-after", strokeWidth=1.8, aria=False).encode(
                strokeDash=style["strokeDash"]
            ),
            held.mark_point(size=70, fillOpacity=0, strokeOpacity=0).encode(
                tooltip=tips(
                    data, {"solver": "solver", "ratio": "times the best", "share": "solved"}
                )
            ),  # unseen: holds the tooltip
        )
        .add_params(picked)
        .properties(height=300),
        data=data,
    )
