"""Exact search with HiGHS: the linear model, its relaxation tightened by odd-cycle cuts before the
tree.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from importlib import metadata
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, QtwinError
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.exact.cuts import add_cuts
from qtwin.solver.exact.linearise import LinearModel, highs_model, linearise
from qtwin.solver.exact.search import Ending, Search, Stretched
from qtwin.solver.interruptible import run_interruptibly


@final
class Highs(Solver):
    """Branch and cut in floating point.

    HiGHS has no cuts of its own for quadratics, so those of `add_cuts` are added first; dense
    quadratics of 30 variables are proven ten times sooner for it. Its presolve stays off: in 1.14
    it calls wrong answers optimal on small mixed models such as these (ERGO-Code/HiGHS issues 3043,
    3073 and 3094), and with the cuts it would only take the structure apart again.

    Args:
        time_limit_s: Limit when `solve` is given none.
        threads: Of HiGHS; equal answers for equal seeds are promised for one.
        cut_share: Share of the time limit that may go into cuts; 0 leaves them out.
    """

    def __init__(
        self, *, time_limit_s: float = 60.0, threads: int = 1, cut_share: float = 0.25
    ) -> None:
        for name, value in (("time_limit_s", time_limit_s), ("threads", threads)):
            if not value > 0:
                raise InputError(f"expected {name} above 0, got {value}", hint=f"raise {name}")
        if not 0.0 <= cut_share <= 1.0:
            raise InputError(
                f"expected cut_share from 0 to 1, got {cut_share}", hint="0.25 is the default"
            )
        self.time_limit_s, self.threads, self.cut_share = time_limit_s, threads, cut_share

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="highs",
            summary="exact branch and cut on the linearised objective under native constraints "
            "(HiGHS)",
            kind="classical",
            guarantee="optimal for the encoding within floating-point tolerance when it finishes; "
            "otherwise a bound",
            citation="Huangfu, Hall 2018, Mathematical Programming Computation 10:119",
            max_variables=2000,
            limits="any degree; highspy 1.14, or 1.16 and newer, beside OR-tools",
            warm_start=True,
            vendor=("highspy", "highspy"),
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Search until proof, target or time limit; Ctrl-C keeps the best so far.

        Raises:
            InputError: for a constraint type that cannot be stated natively, a warm start of the
                wrong length, or a highspy that cannot be loaded beside OR-tools.
        """
        _check_version()
        limit = self.time_limit_s if time_limit_s is None else time_limit_s
        search = Search("highs", instance, seed=seed)
        linear = linearise(instance.encoding)
        scale = Stretched(linear.target)
        settled = search.settled(linear.contradictory)
        if settled is not None:
            return settled
        built = search.elapsed_s
        model, cut_interrupted = linear, False
        if self.cut_share:
            stop = threading.Event()

            def visit(z: NDArray[np.float64]) -> bool:
                # often close, and an answer if there is no time for more
                search.see(np.rint(z[: linear.n]))
                return stop.is_set() or search.reached

            model, cut_interrupted = run_interruptibly(
                lambda: add_cuts(linear, time_limit_s=self.cut_share * limit, visit=visit), stop.set
            )
        n_cuts = len(model.rows) - len(linear.rows)
        wall = {"model": built, "cuts": search.elapsed_s - built}
        info: dict[str, Any] = {
            "columns": len(model.cost),
            "rows": len(linear.rows),
            "cuts": n_cuts,
        }
        if search.reached or cut_interrupted:
            ending: Ending = "interrupted" if cut_interrupted else "time limit"
            return search.result(
                ending, bound=None, tolerance=scale.tolerance, wall_s=wall, info=info
            )
        highs = _Run(model, scale.unit, search, seed=seed, threads=self.threads)
        highs.limit(max(limit - search.elapsed_s, 0.01))
        ending, interrupted = run_interruptibly(highs.run, highs.stop)
        return search.result(
            "interrupted" if interrupted and ending == "time limit" else ending,
            bound=highs.bound(scale),
            tolerance=scale.tolerance,
            wall_s={**wall, "search": search.elapsed_s - sum(wall.values())},
            info={**info, "nodes": highs.nodes},
        )


def _check_version() -> None:
    """Refuse a highspy that cannot share a process with OR-tools (google/or-tools issue 5246)."""
    found = metadata.version("highspy")
    if found.split(".")[:2] == ["1", "15"]:
        raise InputError(
            f"expected highspy other than 1.15, got {found}",
            hint="pip install 'highspy>=1.14,!=1.15.*'",
        )


class _Run:
    """One HiGHS model and its callbacks."""

    def __init__(
        self, model: LinearModel, unit: float, search: Search, *, seed: int, threads: int
    ) -> None:
        import highspy

        self._vendor, self._search, self._n, self._stop = highspy, search, model.n, False
        self._highs = highspy.Highs()
        options = {
            "output_flag": False,
            "threads": threads,
            "random_seed": seed & 0x7FFFFFFF,
            "mip_rel_gap": 0.0,
            "mip_feasibility_tolerance": 1e-9,
            "primal_feasibility_tolerance": 1e-9,
            "dual_feasibility_tolerance": 1e-9,
            "presolve": "off",
        }
        for option, value in options.items():
            self._highs.setOptionValue(option, value)
        stretched = replace(model, cost=model.cost / unit)
        self._highs.passModel(highs_model(stretched, bits=True))
        if search.bits is not None:
            point = model.point(search.bits)
            self._highs.setSolution(len(point), np.arange(len(point), dtype=np.int32), point)
        self._highs.cbMipImprovingSolution += self._improved
        for event in (self._highs.cbMipInterrupt, self._highs.cbSimplexInterrupt):
            event.subscribe(self._interrupt)

    @property
    def nodes(self) -> int:
        """Nodes of the tree."""
        return max(int(self._highs.getInfo().mip_node_count), 0)

    def limit(self, seconds: float) -> None:
        """Stop after this long."""
        self._highs.setOptionValue("time_limit", float(seconds))

    def stop(self) -> None:
        """End soon."""
        self._stop = True

    def bound(self, scale: Stretched) -> float | None:
        """The proven bound on the energy."""
        value = float(self._highs.getInfo().mip_dual_bound)
        return scale.bound(value) if np.isfinite(value) and abs(value) < 1e300 else None

    def run(self) -> Ending:
        """Search, and say how it ended."""
        self._vendor.Highs.resetGlobalScheduler(True)
        self._highs.run()
        statuses = self._vendor.HighsModelStatus
        status = self._highs.getModelStatus()
        point = np.array(self._highs.getSolution().col_value)
        if len(point) and self._highs.getInfo().primal_solution_status == 2:
            self._search.see(np.rint(point[: self._n]))
        if status == statuses.kOptimal:
            return "complete"
        if status == statuses.kInfeasible:
            return "infeasible"
        if status in (
            statuses.kModelError,
            statuses.kLoadError,
            statuses.kSolveError,
            statuses.kPresolveError,
        ):
            raise QtwinError(
                f"HiGHS failed: {self._highs.modelStatusToString(status)}",
                hint="rescale the coefficients, or take cp-sat",
            )
        return "time limit"

    def _improved(self, event: Any) -> None:
        self._search.see(np.rint(np.asarray(event.data_out.mip_solution)[: self._n]))

    def _interrupt(self, event: Any) -> None:
        if self._stop or self._search.reached:
            event.interrupt()
