"""Exact search with SCIP: the linear model, branch and cut in floating point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from qtwin.errors import InputError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exact.linearise import LinearModel, linearise
from qtwin.solver.exact.search import Ending, Search, Stretched
from qtwin.solver.interruptible import run_interruptibly

_ENDINGS: dict[str, Ending] = {
    "optimal": "complete",
    "infeasible": "infeasible",
    "inforunbd": "infeasible",
}
"""What SCIP says; everything else is a limit. All columns lie in [0, 1], so 'infeasible or
unbounded' is infeasible.
"""


@final
class Scip(Solver):
    """Branch and cut in floating point, one thread.

    Args:
        time_limit_s: Limit when `solve` is given none.
    """

    def __init__(self, *, time_limit_s: float = 60.0) -> None:
        if not time_limit_s > 0:
            raise InputError(
                f"expected time_limit_s above 0, got {time_limit_s}", hint="raise time_limit_s"
            )
        self.time_limit_s = time_limit_s

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="scip",
            summary="exact branch and cut on the linearised objective under native constraints "
            "(SCIP)",
            kind="classical",
            guarantee="optimal for the encoding within floating-point tolerance when it finishes; "
            "otherwise a bound",
            citation="Achterberg 2009, Mathematical Programming Computation 1:1",
            max_variables=2000,
            limits="any degree",
            warm_start=True,
            vendor=("pyscipopt", "pyscipopt"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search until proof, target or time limit; Ctrl-C keeps the best so far.

        Raises:
            InputError: for a constraint type that cannot be stated natively, or a warm start of the
                wrong length.
        """
        limit = self.time_limit_s if time_limit_s is None else time_limit_s
        search = Search("scip", instance, seed=seed)
        linear = linearise(instance.encoding)
        scale = Stretched(linear.target)
        settled = search.settled(linear.contradictory)
        if settled is not None:
            return settled
        model, z = _stated(linear, scale.unit)
        values = {
            "randomization/randomseedshift": seed & 0x7FFFFFFF,
            "numerics/feastol": 1e-9,
            "numerics/dualfeastol": 1e-9,
            "limits/gap": 0.0,
            "misc/catchctrlc": False,
        }
        for name, value in values.items():
            model.setParam(name, value)
        if search.start is not None:
            solution = model.createSol()
            for variable, value in zip(z, linear.point(search.start), strict=True):
                model.setSolVal(solution, variable, float(value))
            model.addSol(solution)

        def visit() -> None:
            best = model.getBestSol()
            search.see(np.rint([model.getSolVal(best, v) for v in z[: linear.n]]))
            if search.reached:
                model.interruptSolve()

        _watch(model, visit)
        built = search.elapsed_s
        info: dict[str, Any] = {"columns": len(z), "rows": len(linear.rows)}
        if search.reached:
            return search.result(
                "time limit",
                bound=None,
                tolerance=scale.tolerance,
                wall_s={"model": built},
                info=info,
            )
        model.setParam("limits/time", max(limit - built, 0.01))
        _, interrupted = run_interruptibly(model.optimizeNogil, model.interruptSolve)
        ending = _ENDINGS.get(model.getStatus(), "interrupted" if interrupted else "time limit")
        if model.getNSols() and ending != "infeasible":
            visit()
        bound = float(model.getDualbound())
        return search.result(
            ending,
            bound=scale.bound(bound) if abs(bound) < model.infinity() else None,
            tolerance=scale.tolerance,
            wall_s={"model": built, "search": search.elapsed_s - built},
            info={**info, "nodes": int(model.getNTotalNodes())},
        )


def _stated(linear: LinearModel, unit: float) -> tuple[Any, list[Any]]:
    """The SCIP model and its variables: choices first, then products."""
    from pyscipopt import Model, quicksum

    model = Model()
    model.hideOutput()
    z = [
        model.addVar(vtype="B" if k < linear.n else "C", lb=0.0, ub=1.0, obj=float(c) / unit)
        for k, c in enumerate(linear.cost)
    ]
    for row in linear.filled_rows:
        values, rhs = row.in_floats
        total = quicksum(v * z[k] for k, v in zip(row.columns, values, strict=True))
        model.addCons(
            total <= rhs
            if row.sense == "<="
            else total >= rhs
            if row.sense == ">="
            else total == rhs
        )
    return model, z


def _watch(model: Any, visit: Callable[[], None]) -> None:
    """Have `visit` called whenever SCIP has a better solution."""
    import pyscipopt

    vendor: Any = pyscipopt
    better = vendor.SCIP_EVENTTYPE.BESTSOLFOUND

    class Watch(vendor.Eventhdlr):  # type: ignore[misc]
        def eventinit(self) -> None:
            self.model.catchEvent(better, self)

        def eventexit(self) -> None:
            self.model.dropEvent(better, self)

        def eventexec(self, event: Any) -> None:
            visit()

    model.includeEventhdlr(Watch(), "watch", "keeps the trace")
