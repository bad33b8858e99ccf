"""Random starts, each improved by single flips and pairs of flips until none helps: what any
cleverer search has to beat.
"""

from __future__ import annotations

import time
from typing import final

from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.local.problem import LocalSearchProblem, multistart


@final
class LocalSearch(Solver):
    """Multistart descent: the best flip first, then any pair of flips that helps (an exchange is
    one), until neither does.

    Under native constraints the objective is searched, and what a row is broken by is paid for; the
    penalties are left out.

    Args:
        reads: Independent descents; each gives one sample. The first begins at the warm start, if
            there is one.
    """

    def __init__(self, *, reads: int = 100) -> None:
        if reads < 1:
            raise InputError(f"expected reads of at least 1, got {reads}", hint="raise reads")
        self.reads = reads

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="local-search",
            summary="multistart descent by flips and pairs of flips, constraints kept native",
            kind="classical",
            guarantee="no flip and no pair of flips improves a sample",
            citation="Boros, Hammer, Tavares 2007, Journal of Heuristics 13:99; Kernighan, Lin "
            "1970, Bell System Tech. J. 49:291",
            max_variables=10_000,
            limits="any degree; constraints that are linear rows",
            warm_start=True,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Descend; Ctrl-C and the time limit keep what was reached.

        Raises:
            InputError: for a constraint that is no linear row, or a warm start of the wrong length.
        """
        started = time.perf_counter()
        problem = LocalSearchProblem(instance, by_flips=True)
        return multistart(
            "local-search",
            instance,
            problem,
            lambda reads, begin, state: problem.descents(reads, begin=begin, state=state),
            reads=self.reads,
            per_change=1,
            started=started,
            seed=seed,
            time_limit_s=time_limit_s,
            info={},
        )
