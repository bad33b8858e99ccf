"""`qtwin measured combinations`: measured pairs as choices of k drugs, solved with proof, and what noise leaves of the answer."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import write_json
from qtwin.benchmark.coverage import Coverage
from qtwin.cli.measured_page import candidates, print_table, sheet_of, verdict_of, warnings_of
from qtwin.cli.measured_solved import (
    Solved,
    baseline,
    coverage_of,
    doubt_summary,
    doubts_of,
    leading,
    noise_levels,
    solve_context,
    typical,
)
from qtwin.cli.show import note, stage
from qtwin.encoding import measured as encoding
from qtwin.errors import InputError
from qtwin.problem.measured.combinations import MeasuredCombinations
from qtwin.problem.measured.table import read_combinations
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER, write_sheet
from qtwin.solver.fixed_size import best_of_all
from qtwin.version import __version__

SCHEMA = "qtwin.measured-combinations/1"


def run_combinations(
    pairs: Path,
    singles: Path | None,
    out: Path,
    *,
    context: str | None = None,
    size: int = 3,
    objective: str = "mean",
    noise_sd: float | None = None,
    draws: int = 1000,
    full_effect: float = 100.0,
    floor: float = encoding.FLOOR,
    columns: Sequence[str] = (),
    index_map: Path | None = None,
    samplers: Sequence[str] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Solve every context (or one), and write result.json, report.html and figures into `out`.

    Raises:
        InputError: for tables that cannot be used, an unknown context, objective or sampler, or an unusable folder.
        InfeasibleError: if no set of the size is free of forbidden pairs.
    """
    began = time.perf_counter()
    data = read_combinations(pairs, singles, columns=_roles(columns), index_map=index_map)
    places = [data.place(context)] if context is not None else list(range(len(data.contexts)))
    make_folder(out)
    how: dict[str, Any] = {"size": size, "objective": objective, "full_effect": full_effect, "floor": floor}
    best_of_all(encoding.instance(data, places[0], size=1))  # loads the compiled walk before the clock starts
    with stage(f"{len(places)} contexts, {size} of {data.n} drugs") as found:
        solved = [solve_context(data, place, how) for place in places]
        found.append(f"{solved[0].choice.count():,} sets each, all looked at")
    noises = noise_levels(data, noise_sd)
    with stage("What the noise leaves open") as found:
        doubts, used = doubts_of(data, solved, noises, how, draws=draws, seed=seed)
        found.append(f"{used:,} draws" if noises else "no pair was measured twice, and no --noise-sd was given")
    shown = typical(solved, doubts)
    covered: dict[str, Coverage] = {}
    uniform: Coverage | None = None
    if samplers:
        with stage("Samplers"):
            covered, uniform = coverage_of(solved[shown], leading(doubts, shown), samplers, seed=seed)
    baselines = {name: baseline(name, solved) for name in ("greedy", "greedy + swap")}
    doubt = {name: doubt_summary(found_) for name, found_ in doubts.items()}
    verdict = verdict_of(solved, baselines, doubt, noises, size)
    result = {
        "schema": SCHEMA,
        "title": pairs.stem,
        "verdict": verdict,
        "size": size,
        "objective": objective,
        "data": _about(data, noises),
        "contexts": [_context(s, {n: doubts[n][k] for n in doubts if doubts[n][k] is not None}) for k, s in enumerate(solved)],
        "baselines": baselines,
        "noise": doubt,
        "draws": used if noises else 0,
        "shown": {
            "context": solved[shown].context,
            "sets": [dataclasses.asdict(c) for c in candidates(solved[shown], doubts, shown)],
        },
        "coverage": {name: _curve(c) for name, c in {**({"uniform": uniform} if uniform else {}), **covered}.items()},
        "command": command_line(),
        "seed": seed,
        "versions": {"qtwin": __version__},
        "wall_s": time.perf_counter() - began,
        "warnings": warnings_of(data, solved, noises, objective, how),
        "disclaimer": DISCLAIMER,
    }
    with stage("Report"):
        page = write_sheet(sheet_of(result, data, solved, doubts, noises, shown, covered, uniform), out)
    write_json(out / "result.json", finite(result))
    print_table(result)
    note(verdict, style="bold")
    note(str(page))
    return dict(finite(result))


def make_folder(out: Path) -> None:
    """Make the output folder.

    Raises:
        InputError: if that is not possible.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {out}: {error.strerror}", hint="choose another folder with --out") from None


def finite(value: Any) -> Any:
    """`value` as JSON can hold it: what is not a finite number is null."""
    if isinstance(value, Mapping):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, np.ndarray):
        return finite(value.tolist())
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _roles(columns: Sequence[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for told in columns:
        role, separator, name = told.partition("=")
        if not separator or not role.strip() or not name.strip():
            raise InputError(f"--column {told!r} came, role=name was wanted", hint="such as --column synergy=zip_score")
        roles[role.strip()] = name.strip()
    return roles


def _about(data: MeasuredCombinations, noises: Mapping[str, float]) -> dict[str, Any]:
    known, twice = data.replicates, data.repeats > 1
    return {
        "drugs": list(data.drugs),
        "contexts": list(data.contexts),
        "pairs": len(data.pairs),
        "pairs_possible": data.n * (data.n - 1) // 2,
        "measured_values": int((~np.isnan(data.synergy)).sum()),
        "signal_sd": data.signal_sd,
        "mean_synergy": float(np.nanmean(data.synergy)),
        "replicates": None
        if known is None
        else dataclasses.asdict(known)
        | {
            "distinct_pairs": int(twice.any(axis=0).sum()),
            "contexts": int(twice.any(axis=1).sum()),
            "mean_synergy": float(data.synergy[twice].mean()),
        },
        "noise_sd": dict(noises),
        "reliability": {name: data.reliability(sd) for name, sd in noises.items()},
        "sha256": list(data.sha256),
        "notes": list(data.notes),
    }


def _context(s: Solved, doubts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "context": s.context,
        "n_sets": s.best.evaluations,
        "optimum": [s.choice.names[i] for i in s.best.members],
        "value": s.best.value,
        "second": s.best.second,
        "proven": s.best.proven,
        "wall_s": s.wall_s,
        "baselines": {
            name: None if c is None else {"set": [s.choice.names[i] for i in c.members], "value": c.value, "gap": s.gap(name)}
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


def _curve(c: Coverage) -> dict[str, Any]:
    return {f.name: getattr(c, f.name).tolist() for f in dataclasses.fields(c)}
