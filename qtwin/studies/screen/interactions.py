"""The interaction study: the largest safe subset of a list of interacting drugs, and synergy under
a size, with proof.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from qtwin.encoding.model import BinaryModel
from qtwin.encoding.spectrum import (
    maximum_safe_subset,
    sufficient_harm_weight,
    synergy_choice,
    synergy_encoding,
)
from qtwin.errors import InputError
from qtwin.problem.interaction_graph import (
    InteractionGraph,
    published_graph,
    published_names,
    read_interactions,
)
from qtwin.progress import SILENT, Progress
from qtwin.report.number import number, seconds
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER
from qtwin.solver.base import Instance, Result
from qtwin.solver.exact.fixed_size import Chosen, best_of_all, greedy, greedy_swap
from qtwin.solver.local.descent import fewest_partners
from qtwin.solver.registry import load
from qtwin.studies.result import output_folder, plain
from qtwin.studies.screen import quantum as published
from qtwin.studies.screen.result import (
    EdgeRow,
    GraphPart,
    HarmPenalty,
    InteractionsResult,
    SafeSubset,
    SynergyPart,
)
from qtwin.version import __version__

_ALL_LISTED = 20
"""Drugs up to which every assignment of the penalised polynomial is looked at."""


def run_interactions(
    source: str | Path,
    out: str | Path | None = None,
    *,
    size: int = 3,
    harm: float = 3.5,
    solver: str = "cp-sat",
    time_limit_s: float = 60.0,
    seed: int = 0,
    quantum: bool = False,
    progress: Progress = SILENT,
) -> InteractionsResult:
    """Solve both choices on a list of interacting drugs.

    Args:
        source: A file, or the name of a shipped graph.
        out: Folder for result.json, report.html and figures; None writes nothing.
        size: Drugs in the synergistic choice.
        harm: A and B: how much a harmful pair costs against a drug, or against a synergistic pair
            of the same weight.
        solver: Who proves the optimum.
        time_limit_s: Its limit.
        seed: Its seed.
        quantum: Whether the published quantum comparison is re-run.
        progress: Who hears of the stages.

    Raises:
        InputError: for a list that cannot be used, or is too long for the quantum comparison, an
            unknown solver or an unusable folder.
    """
    began = time.perf_counter()
    shipped = str(source) in published_names() and not Path(source).exists()
    graph = published_graph(str(source)) if shipped else read_interactions(Path(source))
    if not harm > 0.0:
        raise InputError(
            f"expected a positive harm weight, got {harm}",
            hint="the published study takes 2.5 to 5",
        )
    if out is not None:
        output_folder(out)
    solving = load(solver, {})
    with progress.stage("Maximum safe subset") as said:
        found = solving.solve(
            Instance(encoding=maximum_safe_subset(graph)), seed=seed, time_limit_s=time_limit_s
        )
        said.append(
            f"{_count(found)} of {graph.n} drugs, {'proven' if found.proven else 'not proven'}"
        )
    compared = None
    if quantum:
        with progress.stage("Quantum comparison") as said:
            compared = published.part(published.compare(graph, size=size, harm=harm, seed=seed))
            said.append(f"{len(compared.rows)} runs")
    simple = fewest_partners(graph.adjacency())
    penalty = _penalty(graph, harm)
    synergy = None
    if len(graph.synergy):
        with progress.stage(f"Synergy among {size}") as said:
            synergy = _synergy(graph, size, harm, solver, seed, time_limit_s)
            said.append(", ".join(synergy.optimum))
    kept = [] if found.bits is None else np.flatnonzero(found.bits[: graph.n]).tolist()
    result = InteractionsResult(
        title=graph.title,
        source=graph.source,
        verdict=_verdict(graph, found, simple, synergy),
        graph=_graph(graph),
        safe_subset=SafeSubset(
            drugs=tuple(graph.drugs[i] for i in kept),
            size=len(kept),
            bound=None if found.bound is None else plain(-found.bound),
            proven=found.proven,
            solver=found.solver,
            wall_s=sum(found.wall_s.values()),
            greedy=len(simple),
        ),
        penalty=penalty,
        synergy=synergy,
        quantum=compared,
        harm=harm,
        command=command_line(),
        seed=seed,
        versions={"qtwin": __version__},
        wall_s=time.perf_counter() - began,
        warnings=tuple(_warnings(graph, penalty, found)),
        disclaimer=DISCLAIMER,
    )
    if out is not None:
        with progress.stage("Report") as said:
            result.write(Path(out) / "result.json")
            said.append(str(result.to_html(out)))
    return result


def _graph(graph: InteractionGraph) -> GraphPart:
    told = [
        ("harm", graph.harm, graph.harm_weight),
        ("synergy", graph.synergy, graph.synergy_weight),
    ]
    return GraphPart(
        drugs=graph.drugs,
        harmful_pairs=len(graph.harm),
        synergistic_pairs=len(graph.synergy),
        edges=tuple(
            EdgeRow.model_validate(
                {
                    "drug_1": graph.drugs[i],
                    "drug_2": graph.drugs[j],
                    "kind": kind,
                    "weight": float(w),
                }
            )
            for kind, pairs, weights in told
            for (i, j), w in zip(pairs, weights, strict=True)
        ),
        sha256=graph.sha256,
        notes=graph.notes,
    )


def _count(found: Result) -> int:
    return 0 if found.bits is None else int(found.bits.sum())


def _penalty(graph: InteractionGraph, harm: float) -> HarmPenalty:
    """What the published penalty does: whether its weight suffices, and the minimum of the
    polynomial where it can be listed.
    """
    enough = sufficient_harm_weight(graph)
    if graph.n > _ALL_LISTED:
        return HarmPenalty(weight=harm, suffices_above=enough, suffices=harm > enough)
    energy = maximum_safe_subset(graph, harm=harm).polynomial.values()
    bits = (np.arange(2**graph.n)[:, None] >> np.arange(graph.n)) & 1
    lowest = np.flatnonzero(energy <= energy.min() + 1e-9)
    return HarmPenalty(
        weight=harm,
        suffices_above=enough,
        suffices=harm > enough,
        minimum=float(energy.min()),
        minimisers=tuple(tuple(graph.drugs[i] for i in np.flatnonzero(bits[k])) for k in lowest),
        harmful_pairs_in_minimisers=tuple(graph.harmful_pairs_in(bits[k]) for k in lowest),
    )


def _synergy(
    graph: InteractionGraph, size: int, harm: float, solver: str, seed: int, time_limit_s: float
) -> SynergyPart:
    choice = synergy_choice(graph, size=size, harm=harm)
    listed: Chosen = best_of_all(choice)
    simple = {"greedy": greedy(choice), "greedy + swap": greedy_swap(choice)}
    encoding: BinaryModel = synergy_encoding(graph, listed.members, size=size, harm=harm)
    found = load(solver, {}).solve(
        Instance(encoding=encoding), seed=seed, time_limit_s=time_limit_s
    )
    chosen = np.zeros(graph.n, dtype=np.uint8)
    chosen[list(listed.members)] = 1
    return SynergyPart(
        size=size,
        optimum=tuple(graph.drugs[i] for i in listed.members),
        value=listed.value,
        second=plain(listed.second),
        proven=listed.proven,
        n_sets=listed.evaluations,
        harmful_pairs=graph.harmful_pairs_in(chosen),
        solver=found.solver,
        solver_value=plain(-found.energy),
        solver_proven=found.proven,
        wall_s=sum(found.wall_s.values()),
        greedy={name: None if c is None else c.value for name, c in simple.items()},
        size_weight=encoding.penalties[0].weight,
        size_weight_sufficient=encoding.penalties[0].sufficient_weight,
    )


def _verdict(
    graph: InteractionGraph, found: Result, simple: tuple[int, ...], synergy: SynergyPart | None
) -> str:
    proof = "proven" if found.proven else "not proven"
    words = (
        f"{_count(found)} of {graph.n} drugs can be taken without a harmful pair, {proof} "
        f"by {found.solver} in"
        f" {seconds(sum(found.wall_s.values()))}; taking the drug with the fewest partners "
        f"first finds {len(simple)}"
    )
    if synergy:
        words += f"; the most synergistic {synergy.size} are {', '.join(synergy.optimum)}"
        words += f" (value {number(synergy.value)}, proven)"
    return words


def _warnings(graph: InteractionGraph, penalty: HarmPenalty, found: Result) -> list[str]:
    said = [
        "A list of interacting pairs is no treatment problem: it says what not to combine, "
        "not what helps"
    ]
    if len(graph.harm) and not penalty.suffices:
        broken = penalty.harmful_pairs_in_minimisers
        what = (
            f"; its minimum holds {max(broken)} harmful {'pair' if max(broken) == 1 else 'pairs'}"
            if broken and max(broken)
            else ""
        )
        said.append(
            f"A penalty of {penalty.weight:g} is not above "
            f"{number(penalty.suffices_above)}, so the penalised minimum"
            " need not be"
            f" safe{what}"
        )
    if not found.proven:
        said.append("The time limit stopped the proof of the safe subset")
    return said
