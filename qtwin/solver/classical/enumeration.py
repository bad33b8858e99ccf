"""Complete enumeration: on the twin itself where there is one, else of the polynomial. What others are held against."""

from __future__ import annotations

import time
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.encoding import Encoding
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError
from qtwin.problem.feasible import feasible_bits
from qtwin.solver.base import Card, Instance, Result, Solver, TracePoint, TwinProblem
from qtwin.solver.sampled import best_feasible
from qtwin.solver.slack import fill_slack

QUADRATIC_LIMIT = 36
HIGHER_LIMIT = 26
_BESIDE_LISTING = 30
"""Under native constraints the walk over all assignments only tells whether the penalties suffice; it is kept short."""


@final
class Enumeration(Solver):
    """Look at everything.

    With a twin behind the instance every feasible choice is simulated and the best utility wins (`scope` "twin"). Without one the
    polynomial is minimised: over the listed feasible choices under native constraints, over all 2^n assignments otherwise.
    """

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="enumeration",
            summary="every feasible choice simulated on the twin; without a twin, every assignment of the polynomial",
            kind="classical",
            guarantee="optimal, proven by completeness",
            citation="none needed",
            max_variables=QUADRATIC_LIMIT,
            limits=f"{HIGHER_LIMIT} variables above degree 2; under constraints 10,000,000 choices of any number of variables",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Enumerate; the seed is kept in the result and changes nothing.

        Raises:
            InputError: for more assignments than can be listed, with the limit.
            InfeasibleError: from the problem, when no choice is feasible.
        """
        if instance.problem is not None:
            return _on_the_twin(instance.encoding, instance.problem, seed, time_limit_s)
        return _on_the_polynomial(instance.encoding, seed, time_limit_s)


def _on_the_twin(encoding: Encoding, problem: TwinProblem, seed: int, time_limit_s: float | None) -> Result:
    started = time.perf_counter()
    choices = problem.feasible_bits()
    listed = time.perf_counter()
    if not len(choices):
        return _nothing(seed, "twin", {"listing": listed - started})
    blocks = [choices] if time_limit_s is None else np.array_split(choices, max(1, min(len(choices), 50)))
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
            trace.append(TracePoint(time_s=time.perf_counter() - started, evaluations=seen, best_energy=energy))
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
                zip(("0", "0.25", "0.5", "0.75", "1"), np.quantile(utility, (0, 0.25, 0.5, 0.75, 1)).tolist(), strict=True)
            ),
        },
    )


def _on_the_polynomial(encoding: Encoding, seed: int, time_limit_s: float | None) -> Result:
    started = time.perf_counter()
    n = encoding.polynomial.n_variables
    reachable = n <= min(limit(encoding.polynomial), _BESIDE_LISTING if encoding.constraints else QUADRATIC_LIMIT)
    if not reachable and not encoding.constraints:
        raise InputError(
            f"{n} variables of degree {encoding.polynomial.degree} came, at most {limit(encoding.polynomial)} can be enumerated",
            hint="use cp-sat, or state the constraints natively so that only feasible choices are listed",
        )
    info: dict[str, Any] = {"n_assignments": float(2**n), "minimiser_is_feasible": None, "penalised_minimum": None}
    bits: NDArray[np.uint8] | None = None
    complete, looked = True, 0
    if reachable:
        bits, looked, complete = _minimiser(encoding.polynomial, time_limit_s)
        info["penalised_minimum"] = float(encoding.polynomial.evaluate(bits[None, :])[0])
        info["minimiser_is_feasible"] = bool(encoding.is_feasible(bits[None, :])[0])
    walked = time.perf_counter()
    if encoding.constraints and not (complete and info["minimiser_is_feasible"]):
        complete = True  # the feasible choices are listed in full, whatever the walk above reached
        choices = feasible_bits(encoding.n_decision, encoding.constraints)
        info["n_feasible"] = len(choices)
        looked += len(choices)
        bits = best_feasible(encoding, fill_slack(encoding, choices))[0]
    wall = {"walk": walked - started, "feasible": time.perf_counter() - walked}
    if bits is None:
        return _nothing(seed, "encoding", wall)
    energy = float(encoding.polynomial.evaluate(bits[None, :])[0])
    return Result(
        solver="enumeration",
        status="optimal" if complete else "time limit",
        bits=bits,
        energy=energy,
        bound=energy if complete else None,
        proven=complete,
        trace=(TracePoint(time_s=sum(wall.values()), evaluations=looked, best_energy=energy),),
        evaluations=looked,
        wall_s=wall,
        seed=seed,
        info=info,
    )


def limit(polynomial: BinaryPolynomial) -> int:
    """Variables up to which all assignments are looked at: a compiled walk for quadratics, a table of all values above."""
    return QUADRATIC_LIMIT if polynomial.degree <= 2 else HIGHER_LIMIT


def _minimiser(polynomial: BinaryPolynomial, time_limit_s: float | None) -> tuple[NDArray[np.uint8], int, bool]:
    """The minimiser over all assignments, how many were looked at, and whether that was all."""
    n = polynomial.n_variables
    if polynomial.degree <= 2 and n:
        from qtwin.solver.quadratic_minimum import minimise

        _, linear, pairs = polynomial.quadratic_form
        found = minimise(linear, pairs, time_limit_s=time_limit_s)
        return found.bits, found.evaluations, found.complete
    return index_to_bits(np.array([np.argmin(polynomial.values())]), n)[0], 2**n, True


def _nothing(seed: int, scope: Any, wall: dict[str, float]) -> Result:
    """No choice is feasible, and all were looked at."""
    info = {"n_feasible": 0, "infeasibility_proven": True}
    return Result(
        solver="enumeration", status="infeasible", bits=None, energy=float("nan"), scope=scope, wall_s=wall, seed=seed, info=info
    )
