"""Draw stated P(optimal) against how often it held, and print the table: python -m benchmarks.calibration_figure [FILE.svg]

From the root of the repository; some minutes. The figure of docs/theory/uncertainty.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from qtwin.report import look
from tests.oracles.calibration import Calibration, calibrate


def picture(found: Calibration) -> Figure:
    """Frequency with its 95 % binomial interval over the mean stated probability of each bin."""
    figure = Figure(figsize=(5.2, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0.0, 1.0], [0.0, 1.0], color=look.INK, linewidth=0.8, label="what was stated")
    bins = found.bins()
    x, y = [b.stated for b in bins], [b.frequency for b in bins]
    ends = [b.interval() for b in bins]
    below, above = ([abs(f - end[k]) for f, end in zip(y, ends, strict=True)] for k in (0, 1))
    axes.errorbar(x, y, yerr=[below, above], fmt="o", color=look.BLUE, capsize=2.5, markersize=4.5, label="found, 95 % interval")
    axes.set_xlabel("stated probability that a regimen is the best")
    axes.set_ylabel("frequency with which it is the best")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.legend(loc="upper left", frameon=False)
    return figure


def main(path: Path) -> None:
    """Compute, print and draw."""
    found = calibrate()
    truths, regimens = found.stated.shape
    print(f"stated p      regimens   expected   found    ({truths} truths, {regimens} regimens)")
    for b in found.bins():
        print(f"{b.low:.2f} - {b.high:.2f} {b.regimens:11d} {b.expected:10.1f} {b.found:7d}    +- {b.variance**0.5:.1f}")
    expected, hits, score = found.most_probable()
    print(f"the most probable: expected {expected:.1f}, found {hits}, z {score:.2f}")
    with look.style(), mpl.rc_context({"svg.hashsalt": "calibration", "svg.fonttype": "path"}):
        picture(found).savefig(path, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/calibration.svg"))
