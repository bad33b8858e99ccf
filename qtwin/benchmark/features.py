"""What a sweep shows of one family at one size: how large, how interacting, who proves."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.benchmark.analysis import Best, Record, group_of
from qtwin.encoding.generate import PUBLISHED_PROOFS, Generated
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import index_to_bits
from qtwin.problem.constraint import AtMost, Exactly

_MEDIANS = (
    "n_variables",
    "n_decision",
    "objective_degree",
    "objective_density",
    "log2_candidates",
    "largest_choice",
    "energy_bits",
)


def places(records: Sequence[Record], best: Mapping[str, Best]) -> list[dict[str, Any]]:
    """One entry for every family and size.

    Returns:
        Of each: family (as in tables), generator, n, instances, the medians of their features,
            terms (order to median count),
        proven (instances whose optimum a solver proves), proven_by (labels), construction (whether
        the optimum is known from how the instances are made, or from the literature) and
        published_proof (by whom, in the latter case).
    """
    groups: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for r in records:
        if r.get("instance"):
            groups[group_of(r), r["task"]["n"]].append(r)
    return [_place(family, n, rows, best) for (family, n), rows in sorted(groups.items())]


def _place(family: str, n: int, rows: Sequence[Record], best: Mapping[str, Best]) -> dict[str, Any]:
    features = {r["instance_id"]: r["instance"] for r in rows}
    proofs: dict[str, set[str]] = defaultdict(set)
    for r in rows:
        if r.get("proven") and r.get("kind") != "null":
            proofs[r["instance_id"]].add(r["task"]["label"])
    known = [i for i in features if i in best and best[i].by == "construction"]
    orders = sorted({k for p in features.values() for k in p["terms"]})
    return {
        "family": family,
        "generator": rows[0]["task"]["family"],
        "n": n,
        "instances": len(features),
        **{name: float(np.median([p[name] for p in features.values()])) for name in _MEDIANS},
        "terms": {
            k: float(np.median([p["terms"].get(k, 0) for p in features.values()])) for k in orders
        },
        "proven": len({*proofs}),
        "proven_by": sorted({label for labels in proofs.values() for label in labels}),
        "construction": len(known) == len(features),
        "published_proof": PUBLISHED_PROOFS.get(rows[0]["task"]["family"], "")
        if len(known) == len(features)
        else "",
    }


# What is known of an instance before anybody solves it: size, interactions, how many answers are
# feasible, the worst of them.

_LISTED = 16
"""Decision variables up to which every assignment is looked at."""
_REAL_BITS = 16


def features(made: Generated) -> dict[str, Any]:
    """JSON values that describe the instance.

    Returns:
        n_variables, n_decision, n_slack; n_terms, terms (order to count, of the whole polynomial),
        degree; of the objective alone objective_degree and objective_density, the share of the
        pairs that interact; coefficient range and the bits of an energy register; log2_candidates,
        the logarithm of the number of feasible assignments, exact up to 16 variables and else
        bounded by the size limits alone (`candidates_exact`); chance, the share of all assignments,
        slack included, that has the least energy, up to 16 variables; largest_choice, the most
        options at once; optimum and worst, the least and greatest energy of a feasible assignment
        where known.
    """
    encoding = made.encoding
    p, objective = encoding.polynomial, encoding.objective
    low, high = p.coefficient_range
    orders = Counter(len(t) for t in p.terms if t)
    pairs = math.comb(encoding.n_decision, 2)
    interacting = {pair for t in objective.terms if len(t) > 1 for pair in _pairs(t)}
    counted, worst = _listed(encoding)
    return {
        "n_variables": p.n_variables,
        "n_decision": encoding.n_decision,
        "n_slack": p.n_variables - encoding.n_decision,
        "n_terms": p.n_terms,
        "terms": {str(k): orders[k] for k in sorted(orders)},
        "degree": p.degree,
        "objective_degree": objective.degree,
        "density": len([t for t in p.terms if len(t) == 2]) / max(math.comb(p.n_variables, 2), 1),
        "objective_density": len(interacting) / pairs if pairs else 0.0,
        "coefficient_min": low,
        "coefficient_max": high,
        "energy_bits": energy_bits(encoding),
        "log2_candidates": math.log2(counted) if counted else _bounded(encoding),
        "candidates_exact": counted is not None,
        "largest_choice": largest_choice(encoding),
        "constraints": len(encoding.constraints),
        "chance": _chance(encoding),
        "optimum": made.optimum,
        "worst": worst,
        "made_s": dict(made.wall_s),
    }


def _chance(encoding: BinaryModel) -> float | None:
    """That a uniform guess over all qubits is a minimum; None where there are too many to look
    at.
    """
    if encoding.polynomial.n_variables > _LISTED:
        return None
    values = encoding.polynomial.values()
    least = float(values.min())
    return float((values <= least + 1e-9 * max(1.0, abs(least))).mean())


def energy_bits(encoding: BinaryModel) -> int:
    """Width of a register that holds every energy: exact for whole coefficients, 16 bits for real
    ones.
    """
    coefficients = np.array([c for t, c in encoding.polynomial.terms.items() if t] or [1.0])
    if np.allclose(coefficients, np.round(coefficients)):
        return max(2, math.ceil(math.log2(float(np.abs(coefficients).sum()) + 1.0)) + 1)
    return _REAL_BITS


def largest_choice(encoding: BinaryModel) -> int:
    """The most options that a size limit over all of them allows at once."""
    n = encoding.n_decision
    limits = [
        c.limit if isinstance(c, AtMost) else c.count
        for c in encoding.constraints
        if isinstance(c, AtMost | Exactly) and len(c.members) == n
    ]
    return min([n, *limits])


def _pairs(term: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(a, b) for k, a in enumerate(term) for b in term[k + 1 :]]


def _bounded(encoding: BinaryModel) -> float:
    """log2 of how many assignments the size limits over all options leave."""
    n = encoding.n_decision
    exact = [
        c.count for c in encoding.constraints if isinstance(c, Exactly) and len(c.members) == n
    ]
    if exact:
        return math.log2(math.comb(n, exact[0]))
    most = largest_choice(encoding)
    return float(n) if most == n else math.log2(sum(math.comb(n, k) for k in range(most + 1)))


def _listed(encoding: BinaryModel) -> tuple[int | None, float | None]:
    """Number of feasible assignments and the greatest energy among them without penalties; (None,
    None) where too many.
    """
    n = encoding.n_decision
    if n > _LISTED or encoding.recoded is not None:
        return None, None
    choices = index_to_bits(np.arange(2**n), n)
    feasible = (
        np.all([c.holds(choices) for c in encoding.constraints], axis=0)
        if encoding.constraints
        else np.ones(2**n, np.bool_)
    )
    if not feasible.any():
        return None, None
    return int(feasible.sum()), float(encoding.value(choices[feasible]).max())
