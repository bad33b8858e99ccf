"""From a checked spec to its twin, its problem, and the encoding that the solvers see."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.cli.check import Checked, rules_of
from qtwin.cli.likeness import fitted
from qtwin.encoding.encoding import Encoding
from qtwin.encoding.penalty import Sufficiency, check_sufficiency, encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.rewritten import quadratised, recoded
from qtwin.encoding.unbalanced import unbalanced
from qtwin.errors import InputError
from qtwin.pharmacology.receptor_variant import beta1_gain
from qtwin.problem.regimen import RegimenProblem, pose
from qtwin.spec import EncodingSection, Spec
from qtwin.twin.build import build_twin
from qtwin.twin.twin import Twin, kind_weights

_TIGHT = 1.05  # by how much the tightest penalty is exceeded, so that nothing infeasible ties with the optimum
_LEAST = 0.01  # share of the proven penalty that stays where the best of all choices is allowed and none is needed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Made:
    """An encoding and what is known of it.

    Attributes:
        encoding: What the solvers see.
        sufficiency: What looking at every assignment says of the penalties, before recoding; None above 24 variables, or where
            they are approximate.
        standing: What became of approximate penalties; None for exact ones.
        seconds: Time to make it. Looking at every assignment counts only where a weight comes from it.
        words: A warning, or "".
    """

    encoding: Encoding
    sufficiency: Sufficiency | None
    standing: dict[str, Any] | None
    seconds: float
    words: str = ""


def twin_of(checked: Checked) -> Twin:
    """The twin of the spec's patient."""
    spec = checked.spec
    return build_twin(
        checked.patient,
        checked.doses,
        disease_model=spec.twin.disease_model,
        n_members=spec.twin.n_members,
        seed=spec.seed,
        beta1_gain=beta1_gain(**spec.twin.receptor_variants.model_dump()),
    )


def problem_of(checked: Checked, twin: Twin) -> RegimenProblem:
    """The spec's question to the twin."""
    p = checked.spec.problem
    return pose(
        twin,
        checked.candidates,
        needs=checked.needs,
        max_drugs=p.max_drugs,
        horizon_years=p.horizon_years,
        kind_weights=kind_weights(dict(p.weights)),
        rules=rules_of(checked.spec),
        cvar_alpha=p.cvar_alpha,
        cvar_over=p.cvar_over,
        current=tuple(d.drug.inn for d in checked.doses),
        switching_cost_qaly=p.switching_cost_qaly,
        going_on=checked.going_on,
        eligibility=checked.eligibility,
    )


def sampled(problem: RegimenProblem, feasible: NDArray[np.uint8], spec: Spec) -> dict[str, Any]:
    """Make the surrogate that the spec asks for, and say which regimens were simulated for it."""
    problem.objective(feasible[:1])  # compiles the kernels, so that no solver is charged for it
    started = time.perf_counter()
    made = fitted(problem, feasible, spec.encoding, spec.seed)
    place = {row.tobytes(): k for k, row in enumerate(np.ascontiguousarray(feasible))}
    allowed = [place[row.tobytes()] for row in np.ascontiguousarray(made.bits) if row.tobytes() in place]
    return {
        "allowed": np.array(allowed, dtype=np.int64),
        "n_simulated": len(made.utility),
        "words": made.words,
        "terms": [[list(t), c] for t, c in made.polynomial.terms.items()],
        "n": made.polynomial.n_variables,
        "simulate_s": time.perf_counter() - started,
    }


def polynomial_of(sample: Mapping[str, Any]) -> BinaryPolynomial:
    """The surrogate of `sampled`."""
    return BinaryPolynomial.of(sample["n"], [(tuple(t), float(c)) for t, c in sample["terms"]])


def encoded_from(
    problem: RegimenProblem, feasible: NDArray[np.uint8], sample: Mapping[str, Any], section: EncodingSection, seed: int
) -> Made:
    """Penalties, codes and quadratisation, in this order.

    Raises:
        InputError: where the tightest penalty is wanted of more variables than can be looked at.
    """
    started = time.perf_counter()
    utility, known = polynomial_of(sample), feasible[np.asarray(sample["allowed"], dtype=np.int64)]
    arguments: dict[str, Any] = {
        "names": [o.label for o in problem.options],
        "constraints": problem.constraints,
        "feasible": known if len(known) else feasible[:1],
    }
    sufficiency: Sufficiency | None = None
    standing: dict[str, Any] | None = None
    words, looked_s = "", 0.0
    if section.penalty == "unbalanced":
        approximate = unbalanced(utility, **arguments, seed=seed)
        encoding, found = approximate.encoding, approximate.standing
        standing = dataclasses.asdict(found)
        if not (found.feasible and found.optimal):
            words = "The penalties without slack bits are approximate: the lowest energy is " + (
                "not that of an allowed regimen." if not found.feasible else "that of an allowed regimen, but not of the best."
            )
    else:
        encoding = encode(utility, **arguments)
        mark = time.perf_counter()
        sufficiency = check_sufficiency(encoding)
        if section.penalty == "tightest":
            encoding = encode(utility, **arguments, weight=_tightest(encoding, sufficiency))
            mark = time.perf_counter()
            sufficiency = check_sufficiency(encoding)
        looked_s = time.perf_counter() - mark
    if section.levels != "one_hot":
        encoding = recoded(encoding, section.levels)
    if section.quadratise != "no":
        encoding = quadratised(encoding, section.quadratise)
    return Made(
        encoding=encoding,
        sufficiency=sufficiency,
        standing=standing,
        seconds=time.perf_counter() - started - looked_s,
        words=words,
    )


def _tightest(encoding: Encoding, sufficiency: Sufficiency | None) -> float:
    if sufficiency is None:
        raise InputError(
            f"the tightest penalty of {encoding.polynomial.n_variables} bits cannot be found by looking at every assignment",
            hint='set encoding.penalty = "proven"',
        )
    least = _LEAST * min(p.weight for p in encoding.penalties) if encoding.penalties else 1.0
    return max(sufficiency.tightest_weight * _TIGHT, least)
