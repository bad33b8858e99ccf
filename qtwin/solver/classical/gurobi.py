"""Exact search with Gurobi: quadratics as they are, higher degrees linearised."""

from __future__ import annotations

from typing import Any, Literal, final

import numpy as np

from qtwin.errors import InputError, QtwinError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exact.linearise import LinearModel, linearise
from qtwin.solver.exact.search import Ending, Search, Stretched
from qtwin.solver.interruptible import run_interruptibly

_TOO_LARGE, _NO_LICENCE = 10010, (10009, 10022, 10030, 10032)
"""Gurobi's error codes for a model above the licence's size, and for a licence that is missing,
unreachable or expired.
"""


@final
class Gurobi(Solver):
    """Branch and cut in floating point.

    Args:
        time_limit_s: Limit when `solve` is given none.
        threads: Of Gurobi.
        form: "quadratic" states a degree of 2 as it is; "linear" takes the linear model, tightened
            by the native constraints; "auto" takes the linear one where it fits the restricted
            licence (2,000 columns and rows), else the quadratic.
    """

    def __init__(
        self,
        *,
        time_limit_s: float = 60.0,
        threads: int = 1,
        form: Literal["auto", "quadratic", "linear"] = "auto",
    ) -> None:
        for name, value in (("time_limit_s", time_limit_s), ("threads", threads)):
            if not value > 0:
                raise InputError(f"expected {name} above 0, got {value}", hint=f"raise {name}")
        self.time_limit_s, self.threads, self.form = time_limit_s, threads, form

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="gurobi",
            summary="exact branch and cut on the objective under native constraints (Gurobi)",
            kind="classical",
            guarantee="optimal for the encoding within floating-point tolerance when it finishes; "
            "otherwise a bound",
            citation="Gurobi Optimization, LLC, Gurobi Optimizer Reference Manual",
            max_variables=2000,
            limits="any degree; commercial licence; the one from pip: 200 variables quadratic, "
            "2,000 linear, not for production",
            warm_start=True,
            vendor=("gurobipy", "gurobipy"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search until proof, target or time limit; Ctrl-C keeps the best so far.

        Raises:
            InputError: for a model above the size that the licence allows, no licence, a constraint
                type that cannot be stated natively, a warm start of the wrong length, or form
                "quadratic" at a degree above 2.
        """
        import gurobipy

        limit = self.time_limit_s if time_limit_s is None else time_limit_s
        search = Search("gurobi", instance, seed=seed)
        linear = linearise(instance.encoding)
        scale = Stretched(linear.target)
        settled = search.settled(linear.contradictory)
        if settled is not None:
            return settled
        form = self._form(linear)
        try:
            with gurobipy.Env(params={"OutputFlag": 0}) as env, gurobipy.Model(env=env) as model:
                return self._run(model, linear, scale, search, seed=seed, limit=limit, form=form)
        except gurobipy.GurobiError as error:
            raise _explained(error, linear, form) from error

    def _form(self, linear: LinearModel) -> Literal["quadratic", "linear"]:
        if linear.target.degree > 2:
            if self.form == "quadratic":
                raise InputError(
                    f"expected degree 2 for form 'quadratic', got {linear.target.degree}",
                    hint="take form 'linear' or 'auto'",
                )
            return "linear"
        if self.form != "auto":
            return self.form
        return "linear" if max(len(linear.cost), len(linear.filled_rows)) <= 2000 else "quadratic"

    def _run(
        self,
        model: Any,
        linear: LinearModel,
        scale: Stretched,
        search: Search,
        *,
        seed: int,
        limit: float,
        form: str,
    ) -> Result:
        from gurobipy import GRB

        model.Params.Threads, model.Params.Seed = self.threads, seed & 0x7FFFFFFF
        model.Params.MIPGap = model.Params.MIPGapAbs = 0.0
        model.Params.IntFeasTol = model.Params.FeasibilityTol = model.Params.OptimalityTol = 1e-9
        z = _stated(model, linear, scale.unit, form)
        if search.start is not None:
            z.Start = linear.point(search.start)[: z.size]
        built = search.elapsed_s
        info: dict[str, Any] = {"form": form, "columns": int(z.size), "rows": int(model.NumConstrs)}
        if search.reached:
            return search.result(
                "time limit",
                bound=None,
                tolerance=scale.tolerance,
                wall_s={"model": built},
                info=info,
            )
        model.Params.TimeLimit = max(limit - built, 0.01)
        choices = z[: linear.n].tolist()

        def watch(model: Any, where: int) -> None:
            if where == GRB.Callback.MIPSOL:
                search.see(np.rint(model.cbGetSolution(choices)))
                if search.reached:
                    model.terminate()

        _, interrupted = run_interruptibly(lambda: model.optimize(watch), model.terminate)
        endings: dict[int, Ending] = {
            GRB.OPTIMAL: "complete",
            GRB.INFEASIBLE: "infeasible",
            GRB.INF_OR_UNBD: "infeasible",  # bits are bounded
        }
        ending = endings.get(model.Status, "interrupted" if interrupted else "time limit")
        if model.SolCount:
            search.see(np.rint(z.X[: linear.n]))
        bound = float(model.ObjBound) if ending != "infeasible" else float("nan")
        return search.result(
            ending,
            bound=scale.bound(bound) if abs(bound) < GRB.INFINITY else None,
            tolerance=scale.tolerance,
            wall_s={"model": built, "search": search.elapsed_s - built},
            info={**info, "nodes": int(model.NodeCount)},
        )


def _stated(model: Any, linear: LinearModel, unit: float, form: str) -> Any:
    """The variables of the model, choices first; with the products' columns and rows in the linear
    form alone.
    """
    from gurobipy import GRB
    from scipy.sparse import csr_array

    if form == "linear":
        kinds = np.array([GRB.BINARY] * linear.n + [GRB.CONTINUOUS] * len(linear.products))
        z = model.addMVar(len(linear.cost), ub=1.0, vtype=kinds, obj=linear.cost / unit)
        rows = linear.filled_rows
    else:
        z = model.addMVar(linear.n, vtype=GRB.BINARY)
        _, costs, pairs = linear.target.quadratic_form
        n = linear.n
        model.setObjective(z @ (pairs[:n, :n] / unit) @ z + (costs[:n] / unit) @ z)
        rows = tuple(r for r in linear.filled_rows if max(r.columns) < n)
    if rows:
        starts = np.cumsum([0, *(len(r.columns) for r in rows)])
        matrix = csr_array(
            (
                np.concatenate([np.array(r.in_floats[0], dtype=np.float64) for r in rows]),
                np.concatenate([np.array(r.columns) for r in rows]),
                starts,
            ),
            shape=(len(rows), int(z.size)),
        )
        senses = np.array([{"<=": "<", ">=": ">", "==": "="}[r.sense] for r in rows])
        model.addMConstr(
            matrix, z, senses, np.array([r.in_floats[1] for r in rows], dtype=np.float64)
        )
    model.update()
    return z


def _explained(error: Any, linear: LinearModel, form: str) -> QtwinError:
    """A GurobiError as one of ours, with what to do about it."""
    if error.errno == _TOO_LARGE:
        size = (
            f"{linear.n} variables"
            if form == "quadratic"
            else f"{len(linear.cost)} columns and {len(linear.rows)} rows"
        )
        return InputError(
            f"got {size} in {form} form, more than this Gurobi licence permits",
            hint="the licence from pip takes 200 variables quadratic, 2,000 linear; use your "
            "own, or take highs or cp-sat",
        )
    if error.errno in _NO_LICENCE:
        return InputError(
            f"Gurobi has no usable licence: {error.message}",
            hint="renew it, or take highs, scip or cp-sat",
        )
    return QtwinError(f"Gurobi failed: {error.message}", hint="take highs, scip or cp-sat")
