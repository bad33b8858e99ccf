"""What order of interaction the choice has: whether a QUBO is the right question for this patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import number
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ORDERS = 4


def picture(result: Mapping[str, Any]) -> Picture | None:
    """Unexplained variance by order of interaction, over all choices and over the allowed ones; None without a spectrum."""
    found = (result.get("encoding") or {}).get("spectrum") or {}
    explained, allowed = found.get("explained") or [], found.get("allowed_explained") or []
    if not explained:
        return None
    missing = {
        f"all choices of {found['n']} options": [max(100.0 * (1.0 - x), 1e-3) for x in explained[: _ORDERS + 1]],
        "allowed regimens": [max(100.0 * (1.0 - x), 1e-3) for x in allowed],
    }

    def draw(width_in: float) -> Figure:
        from matplotlib.ticker import FuncFormatter, NullLocator

        figure = look.new_figure(width_in, 2.9)
        axes = figure.add_subplot()
        for (name, values), colour, marker in zip(missing.items(), (look.BLUE, look.ORANGE), ("o", "s"), strict=True):
            axes.plot(range(1, len(values)), values[1:], color=colour, marker=marker, linewidth=1.6, label=name)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_xticks([1, 2, 3, 4], ["singles", "pairs (QUBO)", "triples", "fours"] if width_in > 5 else ["1", "2", "3", "4"])
        axes.set_xlim(0.8, _ORDERS + 0.2)
        axes.set_xlabel("terms up to this order" if width_in > 5 else "order of the terms")
        axes.set_ylabel("variance left unexplained (%)")
        axes.legend(loc="best")
        return figure

    with look.style():
        wide, narrow = look.png(draw(look.WIDE_IN)), look.png(draw(look.NARROW_IN))
    words = (
        f"Pairs explain {100.0 * explained[2]:.2f} % of the variance over all choices"
        + (f" and {100.0 * allowed[2]:.2f} % among the allowed regimens" if len(allowed) > 2 else "")
        + (f"; triples {100.0 * explained[3]:.2f} %." if len(explained) > 3 else ".")
    )
    return Picture(
        name="interaction_spectrum",
        title="Is a QUBO the right question?",
        caption=f"{words} Over all choices by the exact Walsh-Hadamard transform of {2 ** found['n']:,} simulated utilities"
        f" ({found['n_members']} posterior members), over the allowed regimens by least squares."
        + (f" Left out of the choices: {', '.join(found['left_out'])}." if found.get("left_out") else ""),
        alt=words + f" Largest third-order coefficient {number((found.get('largest') or [0, 0, 0, 0])[3])} QALY.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["order", "share", "explained", "largest_coefficient"],
            [(k, found["share"][k], explained[k], found["largest"][k]) for k in range(len(explained))],
        ),
    )
