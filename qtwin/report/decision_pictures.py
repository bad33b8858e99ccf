"""How sure the choice is, and which numbers could change it: bars of P(optimal), and a tornado."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import finite, percent, plain, qaly
from qtwin.report.picture import Picture, table
from qtwin.report.words import plain_key

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def _lines(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))


def set_picture(result: Mapping[str, Any]) -> Picture | None:
    """P(optimal) of the regimens that hold 90 % of it; None where the result does not report them."""
    rows = [r for r in result.get("set90") or [] if finite(r.get("p_optimal")) is not None]
    if not rows:
        return None
    chosen = labels(result.get("chosen"))
    shown = rows[:_SHOWN]
    names = [against(labels(r.get("drugs")), chosen) for r in shown]

    def draw(width_in: float) -> Figure:
        wide = width_in > 5
        ticks = [_lines(n, 66 if wide else 25) for n in names]
        rows_in = 0.15 * sum(t.count("\n") + 1 for t in ticks) + 0.18 * len(ticks)
        figure = look.new_figure(width_in, 0.7 + rows_in)
        axes = figure.add_subplot()
        places = range(len(shown))
        axes.barh(
            places,
            [100.0 * r["p_optimal"] for r in shown],
            color=[look.BLUE if n == "the chosen regimen" else look.SKY for n in names],
            height=0.62,
        )
        for k, row in enumerate(shown):
            axes.annotate(
                percent(row["p_optimal"]), (100.0 * row["p_optimal"], k), (4, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(places, ticks)
        axes.invert_yaxis()
        axes.set_xlim(0.0, 118.0 * max(r["p_optimal"] for r in shown) or 1.0)
        axes.set_xlabel("P(optimal), %")
        axes.grid(axis="y", visible=False)
        return figure

    with look.style():
        wide, narrow = look.png(draw(look.WIDE_IN)), look.png(draw(look.NARROW_IN))
    more = f" The {len(rows) - len(shown)} least probable are in the CSV file alone." if len(rows) > len(shown) else ""
    return Picture(
        name="p_optimal",
        title="Which regimen is best, over everything that is not known",
        caption="Share of the draws of what is not known in which each regimen is the best; together they hold 90 %."
        f" Each is named by its difference to the chosen one.{more}",
        alt="; ".join(f"{n}: {percent(r['p_optimal'])}" for n, r in zip(names, shown, strict=True)) + " of the draws.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["regimen", "p_optimal", "expected_regret_qaly"],
            [(" + ".join(labels(r.get("drugs"))), r["p_optimal"], r.get("expected_regret_qaly")) for r in rows],
        ),
    )


def tornado_picture(result: Mapping[str, Any]) -> Picture | None:
    """What the choice loses when one number moves to either end of its range; None where nothing was moved."""
    bars = [b for b in (result.get("certainty") or {}).get("tornado") or [] if finite(b.get("regret_low_qaly")) is not None]
    if not bars:
        return None
    moving = [b for b in bars if b.get("regret_low_qaly") or b.get("regret_high_qaly")]
    shown = (moving or bars)[:_SHOWN]
    header = ["number", "unit", "status", "value", "low", "high", "regret_low_qaly", "regret_high_qaly", "flips"]

    def draw(width_in: float) -> Figure:
        wide = width_in > 5
        figure = look.new_figure(width_in, 1.0 + (0.34 if wide else 0.5) * len(shown))
        axes = figure.add_subplot()
        places = range(len(shown))
        low, high = ([float(b.get(f"regret_{end}_qaly") or 0.0) for b in shown] for end in ("low", "high"))
        axes.barh(places, [-x for x in low], color=look.ORANGE, height=0.62, label="at its 5th percentile")
        axes.barh(places, high, color=look.BLUE, height=0.62, label="at its 95th percentile")
        axes.axvline(0.0, color=look.INK, linewidth=0.8)
        axes.set_yticks(places, [_lines(plain_key(b.get("number")), 46 if wide else 22) for b in shown])
        axes.invert_yaxis()
        reach = 1.1 * max([*low, *high, 1e-6])
        axes.set_xlim(-reach, reach)
        axes.xaxis.set_major_locator(_ticks(4 if wide else 2))
        axes.xaxis.set_major_formatter(lambda v, _: qaly(abs(v)))
        axes.set_xlabel("QALY lost by the chosen regimen against the best one there")
        axes.grid(axis="y", visible=False)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2 if wide else 1)
        return figure

    with look.style():
        wide, narrow = look.png(draw(look.WIDE_IN)), look.png(draw(look.NARROW_IN))
    flips = sum(bool(b.get("flips")) for b in bars)
    return Picture(
        name="tornado",
        title="What would change the choice",
        caption="One number at a time moves to its 5th or 95th percentile, all others at their medians. A bar is what the chosen"
        " regimen then loses against the best one; without a bar the choice holds.",
        alt=f"{flips} of the {len(bars)} numbers that matter most change the choice; "
        + "; ".join(
            f"{plain_key(b.get('number'))}: {qaly(b.get('regret_low_qaly'))} and {qaly(b.get('regret_high_qaly'))} QALY"
            for b in shown
        )
        + ".",
        wide=wide,
        narrow=narrow,
        csv=table(header, [[b.get(name) for name in header] for b in bars]),
    )


def _ticks(each_side: int) -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(2 * each_side, symmetric=True)
