"""How sure the choice is, drawn: which regimens hold P(optimal), and what one number alone would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import finite, number, percent
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN_REGIMENS, _SHOWN_NUMBERS = 10, 10


def _doses(drugs: Sequence[Mapping[str, Any]]) -> str:
    return " + ".join(f"{d['inn']} {d['amount_mg']:g} mg /{d['interval_h']:g} h" for d in drugs) or "no drug"


def _wrapped(text: str, width: int) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width)) or text


def optimal_picture(result: Mapping[str, Any]) -> Picture | None:
    """P(optimal) of the regimens that hold 90 % of it; None where nothing was said of it."""
    sure = result.get("certainty") or {}
    rows = sure.get("set90") or []
    if not rows:
        return None
    shown = rows[:_SHOWN_REGIMENS]
    chosen = _doses(result.get("chosen") or [])

    def draw(width_in: float) -> Figure:
        wide = width_in > 5
        labels = [_wrapped(_doses(r["drugs"]), 78 if wide else 30) for r in shown]
        lines = sum(label.count("\n") + 1 for label in labels)
        figure = look.new_figure(width_in, 0.7 + 0.17 * lines + 0.16 * len(shown))
        axes = figure.add_subplot()
        colours = [look.BLUE if _doses(r["drugs"]) == chosen else look.SKY for r in shown]
        axes.barh(range(len(shown)), [100.0 * r["p_optimal"] for r in shown], color=colours, height=0.62)
        axes.set_yticks(range(len(shown)), labels, fontsize=7.5)
        axes.invert_yaxis()
        axes.set_xlabel("probability that nothing feasible is better, %")
        for k, r in enumerate(shown):
            axes.annotate(
                percent(r["p_optimal"]), (100.0 * r["p_optimal"], k), xytext=(3, 0), textcoords="offset points", va="center"
            )
        axes.margins(x=0.12)
        axes.grid(visible=False, axis="y")
        return figure

    with look.style():
        wide, narrow = look.png(draw(look.WIDE_IN)), look.png(draw(look.NARROW_IN))
    rest = len(rows) - len(shown)
    words = f"{len(rows)} regimens hold 90 % of P(optimal); the chosen one has {percent(sure.get('p_optimal'))}."
    return Picture(
        name="p_optimal",
        title="How probable it is that a regimen is the best",
        caption=f"{words} Share of {sure.get('n_draws')} draws of what is not known in which no feasible regimen is better"
        " on the mean over people; dark: the chosen one." + (f" {rest} further regimens are in the CSV." if rest > 0 else ""),
        alt=words,
        wide=wide,
        narrow=narrow,
        csv=table(
            ["regimen", "p_optimal", "expected_regret_qaly"],
            [(_doses(r["drugs"]), r["p_optimal"], r["expected_regret_qaly"]) for r in rows],
        ),
    )


def tornado_picture(result: Mapping[str, Any]) -> Picture | None:
    """What the choice loses against the best other one where one number is moved; None without such numbers."""
    bars = [b for b in (result.get("certainty") or {}).get("tornado") or [] if finite(b.get("regret_low_qaly")) is not None]
    bars = [b for b in bars if max(b["regret_low_qaly"], b["regret_high_qaly"]) > 0.0]
    if not bars:
        return None
    shown = bars[:_SHOWN_NUMBERS]

    def label(bar: Mapping[str, Any], width: int) -> str:
        unit = "" if bar["unit"] == "1" else f" {bar['unit']}"
        ends = f"{number(bar['low'])} to {number(bar['high'])}{unit}, {bar['status']}"
        return _wrapped(f"{str(bar['number']).replace('_', ' ')} ({ends})", width)

    def draw(width_in: float) -> Figure:
        wide = width_in > 5
        labels = [label(b, 62 if wide else 30) for b in shown]
        lines = sum(text.count("\n") + 1 for text in labels)
        figure = look.new_figure(width_in, 0.9 + 0.17 * lines + 0.16 * len(shown))
        axes: Axes = figure.add_subplot()
        places = range(len(shown))
        axes.barh(places, [-b["regret_low_qaly"] for b in shown], color=look.ORANGE, height=0.62, label="at its 5th percentile")
        axes.barh(places, [b["regret_high_qaly"] for b in shown], color=look.BLUE, height=0.62, label="at its 95th percentile")
        axes.set_yticks(places, labels, fontsize=7.5)
        axes.invert_yaxis()
        axes.axvline(0.0, color=look.INK, linewidth=0.8)
        most = max(max(b["regret_low_qaly"], b["regret_high_qaly"]) for b in shown)
        axes.set_xlim(-1.15 * most, 1.15 * most)
        look.few_ticks(axes, x=4 if wide else 3)
        axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        axes.set_xlabel("QALY that the choice loses against the best other regimen there")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2 if wide else 1)
        axes.grid(visible=False, axis="y")
        return figure

    with look.style():
        wide, narrow = look.png(draw(look.WIDE_IN)), look.png(draw(look.NARROW_IN))
    words = f"{len(bars)} numbers can change the choice alone; first {str(bars[0]['number']).replace('_', ' ')}."
    return Picture(
        name="tornado",
        title="What would change the choice",
        caption=f"{words} Each is moved to the ends of its 90 % interval with everything else at its median.",
        alt=words,
        wide=wide,
        narrow=narrow,
        csv=table(
            ["number", "unit", "status", "value", "low", "high", "regret_low_qaly", "regret_high_qaly", "best_low", "best_high"],
            [
                (
                    b["number"],
                    b["unit"],
                    b["status"],
                    b["value"],
                    b["low"],
                    b["high"],
                    b["regret_low_qaly"],
                    b["regret_high_qaly"],
                    " + ".join(b["best_low"]),
                    " + ".join(b["best_high"]),
                )
                for b in bars
            ],
        ),
    )


def headline(result: Mapping[str, Any]) -> str:
    """The names of the chosen drugs, for the headline; what is outside every model's scope is said first."""
    first = "Outside the scope of every model: " if str(result.get("verdict", "")).startswith("Outside the scope") else ""
    names = [str(d["inn"]) for d in result.get("chosen") or []]
    what = "no drug" if not names else names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return first + what
