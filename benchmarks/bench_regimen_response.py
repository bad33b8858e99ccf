"""Scoring regimens on a twin: the compiled kernel against the same model in plain Python, in one
run.

The plain Python model is the oracle of the tests; it stands in for the named peer, since no package
computes this response. Prints seconds per regimen and member, the ratio, and the largest difference
between the two.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.kinetics import relative_activity
from qtwin.pharmacology.panel import build_panel
from qtwin.pharmacology.response import respond
from tests.oracles.people import a_person
from tests.oracles.slow_response import respond_slowly


def main() -> None:
    """Time both and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regimens", type=int, default=256)
    parser.add_argument("--members", type=int, default=2048)
    parser.add_argument("--size", type=int, default=6)
    parser.add_argument(
        "--slow", type=int, default=200, help="regimen-members that the plain model computes"
    )
    arguments = parser.parse_args()

    person = a_person(activity={"CYP2D6": relative_activity(1.0), "renal": 0.6})
    drugs = formulary().values()
    options = [
        Dose(drug=d, amount_mg=d.reference.amount_mg, interval_h=d.reference.interval_h)
        for d in drugs
    ]
    panel = build_panel(options, person, n_members=arguments.members, seed=1)
    rng = np.random.default_rng(2)
    chosen = np.array(
        [rng.choice(len(options), arguments.size, replace=False) for _ in range(arguments.regimens)]
    )

    respond(panel, chosen[:1], horizon_years=1.5)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        _, kinds, _ = respond(panel, chosen, horizon_years=1.5)
        times.append(time.perf_counter() - started)
    fast_s = float(np.median(times)) / kinds[..., 0].size

    started = time.perf_counter()
    worst = 0.0
    for k in range(arguments.slow):
        r, m = k % arguments.regimens, k % arguments.members
        slow = respond_slowly(panel, chosen[r].tolist(), m, horizon_years=1.5)[1]
        worst = max(worst, float(np.abs(kinds[r, m] - np.array(list(slow.values()))).max()))
    slow_s = (time.perf_counter() - started) / arguments.slow

    print(
        f"{arguments.regimens} regimens of {arguments.size} x {arguments.members} members, "
        "median of 5 runs"
    )
    print(f"compiled     {fast_s * 1e6:10.3f} us per regimen and member")
    print(f"plain Python {slow_s * 1e6:10.3f} us per regimen and member")
    print(f"ratio        {slow_s / fast_s:10.0f}    largest difference {worst:.1e} QALY")


if __name__ == "__main__":
    main()
