"""Measured combinations solved context by context, and what the noise leaves open of each optimum."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.coverage import Coverage, sampler_coverage, uniform_coverage
from qtwin.benchmark.metrics import shown
from qtwin.encoding import measured as encoding
from qtwin.errors import InputError
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.measured.combinations import MeasuredCombinations
from qtwin.problem.near_optimal import NearOptimal, near_optimal
from qtwin.solver.base import Instance
from qtwin.solver.fixed_size import Chosen, best_of_all, greedy, greedy_swap
from qtwin.solver.registry import load

_MOST_VALUED = 2_000_000_000
"""Set values that are computed over all draws, noise levels and contexts; more draws are not worth the wait."""
_FEWEST_DRAWS = 100
Doubts = Mapping[str, Sequence[NearOptimal | None]]
"""Noise level to what it leaves open in each context, None where that would take too long."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Solved:
    """One context: the choice, its proven optimum and the baselines."""

    context: str
    place: int
    choice: FixedSize
    best: Chosen
    simple: Mapping[str, Chosen | None]
    wall_s: float

    def gap(self, name: str) -> float:
        """How far a baseline lies below the optimum, relative; infinite where it found no set."""
        found = self.simple[name]
        if found is None:
            return math.inf
        below = self.best.value - found.value
        return 0.0 if below <= 1e-9 * max(1.0, abs(self.best.value)) else below / abs(self.best.value)


def solve_context(data: MeasuredCombinations, place: int, how: Mapping[str, Any]) -> Solved:
    """One context's proven optimum, timed, and the baselines."""
    began = time.perf_counter()
    choice = encoding.instance(data, place, **how)
    best = best_of_all(choice)
    took = time.perf_counter() - began
    simple = {"greedy": greedy(choice), "greedy + swap": greedy_swap(choice)}
    return Solved(context=data.contexts[place], place=place, choice=choice, best=best, simple=simple, wall_s=took)


def noise_levels(data: MeasuredCombinations, noise_sd: float | None) -> dict[str, float]:
    """Noise level to standard deviation: as told, or pooled and median over the pairs that were measured twice."""
    if noise_sd is not None:
        return {"stated": noise_sd}
    known = data.replicates
    return {} if known is None else {"pooled": known.pooled_sd, "median": known.median_sd}


def doubts_of(
    data: MeasuredCombinations,
    solved: Sequence[Solved],
    noises: Mapping[str, float],
    how: Mapping[str, Any],
    *,
    draws: int,
    seed: int,
) -> tuple[dict[str, list[NearOptimal | None]], int]:
    """Noise level to what it leaves open in each context (None where it would take too long), and the draws taken."""
    if not noises:
        return {}, 0
    sets = max(s.choice.count() for s in solved)
    used = min(draws, max(_FEWEST_DRAWS, _MOST_VALUED // (sets * len(solved) * len(noises))))
    looked = [0] if sets * len(solved) * len(noises) * min(draws, _FEWEST_DRAWS) > 3 * _MOST_VALUED else list(range(len(solved)))
    out: dict[str, list[NearOptimal | None]] = {}
    for name, sd in noises.items():
        out[name] = [None] * len(solved)
        for k in looked:
            s = solved[k]
            drawn = encoding.posterior_draws(data, s.place, noise_sd=sd, n_draws=used, seed=seed, **how)
            out[name][k] = near_optimal(s.choice, drawn.linear, drawn.pairs)
    return out, used


def typical(solved: Sequence[Solved], doubts: Doubts) -> int:
    """The context that is shown: the one whose nominal optimum is the best with the median probability."""
    if not doubts:
        return 0
    first = next(iter(doubts.values()))
    known = [(float(d.optimal[d.nominal]), k) for k, d in enumerate(first) if d is not None]
    return sorted(known)[(len(known) - 1) // 2][1]


def leading(doubts: Doubts, shown: int) -> NearOptimal:
    """What the first noise level leaves open of the context that is shown.

    Raises:
        InputError: if no noise is known.
    """
    found = next((d[shown] for d in doubts.values()), None)
    if found is None:
        raise InputError(
            "no noise is known, so no set has a probability that a sampler could be judged on", hint="give --noise-sd"
        )
    return found


def coverage_of(solved: Solved, doubt: NearOptimal, names: Sequence[str], *, seed: int) -> tuple[dict[str, Coverage], Coverage]:
    """Coverage of the near-optimal sets by each sampler, and by uniform draws at the same shots."""
    start = solved.simple["greedy + swap"]
    problem = encoding.encode_measured(solved.choice, start.members if start else solved.best.members)
    near = doubt.within
    weights = doubt.optimal[near] if doubt.optimal[near].any() else doubt.near[near]
    covered: dict[str, Coverage] = {}
    most = 1
    for name in names:
        sampled = load(name, {}).solve(Instance(encoding=problem), seed=seed).samples
        if sampled is None:
            raise InputError(
                f"solver {name!r} returns one set and no samples", hint="name a sampler, such as simulated-annealing"
            )
        shots = int(sampled.counts.sum())
        most = max(most, shots)
        ladder = _ladder(shots)
        covered[name] = sampler_coverage(
            problem.decode(sampled.bits), sampled.counts, doubt.sets[near], weights, ladder, seed=seed
        )
    return covered, uniform_coverage(len(doubt.sets), weights, _ladder(most), seed=seed)


def _ladder(most: int) -> list[int]:
    """1, 3, 10, 30, ... up to `most`, which ends it."""
    steps = [m * 10**e for e in range(10) for m in (1, 3) if m * 10**e < most]
    return [*steps, most]


def baseline(name: str, solved: Sequence[Solved]) -> dict[str, Any]:
    """In how many contexts a baseline is optimal, with its 95 % interval (None below ten), and how far it falls short."""
    gaps = np.array([s.gap(name) for s in solved])
    hit = int((gaps == 0.0).sum())
    low, high = shown(hit, len(gaps)) or (None, None)
    return {
        "optimal": hit,
        "of": len(gaps),
        "low": low,
        "high": high,
        "worst_gap": float(gaps.max()),
        "median_gap": float(np.median(gaps)),
    }


def over_contexts(found: Sequence[NearOptimal | None], what: str) -> NDArray[np.float64]:
    """(c,) one number of each context that was looked at."""
    values: dict[str, Callable[[NearOptimal], float]] = {
        "p_best": lambda d: d.optimal[d.nominal],
        "ratio": lambda d: d.ratio,
        "shortfall": lambda d: d.shortfall,
        "regret": lambda d: d.regret,
        "credible": lambda d: len(d.credible()),
        "within": lambda d: len(d.within),
    }
    return np.array([float(values[what](d)) for d in found if d is not None])


def doubt_summary(found: Sequence[NearOptimal | None]) -> dict[str, Any]:
    """Mean, median and range of these numbers over the contexts."""
    return {
        "contexts": sum(d is not None for d in found),
        **{
            what: {"mean": float(v.mean()), "median": float(np.median(v)), "low": float(v.min()), "high": float(v.max())}
            for what in ("p_best", "ratio", "shortfall", "regret", "credible", "within")
            for v in [over_contexts(found, what)]
        },
    }
