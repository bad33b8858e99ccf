"""Was the encoded problem the real one? Every surrogate and the interaction spectrum, held against the twin."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding import surrogate
from qtwin.encoding.fidelity import score
from qtwin.encoding.spectrum import LARGEST, all_values, spectrum
from qtwin.encoding.surrogate.least_squares import fit
from qtwin.problem.pareto import front
from qtwin.problem.regimen import RegimenProblem
from qtwin.spec import EncodingSection

_SIMULATIONS = 2_000_000  # regimens x members that the spectrum may take
_FEWEST_MEMBERS, _MOST_MEMBERS, _AUTO_OPTIONS = 16, 1024, 14
_BEST = 100
_ORDERS = 3
_MOST_TERMS = 20_000  # of a surrogate that is only compared


def fitted(problem: RegimenProblem, feasible: NDArray[np.uint8], section: EncodingSection, seed: int) -> surrogate.Fitted:
    """The surrogate that the spec asks for."""
    return surrogate.load(section.surrogate)(problem.objective, feasible, section.n_train, np.random.default_rng([seed, 1]))


def compare(
    problem: RegimenProblem,
    feasible: NDArray[np.uint8],
    utility: NDArray[np.float64],
    section: EncodingSection,
    seed: int,
    *,
    drawn: int | None = None,
) -> dict[str, Any]:
    """Each surrogate's score, one row each.

    Of a sample (`drawn`: how many of the first rows are random), the others being known to be good, the random ones are what
    surrogates train on; those of more than `_MOST_TERMS` terms are left out, and named.
    """
    rows, left_out = [], []
    for name in surrogate.TABLE:
        order = 3 if "triples" in name else 2 if "pairs" in name else 1
        if drawn is not None and _n_terms(problem.n, order) > _MOST_TERMS:
            left_out.append(name)
            continue
        made = surrogate.load(name)(problem.objective, feasible[:drawn], section.n_train, np.random.default_rng([seed, 1]))
        rows.append(dataclasses.asdict(score(name, made, feasible, utility, problem.member_utility, drawn=drawn)))
    return {"rows": rows, "left_out": left_out}


def _n_terms(n: int, order: int) -> int:
    return sum(math.comb(n, k) for k in range(order + 1))


def weigh(problem: RegimenProblem, feasible: NDArray[np.uint8]) -> dict[str, Any]:
    """Benefit and harm of every allowed regimen, and which of them no other beats in both."""
    both = problem.benefit_and_harm(feasible)
    best = front(both[:, 0], both[:, 1])
    return {
        "benefit": both[:, 0],
        "harm": both[:, 1],
        "front": [
            {
                "regimen": [d.label for d in problem.regimen(feasible[k]).doses],
                "benefit": float(both[k, 0]),
                "harm": float(both[k, 1]),
            }
            for k in best
        ],
    }


def by_order(
    problem: RegimenProblem,
    feasible: NDArray[np.uint8],
    utility: NDArray[np.float64],
    section: EncodingSection,
    *,
    drawn: int | None = None,
) -> dict[str, Any] | None:
    """Variance of the utility explained by order: over all choices exactly, and over the allowed ones by least squares.

    Of a sample (`drawn`: how many of the first rows are random) one half is fitted and the other half explained, up to the order
    whose terms the half can tell apart.

    All choices are those of the options that occur most in the best allowed regimens, 14 of them unless the spec says "always";
    None where the spec wants none.
    """
    if section.spectrum == "never":
        return None
    n = min(problem.n, LARGEST if section.spectrum == "always" else _AUTO_OPTIONS)
    often = feasible[np.argsort(-utility)[:_BEST]].sum(axis=0, dtype=np.int64)
    kept = np.sort(np.argsort(-often, kind="stable")[:n])
    thin = problem.thinned(int(np.clip(_SIMULATIONS >> n, _FEWEST_MEMBERS, _MOST_MEMBERS)))

    def objective(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        whole = np.zeros((len(bits), problem.n), dtype=np.uint8)
        whole[:, kept] = bits
        return thin.objective(whole)

    found = spectrum(all_values(n, objective))
    fitting, shown = (slice(None), slice(None)) if drawn is None else (slice(drawn // 2), slice(drawn // 2, drawn))
    truth = utility[shown]
    total = float(np.sum((truth - truth.mean()) ** 2))
    allowed = [0.0]
    for order in range(1, _ORDERS + 1):
        if drawn is not None and _n_terms(problem.n, order) > drawn // 2:
            break
        made = fit(feasible[fitting], utility[fitting], order=order, ridge=1e-10, weighted=False)
        gap = truth - made.evaluate(feasible[shown])
        allowed.append(1.0 - float(np.sum(gap**2)) / total if total > 0.0 else 1.0)
    return {
        "n": n,
        "options": [problem.options[k].label for k in kept],
        "left_out": [o.label for k, o in enumerate(problem.options) if k not in set(kept.tolist())],
        "n_members": thin.twin.n_members,
        "share": found.share.tolist(),
        "explained": found.explained.tolist(),
        "largest": found.largest.tolist(),
        "allowed_explained": allowed,
    }
