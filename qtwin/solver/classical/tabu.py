"""Our own compiled tabu search, constraints kept native: the heuristic that quantum results are
held against.
"""

from __future__ import annotations

import time
from typing import final

from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.local.problem import LocalSearchProblem, multistart


@final
class Tabu(Solver):
    """Multistart tabu search by single flips, or by exchanges where exactly k options are to be
    chosen.

    Under native constraints the objective is searched and the penalties are left out; no slack bit
    is ever flipped.

    Args:
        reads: Independent searches; each gives one sample. The first begins at the warm start, if
            there is one.
        moves: Moves in a row without a new best after which a search ends; 5 times the variables by
            default, at least 30, and more above 400 variables, where new starts pay less.
        tenure: Moves that a flipped variable stays at least.
        spread: The stay is drawn anew for each move, up to so many moves longer.
    """

    def __init__(
        self,
        *,
        reads: int = 100,
        moves: int | None = None,
        tenure: int | None = None,
        spread: int | None = None,
    ) -> None:
        for name, value, least in (
            ("reads", reads, 1),
            ("moves", moves, 1),
            ("tenure", tenure, 0),
            ("spread", spread, 1),
        ):
            if value is not None and value < least:
                raise InputError(
                    f"expected {name} of at least {least}, got {value}", hint=f"raise {name}"
                )
        self.reads, self.moves, self.tenure, self.spread = reads, moves, tenure, spread

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="tabu",
            summary="compiled multistart tabu search, flips or exchanges, constraints kept native",
            kind="classical",
            guarantee="none",
            citation="Glover 1989, ORSA Journal on Computing 1:190; Palubeckis 2004, Annals of "
            "Operations Research 131:259",
            max_variables=10_000,
            limits="any degree; constraints that are linear rows",
            warm_start=True,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search; Ctrl-C and the time limit keep the best so far, of an unfinished read as well.

        Raises:
            InputError: for a constraint that is no linear row, or a warm start of the wrong length.
        """
        started = time.perf_counter()
        problem = LocalSearchProblem(instance)
        tenure, spread = self._stay(problem)
        moves = (
            max(30, 5 * problem.n * max(1, problem.n // 200)) if self.moves is None else self.moves
        )
        return multistart(
            "tabu",
            instance,
            problem,
            lambda reads, begin, state: problem.tabu(
                reads, begin=begin, moves=moves, tenure=tenure, spread=spread, state=state
            ),
            reads=self.reads,
            per_change=problem.n,
            started=started,
            seed=seed,
            time_limit_s=time_limit_s,
            info={
                "moves_without_gain": moves,
                "tenure": tenure,
                "spread": spread,
                "neighbourhood": problem.kind,
            },
        )

    def _stay(self, problem: LocalSearchProblem) -> tuple[int, int]:
        """(tenure, spread): 3 and 6 moves; longer where there are hundreds of variables, less where
        few can move at all.
        """
        few = min(problem.size, problem.n - problem.size) if problem.kind == "swaps" else problem.n
        tenure = min(max(3, problem.n // 80), few // 4) if self.tenure is None else self.tenure
        return tenure, max(
            1, min(max(6, problem.n // 80), few // 3)
        ) if self.spread is None else self.spread
