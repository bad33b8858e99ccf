"""What exact searches share: where they begin, what they have seen, and a result that claims no more than was shown."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Status, TracePoint
from qtwin.solver.linearise import posed
from qtwin.solver.slack import fill_slack

Ending = Literal["complete", "infeasible", "time limit", "interrupted"]


def warm_start_of(instance: Instance) -> NDArray[np.uint8] | None:
    """The instance's warm start as (n_variables,) bits, slack completed; None if it has none.

    Raises:
        InputError: for a wrong length, or values other than 0 and 1.
    """
    if instance.warm_start is None:
        return None
    encoding = instance.encoding
    given = np.asarray(instance.warm_start)
    lengths = (encoding.n_decision, encoding.polynomial.n_variables)
    if given.ndim != 1 or len(given) not in lengths:
        raise InputError(
            f"a warm start of shape {given.shape} came, ({lengths[0]},) was wanted", hint="one bit a decision variable, in order"
        )
    if not np.isin(given, (0, 1)).all():
        raise InputError(f"a warm start with values {np.unique(given)[:5]} came, 0 and 1 were wanted", hint="round it first")
    bits = given.astype(np.uint8)
    return fill_slack(encoding, bits[None, :])[0] if len(bits) == lengths[0] else bits


class Search:
    """One run of an exact solver on `linearise.posed`; lives inside `solve` and does not travel.

    Args:
        solver: Its name in the table.
        instance: What is asked.
        seed: Kept for the result.

    Attributes:
        target, n: What is minimised, and over how many of its first variables.
        start: (n,) bits of a feasible warm start, None otherwise.
        trace: Improvements so far.
    """

    def __init__(self, solver: str, instance: Instance, *, seed: int) -> None:
        self.started = time.perf_counter()
        self._solver, self._instance, self._seed = solver, instance, seed
        self.target, self.n = posed(instance.encoding)
        self._best: NDArray[np.uint8] | None = None
        self._energy = float("inf")
        self._seen = 0
        self.trace: list[TracePoint] = []
        self.start: NDArray[np.uint8] | None = None
        given = warm_start_of(instance)
        self._told: dict[str, Any] = {}
        if given is not None:
            choice = instance.encoding.decode(given[None, :])[0] if instance.encoding.constraints else given
            if self.see(choice):
                self.start = choice
            self._told["warm_start"] = "used" if self.start is not None else "breaks a constraint, not used"

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.started

    @property
    def bits(self) -> NDArray[np.uint8] | None:
        """(n,) best feasible bits so far."""
        return self._best

    @property
    def reached(self) -> bool:
        """Whether the target energy has been seen."""
        target = self._instance.target_energy
        return target is not None and self._energy <= target

    def see(self, bits: NDArray[np.generic] | Sequence[bool]) -> bool:
        """Look at (n,) bits that the search came by; True if they are feasible."""
        self._seen += 1
        row = np.zeros((1, self.target.n_variables), dtype=np.uint8)
        row[0, : self.n] = np.asarray(bits)
        if not self._allowed(row[:, : self.n]):
            return False
        energy = float(self.target.evaluate(row)[0])
        if energy < self._energy:
            self._best, self._energy = row[0, : self.n].copy(), energy
            self.trace.append(TracePoint(time_s=self.elapsed_s, evaluations=self._seen, best_energy=energy))
        return True

    def _allowed(self, row: NDArray[np.uint8]) -> bool:
        """Whether (1, n) posed bits satisfy the constraints, or, without any, are a valid assignment."""
        encoding = self._instance.encoding
        if encoding.constraints:
            return all(bool(c.holds(row)[0]) for c in encoding.constraints)
        return bool(encoding.is_feasible(row)[0])

    def result(
        self, ending: Ending, *, bound: float | None, tolerance: float, wall_s: Mapping[str, float], info: Mapping[str, Any]
    ) -> Result:
        """The best that was seen, with what was shown about it.

        A bound on the objective is one on the encoded energy where the penalties vanish on feasible choices. Where an approximate
        encoding leaves some, it is kept in `info` and nothing is claimed.

        Args:
            ending: "complete" when the search left nothing out.
            bound: Lower bound on the energy of every feasible assignment, None if there is none.
            tolerance: How close to the bound an energy counts as proven.
            wall_s: Seconds by stage.
            info: Further numbers.
        """
        encoding = self._instance.encoding
        bits, energy, proven = None, float("nan"), False
        status: Status = "feasible" if ending == "complete" else ending
        if self._best is not None:
            bits = fill_slack(encoding, self._best[None, :])[0] if encoding.constraints else self._best
            energy = float(encoding.polynomial.evaluate(bits[None, :])[0])
            rounding = 1e-9 * sum(abs(c) for c in encoding.polynomial.terms.values())
            if abs(energy - self._energy) > rounding:  # penalties that do not vanish on feasible choices
                info = {**info, "objective": self._energy, "objective_bound": bound}
                bound = None
            bound = None if bound is None else min(bound, energy)
            proven = bound is not None and energy - bound <= tolerance
            status = "optimal" if proven else "feasible" if self.reached and ending != "interrupted" else status
        elif ending == "infeasible":
            bound = None
        elif ending == "complete":
            status = "time limit"  # a complete search shows a point; a vendor that kept none has stopped early
        return Result(
            solver=self._solver,
            status=status,
            bits=bits,
            energy=energy,
            bound=bound,
            proven=proven,
            trace=tuple(self.trace),
            evaluations=self._seen,
            wall_s=dict(wall_s),
            seed=self._seed,
            info={
                **info,
                **self._told,
                "tolerance": tolerance,
                "target_reached": self.reached,
                "infeasibility_proven": ending == "infeasible" and bits is None,
            },
        )

    def settled(self, contradictory: bool) -> Result | None:
        """The result where there is nothing to search: a constraint that nothing satisfies, or no variable at all."""
        wall = {"search": self.elapsed_s}
        if not contradictory and self.n == 0 and self.see(np.zeros(0)):
            return self.result("complete", bound=self.target.constant, tolerance=0.0, wall_s=wall, info={})
        if contradictory or self.n == 0:
            return self.result("infeasible", bound=None, tolerance=0.0, wall_s=wall, info={})
        return None
