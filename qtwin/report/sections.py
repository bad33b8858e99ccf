"""The descriptive sections of result.json: the problem, its encoding, and what kinetics the twin
expects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.penalty import Sufficiency
from qtwin.pharmacology.kinetics import exposure_ratio
from qtwin.pharmacology.outcome import KINDS
from qtwin.pharmacology.response import respond
from qtwin.problem import feasible
from qtwin.problem.constraint import Constraint
from qtwin.problem.feasible import FeasibleSet
from qtwin.problem.regimen import RegimenProblem
from qtwin.twin.summary import weighted_quantile

_SCATTER_POINTS = 3000


def _members(constraint: Constraint) -> tuple[int, ...]:
    return tuple(getattr(constraint, "members", ())) or tuple(getattr(constraint, "pair", ()))


def _objective(problem: RegimenProblem) -> str:
    mean = (
        "mean utility"
        if problem.cvar_alpha >= 1.0
        else f"mean utility of the worst {100 * problem.cvar_alpha:g} % of {problem.cvar_over}"
    )
    against = "what goes on alone" if problem.going_on else "taking no drug"
    return (
        f"{mean} of {problem.horizon_years * 12:g} months of treatment on the twin, life lost "
        f"beyond included, against {against}"
    )


def problem_section(
    problem: RegimenProblem, allowed: FeasibleSet, *, n_simulated: int
) -> dict[str, Any]:
    """What is asked, constraint by constraint, and how many of the allowed regimens were
    simulated.
    """
    return {
        "candidates": [
            {
                "index": i,
                "label": o.label,
                "inn": o.drug.inn,
                "drug_class": o.drug.drug_class,
                "indications": list(o.drug.indications),
            }
            for i, o in enumerate(problem.options)
        ],
        "constraints": [
            {
                "name": c.name,
                "kind": type(c).__name__,
                "reason": c.reason,
                "members": [problem.options[i].label for i in _members(c)],
            }
            for c in problem.constraints
        ],
        "n_feasible": allowed.count,
        "n_feasible_interval": [allowed.low, allowed.high],
        "n_simulated": n_simulated,
        "complete": allowed.complete,
        "n_possible": 2**problem.n,
        "max_drugs": next((c.limit for c in problem.constraints if hasattr(c, "limit")), problem.n),
        "horizon_years": problem.horizon_years,
        "objective": _objective(problem),
        "unit": "QALY",
        "weights": dict(zip(KINDS, problem.kind_weights.tolist(), strict=True)),
        "enumeration": f"all {allowed.count:,} allowed regimens of 2^{problem.n} = "
        f"{2**problem.n:,} can be "
        "simulated on the twin"
        if allowed.complete
        else f"{n_simulated:,} of {allowed.number} allowed regimens were simulated on the twin: "
        f"{len(allowed.bits):,} drawn"
        " uniformly at random, the others by solvers and by local search on the twin; all "
        "of them are simulated where at most"
        f" {feasible.LIMIT:,} are allowed. Best, regret and ranks are among the simulated ones",
    }


def pareto_section(weighed: Mapping[str, Any], utility: NDArray[np.float64]) -> dict[str, Any]:
    """Benefit against harm of the allowed regimens, thinned for the picture, the whole front and
    the optimum of the objective.
    """
    step = max(1, -(-len(utility) // _SCATTER_POINTS))
    best = int(np.argmax(utility))
    return {
        "benefit": np.asarray(weighed["benefit"])[::step].tolist(),
        "harm": np.asarray(weighed["harm"])[::step].tolist(),
        "front": weighed["front"],
        "chosen": {
            "benefit": float(weighed["benefit"][best]),
            "harm": float(weighed["harm"][best]),
        },
    }


def encoding_section(
    encoding: BinaryModel,
    sufficiency: Sufficiency | None,
    *,
    encoded: NDArray[np.float64],
    true: NDArray[np.float64],
    trained: NDArray[np.bool_],
) -> dict[str, Any]:
    """The polynomial, its penalties and its distance from the twin; `encoded` and `true` are (k,)
    feasible utilities.
    """
    low, high = encoding.polynomial.coefficient_range
    step = max(1, -(-len(true) // _SCATTER_POINTS))
    fit = encoding.accuracy
    checked: dict[str, Any] | None = None
    if sufficiency is not None:
        verb = "is feasible" if sufficiency.holds else "BREAKS A CONSTRAINT"
        checked = {
            "lowest_feasible_energy": sufficiency.lowest_feasible,
            "lowest_infeasible_energy": sufficiency.lowest_infeasible,
            "checked_assignments": sufficiency.checked,
            "holds": sufficiency.holds,
            "tightest_weight": sufficiency.tightest_weight,
            "text": f"On all {sufficiency.checked:,} assignments the lowest energy {verb}; the "
            "lowest infeasible energy lies "
            f"{sufficiency.lowest_infeasible - sufficiency.lowest_feasible:.4f} QALY above it. "
            f"A weight of {sufficiency.tightest_weight:.4f} QALY would just have sufficed.",
        }
    return {
        "n_variables": encoding.polynomial.n_variables,
        "n_decision": encoding.n_decision,
        "n_slack": sum(name.startswith("slack ") for name in encoding.variables),
        "n_auxiliary": 0 if encoding.quadratised is None else len(encoding.quadratised.auxiliaries),
        "variables": list(encoding.variables),
        "n_terms": encoding.polynomial.n_terms,
        "degree": encoding.polynomial.degree,
        "coefficient_min": low,
        "coefficient_max": high,
        "penalties": [
            {
                "constraint": p.constraint,
                "weight": p.weight,
                "sufficient_weight": p.sufficient_weight,
                "reason": p.reason,
            }
            for p in encoding.penalties
        ],
        "sufficiency": checked,
        "accuracy": None
        if fit is None
        else {
            "n_train": fit.n_train,
            "n_held_out": fit.n_held_out,
            "r2": fit.r2,
            "rank_correlation": fit.rank_correlation,
            "top_overlap": fit.top_overlap,
            "regret": fit.regret,
            "max_error": fit.max_error,
        },
        "scatter": {
            "encoded": encoded[::step].tolist(),
            "true": true[::step].tolist(),
            "trained": trained[::step].tolist(),
        },
    }


def kinetics_section(problem: RegimenProblem, current: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Each option's steady-state concentration in this patient, alone and beside the current
    medicines of other classes.

    Args:
        problem: Its panel holds the options.
        current: (n,) which options the patient takes now.
    """
    panel, options = problem.panel, problem.options
    weights = problem.twin.posterior.weights
    exposures, _, _ = respond(
        panel, np.arange(problem.n)[:, None], horizon_years=problem.horizon_years
    )
    fractions = panel.kinetics.fractions.mean(axis=0)
    odds = panel.kinetics.inhibition_odds.mean(axis=0)
    inhibition = odds / (1.0 + odds)
    rows = []
    for i, option in enumerate(options):
        low, median, high = weighted_quantile(
            exposures[i, :, 0] * panel.concentration[i], weights, (0.025, 0.5, 0.975)
        )
        beside = [
            j
            for j in np.flatnonzero(current)
            if j != i and options[j].drug.drug_class != option.drug.drug_class
        ]
        together = np.array([i, *beside])
        alone = exposure_ratio(fractions[[i]], panel.person.activity, inhibition[[i]])[0]
        ratios = exposure_ratio(fractions[together], panel.person.activity, inhibition[together])
        rows.append(
            {
                "inn": option.drug.inn,
                "label": option.label,
                "concentration_ng_per_mL": {
                    "low": float(low),
                    "median": float(median),
                    "high": float(high),
                },
                "exposure_ratio": float(alone),
                "exposure_ratio_current": float(ratios[0]),
                "inhibited_by": [
                    options[j].drug.inn for j in beside if (odds[j] * fractions[i]).any()
                ],
            }
        )
    return rows
