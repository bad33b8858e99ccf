"""The page and the table of measured combinations: optima, simple search, and what the noise leaves open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.benchmark.coverage import Coverage
from qtwin.cli.measured_solved import Doubts, Solved, over_contexts
from qtwin.cli.show import table
from qtwin.encoding import measured as encoding
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.measured.combinations import MeasuredCombinations
from qtwin.problem.near_optimal import TOLERANCE
from qtwin.report import measured_pictures as pictures
from qtwin.report.chart import Figure
from qtwin.report.number import number, percent, seconds
from qtwin.report.sheet import Section, Sheet, Table
from qtwin.version import __version__

_SHOWN_SETS = 12


def candidates(s: Solved, doubts: Doubts, shown: int) -> list[pictures.Candidate]:
    """The sets that are shown: the likeliest under any noise level, the nominal optimum among them, by measured value."""
    known = {name: d for name, found in doubts.items() if (d := found[shown]) is not None}
    if not known:
        return []
    likely = np.max([d.optimal for d in known.values()], axis=0)
    first = next(iter(known.values()))
    order = np.argsort(-likely, kind="stable")[:_SHOWN_SETS].tolist()
    picked = [k for k in order if likely[k] > 0.0]
    picked = picked if first.nominal in picked else [first.nominal, *picked[: _SHOWN_SETS - 1]]
    picked.sort(key=lambda k: -first.value[k])
    return [
        pictures.Candidate(
            words=_words(s.choice, first.sets[k]),
            value=float(first.value[k]),
            nominal=k == first.nominal,
            **{what: {n: float(getattr(d, what)[k]) for n, d in known.items()} for what in ("mean", "sd", "optimal", "near")},
        )
        for k in picked
    ]


def _words(choice: FixedSize, members: Sequence[int]) -> str:
    return " + ".join(choice.names[int(i)] for i in members)


def verdict_of(
    solved: Sequence[Solved], baselines: Mapping[str, Any], doubt: Mapping[str, Any], noises: Mapping[str, float], size: int
) -> str:
    """One sentence: how easy the choice is, and how far the answer holds."""
    g, s = baselines["greedy"], baselines["greedy + swap"]
    easy = (
        f"listing all {solved[0].best.evaluations:,} sets of {size} proves the optimum in"
        f" {seconds(float(np.median([x.wall_s for x in solved])))} a context; greedy finds it in {g['optimal']} and greedy"
        f" with exchanges in {s['optimal']} of {g['of']}"
    )
    if not doubt:
        return f"{easy}; how far the data can tell the sets apart is unknown, since no pair was measured twice"
    chances = " to ".join(f"{100 * doubt[n]['p_best']['median']:.0f}" for n in noises)
    ratios = " to ".join(f"{doubt[n]['ratio']['median']:.2f}" for n in noises)
    return f"{easy}; but that optimum is truly the best with a probability of {chances} % and worth {ratios} of what was measured"


def warnings_of(
    data: MeasuredCombinations, solved: Sequence[Solved], noises: Mapping[str, float], objective: str, how: Mapping[str, Any]
) -> list[str]:
    """What a reader must know before the numbers."""
    said = [
        "Values for three and more drugs are predictions from singles and pairs; 'qtwin measured order' says how far these hold"
    ]
    known, twice = data.replicates, data.repeats > 1
    if known is not None and "pooled" in noises:
        said.append(
            f"The noise comes from {known.n} repeated measurements of {twice.any(axis=0).sum()} pairs in"
            f" {twice.any(axis=1).sum()} contexts,"
            f" whose mean synergy is {number(float(data.synergy[twice].mean()))} against"
            f" {number(float(np.nanmean(data.synergy)))} of all:"
            " they may not stand for the others. Single effects are taken as exact, for lack of repeats"
        )
    if "stated" in noises:
        said.append("The noise is the one stated on the command line. Single effects are taken as exact")
    if objective == "log-linear":
        said += _floored(data, solved, how)
    return said


def _floored(data: MeasuredCombinations, solved: Sequence[Solved], how: Mapping[str, Any]) -> list[str]:
    """What the floor of growth does to the log-linear objective."""
    options = {"full_effect": how["full_effect"], "floor": how["floor"]}
    clipped = sum(encoding.growth(data, s.place, data.synergy[s.place], **options).clipped for s in solved)
    beyond = sum(s.best.value > -math.log(how["floor"]) for s in solved)
    return [
        "The growth of a pair is taken as the product of its singles' less the synergy, which holds for excess over Bliss and"
        f" only roughly for excess over Loewe; {clipped:,} growths were raised to the floor of {how['floor']:g}",
        f"In {beyond} of {len(solved)} contexts the optimum is predicted to grow less than the floor, where no measurement"
        " can tell sets apart: the order among such sets is an extrapolation",
    ]


def sheet_of(
    result: Mapping[str, Any],
    data: MeasuredCombinations,
    solved: Sequence[Solved],
    doubts: Doubts,
    noises: Mapping[str, float],
    shown: int,
    covered: Mapping[str, Coverage],
    uniform: Coverage | None,
) -> Sheet:
    """The whole page."""
    unit, context = solved[0].choice.unit, solved[shown].context
    found = candidates(solved[shown], doubts, shown)
    open_: list[Figure] = []
    if found:
        open_.append(
            pictures.near_optimal_picture(
                found, context=context, noises=noises, unit=unit, n_draws=result["draws"], tolerance=TOLERANCE
            )
        )
    judged = [k for k in range(len(solved)) if doubts and all(d[k] is not None for d in doubts.values())]
    if len(judged) > 2:
        open_.append(
            pictures.doubt_picture(
                [solved[k].context for k in judged],
                {n: over_contexts(doubts[n], "p_best") for n in noises},
                {n: over_contexts(doubts[n], "ratio") for n in noises},
                noises,
            )
        )
    simple: list[Figure] = []
    reached = {name: np.array([s.gap(name) for s in solved]) for name in solved[0].simple}
    reached = {name: gap for name, gap in reached.items() if np.isfinite(gap).all()}
    if len(solved) > 2 and reached:
        simple.append(pictures.baseline_picture([s.context for s in solved], reached, size=result["size"]))
    sections = [
        Section(
            anchor="open",
            title="What the noise leaves open",
            text=[] if found else ["No pair was measured twice, and no noise was stated: no probability can be given."],
            pictures=open_,
        )
    ]
    if uniform is not None:
        first = next(iter(doubts.values()))[shown]
        assert first is not None
        sections.append(
            Section(
                anchor="samplers",
                title="What samplers find",
                pictures=[
                    pictures.coverage_picture(
                        covered, uniform, context=context, n_targets=len(first.within), n_sets=len(first.sets)
                    )
                ],
            )
        )
    sections.append(Section(anchor="optima", title="Optima and simple search", pictures=simple, tables=[_table(result, noises)]))
    b = result["baselines"]
    cards = [
        (
            "Greedy",
            f"{b['greedy']['optimal']} of {b['greedy']['of']}",
            f"optimal; worst {percent(b['greedy']['worst_gap'])} below",
        ),
        (
            "Greedy + swap",
            f"{b['greedy + swap']['optimal']} of {b['greedy']['of']}",
            "optimal; all optima proven by listing every set",
        ),
    ]
    for name, sd in noises.items():
        d = result["noise"][name]
        cards.append(
            (
                f"Truly best ({name} noise)",
                f"{100 * d['p_best']['median']:.0f} %",
                f"median context; noise SD {number(sd)}, reliability {result['data']['reliability'][name]:.2f}",
            )
        )
    return Sheet(
        kind="measured combinations",
        title=f"{result['title']}: {result['size']} drugs, {result['objective']} objective",
        verdict=result["verdict"],
        points=_points(result, noises),
        cards=cards,
        warnings=result["warnings"],
        sections=sections,
        facts={
            "Data": f"{data.n} drugs, {len(data.contexts)} contexts, {len(data.pairs)} of {data.n * (data.n - 1) // 2} pairs",
            "Files": ", ".join(d[:12] for d in data.sha256),
            "Read": "; ".join(data.notes) or "nothing was averaged or left out",
            "Draws": f"{result['draws']:,}, seed {result['seed']}",
            "Versions": f"qtwin {__version__}",
            "Time": f"{result['wall_s']:.1f} s",
        },
    )


def _points(result: Mapping[str, Any], noises: Mapping[str, float]) -> list[str]:
    points = []
    if noises:
        name = next(iter(noises))
        d = result["noise"][name]
        points.append(
            f"A median of {d['within']['median']:.0f} sets lie within {100 * TOLERANCE:.0f} % of the optimum as measured;"
            f" under {name} noise"
            f" {d['credible']['median']:.0f} sets are needed to hold the best one with 90 % probability"
        )
        points.append("So the answer to report is a set of sets with probabilities, and a sampler is to be judged on covering it")
    return points


def _rows(result: Mapping[str, Any], noises: Mapping[str, float]) -> list[tuple[str, ...]]:
    rows = []
    for c in result["contexts"]:
        gaps = [c["baselines"][n] for n in ("greedy", "greedy + swap")]
        rows.append(
            (
                c["context"],
                " + ".join(c["optimum"]),
                number(c["value"]),
                *("none found" if g is None else "optimal" if g["gap"] == 0.0 else f"−{100 * g['gap']:.1f} %" for g in gaps),
                *(percent(c["noise"][n]["p_best"]) if n in c["noise"] else number(None) for n in noises),
                *(number(c["noise"][n]["ratio"], 2) if n in c["noise"] else number(None) for n in noises),
            )
        )
    return rows


def _header(noises: Mapping[str, float]) -> tuple[str, ...]:
    return (
        "Context",
        "Optimum",
        "Value",
        "Greedy",
        "Greedy + swap",
        *(f"P(best), {n}" for n in noises),
        *(f"Expected / measured, {n}" for n in noises),
    )


def _table(result: Mapping[str, Any], noises: Mapping[str, float]) -> Table:
    return Table(
        title="Proven optimum of each context",
        header=_header(noises),
        rows=_rows(result, noises),
        numeric=frozenset({2, *range(5, 5 + 2 * len(noises))}),
    )


def print_table(result: Mapping[str, Any]) -> None:
    """The contexts' optima on the terminal."""
    noises = list(result["data"]["noise_sd"])
    rows = []
    for full in _rows(result, dict.fromkeys(noises, 0.0)):
        chances = " to ".join(full[5 : 5 + len(noises)]).replace(" % to", " to")
        rows.append((*full[:5], *([chances] if noises else [])))
    table("Proven optimum of each context", (*_header({})[:5], *(["P(best)"] if noises else [])), rows)
