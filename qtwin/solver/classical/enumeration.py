"""Complete enumeration: on the twin itself where there is one, else of the polynomial. What others
are held against.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import is_row
from qtwin.problem.feasible import feasible_bits
from qtwin.solver.base import (
    Instance,
    Result,
    Solver,
    SolverInfo,
    TracePoint,
    TwinProblem,
    exactly,
    most_choices,
)
from qtwin.solver.exact.linearise import posed
from qtwin.solver.variational.sampled import best_feasible, fill_slack

if TYPE_CHECKING:
    from qtwin.solver.exact.choices import Best
    from qtwin.solver.exact.complete import Minimum

QUADRATIC_LIMIT = 42
HIGHER_LIMIT = 34
_BESIDE = 26
"""Under native constraints the walk over all assignments only tells whether the penalties suffice;
it is kept short.
"""

Improvements = tuple[tuple[float, int, float], ...]
"""(seconds, evaluated, energy without the constant) on the way down."""


@final
class Enumeration(Solver):
    """Look at everything.

    With a twin behind the instance every feasible choice is simulated and the best utility wins
    (`scope` "twin"). Without one the polynomial is minimised: over the choices that the native
    constraints allow, else over all 2^n assignments. Quadratics under linear rows are walked by
    size (exactly k of n) or branch by branch; anything else is listed first.
    """

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="enumeration",
            summary="every feasible choice simulated on the twin; without a twin, every assignment "
            "of the polynomial",
            kind="classical",
            guarantee="optimal, proven by completeness",
            citation="none needed",
            max_variables=QUADRATIC_LIMIT,
            limits=f"{HIGHER_LIMIT} variables above degree 2; under constraints any number of "
            "variables: 2e10 sets of exactly k, "
            "5e8 choices under linear rows, 1e7 where they must be listed",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Enumerate; the seed is kept in the result and changes nothing.

        Raises:
            InputError: for more assignments than can be listed, with the limit.
            InfeasibleError: from the problem, when no choice is feasible.
        """
        if instance.problem is not None:
            return _on_the_twin(instance.encoding, instance.problem, seed, time_limit_s)
        if instance.encoding.constraints:
            return _under_constraints(instance.encoding, seed, time_limit_s)
        return _on_the_polynomial(instance.encoding, seed, time_limit_s)


def _on_the_twin(
    encoding: BinaryModel, problem: TwinProblem, seed: int, time_limit_s: float | None
) -> Result:
    started = time.perf_counter()
    choices = problem.feasible_bits()
    listed = time.perf_counter()
    if not len(choices):
        return _nothing(seed, "twin", {"listing": listed - started})
    blocks = (
        [choices]
        if time_limit_s is None
        else np.array_split(choices, max(1, min(len(choices), 50)))
    )
    utilities: list[NDArray[np.float64]] = []
    trace: list[TracePoint] = []
    top = -np.inf
    for block in blocks:
        if utilities and time_limit_s is not None and time.perf_counter() - started > time_limit_s:
            break
        utilities.append(problem.objective(block))
        if utilities[-1].max() > top:
            top = float(utilities[-1].max())
            seen = sum(len(u) for u in utilities)
            best = choices[seen - len(block) + int(np.argmax(utilities[-1]))]
            energy = float(encoding.polynomial.evaluate(fill_slack(encoding, best[None, :]))[0])
            trace.append(
                TracePoint(
                    time_s=time.perf_counter() - started, evaluations=seen, best_energy=energy
                )
            )
    utility = np.concatenate(utilities)
    simulated = time.perf_counter()
    complete = len(utility) == len(choices)
    winner = int(np.argmax(utility))
    bits = fill_slack(encoding, choices[winner][None, :])[0]
    rest = np.delete(utility, winner)
    return Result(
        solver="enumeration",
        status="optimal" if complete else "time limit",
        bits=bits,
        energy=float(encoding.polynomial.evaluate(bits[None, :])[0]),
        proven=complete,
        scope="twin",
        trace=tuple(trace),
        evaluations=len(utility),
        wall_s={"listing": listed - started, "simulation": simulated - listed},
        seed=seed,
        info={
            "n_feasible": len(choices),
            "best_utility": float(utility[winner]),
            "second_best_gap": float(utility[winner] - rest.max()) if len(rest) else None,
            "utility_mean": float(utility.mean()),
            "utility_sd": float(utility.std()),
            "utility_quantiles": dict(
                zip(
                    ("0", "0.25", "0.5", "0.75", "1"),
                    np.quantile(utility, (0, 0.25, 0.5, 0.75, 1)).tolist(),
                    strict=True,
                )
            ),
        },
    )


def _on_the_polynomial(encoding: BinaryModel, seed: int, time_limit_s: float | None) -> Result:
    started = time.perf_counter()
    n, most = encoding.polynomial.n_variables, limit(encoding.polynomial)
    if n > most:
        raise InputError(
            f"expected at most {most} variables to enumerate, got {n} of degree "
            f"{encoding.polynomial.degree}",
            hint="use cp-sat, or state the constraints natively so that only feasible choices "
            "are listed",
        )
    found = _minimiser(encoding.polynomial, time_limit_s)
    energy = float(encoding.polynomial.evaluate(found.bits[None, :])[0])
    return Result(
        solver="enumeration",
        status="optimal"
        if found.complete
        else "interrupted"
        if found.interrupted
        else "time limit",
        bits=found.bits,
        energy=energy,
        bound=energy if found.complete else None,
        proven=found.complete,
        trace=_trace(found.improvements, encoding.polynomial.constant, energy),
        evaluations=found.evaluations,
        wall_s={"walk": time.perf_counter() - started},
        seed=seed,
        info={"n_assignments": float(2**n)},
    )


def _under_constraints(encoding: BinaryModel, seed: int, time_limit_s: float | None) -> Result:
    started = time.perf_counter()
    info: dict[str, Any] = {"minimiser_is_feasible": None, "penalised_minimum": None}
    if encoding.polynomial.n_variables <= _BESIDE:
        walked = _minimiser(encoding.polynomial, time_limit_s)
        if walked.complete:
            info["penalised_minimum"] = float(encoding.polynomial.evaluate(walked.bits[None, :])[0])
            info["minimiser_is_feasible"] = bool(encoding.is_feasible(walked.bits[None, :])[0])
    beside = time.perf_counter() - started
    found = _best_choice(
        encoding, None if time_limit_s is None else max(time_limit_s - beside, 0.01)
    )
    wall = {"walk": beside, "feasible": time.perf_counter() - started - beside}
    if found is None:
        choices = feasible_bits(encoding.n_decision, encoding.constraints)
        info["n_feasible"] = evaluated = len(choices)
        bits, complete, interrupted = (
            best_feasible(encoding, fill_slack(encoding, choices))[0],
            True,
            False,
        )
        wall["feasible"] = time.perf_counter() - started - beside
        improvements: Improvements = ((sum(wall.values()), evaluated, float("inf")),)
    else:
        evaluated, complete, interrupted, improvements = (
            found.evaluations,
            found.complete,
            found.interrupted,
            found.improvements,
        )
        bits = None
        if found.members is not None:
            choice = np.zeros((1, encoding.n_decision), dtype=np.uint8)
            choice[0, list(found.members)] = 1
            bits = fill_slack(encoding, choice)[0]
    if bits is None and complete:
        return _nothing(seed, "encoding", wall)
    energy = float("nan") if bits is None else float(encoding.polynomial.evaluate(bits[None, :])[0])
    return Result(
        solver="enumeration",
        status="optimal" if complete else "interrupted" if interrupted else "time limit",
        bits=bits,
        energy=energy,
        bound=energy if complete else None,
        proven=complete,
        trace=() if bits is None else _trace(improvements, encoding.objective.constant, energy),
        evaluations=evaluated,
        wall_s=wall,
        seed=seed,
        info=info,
    )


def limit(polynomial: BinaryPolynomial) -> int:
    """Variables up to which all assignments are evaluated: minutes on two cores."""
    return QUADRATIC_LIMIT if polynomial.degree <= 2 else HIGHER_LIMIT


def _minimiser(polynomial: BinaryPolynomial, time_limit_s: float | None) -> Minimum:
    """The minimiser over all assignments."""
    if polynomial.degree <= 2:
        from qtwin.solver.exact.complete import minimise_quadratic

        _, linear, pairs = polynomial.quadratic_form
        return minimise_quadratic(linear, pairs, time_limit_s=time_limit_s)
    from qtwin.solver.exact.complete import minimise_polynomial

    return minimise_polynomial(polynomial, time_limit_s=time_limit_s)


def _best_choice(encoding: BinaryModel, time_limit_s: float | None) -> Best | None:
    """The best feasible choice by a compiled walk over choices, or None where there is none for the
    case.

    It takes quadratic objectives under linear rows, and penalties that vanish where the rows hold,
    so that the objective alone decides.

    Raises:
        InputError: for more choices than can be evaluated.
    """
    from qtwin.solver.exact import choices

    target, n = posed(encoding)
    vanishing = all(np.isfinite(p.sufficient_weight) for p in encoding.penalties)
    if target.degree > 2 or not vanishing or not all(is_row(c) for c in encoding.constraints):
        return None
    _, linear, pairs = target.quadratic_form
    linear, pairs = linear[:n], pairs[:n, :n]
    k, apart = exactly(n, encoding.constraints)
    if (
        apart is not None
        and (k <= choices.MOST_APART or not apart)
        and math.comb(n, k) <= choices.SUBSET_LIMIT
    ):
        found = choices.minimise_subset(linear, pairs, k, apart=apart, time_limit_s=time_limit_s)
    else:
        count = most_choices(n, encoding.constraints)
        if count > choices.LIMIT:
            raise InputError(
                f"up to {count:,} choices satisfy the constraints, at most "
                f"{choices.LIMIT:,} can be evaluated",
                hint="use cp-sat or highs, or constrain the choice further",
            )
        found = choices.minimise_choice(
            linear, pairs, encoding.constraints, time_limit_s=time_limit_s
        )
    if found.members is not None:
        choice = np.zeros((1, n), dtype=np.uint8)
        choice[0, list(found.members)] = 1
        energy = float(encoding.polynomial.evaluate(fill_slack(encoding, choice))[0])
        rounding = 1e-9 * sum(abs(c) for c in encoding.polynomial.terms.values())
        # penalties that do not vanish, whatever was declared
        if abs(energy - float(encoding.value(choice)[0])) > rounding:
            return None
    return found


def _trace(improvements: Improvements, constant: float, energy: float) -> tuple[TracePoint, ...]:
    """The way down; its last point is the energy that is reported."""
    points = [
        TracePoint(time_s=s, evaluations=n, best_energy=max(e + constant, energy))
        for s, n, e in improvements[:-1]
    ]
    last = [
        TracePoint(time_s=s, evaluations=n, best_energy=energy) for s, n, _ in improvements[-1:]
    ]
    return (*points, *last)


def _nothing(seed: int, scope: Any, wall: dict[str, float]) -> Result:
    """No choice is feasible, and all were evaluated."""
    info = {"n_feasible": 0, "infeasibility_proven": True}
    return Result(
        solver="enumeration",
        status="infeasible",
        bits=None,
        energy=float("nan"),
        scope=scope,
        wall_s=wall,
        seed=seed,
        info=info,
    )
