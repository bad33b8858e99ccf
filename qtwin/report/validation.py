"""Whether the posterior is right, in one figure: ranks of the truth among posterior draws, and coverage of the forecast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.picture import Picture, table
from qtwin.report.words import plain_key
from qtwin.twin.synthetic import AHEAD, HORIZON_YEARS
from qtwin.twin.validation import Coverage, Ranks, Validation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

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
_COLOURS = (look.BLUE, look.VERMILLION, look.GREEN)
_MARKERS = ("o", "D", "^")
_DASH: Any = (0, (5, 2))
_WIDE_IN, _NARROW_IN = 4.7, 9.4
"""Heights in inches of the drawing for a desk and for a phone."""


def validation_picture(validation: Validation) -> Picture:
    """Rank histograms of every quantity, and coverage against the number of visits with the nominal lines.

    Args:
        validation: From `qtwin.twin.validation.validate`.
    """
    with look.style():
        wide, narrow = look.png(_draw(validation, wide=True)), look.png(_draw(validation, wide=False))
    n = len(validation.ranks[0].ranks)
    outside = sum(int(((r.counts < r.band_99[0]) | (r.counts > r.band_99[1])).sum()) for r in validation.ranks)
    bins = sum(len(r.counts) for r in validation.ranks)
    p = validation.smallest_p
    chance = "no sign that the ranks are uneven" if p > 0.01 else "the ranks are uneven beyond chance"
    other = ""
    if validation.other_model:
        other = f" Open symbols: patients of the model {validation.other_model}, fitted with {validation.model}."
    said = [
        f"{100 * c.level:.0f} % interval, {c.n_visits} visit{'s' if c.n_visits > 1 else ''}{who}: {100 * c.share:.0f} %"
        f" ({100 * c.low:.0f} to {100 * c.high:.0f} %)"
        for who, group in (("", validation.coverage), (f", patients of {validation.other_model}", validation.misspecified))
        for c in group
    ]
    return Picture(
        name="twin_validation",
        title="Is the posterior right? Simulated patients whose truth is known",
        caption=f"Left: rank of the true value among {validation.ranks[0].n_draws} posterior draws for {n} simulated patients;"
        " a right posterior gives even bars, 99 % of them between the dashed lines. Right: how often the interval for the"
        f" error-free CDR-SB {HORIZON_YEARS:g} years after the last visit holds the truth; bars are exact 95 % intervals,"
        f" lines what the interval claims.{other}",
        alt=f"{outside} of {bins} bars lie outside the 99 % band; smallest p-value times the number of tests {p:.2g}: {chance}."
        " Coverage: " + "; ".join(said) + ".",
        wide=wide,
        narrow=narrow,
        csv=table(
            [
                "what",
                "quantity_or_model",
                "n_visits",
                "level_or_bin",
                "count",
                "of",
                "low",
                "high",
                "p_chi_square",
                "p_kolmogorov",
            ],
            [*_rank_rows(validation.ranks), *_coverage_rows(validation)],
        ),
    )


def _draw(validation: Validation, *, wide: bool) -> Figure:
    figure = look.new_figure(look.WIDE_IN if wide else look.NARROW_IN, _WIDE_IN if wide else _NARROW_IN)
    parts: Any = figure.subfigures(1, 2, width_ratios=[1.3, 1]) if wide else figure.subfigures(2, 1, height_ratios=[1.35, 1])
    left, right = parts
    _histograms(left, validation.ranks)
    _coverage(right, validation, wide=wide)
    return figure


def _histograms(part: SubFigure, ranks: Sequence[Ranks]) -> None:
    from matplotlib.ticker import MaxNLocator

    columns = 3
    rows = -(-len(ranks) // columns)
    grid = part.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    flat = list(grid.flat)
    top = max(max(int(r.counts.max()), r.band_99[1]) for r in ranks)
    for place, (axes, r) in enumerate(zip(flat, ranks, strict=False)):
        n_bins, width = len(r.counts), (r.n_draws + 1) / len(r.counts)
        axes.axhspan(*r.band_99, color="#d3d5d9", linewidth=0, zorder=0.5)
        for edge in r.band_99:  # over the bars, which hide the band when there are many patients
            axes.axhline(edge, color=look.INK, linewidth=0.7, linestyle=(0, (3, 2)), zorder=3)
        axes.axhline(len(r.ranks) / n_bins, color=look.INK, linewidth=0.9, zorder=3)
        axes.bar([width * (k + 0.5) for k in range(n_bins)], r.counts, width=0.86 * width, color=look.SKY)
        axes.set_title(_WORDS.get(r.quantity, plain_key(r.quantity)), fontsize=8, fontweight="normal")
        axes.set_xlim(0.0, r.n_draws + 1)
        axes.set_xticks([0, (r.n_draws + 1) // 2, r.n_draws + 1])
        axes.set_ylim(0.0, 1.15 * top)
        axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.grid(visible=False)
        axes.tick_params(labelbottom=place + columns >= len(ranks))
    for axes in flat[len(ranks) :]:
        axes.remove()
    part.suptitle("Rank of the truth among the draws", fontsize=9.5, fontweight="bold", x=0.02, ha="left")
    part.supxlabel(f"rank (0 to {ranks[0].n_draws}); dashed: 99 % band of a uniform", fontsize=8.5, color="#474a50")
    part.supylabel("patients in each bin", fontsize=8.5, color="#474a50")


def _coverage(part: SubFigure, validation: Validation, *, wide: bool) -> None:
    from matplotlib.lines import Line2D

    axes: Axes = part.subplots()
    visits = list(dict.fromkeys(c.n_visits for c in validation.coverage))
    levels = list(dict.fromkeys(c.level for c in validation.coverage))
    groups = [(validation.coverage, True, -0.1 if validation.misspecified else 0.0), (validation.misspecified, False, 0.16)]
    handles: list[Any] = []
    for place, (level, colour, marker) in enumerate(zip(levels, _COLOURS, _MARKERS, strict=False)):
        axes.axhline(100.0 * level, color=colour, linewidth=1.2, linestyle=_DASH, zorder=1.5)
        for group, filled, shift in groups:
            of = [c for c in group if c.level == level]
            if of:
                _bars(axes, of, visits, shift=shift + 0.08 * place, colour=colour, marker=marker, filled=filled)
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5, linestyle=_DASH, linewidth=1.2))
    labels = [f"{100 * level:.0f} % interval" for level in levels]
    if validation.misspecified:
        handles.append(Line2D([], [], color=look.INK, marker="o", markerfacecolor="white", markersize=5, linestyle="none"))
        labels.append(f"patients of {validation.other_model}")
    lowest = min(c.low for c in (*validation.coverage, *validation.misspecified))
    axes.set_ylim(min(60.0, 100.0 * lowest - 3.0), 101.5)
    axes.set_xlim(-0.5, len(visits) - 0.5)
    axes.set_xticks(range(len(visits)), [str(v) for v in visits])
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("number of half-yearly visits")
    axes.set_ylabel("patients whose truth is inside (%)")
    part.suptitle(f"Coverage of the {HORIZON_YEARS:g}-year CDR-SB forecast", fontsize=9.5, fontweight="bold", x=0.02, ha="left")
    part.legend(handles, labels, loc="outside lower center", ncols=len(labels), columnspacing=1.0, fontsize=8 if wide else 7)


def _bars(
    axes: Axes, of: Sequence[Coverage], visits: Sequence[int], *, shift: float, colour: str, marker: str, filled: bool
) -> None:
    at = [visits.index(c.n_visits) + shift for c in of]
    share = [100.0 * c.share for c in of]
    below = [100.0 * (c.share - c.low) for c in of]
    above = [100.0 * (c.high - c.share) for c in of]
    axes.errorbar(
        at,
        share,
        yerr=[below, above],
        fmt=marker,
        color=colour,
        markerfacecolor=colour if filled else "white",
        markersize=5,
        linewidth=1.3,
        capsize=2.5,
        alpha=1.0 if filled else 0.85,
        zorder=3,
    )


def _rank_rows(ranks: Sequence[Ranks]) -> list[list[Any]]:
    return [
        ["ranks", r.quantity, None, k, int(count), len(r.ranks), *r.band_99, r.chi_square_p, r.kolmogorov_p]
        for r in ranks
        for k, count in enumerate(r.counts)
    ]


def _coverage_rows(validation: Validation) -> list[list[Any]]:
    return [
        ["coverage", who, c.n_visits, c.level, c.inside, c.n_patients, c.low, c.high, None, None]
        for who, group in ((validation.model, validation.coverage), (validation.other_model, validation.misspecified))
        for c in group
    ]
