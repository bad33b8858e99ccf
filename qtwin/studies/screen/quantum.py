"""The published quantum comparison on an interaction graph, re-run with what it lacked: ablation,
intervals, null and mixers.

arXiv:2601.18082 runs FALQON with 15,001 steps of 0.001 and three times the feedback, and a variant
with a step of imaginary time after every second layer. No circuit performs that step; alone,
without any layer, it is a classical filter on all 2^n states.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtwin.benchmark.metrics import posterior
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.spectrum import maximum_safe_subset, synergy_choice, synergy_encoding
from qtwin.errors import InputError
from qtwin.problem.interaction_graph import InteractionGraph
from qtwin.solver.base import Instance
from qtwin.solver.exact.fixed_size import best_of_all
from qtwin.solver.nulls import DESCENT, UNIFORM_BITS, UNIFORM_FEASIBLE
from qtwin.solver.registry import load
from qtwin.studies.screen.result import QuantumPart, QuantumRow

MOST = 12
"""Drugs up to which the comparison is run: it follows all 2^n states through 15,001 steps."""
MU = 5.0
"""Weight of the size in the published energy."""
SHOTS = 8192
_NULLS = ("random", "random-feasible")
BASELINES = (UNIFORM_BITS, UNIFORM_FEASIBLE, DESCENT)
_PUBLISHED = {"steps": 15001, "dt": 0.001, "gain": 3.0, "unit": "energy"}


def _methods(*, sized: bool) -> list[tuple[str, str, dict[str, Any]]]:
    """(label, solver, options)."""
    found: list[tuple[str, str, dict[str, Any]]] = [
        (UNIFORM_BITS, "random", {}),
        (UNIFORM_FEASIBLE, "random-feasible", {}),
        (DESCENT, "random", {"descent": True}),
        ("FALQON", "falqon", _PUBLISHED),
        ("FALQON + imaginary time", "falqon", _PUBLISHED | {"imaginary_time": "alternate"}),
        ("imaginary time alone", "falqon", _PUBLISHED | {"imaginary_time": "only", "steps": 7500}),
    ]
    for layers in (3, 8):
        found.append((f"QAOA, penalty, p = {layers}", "qaoa", {"layers": layers}))
        found.append((f"Grover mixer, p = {layers}", "grover-mixer-qaoa", {"layers": layers}))
        if sized:
            found.append((f"XY mixer on a ring, p = {layers}", "xy-qaoa", {"layers": layers}))
            found.append(
                (
                    f"XY mixer on all pairs, p = {layers}",
                    "xy-qaoa",
                    {"layers": layers, "mixer": "complete"},
                )
            )
    found += [
        ("BF-DCQO", "bf-dcqo", {}),
        ("its bias alone", "bf-dcqo", {"counterdiabatic": False}),
    ]
    return found


def compare(graph: InteractionGraph, *, size: int, harm: float, seed: int) -> list[QuantumRow]:
    """Every method on the safe subset and, where there are synergies, on the most synergistic
    `size`.

    Raises:
        InputError: for more drugs than the comparison can follow.
    """
    if graph.n > MOST:
        raise InputError(
            f"expected at most {MOST} drugs for the quantum comparison, got {graph.n}",
            hint="leave --quantum out",
        )
    problems: list[tuple[str, BinaryModel, bool]] = [
        ("safe subset", maximum_safe_subset(graph, harm=harm), False)
    ]
    if len(graph.synergy):
        known = best_of_all(synergy_choice(graph, size=size, harm=harm)).members
        problems.append(
            (
                f"synergy among {size}",
                synergy_encoding(graph, known, size=size, harm=harm, mu=MU),
                True,
            )
        )
    return [
        _run(problem, label, solver, options, encoding, seed)
        for problem, encoding, sized in problems
        for label, solver, options in _methods(sized=sized)
    ]


def _run(
    problem: str, label: str, solver: str, options: dict[str, Any], encoding: BinaryModel, seed: int
) -> QuantumRow:
    result = load(solver, {"shots": SHOTS, **options}).solve(Instance(encoding=encoding), seed=seed)
    assert result.samples is not None
    optimum = float(encoding.polynomial.values().min())
    energies = encoding.polynomial.evaluate(result.samples.bits)
    hits, trials = (
        int(result.samples.counts[energies <= optimum + 1e-9].sum()),
        result.samples.shots,
    )
    low, high = posterior(hits, trials)
    told = result.info.get("resources") or {}
    gates = told.get("two_qubit", {}).get("all-to-all", {}).get("gates")
    return QuantumRow(
        problem=problem,
        method=label,
        is_quantum=solver not in _NULLS and bool(result.info.get("is_quantum", True)),
        probability=hits / trials,
        low=low,
        high=high,
        two_qubit_gates=gates,
        evaluations=result.evaluations,
    )


def part(rows: Sequence[QuantumRow]) -> QuantumPart:
    """The rows with what they say."""
    return QuantumPart(shots=SHOTS, rows=tuple(rows), verdicts=tuple(verdicts(rows)))


def verdicts(rows: Sequence[QuantumRow]) -> list[str]:
    """A sentence on each problem: what the filter without a circuit explains of the published
    variant, and the best circuit.
    """
    said = []
    for problem in dict.fromkeys(r.problem for r in rows):
        here = {r.method: r for r in rows if r.problem == problem}
        filtered, variant, pure = (
            here[m] for m in ("imaginary time alone", "FALQON + imaginary time", "FALQON")
        )
        best = max(
            (r for r in here.values() if r.is_quantum and r.two_qubit_gates),
            key=lambda r: r.probability,
        )
        gained = variant.probability - pure.probability
        share = (filtered.probability - pure.probability) / gained if gained > 0.0 else 1.0
        gain = "all" if share >= 1.0 else f"{max(share, 0.0):.0%}"
        said.append(
            f"{problem[:1].upper()}{problem[1:]}: FALQON finds the optimum with probability "
            f"{pure.probability:.2f},"
            f" with imaginary time {variant.probability:.2f}, imaginary time without any "
            f"circuit {filtered.probability:.2f}:"
            f" the filter explains {gain} of the gain."
            f" The best method whose circuit is known is {best.method} with "
            f"{best.probability:.2f} ({best.low:.2f} to"
            f" {best.high:.2f}), {best.two_qubit_gates:,} two-qubit gates a shot"
        )
    return said
