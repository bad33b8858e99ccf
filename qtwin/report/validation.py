"""Whether the posterior is right, in two figures: ranks of the truth among posterior draws, and coverage of the forecast."""

from __future__ import annotations

from qtwin.report import look
from qtwin.report.chart import DATA, Figure, colour, data_chart, fixed_chart, rows, tips, toggle, with_interval
from qtwin.report.words import plain_key
from qtwin.twin.synthetic import AHEAD, HORIZON_YEARS
from qtwin.twin.validation import Validation

_WORDS = {
    "kin": "Amyloid build-up",
    "r": "Speed of decline",
    "tau_gain": "Tau growth",
    "amyloid_0": "Amyloid at start",
    "p_tau_0": "p-tau217 at start",
    "tau_0": "Tau at start",
    "hippocampus_0": "Hippocampus",
    "cdr_sb_0": "CDR-SB at start",
    AHEAD: f"CDR-SB in {HORIZON_YEARS:g} years",
}
_PANELS = 3


def ranks_picture(validation: Validation) -> Figure:
    """Rank histogram of every quantity.

    Args:
        validation: From `qtwin.twin.validation.validate`.
    """
    import altair as alt

    ranks = validation.ranks
    names = {r.quantity: _WORDS.get(r.quantity, plain_key(r.quantity)) for r in ranks}
    data = rows(
        ["quantity", "bin", "from_rank", "to_rank", "count", "of", "low", "high", "p_chi_square", "p_kolmogorov"],
        [
            (
                *(names[r.quantity], k, k * (r.n_draws + 1) / len(r.counts), (k + 1) * (r.n_draws + 1) / len(r.counts)),
                *(int(count), len(r.ranks), *r.band_99, r.chi_square_p, r.kolmogorov_p),
            )
            for r in ranks
            for k, count in enumerate(r.counts)
        ],
    )
    base = alt.Chart().encode(
        x=alt.X("from_rank:Q", title=f"rank (0 to {ranks[0].n_draws})").scale(nice=False).axis(tickCount=3),
        x2="to_rank:Q",
        tooltip=tips(
            data,
            {
                "quantity": "quantity",
                "from_rank": "rank from",
                "to_rank": "to",
                "count": "patients",
                "low": "99 % band from",
                "high": "to ",
                "p_chi_square": "p, chi-square",
                "p_kolmogorov": "p, Kolmogorov",
            },
        ),
    )
    band = base.mark_rect(color=look.GREY, opacity=0.25, aria=False).encode(y=alt.Y("low:Q", title=None), y2="high:Q")
    bars = base.mark_rect(color=look.SKY, stroke=look.PAPER, strokeWidth=1).encode(
        y=alt.Y("count:Q", title=None).axis(tickCount=3), y2=alt.datum(0)
    )
    edges = [
        base.mark_rule(style="ink", strokeDash=[3, 2], strokeWidth=0.9, aria=False).encode(y=alt.Y(f"{end}:Q"))
        for end in ("low", "high")
    ]
    outside = sum(int(((r.counts < r.band_99[0]) | (r.counts > r.band_99[1])).sum()) for r in ranks)
    p = validation.smallest_p
    chance = "no sign that the ranks are uneven" if p > 0.01 else "the ranks are uneven beyond chance"
    return Figure(
        name="twin_validation_ranks",
        title="Is the posterior right? Ranks of the truth among posterior draws",
        caption=f"Rank of the true value among {ranks[0].n_draws} posterior draws for {len(ranks[0].ranks)} simulated patients,"
        " who are counted in bins; a right posterior gives even bars, 99 % of them between the dashed lines.",
        alt=f"{outside} of {sum(len(r.counts) for r in ranks)} bars lie outside the 99 % band; smallest p-value times the number"
        f" of tests {p:.2g}: {chance}.",
        chart=alt.layer(band, bars, *edges)
        .properties(height=95)
        .facet(facet=alt.Facet("quantity:N", sort=list(names.values()), title=None), columns=_PANELS, data=alt.NamedData(DATA)),
        data=data,
        panel_px=150.0,
    )


def coverage_picture(validation: Validation) -> Figure:
    """Coverage of the forecast against the number of visits, with what the intervals claim."""
    import altair as alt

    groups = [(validation.model, validation.coverage), (validation.other_model, validation.misspecified)]
    data = rows(
        ["patients_of", "n_visits", "level", "interval", "share", "inside", "of", "low", "high", "fitted_model"],
        [
            (
                *(who, c.n_visits, c.level, f"{100 * c.level:.0f} % interval", c.share, c.inside, c.n_patients, c.low, c.high),
                "its own" if group is validation.coverage else "another",
            )
            for who, group in groups
            for c in group
        ],
    )
    intervals = list(dict.fromkeys(row["interval"] for row in data))
    colours = [look.BLUE, look.VERMILLION, look.GREEN][: len(intervals)]
    visits = sorted({row["n_visits"] for row in data})
    picked, opacity = toggle("interval")
    legend = alt.Color("interval:N", scale=colour(intervals, colours), sort=intervals)
    base = (
        data_chart()
        .transform_calculate(series="datum.interval + (datum.fitted_model == 'another' ? ', other' : '')")
        .encode(
            x=alt.X("n_visits:O", title="number of half-yearly visits", sort=visits, scale=alt.Scale(type="band")).axis(
                labelAngle=0, grid=False, labelExpr="datum.label"
            ),
            xOffset=alt.XOffset("series:N"),
            color=legend,
            opacity=opacity,
            tooltip=tips(
                data,
                {
                    "interval": "interval",
                    "n_visits": "visits",
                    "patients_of": "patients of",
                    "share": "inside",
                    "low": "95 % from",
                    "high": "to",
                    "of": "patients",
                },
            ),
        )
    )
    y = alt.Y("share:Q", title="patients whose truth is inside").scale(zero=False, padding=8).axis(format="~%")
    claims = fixed_chart(
        [{"interval": f"{100 * v:.0f} % interval", "level": v} for v in sorted({c.level for c in validation.coverage})]
    )
    shape = alt.Shape("fitted_model:N", scale=colour(["its own", "another"], ["circle", "square"]), legend=None)
    said = [
        f"{100 * c.level:.0f} % interval, {c.n_visits} visit{'s' if c.n_visits > 1 else ''}{who}: {100 * c.share:.0f} %"
        f" ({100 * c.low:.0f} to {100 * c.high:.0f} %)"
        for who, group in (("", validation.coverage), (f", patients of {validation.other_model}", validation.misspecified))
        for c in group
    ]
    other = ""
    if validation.other_model:
        other = f" Squares: patients of the model {validation.other_model}, fitted with {validation.model}."
    return Figure(
        name="twin_validation_coverage",
        title=f"Coverage of the {HORIZON_YEARS:g}-year CDR-SB forecast",
        caption=f"How often the interval for the error-free CDR-SB {HORIZON_YEARS:g} years after the last visit holds the truth;"
        f" bars are exact 95 % confidence intervals, dashed lines what the interval claims.{other}",
        alt="Coverage: " + "; ".join(said) + ".",
        chart=alt.layer(
            claims.mark_rule(strokeDash=[5, 3], aria=False).encode(y=alt.Y("level:Q"), color=legend),
            *with_interval(base, y, "low", "high", shape=shape),
        )
        .add_params(picked)
        .properties(height=300),
        data=data,
    )
