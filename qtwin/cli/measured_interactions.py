"""`qtwin measured interactions`: the largest safe subset of a list of interacting drugs, and synergy under a size, with proof."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import write_json
from qtwin.cli import measured_quantum
from qtwin.cli.measured import finite, make_folder
from qtwin.cli.show import note, stage, table
from qtwin.encoding.interactions import maximum_safe_subset, sufficient_harm_weight, synergy_choice, synergy_encoding
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError
from qtwin.problem.interaction_graph import InteractionGraph, published_graph, published_names, read_interactions
from qtwin.report import interaction_pictures as pictures
from qtwin.report.number import number, seconds
from qtwin.report.sheet import DISCLAIMER, Section, Sheet, Table, write_sheet
from qtwin.solver.base import Instance, Result
from qtwin.solver.fixed_size import Chosen, best_of_all, greedy, greedy_swap
from qtwin.solver.registry import load
from qtwin.solver.safe_subset import fewest_partners
from qtwin.version import __version__

SCHEMA = "qtwin.measured-interactions/1"
_ALL_LISTED = 20
"""Drugs up to which every assignment of the penalised polynomial is looked at."""


def run_interactions(
    source: str,
    out: Path,
    *,
    size: int = 3,
    harm: float = 3.5,
    solver: str = "cp-sat",
    time_limit_s: float = 60.0,
    seed: int = 0,
    quantum: bool = False,
) -> dict[str, Any]:
    """Solve both choices, and write result.json, report.html and figures into `out`.

    Args:
        source: A file, or the name of a shipped graph.
        out: Folder.
        size: Drugs in the synergistic choice.
        harm: A and B: how much a harmful pair costs against a drug, or against a synergistic pair of the same weight.
        solver: Who proves the optimum.
        time_limit_s: Its limit.
        seed: Its seed.
        quantum: Whether the published quantum comparison is re-run.

    Raises:
        InputError: for a list that cannot be used, or is too long for the quantum comparison, an unknown solver or an unusable
            folder.
    """
    began = time.perf_counter()
    shipped = source in published_names() and not Path(source).exists()
    graph = published_graph(source) if shipped else read_interactions(Path(source))
    if not harm > 0.0:
        raise InputError(f"a harm weight of {harm} came, a positive one was wanted", hint="the study takes 2.5 to 5")
    make_folder(out)
    solving = load(solver, {})
    with stage("Maximum safe subset") as said:
        strict = maximum_safe_subset(graph)
        found = solving.solve(Instance(encoding=strict), seed=seed, time_limit_s=time_limit_s)
        said.append(f"{_count(found)} of {graph.n} drugs, {'proven' if found.proven else 'not proven'}")
    rows = []
    if quantum:
        with stage("Quantum comparison") as said:
            rows = measured_quantum.compare(graph, size=size, harm=harm, seed=seed)
            said.append(f"{len(rows)} runs")
    simple = fewest_partners(graph.adjacency())
    penalty = _penalty(graph, harm)
    synergy = None
    if len(graph.synergy):
        with stage(f"Synergy among {size}") as said:
            synergy = _synergy(graph, size, harm, solver, seed, time_limit_s)
            said.append(", ".join(synergy["optimum"]))
    kept = [] if found.bits is None else np.flatnonzero(found.bits[: graph.n]).tolist()
    warnings = _warnings(graph, penalty, found)
    verdict = _verdict(graph, found, simple, synergy)
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "title": graph.title,
        "source": graph.source,
        "verdict": verdict,
        "graph": {
            "drugs": list(graph.drugs),
            "harmful_pairs": len(graph.harm),
            "synergistic_pairs": len(graph.synergy),
            "sha256": graph.sha256,
            "notes": list(graph.notes),
        },
        "safe_subset": {
            "drugs": [graph.drugs[i] for i in kept],
            "size": len(kept),
            "bound": None if found.bound is None else -found.bound,
            "proven": found.proven,
            "solver": found.solver,
            "wall_s": sum(found.wall_s.values()),
            "greedy": len(simple),
        },
        "penalty": penalty,
        "synergy": synergy,
        "quantum": measured_quantum.told(rows) if rows else None,
        "harm": harm,
        "seed": seed,
        "versions": {"qtwin": __version__},
        "wall_s": time.perf_counter() - began,
        "warnings": warnings,
        "disclaimer": DISCLAIMER,
    }
    with stage("Report"):
        sheet = _sheet(result, graph, kept)
        page = write_sheet(replace(sheet, sections=[*sheet.sections, measured_quantum.section(rows)]) if rows else sheet, out)
    write_json(out / "result.json", finite(result))
    table("Choices", ("choice", "drugs", "value", "proven", "time"), _rows(result))
    if rows:
        measured_quantum.show(rows)
    note(verdict, style="bold")
    note(str(page))
    return dict(finite(result))


def _count(found: Result) -> int:
    return 0 if found.bits is None else int(found.bits.sum())


def _penalty(graph: InteractionGraph, harm: float) -> dict[str, Any]:
    """What the published penalty does: whether its weight suffices, and the minimum of the polynomial where it can be listed."""
    enough = sufficient_harm_weight(graph)
    told: dict[str, Any] = {"weight": harm, "suffices_above": enough, "suffices": harm > enough}
    if graph.n <= _ALL_LISTED:
        encoding = maximum_safe_subset(graph, harm=harm)
        energy, bits = encoding.polynomial.values(), _all_bits(graph.n)
        lowest = np.flatnonzero(energy <= energy.min() + 1e-9)
        told |= {
            "minimum": float(energy.min()),
            "minimisers": [[graph.drugs[i] for i in np.flatnonzero(bits[k])] for k in lowest],
            "harmful_pairs_in_minimisers": [graph.harmful_pairs_in(bits[k]) for k in lowest],
        }
    return told


def _all_bits(n: int) -> Any:
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1


def _synergy(graph: InteractionGraph, size: int, harm: float, solver: str, seed: int, time_limit_s: float) -> dict[str, Any]:
    choice = synergy_choice(graph, size=size, harm=harm)
    listed: Chosen = best_of_all(choice)
    simple = {"greedy": greedy(choice), "greedy + swap": greedy_swap(choice)}
    encoding: BinaryModel = synergy_encoding(graph, listed.members, size=size, harm=harm)
    found = load(solver, {}).solve(Instance(encoding=encoding), seed=seed, time_limit_s=time_limit_s)
    chosen = np.zeros(graph.n, dtype=np.uint8)
    chosen[list(listed.members)] = 1
    return {
        "size": size,
        "optimum": [graph.drugs[i] for i in listed.members],
        "value": listed.value,
        "second": listed.second,
        "proven": listed.proven,
        "n_sets": listed.evaluations,
        "harmful_pairs": graph.harmful_pairs_in(chosen),
        "solver": found.solver,
        "solver_value": -found.energy,
        "solver_proven": found.proven,
        "wall_s": sum(found.wall_s.values()),
        "greedy": {name: None if c is None else c.value for name, c in simple.items()},
        "size_weight": encoding.penalties[0].weight,
        "size_weight_sufficient": encoding.penalties[0].sufficient_weight,
    }


def _rows(result: dict[str, Any]) -> list[tuple[str, ...]]:
    safe, synergy = result["safe_subset"], result["synergy"]
    rows: list[tuple[str, ...]] = [
        ("maximum safe subset", str(safe["size"]), str(safe["size"]), _yes(safe["proven"]), seconds(safe["wall_s"])),
        ("fewest partners first", str(safe["greedy"]), str(safe["greedy"]), "", ""),
    ]
    if synergy:
        rows.append(
            (
                f"synergy among {synergy['size']}",
                ", ".join(synergy["optimum"]),
                number(synergy["value"]),
                _yes(synergy["proven"]),
                seconds(synergy["wall_s"]),
            )
        )
        rows += [(name, str(synergy["size"]), number(value), "", "") for name, value in synergy["greedy"].items()]
    return rows


def _yes(proven: bool) -> str:
    return "yes" if proven else "no"


def _verdict(graph: InteractionGraph, found: Result, simple: tuple[int, ...], synergy: dict[str, Any] | None) -> str:
    proof = "proven" if found.proven else "not proven"
    words = (
        f"{_count(found)} of {graph.n} drugs can be taken without a harmful pair, {proof} by {found.solver} in"
        f" {seconds(sum(found.wall_s.values()))}; taking the drug with the fewest partners first finds {len(simple)}"
    )
    if synergy:
        words += f"; the most synergistic {synergy['size']} are {', '.join(synergy['optimum'])}"
        words += f" (value {number(synergy['value'])}, proven)"
    return words


def _warnings(graph: InteractionGraph, penalty: dict[str, Any], found: Result) -> list[str]:
    said = ["A list of interacting pairs is no treatment problem: it says what not to combine, not what helps"]
    if len(graph.harm) and not penalty["suffices"]:
        broken = penalty.get("harmful_pairs_in_minimisers")
        what = (
            f"; its minimum holds {max(broken)} harmful {'pair' if max(broken) == 1 else 'pairs'}"
            if broken and max(broken)
            else ""
        )
        said.append(
            f"A penalty of {penalty['weight']:g} is not above {number(penalty['suffices_above'])}, so the penalised minimum"
            " need not be"
            f" safe{what}"
        )
    if not found.proven:
        said.append("The time limit stopped the proof of the safe subset")
    return said


def _sheet(result: dict[str, Any], graph: InteractionGraph, kept: list[int]) -> Sheet:
    safe, synergy = result["safe_subset"], result["synergy"]
    small = graph.n <= pictures.DRAWN
    draw = pictures.graph_picture if small else pictures.degree_picture
    sections = [
        Section(
            anchor="safe",
            title="Maximum safe subset",
            text=[", ".join(safe["drugs"]) + "."] if safe["drugs"] else [],
            pictures=[
                draw(
                    graph,
                    kept,
                    name="safe_subset",
                    title=f"{safe['size']} of {graph.n} drugs without a harmful pair",
                    caption="Filled drugs are the largest set in which no two are joined by a harmful interaction."
                    if small
                    else "Drugs of the list by the number of others that they must not be combined with; those kept have no"
                    " harmful pair"
                    " among them.",
                )
            ],
        )
    ]
    if synergy:
        members = [graph.drugs.index(name) for name in synergy["optimum"]]
        title = f"The most synergistic {synergy['size']}"
        caption = (
            f"Synergistic weights less {result['harm']:g} times harmful ones; proven by listing {synergy['n_sets']:,} sets"
            f"{', and again by ' + synergy['solver'] if synergy['solver_proven'] else ''}."
        )
        shown = [pictures.graph_picture(graph, members, name="synergy", title=title, caption=caption)] if small else []
        sections.append(Section(anchor="synergy", title=title, pictures=shown))
    sections.append(
        Section(
            anchor="values",
            title="Values",
            tables=[
                Table(
                    title="Choices",
                    header=("Choice", "Drugs", "Value", "Proven", "Time"),
                    rows=_rows(result),
                    numeric=frozenset({2, 4}),
                )
            ],
        )
    )
    return Sheet(
        kind="drug interactions",
        title=graph.title,
        verdict=result["verdict"],
        cards=[
            ("Safe together", f"{safe['size']} of {graph.n}", "proven" if safe["proven"] else "not proven"),
            ("Harmful pairs", f"{len(graph.harm):,}", f"{len(graph.synergy):,} synergistic"),
            ("Penalty that suffices", number(result["penalty"]["suffices_above"]), f"asked for {result['harm']:g}"),
        ],
        warnings=result["warnings"],
        sections=sections,
        facts={
            "Source": graph.source,
            "File": graph.sha256[:12] or "shipped with qtwin",
            "Read": "; ".join(graph.notes) or "every line",
            "Versions": f"qtwin {__version__}",
            "Time": f"{result['wall_s']:.1f} s",
        },
    )
