"""The solver to take when one has no opinion: weighs size and structure, runs what fits, and says
why.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel, plain
from qtwin.errors import InputError, MissingVendorError
from qtwin.problem.constraint import is_row
from qtwin.solver import registry
from qtwin.solver.base import (
    Instance,
    Result,
    Solver,
    SolverInfo,
    TracePoint,
    exactly,
    most_choices,
)
from qtwin.solver.exact.linearise import posed
from qtwin.solver.exact.roof_duality import RoofDuality, roof_duality
from qtwin.solver.exact.search import warm_start_of

_LISTED = 5_000_000
"""Choices x variables up to which the feasible choices of a higher degree are listed: about a
second.
"""
_PER_SECOND = {True: 5e9, False: 5e8}
"""Assignments of a quadratic, and of higher degrees, that are looked at in a second; two free cores
do four times as many.
"""
_SETS, _BRANCHES = 1e9, 1e7
"""Sets of exactly k, and choices under any linear rows, that are looked at in a second."""
_SPARSE = 8.0
"""Products a variable up to which the linear relaxation is tight enough for a proof at once."""
_DUAL_PER_SECOND = 1_500
"""Terms of a quadratic on which roof duality is tried, for each second of the time limit."""
_AT_ONCE = 2_000
"""Products up to which an exact solver is asked before a heuristic, where they are sparse."""
_LINEAR = 20_000
"""Products up to which a linear model is tried."""
_HEURISTICS = ("tabu", "simulated-annealing", "random")
_EXACT = ("highs", "cp-sat")
"""In the order in which they are tried; the first that is installed and takes the instance."""
_FOR_BOUND = 0.3
"""Share of the time that is left for a bound where heuristics were cut short."""
_LONG_READS = 8
"""Annealing runs that fill the time, once it is known how long one takes."""
_ANNEALING_SETUP_S = 4e-6
"""What each term costs before the first sweep; annealing has no turn that this would fill."""
_SHORTEST_S = 0.05
"""No heuristic is asked for less time."""


@final
class Auto(Solver):
    """One answer from several solvers.

    Without native constraints, roof duality fixes what it can first, where the time allows. Then,
    whichever holds first:

    1. few choices satisfy the constraints, or few assignments are left: all are looked at;
    2. the polynomial is sparse and not large: an exact solver proves the optimum at once;
    3. else heuristics search first, and an exact solver continues from their best for a bound and,
       if time allows, a proof. Tabu search begins; where its time ends before its searches do,
       annealing has as long, and the better of both continues. Where the products are too many
       for a proof, heuristics have all of the time.

    It works on the encoding, never on the twin. `info["reason"]` says what was chosen and why,
    `info["steps"]` what each solver did.

    Args:
        time_limit_s: Limit when `solve` is given none.
        heuristic_share: Share of the time for the first turn of each heuristic, and at most 10 s.
        proof: The exact solver; "auto" takes HiGHS where it is installed, else CP-SAT, and never
            one with a commercial licence.
    """

    def __init__(
        self,
        *,
        time_limit_s: float = 60.0,
        heuristic_share: float = 0.2,
        proof: Literal["auto", "cp-sat", "highs", "scip", "gurobi"] = "auto",
    ) -> None:
        if not time_limit_s > 0:
            raise InputError(
                f"expected time_limit_s above 0, got {time_limit_s}",
                hint="raise time_limit_s",
            )
        if not 0.0 < heuristic_share < 1.0:
            raise InputError(
                f"expected heuristic_share between 0 and 1, got {heuristic_share}",
                hint="such as 0.2",
            )
        self.time_limit_s, self.heuristic_share, self.proof = time_limit_s, heuristic_share, proof

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="auto",
            summary="chooses by size and structure: roof duality, enumeration, heuristics, an "
            "exact solver from their best",
            kind="classical",
            guarantee="that of the solver it chose; a bound wherever an exact one ran",
            citation="Boros, Hammer 2002, Discrete Applied Mathematics 123:155, for the "
            "preprocessing",
            max_variables=10_000,
            limits="any degree; time limit 60 s unless given",
            warm_start=True,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        """Choose, run and report.

        Raises:
            InputError: when no solver takes the instance, or for a warm start of the wrong length.
        """
        limit = self.time_limit_s if time_limit_s is None else time_limit_s
        portfolio = _Portfolio(seed, limit)
        encoding = instance.encoding
        start = warm_start_of(instance)
        start = None if start is None else _choice(encoding, start)
        fixing = _fixing(encoding, limit)
        inner = replace(instance, problem=None, warm_start=start)
        if fixing is not None and fixing.fixed:
            reduced = fixing.reduced(encoding.polynomial)
            kept = None if start is None else start[list(fixing.free)]
            inner = replace(inner, encoding=plain(reduced), warm_start=kept)
        portfolio.note("preprocessing")
        self._ask(inner, portfolio, limit)
        return portfolio.result(instance, fixing)

    def _ask(self, instance: Instance, portfolio: _Portfolio, limit: float) -> None:
        encoding = instance.encoding
        target, n = posed(encoding)
        products = sum(count for degree, count in target.terms_by_degree.items() if degree > 1)
        sparse = products <= _SPARSE * n / 2
        few = _few_choices(encoding, 0.5 * limit)
        if few:
            portfolio.reason = few
            if portfolio.run(("enumeration",), instance, {}) is not None:
                return
        walk_s = 2.0 ** min(n, 80) / _PER_SECOND[target.degree <= 2]
        if not encoding.constraints and walk_s < 0.5 * limit and (n <= 24 or not sparse):
            portfolio.reason = (
                f"{n} variables without constraints: all {2**n:,} assignments are looked at"
            )
            if not n:
                portfolio.reason = "roof duality fixes every variable"
            portfolio.run(("enumeration",), instance, {})
            return
        exact = _EXACT if self.proof == "auto" else (self.proof,)
        if sparse and products <= _AT_ONCE:
            portfolio.reason = (
                f"sparse, {products} products of {n} variables: an exact solver proves it at once"
            )
            if portfolio.run(exact, instance, {}) is not None:
                return
        portfolio.reason = (
            f"{n} variables and {products} products are too many to enumerate: heuristics first"
        )
        turn_s = min(self.heuristic_share * limit, 10.0)
        found = portfolio.run(_HEURISTICS, instance, {"random": {"descent": True}}, seconds=turn_s)
        provable = products <= _LINEAR
        if found is not None and (found.status == "time limit" or not provable):
            portfolio.search_on(
                instance,
                turn_s=turn_s,
                until_s=limit if not provable else (1.0 - _FOR_BOUND) * limit,
            )
        if not provable:
            portfolio.reason += "; the products are too many for a proof"
        elif not portfolio.ended(instance):
            portfolio.reason += ", then an exact solver from their best for the bound"
            portfolio.run(exact, portfolio.from_best(instance), {})


def _choice(encoding: BinaryModel, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A whole assignment as a warm start: the choice of options under native constraints."""
    return encoding.decode(bits[None, :])[0] if encoding.constraints else bits


def _fixing(encoding: BinaryModel, limit: float) -> RoofDuality | None:
    """Roof duality where it applies: a quadratic of a size that the time allows, without native
    constraints.
    """
    polynomial = encoding.polynomial
    if (
        encoding.constraints
        or polynomial.degree > 2
        or polynomial.n_terms > min(_LINEAR, _DUAL_PER_SECOND * limit)
    ):
        return None
    return roof_duality(polynomial)


def _few_choices(encoding: BinaryModel, seconds: float) -> str:
    """Why the feasible choices can all be looked at in so many seconds; empty if they cannot."""
    if not encoding.constraints:
        return ""
    n = encoding.n_decision
    quadratic = encoding.objective.degree <= 2 and all(is_row(c) for c in encoding.constraints)
    k, apart = exactly(n, encoding.constraints)
    if quadratic and apart is not None and math.comb(n, k) < _SETS * seconds:
        return f"{math.comb(n, k):,} sets of exactly {k} of {n} options: all are looked at"
    count = most_choices(n, encoding.constraints)
    if quadratic and count < _BRANCHES * seconds:
        return (
            f"at most {count:,} choices of {n} options can satisfy the constraints: all are "
            "looked at"
        )
    if count * max(encoding.polynomial.n_variables, 1) > _LISTED:
        return ""
    return f"at most {count:,} choices of {n} options can satisfy the constraints: all are listed"


class _Portfolio:
    """The solvers that were asked, in order, and what is left of the time."""

    def __init__(self, seed: int, limit: float) -> None:
        self.started = time.perf_counter()
        self.seed, self.limit = seed, limit
        self.reason = ""
        self.results: list[tuple[float, Result]] = []
        self.errors: list[dict[str, Any]] = []
        self.wall: dict[str, float] = {}

    def note(self, stage: str) -> None:
        """Book the time since the last stage."""
        self.wall[stage] = (
            self.wall.get(stage, 0.0) + time.perf_counter() - self.started - sum(self.wall.values())
        )

    def run(
        self,
        names: tuple[str, ...],
        instance: Instance,
        options: Mapping[str, Mapping[str, Any]],
        *,
        seconds: float | None = None,
    ) -> Result | None:
        """Ask the first of the solvers that is there and takes the instance; None if none does.

        The first solver has the seed of the portfolio, and each later one the next.
        """
        known = registry.names()
        for name in names:
            if name not in known and len(names) > 1:
                continue
            begun = time.perf_counter() - self.started
            left = max(self.limit - begun, 0.05)
            try:
                solver = registry.load(name, options.get(name, {}))
                given_s = left if seconds is None else min(seconds, left)
                result = solver.solve(
                    instance, seed=self.seed + len(self.results), time_limit_s=given_s
                )
            except InputError as error:
                if isinstance(error, MissingVendorError) and len(names) == 1:
                    raise
                self.errors.append({"solver": name, "status": "refused", "why": error.message})
                continue
            self.results.append((begun, result))
            self.note(name)
            return result
        return None

    def search_on(self, instance: Instance, *, turn_s: float, until_s: float) -> None:
        """Annealing has a turn, then the heuristic that is ahead has what is left; both share it
        where neither is.

        Annealing runs grow longer until a few fill the time, and tabu search begins at the best.
        """
        if _ANNEALING_SETUP_S * posed(instance.encoding)[0].n_terms < turn_s:
            self.run(
                ("simulated-annealing", "tabu"),
                instance,
                {},
                seconds=min(turn_s, self._left(until_s)),
            )
        while not self.ended(instance) and self._left(until_s) > _SHORTEST_S:
            ahead = self._ahead()
            for k, name in enumerate(ahead):
                left_s = self._left(until_s) / (len(ahead) - k)
                found = self.run(
                    (name,),
                    self.from_best(instance),
                    {name: self._longer(name, left_s)},
                    seconds=left_s,
                )
                if found is None or self.ended(instance):
                    return

    def _ahead(self) -> list[str]:
        """The heuristics that found the lowest energy; tabu search where none found any."""
        found = {name: self._of(name) for name in ("tabu", "simulated-annealing")}
        energies = {
            name: min(r.energy for r in results) for name, results in found.items() if results
        }
        return [name for name, energy in energies.items() if energy <= min(energies.values())] or [
            "tabu"
        ]

    def _of(self, solver: str) -> list[Result]:
        return [r for _, r in self.results if r.solver == solver and r.bits is not None]

    def _longer(self, solver: str, left_s: float) -> dict[str, Any]:
        """Options with which a heuristic fills the time, by the pace of its last turn."""
        if not (turns := self._of(solver)):
            return {}
        reads = turns[-1].info["reads"]
        more = left_s * reads / max(sum(turns[-1].wall_s.values()), 1e-3)
        if solver == "tabu":
            return {"reads": int(min(max(100.0, 1.2 * more), 10_000.0))}
        return {
            "sweeps": int(
                min(max(1_000.0, turns[-1].info["sweeps"] * more / _LONG_READS), 1_000_000.0)
            )
        }

    def from_best(self, instance: Instance) -> Instance:
        """The instance with the best answer so far as its warm start."""
        answered = [r for _, r in self.results if r.bits is not None]
        if not answered:
            return instance
        bits = min(answered, key=lambda r: r.energy).bits
        assert bits is not None
        return replace(instance, warm_start=_choice(instance.encoding, bits))

    def _left(self, until_s: float) -> float:
        return max(until_s - (time.perf_counter() - self.started), 0.0)

    def ended(self, instance: Instance) -> bool:
        """Whether there is no need, or no wish, to go on."""
        if not self.results:
            return False
        last = self.results[-1][1]
        target = instance.target_energy
        return (
            last.status == "interrupted"
            or last.proven
            or (target is not None and last.energy <= target)
        )

    def result(self, instance: Instance, fixing: RoofDuality | None) -> Result:
        """The best answer, the best bound, and the story.

        Raises:
            InputError: when no solver took the instance.
        """
        if not self.results:
            refusals = "; ".join(f"{e['solver']}: {e['why']}" for e in self.errors)
            raise InputError(
                f"no solver takes this instance: {refusals}",
                hint="name a solver yourself, `qtwin solvers` lists them",
            )
        answered = [r for _, r in self.results if r.bits is not None]
        best = (
            min(answered, key=lambda r: (r.energy, not r.proven))
            if answered
            else self.results[-1][1]
        )
        last = self.results[-1][1]
        bounds = [r.bound for _, r in self.results if r.bound is not None]
        bits, energy = best.bits, best.energy
        if fixing is not None and fixing.fixed and bits is not None:
            bits = fixing.lifted(bits[None, :])[0]
            energy = float(instance.encoding.polynomial.evaluate(bits[None, :])[0])
        if fixing is not None:
            bounds.append(fixing.bound)
        proven = any(r.proven for _, r in self.results)
        return Result(
            solver="auto",
            status="optimal" if proven else last.status,
            bits=bits,
            energy=energy,
            bound=None if bits is None or not bounds else min(max(bounds), energy),
            proven=proven,
            trace=self._trace(),
            evaluations=sum(r.evaluations for _, r in self.results),
            wall_s=self.wall,
            seed=self.seed,
            info={
                "reason": self.reason,
                "chosen": last.solver,
                "steps": [*self.errors, *(_step(begun, r) for begun, r in self.results)],
                "fixed_by_roof_duality": len(fixing.fixed) if fixing is not None else None,
                "roof_dual_bound": fixing.bound if fixing is not None else None,
                "infeasibility_proven": bool(last.info.get("infeasibility_proven", False)),
            },
        )

    def _trace(self) -> tuple[TracePoint, ...]:
        """The improvements of all solvers, one after the other."""
        merged: list[TracePoint] = []
        before = 0
        for begun, result in self.results:
            for p in result.trace:
                if not merged or p.best_energy < merged[-1].best_energy:
                    merged.append(
                        TracePoint(
                            time_s=begun + p.time_s,
                            evaluations=before + p.evaluations,
                            best_energy=p.best_energy,
                        )
                    )
            before += result.evaluations
        return tuple(merged)


def _step(begun: float, result: Result) -> dict[str, Any]:
    return {
        "solver": result.solver,
        "status": result.status,
        "begun_s": begun,
        "wall_s": sum(result.wall_s.values()),
        "energy": None if result.bits is None else result.energy,
        "bound": result.bound,
    }
