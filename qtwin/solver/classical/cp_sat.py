"""Exact search with CP-SAT: the objective under the native constraints, products linearised, the bound a proof for the floats."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.encoding import Encoding
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError, QtwinError
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Cap, Constraint, Exactly, NotBoth
from qtwin.solver.base import Card, Instance, Result, Solver, Status, TracePoint
from qtwin.solver.slack import fill_slack

_PRECISION_BITS = 50
"""All scaled coefficients together stay below 2^50: sums are exact in 64-bit integers and in the doubles CP-SAT reports."""

_STATUS: dict[str, Status] = {"INFEASIBLE": "infeasible", "OPTIMAL": "feasible"}
"""What CP-SAT says and we cannot call proven; an optimum whose rounding gap is above the tolerance is only feasible."""


@final
class CpSat(Solver):
    """Branch and bound with clause learning, its bound a proof for the float objective and not for its rounding.

    Coefficients c become integers r = round(c 2^k), and with R = sum_S r_S x_S

        f(x) = R(x) / 2^k + sum_S d_S x_S,  d = c - r / 2^k,  so  f(x) >= bound(R) / 2^k + sum_S min(d_S, 0),

    which is the bound reported.

    Args:
        time_limit_s: Limit when `solve` is given none.
        warm_start: Bits of a known choice of the decision variables, tried first.
    """

    def __init__(self, *, time_limit_s: float = 60.0, warm_start: tuple[int, ...] | None = None) -> None:
        if not time_limit_s > 0:
            raise InputError(f"time_limit_s = {time_limit_s} came, a positive time was wanted", hint="raise time_limit_s")
        self.time_limit_s, self.warm_start = time_limit_s, warm_start

    @classmethod
    def card(cls) -> Card:
        return Card(
            name="cp-sat",
            summary="exact branch and bound on the encoded objective under native constraints (OR-tools)",
            kind="classical",
            guarantee="optimal for the encoding when it finishes; otherwise a proven bound",
            citation="Perron, Didier, Gay 2023, CP 2023, LIPIcs 280:3",
            max_variables=2000,
            vendor=("ortools", "ortools"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search until proof or time limit.

        Raises:
            InputError: for a constraint type that cannot be stated natively, or a warm start of the wrong length.
        """
        from ortools.sat.python import cp_model

        started = time.perf_counter()
        encoding = instance.encoding
        target = encoding.objective if encoding.constraints else encoding.polynomial
        n = encoding.n_decision if encoding.constraints else target.n_variables
        scaled = _Scaled(target)
        model = cp_model.CpModel()
        x = [model.new_bool_var(name) for name in encoding.variables[:n]]
        for constraint in encoding.constraints:
            _state(model, x, constraint)
        model.minimize(sum(r * _product(model, x, term, r) for term, r in scaled.integers.items() if r))
        if self.warm_start is not None:
            if len(self.warm_start) != n:
                raise InputError(f"a warm start of {len(self.warm_start)} bits came, {n} were wanted", hint="one bit a variable")
            for variable, value in zip(x, self.warm_start, strict=True):
                model.add_hint(variable, value)
        solver = cp_model.CpSolver()
        # One worker with the full linear relaxation: on these dense quadratics 40 times faster than two workers.
        solver.parameters.num_workers = 1
        solver.parameters.linearization_level = 2
        solver.parameters.random_seed = seed & 0x7FFFFFFF
        limit = self.time_limit_s if time_limit_s is None else time_limit_s
        solver.parameters.max_time_in_seconds = limit
        built = time.perf_counter()
        trace: list[TracePoint] = []

        def note(bits: Sequence[bool]) -> None:
            energy = float(target.evaluate(_padded(bits, target.n_variables))[0])
            if not trace or energy < trace[-1].best_energy:
                trace.append(TracePoint(time_s=time.perf_counter() - started, evaluations=len(trace) + 1, best_energy=energy))

        class Watch(cp_model.CpSolverSolutionCallback):
            def on_solution_callback(self) -> None:
                note([self.boolean_value(v) for v in x])

        code = solver.solve(model, Watch())
        searched = time.perf_counter()
        if code == cp_model.MODEL_INVALID:
            raise QtwinError(f"CP-SAT refuses the model: {model.validate()}", hint="rescale the coefficients of the instance")
        found = code in (cp_model.OPTIMAL, cp_model.FEASIBLE)
        info: dict[str, Any] = {
            "conflicts": solver.num_conflicts,
            "branches": solver.num_branches,
            "rounding_error": scaled.error,
            "infeasibility_proven": code == cp_model.INFEASIBLE,
        }
        bits, energy, bound, proven = None, float("nan"), None, False
        if code != cp_model.INFEASIBLE and math.isfinite(solver.best_objective_bound):
            bound = scaled.bound(solver.best_objective_bound)
        if found:
            bits = _completed(encoding, _padded([solver.boolean_value(v) for v in x], n))
            energy = float(encoding.polynomial.evaluate(bits[None, :])[0])
            bound = None if bound is None else min(bound, energy)
            gap = float("inf") if bound is None else energy - bound
            info["gap"], info["tolerance"] = gap, scaled.tolerance
            proven = code == cp_model.OPTIMAL and gap <= scaled.tolerance
        return Result(
            solver="cp-sat",
            status="optimal" if proven else _STATUS.get(solver.status_name(code), "time limit"),
            bits=bits,
            energy=energy,
            bound=bound,
            proven=proven,
            trace=tuple(trace),
            evaluations=len(trace),
            wall_s={"model": built - started, "search": searched - built},
            seed=seed,
            info=info,
        )


def _padded(bits: Sequence[bool], n: int) -> NDArray[np.uint8]:
    row = np.zeros((1, n), dtype=np.uint8)
    row[0, : len(bits)] = bits
    return row


def _completed(encoding: Encoding, row: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n_variables,) bits from a (1, k) row of decisions, or of all variables."""
    whole = fill_slack(encoding, row) if row.shape[1] == encoding.n_decision else row
    return np.asarray(whole[0], dtype=np.uint8)


class _Scaled:
    """A polynomial with integer coefficients beside its floats, and what the rounding can do to a bound."""

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        terms = {t: c for t, c in polynomial.terms.items() if t}
        total = math.fsum(abs(c) for c in terms.values())
        exponent = _PRECISION_BITS - (math.frexp(total)[1] if total else 0)
        self.integers = {t: round(math.ldexp(c, exponent)) for t, c in terms.items()}
        left = [c - math.ldexp(self.integers[t], -exponent) for t, c in terms.items()]
        self._below = math.fsum(min(d, 0.0) for d in left)
        self._exponent, self._constant = exponent, polynomial.constant
        self.error = math.fsum(abs(d) for d in left)
        self.tolerance = 1e-9 * (total + abs(polynomial.constant))

    def bound(self, integer_bound: float) -> float:
        """A lower bound on the float polynomial from one on the integer one; whole numbers only, so it is rounded up first."""
        return math.ldexp(math.ceil(integer_bound - 0.5), -self._exponent) + self._below + self._constant


def _product(model: Any, x: Sequence[Any], term: tuple[int, ...], coefficient: int) -> Any:
    """A literal that equals the product of the term's variables wherever the objective is at its best."""
    if len(term) == 1:
        return x[term[0]]
    y = model.new_bool_var(f"product {term}")
    if coefficient > 0:
        model.add_bool_or([*(x[i].negated() for i in term), y])
    else:
        for i in term:
            model.add_implication(y, x[i])
    return y


def _state(model: Any, x: Sequence[Any], constraint: Constraint) -> None:
    """One native constraint."""
    if isinstance(constraint, AtMostOne):
        model.add_at_most_one(x[i] for i in constraint.members)
    elif isinstance(constraint, AtLeastOne):
        model.add_bool_or([x[i] for i in constraint.members])
    elif isinstance(constraint, NotBoth):
        model.add_bool_or([x[i].negated() for i in constraint.pair])
    elif isinstance(constraint, AtMost):
        model.add(sum(x[i] for i in constraint.members) <= constraint.limit)
    elif isinstance(constraint, Exactly):
        model.add(sum(x[i] for i in constraint.members) == constraint.count)
    elif isinstance(constraint, Cap):
        weights, limit = constraint.whole()
        model.add(sum(w * x[i] for w, i in zip(weights, constraint.members, strict=True)) <= limit)
    else:
        raise InputError(
            f"constraint {constraint.name!r} of type {type(constraint).__name__} is unknown to cp-sat",
            hint="state it in cp_sat.py",
        )
