"""The screen study: the best k drugs of each context, proven, simple search beside them, and what
the noise leaves open.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.coverage import Coverage, sampler_coverage, uniform_coverage
from qtwin.benchmark.metrics import shown
from qtwin.encoding import screen as encoding
from qtwin.errors import InputError, require_vendor
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.near_optimal import TOLERANCE, NearOptimal, near_optimal
from qtwin.problem.screen.read import read_screen
from qtwin.problem.screen.screen import Screen
from qtwin.progress import SILENT, Progress
from qtwin.report.number import number, seconds
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER
from qtwin.solver.base import Instance
from qtwin.solver.exact.fixed_size import Chosen, best_of_all, greedy, greedy_swap
from qtwin.solver.registry import load
from qtwin.studies.result import output_folder, plain
from qtwin.studies.screen.result import (
    BaselineRow,
    CandidateSet,
    ContextRow,
    NoiseRow,
    ScreenData,
    ScreenResult,
)
from qtwin.version import __version__

_MOST_VALUED = 2_000_000_000
"""Set values that are computed over all draws, noise levels and contexts; more draws are not worth
the wait.
"""
_FEWEST_DRAWS = 100
_SHOWN_SETS = 12
Doubts = Mapping[str, Sequence[NearOptimal | None]]
"""Noise level to what it leaves open in each context, None where that would take too long."""


@dataclass(frozen=True, kw_only=True)
class _Solved:
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
        if below <= 1e-9 * max(1.0, abs(self.best.value)):
            return 0.0
        return below / abs(self.best.value) if self.best.value else math.inf

    def words(self, members: Sequence[int]) -> str:
        """A set as text."""
        return " + ".join(self.choice.names[int(i)] for i in members)


def run_screen(
    pairs: Screen | str | Path,
    singles: str | Path | None = None,
    out: str | Path | None = None,
    *,
    context: str | None = None,
    size: int = 3,
    objective: str = "mean",
    noise_sd: float | None = None,
    n_samples: int = 1000,
    full_effect: float = 100.0,
    floor: float = encoding.FLOOR,
    samplers: Sequence[str] = (),
    seed: int = 0,
    title: str = "",
    progress: Progress = SILENT,
    **reading: Any,
) -> ScreenResult:
    r"""The best `size` drugs of every context of a screen (or one), proven, and how likely each
    optimum is truly the best.

    Args:
        pairs: A screen, or the table of pairs that `qtwin.read_screen` reads.
        singles: The table of single effects, where the pairs do not bring them along.
        out: Folder for result.json, report.html and figures; None writes nothing.
        context: One context alone; None for all.
        size: Drugs to choose.
        objective: "mean" or "log-linear".
        noise_sd: Noise of one pair measurement; None takes it from the pairs that were measured
            twice.
        n_samples: Draws of the coefficients.
        full_effect: Effect at which nothing grows (log-linear only).
        floor: Least growth that is followed (log-linear only).
        samplers: Solvers whose samples are judged on covering the near-optimal sets, against
            uniform draws.
        seed: Of all draws.
        title: Of the result; by default the name of the table.
        progress: Who hears of the stages.
        reading: What `qtwin.read_screen` takes: columns, index_map, sheet, diagonal.

    Raises:
        InputError: for tables that cannot be used, an unknown context, objective or sampler, or an
            unusable folder.
        InfeasibleError: if no set of the size is free of forbidden pairs.

    Example:
        >>> import qtwin as qt
        >>> import pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / 'matrix.csv'
        >>> _ = file.write_text('HeLa,A,B,C\nA,30,5,-2\nB,,40,9\nC,,,20\n')
        >>> screen = qt.read_screen(file, diagonal='effect')
        >>> result = qt.run_screen(screen, size=2, noise_sd=1.0, n_samples=50)
        >>> result.to_pandas()['proven'].tolist()
        [True]
    """
    began = time.perf_counter()
    if isinstance(pairs, Screen):
        if singles is not None or reading:
            raise InputError(
                "expected a table of pairs beside singles and column names, got a screen",
                hint="leave them out",
            )
        data = pairs
    else:
        data = read_screen(pairs, singles, **reading)
    title = title or ("combination screen" if isinstance(pairs, Screen) else Path(pairs).stem)
    places = [data.place(context)] if context is not None else list(range(len(data.contexts)))
    if out is not None:
        require_vendor("jinja2", package="jinja2", needed_by="the report")
        output_folder(out)
    how: dict[str, Any] = {
        "size": size,
        "objective": objective,
        "full_effect": full_effect,
        "floor": floor,
    }
    # loads the compiled walk before the clock starts
    best_of_all(encoding.instance(data, places[0], size=1))
    with progress.stage(f"{len(places)} contexts, {size} of {data.n} drugs") as found:
        solved = [_solve_context(data, place, how) for place in places]
        found.append(f"{solved[0].choice.count():,} sets each, all looked at")
    noises = _noise_levels(data, noise_sd)
    with progress.stage("What the noise leaves open") as found:
        doubts, used = _doubts_of(data, solved, noises, how, draws=n_samples, seed=seed)
        found.append(
            f"{used:,} draws" if noises else "no pair was measured twice, and no noise was stated"
        )
    shown = _typical(solved, doubts)
    curves: dict[str, Coverage] = {}
    if samplers:
        with progress.stage("Samplers"):
            curves = _coverage_of(solved[shown], _leading(doubts, shown), samplers, seed=seed)
    baselines = {name: _baseline(name, solved) for name in ("greedy", "greedy + swap")}
    noise = {name: _doubt_summary(levels) for name, levels in doubts.items()}
    result = ScreenResult.model_validate(
        plain(
            {
                "title": title,
                "verdict": _verdict(solved, baselines, noise, size),
                "size": size,
                "objective": objective,
                "unit": solved[0].choice.unit,
                "full_effect": full_effect,
                "floor": floor,
                "tolerance": TOLERANCE,
                "data": _about(data, noises),
                "contexts": [
                    _context(s, {n: d for n in doubts if (d := doubts[n][k]) is not None})
                    for k, s in enumerate(solved)
                ],
                "baselines": baselines,
                "noise": noise,
                "draws": used if noises else 0,
                "shown": {
                    "context": solved[shown].context,
                    "sets": _candidates(solved[shown], doubts, shown),
                },
                "coverage": {
                    name: {f.name: getattr(c, f.name) for f in fields(c)}
                    for name, c in curves.items()
                },
                "command": command_line(),
                "seed": seed,
                "versions": {"qtwin": __version__},
                "wall_s": time.perf_counter() - began,
                "warnings": _warnings(data, solved, noises, how),
                "disclaimer": DISCLAIMER,
            }
        ),
        strict=False,
    )
    if out is not None:
        with progress.stage("Report") as found:
            result.write(Path(out) / "result.json")
            found.append(str(result.to_html(out)))
    return result


def _solve_context(data: Screen, place: int, how: Mapping[str, Any]) -> _Solved:
    """One context's proven optimum, timed, and the baselines."""
    began = time.perf_counter()
    choice = encoding.instance(data, place, **how)
    best = best_of_all(choice)
    took = time.perf_counter() - began
    simple = {"greedy": greedy(choice), "greedy + swap": greedy_swap(choice)}
    return _Solved(
        context=data.contexts[place],
        place=place,
        choice=choice,
        best=best,
        simple=simple,
        wall_s=took,
    )


def _noise_levels(data: Screen, noise_sd: float | None) -> dict[str, float]:
    """Noise level to standard deviation: as stated, or pooled and median over the pairs that were
    measured twice.
    """
    if noise_sd is not None:
        return {"stated": noise_sd}
    known = data.replicates
    return {} if known is None else {"pooled": known.pooled_sd, "median": known.median_sd}


def _doubts_of(
    data: Screen,
    solved: Sequence[_Solved],
    noises: Mapping[str, float],
    how: Mapping[str, Any],
    *,
    draws: int,
    seed: int,
) -> tuple[dict[str, list[NearOptimal | None]], int]:
    """Noise level to what it leaves open in each context (None where it would take too long), and
    the draws taken.
    """
    if not noises:
        return {}, 0
    sets = max(s.choice.count() for s in solved)
    used = min(draws, max(_FEWEST_DRAWS, _MOST_VALUED // (sets * len(solved) * len(noises))))
    looked = (
        [0]
        if sets * len(solved) * len(noises) * min(draws, _FEWEST_DRAWS) > 3 * _MOST_VALUED
        else list(range(len(solved)))
    )
    out: dict[str, list[NearOptimal | None]] = {}
    for name, sd in noises.items():
        out[name] = [None] * len(solved)
        for k in looked:
            s = solved[k]
            drawn = encoding.posterior_draws(
                data, s.place, noise_sd=sd, n_draws=used, seed=seed, **how
            )
            out[name][k] = near_optimal(s.choice, drawn.linear, drawn.pairs)
    return out, used


def _known(doubts: Doubts, k: int) -> dict[str, NearOptimal]:
    """What every noise level leaves open of one context, where it was looked at."""
    return {name: d for name, found in doubts.items() if (d := found[k]) is not None}


def _typical(solved: Sequence[_Solved], doubts: Doubts) -> int:
    """The context that is shown: the one whose nominal optimum is the best with the median
    probability.
    """
    if not doubts:
        return 0
    first = next(iter(doubts.values()))
    known = [(float(d.optimal[d.nominal]), k) for k, d in enumerate(first) if d is not None]
    return sorted(known)[(len(known) - 1) // 2][1]


def _leading(doubts: Doubts, shown: int) -> NearOptimal:
    """What the first noise level leaves open of the context that is shown.

    Raises:
        InputError: if no noise is known.
    """
    found = next((d[shown] for d in doubts.values()), None)
    if found is None:
        raise InputError(
            "no noise is known, so no set has a probability that a sampler could be judged on",
            hint="give --noise-sd",
        )
    return found


def _coverage_of(
    solved: _Solved, doubt: NearOptimal, names: Sequence[str], *, seed: int
) -> dict[str, Coverage]:
    """Coverage of the near-optimal sets by uniform draws, and by each sampler at the same shots."""
    start = solved.simple["greedy + swap"]
    problem = encoding.encode_screen(solved.choice, start.members if start else solved.best.members)
    near = doubt.within
    weights = doubt.optimal[near] if doubt.optimal[near].any() else doubt.near[near]
    covered: dict[str, Coverage] = {}
    most = 1
    for name in names:
        sampled = load(name, {}).solve(Instance(encoding=problem), seed=seed).samples
        if sampled is None:
            raise InputError(
                f"solver {name!r} returns one set and no samples",
                hint="name a sampler, such as simulated-annealing",
            )
        shots = int(sampled.counts.sum())
        most = max(most, shots)
        bits = problem.decode(sampled.bits)
        covered[name] = sampler_coverage(
            bits, sampled.counts, doubt.sets[near], weights, _ladder(shots), seed=seed
        )
    return {
        "uniform": uniform_coverage(len(doubt.sets), weights, _ladder(most), seed=seed),
        **covered,
    }


def _ladder(most: int) -> list[int]:
    """1, 3, 10, 30, ... up to `most`, which ends it."""
    steps = [m * 10**e for e in range(10) for m in (1, 3) if m * 10**e < most]
    return [*steps, most]


def _baseline(name: str, solved: Sequence[_Solved]) -> BaselineRow:
    gaps = np.array([s.gap(name) for s in solved])
    hit = int((gaps == 0.0).sum())
    low, high = shown(hit, len(gaps)) or (None, None)
    worst, median = plain(float(gaps.max())), plain(float(np.median(gaps)))
    return BaselineRow(
        optimal=hit, of=len(gaps), low=low, high=high, worst_gap=worst, median_gap=median
    )


def _doubt_summary(found: Sequence[NearOptimal | None]) -> NoiseRow:
    """Mean, median and range of these numbers over the contexts that were looked at."""
    values: dict[str, Callable[[NearOptimal], float]] = {
        "p_best": lambda d: float(d.optimal[d.nominal]),
        "ratio": lambda d: d.ratio,
        "shortfall": lambda d: d.shortfall,
        "regret": lambda d: d.regret,
        "credible": lambda d: len(d.credible()),
        "within": lambda d: len(d.within),
    }
    looked = [d for d in found if d is not None]
    spreads: dict[str, Any] = {}
    for what, of in values.items():
        v: NDArray[np.float64] = np.array([float(of(d)) for d in looked])
        spreads[what] = {"mean": v.mean(), "median": np.median(v), "low": v.min(), "high": v.max()}
    return NoiseRow.model_validate(plain({"contexts": len(looked), **spreads}))


def _candidates(s: _Solved, doubts: Doubts, shown: int) -> list[CandidateSet]:
    """The sets that are shown: the likeliest under any noise level, the nominal optimum among them,
    by measured value.
    """
    known = _known(doubts, shown)
    if not known:
        return []
    likely = np.max([d.optimal for d in known.values()], axis=0)
    first = next(iter(known.values()))
    order = np.argsort(-likely, kind="stable")[:_SHOWN_SETS].tolist()
    picked = [k for k in order if likely[k] > 0.0]
    picked = picked if first.nominal in picked else [first.nominal, *picked[: _SHOWN_SETS - 1]]
    picked.sort(key=lambda k: -first.value[k])
    return [
        CandidateSet(
            words=s.words(first.sets[k].tolist()),
            value=float(first.value[k]),
            nominal=k == first.nominal,
            **{
                what: {n: float(getattr(d, what)[k]) for n, d in known.items()}
                for what in ("mean", "sd", "optimal", "near")
            },
        )
        for k in picked
    ]


def _about(data: Screen, noises: Mapping[str, float]) -> ScreenData:
    known, twice = data.replicates, data.repeats > 1
    replicates = known and {
        **asdict(known),
        "distinct_pairs": int(twice.any(axis=0).sum()),
        "contexts": int(twice.any(axis=1).sum()),
        "mean_synergy": float(data.synergy[twice].mean()),
    }
    return ScreenData.model_validate(
        {
            "drugs": data.drugs,
            "contexts": data.contexts,
            "pairs": len(data.pairs),
            "pairs_possible": data.n * (data.n - 1) // 2,
            "measured_values": int((~np.isnan(data.synergy)).sum()),
            "signal_sd": data.signal_sd,
            "mean_synergy": float(np.nanmean(data.synergy)),
            "replicates": replicates,
            "noise_sd": dict(noises),
            "reliability": {name: data.reliability(sd) for name, sd in noises.items()},
            "sha256": data.sha256,
            "notes": data.notes,
        }
    )


def _context(s: _Solved, doubts: Mapping[str, NearOptimal]) -> ContextRow:
    return ContextRow.model_validate(
        plain(
            {
                "context": s.context,
                "n_sets": s.best.evaluations,
                "optimum": [s.choice.names[i] for i in s.best.members],
                "value": s.best.value,
                "second": s.best.second,
                "proven": s.best.proven,
                "wall_s": s.wall_s,
                "baselines": {
                    name: None
                    if c is None
                    else {
                        "set": [s.choice.names[i] for i in c.members],
                        "value": c.value,
                        "gap": s.gap(name),
                    }
                    for name, c in s.simple.items()
                },
                "noise": {
                    name: {
                        "p_best": float(d.optimal[d.nominal]),
                        "ratio": d.ratio,
                        "shortfall": d.shortfall,
                        "regret": d.regret,
                        "sets_within": len(d.within),
                        "sets_credible_90": len(d.credible()),
                    }
                    for name, d in doubts.items()
                },
            }
        )
    )


def _verdict(
    solved: Sequence[_Solved],
    baselines: Mapping[str, BaselineRow],
    noise: Mapping[str, NoiseRow],
    size: int,
) -> str:
    """One sentence: how easy the choice is, and how far the answer holds."""
    g, s = baselines["greedy"], baselines["greedy + swap"]
    easy = (
        f"listing all {solved[0].best.evaluations:,} sets of {size} proves the optimum in"
        f" {seconds(float(np.median([x.wall_s for x in solved])))} a context; greedy finds "
        f"it in {g.optimal} and greedy"
        f" with exchanges in {s.optimal} of {g.of}"
    )
    if not noise:
        return (
            f"{easy}; how far the data can tell the sets apart is unknown, since no pair was "
            "measured twice"
        )
    chances = " to ".join(f"{100 * (d.p_best.median or 0.0):.0f}" for d in noise.values())
    ratios = " to ".join(
        number(None) if d.ratio.median is None else f"{d.ratio.median:.2f}" for d in noise.values()
    )
    return (
        f"{easy}; but that optimum is truly the best with a probability of {chances} % and "
        f"worth {ratios} of what was measured"
    )


def _warnings(
    data: Screen, solved: Sequence[_Solved], noises: Mapping[str, float], how: Mapping[str, Any]
) -> list[str]:
    """What a reader must know before the numbers."""
    said = [
        "Values for three and more drugs are predictions from singles and pairs; 'qtwin "
        "screen order' says how far these hold"
    ]
    known, twice = data.replicates, data.repeats > 1
    if known is not None and "pooled" in noises:
        said.append(
            f"The noise comes from {known.n} repeated measurements of "
            f"{twice.any(axis=0).sum()} pairs in"
            f" {twice.any(axis=1).sum()} contexts, whose mean synergy is "
            f"{number(float(data.synergy[twice].mean()))} against"
            f" {number(float(np.nanmean(data.synergy)))} of all: they may not stand for the "
            "others. Single effects are taken as"
            " exact, for lack of repeats"
        )
    if "stated" in noises:
        said.append("The noise is stated, not measured. Single effects are taken as exact")
    if how["objective"] == "log-linear":
        said += _floored(data, solved, how)
    return said


def _floored(data: Screen, solved: Sequence[_Solved], how: Mapping[str, Any]) -> list[str]:
    """What the floor of growth does to the log-linear objective."""
    options = {"full_effect": how["full_effect"], "floor": how["floor"]}
    clipped = sum(
        encoding.growth(data, s.place, data.synergy[s.place], **options).clipped for s in solved
    )
    beyond = sum(s.best.value > -math.log(how["floor"]) for s in solved)
    return [
        "The growth of a pair is taken as the product of its singles' less the synergy, "
        "which holds for excess over Bliss and"
        f" only roughly for excess over Loewe; {clipped:,} growths were raised to the floor "
        f"of {how['floor']:g}",
        f"In {beyond} of {len(solved)} contexts the optimum is predicted to grow less than "
        "the floor, where no measurement"
        " can tell sets apart: the order among such sets is an extrapolation",
    ]
