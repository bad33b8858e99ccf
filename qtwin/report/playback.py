"""Answers played back on the twin: utility by kind, the course under each regimen, and how sure the
best one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.outcome import BENEFITS, KINDS
from qtwin.problem.regimen import RegimenProblem
from qtwin.twin.summary import band, summary, weighted_quantile

COURSE = (
    ("mmse", "point"),
    ("cdr_sb", "point"),
    ("amyloid_pet_centiloid", "centiloid"),
    ("plasma_p_tau217_fold", "fold over normal"),
)


def play(
    problem: RegimenProblem, bits: NDArray[np.generic], *, key: str, title: str
) -> dict[str, Any]:
    """One regimen on the twin: (n,) bits to its section of result.json."""
    twin, weights = problem.twin, problem.twin.posterior.weights
    times = np.linspace(
        0.0,
        problem.horizon_years,
        2 * max(6, round(12 * problem.horizon_years)) + 1,
        dtype=np.float64,
    )
    response = twin.simulate(
        problem.panel,
        problem.rows(np.asarray(bits)[None, :])[0],
        horizon_years=problem.horizon_years,
        kind_weights=problem.kind_weights,
        times_years=times,
    )
    row = np.asarray(bits)[None, :]
    broken = [c.name for c in problem.constraints if not c.holds(row)[0]]
    course = []
    for biomarker, unit in COURSE:
        if biomarker in twin.model.observables:
            values = twin.model.observe(biomarker, response.states)
            if biomarker == "mmse":
                values = np.clip(values + response.mmse_offset[:, None], 0.0, 30.0)
            course.append(
                {
                    "biomarker": biomarker,
                    "unit": unit,
                    "time_years": times.tolist(),
                    **band(values, weights),
                }
            )
    doses = (*problem.regimen(bits).doses, *problem.going_on)
    by_kind = next(problem.kinds(row))[0]
    kinetics = []
    for k, dose in enumerate(doses):
        low, median, high = weighted_quantile(
            response.exposures[:, k], weights, (0.025, 0.5, 0.975)
        )
        ratio = {"low": float(low), "median": float(median), "high": float(high)}
        kinetics.append({"label": dose.label, "exposure_ratio": ratio})
    return {
        "key": key,
        "title": title,
        "drugs": [d.label for d in problem.regimen(bits).doses],
        "feasible": not broken,
        "infeasible_because": broken,
        "utility": summary(by_kind @ problem.kind_weights, weights),
        "kinds": [
            {
                "kind": kind,
                "group": "benefit" if kind in BENEFITS else "harm",
                **summary(by_kind[:, k] * problem.kind_weights[k], weights),
            }
            for k, kind in enumerate(KINDS)
        ],
        "course": course,
        "kinetics": kinetics,
    }


def top_regimens(
    problem: RegimenProblem,
    bits: NDArray[np.uint8],
    utility: NDArray[np.float64],
    *,
    show: int = 10,
    compare: int = 200,
) -> list[dict[str, Any]]:
    """The best regimens by mean utility, with the probability that each is the best of the leading
    `compare`.

    Args:
        problem: The problem.
        bits: (k, n) feasible choices.
        utility: (k,) their posterior-mean utility.
        show: How many to return.
        compare: How many leading ones the probability is taken over.
    """
    order = np.argsort(-utility, kind="stable")[:compare]
    members = problem.member_utility(bits[order])
    weights = problem.twin.posterior.weights
    winners = (
        np.bincount(np.argmax(members, axis=0), weights=weights, minlength=len(order))
        / weights.sum()
    )
    return [
        {
            "rank": rank + 1,
            "drugs": [d.label for d in problem.regimen(bits[order[rank]]).doses],
            "utility": summary(members[rank], weights),
            "probability_best": float(winners[rank]),
        }
        for rank in range(min(show, len(order)))
    ]


def bits_of(problem: RegimenProblem, labels: Sequence[str]) -> NDArray[np.uint8]:
    """(n,) bits of the options with these labels."""
    return np.array([o.label in labels for o in problem.options], dtype=np.uint8)
