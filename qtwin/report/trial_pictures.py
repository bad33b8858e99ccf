"""Pictures of a virtual trial: change over time, who benefits, dose response, power."""

from __future__ import annotations

from collections.abc import Sequence

from qtwin.report import style
from qtwin.report.chart import (
    Figure,
    colour,
    data_chart,
    fixed_chart,
    line_at,
    rows,
    tips,
    toggle,
    with_interval,
)
from qtwin.report.number import biomarker_words, number
from qtwin.twin.trial_analysis import ArmResult, DosePoint, Power, Predictor, Subgroup


def change_picture(
    arms: Sequence[ArmResult], weeks: Sequence[float], *, endpoint: str, unit: str
) -> Figure:
    """Mean change from baseline in each arm with 95 % confidence intervals."""
    import altair as alt

    at, names = [0.0, *weeks], [arm.name for arm in arms]
    data = rows(
        ["arm", "week", "n", "mean_change", "low", "high"],
        [
            (arm.name, w, arm.n_observed[k], arm.change[k], arm.low[k], arm.high[k])
            for arm in arms
            for k, w in enumerate(at)
        ],
    )
    picked, opacity = toggle("arm")
    apart = f"datum.week + 0.35 * (indexof({names}, datum.arm) - {0.5 * (len(arms) - 1)})"
    base = (
        data_chart()
        .transform_calculate(shown=apart)
        .encode(
            x=alt.X("shown:Q", title="weeks since baseline"),
            color=alt.Color("arm:N", scale=colour(names, style.series(len(names)))),
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "arm": "arm",
                    "week": "week",
                    "mean_change": "mean change",
                    "low": "95 % from",
                    "high": "to",
                    "n": "n",
                },
            ),
        )
    )
    y = alt.Y("mean_change:Q", title=f"change of {biomarker_words(endpoint)} ({unit})")
    shape = alt.Shape("arm:N", scale=colour(names, style.shapes(len(names))))
    last = "; ".join(
        f"{a.name} {number(a.change[-1])} ({number(a.low[-1])} to {number(a.high[-1])})"
        for a in arms
    )
    return Figure(
        name="trial_change",
        title="Change from baseline",
        caption="Mean of the measured change in those still in the trial, with 95 % confidence "
        "intervals. Points are set"
        " a little apart.",
        alt=f"At the last assessment: {last}.",
        chart=alt.layer(
            line_at(0.0, "y"),
            base.mark_line(aria=False).encode(y=y),
            *with_interval(base, y, "low", "high", shape=shape),
        )
        .add_params(picked)
        .properties(height=290),
        data=data,
    )


def subgroup_picture(
    groups: Sequence[Subgroup], *, arm: str, overall: tuple[float, float, float], unit: str
) -> Figure:
    """Forest plot of the effect in subgroups."""
    import altair as alt

    data = rows(
        ["biomarker", "group", "n", "difference", "low", "high", "row"],
        [
            (
                g.biomarker,
                g.label,
                g.n,
                g.difference,
                g.low,
                g.high,
                f"{biomarker_words(g.biomarker)}: {g.label}",
            )
            for g in groups
        ],
    )
    base = data_chart().encode(
        y=alt.Y("row:N", sort=[r["row"] for r in data], title=None),
        color=alt.value(style.BLUE),
        tooltip=tips(
            data,
            {
                "row": "group",
                "n": "n",
                "difference": f"effect ({unit})",
                "low": "95 % from",
                "high": "to",
            },
        ),
    )
    x = alt.X(
        "difference:Q", title=f"effect against the comparator ({unit}); left of 0 is slower decline"
    )
    everybody = fixed_chart([{"low": overall[1], "high": overall[2]}]).mark_rect(
        opacity=0.25, color=style.SKY, aria=False
    )
    return Figure(
        name="trial_subgroups",
        title=f"Effect of {arm} by measured baseline",
        caption="Thirds of each biomarker as measured at baseline, and APOE e4 copies, with 95 % "
        "confidence intervals not"
        " corrected for their number. The band is the effect in everybody.",
        alt="; ".join(
            f"{g.biomarker} {g.label}: {number(g.difference)} ({number(g.low)} to {number(g.high)})"
            for g in groups
        ),
        chart=alt.layer(
            everybody.encode(x=alt.X("low:Q"), x2="high:Q"),
            line_at(0.0),
            line_at(overall[0], dashed=True),
            *with_interval(base, x, "low", "high"),
        ).properties(height={"step": 22}),
        data=data,
    )


def predictor_picture(found: Sequence[Predictor]) -> Figure:
    """How well each measured baseline tells who benefits."""
    import altair as alt

    data = rows(
        ["biomarker", "correlation", "low", "high", "interaction_p"],
        [
            (biomarker_words(p.biomarker), p.correlation, p.low, p.high, p.interaction_p)
            for p in found
        ],
    )
    base = data_chart().encode(
        y=alt.Y("biomarker:N", sort=[r["biomarker"] for r in data], title=None),
        color=alt.value(style.BLUE),
        tooltip=tips(
            data,
            {
                "biomarker": "biomarker",
                "correlation": "rank correlation",
                "low": "95 % from",
                "high": "to",
                "interaction_p": "p of the interaction",
            },
        ),
    )
    x = alt.X("correlation:Q", title="rank correlation with the patient's true benefit")
    return Figure(
        name="trial_predictors",
        title="Which baseline biomarker predicts benefit",
        caption="Spearman correlation between the measured baseline and the true effect in each "
        "patient, which only a simulation"
        " knows; bootstrap 95 % confidence intervals.",
        alt="; ".join(
            f"{p.biomarker} {number(p.correlation)} ({number(p.low)} to {number(p.high)})"
            for p in found
        ),
        chart=alt.layer(line_at(0.0), *with_interval(base, x, "low", "high")).properties(
            height={"step": 26}
        ),
        data=data,
    )


def power_picture(found: Sequence[Power], *, arm: str) -> Figure:
    """Power against the number of patients."""
    import altair as alt

    data = rows(
        ["n_per_arm", "expected", "found", "low", "high"],
        [(p.n_per_arm, p.expected, p.found, p.low, p.high) for p in found],
    )
    kinds = {"non-central t": style.BLUE, "resampled trials": style.VERMILLION}
    base = data_chart().encode(
        x=alt.X("n_per_arm:Q", title="patients randomised to each arm")
        .scale(type="log", nice=False, padding=14)
        .axis(values=[p.n_per_arm for p in found], format=",d"),
        tooltip=tips(
            data,
            {
                "n_per_arm": "patients an arm",
                "expected": "expected",
                "found": "found",
                "low": "95 % from",
                "high": "to",
            },
        ),
    )
    legend = alt.Color("of:N", scale=colour(list(kinds), list(kinds.values())))
    y = alt.Y("found:Q", title="power").scale(domain=[0.0, 1.02], nice=False).axis(format="~%")
    theory = base.transform_calculate(of="'non-central t'").mark_line(aria=False)
    trials = base.transform_calculate(of="'resampled trials'").encode(color=legend)
    enough = [p.n_per_arm for p in found if p.expected >= 0.8]
    words = f"{enough[0]:,} patients an arm give 80 %." if enough else "80 % is not reached."
    return Figure(
        name="trial_power",
        title=f"Power for {arm}",
        caption="Chance of p < 0.05 in a trial of this size: theory as a line, trials resampled "
        "out of this one as points with"
        f" 95 % confidence intervals. {words}",
        alt="; ".join(
            f"{p.n_per_arm}: {100 * p.expected:.0f} % expected, {100 * p.found:.0f} % found"
            for p in found
        ),
        chart=alt.layer(
            line_at(0.8, "y", dashed=True),
            theory.encode(y=alt.Y("expected:Q", title="power"), color=legend),
            *with_interval(trials, y, "low", "high"),
        ).properties(height=260),
        data=data,
    )


def dose_picture(points: Sequence[DosePoint], *, unit: str) -> Figure:
    """Effect against dose rate."""
    import altair as alt

    data = rows(
        ["arm", "relative", "difference", "low", "high"],
        [(p.arm, p.relative, p.difference, p.low, p.high) for p in points],
    )
    base = data_chart().encode(
        x=alt.X("relative:Q", title="dose rate (share of the highest)")
        .scale(domain=[0.0, 1.08], nice=False)
        .axis(format="~%"),
        color=alt.value(style.BLUE),
        tooltip=tips(
            data,
            {
                "arm": "arm",
                "relative": "dose rate",
                "difference": f"effect ({unit})",
                "low": "95 % from",
                "high": "to",
            },
        ),
    )
    return Figure(
        name="trial_dose",
        title="Effect by dose",
        caption="Effect against the comparator at the last assessment with 95 % confidence "
        "intervals, by dose rate"
        " over the highest.",
        alt="; ".join(
            f"{100 * p.relative:.0f} %: {number(p.difference)} ({number(p.low)} to "
            f"{number(p.high)})"
            for p in points
        ),
        chart=alt.layer(
            line_at(0.0, "y"),
            *with_interval(base, alt.Y("difference:Q", title=f"effect ({unit})"), "low", "high"),
        ).properties(height=250),
        data=data,
    )
