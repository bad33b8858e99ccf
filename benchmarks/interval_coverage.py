"""How often 95 % intervals of rates, times to solution and growth hold the planted truth; numbers
and figure for the docs.

    python benchmarks/interval_coverage.py docs/images [growth]

Times: success rates of instances scatter normally around a planted median in the logit, with a
standard deviation `spread`; runs take 1 s, gamma distributed with a relative spread of a third.
Growth: a planted base^n on seven sizes, or four, whose instances scatter log-normally by a third or
by 1; among all fits, and among those whose exponent is told to lie above 0. Rates are exact sums
over the binomial. Writes interval_coverage.csv and .svg; the second argument measures the growth
alone and leaves the other lines of the table as they are.
"""

from __future__ import annotations

import csv
import itertools
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import binom

from qtwin.benchmark.metrics import Runs, interval, posterior, time_for
from qtwin.benchmark.scaling import law
from qtwin.errors import InputError

REPEATS = 200
Row = tuple[str, str, float]


def rates() -> Iterator[Row]:
    """Coverage of a success rate, by trials and rate."""
    for trials in (10, 20, 50):
        ends = np.array([posterior(k, trials) for k in range(trials + 1)])
        for p in np.linspace(0.05, 0.95, 19):
            inside = (ends[:, 0] <= p) & (p <= ends[:, 1])
            yield (
                "success rate",
                f"{trials} runs",
                float(binom.pmf(np.arange(trials + 1), trials, p) @ inside),
            )


def times(*, repeats: int = REPEATS, draws: int = 600) -> Iterator[Row]:
    """Coverage of the median time to solution, by instances, runs on each, median rate and spread
    of the instances.
    """
    rng = np.random.default_rng(1)
    for instances in (1, 2, 3, 5, 10, 20):
        for runs in (10,) if instances > 1 else (10, 30):
            for median in (0.1, 0.3, 0.6, 0.9):
                for spread in (0.5, 1.5) if instances > 1 else (0.0,):
                    truth, inside = time_for(median, 1.0), 0
                    for seed in range(repeats):
                        logit = math.log(median / (1.0 - median)) + spread * rng.normal(
                            size=instances
                        )
                        made = [_runs(1.0 / (1.0 + math.exp(-x)), runs, rng) for x in logit]
                        low, high = interval(made, seed=seed, draws=draws)
                        inside += low <= truth <= high
                    yield (
                        "time to solution",
                        f"{instances} instance{'s' * (instances > 1)} x {runs} runs",
                        inside / repeats,
                    )


def growths(*, repeats: int = REPEATS) -> Iterator[Row]:
    """Coverage of the base of a planted exponential growth, by sizes, instances, runs on each, base
    and spread.
    """
    rng = np.random.default_rng(2)
    told: list[Row] = []
    for sizes, instances, runs in itertools.product((4, 7), (1, 2, 3, 5, 10, 20), (10, 30)):
        for base, spread in itertools.product((1.1, 1.2, 1.3), (1.0 / 3.0, 1.0)):
            made, above = [], []
            for seed in range(repeats):
                try:
                    found = law(
                        _planted(base, spread, sizes, instances, runs, rng),
                        form="exponential",
                        seed=seed,
                    )
                except InputError:
                    continue  # too few sizes were solved
                low, high = found.base_interval
                made.append(low <= base <= high)
                above += [made[-1]] if low > 1.0 else []
            of = f"{sizes} sizes x {instances} instance{'s' * (instances > 1)} x {runs} runs"
            yield "growth", of, float(np.mean(made))
            if len(above) >= repeats // 4:
                told.append(("growth told", f"{sizes} sizes", float(np.mean(above))))
    yield from told


def _planted(
    base: float, spread: float, sizes: int, instances: int, runs: int, rng: np.random.Generator
) -> dict[int, list[Runs]]:
    cells: dict[int, list[Runs]] = {}
    for n in range(8, 8 + 2 * sizes, 2):
        times = 2.0 * base ** (n - 8) * np.exp(spread * rng.normal(size=instances))
        hits = rng.binomial(runs, 1.0 - 0.01 ** (1.0 / np.maximum(times, 1.0)))
        # the mean of so many gamma(9, 1/9)
        seconds = rng.gamma(9.0 * runs, 1.0 / (9.0 * runs), size=instances)
        cells[n] = [
            Runs(run_s=float(t), successes=int(k), trials=runs)
            for t, k in zip(seconds, hits, strict=True)
        ]
    return cells


def _runs(p: float, count: int, rng: np.random.Generator) -> Runs:
    seconds = rng.gamma(9.0, 1.0 / 9.0, size=count)
    hits = int(rng.binomial(count, p))
    return Runs(
        run_s=float(seconds.mean()), successes=hits, trials=count, times_s=tuple(seconds.tolist())
    )


def svg(rows: list[Row]) -> str:
    """A line a group: its cells as dots, their mean as a bar, 95 % dashed and 88 % dotted."""
    groups = list(dict.fromkeys((kind, group) for kind, group, _ in rows))
    height, left, right, low = 24 * len(groups) + 70, 290, 690, 0.8

    def x(value: float) -> float:
        return left + (right - left) * (max(value, low) - low) / (1.0 - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" '
        'font-family="sans-serif" font-size="12" role="img">',
        "<title>Coverage of 95 % intervals</title>",
        f'<rect width="720" height="{height}" fill="white"/>',
    ]
    for value, dash in ((0.88, "2 3"), (0.95, "6 4")):
        parts.append(
            f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="14" y2="{height - 44}" '
            'stroke="#6f6f6b"'
            f' stroke-dasharray="{dash}"/>'
        )
    for k, (kind, group) in enumerate(groups):
        y, cells = 28 + 24 * k, [c for a, b, c in rows if (a, b) == (kind, group)]
        parts.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{kind}, {group}</text>')
        parts += [
            f'<circle cx="{x(c):.1f}" cy="{y}" r="3.2" fill="#0072b2" fill-opacity="0.45"/>'
            for c in cells
        ]
        mean = x(float(np.mean(cells)))
        parts.append(
            f'<line x1="{mean:.1f}" x2="{mean:.1f}" y1="{y - 8}" y2="{y + 8}" '
            'stroke="#d55e00" stroke-width="2.5"/>'
        )
    for value in (0.8, 0.85, 0.9, 0.95, 1.0):
        parts.append(
            f'<text x="{x(value):.1f}" y="{height - 28}" '
            f'text-anchor="middle">{100 * value:.0f} %</text>'
        )
    parts.append(
        f'<text x="{(left + right) / 2}" y="{height - 8}" text-anchor="middle">coverage: '
        "cells, and their mean</text>"
    )
    return "\n".join([*parts, "</svg>", ""])


def kept(file: Path) -> Iterator[Row]:
    """Lines of an earlier table that are not of the growth."""
    with file.open(newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            if not row["interval"].startswith("growth"):
                yield row["interval"], row["group"], float(row["coverage"])


def main(folder: Path, *, only_growth: bool) -> None:
    """Measure, print the means and the least, and write both files."""
    before = (
        kept(folder / "interval_coverage.csv") if only_growth else itertools.chain(rates(), times())
    )
    rows = [*before, *growths()]
    with (folder / "interval_coverage.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["interval", "group", "coverage"])
        writer.writerows((kind, group, f"{c:.4f}") for kind, group, c in rows)
    (folder / "interval_coverage.svg").write_text(svg(rows), encoding="utf-8")
    for kind in dict.fromkeys(r[0] for r in rows):
        found = [c for a, _, c in rows if a == kind]
        print(f"{kind}: mean {np.mean(found):.3f}, least {min(found):.3f}, {len(found)} cells")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."), only_growth=sys.argv[2:] == ["growth"])
