"""Exact search with CP-SAT: the objective under the native constraints, products linearised, the
bound a proof for the floats.
"""

from __future__ import annotations

import math
from typing import Any, final

from qtwin.errors import InputError, QtwinError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exact.linearise import LinearModel, linearise
from qtwin.solver.exact.search import Ending, Scaled, Search
from qtwin.solver.interruptible import run_interruptibly


@final
class CpSat(Solver):
    """Branch and bound with clause learning, its bound a proof for the float objective and not for
    its rounding.

    CP-SAT counts in 64-bit integers, so coefficients are scaled to whole numbers first; `Scaled`
    says what the rounding can do, and the bound that is reported has it taken off. No
    floating-point tolerance enters the proof.

    Args:
        time_limit_s: Limit when `solve` is given none.
        threads: Workers. One worker with the full linear relaxation is several times faster on
            dense quadratics than two workers, which share the work among strategies that do not pay
            here; more than one also gives up equal answers for equal seeds.
    """

    def __init__(self, *, time_limit_s: float = 60.0, threads: int = 1) -> None:
        for name, value in (("time_limit_s", time_limit_s), ("threads", threads)):
            if not value > 0:
                raise InputError(f"expected {name} above 0, got {value}", hint=f"raise {name}")
        self.time_limit_s, self.threads = time_limit_s, threads

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="cp-sat",
            summary="exact branch and bound on the encoded objective under native constraints "
            "(OR-tools)",
            kind="classical",
            guarantee="optimal for the encoding when it finishes, in whole numbers; otherwise a "
            "proven bound",
            citation="Perron, Didier, Gay 2023, CP 2023, LIPIcs 280:3",
            max_variables=2000,
            limits="any degree",
            warm_start=True,
            vendor=("ortools", "ortools"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search until proof, target or time limit; Ctrl-C keeps the best so far.

        Raises:
            InputError: for a constraint type that cannot be stated natively, or a warm start of the
                wrong length.
        """
        from ortools.sat.python import cp_model

        search = Search("cp-sat", instance, seed=seed)
        linear = linearise(instance.encoding)
        scaled = Scaled(linear.target)
        settled = search.settled(linear.contradictory)
        if settled is not None:
            return settled
        model, z = _stated(linear, scaled)
        if search.start is not None:
            for variable, value in zip(z, linear.point(search.start), strict=True):
                model.add_hint(variable, int(value))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = self.threads
        solver.parameters.linearization_level = 2
        # Zero-half cuts give the odd-cycle inequalities of a quadratic; without the other families
        # a third less work is done.
        solver.parameters.add_cg_cuts = solver.parameters.add_mir_cuts = (
            solver.parameters.add_clique_cuts
        ) = False
        solver.parameters.random_seed = seed & 0x7FFFFFFF
        solver.parameters.catch_sigint_signal = False
        built = search.elapsed_s
        limit = self.time_limit_s if time_limit_s is None else time_limit_s
        solver.parameters.max_time_in_seconds = max(limit - built, 0.01)

        class Watch(cp_model.CpSolverSolutionCallback):
            def on_solution_callback(self) -> None:
                search.see([self.boolean_value(v) for v in z[: linear.n]])
                if search.reached:
                    self.stop_search()

        if search.reached:  # the warm start was good enough
            return search.result(
                "time limit",
                bound=None,
                tolerance=scaled.tolerance,
                wall_s={"model": built},
                info={},
            )
        code, interrupted = run_interruptibly(
            lambda: solver.solve(model, Watch()), solver.stop_search
        )
        if code == cp_model.MODEL_INVALID:
            raise QtwinError(
                f"CP-SAT refuses the model: {model.validate()}",
                hint="rescale the coefficients of the instance",
            )
        if code in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            search.see([solver.boolean_value(v) for v in z[: linear.n]])
        bound = None  # without a point CP-SAT calls its bound 0, which is none
        if code in (cp_model.OPTIMAL, cp_model.FEASIBLE) and math.isfinite(
            solver.best_objective_bound
        ):
            bound = scaled.bound(solver.best_objective_bound)
        endings: dict[Any, Ending] = {
            cp_model.OPTIMAL: "complete",
            cp_model.INFEASIBLE: "infeasible",
        }
        return search.result(
            endings.get(code, "interrupted" if interrupted else "time limit"),
            bound=bound,
            tolerance=scaled.tolerance,
            wall_s={"model": built, "search": search.elapsed_s - built},
            info={
                "conflicts": solver.num_conflicts,
                "branches": solver.num_branches,
                "rounding_error": scaled.error,
                "columns": len(linear.cost),
                "rows": len(linear.rows),
            },
        )


def _stated(linear: LinearModel, scaled: Scaled) -> tuple[Any, list[Any]]:
    """The CP-SAT model, and its literals: choices first, then products."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    z = [model.new_bool_var(f"z{k}") for k in range(len(linear.cost))]
    for row in linear.filled_rows:
        total = cp_model.LinearExpr.weighted_sum([z[k] for k in row.columns], row.values)
        model.add(
            {"<=": total <= row.rhs, ">=": total >= row.rhs, "==": total == row.rhs}[row.sense]
        )
    columns = {(k,): k for k in range(linear.n)} | {
        t: linear.n + k for k, t in enumerate(linear.products)
    }
    costs = {columns[t]: r for t, r in scaled.integers.items() if r and t in columns}
    model.minimize(cp_model.LinearExpr.weighted_sum([z[k] for k in costs], list(costs.values())))
    return model, z
