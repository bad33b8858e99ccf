"""Was the encoded problem the real one? The polynomial's utility against the twin's, regimen by regimen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qtwin.report import look
from qtwin.report.number import finite, number, qaly
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


def picture(result: Mapping[str, Any]) -> Picture | None:
    """Scatter with the diagonal, and the error along the twin's utility; None without points."""
    import numpy as np

    encoding = result.get("encoding") or {}
    scatter = encoding.get("scatter") or {}
    pairs = list(zip(scatter.get("encoded") or [], scatter.get("true") or [], strict=False))
    trained = list(scatter.get("trained") or []) + [False] * len(pairs)
    kept = [
        (x, y, bool(t))
        for (a, b), t in zip(pairs, trained, strict=False)
        if (x := finite(a)) is not None and (y := finite(b)) is not None
    ]
    if not kept:
        return None
    encoded, true = np.array([k[0] for k in kept]), np.array([k[1] for k in kept])
    fitted = np.array([k[2] for k in kept])
    unit = str((result.get("problem") or {}).get("unit") or "QALY")
    chosen = _chosen(result)
    with look.style():
        wide = look.png(_figure(encoded, true, fitted, chosen, unit, wide=True))
        narrow = look.png(_figure(encoded, true, fitted, chosen, unit, wide=False))
    fidelity = encoding.get("fidelity") or {}
    words = (
        f" On held-out regimens: R² {number(fidelity.get('r2'))}, rank correlation {number(fidelity.get('rank_correlation'))},"
        f" regret of the encoded optimum {qaly(fidelity.get('regret'))} {unit},"
        f" largest error {qaly(fidelity.get('max_error'))} {unit}."
        if fidelity
        else ""
    )
    error = encoded - true
    drawn = f"{len(true):,} feasible regimens, {int(fitted.sum()):,} used in the fit and {int((~fitted).sum()):,} held out."
    return Picture(
        name="encoded_against_true",
        title="Encoded against true utility",
        caption="Every point is a feasible regimen: its utility simulated on the twin against its utility in the polynomial"
        " that the solvers saw. On the diagonal the two agree; order matters more than distance." + words,
        alt=f"Scatter of {drawn} True utility spans {qaly(true.min())} to {qaly(true.max())} {unit};"
        f" the encoded minus true difference spans {qaly(error.min())} to {qaly(error.max())} {unit}"
        f" with root mean square {qaly(np.sqrt(np.mean(error**2)))}.{words}",
        wide=wide,
        narrow=narrow,
        csv=table(["encoded", "true", "trained", "unit"], [[x, y, int(t), unit] for x, y, t in kept]),
    )


def _chosen(result: Mapping[str, Any]) -> tuple[float, float] | None:
    """(encoded, true) utility of the chosen regimen, from a solver that returned it."""
    drugs = next((set(r.get("drugs") or []) for r in result.get("regimens") or [] if r.get("key") == "chosen"), None)
    for solver in result.get("solvers") or []:
        x, y = finite(solver.get("objective_encoded")), finite(solver.get("objective_twin"))
        if (
            drugs is not None
            and solver.get("regimen") is not None
            and set(solver["regimen"]) == drugs
            and x is not None
            and y is not None
        ):
            return x, y
    return None


def _figure(
    encoded: NDArray[np.float64],
    true: NDArray[np.float64],
    fitted: NDArray[np.bool_],
    chosen: tuple[float, float] | None,
    unit: str,
    *,
    wide: bool,
) -> Figure:
    from matplotlib.collections import PathCollection

    figure = look.new_figure(look.WIDE_IN if wide else look.NARROW_IN, 4.3 if wide else 6.4)
    left, right = figure.subplots(1, 2) if wide else figure.subplots(2, 1, height_ratios=[1.35, 1.0])
    size = max(2.5, min(16.0, 9000.0 / len(true)))
    low, high = float(min(encoded.min(), true.min())), float(max(encoded.max(), true.max()))
    left.plot([low, high], [low, high], color="#6f6f6b", linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    right.axhline(0.0, color="#6f6f6b", linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    for part, colour, marker, label in ((fitted, look.SKY, "o", "used in the fit"), (~fitted, look.VERMILLION, "o", "held out")):
        if part.any():
            left.scatter(
                true[part], encoded[part], s=size, color=colour, marker=marker, alpha=0.55, linewidths=0, label=label, zorder=2
            )
            right.scatter(
                true[part], encoded[part] - true[part], s=size, color=colour, marker=marker, alpha=0.55, linewidths=0, zorder=2
            )
    if chosen is not None:
        mark: dict[str, Any] = {"s": 90, "facecolors": "none", "edgecolors": look.INK, "linewidths": 1.6, "zorder": 4}
        left.scatter(chosen[1], chosen[0], label="chosen regimen", **mark)
        right.scatter(chosen[1], chosen[0] - chosen[1], **mark)
    left.set_xlabel(f"utility on the twin ({unit})")
    left.set_ylabel(f"utility in the encoding ({unit})")
    right.set_xlabel(f"utility on the twin ({unit})")
    right.set_ylabel(f"encoded minus true ({unit})")
    left.set_title("Utility")
    right.set_title("Error of the encoding")
    for axes in (left, right):
        look.few_ticks(axes, x=5, y=5)
    handles, labels = left.get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside upper left", ncols=3, columnspacing=1.2, handletextpad=0.4, handlelength=1.2
    )
    for handle in legend.legend_handles[: len(labels) - (chosen is not None)]:
        if isinstance(handle, PathCollection):
            handle.set_alpha(1.0)
            handle.set_sizes([26.0])
    return figure
