"""Local search on the twin itself: the reference where the feasible regimens are too many to
simulate one by one.

From the best and from random regimens of a sample it climbs by the best of all flips and exchanges
(steepest ascent; Papadimitriou and Steiglitz 1982, Combinatorial Optimization, chapter 19), then
kicks the best by a few random moves and climbs again (iterated local search; Lourenco, Martin and
Stuetzle 2003, Handbook of Metaheuristics, 321). That happens on a part of the posterior members;
the best ends climb again on all of them, so that the answer is exact and no single move improves
it. It proves nothing beyond that. It is no entry of the solver table: it needs a simulated sample
to begin from, which `qtwin run` has.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.problem.regimen import RegimenProblem
from qtwin.solver.base import Result, SolverInfo, TracePoint
from qtwin.solver.variational.sampled import fill_slack

CARD = SolverInfo(
    name="twin-local-search",
    summary="steepest ascent by flips and exchanges on the twin, from many starts and after kicks",
    kind="classical",
    guarantee="no single flip or exchange is better; no proof of more",
    citation="Lourenco, Martin and Stuetzle 2003, Handbook of Metaheuristics, 321",
    max_variables=1000,
)
_MEMBERS = 128
_BEST_STARTS, _RANDOM_STARTS, _KICKS, _KICK_MOVES, _FINALISTS = 6, 6, 8, 3, 3
_BETTER_QALY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Searched:
    """The answer, and every choice that was simulated on all members, with its utility."""

    result: Result
    bits: NDArray[np.uint8]
    utility: NDArray[np.float64]


@dataclass(kw_only=True)
class _Seen:
    """A problem whose utilities are simulated once each."""

    problem: RegimenProblem
    known: dict[bytes, float] = field(default_factory=dict)

    def utility(self, bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        keys = [row.tobytes() for row in bits]
        new = list({key: k for k, key in enumerate(keys) if key not in self.known}.values())
        if new:
            for k, value in zip(new, self.problem.objective(bits[new]).tolist(), strict=True):
                self.known[keys[k]] = value
        return np.array([self.known[key] for key in keys])

    def climb(self, bits: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """The end of the steepest ascent from an (n,) choice."""
        value = float(self.utility(bits[None, :])[0])
        while True:
            around = neighbours(self.problem, bits)
            values = self.utility(around)
            if not len(values) or values.max() <= value + _BETTER_QALY:
                return bits, value
            bits, value = around[int(np.argmax(values))], float(values.max())


def neighbours(problem: RegimenProblem, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(m, n) feasible choices one flip or one exchange away from an (n,) choice."""
    flips = bits[None, :] ^ np.eye(len(bits), dtype=np.uint8)
    out, into = (a.ravel() for a in np.meshgrid(np.flatnonzero(bits), np.flatnonzero(bits == 0)))
    exchanged = np.repeat(bits[None, :], len(out), axis=0)
    exchanged[np.arange(len(out)), out], exchanged[np.arange(len(out)), into] = 0, 1
    rows = np.ascontiguousarray(np.concatenate([flips, exchanged]))
    return rows[problem.is_feasible(rows)]


def search(
    encoding: BinaryModel,
    problem: RegimenProblem,
    sample: NDArray[np.uint8],
    utility: NDArray[np.float64],
    *,
    seed: int,
    sampled_s: float = 0.0,
) -> Searched:
    """Search the twin.

    Args:
        encoding: Whose bits the answer is written in.
        problem: What is searched.
        sample: (k, n) feasible choices to begin from.
        utility: (k,) their utility on the twin (QALY).
        seed: Of starts and kicks.
        sampled_s: Seconds that simulating the sample took; the search is charged for them.
    """
    started = time.perf_counter()
    rng = np.random.default_rng([seed, 6])
    thin, whole = _Seen(problem=problem.thinned(_MEMBERS)), _Seen(problem=problem)
    order = np.argsort(-utility, kind="stable")
    chosen = [*order[:_BEST_STARTS], *rng.permutation(order[_BEST_STARTS:])[:_RANDOM_STARTS]]
    ends = [thin.climb(sample[k]) for k in chosen]
    leader = max(ends, key=lambda e: e[1])
    for _ in range(_KICKS):
        kicked = leader[0]
        for _ in range(_KICK_MOVES):
            around = neighbours(problem, kicked)
            kicked = around[rng.integers(len(around))] if len(around) else kicked
        ends.append(thin.climb(kicked))
        leader = max(leader, ends[-1], key=lambda e: e[1])
    screened = time.perf_counter()
    best: tuple[NDArray[np.uint8], float] = (sample[order[0]], float(utility[order[0]]))
    trace = [_point(encoding, sampled_s, len(sample), best[0])]
    finalists = {bits.tobytes(): bits for bits, _ in sorted(ends, key=lambda e: -e[1])}
    for bits in [*list(finalists.values())[:_FINALISTS], best[0]]:
        end = whole.climb(bits)
        if end[1] > best[1]:
            best = end
            trace.append(
                _point(
                    encoding,
                    sampled_s + time.perf_counter() - started,
                    len(sample) + len(thin.known) + len(whole.known),
                    end[0],
                )
            )
    bits = fill_slack(encoding, best[0][None, :])[0]
    visited = np.array([np.frombuffer(key, dtype=np.uint8) for key in whole.known], dtype=np.uint8)
    result = Result(
        solver=CARD.name,
        status="feasible",
        bits=bits,
        energy=float(encoding.polynomial.evaluate(bits[None, :])[0]),
        scope="twin",
        trace=tuple(trace),
        evaluations=len(sample) + len(thin.known) + len(whole.known),
        wall_s={
            "simulating the sample": sampled_s,
            "climbing on a part of the members": screened - started,
            "climbing on all members": time.perf_counter() - screened,
        },
        seed=seed,
        info={
            "climbs": len(ends),
            "climbs_at_the_best": sum(bool((e[0] == best[0]).all()) for e in ends),
            "simulated_on_a_part": len(thin.known),
            "members_of_the_part": thin.problem.twin.n_members,
            "simulated_on_all": len(sample) + len(whole.known),
            "best_of_the_sample": float(utility.max()),
            "neighbours_of_the_best": len(neighbours(problem, best[0])),
        },
    )
    return Searched(result=result, bits=visited, utility=np.array(list(whole.known.values())))


def _point(
    encoding: BinaryModel, time_s: float, evaluations: int, bits: NDArray[np.uint8]
) -> TracePoint:
    energy = float(encoding.polynomial.evaluate(fill_slack(encoding, bits[None, :]))[0])
    return TracePoint(time_s=time_s, evaluations=evaluations, best_energy=energy)
