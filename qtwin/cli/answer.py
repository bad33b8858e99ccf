"""Asking the solvers of a spec, one after another, each answer kept as soon as it is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.cli.show import stage
from qtwin.encoding.encoding import Encoding
from qtwin.errors import InputError
from qtwin.problem.allowed import Allowed
from qtwin.problem.decision import Tally, tally
from qtwin.problem.regimen import RegimenProblem
from qtwin.report.scores import Yardstick, solver_row
from qtwin.solver import registry, twin_search
from qtwin.solver.base import Instance, Result, Solver
from qtwin.solver.quantum.qaoa import Qaoa
from qtwin.solver.store import from_plain, to_plain
from qtwin.spec import SolverSection, Spec

TITLES = {
    "cp-sat": "CP-SAT",
    "qaoa": "QAOA",
    "cvar-qaoa": "CVaR-QAOA",
    "multi-angle-qaoa": "multi-angle QAOA",
    "warm-start-qaoa": "warm-start QAOA",
    "recursive-qaoa": "recursive QAOA",
    "xy-qaoa": "XY-QAOA",
    "grover-mixer-qaoa": "Grover-mixer QAOA",
    "dc-qaoa": "DC-QAOA",
    "bf-dcqo": "BF-DCQO",
    "pauli-correlation-encoding": "Pauli-correlation encoding",
    "falqon": "FALQON",
    "hardware-efficient-vqe": "hardware-efficient VQE",
    "filtering-vqe": "filtering VQE",
    "grover-adaptive-search": "Grover adaptive search",
    "random": "uniform random bits",
    "statevector": "our state vector",
    "aer": "Aer",
    "pennylane": "PennyLane",
}
"""How names are printed where they differ from the key."""


@dataclass(kw_only=True)
class _Recording:
    """The problem, remembering the utilities that a solver asked for; what it answers is always simulated."""

    problem: RegimenProblem
    allowed: Allowed | None = None
    bits: NDArray[np.generic] | None = None
    tally: Tally | None = None

    def feasible_bits(self) -> NDArray[np.uint8]:
        if self.allowed is not None and not self.allowed.complete:
            raise self.allowed.refusal()
        return self.problem.feasible_bits()

    def objective(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        self.bits, self.tally = bits, tally(self.problem, np.asarray(bits, dtype=np.uint8))
        return self.tally.utility


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A solver's section of the spec, its label in tables, and its result."""

    section: SolverSection
    label: str
    result: Result


@dataclass(kw_only=True)
class Answerer:
    """The solvers of one spec, loaded and checked before anything is computed.

    Where `allowed` holds a sample, a solver that does not take a question of this size answers with that, and the others go on.
    """

    seed: int
    sections: tuple[SolverSection, ...]
    solvers: tuple[Solver, ...]
    allowed: Allowed | None = None
    enumerated: Tally | None = None
    theta: tuple[float, ...] = ()

    @staticmethod
    def prepare(spec: Spec) -> Answerer:
        """Load every solver of the spec.

        Raises:
            InputError: for an unknown solver, backend or option, or a vendor that is not installed.
        """
        solvers = tuple(registry.load(s.name, s.options) for s in spec.solver)
        return Answerer(seed=spec.seed, sections=spec.solver, solvers=solvers)

    def answer(self, checkpoint: Checkpoint, encoding: Encoding, problem: RegimenProblem) -> list[Answer]:
        """Run every solver on the encoding, or take its answer from before."""
        return [self.one(k, checkpoint, encoding, problem) for k in range(len(self.sections))]

    def one(self, k: int, checkpoint: Checkpoint, encoding: Encoding, problem: RegimenProblem) -> Answer:
        """Run the k-th solver on the encoding, or take its answer from before."""
        section, solver = self.sections[k], self.solvers[k]
        backend = str(section.options.get("backend", ""))
        label = TITLES.get(section.name, section.name.replace("-", " ")) + (
            f" on {TITLES.get(backend, backend)}" if backend else ""
        )
        asked = {**section.options.get("backend_options", {}), **section.options.get("mitigation", {})}
        if asked:
            label += f" ({', '.join(f'{key} {value}' for key, value in asked.items())})"

        def compute() -> dict[str, Any]:
            recording = _Recording(problem=problem, allowed=self.allowed)
            instance = Instance(encoding=encoding, problem=recording)
            try:
                if isinstance(solver, Qaoa) and solver.theta is None:
                    result = self._measure(checkpoint, section, instance)
                else:
                    result = solver.solve(instance, seed=self.seed, time_limit_s=section.time_limit_s)
            except InputError as error:
                if self.allowed is None or self.allowed.complete:
                    raise
                result = self._refused(section, error)
            if result.status == "interrupted":  # Ctrl-C was heard by the solver and is meant for the run; its answer is not kept
                raise KeyboardInterrupt
            full = recording.tally if recording.tally is not None and len(recording.tally.utility) > 1 else None
            return {"result": to_plain(result), "tally": None if full is None else vars(full)}

        with stage(label) as found:
            kept, reused = checkpoint.stage(f"solver-{k}-{section.name}", compute)
            result = from_plain(kept["result"])
            self.theta = tuple(result.info.get("theta", self.theta))
            if result.scope == "twin" and kept["tally"] is not None:
                self.enumerated = Tally(**{name: np.asarray(value) for name, value in kept["tally"].items()})
            found.append(result.status + (", proven" if result.proven else "") + (" (kept from before)" if reused else ""))
        return Answer(section=section, label=label, result=result)

    def _measure(self, checkpoint: Checkpoint, section: SolverSection, instance: Instance) -> Result:
        """Train an ansatz once for all the backends that measure it; each answer still carries the whole cost of training."""
        settings = {k: v for k, v in section.options.items() if k not in ("backend", "backend_options", "mitigation", "shots")}
        name = "training-" + hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()[:8]

        def compute() -> dict[str, Any]:
            trained = Qaoa(**settings).train(instance, seed=self.seed, time_limit_s=section.time_limit_s)
            return {
                "theta": list(trained.theta),
                "wall_s": trained.wall_s,
                "evaluations": trained.evaluations,
                "energies": list(trained.energy_by_layers),
            }

        kept, _ = checkpoint.stage(name, compute)
        self.theta = tuple(kept["theta"])
        solver = registry.load(section.name, section.options | {"theta": self.theta})
        result = solver.solve(instance, seed=self.seed)
        return replace(
            result,
            evaluations=result.evaluations + kept["evaluations"],
            wall_s={**result.wall_s, "training": kept["wall_s"]},
            info={**result.info, "training_energy_by_layers": kept["energies"]},
        )

    def _refused(self, section: SolverSection, error: InputError) -> Result:
        return Result(
            solver=section.name,
            backend=str(section.options.get("backend", "")),
            status="refused",
            bits=None,
            energy=float("nan"),
            seed=self.seed,
            info={"refused": error.message, "hint": error.hint},
        )

    def tally_of_all(self, problem: RegimenProblem, feasible: NDArray[np.uint8]) -> Tally:
        """Utility and each draw's winner of every feasible choice: the enumeration's own numbers where one ran."""
        if self.enumerated is not None and len(self.enumerated.utility) == len(feasible):
            return self.enumerated
        return tally(problem, feasible)

    def score(
        self,
        answers: Sequence[Answer],
        encoding: Encoding,
        problem: RegimenProblem,
        yardstick: Yardstick,
        *,
        encoding_s: Mapping[str, float],
    ) -> list[dict[str, Any]]:
        """The rows of result.json; whoever worked on the encoding is charged for making it, `encoding_s` seconds by stage."""
        cards = registry.cards() | {twin_search.CARD.name: twin_search.CARD}
        rows = []
        for a in answers:
            charged = {**encoding_s, **a.result.wall_s} if a.result.scope == "encoding" else a.result.wall_s
            result = replace(a.result, wall_s=charged)
            rows.append(solver_row(result, cards[a.section.name], encoding, problem, yardstick, label=a.label))
        return rows
