"""What exact searches share: where they begin, what they have seen, and a result that claims no
more than was shown.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial, Term
from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Status, TracePoint
from qtwin.solver.exact.linearise import posed
from qtwin.solver.variational.sampled import fill_slack

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
            f"expected a warm start of shape ({lengths[0]},), got {given.shape}",
            hint="one bit a decision variable, in order",
        )
    if not np.isin(given, (0, 1)).all():
        raise InputError(
            f"expected a warm start of 0 and 1, got values {np.unique(given)[:5]}",
            hint="round it first",
        )
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
        self._notes: dict[str, Any] = {}
        if given is not None:
            choice = (
                instance.encoding.decode(given[None, :])[0]
                if instance.encoding.constraints
                else given
            )
            if self.see(choice):
                self.start = choice
            self._notes["warm_start"] = (
                "used" if self.start is not None else "breaks a constraint, not used"
            )

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
        """Record (n,) bits that the search found; True if they are feasible."""
        self._seen += 1
        row = np.zeros((1, self.target.n_variables), dtype=np.uint8)
        row[0, : self.n] = np.asarray(bits)
        if not self._feasible(row[:, : self.n]):
            return False
        energy = float(self.target.evaluate(row)[0])
        if energy < self._energy:
            self._best, self._energy = row[0, : self.n].copy(), energy
            self.trace.append(
                TracePoint(time_s=self.elapsed_s, evaluations=self._seen, best_energy=energy)
            )
        return True

    def _feasible(self, row: NDArray[np.uint8]) -> bool:
        """Whether (1, n) posed bits satisfy the constraints, or, without any, are a valid
        assignment.
        """
        encoding = self._instance.encoding
        if encoding.constraints:
            return all(bool(c.holds(row)[0]) for c in encoding.constraints)
        return bool(encoding.is_feasible(row)[0])

    def result(
        self,
        ending: Ending,
        *,
        bound: float | None,
        tolerance: float,
        wall_s: Mapping[str, float],
        info: Mapping[str, Any],
    ) -> Result:
        """The best that was seen, with what was shown about it.

        A bound on the objective is one on the encoded energy where the penalties vanish on feasible
        choices. Where an approximate encoding leaves some, it is kept in `info` and nothing is
        claimed.

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
            bits = (
                fill_slack(encoding, self._best[None, :])[0] if encoding.constraints else self._best
            )
            energy = float(encoding.polynomial.evaluate(bits[None, :])[0])
            rounding = 1e-9 * sum(abs(c) for c in encoding.polynomial.terms.values())
            # penalties that do not vanish on feasible choices
            if abs(energy - self._energy) > rounding:
                info = {**info, "objective": self._energy, "objective_bound": bound}
                bound = None
            bound = None if bound is None else min(bound, energy)
            # penalties leave their rounding in the encoded energy, which the objective has not
            proven = bound is not None and min(energy, self._energy) - bound <= tolerance
            status = (
                "optimal"
                if proven
                else "feasible"
                if self.reached and ending != "interrupted"
                else status
            )
        elif ending == "infeasible":
            bound = None
        elif ending == "complete":
            # a complete search shows a point; a vendor that kept none has stopped early
            status = "time limit"
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
                **self._notes,
                "tolerance": tolerance,
                "target_reached": self.reached,
                "infeasibility_proven": ending == "infeasible" and bits is None,
            },
        )

    def settled(self, contradictory: bool) -> Result | None:
        """The result where there is nothing to search: a constraint that nothing satisfies, or no
        variable at all.
        """
        wall = {"search": self.elapsed_s}
        if not contradictory and self.n == 0 and self.see(np.zeros(0)):
            return self.result(
                "complete", bound=self.target.constant, tolerance=0.0, wall_s=wall, info={}
            )
        if contradictory or self.n == 0:
            return self.result("infeasible", bound=None, tolerance=0.0, wall_s=wall, info={})
        return None


# A polynomial with whole coefficients beside its floats, and what the rounding can do to a bound.

PRECISION_BITS = 50
"""All scaled coefficients together stay below 2^50: sums are exact in 64-bit integers and in
doubles.
"""


def step(polynomial: BinaryPolynomial) -> float | None:
    """The largest number of which all coefficients but the constant are whole multiples.

    Energies then lie on constant + step Z, which lets a bound be rounded up. Floats are binary
    fractions, so this is exact; None when a sum of multiples would not fit `PRECISION_BITS`
    (coefficients such as 0.1 that are no short binary fractions).
    """
    fractions = [Fraction(c) for t, c in polynomial.terms.items() if t]
    if not fractions:
        return None
    common = math.lcm(*(f.denominator for f in fractions))
    divisor = math.gcd(*(int(f * common) for f in fractions))
    if sum(abs(int(f * common)) for f in fractions) // divisor >= 1 << PRECISION_BITS:
        return None
    found = Fraction(divisor, common)
    return float(found) if Fraction(float(found)) == found else None


class Scaled:
    """Coefficients c as integers r = c / unit, rounded where they must be.

    With R = sum_S r_S x_S,

        f(x) = unit R(x) + sum_S d_S x_S + constant,  d = c - unit r,
        f(x) >= unit bound(R) + sum_S min(d_S, 0) + constant.

    Attributes:
        integers: Term to r, the constant left out.
        unit: The `step` of the polynomial where it has one (then all d are 0), else a power of two.
        exact: Whether nothing was rounded.
        error: sum |d_S|, the most that rounding changes any energy.
        tolerance: An energy this close above its bound counts as proven: 1e-9 of all coefficients
            together.
    """

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        terms = {t: c for t, c in polynomial.terms.items() if t}
        total = math.fsum(abs(c) for c in terms.values())
        whole = step(polynomial)
        self.unit = whole or math.ldexp(
            1.0, (math.frexp(total)[1] if total else 0) - PRECISION_BITS
        )
        self.integers: dict[Term, int] = {
            t: round(Fraction(c) / Fraction(self.unit)) for t, c in terms.items()
        }
        left = [
            float(Fraction(c) - self.integers[t] * Fraction(self.unit)) for t, c in terms.items()
        ]
        self._below = math.fsum(min(d, 0.0) for d in left)
        self._constant = polynomial.constant
        self.exact = not any(left)
        self.error = math.fsum(abs(d) for d in left)
        self.tolerance = 1e-9 * (total + abs(polynomial.constant))

    def bound(self, whole_bound: float) -> float:
        """A lower bound on the float polynomial from one on R; R takes whole values only, so that
        one is rounded up first.
        """
        return math.ceil(whole_bound - 0.5) * self.unit + self._below + self._constant


class Stretched:
    """Costs as a floating-point solver should see them: whole numbers where there are any, else the
    largest near 2^13.

    Such a solver works to absolute tolerances of about 1e-6, so `allowance` is taken off its bound:
    1e-9 of all coefficients together and at least 1e-6 of its own units. On whole numbers the bound
    is rounded up again, and nothing is lost.

    Attributes:
        unit: Energy of one of the solver's units; costs are divided by it, and the constant is left
            out.
        whole: Whether all stretched costs are whole numbers.
        allowance: In energy.
        tolerance: An energy this close above its bound counts as proven: twice the allowance.
    """

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        sizes = [abs(c) for t, c in polynomial.terms.items() if t]
        total, largest = math.fsum(sizes), max(sizes, default=1.0)
        whole = step(polynomial)
        self.whole = whole is not None and total / whole < 1e8 and largest / whole < 1 << 20
        self.unit = whole if whole and self.whole else math.ldexp(1.0, math.frexp(largest)[1] - 13)
        self.allowance = max(1e-9 * total, 1e-6 * self.unit) if sizes else 0.0
        self.tolerance = 2.0 * self.allowance
        self._constant = polynomial.constant

    def bound(self, value: float) -> float:
        """A lower bound on the energy from one in the solver's units."""
        least = value * self.unit - self.allowance
        if self.whole:
            least = math.ceil(least / self.unit - 1e-3) * self.unit
        return least + self._constant
