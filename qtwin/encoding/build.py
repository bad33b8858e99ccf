"""From a problem to the model that solvers see: simulated utilities, a surrogate, penalties, codes,
quadratisation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding import surrogate
from qtwin.encoding.accuracy import accuracy
from qtwin.encoding.converters import quadratised, recoded
from qtwin.encoding.model import BinaryModel, SurrogateFit
from qtwin.encoding.penalty import Sufficiency, check_sufficiency, encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.standing import Standing
from qtwin.encoding.unbalanced import unbalanced
from qtwin.errors import InputError
from qtwin.problem.regimen import RegimenProblem

# by how much the tightest penalty is exceeded, so that nothing infeasible ties with the optimum
_TIGHT = 1.05
_HELD_OUT = 300  # feasible regimens simulated for the accuracy of a surrogate
# share of the proven penalty that stays where the best of all choices is feasible and none is
# needed
_LEAST = 0.01


@dataclass(frozen=True, kw_only=True)
class EncodingOptions:
    """How a problem becomes a model, see `RegimenProblem.to_model`."""

    surrogate: str = "quadratic"
    n_train: int = 600
    penalty: Literal["proven", "tightest", "unbalanced"] = "proven"
    levels: Literal["one_hot", "binary", "domain_wall"] = "one_hot"
    quadratise: Literal["no", "rosenberg", "freedman", "cover"] = "no"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A surrogate of a problem, and what was simulated for it.

    Attributes:
        polynomial: Encoded utility over the options (QALY), to be maximised.
        rows: Rows of the listed feasible choices that were simulated.
        n_simulated: Regimens simulated, infeasible ones included.
        words: What the surrogate did.
        simulate_s: Seconds that it took.
    """

    polynomial: BinaryPolynomial
    rows: NDArray[np.int64]
    n_simulated: int
    words: str
    simulate_s: float

    def to_plain(self) -> dict[str, Any]:
        """For checkpoints."""
        terms = [[list(t), c] for t, c in self.polynomial.terms.items()]
        return vars(self) | {"polynomial": {"n": self.polynomial.n_variables, "terms": terms}}

    @staticmethod
    def from_plain(plain: Mapping[str, Any]) -> Sample:
        """The sample again."""
        terms = [(tuple(t), float(c)) for t, c in plain["polynomial"]["terms"]]
        polynomial = BinaryPolynomial.of(plain["polynomial"]["n"], terms)
        return Sample(
            **(
                dict(plain)
                | {"polynomial": polynomial, "rows": np.asarray(plain["rows"], dtype=np.int64)}
            )
        )


def sampled(problem: RegimenProblem, options: EncodingOptions, *, seed: int) -> Sample:
    """Fit the surrogate.

    Raises:
        InputError: for an unknown surrogate.
    """
    feasible = problem.feasible.bits
    problem.objective(feasible[:1])  # compiles the kernels, so that no solver is charged for it
    started = time.perf_counter()
    fit = surrogate.load(options.surrogate)
    made = fit(problem.objective, feasible, options.n_train, np.random.default_rng([seed, 1]))
    place = {row.tobytes(): k for k, row in enumerate(np.ascontiguousarray(feasible))}
    rows = [
        place[row.tobytes()] for row in np.ascontiguousarray(made.bits) if row.tobytes() in place
    ]
    return Sample(
        polynomial=made.polynomial,
        rows=np.array(rows, dtype=np.int64),
        n_simulated=len(made.utility),
        words=made.words,
        simulate_s=time.perf_counter() - started,
    )


def encoded(
    problem: RegimenProblem, sample: Sample, options: EncodingOptions, *, seed: int
) -> BinaryModel:
    """Penalties, codes and quadratisation, in this order.

    Raises:
        InputError: where the tightest penalty is wanted of more variables than can be looked at.
    """
    started = time.perf_counter()
    feasible = problem.feasible.bits
    utility, known = sample.polynomial, feasible[sample.rows]
    arguments: dict[str, Any] = {
        "names": [o.label for o in problem.options],
        "constraints": problem.constraints,
        "feasible": known if len(known) else feasible[:1],
    }
    sufficiency: Sufficiency | None = None
    found: Standing | None = None
    warning, looked_s = "", 0.0
    if options.penalty == "unbalanced":
        approximate = unbalanced(utility, **arguments, seed=seed)
        encoding, found = approximate.encoding, approximate.standing
        if not (found.feasible and found.optimal):
            warning = "The penalties without slack bits are approximate: the lowest energy is " + (
                "not that of a feasible regimen."
                if not found.feasible
                else "that of a feasible regimen, but not of the best."
            )
    else:
        encoding = encode(utility, **arguments, unit="QALY")
        mark = time.perf_counter()
        sufficiency = check_sufficiency(encoding)
        if options.penalty == "tightest":
            encoding = encode(
                utility, **arguments, unit="QALY", weight=_tightest(encoding, sufficiency)
            )
            mark = time.perf_counter()
            sufficiency = check_sufficiency(encoding)
        looked_s = time.perf_counter() - mark
    if options.levels != "one_hot":
        encoding = recoded(encoding, options.levels)
    if options.quadratise != "no":
        encoding = quadratised(encoding, options.quadratise)
    fit = SurrogateFit(
        surrogate=options.surrogate,
        penalty=options.penalty,
        n_train=options.n_train,
        rows=sample.rows,
        n_simulated=sample.n_simulated,
        words=sample.words,
        simulate_s=sample.simulate_s,
        encode_s=time.perf_counter() - started - looked_s,
        penalty_check=sufficiency,
        approximate=found,
        warning=warning,
    )
    return replace(encoding, fit=fit, problem=problem)


def build_model(problem: RegimenProblem, options: EncodingOptions, *, seed: int) -> BinaryModel:
    """The model of a problem, with its accuracy on feasible regimens that the surrogate did not
    see, where some are left.
    """
    sample = sampled(problem, options, seed=seed)
    model = encoded(problem, sample, options, seed=seed)
    held = np.setdiff1d(np.arange(len(problem.feasible.bits)), sample.rows)
    if not len(held):
        return model
    held = np.sort(np.random.default_rng([seed, 2]).permutation(held)[:_HELD_OUT])
    rows = np.concatenate([sample.rows, held])
    trained = np.arange(len(rows)) < len(sample.rows)
    bits = problem.feasible.bits[rows]
    return with_accuracy(model, bits, problem.objective(bits), trained, drawn=None)


def with_accuracy(
    model: BinaryModel,
    bits: NDArray[np.uint8],
    utility: NDArray[np.float64],
    trained: NDArray[np.bool_],
    *,
    drawn: int | None,
) -> BinaryModel:
    """The model with the accuracy of its surrogate, measured on simulated choices that the fit did
    not see.
    """
    n = model.n_decision
    terms = [(t, -c) for t, c in model.objective.terms.items()]
    if any(t and t[-1] >= n for t, _ in terms):
        raise InputError(
            "the objective is not over the options",
            hint="measure the accuracy of the sample's polynomial",
        )
    return replace(
        model, accuracy=accuracy(BinaryPolynomial.of(n, terms), bits, utility, trained, drawn=drawn)
    )


def _tightest(encoding: BinaryModel, sufficiency: Sufficiency | None) -> float:
    if sufficiency is None:
        raise InputError(
            f"the tightest penalty of {encoding.polynomial.n_variables} bits cannot be "
            "found by looking at every assignment",
            hint='set encoding.penalty = "proven"',
        )
    least = _LEAST * min(p.weight for p in encoding.penalties) if encoding.penalties else 1.0
    return max(sufficiency.tightest_weight * _TIGHT, least)
