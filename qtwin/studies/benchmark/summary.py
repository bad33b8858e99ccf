"""What may be said of a sweep's records: cells, growth, crossings, what was not believed, error
budgets, and the verdict.
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from qtwin.benchmark import analysis
from qtwin.benchmark.analysis import Best, Cell, group_of, hits
from qtwin.benchmark.features import places
from qtwin.benchmark.metrics import posterior
from qtwin.benchmark.noise import Level, fit
from qtwin.benchmark.processor import processor
from qtwin.benchmark.requirement import requirement
from qtwin.benchmark.scaling import Fit
from qtwin.errors import InputError
from qtwin.report.number import seconds
from qtwin.spec import BenchSpec
from qtwin.studies.benchmark.tasks import noise_levels
from qtwin.studies.result import plain


def summarise(spec: BenchSpec, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Cells, fits, crossovers and the verdict, JSON values only."""
    best = analysis.best_known(rows)
    found = analysis.cells(rows, best)
    kinds = {c.label: c.kind for c in found}
    fits = analysis.growth(rows, best, seed=spec.seed)
    quantum = analysis.growth(
        [r for r in rows if r.get("kind") == "quantum"], best, seed=spec.seed, clock="QPU"
    )
    crossings = analysis.crossings(rows, best, kinds, seed=spec.seed)
    where = places(rows, best)
    untrue = analysis.offences(rows)
    noise = plain(noise_of(rows, best, noise_levels(spec)))
    told = {
        "cells": [dataclasses.asdict(c) for c in found],
        "growth": [
            {"family": family, "solver": label}
            | (_told(*value) if isinstance(value, tuple) else {"refused": value})
            for (family, label), value in fits.items()
        ],
        "growth_qpu": [
            {"family": family, "solver": label}
            | (_told(*value) if isinstance(value, tuple) else {"refused": value})
            for (family, label), value in quantum.items()
        ],
        "qpu_assumptions": processor().words,
        "crossovers": [
            {
                "family": f,
                "quantum": q,
                "classical": c,
                "words": x.words,
                "size": x.size,
                "interval": x.interval,
            }
            for f, q, c, x in crossings
        ],
        "places": where,
        "requirements": requirements(where, found, fits),
        "solvers": _solvers(rows),
        "answered": sum(r.get("energy") is not None for r in rows),
        "offences": untrue,
        "alarms": [_alarm(e) for e in untrue if e["alarm"]],
        "noise": noise,
        "proven_instances": sum(
            p["proven"] if not p["construction"] else p["instances"] for p in where
        ),
        "instances": len({r["instance_id"] for r in rows}),
        "verdict": _alarmed(untrue) + _verdict(found, untrue) + _budgets(noise),
    }
    return cast("dict[str, Any]", plain(told))


def _told(fit: Fit, words: str) -> dict[str, Any]:
    return {k: v for k, v in dataclasses.asdict(fit).items() if k != "draws"} | {"choice": words}


def requirements(
    where: Sequence[dict[str, Any]],
    cells: Sequence[Cell],
    fits: Mapping[tuple[str, str], tuple[Fit, str] | str],
) -> list[dict[str, Any]]:
    """What Grover's search would need on each family against the best classical solver, on one core
    and on a thousand.

    The best is the one whose fit says least at the largest size, among those that were solved
    furthest.
    """
    out: list[dict[str, Any]] = []
    for family in sorted({p["family"] for p in where}):
        mine = [p for p in where if p["family"] == family]
        largest = max(p["n"] for p in mine)
        rivals = [
            c
            for c in cells
            if (c.family, c.kind) == (family, "classical")
            and isinstance(fits.get((family, c.label)), tuple)
        ]
        if not rivals or len(mine) < 2:
            out.append(
                {
                    "family": family,
                    "refused": "no classical solver has a fitted growth: at least four sizes are "
                    "wanted",
                }
            )
            continue
        known = {c.label: cast("tuple[Fit, str]", fits[family, c.label])[0] for c in rivals}
        reach = max(max(f.sizes) for f in known.values())
        label = min(
            (name for name in known if max(known[name].sizes) == reach),
            key=lambda name: known[name].at(largest)[0],
        )
        for cores in (1, 1000):
            found = requirement(mine, label, known[label], cores=cores)
            needed = None if found.machine is None else dataclasses.asdict(found.machine)
            out.append(
                {"family": family}
                | plain(
                    dataclasses.asdict(dataclasses.replace(found, machine=None))
                    | {"machine": needed}
                )
            )
    return out


def _solvers(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Label to what stands behind it: solver, options, time limit, kind, citation."""
    out: dict[str, Any] = {}
    for r in rows:
        t = r["task"]
        out.setdefault(
            t["label"],
            {
                "name": t["solver"],
                "options": t["solver_options"],
                "time_limit_s": t["time_limit_s"],
            },
        )
        out[t["label"]] |= {k: r[k] for k in ("kind", "citation") if r.get(k)}
    return dict(sorted(out.items()))


def _budgets(noise: Sequence[dict[str, Any]]) -> str:
    """The error budget at the largest size of each family; empty where nothing ran with noise."""
    told = []
    for family in sorted({e["family"] for e in noise}):
        known = [e for e in noise if e["family"] == family and e.get("budget") is not None]
        if known:
            e = max(known, key=lambda e: e["n"])
            low, high = e["budget_interval"]
            told.append(
                f"{family} at {e['n']} variables needs a two-qubit error below "
                f"{e['budget']:.2g} ({low:.2g} to {high:.2g})"
            )
    return (
        f" To keep half of what it gains over guessing, {e['solver']} on {'; on '.join(told)}."
        if told
        else ""
    )


def _alarm(entry: Mapping[str, Any]) -> str:
    return f"{entry['solver']} on {entry['family']} at {entry['n']} variables {entry['words']}"


def _alarmed(untrue: Sequence[Mapping[str, Any]]) -> str:
    """What stands before the verdict where somebody's proof or bound is false; empty where nobody's
    is.
    """
    liars = sorted({str(e["solver"]) for e in untrue if e["alarm"]})
    return f"ALARM: a proof or a bound of {', '.join(liars)} is false. " if liars else ""


def _verdict(cells: Sequence[Cell], untrue: Sequence[Mapping[str, Any]]) -> str:
    """Who took part, and who of them was the quickest, at each size where both kinds did; and what
    the null baselines say.

    Classical time is held against the idealised QPU time of the quantum side, never against a
    simulator's. Nobody whose proof or bound is false is called the quickest.
    """
    liars = {e["solver"] for e in untrue if e["alarm"]}
    answered = [c for c in cells if c.failed < c.runs and c.label not in liars]
    if not answered and liars:
        return (
            "Nobody else answered: "
            f"{_names([c for c in cells if c.label not in liars]) or 'nobody else took part'}."
        )
    if not answered:
        return (
            f"Nothing was answered: all {sum(c.runs for c in cells)} runs of {_names(cells)} "
            "failed."
        )
    sides = {
        kind: [c for c in answered if c.kind == kind] for kind in ("classical", "quantum", "null")
    }
    both = sorted(
        {(c.family, c.n) for c in sides["classical"]} & {(c.family, c.n) for c in sides["quantum"]}
    )
    if not both:
        return _alone(sides) + _beside_nulls(sides)
    at = {
        kind: {where: [c for c in sides[kind] if (c.family, c.n) == where] for where in both}
        for kind in sides
    }
    wins, quicker, unsolved, untimed, unsure = 0, [], 0, 0, 0
    for where in both:
        classical = min(c.tts_s for c in at["classical"][where])
        timed = [c.qpu_tts_s for c in at["quantum"][where] if not math.isnan(c.qpu_tts_s)]
        solved = any(math.isfinite(c.tts_s) for c in at["quantum"][where])
        if not timed and solved:
            untimed += 1
        elif math.isinf(min([classical, *timed])):
            unsolved += 1
        elif classical <= min(timed, default=math.inf):
            wins += 1
        elif _told_apart(at["quantum"][where], at["classical"][where], at["null"][where]):
            quicker.append(where)
        else:
            unsure += 1
    names = {kind: _names(sides[kind]) for kind in ("classical", "quantum")}
    parts = [
        f"Classical ({names['classical']}) wins at {wins} of the {len(both)} sizes where "
        f"quantum ({names['quantum']}) took part"
        " too, by idealised QPU time."
    ]
    if quicker:
        where_words = ", ".join(f"{family} at {n}" for family, n in quicker[:4]) + (
            "" if len(quicker) <= 4 else " and more"
        )
        parts.append(
            f"Quantum would take less of an ideal processor on {where_words}, without "
            "noise, queue or classical work."
        )
    if unsolved == len(both):
        everybody = _names([*sides["classical"], *sides["quantum"]])
        parts = [
            f"Nobody ({everybody}) reached the best known energy at any of the {len(both)} "
            "sizes where both kinds took part."
        ]
    elif unsolved:
        parts.append(f"Neither side reached the best known energy at {unsolved} of them.")
    if unsure:
        parts.append(
            f"At {unsure} of them nobody is ahead: intervals overlap, or a null baseline "
            "needs no more samples than the quantum"
            " side."
        )
    if untimed:
        parts.append(
            f"At {untimed} of them the quantum side has no QPU time, since its circuit is "
            "not known, and nothing is said."
        )
    return " ".join(parts) + _beside_nulls(sides)


def _told_apart(quantum: Sequence[Cell], classical: Sequence[Cell], nulls: Sequence[Cell]) -> bool:
    """Whether a quantum solver has less QPU time than any classical one, intervals disjoint, and
    fewer samples than any null.
    """
    ends = [c.tts_interval.low if c.tts_interval is not None else 0.0 for c in classical]
    guessed = min(_reads(nulls), default=math.inf)
    return any(
        c.qpu_tts_interval is not None
        and c.qpu_tts_interval.high < min(ends)
        and c.drawn
        and c.reads_to_solution < guessed
        for c in quantum
    )


def _beside_nulls(sides: Mapping[str, Sequence[Cell]]) -> str:
    """At how many sizes the best quantum solver needs fewer samples than the best null baseline;
    empty without both.
    """
    where = sorted(
        {(c.family, c.n) for c in sides["quantum"] if c.drawn}
        & {(c.family, c.n) for c in sides["null"] if c.drawn}
    )
    if not where:
        return ""
    ahead = 0
    for place in where:
        q, c = (
            min(_reads([c for c in sides[kind] if (c.family, c.n) == place]))
            for kind in ("quantum", "null")
        )
        ahead += q < c
    return (
        " By samples until the best known energy, a quantum solver needs fewer than the "
        "best null baseline"
        f" ({_names(sides['null'])}) at {ahead} of {len(where)} sizes."
    )


def _reads(cells: Sequence[Cell]) -> list[float]:
    return [c.reads_to_solution if c.drawn else math.inf for c in cells]


def _alone(sides: Mapping[str, Sequence[Cell]]) -> str:
    """The verdict where no size had both kinds."""
    kinds = [kind for kind in ("classical", "quantum") if sides[kind]]
    null = f", beside the null baseline ({_names(sides['null'])})" if sides["null"] else ""
    if not kinds:
        return (
            f"The null baseline alone ({_names(sides['null'])}) took part: "
            f"{_quickest(sides['null'])}."
        )
    if len(kinds) == 1:
        mine = sides[kinds[0]]
        return f"{kinds[0].capitalize()} solvers only ({_names(mine)}){null}: {_quickest(mine)}."
    told = "; ".join(
        f"{kind} solvers ({_names(sides[kind])}): {_quickest(sides[kind])}" for kind in kinds
    )
    return f"At no size did both kinds answer{null}. {told.capitalize()}."


def _quickest(cells: Sequence[Cell]) -> str:
    n = max(c.n for c in cells)
    best = min((c for c in cells if c.n == n), key=lambda c: c.tts_s)
    if not math.isfinite(best.tts_s):
        return f"none reached the best known energy at {n} variables"
    return f"{best.label} was the quickest, {seconds(best.tts_s)} at {n} variables"


def _names(cells: Sequence[Cell]) -> str:
    labels = sorted({c.label for c in cells})
    return ", ".join(labels[:6]) + (f" and {len(labels) - 6} more" if len(labels) > 6 else "")


def noise_of(
    rows: Sequence[Mapping[str, Any]],
    best: Mapping[str, Best],
    levels: Mapping[str, tuple[str, float]],
) -> list[dict[str, Any]]:
    """One entry for each family, size and solver that ran at several error rates; JSON values.

    The shots of all instances and runs are pooled; the chance of a guess is their mean.

    Returns:
        family, n, solver, two_qubit_gates and depth (all-to-all, where the solver told them),
        levels (error, hits, shots, low, high), chance, and either the fit (p0, gates, budget with
        intervals) or why there is none.
    """
    groups: dict[tuple[str, int, str], list[tuple[float, Mapping[str, Any]]]] = defaultdict(list)
    for r in rows:
        known = levels.get(r["task"]["label"])
        if known and r.get("samples"):
            groups[group_of(r), r["task"]["n"], known[0]].append((known[1], r))
    return [_entry(key, members, best) for key, members in sorted(groups.items())]


def _entry(
    key: tuple[str, int, str],
    members: Sequence[tuple[float, Mapping[str, Any]]],
    best: Mapping[str, Best],
) -> dict[str, Any]:
    family, n, solver = key
    pooled: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for error, r in members:
        pooled[error][0] += hits(r, best)
        pooled[error][1] += int(r["samples"]["shots"])
    measured = [Level(error=e, hits=h, shots=s) for e, (h, s) in sorted(pooled.items())]
    chances = [
        r["instance"]["chance"] for _, r in members if r["instance"].get("chance") is not None
    ]
    resources = next((r["resources"] for _, r in members if r.get("resources")), None) or {}
    entry: dict[str, Any] = {
        "family": family,
        "n": n,
        "solver": solver,
        "resources": resources,
        "levels": [
            {"error": m.error, "hits": m.hits, "shots": m.shots, "low": low, "high": high}
            for m in measured
            for low, high in [posterior(m.hits, m.shots)]
        ],
        "chance": float(np.mean(chances)) if chances else None,
    }
    if not chances:
        return entry | {"refused": "the chance of a guess is known up to 16 qubits only"}
    try:
        return entry | dataclasses.asdict(fit(measured, chance=float(np.mean(chances))))
    except InputError as error:
        return entry | {"refused": error.message}
