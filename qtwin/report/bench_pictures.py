"""Pictures of a sweep: time to solution against size, with the fits, and performance profiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from qtwin.benchmark.analysis import Cell
from qtwin.benchmark.profile import performance_profile
from qtwin.benchmark.scaling import Fit
from qtwin.report import look
from qtwin.report.chart import PERCENT, PLAIN, SECONDS, Figure, colour, data_chart, decades, rows, tips, toggle, with_interval


def growth_picture(family: str, cells: Sequence[Cell], fits: Mapping[str, Fit]) -> Figure:
    """Median 99 % time to solution of every solver against size; open markers at the top were never solved by half."""
    import altair as alt

    labels = sorted({c.label for c in cells})
    finite = [c.tts_s for c in cells if math.isfinite(c.tts_s)]
    ceiling = 3.0 * max(finite, default=1.0)
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
        "samples_to_solution",
        "sample_tts_s",
        "qpu_tts_s",
        "qpu_tts_low_s",
        "qpu_tts_high_s",
        "fit_s",
        "fit_low_s",
        "fit_high_s",
    ]
    curves = [
        (label, float(n), *(None,) * 15, value, interval.low, interval.high)
        for label, fit in sorted(fits.items())
        if label in labels
        for n in np.linspace(fit.sizes[0], fit.sizes[-1], 40)
        for value, interval in [fit.at(float(n))]
    ]
    none = (None, None)
    measured = [
        (
            *(c.label, c.n, c.instances, c.runs, c.successes, *(c.interval or none), c.run_s, c.tts_s, *(c.tts_interval or none)),
            *(c.kind, c.reads_to_solution, c.read_tts_s, c.qpu_tts_s, *(c.qpu_tts_interval or none)),
            *(None, None, None),
        )
        for c in cells
    ]
    data = rows(header, [*measured, *curves])
    drawn = [row[key] for row in data for key in ("tts_s", "fit_low_s", "fit_high_s") if row[key]]
    ends = [min(drawn, default=1e-3) / 1.5, max([*drawn, ceiling]) * 1.5]
    picked, opacity = toggle("solver")
    base = data_chart().encode(
        x=alt.X("n:Q", title="variables").scale(zero=False, padding=10).axis(format="d"),
        color=alt.Color("solver:N", scale=colour(labels, look.many(len(labels)))),
        opacity=opacity,
    )
    scale = alt.Scale(type="log", domain=ends, nice=False)
    y = alt.Y("at:Q", title="99 % time to solution, all costs", scale=scale).axis(labelExpr=SECONDS, values=decades(*ends))
    shape = alt.Shape("solver:N", scale=colour(labels, look.shapes(len(labels))))
    cells_ = base.transform_filter("isValid(datum.runs)").transform_calculate(
        at=f"isValid(datum.tts_s) ? datum.tts_s : {ceiling}", solved="isValid(datum.tts_s)"
    )
    lines = base.transform_filter("isValid(datum.fit_s)")
    unfitted = cells_.transform_filter(
        alt.FieldOneOfPredicate(field="solver", oneOf=[label for label in labels if label not in fits])
    ).transform_filter("datum.solved")
    told = tips(
        data,
        {
            "solver": "solver",
            "n": "variables",
            "tts_s": "time to solution (s)",
            "run_s": "one run (s)",
            "successes": "successes",
            "runs": "runs",
            "instances": "instances",
        },
    )
    words = "; ".join(
        f"{label} grows by {f.base:.3g} a variable ({f.base_interval.low:.3g} to {f.base_interval.high:.3g})"
        for label, f in sorted(fits.items())
        if f.form == "exponential"
    )
    return Figure(
        name=f"growth_{family.replace('-', '_')}",
        title=f"Time to solution, {family}",
        caption="Medians over instances; lines are the better of an exponential and a power law, bands its 95 % confidence"
        " interval. Open markers at the top: fewer than half of the instances were solved.",
        alt=(words or f"Times of {len(labels)} solvers on {family}") + ".",
        chart=alt.layer(
            lines.mark_area(fillOpacity=0.15, clip=True, aria=False).encode(
                y=alt.Y("fit_low_s:Q", title="99 % time to solution, all costs", scale=scale), y2="fit_high_s:Q"
            ),
            lines.mark_line(clip=True, aria=False).encode(y=alt.Y("fit_s:Q", title="99 % time to solution, all costs")),
            unfitted.mark_line(strokeWidth=1.2, aria=False).encode(y=y),
            cells_.transform_filter("datum.solved").mark_point(size=60).encode(y=y, shape=shape, tooltip=told),
            cells_.transform_filter("!datum.solved")
            .mark_point(size=60, filled=False, strokeWidth=1.6)
            .encode(y=y, shape=shape, tooltip=told),
        )
        .add_params(picked)
        .properties(height=310),
        data=data,
    )


def outcome_picture(family: str, cells: Sequence[Cell], outcomes: Sequence[tuple[str, float]]) -> Figure:
    """Every run at one size: its energy above the best known, and how often a run reaches that, with its interval.

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
            *((c.label, None, c.probability, *(c.interval or (None, None)), c.successes, c.runs) for c in cells),
            *((solver, above, *(None,) * 5) for solver, above in sorted(outcomes)),
        ],
    )
    shades = colour(order, look.many(len(order)))
    base = data_chart().encode(
        y=alt.Y("solver:N", sort=order, title=None, scale=alt.Scale(type="band", paddingInner=0.3)),
        color=alt.Color("solver:N", scale=shades, legend=None),
    )
    energies = base.transform_filter("isValid(datum.above)")
    x = alt.X("above:Q", title="energy above the best known").axis(labelExpr=PLAIN)
    told = {"solver": "solver", "above": "above the best known"}
    strip = alt.layer(
        energies.mark_boxplot(extent="min-max", size=14, opacity=0.35).encode(x=x),
        energies.mark_point(size=26, filled=True, opacity=0.7).encode(x=x, tooltip=tips(data, told)),
    )
    rates = base.transform_filter("isValid(datum.runs)").encode(
        tooltip=tips(data, {"solver": "solver", "successes": "successes", "runs": "runs", "low": "95 % from", "high": "95 % to"})
    )
    success = alt.X("success:Q", title="runs at the best known energy").scale(domain=[0.0, 1.0]).axis(labelExpr=PERCENT)
    best = max(cells, key=lambda c: c.probability)
    ends = "" if best.interval is None else f", 95 % interval {100 * best.interval.low:.0f} to {100 * best.interval.high:.0f} %"
    n = max(c.n for c in cells)
    return Figure(
        name=f"runs_{family.replace('-', '_')}",
        title=f"Every run, {family}, {n} variables",
        caption="Left: each feasible answer, with the quartiles and both ends. Right: share of runs that reach the best known"
        " energy, with its 95 % interval; none for fewer than ten runs.",
        alt=f"{best.label} reaches the best known energy in {best.successes} of {best.runs} runs{ends}.",
        chart=alt.concat(
            strip.properties(height=34 * len(order) + 20),
            alt.layer(*with_interval(rates, success, "low", "high")).properties(height=34 * len(order) + 20),
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
        [(s, float(r), float(v)) for s, row in sorted(shares.items()) for r, v in zip(ratios, row, strict=True)],
    )
    names = sorted(shares)
    picked, opacity = toggle("solver")
    first = {label: 100.0 * float(share[0]) for label, share in shares.items()}
    best = max(first, key=lambda label: first[label])
    base = data_chart().encode(
        x=alt.X("ratio:Q", title="99 % time to solution over the best solver's, on the same instance")
        .scale(type="log", domain=[1.0, 1e6], nice=False)
        .axis(labelExpr=PLAIN, values=decades(1.0, 1e6, most=7)),
        y=alt.Y("share:Q", title="instances solved").scale(domain=[0.0, 1.02], nice=False).axis(format="~%"),
        color=alt.Color("solver:N", scale=colour(names, look.many(len(names)))),
        opacity=opacity,
        tooltip=tips(data, {"solver": "solver", "ratio": "factor of the best", "share": "share solved"}),
    )
    return Figure(
        name="performance_profile",
        title="Performance profiles",
        caption="At the left: how often a solver is the quickest; at the right: how often it solves at all (Dolan, Moré 2002)."
        + (f" {warning}" if warning else ""),
        alt=f"{best} is the quickest on {first[best]:.0f} % of the instances.",
        chart=alt.layer(
            base.mark_line(interpolate="step-after", aria=False).encode(
                strokeDash=alt.StrokeDash("solver:N", scale=alt.Scale(domain=names, range=look.dashes(len(names))))
            ),
            base.mark_point(size=110, fillOpacity=0, strokeOpacity=0),  # unseen: holds the tooltip
        )
        .add_params(picked)
        .properties(height=270),
        data=data,
    )
