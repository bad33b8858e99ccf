"""Greedy: add the best option until none helps.

What a hurried prescriber does, and the weakest baseline with a plan.
"""

from __future__ import annotations

import time
from typing import final

from qtwin.solver.base import Instance, Result, Solver, SolverInfo, TracePoint
from qtwin.solver.local.problem import LocalSearchProblem
from qtwin.solver.variational.sampled import best_feasible


@final
class Greedy(Solver):
    """From nothing, the addition that lowers the energy most, until none lowers it.

    Constraints are kept native: what a row is broken by costs more than any option gains, so that
    needs are filled first and limits are not passed. It takes no warm start and draws no random
    number. Where its end is infeasible it has no answer.
    """

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="greedy",
            summary="adds the best option until none helps, constraints kept native",
            kind="classical",
            guarantee="none in general; 1 - 1/e of the best for monotone submodular gains under a "
            "limit on the number",
            citation="Nemhauser, Wolsey, Fisher 1978, Mathematical Programming 14:265",
            max_variables=10_000,
            limits="any degree; constraints that are linear rows",
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Add; the seed is kept in the result and changes nothing, and no time limit is needed.

        Raises:
            InputError: for a constraint that is no linear row.
        """
        started = time.perf_counter()
        problem = LocalSearchProblem(instance, by_flips=True)
        added, evaluated = problem.greedy()
        bits, energy = best_feasible(instance.encoding, problem.whole(added))
        took = time.perf_counter() - started
        return Result(
            solver="greedy",
            status="infeasible" if bits is None else "feasible",
            bits=bits,
            energy=energy,
            trace=()
            if bits is None
            else (TracePoint(time_s=took, evaluations=evaluated, best_energy=energy),),
            evaluations=max(evaluated, 1),
            wall_s={"additions": took},
            seed=seed,
            info={"chosen": int(added.sum())},
        )
