"""Draw stated P(optimal) against how often it held, and print the table: python -m
benchmarks.calibration_figure [FILE.svg]

From the root of the repository; some minutes. The figure of docs/theory/uncertainty.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import altair as alt

from qtwin.report import style
from qtwin.report.chart import Figure, data_chart, fixed_chart, rows, save
from tests.oracles.calibration import Calibration, calibrate


def picture(found: Calibration) -> Figure:
    """Frequency with its 95 % binomial interval over the mean stated probability of each bin."""
    data = rows(
        ["stated", "frequency", "low", "high"],
        [(b.stated, b.frequency, *b.interval()) for b in found.bins()],
    )
    scale = alt.Scale(domain=[0.0, 1.0], nice=False)
    x = alt.X("stated:Q", title="stated probability that a regimen is the best", scale=scale)
    y = alt.Y("frequency:Q", title="frequency with which it is the best", scale=scale)
    diagonal = fixed_chart([{"stated": 0.0, "frequency": 0.0}, {"stated": 1.0, "frequency": 1.0}])
    bars = (
        data_chart()
        .mark_rule(color=style.BLUE)
        .encode(x=x, y=alt.Y("low:Q", title=y["title"], scale=scale), y2="high:Q")
    )
    chart = alt.layer(
        diagonal.mark_line(color=style.GREY, strokeWidth=1).encode(x=x, y=y),
        bars,
        data_chart().mark_point(color=style.BLUE, filled=True, size=60).encode(x=x, y=y),
    ).properties(height=400)
    return Figure(
        name="calibration",
        title="Stated probability against frequency",
        caption="Points with 95 % binomial intervals; the line is what was stated.",
        alt="Frequency with which a regimen is the best, over the probability that was stated.",
        chart=chart,
        data=data,
    )


def main(path: Path) -> None:
    """Compute, print and draw."""
    found = calibrate()
    truths, regimens = found.stated.shape
    print(f"stated p      regimens   expected   found    ({truths} truths, {regimens} regimens)")
    for b in found.bins():
        print(
            f"{b.low:.2f} - {b.high:.2f} {b.regimens:11d} {b.expected:10.1f} {b.found:7d}   "
            f" +- {b.variance**0.5:.1f}"
        )
    expected, hits, score = found.most_probable()
    print(f"the most probable: expected {expected:.1f}, found {hits}, z {score:.2f}")
    save(picture(found), path, width_px=420.0)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/calibration.svg"))
